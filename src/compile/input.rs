//! A first look at a document, before it is decoded: which definitions stand alone, which are linked with others, and
//! hashes to know what changed. Also deltas, which become documents here.

use std::collections::{HashMap, HashSet};

use crate::error::{Code, Error};
use crate::value::Value;

/// What can be known without decoding.
#[derive(Debug, Default)]
pub(super) struct Outline {
    /// Features that a release, a kill or an exclusion group names.
    pub(super) named: HashSet<Box<str>>,
    /// By segment.
    pub(super) segments: HashMap<Box<str>, u128>,
    /// By feature and by segment: the hash of its release.
    pub(super) releases: HashMap<(bool, Box<str>), u128>,
    /// By feature: the hash of its kills.
    pub(super) kills: HashMap<Box<str>, u128>,
    /// All exclusion groups.
    pub(super) groups: u128,
    /// What every definition is checked against.
    pub(super) declarations: u128,
    /// The environment of the document.
    pub(super) environment: Option<Box<str>>,
}

fn members<'v>(root: &'v Value, name: &str) -> &'v [(Box<str>, Value)] {
    root.get(name).and_then(Value::as_object).unwrap_or_default()
}

fn items<'v>(root: &'v Value, name: &str) -> &'v [Value] {
    match root.get(name) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}

fn hash(value: Option<&Value>) -> u128 {
    value.map_or(0, Value::structural_hash)
}

impl Outline {
    pub(super) fn new(root: &Value) -> Self {
        let mut outline = Self {
            groups: hash(root.get("exclusion_groups")),
            declarations: hash(root.get("attributes")) ^ hash(root.get("environments")).rotate_left(1),
            environment: root.get("environment").and_then(Value::as_str).map(Into::into),
            ..Self::default()
        };
        for (name, value) in members(root, "segments") {
            outline.segments.insert(name.clone(), value.structural_hash());
        }
        for release in items(root, "releases") {
            let hash = release.structural_hash();
            for (name, _) in members(release, "features") {
                outline.named.insert(name.clone());
                outline.releases.insert((true, name.clone()), hash);
            }
            for (name, _) in members(release, "segments") {
                outline.releases.insert((false, name.clone()), hash);
            }
        }
        for kill in items(root, "kills") {
            if let Some(name) = kill.get("feature").and_then(Value::as_str) {
                outline.named.insert(name.into());
                let sum = outline.kills.entry(name.into()).or_default();
                *sum = sum.wrapping_add(kill.structural_hash());
            }
        }
        for (_, group) in members(root, "exclusion_groups") {
            outline.named.extend(members(group, "ranges").iter().map(|(name, _)| name.clone()));
        }
        outline
    }

    /// Whether a feature's definition has to do with others.
    pub(super) fn is_linked(&self, name: &str, value: &Value) -> bool {
        self.named.contains(name)
            || value.get("exclusion_group").is_some()
            || value.get("rules").is_some_and(refers)
            || value.get("environments").is_some_and(refers)
    }
}

/// Whether there is a reference below (or something that looks like one).
fn refers(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.iter().any(|(name, value)| matches!(&**name, "segment" | "feature") || refers(value))
        }
        Value::List(items) => items.iter().any(refers),
        _ => false,
    }
}

/// What is kept of a document so that a delta can be applied: all that is linked with other things.
pub(super) fn linked_part(root: &Value, outline: &Outline) -> Value {
    let Value::Object(members) = root else { return Value::Object(Vec::new()) };
    let kept = members.iter().filter(|(name, _)| !matches!(&**name, "pipelines" | "description")).map(|(name, value)| {
        let value = match (&**name, value) {
            ("features", Value::Object(features)) => {
                let linked = features.iter().filter(|(name, value)| outline.is_linked(name, value));
                Value::Object(linked.cloned().collect())
            }
            _ => value.clone(),
        };
        (name.clone(), value)
    });
    Value::Object(kept.collect())
}

/// A delta applied to what was kept: a document that lacks only what is unchanged and stands alone.
pub(super) struct Merged {
    pub(super) root: Value,
    /// Features that are gone.
    pub(super) removed: Vec<Box<str>>,
}

