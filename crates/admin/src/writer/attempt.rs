//! One command: pure, so that whatever it does, nothing stays of it unless the caller keeps the result.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;

use tidegate::model::Key;
use tidegate::release::{Actor, Now};

use super::{Request, Writer};
use crate::domain::event::AuditEvent;
use crate::domain::{Code, Outcome, Problem, SnapshotRow, Tx, Who, World, capabilities};

/// What a command that was not refused has made.
pub(super) struct Done {
    /// What it answers.
    pub(super) outcome: Outcome,
    /// The world after it, its event and the rows; `None`: it changed nothing and told nothing.
    pub(super) made: Option<(World, AuditEvent, Vec<SnapshotRow>)>,
}

/// Runs a command on a clone of the world.
pub(super) fn attempt(request: Request, world: &World, now: Now, writer: &Writer) -> Result<Done, Problem> {
    let (actor, token) = actor(world, &request.who)?;
    let (id, kind) = (Key::clone(&actor.id), actor.kind);
    let mut tx = Tx::new(world.clone(), actor, now);
    tx.fleet = writer.capabilities();
    tx.force = request.force;
    tx.settles_at = writer.inner.settles_at.load(Ordering::SeqCst);
    let person = request.who != Who::System;
    let (command, seal) = (request.command, writer.inner.options.seal);
    let work = || -> Result<_, Problem> {
        let outcome = command(&mut tx)?;
        let rows = if tx.changes().is_empty() { Vec::new() } else { seal(world, &mut tx)? };
        if person {
            capabilities::check(&mut tx, &outcome.action, &rows)?;
        }
        Ok((outcome, rows))
    };
    // The transaction is thrown away after a panic, so nobody sees it half done.
    let (outcome, rows) = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(Problem::new(Code::Internal, "the server failed while it did this; nothing was changed")
            .hint("report it, with the request's id and the server's log"))
    })?;
    let (mut after, changes, facts) = tx.finish();
    if changes.is_empty() && facts.is_empty() {
        return Ok(Done { outcome, made: None });
    }
    let event = AuditEvent {
        seq: world.seq + 1,
        at: now.wall,
        uptime: now.uptime,
        actor: id,
        actor_kind: kind,
        token,
        action: outcome.action.clone(),
        subject: outcome.subject.clone(),
        reason: outcome.reason.clone(),
        request: request.request,
        facts,
        changes,
    };
    after.seq = event.seq;
    Ok(Done { outcome, made: Some((after, event, rows)) })
}

/// The actor of a request, as the world knows it now.
pub(super) fn actor(world: &World, who: &Who) -> Result<(Actor, Option<Key>), Problem> {
    let Who::Principal { id, token } = who else { return Ok((Actor::system(), None)) };
    let row = world.principals.get(id).filter(|row| !row.body.disabled);
    let row = row
        .ok_or_else(|| Problem::new(Code::Unauthenticated, format!("`{id}` is no principal, or disabled")))?;
    // It may have been revoked while the request waited.
    let revoked =
        token.as_ref().and_then(|token| world.tokens.get(token)).and_then(|row| row.body.revoked_at);
    if revoked.is_some() {
        return Err(Problem::new(Code::Unauthenticated, "the token was revoked"));
    }
    let actor = Actor { id: Key::clone(id), kind: row.body.kind, grants: row.body.grants.clone() };
    Ok((actor, token.clone()))
}
