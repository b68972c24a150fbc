//! OpenFeature's remote evaluation protocol (OFREP 0.3.0): any OpenFeature SDK can ask, none of ours is needed.
//!
//! ```text
//!   POST /ofrep/v1/evaluate/flags/{key}   one flag        ┐  SDK key ─▶ environment ─▶ Engine (kept current) ─▶ decisions
//!   POST /ofrep/v1/evaluate/flags         all, with ETag  ┘  Authorization: Bearer, or X-API-Key
//! ```
//! An evaluation here is not an exposure: who asks may ask again, ahead or for all flags at once, and nothing tells which
//! of the values were used. Exposures are counted where the SDK serves.
//! The ETag is the hash of the answer, in which the version stands: it changes with the version, and with all else that changes an
//! answer, be it the context or the time.

mod answer;
mod engines;
mod pace;
mod request;
mod route;

pub use self::pace::Pace;
pub(crate) use self::route::router;
