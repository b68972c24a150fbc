//! What operators see of a client (see [`crate::telemetry`]).

#[cfg_attr(feature = "tracing", path = "telemetry/enabled.rs")]
#[cfg_attr(not(feature = "tracing"), path = "telemetry/disabled.rs")]
mod switch;

pub(super) use self::switch::{connected, happened, nacked};
