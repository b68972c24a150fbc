//! A group commit: a batch of commands in one transaction.

use std::sync::Arc;
use std::time::Duration;

use tidegate::release::Now;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::attempt::{actor, attempt};
use super::{Answer, DAY, Fence, Job, Request, Writer};
use crate::domain::event::AuditEvent;
use crate::domain::{Code, Problem, Who, World};
use crate::store::{Batch, Head, StoreError, StoredAnswer, Transaction, failpoint};

/// A transaction that takes longer is given up.
const PATIENCE: Duration = Duration::from_secs(15);

/// Where an answer goes.
type To = oneshot::Sender<Result<Answer, Problem>>;
/// A command that waits.
type Waiting = (Request, Fence, To);
/// What is answered if the commit succeeds.
type Reply = (To, Result<Answer, Problem>);

/// A batch at work.
pub(super) struct Group<'w> {
    writer: &'w Writer,
    /// The world after the commands so far.
    world: World,
    /// What is to be told after the commit, also of other servers.
    events: Vec<Arc<AuditEvent>>,
}

impl<'w> Group<'w> {
    pub(super) fn new(writer: &'w Writer) -> Self {
        Self { writer, world: World::clone(&writer.inner.world.load()), events: Vec::new() }
    }

    /// Runs the commands, commits and answers.
    pub(super) async fn run(mut self, jobs: impl Iterator<Item = Job>) {
        let mut commands = Vec::new();
        for job in jobs {
            if let Job::Run(request, fence, answer) = job {
                commands.push((request, fence, answer));
            }
        }
        if commands.is_empty() {
            match timeout(PATIENCE, self.catch_up()).await {
                Ok(Ok(())) => self.writer.publish(self.world, &self.events),
                Ok(Err(error)) => self.writer.inner.failing.came(&error),
                Err(_) => self.writer.inner.failing.came(&"it did not answer"),
            }
            return;
        }
        // Kept outside of the transaction's future, so that all are answered however it ends.
        let mut replies = Vec::with_capacity(commands.len());
        let written = timeout(PATIENCE, self.write(&mut commands, &mut replies)).await;
        let failure = match written {
            Ok(Ok(())) => None,
            Ok(Err(error)) => {
                self.writer.inner.failing.came(&error);
                Some(error.problem())
            }
            Err(_) => {
                self.writer
                    .inner
                    .failing
                    .came(&format_args!("a write was given up after {} s", PATIENCE.as_secs()));
                Some(Problem::new(Code::Unavailable, "the store does not answer"))
            }
        };
        if let Some(problem) = failure {
            let unsure = problem.hint(
                "it was most probably not done; look before you try again, or try again with an idempotency key",
            );
            for answer in
                commands.into_iter().map(|(_, _, answer)| answer).chain(replies.into_iter().map(|(to, _)| to))
            {
                let _ = answer.send(Err(unsure.clone()));
            }
            return;
        }
        self.writer.inner.failing.is_over();
        self.writer.publish(self.world, &self.events);
        failpoint::reach("batch.published");
        for (to, reply) in replies {
            // Who asked may have gone.
            let _ = to.send(reply);
        }
    }

    /// Folds what other servers wrote.
    async fn catch_up(&mut self) -> Result<(), StoreError> {
        loop {
            let entries = self.writer.store().entries_after(self.world.seq).await?;
            if entries.is_empty() {
                return Ok(());
            }
            for entry in entries {
                self.fold(entry.event()?)?;
            }
        }
    }

    fn fold(&mut self, event: AuditEvent) -> Result<(), StoreError> {
        self.world
            .fold(&event)
            .map_err(|error| StoreError::Damaged(format!("event {} cannot be folded: {error}", event.seq)))?;
        self.events.push(Arc::new(event));
        Ok(())
    }

