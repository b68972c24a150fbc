//! How snapshots of Tidegate reach processes over HTTP, and how their reports come back: what the admin server and the relay share.
//!
//! ```text
//!   publish(Publication) ─▶ Hub ── one channel an environment ──▶ streams (SSE): keys, delta | snapshot, head, head, …
//!   heartbeat: renews heads ──┘  └─ current ─▶ GET /sdk/v1/snapshot (200 | 304), OFREP
//!                                              POST /sdk/v1/report ─▶ Reports
//! ```
//! Everything that is sent is made once, for all who get it: the document and its compressed forms once a version, the delta
//! from version a to b once, a renewed head once an environment. What is kept for a client is its place, no queue: who is slow
//! gets the difference to the newest version once it has taken what it was given, or is dropped.
//!
//! Not here: who signs and which keys are good ([`Signer`], [`Keys`]), where documents come from ([`Deltas`]), what becomes of
//! reports ([`Reports`]).
//! INVARIANT: an SDK key gets its own environment's publications only.

mod admission;
mod body;
mod conditional;
mod encoding;
mod event;
pub mod fit;
mod gzip;
mod heartbeat;
mod history;
mod http;
mod hub;
mod listener;
pub mod ofrep;
mod problem;
mod publication;
pub mod relay;
mod serve;
mod service;
mod stream;

pub use self::admission::{Admission, Keys, Refused};
pub use self::encoding::Encoding;
pub use self::heartbeat::{HEARTBEAT, heartbeat};
pub use self::history::History;
pub use self::http::router;
pub use self::hub::Hub;
pub use self::listener::{Connection, Listener, Timeouts};
pub use self::problem::Problem;
pub use self::publication::{Delta, Deltas, Publication, Signer, Unfit};
pub use self::serve::serve;
pub use self::service::{Limits, ReportRefused, Reports, Service};
