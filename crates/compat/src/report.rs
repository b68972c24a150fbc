//! The report of an import: what is not exact, item by item, and the counts.
//!
//! An entity is *exact* if every context gives the same result as the foreign evaluation of the same user, provided that
//! the context spells each attribute as the snapshot does and gives it a value of the type that the foreign operator asks
//! for (a string for text, list membership, version and pattern; a number for comparison; a list for `array_*`).
//! INVARIANT: an entity is exact iff none of its items has an effect that [`Effect::breaks_exactness`].

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// What the payload calls the thing that an item is about.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Entity {
    /// A multi-armed bandit.
    Autotune,
    /// A dynamic config.
    Config,
    /// An experiment.
    Experiment,
    /// A feature gate.
    Gate,
    /// A holdout.
    Holdout,
    /// A layer.
    Layer,
    /// The payload itself.
    Payload,
    /// A segment.
    Segment,
}

impl Entity {
    /// Its name, as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Autotune => "autotune",
            Self::Config => "config",
            Self::Experiment => "experiment",
            Self::Gate => "gate",
            Self::Holdout => "holdout",
            Self::Layer => "layer",
            Self::Payload => "payload",
            Self::Segment => "segment",
        }
    }
}

/// What an item means for decisions.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Some context gets another result, whatever the caller does.
    Differs,
    /// The same result only if the caller supplies what the foreign SDK derives or downloads by itself.
    NeedsData,
    /// It is not in the snapshot.
    NotImported,
    /// No decision differs; worth knowing.
    None,
    /// Only a context whose attribute has another type than the operator asks for gets another result.
    OtherTypes,
}

impl Effect {
    /// Whether an entity with such an item is not exact.
    #[must_use]
    pub const fn breaks_exactness(self) -> bool {
        matches!(self, Self::Differs | Self::NeedsData | Self::NotImported)
    }

    /// Its name, as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Differs => "differs",
            Self::NeedsData => "needs_data",
            Self::NotImported => "not_imported",
            Self::None => "none",
            Self::OtherTypes => "other_types",
        }
    }
}

macro_rules! kinds {
    ($($name:ident $text:literal $effect:ident $meaning:literal;)*) => {
        /// What kind of thing an item reports; the texts are stable.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        #[non_exhaustive]
        pub enum Kind {
            $(#[doc = $meaning] #[serde(rename = $text)] $name,)*
        }

        impl Kind {
            /// All kinds.
            #[must_use]
            pub const fn all() -> &'static [Self] {
                &[$(Self::$name),*]
            }

            /// The stable id.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What it means for decisions.
            #[must_use]
            pub const fn effect(self) -> Effect {
                match self { $(Self::$name => Effect::$effect,)* }
            }

            /// What it means, in one line.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)* }
            }
        }
    };
}

kinds! {
    AttributeCollision "attribute_collision" Differs "two things that the foreign user keeps apart are one attribute here";
    BucketingDiffers "bucketing_differs" Differs "the share is the same, the units in it are others, as hashing differs";
    CaseFolding "case_folding" Differs "a final sigma folds differently";
    Cmab "cmab" Differs "a contextual bandit is served by its rules only";
    DelegateOverride "delegate_override" Differs "an override of a delegated experiment is not seen through the layer";
    DerivedAttribute "derived_attribute" NeedsData "the foreign SDK derives the attribute; here the caller gives it";
    DisabledWithRules "disabled_with_rules" None "a disabled definition keeps its rules, which are evaluated nevertheless";
    ExperimentGroup "experiment_group" Differs "a test for an experiment's group is not exact";
    FieldAlias "field_alias" None "an alias of a top-level field is an attribute of its own";
    FieldNameCase "field_name_case" None "the attribute must be spelt as here; the foreign SDK also takes it in lower case";
    GateDelegate "gate_delegate" Differs "a gate delegates to an experiment, which is ignored";
    IdList "id_list" NeedsData "an id list is not part of the payload; it is taken as empty";
    Inactive "inactive" None "an experiment that is not active; its rules are imported as they are served";
    InexactReference "inexact_reference" Differs "something that it refers to is not exact";
    InvalidName "invalid_name" NotImported "a name is empty or longer than a key may be";
    InvalidSpec "invalid_spec" NotImported "a definition is malformed; the foreign SDK drops it, too";
    LimitExceeded "limit_exceeded" Differs "a definition exceeds a limit; only its default is imported";
    ListEquality "list_equality" Differs "equality with a list or object has no native operator";
    MissingDelegate "missing_delegate" None "a delegate does not exist; the rule serves its own value, as in the foreign SDK";
    MissingGate "missing_gate" None "a gate or experiment does not exist; the test counts as failed, as in the foreign SDK";
    MissingUnit "missing_unit" Differs "a missing unit is bucketed as the empty text there, and in no bucket here";
    MissingOverride "missing_override" None "an override names nothing that can be served; it is passed over, as in the foreign SDK";
    NewLayerEval "new_layer_eval" Differs "parameters of several rules are merged there; here the first rule decides";
    NumberPrecision "number_precision" Differs "numbers of 2^53 and more are compared as doubles there, exactly here";
    OverrideNotImported "override_not_imported" Differs "a mapping to another definition cannot be a release";
    OverrideRelease "override_release" None "a mapping to another definition is a release";
    PayloadField "payload_field" NotImported "a field of the payload is not read";
    ReferenceCycle "reference_cycle" Differs "references form a cycle; the reference counts as failed";
    ReferenceTooDeep "reference_too_deep" Differs "a chain of references is too long; the reference counts as failed";
    RegexSyntax "regex_syntax" Differs "a pattern is not in the syntax that is surely valid; it never matches";
    Renamed "renamed" None "the key is taken, so the feature has another";
    TargetApp "target_app" NeedsData "the foreign SDK knows its app; here it is an attribute";
    TargetApps "target_apps" None "the list of apps filters what clients download; it is not imported";
    TextAsNumber "text_as_number" OtherTypes "a string that reads as a number is compared as one there";
    TimestampText "timestamp_text" Differs "other texts are read as instants there";
    UnknownEntity "unknown_entity" None "the entity is not known; it is imported by the map that it is in";
    UnsupportedCondition "unsupported_condition" Differs "the condition is not supported; evaluation ends there";
    UnsupportedOperand "unsupported_operand" Differs "an operator with such an operand or on such a condition is not expressed";
    ValueAsText "value_as_text" OtherTypes "a number, boolean or list is compared as its text there";
    VersionSyntax "version_syntax" Differs "texts that are barely versions are read otherwise";
}

