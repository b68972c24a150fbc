//! What a change or an action would do, without doing it: the same code, on a transaction that is thrown away.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use tidegate::model::Key;
use tidegate::release::Plan;

use super::diff::{self, Difference};
use super::start::{Ask, Begun, begin};
use super::{Problem, Tx, World, capabilities, effects, references, snapshot};

/// A transaction on what this one holds; what it does is lost.
#[must_use]
pub fn scratch(tx: &Tx) -> Tx {
    let mut scratch = Tx::new(tx.world().clone(), tx.actor.clone(), tx.now);
    scratch.fleet = std::sync::Arc::clone(&tx.fleet);
    scratch.force.clone_from(&tx.force);
    scratch.settles_at = tx.settles_at;
    scratch
}

/// What a change would do: the phases, the environments, the differences, what no phase covers, the pipeline's notice.
///
/// # Errors
/// Why it would be refused.
pub fn change(tx: &Tx, ask: &Ask) -> Result<Json, Problem> {
    let mut trial = scratch(tx);
    let begun = begin(&mut trial, ask)?;
    understood(tx.world(), &mut trial, "change.previewed")?;
    Ok(described(tx.world(), &trial, ask, &begun))
}

/// Refuses what a transaction has changed by an action if a live SDK cannot compile it; if it is forced, tells so.
///
/// # Errors
/// `SdkTooOld`.
pub(crate) fn understood(before: &World, tx: &mut Tx, action: &str) -> Result<(), Problem> {
    if tx.fleet.is_empty() {
        return Ok(());
    }
    let rows = snapshot::changed_rows(before, tx.world(), tx.changes());
    capabilities::check(tx, action, &rows)
}

fn described(before: &World, trial: &Tx, ask: &Ask, begun: &Begun) -> Json {
    let release = begun.release.as_ref().and_then(|id| effects::find(trial.world(), id).ok());
    let plan = release.as_ref().map(|run| &*run.release.plan);
    let notice = plan.and_then(|plan| {
        let key = references::version_key(&plan.pipeline.key, plan.pipeline.version);
        before.pipeline_versions.get(&*key)?.body.body.notice.clone()
    });
    json!({
        "live_at_once": begun.release.is_none(),
        "environments": begun.touched,
        "opted_out": begun.opted_out,
        "uncovered": uncovered(begun),
        "notice": notice,
        "pipeline": plan.map(|plan| &plan.pipeline),
        "phases": plan.map(phases).unwrap_or_default(),
        "state": release.as_ref().map(|run| effects::summary(&run.release.plan, &run.state.state)),
        "diff": differences(before, ask),
        "changes": changes(before, trial),
        "facts": facts(trial),
    })
}

/// The environments that phases leave out, and how far.
pub(crate) fn uncovered(begun: &Begun) -> Json {
    let one = |(environment, coverage): &(Key, tidegate::release::Coverage)| {
        let mut json = serde_json::to_value(coverage).unwrap_or(Json::Null);
        if let Json::Object(members) = &mut json {
            members.insert("environment".to_owned(), json!(environment));
        }
        json
    };
    begun.uncovered.iter().map(one).collect()
}

/// The phases of a plan, in short.
pub(crate) fn phases(plan: &Plan) -> Vec<Json> {
    let one = |(place, phase): (usize, &tidegate::release::Phase)| {
        json!({
            "id": phase.id,
            "description": phase.description,
            "environments": plan.environments.get(place),
            "target": phase.target,
            "entry": phase.entry,
            "windows": plan.windows.get(place),
            "patches": phase.patches,
            "ramp": phase.ramp,
            "propagation": phase.propagation,
            "bake_s": phase.bake_s,
            "guards": phase.guards.iter().map(|guard| &guard.id).collect::<Vec<_>>(),
            "skipped": place < plan.start_at,
        })
    };
    plan.phases.iter().enumerate().map(one).collect()
}

/// What a plan changes, by feature (and `segment:…`).
pub(crate) fn of_plan(plan: &Plan) -> BTreeMap<Key, Vec<Difference>> {
    let features = plan.features.iter().map(|(key, change)| {
        let after = change.candidate.as_ref().unwrap_or(&change.base);
        (Key::clone(key), diff::diff(&change.base, after))
    });
    let segments = plan.segments.iter().map(|(key, change)| {
        let after = change.candidate.as_ref().unwrap_or(&change.base);
        (super::index::segment(key), diff::diff(&change.base, after))
    });
    features.chain(segments).collect()
}

/// What an ask changes, by feature (and `segment:…`).
fn differences(world: &World, ask: &Ask) -> BTreeMap<Key, Vec<Difference>> {
    let features = ask.features.iter().map(|(key, wanted)| {
        let base = world.features.get(key).and_then(|row| row.body.definition.clone());
        (Key::clone(key), diff::diff(&base, &wanted.after(base.as_ref())))
    });
    let segments = ask.segments.iter().map(|(key, wanted)| {
        let base = world.segments.get(key).and_then(|row| row.body.definition.clone());
        (super::index::segment(key), diff::diff(&base, &wanted.after(base.as_ref())))
    });
    features.chain(segments).collect()
}

/// What engines would be served otherwise, by environment: the rows of the snapshot, before and now.
pub(crate) fn changes(before: &World, trial: &Tx) -> BTreeMap<Key, Vec<Json>> {
    let mut by_environment: BTreeMap<Key, Vec<Json>> = BTreeMap::new();
    for row in snapshot::changed_rows(before, trial.world(), trial.changes()) {
        let parse = |text: Option<String>| {
            text.and_then(|text| serde_json::from_str::<Json>(&text).ok()).unwrap_or(Json::Null)
        };
        let was = parse(snapshot::row(before, &row.environment, row.kind, &row.key));
        let now = parse(row.body.clone());
        let change = json!({ "kind": row.kind, "key": row.key, "diff": diff::diff_json(&was, &now) });
        by_environment.entry(row.environment).or_default().push(change);
    }
    by_environment
}

/// What would be told, in words.
pub(crate) fn facts(trial: &Tx) -> Vec<Json> {
    trial.facts().iter().map(|fact| json!({ "name": fact.name, "text": fact.text })).collect()
}

/// The environments of rows that changed.
pub(crate) fn environments(changes: &BTreeMap<Key, Vec<Json>>) -> BTreeSet<&Key> {
    changes.keys().collect()
}
