//! A hash of a value's structure, to tell whether a definition has changed.

use xxhash_rust::xxh3::Xxh3;

use super::{StringList, Value};

/// How many ends of strings are hashed at once.
const CHUNK: usize = 256;

impl Value {
    /// A 128-bit hash (XXH3 over a prefix-free walk). Equal values have equal hashes; the order of members counts.
    #[must_use]
    pub fn structural_hash(&self) -> u128 {
        let mut hasher = Xxh3::new();
        feed(self, &mut hasher);
        hasher.digest128()
    }
}

fn feed(value: &Value, to: &mut Xxh3) {
    match value {
        Value::Null => to.update(b"n"),
        Value::Bool(false) => to.update(b"f"),
        Value::Bool(true) => to.update(b"t"),
        Value::Int(value) => tagged(b'i', value.to_le_bytes(), to),
        Value::Float(value) => tagged(b'd', value.to_bits().to_le_bytes(), to),
        Value::Str(text) => feed_text(text, to),
        Value::Strings(list) => feed_strings(list, to),
        Value::List(values) => {
            tagged(b'l', (values.len() as u64).to_le_bytes(), to);
            for value in values {
                feed(value, to);
            }
        }
        Value::Object(members) => {
            tagged(b'o', (members.len() as u64).to_le_bytes(), to);
            for (key, value) in members {
                feed_text(key, to);
                feed(value, to);
            }
        }
    }
}

fn feed_text(text: &str, to: &mut Xxh3) {
    tagged(b's', (text.len() as u64).to_le_bytes(), to);
    to.update(text.as_bytes());
}

fn feed_strings(list: &StringList, to: &mut Xxh3) {
    tagged(b'S', (list.len() as u64).to_le_bytes(), to);
    let mut bytes = [0_u8; CHUNK * 4];
    for ends in list.ends().chunks(CHUNK) {
        for (four, end) in bytes.chunks_exact_mut(4).zip(ends) {
            four.copy_from_slice(&end.to_le_bytes());
        }
        to.update(bytes.get(..ends.len() * 4).unwrap_or_default());
    }
    to.update(list.text().as_bytes());
}

fn tagged(tag: u8, number: [u8; 8], to: &mut Xxh3) {
    let [a, b, c, d, e, f, g, h] = number;
    to.update(&[tag, a, b, c, d, e, f, g, h]);
}
