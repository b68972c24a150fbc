//! A document whose features are left as text: of those that are known already, nobody looks inside.
//!
//! ```text
//!  {"version": 7, "features": {"a": {…}, "b": {…}}, "releases": […]}
//!    └── rest, a tree           └── features, (key, text) ──┘  └── rest
//! ```
//! Only for what is in order: at anything else there is no split, and [`parse`](super::parse) says what is wrong.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::de::StrRead;
use serde_json::value::RawValue;
use xxhash_rust::xxh3::xxh3_64;

use super::parse::MAX_BYTES;
use super::tree::{Any, Borrowed, Tree};
use super::{KeyedMap, KeyedSet, Member, Node};

/// The member of a document that has the features.
pub(crate) const FEATURES: &str = "features";

/// A document in parts.
#[derive(Default)]
pub(crate) struct Split<'d> {
    /// All but the features.
    pub(crate) rest: Vec<Member<'d>>,
    /// The features by key, as they are written.
    pub(crate) features: Vec<(&'d str, &'d str)>,
}

/// Splits a document; `None` if it isn't one object of distinct keys with features, themselves distinct and written without
/// escapes.
pub(crate) fn split(document: &[u8]) -> Option<Split<'_>> {
    let mut tree = Tree::below(1);
    let mut reader = reader(document)?;
    let split = reader.deserialize_map(Top { tree: &mut tree }).ok()?;
    reader.end().ok()?;
    let mut keys = KeyedSet::default();
    let distinct = split.rest.iter().all(|(key, _)| keys.insert(&**key));
    let mut features = KeyedSet::with_capacity_and_hasher(split.features.len(), Default::default());
    let distinct = distinct && split.features.iter().all(|(key, _)| features.insert(*key));
    (distinct && tree.duplicates.is_empty()).then_some(split)
}

/// A reader of JSON; `None` if it is too large a document, or not UTF-8.
pub(crate) fn reader(document: &[u8]) -> Option<serde_json::Deserializer<StrRead<'_>>> {
    if document.len() > MAX_BYTES {
        return None;
    }
    let mut reader = serde_json::Deserializer::from_str(std::str::from_utf8(document).ok()?);
    // The tree counts the levels.
    reader.disable_recursion_limit();
    Some(reader)
}

/// Parses the text of a feature; `None` if anything is wrong with it, or a key is given twice.
pub(crate) fn parse_feature(text: &str) -> Option<Node<'_>> {
    let mut tree = Tree::below(2);
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.disable_recursion_limit();
    let node = Any { tree: &mut tree }.deserialize(&mut reader).ok()?;
    tree.duplicates.is_empty().then_some(node)
}

/// The hash of a feature's text.
pub(crate) fn text_hash(text: &[u8]) -> u64 {
    xxh3_64(text)
}

/// The hashes of the texts of a document's features, by key; of those whose place in the document is known.
pub(crate) fn text_hashes<'d>(document: &'d [u8], root: &Node<'d>) -> KeyedMap<&'d str, u64> {
    let Some(Node::Object(members)) = root.get(FEATURES) else { return KeyedMap::default() };
    let mut hashes = KeyedMap::with_capacity_and_hasher(members.len(), Default::default());
    for ((key, _), text) in members.iter().zip(texts(document, members.iter().map(|(key, _)| key))) {
        if let (Cow::Borrowed(key), Some(text)) = (key, text) {
            hashes.insert(*key, text_hash(text));
        }
    }
    hashes
}

/// The texts of a document's features, of all their keys in order; of those whose place in the document is known.
pub(crate) fn texts<'k, 'd: 'k>(
    document: &'d [u8],
    keys: impl Iterator<Item = &'k Cow<'d, str>>,
) -> Vec<Option<&'d [u8]>> {
    let mut places = keys.map(|key| place(document, key)).peekable();
    let mut texts = Vec::with_capacity(places.size_hint().0);
    while let Some(here) = places.next() {
        texts.push(here.and_then(|(_, end)| match places.peek() {
            Some(next) => next.and_then(|(start, _)| document.get(end..start)).and_then(between),
            None => document.get(end..).and_then(first_value),
        }));
    }
    texts
}

/// Where a key that is part of the document begins, and where it ends.
#[expect(clippy::ptr_arg, reason = "only a borrowed key is part of the document")]
fn place(document: &[u8], key: &Cow<'_, str>) -> Option<(usize, usize)> {
    let Cow::Borrowed(key) = *key else { return None };
    let start = key.as_ptr().addr().checked_sub(document.as_ptr().addr())?;
    let end = start.checked_add(key.len())?;
    (document.get(start..end)? == key.as_bytes()).then_some((start, end))
}

/// The value between the ends of two keys.
fn between(text: &[u8]) -> Option<&[u8]> {
    let value = after_key(text)?;
    Some(value.strip_suffix(b"\"")?.trim_ascii_end().strip_suffix(b",")?.trim_ascii_end())
}

