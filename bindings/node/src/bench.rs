//! What benches compare the calls with, in the same process: the boundary alone, and the same check in pure Rust.

use std::hint::black_box;
use std::time::Instant;

use napi_derive::napi;
use tidegate::Gate;

use crate::call::guarded;
use crate::failure::Failure;
use crate::state;

/// Nanoseconds a check, of so many checks of a gate, with the contexts in turn. How many were on goes to the second place.
#[napi]
fn bench_rust(gate: i32, contexts: Vec<i32>, checks: u32) -> napi::Result<Vec<f64>> {
    guarded(|| {
        state::with(|state| {
            let slot = state.gates.find(gate).ok_or_else(|| Failure::closed("engine"))?;
            let gate = Gate::from_number(slot.feature.number());
            let found: Vec<_> = contexts.iter().filter_map(|context| state.contexts.find(*context)).collect();
            let mut reader = state.engine(slot.engine)?.engine.reader();
            let mut on = 0_u32;
            let start = Instant::now();
            for slot in found.iter().cycle().take(checks as usize) {
                on += u32::from(reader.check(gate, &*slot.context));
            }
            let elapsed = start.elapsed();
            Ok(vec![elapsed.as_nanos() as f64 / f64::from(checks), f64::from(black_box(on))])
        })
    })
}
