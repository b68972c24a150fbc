//! Webhooks: posts what happened, signed as Standard Webhooks asks, until the receiver has it.
//!
//! ```text
//!   a command's transaction: event + facts + outbox rows
//!                                         │ due, per endpoint
//!   wake (an event, or the second) ──▶ attempt ─┬ 2xx ─▶ delivered
//!                                               ├ 410 ─▶ dead, and the endpoint is disabled
//!                                               └ else ─▶ later (5 s … 24 h, + up to a tenth), after 3 days dead ─▶ resend
//! ```
//! At least once, under the same id: a crash between the receiver's answer and the note of it sends again. One request at a time per
//! endpoint, but no order: what failed comes after what did not. Endpoints do not wait for one another. Only the server that holds the
//! lease sends. Times are the writer's wall clock, so a test moves them by hand.

mod backoff;
mod message;
mod outbox;
mod post;
mod stored;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use serde_json::json;
use tidegate::model::Key;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

pub use self::message::{LIMIT, message};
pub use self::outbox::{Attempt, AttemptResult, Due, Outbox, OutboxError};
use self::post::{Post, Reply, post};
use crate::domain::catalogue::fact;
use crate::domain::entity::{Kind, Webhook};
use crate::domain::event::Fact;
use crate::domain::{Command, Outcome, Problem, Tx};
use crate::outbound;
use crate::writer::{Request, Writer};

/// How long a receiver may take.
pub const TIMEOUT: Duration = Duration::from_secs(10);
/// How long after an event it is looked at the outbox, at the latest.
const SOON: Duration = Duration::from_millis(100);
/// It is looked at the outbox every so many [`SOON`]s without an event, too: for repetitions, and for what other servers wrote.
const IDLE: u32 = 10;
/// How many deliveries are fetched at once.
const BATCH: u32 = 50;

/// Opens the signing secrets, which are stored encrypted.
pub trait Secrets: Send + Sync {
    /// The secret (`whsec_…`) from [`Webhook::secret`].
    ///
    /// # Errors
    /// If it was sealed under another key; for people.
    fn open(&self, sealed: &str) -> Result<String, String>;
}

/// Sends what is due.
pub struct Webhooks {
    sender: Arc<Sender>,
    /// The endpoints that are being sent to.
    busy: BTreeSet<Key>,
    sending: JoinSet<Key>,
}

struct Sender {
    writer: Writer,
    outbox: Arc<dyn Outbox>,
    secrets: Arc<dyn Secrets>,
    http: Client,
}

impl fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhooks").field("busy", &self.busy).finish_non_exhaustive()
    }
}

impl Webhooks {
    /// Sends nothing yet. A receiver may take `timeout`, usually [`TIMEOUT`].
    ///
    /// # Errors
    /// If TLS cannot be set up.
    pub fn new(
        writer: Writer,
        outbox: Arc<dyn Outbox>,
        secrets: Arc<dyn Secrets>,
        timeout: Duration,
    ) -> Result<Self, reqwest::Error> {
        let http = outbound::client(timeout)?;
        let sender = Arc::new(Sender { writer, outbox, secrets, http });
        Ok(Self { sender, busy: BTreeSet::new(), sending: JoinSet::new() })
    }

    /// Sends while this server leads, until the writer is closed; what is being sent then may be sent again, under its id.
    pub async fn run(mut self) {
        let stop = self.sender.writer.stopped();
        let leading = self.sender.writer.leading();
        let mut events = self.sender.writer.events();
        let mut ticks = interval(SOON);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut idle = 0;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => {
                    let mut news = false;
                    // Also what it missed is news.
                    while !matches!(events.try_recv(), Err(error) if is_quiet(&error)) {
                        news = true;
                    }
                    idle += 1;
                    if leading.borrow().is_some() && (news || idle >= IDLE) {
                        idle = 0;
                        self.send_due();
                    }
                }
                Some(sent) = self.sending.join_next() => self.sent(sent),
            }
        }
    }

    /// Begins to send what is due by the writer's clock; does not wait for it.
    pub fn send_due(&mut self) {
        let world = self.sender.writer.world();
        for (id, webhook) in &world.webhooks {
            if !webhook.body.disabled && self.busy.insert(Key::clone(id)) {
                let (sender, id) = (Arc::clone(&self.sender), Key::clone(id));
                self.sending.spawn(async move {
                    if let Err(error) = sender.drain(&id).await {
                        tracing::warn!(webhook = %id, %error, "the outbox cannot be used");
                    }
                    id
                });
            }
        }
    }

    /// Waits until all that was begun is sent or has failed.
    pub async fn settle(&mut self) {
        while let Some(sent) = self.sending.join_next().await {
            self.sent(sent);
        }
    }

    fn sent(&mut self, sent: Result<Key, tokio::task::JoinError>) {
        match sent {
            Ok(id) => {
                self.busy.remove(&id);
            }
            Err(error) => {
                tracing::error!(%error, "sending to a webhook broke off");
                // Whose it was is not known; two at a time are no harm.
                self.busy.clear();
            }
        }
    }
}

