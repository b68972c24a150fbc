//! What operators of a service see of its engine: events of the crate `tracing`, with the feature `tracing`.
//!
//! | target | level | what |
//! |---|---|---|
//! | `tidegate::engine` | debug | `update`: from, version, changed, recompiled, isolated |
//! | | warn | each problem of an update: code, pointer, message; `refused`: a document that was not taken, version, code |
//! | `tidegate::client` | info | `ready`, `changed` (source, version, lag), `fresh`, `connected` (how) |
//! | | warn | `stale` (age), `error` (code), `nack` (version, code) |
//! | `tidegate::evaluation` | info | `feature_flag.evaluation`, only by [`evaluated`] |
//!
//! Checks tell nothing by themselves, whatever is subscribed: their cost does not depend on the feature. Without it, all here does
//! nothing, and is compiled to nothing.

#[cfg_attr(feature = "tracing", path = "telemetry/enabled.rs")]
#[cfg_attr(not(feature = "tracing"), path = "telemetry/disabled.rs")]
mod switch;

use crate::eval::Decision;

/// Tells of a decision as OpenTelemetry's semantic conventions name it: an event `feature_flag.evaluation` with
/// `feature_flag.key`, `.result.variant`, `.result.reason`, `.version`, `.context.id` and `.provider.name`, and `error.type`
/// where the caller's default is served because something is wrong. What only we have stands beside it: `tidegate.rule`,
/// `tidegate.release`, `tidegate.phase`, `tidegate.indirect`.
///
/// `context_id` says whose decision it is: the unit, if it may stand in your telemetry. Call it where a decision is made that
/// you want to find again, and not for each check: it costs what your subscriber costs. `opentelemetry-appender-tracing` makes a log
/// record of the event, with the span that is current.
///
/// # Examples
/// ```
/// use tidegate::{Engine, telemetry};
///
/// let engine = Engine::new();
/// let ann = engine.context().with("user_id", "u-1").build();
/// let mut reader = engine.reader();
///
/// let checkout = reader.decide(engine.gate("checkout"), &ann);
/// telemetry::evaluated(&checkout, Some("u-1"));
/// ```
#[inline]
pub fn evaluated(decision: &Decision<'_>, context_id: Option<&str>) {
    switch::evaluated(decision, context_id);
}

pub(crate) use self::switch::{refused, updated};
