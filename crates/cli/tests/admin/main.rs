//! The verbs that drive an admin server, against a real one: `tidegate serve` as a process of its own, on SQLite.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the helpers of tests are not marked as tests"
)]

mod apply;
mod guide;
mod nouns;
mod problems;
mod relay;
mod releases;
mod run;
mod server;
mod simulate;

pub(crate) use run::{Run, command};
pub(crate) use server::Server;
