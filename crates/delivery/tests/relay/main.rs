//! The relay over sockets: between an upstream that fails in many ways, and clients that must not notice more than they have to.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by a panic"
)]

mod faults;
mod fleet;
mod serving;
mod support;
