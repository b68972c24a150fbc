//! What approvals sign: a hash over all that a release was looked at for.
//!
//! ```text
//!   release id, bases, candidates, pipeline version, phases ─┐
//!   the definitions that those refer to, and so on ──────────┴─ canonical JSON ─▶ SHA-256 ─▶ Plan::digest
//! ```
//! INVARIANT: while a release runs, its digest is that of what is defined now; if it changes, approvals made on the old
//! one are gone (DESIGN §6).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use tidegate::model::Key;
use tidegate::release::{self, Plan, State};

use super::entity::{Release, ReleaseState};
use super::{Problem, Tx, World, effects, facts, index, references};

/// The digest of a plan among the definitions of a world.
pub(crate) fn of(world: &World, plan: &Plan) -> String {
    let mut referred = BTreeMap::new();
    let mut ahead: Vec<Key> = direct(plan).into_iter().collect();
    while let Some(subject) = ahead.pop() {
        if referred.contains_key(&subject) {
            continue;
        }
        let (definition, further) = resolve(world, &subject);
        ahead.extend(further);
        referred.insert(subject, definition);
    }
    let content = json!({
        "release": plan.id,
        "features": plan.features,
        "segments": plan.segments,
        "pipeline": plan.pipeline,
        "phases": plan.phases,
        "environments": plan.environments,
        "opted_out": plan.opted_out,
        "ramp": plan.ramp,
        "references": referred,
    });
    hex::encode(Sha256::digest(content.to_string().as_bytes()))
}

/// What a plan's definitions and phases refer to, besides what it changes itself.
pub(crate) fn direct(plan: &Plan) -> BTreeSet<Key> {
    let mut names = references::of_phases(&plan.phases);
    for change in plan.features.values() {
        let both = change.base.iter().chain(change.candidate.iter().flatten());
        both.for_each(|definition| names.extend(references::of_feature(definition)));
    }
    for change in plan.segments.values() {
        let both = change.base.iter().chain(change.candidate.iter().flatten());
        both.for_each(|definition| names.extend(references::of_segment(definition)));
    }
    for subject in index::subjects(plan) {
        names.remove(&subject);
    }
    names
}

/// A definition, and what it refers to.
fn resolve(world: &World, subject: &str) -> (Json, BTreeSet<Key>) {
    let found = match subject.strip_prefix("segment:") {
        Some(key) => {
            let definition = world.segments.get(key).and_then(|row| row.body.definition.clone());
            definition.map(|it| (serde_json::to_value(&*it), references::of_segment(&it)))
        }
        None => {
            let definition = world.features.get(subject).and_then(|row| row.body.definition.clone());
            definition.map(|it| (serde_json::to_value(&*it), references::of_feature(&it)))
        }
    };
    match found {
        Some((definition, further)) => (definition.unwrap_or(Json::Null), further),
        None => (Json::Null, BTreeSet::new()),
    }
}

/// Brings the digests of running releases up to date after definitions were written; voids approvals of what is another
/// now.
///
/// # Errors
/// If something cannot be written.
pub(crate) fn refresh(tx: &mut Tx) -> Result<(), Problem> {
    let referring: Vec<Key> = tx.world().referring().cloned().collect();
    for id in referring {
        let run = effects::find(tx.world(), &id)?;
        renew(tx, &id, Plan::clone(&run.release.plan))?;
    }
    Ok(())
}

/// Gives a running release a plan, with its digest; voids approvals of what is another now.
///
/// # Errors
/// If something cannot be written.
pub(crate) fn renew(tx: &mut Tx, id: &Key, mut plan: Plan) -> Result<(), Problem> {
    let run = effects::find(tx.world(), id)?;
    plan.digest = of(tx.world(), &plan);
    if *run.release.plan == plan {
        return Ok(());
    }
    let plan = Arc::new(plan);
    tx.put(id, Release { plan: Arc::clone(&plan), ..Release::clone(&run.release) })?;
    let mut state = State::clone(&run.state.state);
    let mut voided = false;
    for (phase, planned) in state.phases.iter_mut().zip(&plan.phases) {
        let current = release::signature(&plan, &planned.id);
        let before = phase.approvals.len();
        let needed = planned.entry.approvals.as_ref().map_or(0, |approvals| approvals.count);
        // Approvals of phases that are live or over were used; they stay, as a record.
        if phase.live_at.is_none() {
            phase.approvals.retain(|approval| approval.signed == current);
        }
        if phase.approvals.len() != before {
            voided = true;
            // A wait that began with the approvals begins anew with the next ones.
            if planned.entry.trigger.wait_after_approval
                && u32::try_from(phase.approvals.len()).unwrap_or(u32::MAX) < needed
            {
                phase.timer = None;
            }
        }
    }
    state.revision += 1;
    state.moved = state.revision;
    let mut next_wake = run.state.next_wake;
    if voided {
        // It waits for other things than before, such as the deadline of the approvals: a tick finds out for which.
        next_wake.uptime = Some(tx.now.uptime);
    }
    let state = Arc::new(state);
    tx.put(
        id,
        ReleaseState { state, next_wake, updated_at: tx.now.wall, ..ReleaseState::clone(&run.state) },
    )?;
    if voided {
        let text =
            format!("release `{id}`: what it changes or refers to was changed, so approvals count no more");
        let mut fact = facts::plain("release.approvals_voided", text, Json::Null);
        fact.release = Some(Key::clone(id));
        fact.features = plan.features.keys().cloned().collect();
        fact.environments = effects::environments(&plan);
        tx.tell(fact);
    }
    Ok(())
}
