//! Tidegate: the release-pipeline engine that you link into your service. In process, in nanoseconds, it decides which
//! version of a feature a request sees, while a release of that feature moves phase by phase through environments and
//! regions.
//!
//! ```text
//!   snapshot (JSON) ─▶ value ─▶ model ─▶ compile ─▶ program ─▶ engine ── swap under running readers
//!                      parse    decode    lower,     flat       │
//!                                         link, emit tables     ▼
//!                       context (attributes) ─────────────▶ eval ─▶ decision: value, variant, reason,
//!                                                                   rule, release, phase, version
//! ```
//!
//! # A first decision
//!
//! ```
//! use tidegate::Engine;
//!
//! let engine = Engine::builder().process("environment", "prod-us-west").build();
//! engine.load(br#"{
//!   "schema_version": 1, "version": 42,
//!   "features": {"checkout": {"kind": "gate", "rules": [
//!     {"id": "staff", "if": {"attribute": "email", "op": "ends_with", "value": "@corp.example"}, "variant": "on"},
//!     {"id": "tenth", "rollout": {"percent": 10}, "variant": "on"}]}}
//! }"#)?;
//!
//! let checkout = engine.gate("checkout"); // a handle, once; valid over swaps
//! let mut reader = engine.reader(); // one a thread
//! let ann = engine.context().with("user_id", "u-1").with("email", "ann@corp.example").build();
//!
//! assert!(reader.check(checkout, &ann));
//! let decision = reader.decide(checkout, &ann);
//! assert_eq!((decision.variant(), decision.rule()), (Some("on"), Some("staff")));
//! # Ok::<(), tidegate::Error>(())
//! ```
//!
//! # Where things are
//!
//! | module | what |
//! |---|---|
//! | [`engine`] | [`Engine`], [`Reader`], [`View`], overrides, exposure counters: what services use |
//! | [`context`] | [`Context`], attribute keys, the trait [`Subject`] for attributes that live elsewhere |
//! | [`eval`], [`program`] | how a decision is made, and over what |
//! | [`compile`] | from the document to the program; diagnostics; only what changed is compiled again |
//! | `release` (feature) | how a release moves from phase to phase: a pure state machine |
//! | [`trace`] | why a decision is as it is, step by step: a second, independent evaluator |
//! | [`model`], [`value`], [`operand`], [`bucket`] | the document, JSON values, operands, bucketing |
//! | `client` (feature `http`) | keeps an engine current with a server, static hosting or a file |
//! | `wire` (feature) | what server, relay and client say to each other: signed heads, keys, connection strings, rows, reports |
//! | [`telemetry`] | events for `tracing` (feature), and of a decision as OpenTelemetry names it |
//! | [`error`] | one error type, and the catalogue of stable codes |
//!
//! What every word means, and what is decided when, is in `docs/SEMANTICS.md`; [`SEMANTICS`] is its version.
//!
//! # Features
//!
//! `regex` (default): the operator `matches`. `release`: the state machine of releases. `schema`: the JSON Schema of the
//! document. `wire`: the types of delivery. `http`: the client. `tracing`: events of engine and client. None changes what is decided.

pub mod bucket;
#[cfg(feature = "http")]
pub mod client;
pub mod compile;
pub mod context;
pub mod engine;
pub mod error;
pub mod eval;
pub mod model;
pub mod operand;
pub mod program;
#[cfg(feature = "release")]
pub mod release;
pub mod telemetry;
pub mod trace;
pub mod value;
#[cfg(feature = "wire")]
pub mod wire;

pub use context::{AttributeKey, AttributeValue, Context, Subject};
pub use engine::{Engine, Feature, Gate, Override, Reader, Update, View};
pub use error::Error;
pub use eval::Decision;
pub use program::Reason;
pub use value::Value;

/// The version of the semantics (`docs/SEMANTICS.md`) that this crate implements.
pub const SEMANTICS: u32 = 1;

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct Readme;

#[cfg(all(doctest, feature = "http"))]
#[doc = include_str!("../docs/guide/rust.md")]
struct Guide;

#[cfg(doctest)]
#[doc = include_str!("../docs/guide/migrate-statsig.md")]
#[doc = include_str!("../docs/guide/migrate-flagsmith.md")]
struct Migration;
