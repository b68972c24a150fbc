//! Snapshots on their way from a commit to those who follow, from outside: signed, as deltas, over restarts and rotations.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy.toml lets tests do this, but not the functions beside them"
)]

#[path = "../common/mod.rs"]
mod common;
mod follower;
mod keys;
#[path = "../store/places.rs"]
mod places;
mod propagation;
mod snapshots;
mod too_old;
