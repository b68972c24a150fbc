//! Definitions of features straight from serde_json's stream: no tree is made of them, which would cost more than all the rest.
//!
//! ```text
//!  {"version": 7, "features": {"a": {"kind": …, "rules": [{"if": {…}, …}]}}, "releases": […]}
//!    └── rest, a tree           └── read as they come: rules, conditions and ──┘  └── rest
//!                                   tests; small things in them are trees
//! ```
//! Only for what is in order. At anything else, even a warning, reading ends with nothing, and the document is decoded from its
//! tree, which says what is wrong and where: so no place is kept here. What definitions are checked against must come before
//! them, but for exclusion groups, which [`Decoder::add_read`] checks.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::definition::ReadRule;
use super::fields::{Decoder, Fields};
use super::path::Path;
use super::{Bases, Mode};
use crate::model::{Condition, Feature, Key, Op, Otherwise, Rule, limits};
use crate::value::{Any, Borrowed, FEATURES, KeyedSet, Member, Node, Tree, Walk, reader};

/// A document whose features were read from the stream.
pub(crate) struct Read<'d> {
    /// All but the features.
    pub(crate) rest: Node<'d>,
    /// The features in document order; of distinct keys.
    pub(crate) features: Vec<ReadFeature<'d>>,
    pub(super) decoder: Decoder,
}

/// A definition that was read.
pub(crate) struct ReadFeature<'d> {
    /// As it is written.
    pub(crate) key: Cow<'d, str>,
    /// The hash that the tree of it would have, [`Node::structural_hash`].
    pub(crate) hash: u128,
    /// Whether it refers to a segment or a feature, or is in an exclusion group.
    pub(crate) refers: bool,
    /// The key, held once.
    pub(crate) name: Key,
    pub(super) feature: Arc<Feature>,
}

/// Reads a document, if all of it that is read here is in order.
pub(crate) fn read(document: &[u8], mode: Mode) -> Option<Read<'_>> {
    let mut decoder = Decoder::new(mode);
    decoder.has_groups = false;
    let mut stream =
        Stream { tree: Tree::below(1), walk: Walk::default(), rest: Vec::new(), decoder, refers: false };
    let mut reader = reader(document)?;
    let features = reader.deserialize_map(Top(&mut stream)).ok()?;
    reader.end().ok()?;
    let Stream { tree, rest, decoder, .. } = stream;
    let mut keys = KeyedSet::default();
    let distinct = rest.iter().all(|(key, _)| keys.insert(&**key));
    (distinct && !tree.has_duplicates()).then(|| Read { rest: Node::Object(rest), features, decoder })
}

impl Decoder {
    /// Adds a definition that was read, checked against its exclusion group.
    pub(super) fn add_read(&mut self, read: ReadFeature<'_>, bases: &mut Bases<'_>, path: &Path<'_>) {
        if let Some(group) = &read.feature.exclusion_group {
            self.check_group(&read.name, group, &path.key(&read.key).key("exclusion_group"));
        }
        bases.features.insert(read.name, read.feature);
    }
}

/// What is carried along.
struct Stream<'d> {
    /// Counts the levels, and makes the trees of what is not read here.
    tree: Tree<'d>,
    /// What will be hashed of the definition that is read.
    walk: Walk,
    rest: Vec<Member<'d>>,
    decoder: Decoder,
    refers: bool,
}

/// There is something else: see above.
fn other<E: Error>() -> E {
    E::custom("not in order")
}

impl<'d> Stream<'d> {
    /// What definitions are checked against.
    fn check_against(&mut self) -> bool {
        let root = Path::ROOT;
        let find =
            |name: &str| self.rest.iter().find(|(key, _)| **key == *name).map(|(_, node)| node.clone());
        let (environments, attributes) = (find("environments"), find("attributes"));
        if let Some(value) = environments {
            drop(self.decoder.environments(value, &root));
        }
        if let Some(value) = attributes {
            self.decoder.attributes(value, &root);
        }
        self.decoder.is_content()
    }