/// Applies a delta: `features` and `segments` by key (`null`: gone), `releases` by id (`removed_releases`: their ids),
/// the other sections as a whole where given.
///
/// # Errors
/// If it is for another version than `served`, or not an object.
pub(super) fn merge(kept: &Value, delta: Value, served: u64) -> Result<Merged, Error> {
    let Value::Object(delta) = delta else {
        return Err(Error::new(Code::NotAnObject, "", "expected an object"));
    };
    let from = delta.iter().find(|(name, _)| **name == *"from").and_then(|(_, value)| value.as_i64());
    if from.and_then(|from| u64::try_from(from).ok()) != Some(served) {
        let message = format!("expected a delta from version {served}, found {from:?}");
        return Err(Error::new(Code::DeltaBase, "/from", message));
    }
    let mut root = match kept {
        Value::Object(members) => members.clone(),
        _ => Vec::new(),
    };
    let mut removed = Vec::new();
    for (name, value) in delta {
        match &*name {
            "from" => {}
            "features" => {
                for (key, value) in object(value, &name)? {
                    if value.is_null() {
                        removed.push(key.clone());
                    }
                    put(section(&mut root, "features"), key, value);
                }
            }
            "segments" => {
                for (key, value) in object(value, &name)? {
                    put(section(&mut root, "segments"), key, value);
                }
            }
            "releases" => put_releases(&mut root, value),
            "removed_releases" => remove_releases(&mut root, &value),
            // What is not known is for `decode` to judge.
            _ => {
                let index = index_of(&mut root, &name, || Value::Null);
                if let Some((_, own)) = root.get_mut(index) {
                    *own = value;
                }
            }
        }
    }
    Ok(Merged { root: Value::Object(root), removed })
}

fn object(value: Value, name: &str) -> Result<Vec<(Box<str>, Value)>, Error> {
    match value {
        Value::Object(members) => Ok(members),
        other => {
            let message = format!("expected an object, found {}", other.json_type());
            Err(Error::new(Code::WrongType, format!("/{name}"), message))
        }
    }
}

/// The members of a section, which is made if it is missing.
fn section<'v>(members: &'v mut Vec<(Box<str>, Value)>, name: &str) -> Option<&'v mut Vec<(Box<str>, Value)>> {
    let index = index_of(members, name, || Value::Object(Vec::new()));
    match members.get_mut(index) {
        Some((_, Value::Object(section))) => Some(section),
        _ => None,
    }
}

fn index_of(members: &mut Vec<(Box<str>, Value)>, name: &str, make: impl FnOnce() -> Value) -> usize {
    if let Some(index) = members.iter().position(|(own, _)| **own == *name) {
        return index;
    }
    members.push((name.into(), make()));
    members.len().saturating_sub(1)
}

fn put(section: Option<&mut Vec<(Box<str>, Value)>>, key: Box<str>, value: Value) {
    let Some(section) = section else { return };
    section.retain(|(own, _)| *own != key);
    if !value.is_null() {
        section.push((key, value));
    }
}

fn put_releases(members: &mut Vec<(Box<str>, Value)>, value: Value) {
    let Some(list) = release_list(members) else { return };
    let Value::List(changed) = value else {
        // Not a list: as an entry, so that `decode` says what is wrong.
        list.push(value);
        return;
    };
    for release in changed {
        let id: Option<Box<str>> = release.get("id").and_then(Value::as_str).map(Into::into);
        match list.iter_mut().find(|own| own.get("id").and_then(Value::as_str) == id.as_deref()) {
            Some(own) => *own = release,
            None => list.push(release),
        }
    }
}

fn remove_releases(members: &mut Vec<(Box<str>, Value)>, ids: &Value) {
    let gone = super::operator::strings(ids);
    if let Some(list) = release_list(members) {
        list.retain(|own| own.get("id").and_then(Value::as_str).is_none_or(|id| !gone.contains(&id)));
    }
}

fn release_list(members: &mut Vec<(Box<str>, Value)>) -> Option<&mut Vec<Value>> {
    let index = index_of(members, "releases", || Value::List(Vec::new()));
    match members.get_mut(index) {
        Some((_, Value::List(list))) => Some(list),
        _ => None,
    }
}
