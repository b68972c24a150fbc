//! Reports in, and one report out: what joins the routes, the fleets and the upstreams.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tidegate::model::Key;
use tidegate::wire::{RelayReport, Report, ReportAnswer};
use tokio::time::sleep;

use super::fleet::Fleet;
use super::upstream::Upstream;
use crate::admission::Admission;
use crate::fit;
use crate::service::{ReportRefused, Reports};

/// So long it waits for more after a first change: many acks of one version come at once.
const GATHER: Duration = Duration::from_millis(100);
/// Between two reports, at least; with [`GATHER`], what changed is told within a second.
const PAUSE: Duration = Duration::from_millis(400);
/// After a report that was not taken.
const RETRY: Duration = Duration::from_secs(2);

/// The fleets, by environment.
#[derive(Debug)]
pub(super) struct RelayReports(pub(super) BTreeMap<Key, Arc<Fleet>>);

impl RelayReports {
    fn fleet(&self, who: &Admission) -> Result<&Fleet, ReportRefused> {
        let fleet = self.0.get(&who.environment).map(|fleet| &**fleet);
        fleet.ok_or_else(|| ReportRefused::Unavailable(format!("`{}` is not followed here", who.environment)))
    }
}

#[async_trait]
impl Reports for RelayReports {
    async fn report(&self, who: &Admission, mut report: Report) -> Result<ReportAnswer, ReportRefused> {
        fit::report(&mut report)?;
        self.fleet(who)?.report(report)
    }

    async fn relay_report(
        &self,
        who: &Admission,
        mut report: RelayReport,
    ) -> Result<ReportAnswer, ReportRefused> {
        fit::relay_report(&mut report)?;
        self.fleet(who)?.relay_report(report)
    }
}

/// Reports to the upstream of one environment.
#[derive(Debug)]
pub(super) struct Forwarder {
    pub(super) relay: Arc<str>,
    pub(super) fleet: Arc<Fleet>,
    pub(super) upstream: Upstream,
}

impl Forwarder {
    /// Reports, until the task is aborted.
    pub(super) async fn run(self) {
        let mut was_empty = true;
        let mut is_failing = false;
        loop {
            self.fleet.due().await;
            sleep(GATHER).await;
            let report = self.fleet.drain(&self.relay);
            let is_empty = report.groups.is_empty() && report.exposures.is_empty();
            // That nobody is there any more is told once.
            if is_empty && was_empty {
                continue;
            }
            match self.upstream.report(&report).await {
                Ok(answer) => {
                    (was_empty, is_failing) = (is_empty, false);
                    self.fleet.answered(answer);
                    sleep(PAUSE).await;
                }
                Err(why) => {
                    if !std::mem::replace(&mut is_failing, true) {
                        tracing::warn!(upstream = &**self.upstream.url(), %why, "a report was not taken; it is sent again");
                    }
                    self.fleet.failed();
                    sleep(RETRY.mul_f64(0.5 + fastrand::f64())).await;
                }
            }
        }
    }
}
