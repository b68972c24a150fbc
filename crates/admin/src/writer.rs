//! The writer: runs commands one after the other, each whole or not at all.

use std::sync::Arc;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use serde_json::Value as Json;
use tidegate::release::{Actor, Now};
use tokio::sync::broadcast;

use crate::clock::Clock;
use crate::domain::event::AuditEvent;
use crate::domain::{Code, Command, Problem, Tx, Who, World};

/// A command and for whom it runs.
pub struct Request {
    /// For whom.
    pub who: Who,
    /// The id of the HTTP request.
    pub request: Option<String>,
    /// Replays the first answer if the key was used before.
    pub idempotency: Option<Idempotency>,
    /// What to do.
    pub command: Command,
}

/// An idempotency key (draft-ietf-httpapi-idempotency-key-header); kept per principal for 24 h.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Idempotency {
    /// The key.
    pub key: String,
    /// A hash over method, path and body.
    pub fingerprint: String,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Json,
    /// The number of the last event when it was answered.
    pub seq: u64,
    /// It is the answer to an earlier request with this idempotency key.
    pub replayed: bool,
}

/// Where commands go and worlds come from; cheap to clone.
#[derive(Clone)]
pub struct Writer {
    inner: Arc<Inner>,
}

struct Inner {
    world: ArcSwap<World>,
    lock: Mutex<()>,
    clock: Arc<dyn Clock>,
    events: broadcast::Sender<Arc<AuditEvent>>,
}

impl Writer {
    /// A writer without a store (to be replaced by the one with a store).
    #[must_use]
    pub fn in_memory(clock: Arc<dyn Clock>) -> Self {
        let (events, _) = broadcast::channel(1024);
        Self { inner: Arc::new(Inner { world: ArcSwap::default(), lock: Mutex::new(()), clock, events }) }
    }

    /// The world as of the last commit.
    #[must_use]
    pub fn world(&self) -> Arc<World> {
        self.inner.world.load_full()
    }

    /// The clocks.
    #[must_use]
    pub fn now(&self) -> Now {
        self.inner.clock.now()
    }

    /// Events, each after it was committed; a receiver that lags misses some and must read the log.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Arc<AuditEvent>> {
        self.inner.events.subscribe()
    }

    /// Runs a command; when this returns `Ok`, it is durable.
    ///
    /// # Errors
    /// If the command is refused, or the store cannot write; then nothing was changed.
    pub async fn run(&self, request: Request) -> Result<Answer, Problem> {
        let _held = self.inner.lock.lock();
        let world = World::clone(&self.inner.world.load());
        let (actor, token) = actor(&world, &request.who)?;
        let now = self.inner.clock.now();
        let mut tx = Tx::new(world, actor.clone(), now);
        let outcome = (request.command)(&mut tx)?;
        let (mut world, changes, facts) = tx.finish();
        if !(changes.is_empty() && facts.is_empty()) {
            let event = AuditEvent {
                seq: world.seq + 1,
                at: now.wall,
                uptime: now.uptime,
                actor: actor.id,
                actor_kind: actor.kind,
                token,
                action: outcome.action,
                subject: outcome.subject,
                reason: outcome.reason,
                request: request.request,
                facts,
                changes,
            };
            world.seq = event.seq;
            self.inner.world.store(Arc::new(world));
            let _ = self.inner.events.send(Arc::new(event));
        }
        Ok(Answer { status: outcome.status, body: outcome.body, seq: self.world().seq, replayed: false })
    }
}

/// The actor of a request, as the world knows it now.
fn actor(world: &World, who: &Who) -> Result<(Actor, Option<tidegate::model::Key>), Problem> {
    match who {
        Who::System => Ok((Actor::system(), None)),
        Who::Principal { id, token } => {
            let row = world.principals.get(id).filter(|row| !row.body.disabled);
            let row = row.ok_or_else(|| {
                Problem::new(Code::Unauthenticated, format!("`{id}` is no principal, or disabled"))
            })?;
            let actor = Actor { id: id.clone(), kind: row.body.kind, grants: row.body.grants.clone() };
            Ok((actor, token.clone()))
        }
    }
}
