//! With the feature `tracing`.

use tracing::{info, warn};

use crate::client::{Connected, Event};
use crate::error::Error;

const CLIENT: &str = "tidegate::client";

/// An event, as callbacks are told it.
pub(in crate::client) fn happened(event: &Event) {
    match event {
        Event::Ready { source, version } => info!(target: CLIENT, ?source, version, "ready"),
        Event::Changed { source, version, features, lag } => {
            let lag_ms = lag.as_secs_f64() * 1e3;
            info!(target: CLIENT, ?source, version, features = features.len(), lag_ms, "changed");
        }
        Event::Stale { age } => warn!(target: CLIENT, age_s = age.map(|age| age.as_secs()), "stale"),
        Event::Fresh => info!(target: CLIENT, "fresh"),
        Event::Error(error) => warn!(target: CLIENT, code = %error.code(), "error: {error}"),
    }
}

/// A version was refused, which its report will say.
pub(in crate::client) fn nacked(version: u64, error: &Error) {
    warn!(target: CLIENT, version, code = %error.code(), "nack");
}

/// There is a connection, another one, or none any more.
pub(in crate::client) fn connected(connected: Connected) {
    info!(target: CLIENT, how = connected.as_str(), "connected");
}
