//! What was served how often, as the instances count it.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use tidegate::release::Permission::Read;

use crate::domain::Problem;
use crate::domain::effects;
use crate::http::view::Ask;
use crate::store::{Counted, ExposureKey};

/// The counts of a release: by phase, environment, feature and variant; and how many counts the instances of its environments
/// gave up since ever, of whatever.
pub(super) async fn of_release(ask: &Ask) -> Result<Json, Problem> {
    let run = effects::find(&ask.world, ask.key())?;
    let actor = &ask.caller()?.actor;
    let found = ask.app.store.exposures(Counted::Release(ask.key())).await.map_err(|e| e.problem())?;
    let losses = ask.app.store.exposure_losses().await.map_err(|e| e.problem())?;
    let environments = effects::environments(&run.release.plan);
    let lost: BTreeMap<&str, u64> = environments
        .iter()
        .filter(|name| actor.may(Read, [&**name]))
        .filter_map(|name| Some((&**name, losses.get(&**name).copied()?)))
        .collect();
    let plan = &run.release.plan;
    let phases = plan.phases.iter().zip(&plan.environments).map(|(phase, environments)| {
        // An SDK key counts in its own environment, whatever phase it names: one of another phase's environment is passed over.
        let is_its = |key: &ExposureKey| {
            *key.phase == *phase.id
                && environments.iter().any(|one| **one == *key.environment)
                && may(ask, key)
        };
        let its = || found.iter().filter(|(key, _)| is_its(key));
        let counts: Vec<Json> = its().map(|(key, count)| shown(key, *count)).collect();
        let total = its().fold(0_u64, |total, (_, count)| total.saturating_add(*count));
        json!({ "phase": phase.id, "count": total, "counts": counts })
    });
    let phases: Vec<Json> = phases.collect();
    Ok(json!({ "phases": phases, "lost": lost }))
}

/// The counts of a feature.
pub(super) async fn of_feature(ask: &Ask) -> Result<Json, Problem> {
    if !ask.world.features.contains_key(ask.key()) {
        return Err(Problem::not_found("feature", ask.key()));
    }
    let found = ask.app.store.exposures(Counted::Feature(ask.key())).await.map_err(|e| e.problem())?;
    let shown = found.iter().filter(|(key, _)| may(ask, key)).map(|(key, count)| shown(key, *count));
    Ok(json!({ "items": shown.collect::<Vec<_>>() }))
}

fn may(ask: &Ask, key: &ExposureKey) -> bool {
    let environment = key.environment.as_str().into();
    ask.caller().is_ok_and(|caller| caller.actor.may(Read, [&environment]))
}

fn shown(key: &ExposureKey, count: u64) -> Json {
    let text = |text: &String| (!text.is_empty()).then(|| text.clone());
    json!({
        "environment": key.environment,
        "release": text(&key.release),
        "phase": text(&key.phase),
        "feature": key.feature,
        "variant": text(&key.variant),
        "count": count,
    })
}
