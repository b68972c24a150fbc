//! A first look at a document, before it is decoded: which definitions stand alone, which are linked with others, and
//! hashes to know what changed. Also deltas, which become documents here.

use std::borrow::Cow;
use std::sync::Arc;

use crate::error::{Code, Error};
use crate::model::Key;
use crate::value::{KeyedMap, KeyedSet, Member, Node, Value, parse};

/// What can be known without decoding.
#[derive(Debug, Default)]
pub(super) struct Outline {
    /// Features that a release, a kill or an exclusion group names.
    pub(super) named: KeyedSet<Key>,
    /// By segment.
    pub(super) segments: KeyedMap<Key, u128>,
    /// By feature: the hash of its release.
    pub(super) feature_releases: KeyedMap<Key, u128>,
    /// By segment: likewise.
    pub(super) segment_releases: KeyedMap<Key, u128>,
    /// By feature: the hash of its kills.
    pub(super) kills: KeyedMap<Key, u128>,
    /// All exclusion groups.
    pub(super) groups: u128,
    /// What every definition is checked against.
    pub(super) declarations: u128,
    /// The environment of the document.
    pub(super) environment: Option<Box<str>>,
}

fn members<'v>(root: &'v Node<'_>, name: &str) -> &'v [Member<'v>] {
    root.get(name).and_then(|section| section.as_object()).unwrap_or_default()
}

fn items<'v>(root: &'v Node<'_>, name: &str) -> &'v [Node<'v>] {
    match root.get(name) {
        Some(Node::List(items)) => items,
        _ => &[],
    }
}

fn hash(value: Option<&Node<'_>>) -> u128 {
    value.map_or(0, Node::structural_hash)
}

impl Outline {
    pub(super) fn new(root: &Node<'_>) -> Self {
        let mut outline = Self {
            groups: hash(root.get("exclusion_groups")),
            declarations: hash(root.get("attributes")) ^ hash(root.get("environments")).rotate_left(1),
            environment: root.get("environment").and_then(|text| text.as_str()).map(Into::into),
            ..Self::default()
        };
        for (name, value) in members(root, "segments") {
            outline.segments.insert((&**name).into(), value.structural_hash());
        }
        for release in items(root, "releases") {
            let hash = release.structural_hash();
            for (name, _) in members(release, "features") {
                outline.named.insert((&**name).into());
                outline.feature_releases.insert((&**name).into(), hash);
            }
            for (name, _) in members(release, "segments") {
                outline.segment_releases.insert((&**name).into(), hash);
            }
        }
        for kill in items(root, "kills") {
            if let Some(name) = kill.get("feature").and_then(|text| text.as_str()) {
                outline.named.insert(name.into());
                let sum = outline.kills.entry(name.into()).or_default();
                *sum = sum.wrapping_add(kill.structural_hash());
            }
        }
        for (_, group) in members(root, "exclusion_groups") {
            outline.named.extend(members(group, "ranges").iter().map(|(name, _)| (&**name).into()));
        }
        outline
    }

    /// Whether a release, a kill or an exclusion group names the feature.
    pub(super) fn is_named(&self, name: &str) -> bool {
        !self.named.is_empty() && self.named.contains(name)
    }

    /// Whether a feature's definition has to do with others.
    pub(super) fn is_linked(&self, name: &str, value: &Node<'_>) -> bool {
        self.is_named(name)
            || value.get("exclusion_group").is_some()
            || value.get("rules").is_some_and(refers)
            || value.get("environments").is_some_and(refers)
    }
}

/// Whether there is a reference below (or something that looks like one).
fn refers(value: &Node<'_>) -> bool {
    match value {
        Node::Object(members) => {
            members.iter().any(|(name, value)| matches!(&**name, "segment" | "feature") || refers(value))
        }
        Node::List(items) => items.iter().any(refers),
        _ => false,
    }
}

/// What is kept of a document so that a delta can be applied: all that is linked with other things.
pub(super) fn linked_part(root: &Node<'_>, outline: &Outline) -> Value {
    let Node::Object(members) = root else { return Value::Object(Vec::new()) };
    let kept = members.iter().filter(|(name, _)| !matches!(&**name, "pipelines" | "description" | "from"));
    let kept = kept.map(|(name, value)| {
        let value = match (&**name, value) {
            ("features", Node::Object(features)) => {
                let linked = features.iter().filter(|(name, value)| outline.is_linked(name, value));
                Value::Object(linked.map(|(name, value)| ((&**name).into(), value.to_value())).collect())
            }
            _ => value.to_value(),
        };
        ((&**name).into(), value)
    });
    Value::Object(kept.collect())
}

/// A delta applied to what was kept: a document that lacks only what is unchanged and stands alone.
pub(super) struct Merged<'d> {
    pub(super) root: Node<'d>,
    /// Features that are gone.
    pub(super) removed: Vec<String>,
}

