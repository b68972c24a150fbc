//! Folding case: each Unicode scalar value by itself to its full lower-case mapping (SEMANTICS 4.17).
//!
//! Operands are folded once, when a document is compiled; a context's text is folded on the fly and never allocated.
//! A fold may change a text's length (`İ` folds to two scalar values), so positions in the two texts do not correspond.

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

#[cfg(test)]
mod tests;

/// Folds an operand.
///
/// # Examples
/// ```
/// assert_eq!(tidegate::operand::fold::fold("ΌΣΟΣ İ"), "όσοσ i\u{307}");
/// ```
#[must_use]
pub fn fold(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { folded_chars(text).collect() }
}

/// Whether `fold(text) == folded`.
#[must_use]
pub fn eq_folded(text: &str, folded: &str) -> bool {
    if text.is_ascii() {
        text.eq_ignore_ascii_case(folded) // an operand that is folded has no upper case of its own
    } else {
        folded_chars(text).eq(folded.chars())
    }
}

/// Whether `fold(text)` starts with `folded`.
#[must_use]
pub fn starts_with_folded(text: &str, folded: &str) -> bool {
    if text.is_ascii() {
        let start = text.as_bytes().get(..folded.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(folded.as_bytes()))
    } else {
        has_prefix(folded_chars(text), folded.chars())
    }
}

/// Whether `fold(text)` ends with `folded`.
#[must_use]
pub fn ends_with_folded(text: &str, folded: &str) -> bool {
    if text.is_ascii() {
        let start = text.len().checked_sub(folded.len());
        let end = start.and_then(|start| text.as_bytes().get(start..));
        end.is_some_and(|end| end.eq_ignore_ascii_case(folded.as_bytes()))
    } else {
        let backwards = text.chars().rev().flat_map(|scalar| scalar.to_lowercase().rev());
        has_prefix(backwards, folded.chars().rev())
    }
}

/// Whether `fold(text)` contains `folded`; in time linear in both.
///
/// # Examples
/// ```
/// assert!(tidegate::operand::fold::contains_folded("300 \u{212a}elvin", "0 kel"));
/// ```
#[must_use]
pub fn contains_folded(text: &str, folded: &str) -> bool {
    if !text.is_ascii() {
        find(folded_chars(text).map(u32::from), folded.chars().map(u32::from))
    } else if folded.len() > text.len() || !folded.is_ascii() {
        false
    } else {
        let text = text.bytes().map(|byte| u32::from(byte.to_ascii_lowercase()));
        find(text, folded.bytes().map(u32::from))
    }
}

/// `xxh3_64(fold(text))`, with which a set of folded texts is probed.
///
/// # Examples
/// ```
/// use tidegate::operand::fold::hash_folded;
///
/// assert_eq!(hash_folded("Ada"), hash_folded("ADA"));
/// ```
#[must_use]
pub fn hash_folded(text: &str) -> u64 {
    let mut buffer = [0_u8; 128];
    if text.is_ascii()
        && let Some(lower) = buffer.get_mut(..text.len())
    {
        lower.copy_from_slice(text.as_bytes());
        lower.make_ascii_lowercase();
        return xxh3_64(lower);
    }
    let mut state = Xxh3::new();
    if text.is_ascii() {
        for chunk in text.as_bytes().chunks(buffer.len()) {
            if let Some(lower) = buffer.get_mut(..chunk.len()) {
                lower.copy_from_slice(chunk);
                lower.make_ascii_lowercase();
                state.update(lower);
            }
        }
    } else {
        for scalar in folded_chars(text) {
            state.update(scalar.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    state.digest()
}

fn folded_chars(text: &str) -> impl Iterator<Item = char> + Clone {
    text.chars().flat_map(char::to_lowercase)
}

fn has_prefix(mut text: impl Iterator<Item = char>, mut prefix: impl Iterator<Item = char>) -> bool {
    prefix.all(|scalar| text.next() == Some(scalar))
}

/// Rabin–Karp: the hash of the window that starts at `window`, moved along the text; equal hashes are compared in full.
fn find(text: impl Iterator<Item = u32> + Clone, needle: impl Iterator<Item = u32> + Clone) -> bool {
    const BASE: u64 = 0x9e37_79b9_7f4a_7c15;
    let step = |hash: u64, scalar: u32| hash.wrapping_mul(BASE).wrapping_add(u64::from(scalar));
    let (mut window, mut ahead) = (text.clone(), text);
    let (mut wanted, mut hash, mut leaving) = (0, 0, 1_u64);
    for scalar in needle.clone() {
        let Some(first) = ahead.next() else { return false };
        wanted = step(wanted, scalar);
        hash = step(hash, first);
        leaving = leaving.wrapping_mul(BASE);
    }
    loop {
        if hash == wanted && needle.clone().eq(window.clone().zip(needle.clone()).map(|(scalar, _)| scalar)) {
            return true;
        }
        let (Some(next), Some(gone)) = (ahead.next(), window.next()) else { return false };
        hash = step(hash, next).wrapping_sub(leaving.wrapping_mul(u64::from(gone)));
    }
}
