//! The C ABI as C sees it: programs in C, linked with the libraries that were built for this test.

#![cfg(target_os = "linux")]
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on must fail"
)]

mod cases;
#[cfg(feature = "http")]
mod connected;
mod guide;
mod install;
mod library;
#[cfg(feature = "http")]
mod server;
mod support;
