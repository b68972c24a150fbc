//! What the handlers share.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use tidegate::wire::{RelayReport, Report, ReportAnswer};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::admission::{Admission, Keys};
use crate::hub::Hub;
use crate::ofrep::Pace;

/// What becomes of the reports of instances and relays.
#[async_trait]
pub trait Reports: Send + Sync {
    /// Takes the report of an instance.
    ///
    /// # Errors
    /// See [`ReportRefused`].
    async fn report(&self, who: &Admission, report: Report) -> Result<ReportAnswer, ReportRefused>;

    /// Takes the report of a relay, about the instances that it serves.
    ///
    /// # Errors
    /// See [`ReportRefused`].
    async fn relay_report(&self, who: &Admission, report: RelayReport)
    -> Result<ReportAnswer, ReportRefused>;
}

/// Why a report was not taken.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReportRefused {
    /// It says what cannot be: 422.
    #[error("{detail}")]
    Invalid {
        /// The JSON pointer of the place.
        pointer: String,
        /// What was expected, and what was found.
        detail: String,
    },
    /// It cannot be taken now; nothing of it was: 503, to be sent again.
    #[error("{0}")]
    Unavailable(String),
}

/// How much is served at most.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Streams at one time; who comes then gets 503 with a `Retry-After` of its own.
    pub streams: usize,
    /// Streams of one SDK key at one time; who comes then gets 429. One key cannot take all places.
    pub streams_per_key: usize,
    /// The bytes of a report.
    pub report_bytes: usize,
    /// The bytes of a relay's report, which is about thousands of instances.
    pub relay_report_bytes: usize,
    /// How long the body of a report, or of an evaluation (OFREP), may take to arrive.
    pub report_time: Duration,
    /// After how long, at random half of it more or less, one whose stream ended comes again (the `retry` field of the stream).
    pub retry: Duration,
    /// How often an SDK key may ask for evaluations (OFREP).
    pub evaluations: Pace,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            streams: 20_000,
            streams_per_key: 10_000,
            report_bytes: 1 << 20,
            relay_report_bytes: 32 << 20,
            report_time: Duration::from_secs(20),
            retry: Duration::from_secs(1),
            evaluations: Pace::default(),
        }
    }
}

/// What the handlers share; cheap to clone.
#[derive(Clone)]
pub struct Service(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) hub: Arc<Hub>,
    pub(crate) keys: Arc<dyn Keys>,
    pub(crate) reports: Arc<dyn Reports>,
    pub(crate) limits: Limits,
    /// One permit a stream.
    streams: Arc<Semaphore>,
    /// How many streams each SDK key has, by its name.
    by_key: Mutex<HashMap<Arc<str>, usize>>,
}

/// The place of a stream, which is free again when this is dropped.
pub(crate) struct Place {
    service: Service,
    key_id: Arc<str>,
    _permit: OwnedSemaphorePermit,
}

/// Why there is no place for a stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NoPlace {
    /// All are taken.
    Full,
    /// The SDK key has as many as it may have.
    OfKey,
}

impl Service {
    /// A service of the hub's publications, to those whom `keys` admits.
    #[must_use]
    pub fn new(hub: Arc<Hub>, keys: Arc<dyn Keys>, reports: Arc<dyn Reports>, limits: Limits) -> Self {
        let streams = Arc::new(Semaphore::new(limits.streams.min(Semaphore::MAX_PERMITS)));
        Self(Arc::new(Shared { hub, keys, reports, limits, streams, by_key: Mutex::default() }))
    }

    /// The hub that it serves.
    #[must_use]
    pub fn hub(&self) -> &Arc<Hub> {
        &self.0.hub
    }

    /// Which SDK keys it admits.
    #[must_use]
    pub fn keys(&self) -> &Arc<dyn Keys> {
        &self.0.keys
    }

    /// How many streams are open.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.0.limits.streams.saturating_sub(self.0.streams.available_permits())
    }

    /// A place for one more stream of an SDK key.
    pub(crate) fn place(&self, key_id: &str) -> Result<Place, NoPlace> {
        let permit = Arc::clone(&self.0.streams).try_acquire_owned().map_err(|_| NoPlace::Full)?;
        let mut by_key = self.0.by_key.lock();
        let key_id: Arc<str> = match by_key.get_key_value(key_id) {
            Some((_, taken)) if *taken >= self.0.limits.streams_per_key => return Err(NoPlace::OfKey),
            Some((known, _)) => Arc::clone(known),
            None if self.0.limits.streams_per_key == 0 => return Err(NoPlace::OfKey),
            None => key_id.into(),
        };
        *by_key.entry(Arc::clone(&key_id)).or_default() += 1;
        Ok(Place { service: self.clone(), key_id, _permit: permit })
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut by_key = self.service.0.by_key.lock();
        if let Some(taken) = by_key.get_mut(&self.key_id) {
            *taken = taken.saturating_sub(1);
            if *taken == 0 {
                by_key.remove(&self.key_id);
            }
        }
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("limits", &self.0.limits).finish_non_exhaustive()
    }
}
