//! The decoder's hands: take fields from objects, ask for types, report what is not as asked.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::Mode;
use super::path::Path;
use super::remnant::Remnant;
use crate::error::{Code, Diagnostic, Diagnostics, Severity, nearest, quote};
use crate::model::{Attribute, ExclusionGroup, Feature, Key, Percent, limits};
use crate::value::{KeyedSet, Member, Node};

/// After so many problems, hints are no longer looked for.
const MOST_HINTS: usize = 100;

/// What is known while a document is decoded.
pub(super) struct Decoder {
    pub(super) mode: Mode,
    pub(super) diagnostics: Diagnostics,
    /// How many problems make something invalid: errors but for those of SEMANTICS 9.3.
    pub(super) hard: usize,
    /// Whether the document is refused as a whole.
    pub(super) whole: bool,
    /// What the releases so far repeat.
    pub(super) repeats: usize,
    /// The names that exist, if the document says which.
    pub(super) environments: Option<BTreeSet<Key>>,
    pub(super) attributes: BTreeMap<Key, Attribute>,
    /// Absent inside: it is invalid.
    pub(super) groups: BTreeMap<Key, Option<ExclusionGroup>>,
    /// Whether the groups are known yet: a definition that is read before them is checked against them later.
    pub(super) has_groups: bool,
    /// The index of the release that is read.
    pub(super) release: Option<usize>,
    /// What is left of what is not sound.
    pub(super) remnants: Vec<Remnant>,
    /// Of these, the definitions whose variants are known: the bases, and the candidates of the release that is read.
    pub(super) partial: [BTreeMap<Key, Arc<Feature>>; 2],
    attribute_names: KeyedSet<Key>,
    keys: KeyedSet<Key>,
    /// Some of them, by length and last byte.
    recent: [Option<Key>; 32],
}

/// The members of an object that are not taken yet.
pub(super) struct Fields<'d> {
    members: Vec<Member<'d>>,
}

impl<'d> From<Vec<Member<'d>>> for Fields<'d> {
    fn from(members: Vec<Member<'d>>) -> Self {
        Self { members }
    }
}

impl<'d> Fields<'d> {
    pub(super) fn take(&mut self, name: &str) -> Option<Node<'d>> {
        let at = self.members.iter().position(|(key, _)| **key == *name)?;
        Some(self.members.swap_remove(at).1)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.members.iter().any(|(key, _)| **key == *name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|(key, _)| &**key)
    }
}

impl Decoder {
    pub(super) fn new(mode: Mode) -> Self {
        Self {
            mode,
            diagnostics: Diagnostics::default(),
            hard: 0,
            whole: false,
            repeats: 0,
            environments: None,
            attributes: BTreeMap::new(),
            groups: BTreeMap::new(),
            has_groups: true,
            release: None,
            remnants: Vec::new(),
            partial: Default::default(),
            attribute_names: KeyedSet::default(),
            keys: KeyedSet::default(),
            recent: Default::default(),
        }
    }

    /// A decoder that holds the names of another one.
    pub(super) fn after(other: Self) -> Self {
        Self { attribute_names: other.attribute_names, keys: other.keys, ..Self::new(other.mode) }
    }

    /// Whether nothing at all was found wrong.
    pub(super) fn is_content(&self) -> bool {
        self.hard == 0 && self.diagnostics.len() == 0
    }

    // ---- reports

    /// A problem that makes what it is in invalid.
    pub(super) fn error(&mut self, code: Code, path: &Path<'_>, message: fmt::Arguments<'_>) {
        self.error_with_hint(code, path, message, &|| None);
    }

    pub(super) fn error_with_hint(
        &mut self,
        code: Code,
        path: &Path<'_>,
        message: fmt::Arguments<'_>,
        hint: &dyn Fn() -> Option<String>,
    ) {
        self.hard += 1;
        self.push(code, Severity::Error, path, message, hint);
    }

    /// A problem that is an error in strict mode only, and makes nothing invalid (SEMANTICS 9.3).
    pub(super) fn soft(
        &mut self,
        code: Code,
        path: &Path<'_>,
        message: fmt::Arguments<'_>,
        hint: &dyn Fn() -> Option<String>,
    ) {
        let severity = match self.mode {
            Mode::Lenient => Severity::Warning,
            Mode::Strict => Severity::Error,
        };
        self.push(code, severity, path, message, hint);
    }

    // Nothing generic here: in a library that is to be small, each of a hundred problems would have a copy of it.
    fn push(
        &mut self,
        code: Code,
        severity: Severity,
        path: &Path<'_>,
        message: fmt::Arguments<'_>,
        hint: &dyn Fn() -> Option<String>,
    ) {
        if !self.diagnostics.has_room() {
            self.diagnostics.push(Diagnostic::new(code, "", "").with_severity(severity));
            return;
        }
        let hint = if self.diagnostics.len() < MOST_HINTS { hint() } else { None };
        let diagnostic = Diagnostic::new(code, path.pointer(), message.to_string());
        self.diagnostics.push(diagnostic.with_severity(severity).with_hint(hint));
    }

