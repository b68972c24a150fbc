//! A hash of a value's structure, to tell whether a definition has changed.

use xxhash_rust::xxh3::xxh3_128;

use super::{Node, StringList, Value};

impl Value {
    /// A 128-bit hash (XXH3 over a prefix-free walk). Equal values have equal hashes; the order of members counts.
    #[must_use]
    pub fn structural_hash(&self) -> u128 {
        Node::from(self).structural_hash()
    }
}

impl Node<'_> {
    /// The hash of the value, [`Value::structural_hash`].
    #[must_use]
    pub fn structural_hash(&self) -> u128 {
        let mut walk = Walk::default();
        walk.0.reserve(1_024);
        walk.node(self);
        walk.finish()
    }
}

/// What is hashed: a value, part by part in document order, also where there is no tree of it.
#[derive(Debug, Default)]
pub(crate) struct Walk(Vec<u8>);

impl Walk {
    /// The hash of what was walked, which is forgotten.
    pub(crate) fn finish(&mut self) -> u128 {
        let hash = xxh3_128(&self.0);
        self.0.clear();
        hash
    }

    /// A value.
    pub(crate) fn node(&mut self, value: &Node<'_>) {
        feed(value, &mut self.0);
    }

    /// A string, or the key of a member.
    #[inline]
    pub(crate) fn text(&mut self, text: &str) {
        feed_text(text, &mut self.0);
    }

    /// An object: its members follow, then [`Walk::close`] with what this returns.
    pub(crate) fn object(&mut self) -> usize {
        tagged(b'o', [0; 8], &mut self.0);
        self.0.len()
    }

    /// A list that is not one of strings only; likewise.
    pub(crate) fn list(&mut self) -> usize {
        tagged(b'l', [0; 8], &mut self.0);
        self.0.len()
    }

    /// The end of an object or list of so many members or elements.
    pub(crate) fn close(&mut self, opened: usize, count: usize) {
        if let Some(place) = self.0.get_mut(opened.saturating_sub(8)..opened) {
            place.copy_from_slice(&(count as u64).to_le_bytes());
        }
    }
}

fn feed(value: &Node<'_>, to: &mut Vec<u8>) {
    match value {
        Node::Null => to.push(b'n'),
        Node::Bool(false) => to.push(b'f'),
        Node::Bool(true) => to.push(b't'),
        Node::Int(value) => tagged(b'i', value.to_le_bytes(), to),
        Node::Float(value) => tagged(b'd', value.to_bits().to_le_bytes(), to),
        Node::Str(text) => feed_text(text, to),
        Node::Strings(list) => feed_strings(list, to),
        Node::List(values) => {
            tagged(b'l', (values.len() as u64).to_le_bytes(), to);
            for value in values {
                feed(value, to);
            }
        }
        Node::Object(members) => {
            tagged(b'o', (members.len() as u64).to_le_bytes(), to);
            for (key, value) in members {
                feed_text(key, to);
                feed(value, to);
            }
        }
    }
}

fn feed_text(text: &str, to: &mut Vec<u8>) {
    tagged(b's', (text.len() as u64).to_le_bytes(), to);
    to.extend_from_slice(text.as_bytes());
}

/// By the hash of the texts, which may be long.
fn feed_strings(list: &StringList, to: &mut Vec<u8>) {
    tagged(b'S', (list.len() as u64).to_le_bytes(), to);
    to.extend_from_slice(&xxh3_128(list.text().as_bytes()).to_le_bytes());
    let from = to.len();
    to.resize(from.saturating_add(list.len().saturating_mul(4)), 0);
    let places = to.get_mut(from..).unwrap_or_default().chunks_exact_mut(4);
    for (four, end) in places.zip(list.ends()) {
        four.copy_from_slice(&end.to_le_bytes());
    }
}

fn tagged(tag: u8, number: [u8; 8], to: &mut Vec<u8>) {
    let [a, b, c, d, e, f, g, h] = number;
    to.extend_from_slice(&[tag, a, b, c, d, e, f, g, h]);
}