/// The value after the last key.
fn first_value(text: &[u8]) -> Option<&[u8]> {
    let value = after_key(text)?;
    let mut values = serde_json::Deserializer::from_slice(value).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    value.get(..values.byte_offset())
}

fn after_key(text: &[u8]) -> Option<&[u8]> {
    Some(text.strip_prefix(b"\"")?.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start())
}

/// The document.
struct Top<'t, 'd> {
    tree: &'t mut Tree<'d>,
}

impl<'d> Visitor<'d> for Top<'_, 'd> {
    type Value = Split<'d>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'d>>(self, mut map: A) -> Result<Split<'d>, A::Error> {
        let mut split = Split::default();
        let mut found = false;
        while let Some(key) = map.next_key_seed(Borrowed)? {
            if key != FEATURES {
                split.rest.push((key, map.next_value_seed(Any { tree: self.tree })?));
            } else if std::mem::replace(&mut found, true) {
                return Err(A::Error::custom("`features` is given twice"));
            } else {
                split.features = map.next_value_seed(Features)?;
            }
        }
        if found { Ok(split) } else { Err(A::Error::custom("there are no `features`")) }
    }
}

/// The features.
struct Features;

impl<'d> DeserializeSeed<'d> for Features {
    type Value = Vec<(&'d str, &'d str)>;

    fn deserialize<D: Deserializer<'d>>(self, de: D) -> Result<Self::Value, D::Error> {
        de.deserialize_map(self)
    }
}

impl<'d> Visitor<'d> for Features {
    type Value = Vec<(&'d str, &'d str)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with keys without escapes")
    }

    fn visit_map<A: MapAccess<'d>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut features = Vec::new();
        while let Some((key, value)) = map.next_entry::<&str, &RawValue>()? {
            features.push((key, value.get()));
        }
        Ok(features)
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    const DOCUMENT: &str = " {\"version\": 1 , \"features\" : { \"a\" : {\"x\": \"},\\\"\"} ,\n\"b\":[1, {\"b\":2}],\"c\": {} }, \"kills\": [\"k\"]} ";

    #[test]
    fn split_and_parse_hash_the_same_texts() {
        let split = split(DOCUMENT.as_bytes()).unwrap();
        let texts = [("a", "{\"x\": \"},\\\"\"}"), ("b", "[1, {\"b\":2}]"), ("c", "{}")];
        assert_eq!(split.features, texts);
        let keys: Vec<&str> = split.rest.iter().map(|(key, _)| &**key).collect();
        assert_eq!(keys, ["version", "kills"]);
        let parsed = parse(DOCUMENT.as_bytes()).unwrap();
        let hashes = text_hashes(DOCUMENT.as_bytes(), &parsed.root);
        assert_eq!(hashes.len(), 3);
        for (key, text) in texts {
            assert_eq!(hashes.get(key), Some(&text_hash(text.as_bytes())), "{key}");
            let node = parsed.root.get("features").and_then(|features| features.get(key));
            assert_eq!(parse_feature(text).as_ref(), node);
        }
    }

    #[test]
    fn keys_with_escapes_have_no_text_of_their_own_and_no_split() {
        let document = br#"{"features": {"\u0061": {"x": 1}, "b": {}}}"#;
        let parsed = parse(document).unwrap();
        let hashes = text_hashes(document, &parsed.root);
        assert_eq!(hashes.into_keys().collect::<Vec<_>>(), ["b"]);
        assert!(split(document).is_none());
    }

    #[test]
    fn what_is_not_in_order_is_not_split() {
        for document in [
            "",
            "[]",
            "{}",
            r#"{"features": []}"#,
            r#"{"features": {}} x"#,
            r#"{"features": {"a": 1,}}"#,
            r#"{"features": {"a": 1, "a": 2}}"#,
            r#"{"features": {}, "features": {}}"#,
            r#"{"version": 1, "version": 2, "features": {}}"#,
            r#"{"kills": {"a": 1, "a": 2}, "features": {}}"#,
            r#"{"version": 1e400, "features": {}}"#,
        ] {
            assert!(split(document.as_bytes()).is_none(), "{document}");
        }
        assert!(split(b"{\"features\": {\"\xff\": 1}}").is_none());
        for text in ["1e400", r#"{"a": 1, "a": 2}"#, r#""\ud800""#, &"[".repeat(200)] {
            assert!(parse_feature(text).is_none(), "{text}");
        }
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let whole = |levels: usize| format!("{{\"features\": {{\"a\": {}}}}}", deep(levels));
        for levels in [126, 127] {
            assert_eq!(parse_feature(&deep(levels)).is_some(), parse(whole(levels).as_bytes()).is_ok());
        }
    }
}
