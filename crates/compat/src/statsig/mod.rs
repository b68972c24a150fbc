//! Statsig's `dcs-v2` payloads (what `/v2/download_config_specs` gives a server SDK) as documents of ours.
//!
//! ```text
//!  payload ─▶ Payload (read leniently) ─▶ keys, Graph (what may refer to what)
//!                                           │  for each definition a Scope
//!                                           ▼
//!        features, segments, releases, items ─▶ what is inexact by reference ─▶ snapshot + Report
//! ```
//! Gates, holdouts and segments become features of kind `gate` (a segment of ours cannot be negated exactly), experiments
//! features of kind `experiment`, dynamic configs, autotunes and layers features of kind `config`; the rules of a layer's
//! experiments are put in place. A context names attributes as the payload does: `userID`, `companyID`, `email`, …; the
//! environment's tier is the attribute `environment`. What Statsig looks up in several places (custom, global and private
//! fields, the environment of the user or of the options) is one attribute here, which the caller resolves.
//! INVARIANT: the snapshot is valid in strict mode, whatever the payload.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use thiserror::Error;

use self::graph::Graph;
use self::payload::{Mapping, Payload, Space};
use self::scope::{LONGEST_KEY, Origin, Reference, Scope, Shared};
use crate::report::{Imported, Item, Kind, Outcome, Report};

mod condition;
mod graph;
mod leftover;
mod logic;
mod number;
mod operator;
mod pattern;
mod payload;
mod release;
mod scope;
mod spec;
mod variant;

#[cfg(test)]
mod tests;

/// An imported payload.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Import {
    /// The document, valid in strict mode.
    pub snapshot: Value,
    /// What is not exact or not imported.
    pub report: Report,
}

/// Why a payload cannot be imported at all.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ImportError {
    /// A required field is missing.
    #[error("expected the field `{field}`, found none")]
    MissingField {
        /// The field.
        field: &'static str,
    },
    /// The payload is not an object.
    #[error("expected an object")]
    NotAnObject,
    /// The payload is of another format.
    #[error("expected the `response_format` \"dcs-v2\", found `{found}`")]
    ResponseFormat {
        /// What it says.
        found: String,
    },
    /// A field is not an object.
    #[error("expected `{field}` to be an object")]
    WrongType {
        /// The field.
        field: &'static str,
    },
}

/// Imports a `dcs-v2` payload.
///
/// # Errors
/// If the payload is not of that format. A definition that is malformed is not an error: it is reported.
///
/// # Examples
/// ```
/// let payload = serde_json::json!({
///     "response_format": "dcs-v2", "time": 7, "dynamic_configs": {}, "layer_configs": {},
///     "condition_map": { "c": { "type": "user_field", "field": "email", "operator": "any", "targetValue": ["a@b.c"], "idType": "userID" } },
///     "feature_gates": { "new_ui": {
///         "type": "feature_gate", "entity": "feature_gate", "salt": "s", "enabled": true, "defaultValue": false, "idType": "userID",
///         "rules": [{ "id": "r", "passPercentage": 100, "conditions": ["c"], "returnValue": true, "idType": "userID" }]
///     } }
/// });
/// let import = tidegate_compat::statsig::import(&payload)?;
/// assert_eq!(import.snapshot["features"]["new_ui"]["kind"], "gate");
/// assert!(import.report.items.is_empty());
/// # Ok::<(), tidegate_compat::statsig::ImportError>(())
/// ```
pub fn import(payload: &Value) -> Result<Import, ImportError> {
    let payload = Payload::parse(payload)?;
    let graph = Graph::of(&payload);
    let keys = keys(&payload);
    let shared = Shared { payload, graph, keys };
    let mut output = Output::default();
    let overrides: BTreeMap<&str, Vec<Mapping<'_>>> = shared.payload.overrides().into_iter().collect();
    for (node, spec) in shared.payload.definitions() {
        let (space, name) = node;
        let spec = match spec {
            Ok(spec) => spec,
            Err(malformed) => {
                let pointer = &malformed.pointer;
                let message = malformed.message.clone();
                output.drop_entity(Item::new(malformed.entity, name, pointer, Kind::InvalidSpec, message));
                continue;
            }
        };
        let Some(key) = shared.keys.get(&node) else {
            let message = format!("the name is empty or longer than {LONGEST_KEY} bytes");
            output.drop_entity(Item::new(spec.entity, name, &spec.pointer, Kind::InvalidName, message));
            continue;
        };
        let mut scope = Scope::new(&shared, spec.entity, node);
        if key != name {
            scope.note(
                Kind::Renamed,
                &spec.pointer,
                format!("the name is taken; the feature's key is `{key}`"),
            );
        }
        output.features.insert(key.clone(), scope.feature(spec));
        let mappings = overrides.get(name).map(Vec::as_slice).unwrap_or_default();
        output.releases.extend(scope.release(key, space, Some(spec), mappings));
        output.take(key, scope);
    }
    create(&shared, &overrides, &mut output);
    output.note_collisions();
    output.note_references();
    Ok(output.finish(&shared.payload))
}

