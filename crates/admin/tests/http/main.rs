//! The server over HTTP, from outside.

#[path = "../common/mod.rs"]
mod common;
mod document;
mod protocol;
mod requests;
mod roles;
mod stream;
mod sweep;
mod world;
