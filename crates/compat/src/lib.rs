//! Imports documents of other systems into the document format of `docs/SEMANTICS.md`.
//!
//! ```text
//!  foreign payload (JSON) ── import ──▶ snapshot (JSON of our format) + Report (what is not exact, one by one)
//! ```
//! Not here: fetching payloads, validating or evaluating the snapshot (the engine does), and foreign hashing.
//! INVARIANT: nothing of a payload is dropped silently; what is not in the snapshot is in the report.

pub mod report;
pub mod statsig;