impl Sender {
    /// Sends what is due to an endpoint, one after the other.
    async fn drain(&self, id: &Key) -> Result<(), OutboxError> {
        loop {
            let due = self.outbox.due(id, self.writer.now().wall, BATCH).await?;
            if due.is_empty() {
                return Ok(());
            }
            for delivery in due {
                // It may have been changed, disabled or removed since.
                let world = self.writer.world();
                let Some(webhook) = world.webhooks.get(id).filter(|row| !row.body.disabled) else {
                    return Ok(());
                };
                if !self.deliver(id, &webhook.body, &delivery).await? {
                    return Ok(());
                }
            }
        }
    }

    /// Tries a delivery once; gives whether the endpoint is worth another one now.
    async fn deliver(&self, webhook_id: &Key, webhook: &Webhook, due: &Due) -> Result<bool, OutboxError> {
        let attempts = due.attempts.saturating_add(1);
        let event = self.outbox.event(due.seq).await?;
        let fact =
            event.as_ref().and_then(|event| event.facts.get(due.fact).map(|fact| message(event, fact)));
        let reply = match (fact, self.secrets.open(&webhook.secret)) {
            (Some(body), Ok(secret)) => {
                let at_s = self.writer.now().wall.div_euclid(1000);
                post(&self.http, Post { url: &webhook.url, secret: &secret, id: &due.id, at_s, body: &body })
                    .await
            }
            (None, _) => Reply::Refused { why: "the log has no such fact".to_owned(), retry_after_s: None },
            (_, Err(why)) => Reply::Refused { why, retry_after_s: None },
        };
        // After the attempt, which may have taken a while.
        let now = self.writer.now().wall;
        let later = |error: String, retry_after_s| match backoff::wait(&due.id, attempts, retry_after_s) {
            Some(wait) => AttemptResult::Later { next_at: now.saturating_add(wait), error },
            None => AttemptResult::Dead { error },
        };
        let (result, go_on) = match reply.clone() {
            Reply::Taken(_) => (AttemptResult::Delivered, true),
            Reply::Gone => (AttemptResult::Dead { error: "410 Gone".to_owned() }, false),
            Reply::Refused { why, retry_after_s } => (later(why, retry_after_s), retry_after_s.is_none()),
            Reply::Unreachable(why) => (later(why, None), false),
        };
        tracing::debug!(delivery = due.id, webhook = %webhook_id, attempts, ?result, "webhook");
        if !self.outbox.attempted(&due.id, Attempt { attempts, result }).await? {
            // Another server sends as well, or a person has sent it again: look anew.
            return Ok(false);
        }
        if reply == Reply::Gone {
            self.disable(webhook_id, &webhook.url).await;
        }
        Ok(go_on)
    }

    async fn disable(&self, id: &Key, url: &str) {
        let command = disable_gone(Key::clone(id), url.to_owned());
        let request = Request::system(command);
        if let Err(problem) = self.writer.run(request).await {
            tracing::warn!(webhook = %id, code = problem.code.as_str(), detail = problem.detail, "not disabled");
        }
    }
}

fn is_quiet(error: &tokio::sync::broadcast::error::TryRecvError) -> bool {
    !matches!(error, tokio::sync::broadcast::error::TryRecvError::Lagged(_))
}

/// Disables an endpoint that answered 410, unless it was given another address since.
fn disable_gone(id: Key, url: String) -> Command {
    Box::new(move |tx: &mut Tx| -> Result<Outcome, Problem> {
        let reason = "it answered 410 Gone".to_owned();
        if let Some(webhook) = tx.find::<Webhook>(&id).filter(|found| found.url == url && !found.disabled) {
            tx.put(&id, Webhook { disabled: true, ..Webhook::clone(&webhook) })?;
            let data = json!({ "webhook": id });
            tx.tell(Fact {
                data,
                ..fact("webhook.changed", format!("webhook `{id}` was disabled: {reason}"))
            });
        }
        Ok(Outcome::new("webhook.disabled", Kind::Webhook, &id, ()).because(Some(reason)))
    })
}
