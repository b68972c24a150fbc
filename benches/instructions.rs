//! Instructions per check, counted by callgrind: the same on every run and machine of a kind, so that a change of the check
//! path shows where wall time is noise.
//!
//! ```text
//!  instructions ──▶ valgrind instructions --count w4 N      ┐
//!               └─▶ valgrind instructions --count w4 2N     ┴─ the difference, divided by N
//! ```
//! Without valgrind it says so and does nothing.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench that fails must stop"
)]
#![expect(clippy::expect_used, reason = "a bench that fails must stop")]

use std::hint::black_box;
use std::process::Command;

use tidegate::Engine;

use self::workload::{STEPS, USERS, Workload, contexts, keys, pairs, report, verified};

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
        Some(at) => count(&arguments[at + 1], arguments[at + 2].parse().unwrap()),
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
        let [one, two] = [1, 2].map(|times| instructions(name, times * CHECKS));
        report(
            "instructions",
            name,
            two.saturating_sub(one) as f64 / CHECKS as f64,
            "instructions per check",
        );
    }
}

fn instructions(name: &str, checks: usize) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().unwrap())
        .args(["--count", name, &checks.to_string()])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "valgrind: {text}");
    let collected =
        text.lines().find_map(|line| line.split("Collected : ").nth(1)).expect("callgrind's total");
    collected.trim().parse().expect("a number of instructions")
}

/// What valgrind runs: the set-up, then so many checks.
fn count(name: &str, checks: usize) {
    let (_, document, gate) = ROWS.into_iter().find(|(row, _, _)| *row == name).unwrap();
    let workload = Workload::open();
    let engine = Engine::new();
    keys(&engine);
    engine.load(&workload.document(document)).unwrap();
    let users = if name == "w2" { workload.match_users } else { workload.users };
    let contexts = contexts(&engine, users);
    let mut reader = engine.reader();
    let on: usize = match gate {
        Some(index) => {
            let handle = verified(&engine, &workload.gates().small, users, &contexts)[index];
            (0..checks).map(|i| usize::from(reader.check(handle, &contexts[i % USERS]))).sum()
        }
        None => {
            let handles: Vec<_> =
                (0..1_000).map(|number| engine.gate(&format!("checkout_gate_{number:04}"))).collect();
            let pairs = pairs(handles.len());
            (0..checks)
                .map(|i| {
                    let (gate, user) = pairs[i % STEPS];
                    usize::from(
                        reader.check(handles[usize::from(gate)], &contexts[usize::from(user) % USERS]),
                    )
                })
                .sum()
        }
    };
    black_box(on);
}
