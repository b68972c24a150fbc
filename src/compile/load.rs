//! What an update is made of: a document or delta, and what can be passed over of it.
//!
//! ```text
//!  document ── features of known text? ──▶ the others, as trees ─┐
//!      │ none known                                              ├─▶ decoded ─▶ `Compiler::finish`
//!      └────── all in order? ──▶ definitions from the stream ────┤
//!                  │ no                                          │
//!                  └──▶ a tree of all ───────────────────────────┘
//! ```

use super::input::{Outline, linked_part};
use super::update::{Compiled, Compiler, Frame};
use crate::error::Error;
use crate::model::{Read, decode_beside, decode_read, read};
use crate::value::{
    FEATURES, KeyedMap, Node, Parsed, Split, Value, parse, parse_feature, split, text_hash, text_hashes,
    texts,
};

/// Beyond so many chunks, a document is compiled anew as a whole.
const MOST_CHUNKS: usize = 4_096;

/// What is known of a document's features beside the tree of it.
#[derive(Default)]
pub(super) struct Beside<'d> {
    /// Features that are not in the tree, as they are unchanged.
    passed: Vec<&'d str>,
    /// The hashes of the texts of the others.
    texts: KeyedMap<&'d str, u64>,
}

impl<'d> Beside<'d> {
    /// Of a document that is in the tree as a whole.
    pub(super) fn of(document: &'d [u8], parsed: &Parsed<'d>) -> Self {
        // A key that is given twice is told each time, so its feature must be looked at each time.
        let texts = match parsed.duplicates.is_empty() {
            true => text_hashes(document, &parsed.root),
            false => KeyedMap::default(),
        };
        Self { passed: Vec::new(), texts }
    }
}

impl Compiler {
    /// Compiles a document.
    ///
    /// # Errors
    /// If the document is refused; nothing has changed then.
    pub fn load(&mut self, document: &[u8]) -> Result<Compiled, Error> {
        if let Some((parsed, beside)) = self.known_apart(document) {
            return self.update(parsed, None, &beside);
        }
        if let Some(outcome) = read(document, self.mode).and_then(|read| self.load_read(document, read)) {
            return outcome;
        }
        let parsed = parse(document)?;
        let beside = Beside::of(document, &parsed);
        self.update(parsed, None, &beside)
    }

    /// A document without the features whose text is known; `None` if it is better looked at as a whole.
    fn known_apart<'d>(&self, document: &'d [u8]) -> Option<(Parsed<'d>, Beside<'d>)> {
        if self.served.texts.is_empty() {
            return None;
        }
        let Split { rest, features } = split(document)?;
        let mut root = Node::Object(rest);
        let outline = Outline::new(&root);
        if !self.may_reuse(&outline) {
            return None;
        }
        let mut beside = Beside::default();
        let mut members = Vec::new();
        for (key, text) in features {
            let hash = text_hash(text.as_bytes());
            let known = self.features.find(key).and_then(|number| self.served.texts.get(&number));
            if known == Some(&hash) && !outline.is_named(key) {
                beside.passed.push(key);
            } else {
                beside.texts.insert(key, hash);
                members.push((key.into(), parse_feature(text)?));
            }
        }
        if let Node::Object(rest) = &mut root {
            rest.push((FEATURES.into(), Node::Object(members)));
        }
        Some((Parsed::from(root), beside))
    }

    /// Compiles a document whose features were read from the stream; `None` if it must be looked at as a tree.
    fn load_read(&mut self, document: &[u8], mut read: Read<'_>) -> Option<Result<Compiled, Error>> {
        let outline = Outline::new(&read.rest);
        let (process, fault) = self.effective_process(&outline);
        let reuse = self.may_reuse(&outline);
        let features = std::mem::take(&mut read.features);
        let of_features = texts(document, features.iter().map(|feature| &feature.key));
        let mut hashes = KeyedMap::with_capacity_and_hasher(features.len(), Default::default());
        let mut texts = KeyedMap::with_capacity_and_hasher(features.len(), Default::default());
        let mut linked = Vec::new();
        let mut passed = Vec::new();
        for (feature, text) in features.into_iter().zip(of_features) {
            let number = self.features.number_of(&feature.name);
            hashes.insert(number, feature.hash);
            if feature.refers || outline.is_named(&feature.key) {
                let tree = text.and_then(|text| parse_feature(std::str::from_utf8(text).ok()?))?;
                linked.push((Box::from(&*feature.key), tree.into_value()));
            } else {
                if let Some(text) = text {
                    texts.insert(number, text_hash(text));
                }
                if reuse && self.served.plain.get(&number) == Some(&feature.hash) {
                    passed.push(feature.key);
                    continue;
                }
            }
            read.features.push(feature);
        }
        let mut kept = linked_part(&read.rest, &outline);
        if let Value::Object(members) = &mut kept {
            members.push((FEATURES.into(), Value::Object(linked)));
        }
        let passed: Vec<&str> = passed.iter().map(|key| &**key).collect();
        let decoded = decode_read(read, &passed)?;
        let same = self.is_same_frame(&outline);
        let frame = Frame { outline, process, fault, hashes, texts, kept, reuse, same };
        Some(self.finish(&decoded, frame, None))
    }

    /// Compiles a parsed document.
    ///
    /// # Errors
    /// If the document is refused; nothing has changed then.
    pub fn load_parsed(&mut self, parsed: Parsed<'_>) -> Result<Compiled, Error> {
        self.update(parsed, None, &Beside::default())
    }

    /// `removed`: the update is a delta; features that it does not name stay.
    pub(super) fn update(
        &mut self,
        parsed: Parsed<'_>,
        removed: Option<&[String]>,
        beside: &Beside<'_>,
    ) -> Result<Compiled, Error> {
        let outline = Outline::new(&parsed.root);
        let (process, fault) = self.effective_process(&outline);
        let partial = removed.is_some();
        let same = self.is_same_frame(&outline);
        let reuse = if partial { same } else { self.may_reuse(&outline) };
        if partial {
            // A delta to another environment is not for what is served: there is nothing to apply it to.
            if let Some(fault) = fault {
                return Err(Error::from_diagnostics(vec![fault]));
            }
            self.check_carried(&outline, &parsed.root, same)?;
        }

        let kept = linked_part(&parsed.root, &outline);
        let mut hashes = KeyedMap::default();
        let mut texts = KeyedMap::default();
        let (numbers, plain) = (&mut self.features, &self.served.plain);
        let decoded = decode_beside(parsed, &beside.passed, self.mode, &mut |name, value| {
            let hash = value.structural_hash();
            let number = numbers.number(name);
            hashes.insert(number, hash);
            let linked = outline.is_linked(name, value);
            if let Some(text) = beside.texts.get(name)
                && !linked
            {
                texts.insert(number, *text);
            }
            reuse && !linked && plain.get(&number) == Some(&hash)
        });
        let frame = Frame { outline, process, fault, hashes, texts, kept, reuse, same };
        self.finish(&decoded, frame, removed)
    }

    /// Whether code of the program that is served may stay when a whole document comes.
    fn may_reuse(&self, outline: &Outline) -> bool {
        let crowded = self.served.live.iter().filter(|live| **live > 0).count() > MOST_CHUNKS;
        self.is_same_frame(outline) && !crowded
    }
}