    /// A member that is not read here.
    fn member<A: MapAccess<'d>>(
        &mut self,
        key: Cow<'d, str>,
        map: &mut A,
        members: &mut Vec<Member<'d>>,
    ) -> Result<(), A::Error> {
        if members.iter().any(|(other, _)| *other == key) {
            return Err(other());
        }
        let node = map.next_value_seed(Any { tree: &mut self.tree })?;
        self.walk.node(&node);
        members.push((key, node));
        Ok(())
    }

    fn text<A: MapAccess<'d>>(&mut self, map: &mut A) -> Result<Cow<'d, str>, A::Error> {
        let text = map.next_value_seed(Borrowed)?;
        self.walk.text(&text);
        Ok(text)
    }
}

/// The seed of what is made of one object or list.
macro_rules! seed {
    ($name:ident, $deserialize:ident, $value:ty) => {
        impl<'d> DeserializeSeed<'d> for $name<'_, 'd> {
            type Value = $value;

            fn deserialize<D: Deserializer<'d>>(self, de: D) -> Result<Self::Value, D::Error> {
                de.$deserialize(self)
            }
        }
    };
}
macro_rules! expecting {
    ($expected:literal) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str($expected)
        }
    };
}

/// The document.
struct Top<'s, 'd>(&'s mut Stream<'d>);

impl<'d> Visitor<'d> for Top<'_, 'd> {
    type Value = Vec<ReadFeature<'d>>;

    expecting!("an object");

    fn visit_map<A: MapAccess<'d>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let stream = self.0;
        let mut features = None;
        while let Some(key) = map.next_key_seed(Borrowed)? {
            if key == FEATURES {
                if features.is_some() || !stream.check_against() {
                    return Err(other());
                }
                features = Some(map.next_value_seed(Features(stream))?);
            } else {
                if features.is_some() && matches!(&*key, "attributes" | "environments") {
                    return Err(other());
                }
                let node = map.next_value_seed(Any { tree: &mut stream.tree })?;
                stream.rest.push((key, node));
            }
        }
        features.ok_or_else(other)
    }
}

/// All features.
struct Features<'s, 'd>(&'s mut Stream<'d>);
seed!(Features, deserialize_map, Vec<ReadFeature<'d>>);

impl<'d> Visitor<'d> for Features<'_, 'd> {
    type Value = Vec<ReadFeature<'d>>;

    expecting!("an object");

    fn visit_map<A: MapAccess<'d>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let stream = self.0;
        stream.tree.enter()?;
        let mut names = KeyedSet::default();
        let mut features = Vec::new();
        while let Some(key) = map.next_key_seed(Borrowed)? {
            let name = stream.decoder.name(&key, &Path::ROOT).ok_or_else(other)?;
            if !names.insert(Key::clone(&name)) {
                return Err(other());
            }
            stream.refers = false;
            let feature = map.next_value_seed(Definition(stream, &name))?;
            if !stream.decoder.is_content() {
                return Err(other());
            }
            let refers = stream.refers || feature.exclusion_group.is_some() || blocks_refer(&feature);
            features.push(ReadFeature { key, hash: stream.walk.finish(), refers, name, feature });
        }
        stream.tree.leave();
        Ok(features)
    }
}

