//! The server over HTTP, from outside.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy.toml lets tests do this, but not the functions beside them"
)]

#[path = "../common/mod.rs"]
mod common;
mod document;
mod fleet;
mod protocol;
mod requests;
mod roles;
mod stream;
mod sweep;
mod world;
