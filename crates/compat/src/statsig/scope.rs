//! The conversion of one entity: what it reads of the import, and what it collects.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::graph::Graph;
use super::payload::{Payload, Space};
use crate::report::{Entity, Item, Kind};

/// The longest key (SEMANTICS 9.7).
pub(super) const LONGEST_KEY: usize = 256;

/// What the conversions of all entities share.
#[derive(Debug)]
pub(super) struct Shared<'p> {
    pub(super) payload: Payload<'p>,
    pub(super) graph: Graph<'p>,
    /// The feature keys of what is imported.
    pub(super) keys: BTreeMap<(Space, &'p str), String>,
}

/// Where Statsig keeps what an attribute stands for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Origin {
    App,
    Environment,
    Field,
    Unit,
}

/// A reference to another entity's feature.
#[derive(Debug)]
pub(super) struct Reference {
    pub(super) key: String,
    pub(super) pointer: String,
}

/// The conversion of one entity.
#[derive(Debug)]
pub(super) struct Scope<'s, 'p> {
    pub(super) shared: &'s Shared<'p>,
    pub(super) entity: Entity,
    pub(super) node: (Space, &'p str),
    pub(super) items: Vec<Item>,
    pub(super) references: Vec<Reference>,
    pub(super) uses: BTreeMap<(String, Origin), String>,
    pub(super) segments: BTreeMap<String, Value>,
    spelt: BTreeSet<String>,
}

impl<'s, 'p> Scope<'s, 'p> {
    pub(super) fn new(shared: &'s Shared<'p>, entity: Entity, node: (Space, &'p str)) -> Self {
        Self {
            shared,
            entity,
            node,
            items: Vec::new(),
            references: Vec::new(),
            uses: BTreeMap::new(),
            segments: BTreeMap::new(),
            spelt: BTreeSet::new(),
        }
    }

    /// Reports something, once.
    pub(super) fn note(&mut self, kind: Kind, pointer: &str, message: impl Into<String>) {
        let item = Item::new(self.entity, self.node.1, pointer, kind, message.into());
        if !self.items.contains(&item) {
            self.items.push(item);
        }
    }

    /// Records that an attribute is read.
    pub(super) fn read(&mut self, attribute: &str, origin: Origin, pointer: &str) {
        self.uses.entry((attribute.to_owned(), origin)).or_insert_with(|| pointer.to_owned());
        let folds = attribute != "userID" && matches!(origin, Origin::Field | Origin::Unit);
        if folds && attribute.to_lowercase() != attribute && self.spelt.insert(attribute.to_owned()) {
            let message = format!(
                "the attribute must be spelt `{attribute}`; `{}` is taken, too, there",
                attribute.to_lowercase()
            );
            self.note(Kind::FieldNameCase, pointer, message);
        }
    }

    /// The attribute of an id type.
    pub(super) fn unit(&mut self, id_type: &str, pointer: &str) -> String {
        if id_type.is_empty() || id_type.len() > LONGEST_KEY {
            self.note(
                Kind::UnsupportedOperand,
                pointer,
                format!("the id type `{id_type}` is no attribute; `userID` is taken"),
            );
            return "userID".to_owned();
        }
        let user = id_type.eq_ignore_ascii_case("userID");
        let unit = if user { "userID" } else { id_type };
        self.read(unit, if user { Origin::Field } else { Origin::Unit }, pointer);
        unit.to_owned()
    }

    /// Reports that a share is of other units.
    pub(super) fn note_bucketing(&mut self, unit: &str, pointer: &str) {
        self.note(
            Kind::BucketingDiffers,
            pointer,
            format!("the share of `{unit}` is kept; which units are in it differs, as SHA-256 is not the native hash"),
        );
        self.note(
            Kind::MissingUnit,
            pointer,
            format!("without `{unit}` the empty text is bucketed there, and a boolean, list or fraction as its text; here neither is in a bucket"),
        );
    }
}