/// A feature, and its key.
struct Definition<'s, 'd>(&'s mut Stream<'d>, &'s str);
seed!(Definition, deserialize_map, Arc<Feature>);

impl<'d> Visitor<'d> for Definition<'_, 'd> {
    type Value = Arc<Feature>;

    expecting!("an object");

    fn visit_map<A: MapAccess<'d>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let Self(stream, name) = self;
        stream.tree.enter()?;
        let opened = stream.walk.object();
        let mut members = Vec::with_capacity(4);
        let mut rules = None;
        while let Some(key) = map.next_key_seed(Borrowed)? {
            stream.walk.text(&key);
            if key == "rules" {
                if rules.is_some() {
                    return Err(other());
                }
                rules = Some(map.next_value_seed(Rules(stream))?);
            } else {
                stream.member(key, &mut map, &mut members)?;
            }
        }
        stream.walk.close(opened, members.len() + usize::from(rules.is_some()));
        stream.tree.leave();
        let rules = Some(rules.unwrap_or_default());
        stream.decoder.feature_of(name, Fields::from(members), rules, &Path::ROOT).ok_or_else(other)
    }
}

/// A list of rules.
struct Rules<'s, 'd>(&'s mut Stream<'d>);
seed!(Rules, deserialize_seq, Vec<ReadRule<'d>>);

impl<'d> Visitor<'d> for Rules<'_, 'd> {
    type Value = Vec<ReadRule<'d>>;

    expecting!("a list");

    fn visit_seq<A: SeqAccess<'d>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let stream = self.0;
        stream.tree.enter()?;
        let opened = stream.walk.list();
        let mut rules = Vec::with_capacity(4);
        while let Some(rule) = seq.next_element_seed(OneRule(stream))? {
            if rules.len() == limits::RULES {
                return Err(other());
            }
            rules.push(rule);
        }
        stream.walk.close(opened, rules.len());
        stream.tree.leave();
        Ok(rules)
    }
}

/// A rule.
struct OneRule<'s, 'd>(&'s mut Stream<'d>);
seed!(OneRule, deserialize_map, ReadRule<'d>);

impl<'d> Visitor<'d> for OneRule<'_, 'd> {
    type Value = ReadRule<'d>;

    expecting!("an object");

    fn visit_map<A: MapAccess<'d>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let stream = self.0;
        stream.tree.enter()?;
        let opened = stream.walk.object();
        let mut count = 0;
        let (mut id, mut variant) = (None, None);
        let mut condition = None;
        let mut members = Vec::new();
        while let Some(key) = map.next_key_seed(Borrowed)? {
            stream.walk.text(&key);
            count += 1;
            match &*key {
                "id" if id.is_none() => id = Some(stream.text(&mut map)?),
                "variant" if variant.is_none() => variant = Some(stream.text(&mut map)?),
                "if" if condition.is_none() => condition = Some(map.next_value_seed(If(stream, 1))?),
                _ => stream.member(key, &mut map, &mut members)?,
            }
        }
        stream.walk.close(opened, count);
        stream.tree.leave();
        let (Some(id), decoder) = (id, &mut stream.decoder) else { return Err(other()) };
        let is_usual = matches!(&*members, []) || matches!(&*members, [(key, _)] if key == "rollout");
        match variant {
            Some(variant) if is_usual => {
                let mut name = |text: &str| decoder.name(text, &Path::ROOT).ok_or_else(other);
                let (id, variant) = (name(&id)?, Some(name(&variant)?));
                let rollout = match members.pop() {
                    Some((_, node)) => Some(decoder.rollout(node, &Path::ROOT).ok_or_else(other)?),
                    None => None,
                };
                let (description, split, otherwise) = (None, None, Otherwise::default());
                Ok(ReadRule::Whole(Rule { id, description, condition, rollout, variant, split, otherwise }))
            }
            variant => {
                let texts = [("id", Some(id)), ("variant", variant)];
                members
                    .extend(texts.into_iter().filter_map(|(key, text)| Some((key.into(), Node::Str(text?)))));
                Ok(ReadRule::Parts(condition, Fields::from(members)))
            }
        }
    }
}

/// A condition at a level.
struct If<'s, 'd>(&'s mut Stream<'d>, usize);
seed!(If, deserialize_map, Condition);

impl<'d> Visitor<'d> for If<'_, 'd> {
    type Value = Condition;

    expecting!("an object");

