//! What the server knows and what may be done to it: pure, no I/O, no clock.
//!
//! ```text
//!   World (persistent maps) ──clone──▶ Tx ── command(&mut tx, …) ──▶ Outcome | Problem
//!        ▲                                │ changes, facts
//!        │                                ▼
//!        └──── fold ◀──── AuditEvent (one a command, hash-chained) ──▶ store, webhooks, snapshot rows
//! ```
//! INVARIANT: a World is the fold of the log up to `World::seq`; whatever a command writes is in its event's `changes`.

pub mod capabilities;
pub mod catalogue;
pub mod command;
pub mod diff;
mod digest;
pub mod effects;
pub mod entity;
pub mod event;
mod facts;
pub mod history;
mod index;
mod outcome;
pub mod preview;
mod problem;
pub mod references;
mod row;
pub mod snapshot;
pub mod start;
pub mod validate;
pub mod view;
mod world;

pub use self::capabilities::{Capabilities, Capable};
pub use self::outcome::{Command, Outcome, Who};
pub use self::problem::{Code, Problem};
pub use self::row::SnapshotRow;
pub use self::world::{Record, Row, Table, Tx, World};
