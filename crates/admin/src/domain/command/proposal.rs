//! Changes that a second person must approve before they are made.
//!
//! ```text
//!   environment::update, attachment::set ─ the floor asks for approvals ─▶ pending ── approve (another admin) ─▶ made
//!                                                                             └────── reject (any admin) ──────▶ nothing
//! ```

use serde::Deserialize;
use tidegate::model::Key;
use tidegate::release::{ActorKind, Permission};

use super::access::allow;
use super::{attachment, environment};
use crate::domain::catalogue::fact;
use crate::domain::entity::{Environment, Feature, Kind, Proposal, ProposalStatus, Proposed, Segment};
use crate::domain::event::Fact;
use crate::domain::{Code, Outcome, Problem, Tx, view};

#[cfg(test)]
mod tests;

/// `POST /proposals/{id}/approve` and `/reject`.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideProposal {
    /// What there is to say.
    #[serde(default)]
    pub comment: Option<String>,
}

/// Keeps a change until it is approved (202).
pub(super) fn propose(
    tx: &mut Tx,
    change: Proposed,
    base_revision: u64,
    environments: Vec<Key>,
    reason: Option<String>,
) -> Result<Outcome, Problem> {
    // One event makes at most one proposal, so its number names it.
    let id = Key::from(format!("proposal-{}", tx.world().seq + 1));
    let proposal = Proposal {
        change,
        base_revision,
        environments,
        status: ProposalStatus::Pending,
        by: Key::clone(&tx.actor.id),
        created_at: tx.now.wall,
        reason: reason.clone(),
        decided_by: None,
        decided_at: None,
        comment: None,
    };
    let environments = proposal.environments.clone();
    tx.put(&id, proposal)?;
    let text = format!("`{}` proposed a change that a second person must approve: `{id}`", tx.actor.id);
    tx.tell(Fact { environments, ..fact("proposal.created", text) });
    let mut outcome = Outcome::new("proposal.created", Kind::Proposal, &id, view::proposal(tx.world(), &id))
        .because(reason);
    outcome.status = 202;
    Ok(outcome)
}

/// Approves, and makes the change.
///
/// # Errors
/// `NotFound`, `WrongState`, `Forbidden`, `SelfApproval`, `Stale`, and whatever refuses the change itself.
pub fn approve(tx: &mut Tx, id: &str, body: DecideProposal) -> Result<Outcome, Problem> {
    let (id, proposal) = pending(tx, id)?;
    allow(tx, Permission::Administer, &proposal.environments, "approve such changes")?;
    if tx.actor.id == proposal.by {
        return Err(Problem::new(Code::SelfApproval, format!("`{}` proposed it", tx.actor.id))
            .hint("another admin must approve it"));
    }
    if tx.actor.kind != ActorKind::Person {
        return Err(Problem::new(Code::Forbidden, "only a person counts as a second person"));
    }
    let current = subject_revision(tx, &proposal.change);
    if current != Some(proposal.base_revision) {
        return Err(Problem::new(Code::Stale, "what it would change was changed since it was proposed")
            .hint("reject it, and propose it again")
            .with("revision", current));
    }
    match &proposal.change {
        Proposed::Attachment { of, key, pipeline } => attachment::apply(tx, *of, key, pipeline.as_ref())?,
        Proposed::EnvironmentDeletion { environment } => environment::apply_delete(tx, environment)?,
        Proposed::EnvironmentUpdate { environment, body } => {
            environment::apply_update(tx, environment, body.clone())?;
        }
    }
    decide(tx, &id, proposal, ProposalStatus::Approved, body.comment)
}

/// Rejects, or takes back; nothing is changed.
///
/// # Errors
/// `NotFound`, `WrongState`, `Forbidden`.
pub fn reject(tx: &mut Tx, id: &str, body: DecideProposal) -> Result<Outcome, Problem> {
    let (id, proposal) = pending(tx, id)?;
    if tx.actor.id != proposal.by {
        allow(tx, Permission::Administer, &proposal.environments, "reject such changes")?;
    }
    decide(tx, &id, proposal, ProposalStatus::Rejected, body.comment)
}

fn pending(tx: &Tx, id: &str) -> Result<(Key, Proposal), Problem> {
    let row = tx.row::<Proposal>(id).ok_or_else(|| Problem::not_found("proposal", id))?;
    if row.body.status == ProposalStatus::Pending {
        return Ok((id.into(), Proposal::clone(&row.body)));
    }
    let status = serde_json::to_value(row.body.status).unwrap_or_default();
    let detail = format!("`{id}` was {} already", status.as_str().unwrap_or_default());
    Err(Problem::new(Code::WrongState, detail).with("state", view::proposal(tx.world(), id)))
}

fn subject_revision(tx: &Tx, change: &Proposed) -> Option<u64> {
    match change {
        Proposed::Attachment { of: Kind::Segment, key, .. } => Some(tx.row::<Segment>(key)?.revision),
        Proposed::Attachment { key, .. } => Some(tx.row::<Feature>(key)?.revision),
        Proposed::EnvironmentDeletion { environment } | Proposed::EnvironmentUpdate { environment, .. } => {
            Some(tx.row::<Environment>(environment)?.revision)
        }
    }
}

fn decide(
    tx: &mut Tx,
    id: &Key,
    proposal: Proposal,
    status: ProposalStatus,
    comment: Option<String>,
) -> Result<Outcome, Problem> {
    let (name, done) = match status {
        ProposalStatus::Approved => ("proposal.approved", "approved"),
        _ => ("proposal.rejected", "rejected"),
    };
    let text = format!("`{}` {done} `{id}`, which `{}` proposed", tx.actor.id, proposal.by);
    tx.tell(Fact { environments: proposal.environments.clone(), ..fact(name, text) });
    let decided = Proposal {
        status,
        decided_by: Some(Key::clone(&tx.actor.id)),
        decided_at: Some(tx.now.wall),
        comment: comment.clone(),
        ..proposal
    };
    tx.put(id, decided)?;
    Ok(Outcome::new(name, Kind::Proposal, id, view::proposal(tx.world(), id)).because(comment))
}
