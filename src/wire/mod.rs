//! What server, relay and client say to each other: signed heads, keys, connection strings, documents as rows, reports.
//!
//! ```text
//!  server:  rows ─ render ─▶ document ─ Sha256 ─▶ Head ─ SigningKey ─▶ Token ──┐
//!                                                                              ▼  stream, poll, a file
//!  client:  Connection ─▶ KeyRing ─ verify ◀──────────────────────────────── Token
//!                            └─▶ Head ─ matches ─▶ the document is the one that was signed ─▶ engine
//!           Report ──────────────────────────────────────────────────────────▶ fleet
//! ```
//! What is signed is the [`Head`], a hundred bytes: a document is checked by its hash. Tokens are compact JWS (RFC 7515)
//! with EdDSA over Ed25519 (RFC 8037); `typ` keeps those for heads and those for keys apart.
//! Not here: how bytes travel (HTTP, files), and when; `wire` does no I/O and reads no clock.
//! INVARIANT: a [`Head`] out of [`KeyRing::verify`] was signed by a key that is trusted, for the environment asked for.

mod connection;
mod head;
mod key;
mod report;
mod ring;
mod rows;
mod sha256;
#[cfg(test)]
mod tests;
mod token;

pub use self::connection::{Connection, Kind, SdkKey, Trust};
pub use self::head::{DeltaHead, Head};
pub use self::key::{KeyId, PublicKey, SigningKey};
pub use self::report::{
    ExposureBatch, ExposureCount, Group, Isolated, IsolatedAt, Nack, NackedAt, RelayReport, RelayedBatch,
    Report, ReportAnswer, Sdk, Source, StoredBatch,
};
pub use self::ring::KeyRing;
pub use self::rows::{Rows, Section};
pub use self::sha256::Sha256;
pub use self::token::Token;