/// A key for each definition; a name that another map has taken is prefixed.
fn keys<'p>(payload: &Payload<'p>) -> BTreeMap<(Space, &'p str), String> {
    let mut keys = BTreeMap::new();
    let mut taken = BTreeSet::new();
    let names = payload.definitions().filter(|(_, spec)| spec.is_ok()).map(|(node, _)| node);
    let created = payload.overrides().into_iter().flat_map(|(name, mappings)| {
        let led =
            move |space: &Space| mappings.iter().any(|mapping| payload.spec(*space, mapping.new).is_some());
        Space::ALL.into_iter().filter(led).map(move |space| (space, name)).collect::<Vec<_>>()
    });
    for (space, name) in names.chain(created) {
        let prefixed = format!("{}{name}", space.prefix());
        let key = if taken.contains(name) { prefixed } else { name.to_owned() };
        let known = keys.contains_key(&(space, name));
        if !known && !key.is_empty() && key.len() <= LONGEST_KEY && taken.insert(key.clone()) {
            keys.insert((space, name), key);
        }
    }
    keys
}

/// The features that only overrides create.
fn create<'p>(shared: &Shared<'p>, overrides: &BTreeMap<&'p str, Vec<Mapping<'p>>>, output: &mut Output) {
    for (name, mappings) in overrides {
        for space in Space::ALL {
            let first = mappings.iter().find_map(|mapping| shared.payload.spec(space, mapping.new));
            let (Some(first), Some(key)) = (first, shared.keys.get(&(space, *name))) else { continue };
            if output.features.contains_key(key) {
                continue;
            }
            let mut scope = Scope::new(shared, first.entity, (space, name));
            output.releases.extend(scope.release(key, space, None, mappings));
            output.take(key, scope);
        }
    }
}

/// An entity whose conversion is done.
#[derive(Debug)]
struct Done {
    name: String,
    entity: crate::report::Entity,
    key: Option<String>,
    items: Vec<Item>,
    references: Vec<Reference>,
    uses: BTreeMap<(String, Origin), String>,
}

impl Done {
    fn is_exact(&self) -> bool {
        !self.items.iter().any(|item| item.effect.breaks_exactness())
    }
}

#[derive(Debug, Default)]
struct Output {
    features: Map<String, Value>,
    segments: BTreeMap<String, Value>,
    releases: Vec<Value>,
    done: Vec<Done>,
}

impl Output {
    fn take(&mut self, key: &str, scope: Scope<'_, '_>) {
        let Scope { entity, node, items, references, uses, segments, .. } = scope;
        self.segments.extend(segments);
        self.done.push(Done {
            name: node.1.to_owned(),
            entity,
            key: Some(key.to_owned()),
            items,
            references,
            uses,
        });
    }

    fn drop_entity(&mut self, item: Item) {
        let (name, entity) = (item.name.clone(), item.entity);
        let nothing = (Vec::new(), BTreeMap::new());
        self.done.push(Done {
            name,
            entity,
            key: None,
            items: vec![item],
            references: nothing.0,
            uses: nothing.1,
        });
    }

    /// Reports attributes that stand for two things.
    fn note_collisions(&mut self) {
        let mut origins: BTreeMap<String, BTreeSet<Origin>> = BTreeMap::new();
        for (attribute, origin) in self.done.iter().flat_map(|done| done.uses.keys()) {
            origins.entry(attribute.clone()).or_default().insert(*origin);
        }
        for done in &mut self.done {
            for ((attribute, _), pointer) in &done.uses {
                if origins.get(attribute).is_some_and(|origins| origins.len() > 1) {
                    let message =
                        format!("`{attribute}` is both a field and an id, an environment or the app there");
                    done.items.push(Item::new(
                        done.entity,
                        &done.name,
                        pointer,
                        Kind::AttributeCollision,
                        message,
                    ));
                }
            }
        }
    }

    /// Reports references to what is not exact, until no more entity becomes so.
    fn note_references(&mut self) {
        let mut inexact: BTreeSet<String> = BTreeSet::new();
        loop {
            let more: Vec<String> = self
                .done
                .iter()
                .filter(|done| !done.is_exact() || done.references.iter().any(|to| inexact.contains(&to.key)))
                .filter_map(|done| done.key.clone())
                .filter(|key| !inexact.contains(key))
                .collect();
            if more.is_empty() {
                break;
            }
            inexact.extend(more);
        }
        for done in &mut self.done {
            for Reference { key, pointer } in done.references.iter().filter(|to| inexact.contains(&to.key)) {
                let message = format!("`{key}`, which it refers to, is not exact");
                let item = Item::new(done.entity, &done.name, pointer, Kind::InexactReference, message);
                if !done.items.contains(&item) {
                    done.items.push(item);
                }
            }
        }
    }

    fn finish(self, payload: &Payload<'_>) -> Import {
        let mut attributes = Map::new();
        if self
            .done
            .iter()
            .any(|done| done.uses.contains_key(&("environment".to_owned(), Origin::Environment)))
        {
            attributes.insert("environment".to_owned(), json!({ "type": "string", "process": true }));
        }
        let mut entities = Vec::new();
        let mut items = Vec::new();
        for done in self.done {
            let outcome = match done.key {
                None => Outcome::NotImported,
                Some(_) if done.is_exact() => Outcome::Exact,
                Some(_) => Outcome::Inexact,
            };
            entities.push(Imported::new(done.entity, done.name, done.key, outcome));
            items.extend(done.items);
        }
        items.extend(leftover::items(payload));
        let version = payload.root.get("time").and_then(Value::as_u64).unwrap_or(0);
        let snapshot = json!({
            "schema_version": 1,
            "version": version,
            "description": "imported from a Statsig dcs-v2 payload",
            "attributes": attributes,
            "segments": self.segments,
            "features": self.features,
            "releases": self.releases,
        });
        Import { snapshot, report: Report::new(entities, items) }
    }
}
