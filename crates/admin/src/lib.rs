//! The admin server: definitions, pipelines and releases over HTTP, on SQLite or PostgreSQL.
//!
//! ```text
//!   HTTP ─▶ command ─▶ writer (one task, group commit) ─▶ domain (pure) ─▶ store: state + event + outbox + snapshot rows, one transaction
//!                                  │                                          │
//!   reads ◀── ArcSwap<World> ◀─────┘            timers, guards ─▶ commands    └─▶ webhooks, GET /events, other servers (NOTIFY)
//! ```

pub mod auth;
pub mod clock;
pub mod clockwork;
pub mod config;
pub mod domain;
pub mod fleet;
pub mod guards;
pub mod http;
pub mod keyfile;
mod lease;
pub mod outbound;
pub mod propagation;
mod publisher;
pub mod server;
pub mod store;
mod trouble;
pub mod webhooks;
pub mod writer;
