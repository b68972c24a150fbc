//! The store, the writer, the lease and the clockwork: the same suite on SQLite and on PostgreSQL.
//!
//! PostgreSQL: `TIDEGATE_TEST_PG` (the URL of a database whose user may create others), or a cluster of its own where the
//! server's programs are installed; else those tests say on stderr that they skip.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on must fail"
)]

mod backup;
mod both;
mod clockwork;
mod crash;
mod fleet;
mod leader;
mod places;
mod speed;
mod suite;
mod toy;
