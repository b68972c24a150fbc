//! Features as they are shown.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value as Json, json};
use tidegate::model::Key;
use tidegate::release::{Actor, Now, Status};

use super::exists;
use crate::domain::entity::{Feature, Release};
use crate::domain::{Problem, World, effects, references};

/// A feature, its active release and where it is killed.
///
/// # Errors
/// If there is none.
pub fn view(world: &World, actor: &Actor, now: Now, key: &str) -> Result<Json, Problem> {
    let row = world.features.get(key).ok_or_else(|| Problem::not_found("feature", key))?;
    let mut body = serde_json::to_value(&*row.body).unwrap_or(Json::Null);
    let kills = world.kills.values().filter(|kill| *kill.body.feature == *key);
    let release = world.release_of(key);
    let release =
        release.map(|id| crate::domain::command::release::summary(world, actor, now, id)).transpose()?;
    if let Json::Object(members) = &mut body {
        members.insert("key".to_owned(), json!(key));
        members.insert("revision".to_owned(), json!(row.revision));
        members.insert("active_release".to_owned(), json!(release));
        members.insert("kills".to_owned(), kills.map(|kill| json!(&*kill.body)).collect());
    }
    Ok(body)
}

/// Which features a list is of.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, utoipa::IntoParams, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// `running`, or how their latest release ended: `completed`, `aborted`, `reverted`; or `none`.
    #[serde(default)]
    pub status: Option<String>,
    /// The pipeline that they are attached to.
    #[serde(default)]
    pub pipeline: Option<String>,
    /// A label that they have.
    #[serde(default)]
    pub tag: Option<String>,
    /// A part of their key or description.
    #[serde(default)]
    pub q: Option<String>,
    /// Whether they are archived.
    #[serde(default)]
    pub archived: Option<bool>,
    /// An environment where they are killed or where their release is.
    #[serde(default)]
    pub environment: Option<String>,
    /// The key after which the page begins.
    #[serde(default)]
    pub after: Option<String>,
    /// How many; 50, at most 500.
    #[serde(default)]
    pub limit: Option<usize>,
}

/// Features, by key.
///
/// # Errors
/// None, in fact.
pub fn list(world: &World, actor: &Actor, now: Now, query: &Query) -> Result<Json, Problem> {
    let latest = query.status.is_some().then(|| latest(world));
    let fits = |key: &Key, feature: &Feature| {
        let definition = feature.definition.as_ref();
        let text = |part: &String| {
            let part = part.to_lowercase();
            let description = definition.and_then(|d| d.description.as_ref());
            key.to_lowercase().contains(&part)
                || description.is_some_and(|text| text.to_lowercase().contains(&part))
        };
        let status = |wanted: &String| {
            let ended =
                || latest.as_ref().and_then(|latest| latest.get(key)).map_or("none", |(_, status)| status);
            *wanted == if world.release_of(key).is_some() { "running" } else { ended() }
        };
        let there = |name: &String| {
            let release = world.release_of(key).and_then(|id| world.releases.get(id));
            world.kills.contains_key(&*format!("{name}/{key}"))
                || release
                    .is_some_and(|row| effects::environments(&row.body.plan).iter().any(|e| **e == **name))
        };
        query.status.as_ref().is_none_or(status)
            && query.pipeline.as_ref().is_none_or(|p| feature.pipeline.as_deref() == Some(&**p))
            && query.tag.as_ref().is_none_or(|tag| feature.tags.contains(tag))
            && query.q.as_ref().is_none_or(text)
            && query.archived.is_none_or(|wanted| definition.is_some_and(|d| d.archived) == wanted)
            && query.environment.as_ref().is_none_or(there)
    };
    let after = query.after.as_deref().unwrap_or("");
    let chosen = world.features.iter().filter(|(key, row)| ***key > *after && fits(key, &row.body));
    let keys = chosen.map(|(key, _)| key);
    crate::domain::command::release::page(keys, query.limit, |key| view(world, actor, now, key))
}

/// How the latest ended release of each feature ended.
fn latest(world: &World) -> BTreeMap<Key, (i64, &'static str)> {
    let mut latest = BTreeMap::new();
    for (id, row) in &world.release_states {
        let status = match row.body.state.status {
            Status::Running => continue,
            Status::Aborted => "aborted",
            Status::Completed => "completed",
            Status::Reverted => "reverted",
        };
        let Some(release) = world.releases.get(id) else { continue };
        let release: &Release = &release.body;
        for key in release.plan.features.keys() {
            let known = latest.get(key).is_some_and(|(at, _)| *at > release.created_at);
            if !known {
                latest.insert(Key::clone(key), (release.created_at, status));
            }
        }
    }
    latest
}

/// Who uses a feature.
///
/// # Errors
/// If there is none.
pub fn users(world: &World, key: &str) -> Result<Json, Problem> {
    exists(world, key)?;
    Ok(json!({ "items": references::feature(world, key), "next": null }))
}
