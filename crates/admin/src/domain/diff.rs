//! What differs between two definitions, and which environments would notice.
//!
//! ```text
//!   before ─┐
//!           ├─▶ diff ─▶ [{path, op, before, after}]          for people: previews, change requests, refusals
//!   after  ─┘
//!   base, candidate ── resolved for each environment ──▶ touched ─▶ the environments that a release must go through
//! ```
//! Lists of objects that all have an `id` (rules, phases, steps, guards) are compared by id, other lists by place.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value as Json;
use tidegate::model::{Feature, Key, Rule, Segment, Variants};

#[cfg(test)]
mod tests;

/// One difference.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Difference {
    /// The JSON pointer: into the new document, or of what was removed into the old one.
    pub path: String,
    /// What happened there.
    pub op: Op,
    /// Before; absent if it was added.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Json, required = false)]
    pub before: Option<Json>,
    /// Now; absent if it was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Json, required = false)]
    pub after: Option<Json>,
}

/// What happened at a place.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// It is new.
    Add,
    /// Known by the same id, it stands at another place of its list.
    Move,
    /// It is gone.
    Remove,
    /// It is another.
    Replace,
}

/// What differs; empty if nothing does. What cannot be written as JSON counts as `null`.
#[must_use]
pub fn diff(before: &impl Serialize, after: &impl Serialize) -> Vec<Difference> {
    let json = |value: serde_json::Result<Json>| value.unwrap_or(Json::Null);
    diff_json(&json(serde_json::to_value(before)), &json(serde_json::to_value(after)))
}

/// What differs between two documents.
#[must_use]
pub fn diff_json(before: &Json, after: &Json) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(before, after, &mut String::new(), &mut found);
    found
}

/// A key as a step of a JSON pointer (RFC 6901).
#[must_use]
pub fn escape(key: &str) -> Cow<'_, str> {
    if key.contains(['~', '/']) { key.replace('~', "~0").replace('/', "~1").into() } else { key.into() }
}

fn compare(before: &Json, after: &Json, path: &mut String, found: &mut Vec<Difference>) {
    if before == after {
        return;
    }
    match (before, after) {
        (Json::Object(old), Json::Object(new)) => {
            for (key, value) in old {
                descend(path, &escape(key), |path| match new.get(key) {
                    Some(now) => compare(value, now, path, found),
                    None => found.push(difference(path, Op::Remove, Some(value), None)),
                });
            }
            for (key, value) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
                descend(path, &escape(key), |path| {
                    found.push(difference(path, Op::Add, None, Some(value)));
                });
            }
        }
        (Json::Array(old), Json::Array(new)) => match (ids(old), ids(new)) {
            (Some(old_ids), Some(new_ids)) => by_id((old, &old_ids), (new, &new_ids), path, found),
            _ => by_place(old, new, path, found),
        },
        (Json::Null, now) => found.push(difference(path, Op::Add, None, Some(now))),
        (was, Json::Null) => found.push(difference(path, Op::Remove, Some(was), None)),
        (was, now) => found.push(difference(path, Op::Replace, Some(was), Some(now))),
    }
}

/// The ids of a list whose members all have one, no two the same.
fn ids(list: &[Json]) -> Option<Vec<&str>> {
    let ids: Option<Vec<&str>> = list.iter().map(|item| item.get("id")?.as_str()).collect();
    ids.filter(|ids| ids.iter().collect::<BTreeSet<_>>().len() == ids.len())
}

type List<'a> = (&'a [Json], &'a [&'a str]);

