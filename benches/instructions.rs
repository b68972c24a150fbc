//! Instructions per check, counted by callgrind: the same on every run and machine of a kind, so that a change of the check
//! path shows where wall time is noise.
//!
//! Counted is what happens inside of [`counted`] alone: the loop and its checks, not the set-up.
//! Without valgrind it says so and does nothing.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench that fails must stop"
)]

use std::hint::black_box;
use std::process::Command;

use tidegate::{Engine, Gate, Reader};

use self::workload::{Contexts, STEPS, USERS, Workload, contexts, keys, pairs, report};

#[expect(dead_code, reason = "each bench uses a part of it")]
mod workload;

/// Name, document, index of the gate (none: one of 1,000).
const ROWS: [(&str, &str, Option<usize>); 6] = [
    ("w1", "small", Some(0)),
    ("w2", "small", Some(1)),
    ("w3", "small", Some(2)),
    ("w4", "small", Some(3)),
    ("w5", "big", None),
    ("w5s", "bigs", None),
];
const CHECKS: usize = STEPS;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().position(|argument| argument == "--count") {
        Some(at) => count(&arguments[at + 1]),
        None => compare(),
    }
}

/// Asks valgrind about each row.
fn compare() {
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("instructions: skipped, there is no valgrind");
        return;
    }
    Workload::open();
    for (name, _, _) in ROWS {
        report("instructions", name, instructions(name) as f64 / CHECKS as f64, "instructions per check");
    }
}

fn instructions(name: &str) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*counted*"])
        .arg(std::env::current_exe().unwrap())
        .args(["--count", name])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "valgrind: {text}");
    let collected = text.lines().find_map(|line| line.split("Collected : ").nth(1)).unwrap();
    collected.trim().parse().unwrap()
}

/// What valgrind runs: the set-up, then the checks.
fn count(name: &str) {
    let (_, document, gate) = ROWS.into_iter().find(|(row, _, _)| *row == name).unwrap();
    let workload = Workload::open();
    let engine = Engine::new();
    keys(&engine);
    engine.load(&workload.document(document)).unwrap();
    let users = if name == "w2" { workload.match_users } else { workload.users };
    let contexts = contexts(&engine, users);
    let names = ["w1_everyone_gate", "w2_attribute_gate", "w3_percent_gate", "w4_realistic_gate"];
    let gates: Vec<Gate> = match gate {
        Some(index) => vec![engine.gate(names[index])],
        None => (0..1_000).map(|number| engine.gate(&format!("checkout_gate_{number:04}"))).collect(),
    };
    let steps: Vec<(Gate, usize)> = if gate.is_some() {
        (0..CHECKS).map(|step| (gates[0], step % USERS)).collect()
    } else {
        pairs(gates.len())
            .iter()
            .map(|(gate, user)| (gates[usize::from(*gate)], usize::from(*user)))
            .collect()
    };
    let mut reader = engine.reader();
    // Hashes and versions become known.
    for (gate, user) in &steps {
        black_box(reader.check(*gate, &contexts[*user]));
    }
    black_box(counted(&mut reader, &contexts, &steps));
}

#[inline(never)]
fn counted(reader: &mut Reader, contexts: &Contexts, steps: &[(Gate, usize)]) -> u32 {
    let mut on = 0_u32;
    for (gate, user) in steps {
        on = on.wrapping_add(u32::from(reader.check(*gate, &contexts[*user % USERS])));
    }
    on
}
