//! Allocations of checks (none), and the memory that an engine keeps.
//!
//! Counted by the allocator, not sampled: bytes asked for, without what the allocator adds.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a bench that fails must stop"
)]

use std::hint::black_box;

use allocation_counter::measure;
use tidegate::{Context, Engine};

use self::workload::{USERS, Workload, contexts, keys, report};

#[expect(dead_code, reason = "each bench uses a part of it")]
mod workload;

fn main() {
    let workload = Workload::open();
    allocations(&workload);
    for (name, document) in [("1000_gates_10_ids", "bigs"), ("1000_gates_1000_ids", "big")] {
        kept(name, &workload.document(document));
    }
    kept("100000_gates_10_ids", &workload.document_of_100_000());

    let engine = Engine::new();
    let keys = keys(&engine);
    let values = workload.users[0].values();
    let borrowed = measure(|| {
        let mut context = Context::with_capacity(keys.len());
        for (key, value) in keys.into_iter().zip(values) {
            context.set(key, value);
        }
        black_box(&context);
    });
    report("memory", "context_slot_borrowed_allocations", borrowed.count_total as f64, "allocations");
    let owned = measure(|| {
        let mut context = Context::with_capacity(keys.len());
        for (key, value) in keys.into_iter().zip(values) {
            context.set_owned(key, value);
        }
        black_box(&context);
    });
    report("memory", "context_slot_owned_allocations", owned.count_total as f64, "allocations");
}

/// Checks and decisions allocate nothing, also the first one of a context, which hashes its unit.
fn allocations(workload: &Workload) {
    for counters in [false, true] {
        for (name, document) in [("w1_to_w4", "small"), ("w5", "big"), ("w5s", "bigs")] {
            let engine = Engine::builder().counters(counters).build();
            keys(&engine);
            engine.load(&workload.document(document)).unwrap();
            let program = engine.program();
            let gates: Vec<(String, tidegate::Gate)> =
                program.present().map(|(_, name)| (name.to_owned(), engine.gate(name))).collect();
            let fresh = contexts(&engine, workload.users);
            let mut reader = engine.reader();
            // A reader's counters come with its first count, once.
            if counters {
                for (_, gate) in &gates {
                    black_box(reader.check(*gate, &Context::with_capacity(0)));
                }
            }
            let measured = measure(|| {
                for (index, context) in fresh.iter().enumerate() {
                    for (name, gate) in gates.iter().skip(index % 7).step_by(gates.len().div_ceil(100)) {
                        black_box(reader.check(*gate, context));
                        black_box(reader.check_name(name, context));
                        black_box(reader.decide(*gate, context));
                        black_box(reader.view().check(*gate, context));
                    }
                }
            });
            assert_eq!(measured.count_total, 0, "{name}, counters {counters}, {USERS} users: {measured:?}");
            report("memory", &format!("{name}_allocations"), measured.count_total as f64, "allocations");
        }
    }
}

/// The bytes that an engine keeps of a document.
fn kept(name: &str, document: &[u8]) {
    let mut engine = None;
    let measured = measure(|| {
        let fresh = Engine::new();
        fresh.load(document).unwrap();
        engine = Some(fresh);
    });
    let program = engine.as_ref().unwrap().program();
    report("memory", &format!("{name}_kept_mb"), measured.bytes_current as f64 / 1e6, "MB kept");
    report(
        "memory",
        &format!("{name}_program_mb"),
        program.memory_usage() as f64 / 1e6,
        "MB of these, by `memory_usage`",
    );
    report(
        "memory",
        &format!("{name}_peak_mb"),
        measured.bytes_max as f64 / 1e6,
        "MB at most, while loading",
    );
    report(
        "memory",
        &format!("{name}_load_allocations"),
        measured.count_total as f64,
        "allocations while loading",
    );
}