/// One thing that is not exact, not imported, or worth knowing.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Item {
    /// What the thing is.
    pub entity: Entity,
    /// Its name in the payload.
    pub name: String,
    /// Where in the payload (RFC 6901).
    pub pointer: String,
    /// What kind of thing is reported.
    pub kind: Kind,
    /// What is reported.
    pub message: String,
    /// What it means for decisions.
    pub effect: Effect,
}

impl Item {
    pub(crate) fn new(entity: Entity, name: &str, pointer: &str, kind: Kind, message: String) -> Self {
        Self {
            entity,
            name: name.to_owned(),
            pointer: pointer.to_owned(),
            kind,
            message,
            effect: kind.effect(),
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { entity, name, pointer, kind, message, effect } = self;
        write!(
            f,
            "{} `{name}`: {} ({}): {message} at {pointer}",
            entity.as_str(),
            kind.as_str(),
            effect.as_str()
        )
    }
}

/// What became of an entity.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// In the snapshot; every decision is the same.
    Exact,
    /// In the snapshot; its items say what differs.
    Inexact,
    /// Not in the snapshot; its items say why.
    NotImported,
}

/// An entity and what became of it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Imported {
    /// What it is.
    pub entity: Entity,
    /// Its name in the payload.
    pub name: String,
    /// The feature's key in the snapshot, if it is there.
    pub key: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
}

impl Imported {
    pub(crate) fn new(entity: Entity, name: String, key: Option<String>, outcome: Outcome) -> Self {
        Self { entity, name, key, outcome }
    }
}

/// How many entities of a kind.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Counts {
    /// In the snapshot.
    pub imported: usize,
    /// Of these, exact.
    pub exact: usize,
    /// Of these, not exact.
    pub inexact: usize,
    /// Not in the snapshot.
    pub not_imported: usize,
}

/// The counts of a report.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// Entities by kind of entity.
    pub entities: BTreeMap<Entity, Counts>,
    /// Items by kind of item.
    pub items: BTreeMap<Kind, usize>,
}

/// What an import did.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// The counts.
    pub summary: Summary,
    /// Every entity of the payload.
    pub entities: Vec<Imported>,
    /// Every item, by entity in the order of `entities`; last those of the payload itself.
    pub items: Vec<Item>,
}

impl Report {
    pub(crate) fn new(entities: Vec<Imported>, items: Vec<Item>) -> Self {
        let mut summary = Summary::default();
        for entity in &entities {
            let counts = summary.entities.entry(entity.entity).or_default();
            match entity.outcome {
                Outcome::Exact => counts.exact = counts.exact.saturating_add(1),
                Outcome::Inexact => counts.inexact = counts.inexact.saturating_add(1),
                Outcome::NotImported => counts.not_imported = counts.not_imported.saturating_add(1),
            }
            counts.imported = counts.exact.saturating_add(counts.inexact);
        }
        for item in &items {
            let count = summary.items.entry(item.kind).or_default();
            *count = count.saturating_add(1);
        }
        Self { summary, entities, items }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (entity, counts) in &self.summary.entities {
            let Counts { imported, exact, inexact, not_imported } = counts;
            let name = entity.as_str();
            writeln!(
                f,
                "{name}: {imported} imported ({exact} exact, {inexact} inexact), {not_imported} not imported"
            )?;
        }
        for (kind, count) in &self.summary.items {
            writeln!(f, "{} ({}): {count}, {}", kind.as_str(), kind.effect().as_str(), kind.meaning())?;
        }
        self.items.iter().try_for_each(|item| writeln!(f, "{item}"))
    }
}