/// Applies a delta: `features` and `segments` by key (`null`: gone), `releases` by id (`removed_releases`: their ids),
/// the other sections as a whole where given.
///
/// # Errors
/// If it is for another version than `served`, or not an object.
pub(super) fn merge<'d>(kept: Node<'d>, delta: Node<'d>, served: u64) -> Result<Merged<'d>, Error> {
    let Node::Object(delta) = delta else {
        return Err(Error::new(Code::NotAnObject, "", "expected an object"));
    };
    let from = delta.iter().find(|(name, _)| **name == *"from").and_then(|(_, value)| value.as_i64());
    if from.and_then(|from| u64::try_from(from).ok()) != Some(served) {
        let found = from.map_or_else(|| "none that is an integer".to_owned(), |from| from.to_string());
        let message = format!("expected a delta from version {served}, found {found}");
        return Err(Error::new(Code::DeltaBase, "/from", message));
    }
    let mut root = match kept {
        Node::Object(members) => members,
        _ => Vec::new(),
    };
    let mut removed = Vec::new();
    for (name, value) in delta {
        match &*name {
            "from" => {}
            "features" => {
                for (key, value) in object(value, &name)? {
                    if value.is_null() {
                        removed.push(key.clone().into_owned());
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
                let index = index_of(&mut root, &name, || Node::Null);
                if let Some((_, own)) = root.get_mut(index) {
                    *own = value;
                }
            }
        }
    }
    Ok(Merged { root: Node::Object(root), removed })
}

/// A document with deltas applied, as JSON.
///
/// # Errors
/// If one of them is no JSON, or a delta is for another version.
pub(crate) fn patched(document: &[u8], deltas: &[Arc<[u8]>]) -> Result<Vec<u8>, Error> {
    let mut whole = parse(document)?.root;
    for delta in deltas {
        let version =
            whole.get("version").and_then(Node::as_i64).and_then(|version| u64::try_from(version).ok());
        whole = merge(whole, parse(delta)?.root, version.unwrap_or_default())?.root;
    }
    let whole = whole.into_value();
    serde_json::to_vec(&whole).map_err(|error| Error::new(Code::NotJson, "", error.to_string()))
}

fn object<'d>(value: Node<'d>, name: &str) -> Result<Vec<Member<'d>>, Error> {
    match value {
        Node::Object(members) => Ok(members),
        other => {
            let message = format!("expected an object, found {}", other.json_type());
            Err(Error::new(Code::WrongType, format!("/{name}"), message))
        }
    }
}

/// The members of a section, which is made if it is missing.
fn section<'v, 'd>(members: &'v mut Vec<Member<'d>>, name: &'static str) -> Option<&'v mut Vec<Member<'d>>> {
    let index = index_of(members, name, || Node::Object(Vec::new()));
    match members.get_mut(index) {
        Some((_, Node::Object(section))) => Some(section),
        _ => None,
    }
}

fn index_of<'d>(members: &mut Vec<Member<'d>>, name: &str, make: impl FnOnce() -> Node<'d>) -> usize {
    if let Some(index) = members.iter().position(|(own, _)| **own == *name) {
        return index;
    }
    members.push((name.to_owned().into(), make()));
    members.len().saturating_sub(1)
}

fn put<'d>(section: Option<&mut Vec<Member<'d>>>, key: Cow<'d, str>, value: Node<'d>) {
    let Some(section) = section else { return };
    section.retain(|(own, _)| *own != key);
    if !value.is_null() {
        section.push((key, value));
    }
}

fn put_releases<'d>(members: &mut Vec<Member<'d>>, value: Node<'d>) {
    let Some(list) = release_list(members) else { return };
    let Node::List(changed) = value else {
        // Not a list: as an entry, so that `decode` says what is wrong.
        list.push(value);
        return;
    };
    for release in changed {
        let id: Option<Box<str>> = release.get("id").and_then(|id| id.as_str()).map(Into::into);
        match list.iter_mut().find(|own| own.get("id").and_then(|id| id.as_str()) == id.as_deref()) {
            Some(own) => *own = release,
            None => list.push(release),
        }
    }
}

fn remove_releases(members: &mut Vec<Member<'_>>, ids: &Node<'_>) {
    let gone: Vec<&str> = match ids {
        Node::Strings(list) => list.iter().collect(),
        Node::List(list) => list.iter().filter_map(|id| id.as_str()).collect(),
        Node::Str(id) => vec![id],
        _ => Vec::new(),
    };
    if let Some(list) = release_list(members) {
        list.retain(|own| own.get("id").and_then(|id| id.as_str()).is_none_or(|id| !gone.contains(&id)));
    }
}

fn release_list<'v, 'd>(members: &'v mut Vec<Member<'d>>) -> Option<&'v mut Vec<Node<'d>>> {
    let index = index_of(members, "releases", || Node::List(Vec::new()));
    match members.get_mut(index) {
        Some((_, Node::List(list))) => Some(list),
        _ => None,
    }
}
