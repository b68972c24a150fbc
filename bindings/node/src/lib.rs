//! The native addon of the Node package `tidegate`, over the public API of the crate `tidegate` alone.
//!
//! ```text
//!  lib/*.js ── check(gate, context) ──▶ hot     integers in, a boolean out; Node-API's raw layer, nothing allocated
//!           ── load, connect, … ──────▶ cold    text in, JSON text out; napi-rs
//!                                         │
//!                                         ▼
//!                          state: the handles of this thread's Node environment, in slabs
//! ```
//! What is here is not the package's API: `lib/` makes classes of it, checks types, and throws the errors.
//!
//! INVARIANT: no JavaScript runs while `state` is borrowed, no panic leaves an export, and nothing that happens in
//! JavaScript (a stale handle, a closed engine, the end of a worker) is more than an error.

// Clippy builds a test of this crate all the same, in which napi-rs registers nothing and all would be unused.
#![cfg(not(test))]

#[cfg(feature = "bench")]
mod bench;
mod call;
mod client;
mod context;
mod engine;
mod failure;
mod hot;
mod outcome;
mod overrides;
mod slab;
mod state;
mod values;
mod view;
