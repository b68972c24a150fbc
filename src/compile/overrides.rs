//! Local overrides: a small chunk in front of the features that have some, so that the others pay nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::builder::Builder;
use crate::bucket::unit_hash;
use crate::context::Attributes;
use crate::model::Key;
use crate::program::{Entry, FeatureMeta, Fork, Inst, Names, Program, Reason, Served};
use crate::value::Value;

/// What an override serves.
#[derive(Clone, Debug, PartialEq)]
pub enum Serves {
    /// A variant of the feature; while it has none of that name, the override does not count.
    Variant(Key),
    /// A value of the host's.
    Value(Value),
}

/// The overrides of one feature.
#[derive(Clone, Debug, Default)]
pub struct FeatureOverrides {
    /// For everyone.
    pub everyone: Option<Serves>,
    /// By unit attribute and unit.
    pub units: BTreeMap<(Key, Key), Serves>,
}

impl FeatureOverrides {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.everyone.is_none() && self.units.is_empty()
    }
}

/// The program with overrides in front.
pub(crate) fn with_overrides(
    program: &Arc<Program>,
    names: Arc<Names>,
    overrides: &BTreeMap<Key, FeatureOverrides>,
    attributes: &Attributes,
) -> Arc<Program> {
    if overrides.is_empty() && Arc::ptr_eq(&names, &program.names) {
        return Arc::clone(program);
    }
    let mut copy = Program::clone(program);
    let mut features = program.features.to_vec();
    features.resize(names.len().max(features.len()), Entry::ABSENT);
    let chunk = program.chunks.len() as u32;
    let mut builder = Builder::default();
    for (key, list) in overrides {
        let Some(number) = names.find(key) else { continue };
        let Some(entry) = features.get_mut(number as usize) else { continue };
        let pc = write(&mut builder, program, key, *entry, list, attributes);
        *entry = Entry { chunk, pc };
    }
    copy.features = features.into();
    copy.names = names;
    copy.chunks.push(Arc::new(builder.build()));
    Arc::new(copy)
}

fn write(
    builder: &mut Builder,
    program: &Program,
    key: &Key,
    entry: Entry,
    overrides: &FeatureOverrides,
    attributes: &Attributes,
) -> u32 {
    let mut label = builder.push(Inst::Goto { chunk: entry.chunk, pc: entry.pc });
    if let Some(end) = overrides.everyone.as_ref().and_then(|serves| end(builder, program, key, serves)) {
        label = end;
    }
    for ((attribute, unit), serves) in &overrides.units {
        let (Some(slot), Some(then)) = (attributes.declare(attribute), end(builder, program, key, serves))
        else {
            continue;
        };
        let text = builder.text(unit);
        let fork = Fork { slot, negated: false, then, or: label };
        label = builder.push(Inst::Unit { fork, unit: unit_hash(unit.as_bytes()), text });
    }
    builder.finish(label)
}

fn end(builder: &mut Builder, program: &Program, key: &Key, serves: &Serves) -> Option<u32> {
    let (name, value) = match serves {
        Serves::Value(value) => (Key::from("override"), value.clone()),
        Serves::Variant(variant) => (Key::clone(variant), variant_value(program, key, variant)?),
    };
    let on = value == Value::Bool(true);
    let variants = Arc::new([(name, value)]);
    let meta = builder.meta(FeatureMeta {
        key: Key::clone(key),
        variants,
        rules: Box::default(),
        counter: 0,
        attributions: (0, 0),
    });
    let (a, b) =
        Served { reason: Reason::Override, variant: Some(0), rule: None, on, meta, counter: 0 }.pack();
    Some(builder.push(Inst::Return { a, b, attribution: 0 }))
}

/// The value of a feature's variant.
pub(crate) fn variant_value(program: &Program, key: &str, variant: &str) -> Option<Value> {
    let entry = program.entry(program.feature(key)?);
    let meta = program.chunks.get(entry.chunk as usize)?.metas.iter().find(|meta| *meta.key == *key)?;
    meta.variants.iter().find(|(name, _)| **name == *variant).map(|(_, value)| value.clone())
}
