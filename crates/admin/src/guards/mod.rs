//! Pulled guards: asks Prometheus and tells the releases what it said.
//!
//! ```text
//!   World ── follow ─▶ Watch ── due, each (url, query) once ─▶ ask ─▶ judge ─▶ verdict (a command, as the system)
//!              ▲                                                                      │
//!              └────────────────────────── the next World ◀───────────────────────────┘
//! ```
//! Guards only give verdicts; grace, validity, and what a fail or no data does, are the release's (`step`). Only the server that holds
//! the lease asks. Times are server uptime from the writer's clock, so a test moves them by hand.
//! INVARIANT: a guard is asked again only after it has answered, so a slow Prometheus gets one question a guard, not a heap.

mod ask;
mod judge;
#[cfg(test)]
mod tests;
mod watch;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use tidegate::model::Key;
use tidegate::release::{Threshold, Verdict};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use self::watch::{Id, Question, Watch};
use crate::domain::{Code, Command};
use crate::outbound;
use crate::writer::{Request, Writer};

/// How guards are asked.
#[derive(Clone, Debug)]
pub struct Options {
    /// The base URL of the Prometheus server of guards that name none; absent: such guards have no data.
    pub prometheus: Option<String>,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How many questions may be open at once.
    pub concurrency: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { prometheus: None, timeout: Duration::from_secs(5), concurrency: 16 }
    }
}

/// Makes the command that gives a verdict: release, guard, verdict, detail.
pub type GiveVerdict = Arc<dyn Fn(&Key, &Key, Verdict, String) -> Command + Send + Sync>;

/// Asks the guards of running releases.
pub struct Guards {
    writer: Writer,
    give: GiveVerdict,
    http: Client,
    default_url: String,
    open: Arc<Semaphore>,
    watch: Watch,
    asking: JoinSet<Vec<Id>>,
}

impl fmt::Debug for Guards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guards").field("watch", &self.watch).finish_non_exhaustive()
    }
}

impl Guards {
    /// Asks nothing yet.
    ///
    /// # Errors
    /// If TLS cannot be set up.
    pub fn new(writer: Writer, give: GiveVerdict, options: &Options) -> Result<Self, reqwest::Error> {
        Ok(Self {
            writer,
            give,
            http: outbound::client(options.timeout)?,
            default_url: options.prometheus.clone().unwrap_or_default(),
            open: Arc::new(Semaphore::new(options.concurrency.max(1))),
            watch: Watch::default(),
            asking: JoinSet::new(),
        })
    }

    /// Asks while this server leads, until the writer is closed; what is being asked then is dropped, for it is asked again.
    pub async fn run(mut self) {
        let stop = self.writer.stopped();
        let leading = self.writer.leading();
        let mut ticks = interval(Duration::from_secs(1));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => {
                    if leading.borrow().is_some() {
                        self.ask_due();
                    }
                }
                Some(answered) = self.asking.join_next() => self.answered(answered),
            }
        }
    }

    /// Asks what is due by the writer's clock; does not wait for answers.
    pub fn ask_due(&mut self) {
        let uptime = self.writer.now().uptime;
        self.watch.follow(&self.writer.world(), &self.default_url, uptime);
        for (question, guards) in self.watch.due(uptime) {
            let (http, open) = (self.http.clone(), Arc::clone(&self.open));
            let (writer, give) = (self.writer.clone(), Arc::clone(&self.give));
            self.asking.spawn(async move {
                // Closed never: the semaphore lives as long as a task holds it.
                let _permit = open.acquire_owned().await;
                answer(&http, &writer, &give, &question, &guards).await;
                guards.into_iter().map(|(id, _)| id).collect()
            });
        }
    }

    /// Waits until all that was asked is answered and the verdicts are given.
    pub async fn settle(&mut self) {
        while let Some(answered) = self.asking.join_next().await {
            self.answered(answered);
        }
    }

    fn answered(&mut self, answered: Result<Vec<Id>, tokio::task::JoinError>) {
        match answered {
            Ok(ids) => ids.iter().for_each(|id| self.watch.answered(id)),
            Err(error) => {
                tracing::error!(%error, "a guard's question broke off");
                // Whose it was is not known: begin anew.
                self.watch = Watch::default();
            }
        }
    }
}

/// Asks one question and gives the verdict of each guard that it answers.
async fn answer(
    http: &Client,
    writer: &Writer,
    give: &GiveVerdict,
    (url, query): &Question,
    guards: &[(Id, Threshold)],
) {
    let reading = ask::ask(http, url, query).await;
    for ((release, guard), pass) in guards {
        let (verdict, detail) = match &reading {
            Ok(reading) => reading.judge(pass),
            Err(why) => (Verdict::NoData, why.clone()),
        };
        tracing::debug!(%release, %guard, ?verdict, detail, "guard");
        let command = give(release, guard, verdict, detail);
        let request = Request::system(command);
        match writer.run_as_leader(request).await {
            Ok(_) => {}
            // The release ended, or was aborted by the verdict before, while Prometheus thought.
            Err(problem) if matches!(problem.code, Code::Terminal | Code::NotFound) => {}
            Err(problem) => {
                tracing::warn!(%release, %guard, code = problem.code.as_str(), detail = problem.detail, "verdict not taken")
            }
        }
    }
}
