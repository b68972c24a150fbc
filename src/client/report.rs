//! Reports: what this instance has applied or refused, and what it served. At once after a change, else each interval.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::backoff::Backoff;
use super::exposures::Exposures;
use super::http::{Failed, Http};
use super::options::ConnectOptions;
use super::shared::Shared;
use super::uptime::Chance;
use crate::model::{SCHEMA_VERSION, operators};
use crate::wire::{Report, ReportAnswer, Sdk, Source};

/// Sends reports.
pub(super) struct Reporter {
    shared: Arc<Shared>,
    http: Http,
    sdk: Sdk,
    chance: Chance,
    interval: Duration,
    retry: Backoff,
    exposures: Exposures,
    drained: Option<Instant>,
    wants_operators: bool,
    /// The last report was answered.
    is_heard: bool,
}

/// After a server that does not answer well, the last report of a client that is closed is not worth long a wait.
const BRIEF: Duration = Duration::from_millis(500);

/// A wait that is longer than a clock can say ends in a year.
fn end_of(begin: Instant, patience: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3_600);
    begin.checked_add(patience).unwrap_or_else(|| begin + YEAR)
}

impl Reporter {
    pub(super) fn new(options: &ConnectOptions, shared: &Arc<Shared>, http: &Http, chance: Chance) -> Self {
        let interval = options.report_interval;
        Self {
            shared: Arc::clone(shared),
            http: http.clone(),
            sdk: options.sdk.clone(),
            chance,
            interval,
            retry: Backoff::new(
                Duration::from_millis(200).min(interval),
                interval.max(Duration::from_secs(30)),
            ),
            exposures: Exposures::default(),
            drained: None,
            wants_operators: true,
            is_heard: false,
        }
    }

    /// Reports until the client is closing, and then once more; what is under way then is waited for.
    pub(super) async fn run(mut self, closing: &Notify, flush_timeout: Duration) {
        // Until something is applied or refused, there is little to tell; a server that is up is told soon.
        let mut next = Instant::now() + self.chance.around(self.interval.min(Duration::from_secs(3)), 0.1);
        let last = loop {
            tokio::select! {
                () = closing.notified() => break end_of(Instant::now(), self.patience(flush_timeout)),
                () = sleep_until(next) => {}
                () = self.shared.report.notified() => {}
            }
            let patience = self.patience(flush_timeout);
            let sent = {
                let mut sending = pin!(self.send());
                tokio::select! {
                    sent = &mut sending => Ok(sent),
                    () = closing.notified() => {
                        // Dropped, it might arrive after the last one, or when the client is no more.
                        let begin = Instant::now();
                        let _ = timeout_at(end_of(begin, patience), sending).await;
                        Err(begin)
                    }
                }
            };
            let sent = match sent {
                Ok(sent) => sent,
                // It may have been answered, the first of all.
                Err(begin) => break end_of(begin, self.patience(flush_timeout)),
            };
            let wait = match sent {
                Ok(()) => {
                    self.retry.reset();
                    self.chance.around(self.interval, 0.1)
                }
                Err(failed) => {
                    // The feed tells that the server cannot be reached; a refusal, only this does.
                    if failed.reached {
                        self.shared.fail(failed.error);
                    }
                    self.retry.next(failed.asked, &mut self.chance)
                }
            };
            next = Instant::now() + wait;
        };
        self.flush(last).await;
    }

    /// How long the end waits for answers.
    fn patience(&self, flush_timeout: Duration) -> Duration {
        if self.is_heard { flush_timeout } else { flush_timeout.min(BRIEF) }
    }

    /// The last report, with what was counted since the one before.
    async fn flush(&mut self, until: Instant) {
        if self.shared.look(|standing| standing.source) == Source::Defaults && !self.is_heard {
            return;
        }
        self.drained = None;
        // A batch that is under way, and then what came after it.
        for _ in 0..2 {
            // Not even begun when the time is over.
            let is_over = Instant::now() >= until;
            if is_over
                || !matches!(timeout_at(until, self.send()).await, Ok(Ok(())))
                || self.exposures.batch().is_none()
            {
                break;
            }
        }
    }

    async fn send(&mut self) -> Result<(), Failed> {
        let is_due = self.drained.is_none_or(|at| at.elapsed() >= self.interval.mul_f64(0.85));
        if is_due {
            self.drained = Some(Instant::now());
            self.exposures.add(self.shared.engine.drain_exposures());
        }
        let report = self.report(is_due);
        let answer = self.http.report(&report).await;
        self.is_heard = answer.is_ok();
        let ReportAnswer { interval_s, want_operators, stored_batch, .. } = answer?;
        if interval_s > 0 {
            self.interval = Duration::from_secs(u64::from(interval_s.min(3_600)));
        }
        self.wants_operators = want_operators;
        self.exposures.stored(stored_batch.unwrap_or(0));
        Ok(())
    }

    fn report(&mut self, with_exposures: bool) -> Report {
        let exposures = if with_exposures { self.exposures.batch().cloned() } else { None };
        let now = self.shared.now();
        let names = || operators().map(str::to_owned).collect();
        self.shared.look(|standing| Report {
            instance: self.shared.instance.clone(),
            sdk: self.sdk.clone(),
            process: self.shared.engine.process().clone(),
            schema_version: SCHEMA_VERSION,
            operators: self.wants_operators.then(names),
            interval_s: u32::try_from(self.interval.as_secs()).unwrap_or(u32::MAX).max(1),
            source: standing.source,
            version: standing.version,
            lag_ms: standing.lag.map(|lag| u64::try_from(lag.as_millis()).unwrap_or(u64::MAX)),
            stale: standing.freshness.is_stale(now),
            isolated: standing.isolated.clone(),
            nack: standing.nack.clone(),
            exposures,
        })
    }
}