    pub(super) fn wrong_type(&mut self, path: &Path<'_>, expected: &str, found: &Node<'_>) {
        let found = article(found);
        self.error(Code::WrongType, path, format_args!("expected {expected}, found {found}"));
    }

    // ---- objects

    pub(super) fn fields<'d>(&mut self, value: Node<'d>, path: &Path<'_>) -> Option<Fields<'d>> {
        self.object(value, path).map(|members| Fields { members })
    }

    pub(super) fn object<'d>(&mut self, value: Node<'d>, path: &Path<'_>) -> Option<Vec<Member<'d>>> {
        match value {
            Node::Object(members) => Some(members),
            other => {
                self.wrong_type(path, "an object", &other);
                None
            }
        }
    }

    /// The elements of a list, which is `most` long at most.
    pub(super) fn list<'d>(
        &mut self,
        value: Node<'d>,
        most: usize,
        path: &Path<'_>,
    ) -> Option<Vec<Node<'d>>> {
        let elements = match value {
            Node::List(elements) => elements,
            Node::Strings(list) => {
                if !self.within(list.len(), most, "elements", path) {
                    return None;
                }
                return Some(list.iter().map(|text| Node::Str(Cow::Owned(text.to_owned()))).collect());
            }
            other => {
                self.wrong_type(path, "a list", &other);
                return None;
            }
        };
        self.within(elements.len(), most, "elements", path).then_some(elements)
    }

    pub(super) fn within(&mut self, size: usize, most: usize, what: &str, path: &Path<'_>) -> bool {
        if size > most {
            self.error(Code::Limit, path, format_args!("expected at most {most} {what}, found {size}"));
        }
        size <= most
    }

    /// A list of keys.
    pub(super) fn keys(&mut self, value: Node<'_>, path: &Path<'_>) -> Option<Vec<Key>> {
        let elements = self.list(value, limits::LIST_VALUES, path)?;
        Some(elements.into_iter().enumerate().filter_map(|(i, v)| self.key(v, &path.index(i))).collect())
    }

    pub(super) fn required<'d>(
        &mut self,
        fields: &mut Fields<'d>,
        name: &str,
        path: &Path<'_>,
    ) -> Option<Node<'d>> {
        let found = fields.take(name);
        if found.is_none() {
            self.missing(fields, name, path);
        }
        found
    }

    pub(super) fn missing(&mut self, fields: &Fields<'_>, name: &str, path: &Path<'_>) {
        let near = nearest(name, fields.names()).map(|near| format!("is {} meant to be it?", quote(near)));
        self.error_with_hint(
            Code::MissingField,
            path,
            format_args!("expected a field `{name}`, found none"),
            &|| near.clone(),
        );
    }

    /// Reports the fields that nobody took.
    pub(super) fn finish(&mut self, fields: Fields<'_>, known: &[&str], path: &Path<'_>) {
        for (name, _) in fields.members {
            let hint = || did_you_mean(nearest(&name, known.iter().copied()));
            self.soft(
                Code::UnknownField,
                &path.key(&name),
                format_args!("field {} is not known here", quote(&name)),
                &hint,
            );
        }
    }

    // ---- optional fields

    pub(super) fn optional_key(
        &mut self,
        fields: &mut Fields<'_>,
        name: &str,
        path: &Path<'_>,
    ) -> Option<Key> {
        fields.take(name).and_then(|value| self.key(value, &path.key(name)))
    }

    pub(super) fn optional_salt(&mut self, fields: &mut Fields<'_>, path: &Path<'_>) -> Option<Key> {
        fields.take("salt").and_then(|value| self.string(value, &path.key("salt"))).map(Key::from)
    }

    /// The name of the attribute that is bucketed.
    pub(super) fn optional_unit(&mut self, fields: &mut Fields<'_>, path: &Path<'_>) -> Option<Key> {
        fields.take("unit").and_then(|value| self.attribute_name(value, &path.key("unit")))
    }

    pub(super) fn optional_bool(
        &mut self,
        fields: &mut Fields<'_>,
        name: &str,
        path: &Path<'_>,
    ) -> Option<bool> {
        match fields.take(name)? {
            Node::Bool(value) => Some(value),
            other => {
                self.wrong_type(&path.key(name), "a boolean", &other);
                None
            }
        }
    }

    pub(super) fn text(&mut self, fields: &mut Fields<'_>, name: &str, path: &Path<'_>) -> Option<String> {
        fields.take(name).and_then(|value| self.string(value, &path.key(name))).map(String::from)
    }

    pub(super) fn description(&mut self, fields: &mut Fields<'_>, path: &Path<'_>) -> Option<String> {
        self.text(fields, "description", path)
    }

    // ---- scalars

    pub(super) fn string<'d>(&mut self, value: Node<'d>, path: &Path<'_>) -> Option<Cow<'d, str>> {
        match value {
            Node::Str(text) => Some(text),
            other => {
                self.wrong_type(path, "a string", &other);
                None
            }
        }
    }

    pub(super) fn key(&mut self, value: Node<'_>, path: &Path<'_>) -> Option<Key> {
        let text = self.string(value, path)?;
        self.name(&text, path)
    }

    /// A key, held once however often it is written.
    pub(super) fn name(&mut self, text: &str, path: &Path<'_>) -> Option<Key> {
        // A few names are most of a document.
        let last = text.as_bytes().last().copied().unwrap_or_default();
        let place = text.len().wrapping_mul(5) ^ usize::from(last);
        let recent = place % self.recent.len();
        if let Some(key) = self.recent.get(recent).and_then(Option::as_ref).filter(|key| ***key == *text) {
            return Some(Key::clone(key));
        }
        let key = self.named(text, path)?;
        if let Some(recent) = self.recent.get_mut(recent) {
            *recent = Some(Key::clone(&key));
        }
        Some(key)
    }

    fn named(&mut self, text: &str, path: &Path<'_>) -> Option<Key> {
        if let Some(key) = self.keys.get(text) {
            return Some(Key::clone(key));
        }
        if !self.within(text.len(), limits::KEY_BYTES, "bytes in a key", path) {
            return None;
        }
        let key = Key::from(text);
        self.keys.insert(Key::clone(&key));
        Some(key)
    }

    pub(super) fn attribute_name(&mut self, value: Node<'_>, path: &Path<'_>) -> Option<Key> {
        let key = self.key(value, path)?;
        self.note_attribute(&key, path).then_some(key)
    }

    /// Counts the attribute; false if it is one too many.
    pub(super) fn note_attribute(&mut self, key: &Key, path: &Path<'_>) -> bool {
        if self.attribute_names.contains(key) {
            return true;
        }
        let room = self.within(self.attribute_names.len() + 1, limits::ATTRIBUTES, "attribute names", path);
        if room {
            self.attribute_names.insert(Key::clone(key));
        }
        room
    }

    /// An environment that exists.
    pub(super) fn environment(&mut self, value: Node<'_>, path: &Path<'_>) -> Option<Key> {
        let key = self.key(value, path)?;
        self.check_environment(&key, path);
        Some(key)
    }

    pub(super) fn check_environment(&mut self, key: &Key, path: &Path<'_>) {
        let Some(known) = &self.environments else { return };
        if known.contains(key) {
            return;
        }
        let hint = did_you_mean(nearest(key, known.iter().map(|k| &**k)));
        let message = format_args!("environment {} is not one of `environments`", quote(key));
        self.error_with_hint(Code::UnknownEnvironment, path, message, &|| hint.clone());
    }

    /// An integer within a range.
    pub(super) fn integer(&mut self, value: &Node<'_>, low: i64, high: i64, path: &Path<'_>) -> Option<i64> {
        let Some(number) = value.as_number() else {
            self.wrong_type(path, "an integer", value);
            return None;
        };
        let found = number.as_integral_i64().filter(|int| (low..=high).contains(int));
        if found.is_none() {
            let range = match high {
                i64::MAX => format!("of at least {low}"),
                _ => format!("from {low} to {high}"),
            };
            self.error(Code::OutOfRange, path, format_args!("expected an integer {range}, found {value:?}"));
        }
        found
    }

    pub(super) fn unsigned(&mut self, value: &Node<'_>, high: u32, path: &Path<'_>) -> Option<u32> {
        self.integer(value, 0, i64::from(high), path).and_then(|int| u32::try_from(int).ok())
    }

    pub(super) fn percent(&mut self, value: &Node<'_>, path: &Path<'_>) -> Option<Percent> {
        let Some(number) = value.as_f64() else {
            self.wrong_type(path, "a number of percent", value);
            return None;
        };
        let percent = Percent::from_f64(number);
        if percent.is_none() {
            let message =
                format_args!("expected a percent from 0 to 100 with at most 4 decimals, found {value:?}");
            self.error(Code::BadPercent, path, message);
        }
        percent
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(
        &mut self,
        value: Node<'_>,
        words: &[(&str, T)],
        path: &Path<'_>,
    ) -> Option<T> {
        let text = self.string(value, path)?;
        if let Some((_, choice)) = words.iter().find(|(word, _)| *word == &*text) {
            return Some(*choice);
        }
        let names = || words.iter().map(|(word, _)| *word);
        let all: Vec<String> = names().map(quote).collect();
        let message = format_args!("expected one of {}, found {}", all.join(", "), quote(&text));
        let hint = || did_you_mean(nearest(&text, names()));
        self.error_with_hint(Code::UnknownChoice, path, message, &hint);
        None
    }
}

/// The hint that names what may be meant.
pub(super) fn did_you_mean(near: Option<&str>) -> Option<String> {
    near.map(|near| format!("did you mean {}?", quote(near)))
}

/// What a value is, as in “found a string”.
pub(super) fn article(value: &Node<'_>) -> &'static str {
    match value {
        Node::Null => "null",
        Node::Bool(_) => "a boolean",
        Node::Int(_) | Node::Float(_) => "a number",
        Node::Str(_) => "a string",
        Node::Strings(_) | Node::List(_) => "a list",
        Node::Object(_) => "an object",
    }
}