fn by_id(old: List<'_>, new: List<'_>, path: &mut String, found: &mut Vec<Difference>) {
    let kept = |ids: &[&str], others: &[&str]| -> Vec<String> {
        ids.iter().filter(|id| others.contains(id)).map(|id| (*id).to_owned()).collect()
    };
    for (place, (item, id)) in old.0.iter().zip(old.1).enumerate() {
        if !new.1.contains(id) {
            descend(path, &place.to_string(), |path| {
                found.push(difference(path, Op::Remove, Some(item), None));
            });
        }
    }
    let moved = kept(old.1, new.1) != kept(new.1, old.1);
    for (place, (item, id)) in new.0.iter().zip(new.1).enumerate() {
        descend(path, &place.to_string(), |path| {
            let Some(was) = old.1.iter().position(|other| other == id) else {
                found.push(difference(path, Op::Add, None, Some(item)));
                return;
            };
            if moved && was != place {
                found.push(difference(path, Op::Move, Some(&was.into()), Some(&place.into())));
            }
            if let Some(was) = old.0.get(was) {
                compare(was, item, path, found);
            }
        });
    }
}

fn by_place(old: &[Json], new: &[Json], path: &mut String, found: &mut Vec<Difference>) {
    for place in 0..old.len().max(new.len()) {
        descend(path, &place.to_string(), |path| match (old.get(place), new.get(place)) {
            (Some(was), Some(now)) => compare(was, now, path, found),
            (was, now) => {
                let op = if was.is_some() { Op::Remove } else { Op::Add };
                found.push(difference(path, op, was, now));
            }
        });
    }
}

fn descend(path: &mut String, step: &str, visit: impl FnOnce(&mut String)) {
    let length = path.len();
    path.push('/');
    path.push_str(step);
    visit(path);
    path.truncate(length);
}

fn difference(path: &str, op: Op, before: Option<&Json>, after: Option<&Json>) -> Difference {
    Difference { path: path.to_owned(), op, before: before.cloned(), after: after.cloned() }
}

/// The environments in which a feature is resolved to something else (DESIGN §5): descriptions do not count.
#[must_use]
pub fn touched<'e>(
    base: Option<&Feature>,
    candidate: Option<&Feature>,
    environments: impl IntoIterator<Item = &'e Key>,
) -> Vec<Key> {
    let differs = |environment: &Key| match (base, candidate) {
        (None, None) => false,
        (Some(base), Some(candidate)) => {
            Resolved::new(base, environment) != Resolved::new(candidate, environment)
        }
        _ => true,
    };
    environments.into_iter().filter(|environment| differs(environment)).cloned().collect()
}

/// The environments in which a segment holds otherwise: all or none, as segments do not differ by environment.
#[must_use]
pub fn touched_by_segment<'e>(
    base: Option<&Segment>,
    candidate: Option<&Segment>,
    environments: impl IntoIterator<Item = &'e Key>,
) -> Vec<Key> {
    let differs = base.map(|segment| &segment.condition) != candidate.map(|segment| &segment.condition);
    environments.into_iter().filter(|_| differs).cloned().collect()
}

/// What a feature serves by in one environment.
struct Resolved<'d> {
    feature: &'d Feature,
    enabled: bool,
    default: Option<&'d Key>,
    rules: &'d [Rule],
}

impl<'d> Resolved<'d> {
    fn new(feature: &'d Feature, environment: &Key) -> Self {
        let block = feature.environments.get(environment);
        Self {
            feature,
            enabled: block.and_then(|block| block.enabled).unwrap_or(feature.enabled),
            default: block.and_then(|block| block.default.as_ref()).or(feature.default.as_ref()),
            rules: block.and_then(|block| block.rules.as_deref()).unwrap_or(&feature.rules),
        }
    }
}

impl PartialEq for Resolved<'_> {
    fn eq(&self, other: &Self) -> bool {
        let shared = |resolved: &Self| {
            let feature = resolved.feature;
            let variants: &Variants = &feature.variants;
            (
                (feature.kind, feature.archived, resolved.enabled, resolved.default.cloned()),
                (feature.unit.clone(), feature.salt.clone(), feature.exclusion_group.clone()),
                (feature.allocation.clone(), variants.clone()),
            )
        };
        let bare = |rule: &Rule| Rule { description: None, ..rule.clone() };
        shared(self) == shared(other)
            && self.rules.len() == other.rules.len()
            && self.rules.iter().zip(other.rules).all(|(one, two)| one == two || bare(one) == bare(two))
    }
}
