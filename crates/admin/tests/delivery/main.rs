//! Snapshots on their way from a commit to those who follow, from outside: signed, as deltas, over restarts and rotations.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy.toml lets tests do this, but not the functions beside them"
)]

#[expect(dead_code, reason = "the tests over HTTP use the rest")]
#[path = "../common/mod.rs"]
mod common;
mod follower;
mod keys;
#[expect(dead_code, reason = "the tests of the store use the rest")]
#[path = "../store/places.rs"]
mod places;
mod propagation;
mod snapshots;
mod too_old;