    async fn write(
        &mut self,
        commands: &mut Vec<Waiting>,
        replies: &mut Vec<Reply>,
    ) -> Result<(), StoreError> {
        let mut tx = self.writer.store().begin().await?;
        let head = tx.head().clone();
        self.meet(&mut tx, &head).await?;
        let clock = self.writer.clock();
        clock.at_least(head.uptime);
        let now = clock.now();
        // A clock of a test need not heed `at_least`; the log must not go back.
        let now = Now { uptime: now.uptime.max(head.uptime), ..now };
        let keys: Vec<_> = commands.iter().filter_map(|(request, _, _)| key(request)).collect();
        let given = if keys.is_empty() { Vec::new() } else { tx.answers(&keys, now.wall - DAY).await? };
        let mut batch = Batch::new(head.clone());
        for (request, fence, to) in commands.drain(..) {
            let reply = match fence {
                Fence::Lease(ours) if ours != head.fence => {
                    Err(StoreError::Fenced { found: head.fence, ours }.problem())
                }
                _ => self.one(request, now, &given, &mut batch),
            };
            replies.push((to, reply));
        }
        if !batch.is_empty() {
            tx.write(&batch).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Folds what other servers wrote since, under the lock.
    async fn meet(&mut self, tx: &mut Transaction<'_>, head: &Head) -> Result<(), StoreError> {
        if head.seq < self.world.seq {
            return Err(StoreError::Damaged(format!(
                "the log ends with event {}, but event {} was committed",
                head.seq, self.world.seq
            )));
        }
        while self.world.seq < head.seq {
            let entries = tx.missed(self.world.seq).await?;
            if entries.is_empty() {
                return Err(StoreError::Damaged(format!("event {} is missing", self.world.seq + 1)));
            }
            for entry in entries {
                self.fold(entry.event()?)?;
            }
        }
        Ok(())
    }

    fn one(
        &mut self,
        request: Request,
        now: Now,
        given: &[StoredAnswer],
        batch: &mut Batch,
    ) -> Result<Answer, Problem> {
        let key = key(&request);
        let fingerprint = request.idempotency.as_ref().map(|i| i.fingerprint.clone()).unwrap_or_default();
        if let Some((principal, key)) = &key {
            // Who may not act any more gets no old answer either.
            actor(&self.world, &request.who)?;
            let earlier = batch
                .answered(principal, key)
                .or_else(|| given.iter().find(|answer| answer.principal == *principal && answer.key == *key));
            if let Some(earlier) = earlier {
                return replay(earlier, &fingerprint, self.world.seq);
            }
        }
        let done = attempt(request, &self.world, now, self.writer)?;
        if let Some((after, event, rows)) = done.made {
            batch.add(&event, rows, &after).map_err(|e| Problem::new(Code::Internal, e.to_string()))?;
            self.world = after;
            self.events.push(Arc::new(event));
        }
        if let Some((principal, key)) = key {
            let (status, body) = (done.outcome.status, done.outcome.body.to_string());
            batch.answer(StoredAnswer { principal, key, fingerprint, status, body, at: now.wall });
        }
        let (status, body) = (done.outcome.status, done.outcome.body);
        Ok(Answer { status, body, seq: self.world.seq, replayed: false })
    }
}

/// The idempotency key of a request, and whose it is.
fn key(request: &Request) -> Option<(String, String)> {
    let key = request.idempotency.as_ref()?.key.clone();
    match &request.who {
        Who::Principal { id, .. } => Some((id.to_string(), key)),
        Who::System => Some(("system".to_owned(), key)),
    }
}

fn replay(earlier: &StoredAnswer, fingerprint: &str, seq: u64) -> Result<Answer, Problem> {
    if earlier.fingerprint != fingerprint {
        let detail = format!("the idempotency key `{}` was used for another request", earlier.key);
        return Err(Problem::new(Code::IdempotencyReused, detail).hint("use a new key for each new request"));
    }
    let body =
        serde_json::from_str(&earlier.body).map_err(|e| Problem::new(Code::Internal, e.to_string()))?;
    Ok(Answer { status: earlier.status, body, seq, replayed: true })
}
