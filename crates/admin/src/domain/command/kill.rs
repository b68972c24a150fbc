//! The emergency switch of a feature in an environment: outside any definition or release, published at once.

use serde::{Deserialize, Serialize};
use serde_json::json;
use tidegate::model::Key;
use tidegate::release::{Input, Permission, window};

use super::access::allow;
use crate::domain::catalogue::fact;
use crate::domain::entity::{self, Kind};
use crate::domain::event::Fact;
use crate::domain::{Code, Outcome, Problem, Tx, effects};

/// Where a feature is killed, and why.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Kill {
    /// The environment.
    #[schema(value_type = String)]
    pub environment: Key,
    /// Why.
    #[serde(default)]
    pub reason: String,
}

/// Where a feature is to be served again.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Unkill {
    /// The environment.
    #[schema(value_type = String)]
    pub environment: Key,
    /// Why; needed for a bypass.
    #[serde(default)]
    pub reason: Option<String>,
    /// Passes over a closed window.
    #[serde(default)]
    pub bypass: bool,
}

/// Kills a feature in an environment: it serves its default there, at once; a release of it is paused. No window and no
/// revision is asked.
///
/// # Errors
/// `NotFound`, `Forbidden`, `ReasonRequired`.
pub fn kill(tx: &mut Tx, key: &str, body: Kill) -> Result<Outcome, Problem> {
    let feature = check(tx, key, &body.environment)?;
    if body.reason.trim().is_empty() {
        return Err(Problem::new(Code::ReasonRequired, "a kill needs a reason").at("/reason"));
    }
    let place: Key = format!("{}/{key}", body.environment).into();
    if tx.row::<entity::Kill>(&place).is_none() {
        let kill = entity::Kill {
            feature: Key::clone(&feature),
            environment: Key::clone(&body.environment),
            reason: body.reason.clone(),
            by: Key::clone(&tx.actor.id),
            at: tx.now.wall,
        };
        tx.put(&place, kill)?;
        tx.tell(Fact {
            features: vec![Key::clone(&feature)],
            environments: vec![Key::clone(&body.environment)],
            release: tx.world().release_of(key).cloned(),
            data: json!({ "by": tx.actor.id, "reason": body.reason }),
            ..fact(
                "feature.killed",
                format!(
                    "`{}` killed feature `{key}` in `{}`: {}",
                    tx.actor.id, body.environment, body.reason
                ),
            )
        });
    }
    // Also if it was killed before the release started: whoever kills means it.
    if let Some(release) = tx.world().release_of(key).cloned() {
        let input = Input::Kill {
            by: tx.actor.clone(),
            feature: Key::clone(&feature),
            environment: Key::clone(&body.environment),
            reason: body.reason.clone(),
        };
        effects::drive(tx, &release, input)?;
    }
    answer(tx, &feature, "feature.killed", Some(body.reason))
}

/// Takes a kill back: forward motion, so the windows of the environment hold it; a release that it paused stays paused.
///
/// # Errors
/// `NotFound`, `Forbidden`, `WrongState`, `Frozen` with `opens_at`, `ReasonRequired`.
pub fn unkill(tx: &mut Tx, key: &str, body: Unkill) -> Result<Outcome, Problem> {
    let feature = check(tx, key, &body.environment)?;
    let place: Key = format!("{}/{key}", body.environment).into();
    if tx.row::<entity::Kill>(&place).is_none() {
        let text = format!("feature `{key}` is not killed in `{}`", body.environment);
        return Err(Problem::new(Code::WrongState, text));
    }
    let environment = tx.find::<entity::Environment>(&body.environment);
    let windows: Vec<_> = environment.iter().map(|environment| &environment.floor.windows).collect();
    let frozen = !window::all_open(&windows, tx.now.wall);
    if frozen && !body.bypass {
        let text = format!("a window of `{}` holds forward motion", body.environment);
        return Err(Problem::new(Code::Frozen, text)
            .hint("wait until it opens, or send `bypass: true` and a reason")
            .with("opens_at", window::next_opening(&windows, tx.now.wall)));
    }
    if frozen {
        allow(tx, Permission::Bypass, [&body.environment], "pass over a window")?;
        if body.reason.as_deref().is_none_or(|reason| reason.trim().is_empty()) {
            return Err(Problem::new(Code::ReasonRequired, "a bypass needs a reason").at("/reason"));
        }
    }
    tx.remove::<entity::Kill>(&place)?;
    tx.tell(Fact {
        features: vec![Key::clone(&feature)],
        environments: vec![Key::clone(&body.environment)],
        release: tx.world().release_of(key).cloned(),
        data: json!({ "by": tx.actor.id, "reason": body.reason, "bypass": frozen }),
        ..fact(
            "feature.unkilled",
            format!("`{}` took the kill of feature `{key}` in `{}` back", tx.actor.id, body.environment),
        )
    });
    answer(tx, &feature, "feature.unkilled", body.reason)
}

fn check(tx: &Tx, key: &str, environment: &Key) -> Result<Key, Problem> {
    let feature = tx.world().features.get_key_value(key);
    let (feature, _) = feature.ok_or_else(|| Problem::not_found("feature", key))?;
    if !tx.world().environments.contains_key(environment) {
        return Err(Problem::not_found("environment", environment).at("/environment"));
    }
    allow(tx, Permission::Kill, [environment], "kill and unkill features there")?;
    Ok(Key::clone(feature))
}

fn answer(tx: &Tx, feature: &Key, action: &str, reason: Option<String>) -> Result<Outcome, Problem> {
    let view = super::feature::view(tx.world(), &tx.actor, tx.now, feature)?;
    Ok(Outcome::new(action, Kind::Feature, feature, view).because(reason))
}