    fn visit_map<A: MapAccess<'d>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let Self(stream, level) = self;
        if level > limits::CONDITION_LEVELS {
            return Err(other());
        }
        stream.tree.enter()?;
        let opened = stream.walk.object();
        let mut count = 0;
        let (mut attribute, mut op, mut value) = (None, None, None);
        let mut whole = None;
        let mut members = Vec::new();
        while let Some(key) = map.next_key_seed(Borrowed)? {
            stream.walk.text(&key);
            count += 1;
            match &*key {
                "attribute" if attribute.is_none() => attribute = Some(stream.text(&mut map)?),
                "op" if op.is_none() => {
                    op = Some(Op::from_name(&stream.text(&mut map)?).ok_or_else(other)?);
                }
                "value" if value.is_none() => {
                    let node = map.next_value_seed(Any { tree: &mut stream.tree })?;
                    stream.walk.node(&node);
                    value = Some(node);
                }
                "all" if whole.is_none() => {
                    let all = map.next_value_seed(Conditions(stream, level + 1))?;
                    whole = Some(Condition::All { all });
                }
                "any" if whole.is_none() => {
                    let any = map.next_value_seed(Conditions(stream, level + 1))?;
                    whole = Some(Condition::Any { any });
                }
                "not" if whole.is_none() => {
                    let not = Box::new(map.next_value_seed(If(stream, level + 1))?);
                    whole = Some(Condition::Not { not });
                }
                _ => stream.member(key, &mut map, &mut members)?,
            }
        }
        stream.walk.close(opened, count);
        stream.tree.leave();
        let decoder = &mut stream.decoder;
        let condition = match (whole, attribute, op, value) {
            (Some(whole), None, None, None) if members.is_empty() => Some(whole),
            (None, Some(attribute), Some(op), value) => {
                let ignore_case = match members.pop() {
                    None => false,
                    Some((key, Node::Bool(fold))) if key == "ignore_case" && members.is_empty() => fold,
                    Some(_) => return Err(other()),
                };
                let attribute = decoder.attribute_name(Node::Str(attribute), &Path::ROOT);
                decoder.test_of(attribute, op, value, ignore_case, &Path::ROOT)
            }
            (None, None, None, None) => {
                let condition = decoder.condition_of(Fields::from(members), level, &Path::ROOT);
                stream.refers |= matches!(condition, Some(Condition::Feature(_) | Condition::Segment(_)));
                condition
            }
            _ => None,
        };
        condition.ok_or_else(other)
    }
}

/// A list of conditions at a level.
struct Conditions<'s, 'd>(&'s mut Stream<'d>, usize);
seed!(Conditions, deserialize_seq, Vec<Condition>);

impl<'d> Visitor<'d> for Conditions<'_, 'd> {
    type Value = Vec<Condition>;

    expecting!("a list");

    fn visit_seq<A: SeqAccess<'d>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let Self(stream, level) = self;
        stream.tree.enter()?;
        let opened = stream.walk.list();
        let mut conditions = Vec::new();
        while let Some(condition) = seq.next_element_seed(If(stream, level))? {
            if conditions.len() == limits::LIST_VALUES {
                return Err(other());
            }
            conditions.push(condition);
        }
        stream.walk.close(opened, conditions.len());
        stream.tree.leave();
        Ok(conditions)
    }
}

/// Whether rules of environments refer to a segment or a feature.
fn blocks_refer(feature: &Feature) -> bool {
    let rules = feature.environments.values().flat_map(|block| block.rules.iter().flatten());
    rules.filter_map(|rule| rule.condition.as_ref()).any(refers)
}

fn refers(condition: &Condition) -> bool {
    match condition {
        Condition::All { all: members } | Condition::Any { any: members } => members.iter().any(refers),
        Condition::Not { not } => refers(not),
        Condition::Feature(_) | Condition::Segment(_) => true,
        Condition::Bucket { .. } | Condition::Test(_) | Condition::Time { .. } => false,
    }
}
