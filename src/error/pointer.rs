//! JSON pointers, and user text as it stands in messages.

use std::fmt::Write as _;

/// The longest step that is written whole; only a hostile document has longer ones.
const LONGEST_STEP: usize = 1_024;
/// The longest user text that a message shows whole, in characters.
const LONGEST_QUOTE: usize = 80;

/// Appends `/` and a step, escaped as RFC 6901 asks.
pub(crate) fn push_step(pointer: &mut String, step: &str) {
    pointer.push('/');
    let (step, clipped) = clip(step, LONGEST_STEP);
    for c in step.chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            _ => pointer.push(c),
        }
    }
    if clipped {
        pointer.push('…');
    }
}

/// User text in backticks, clipped and without line breaks.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::from("`");
    let mut chars = text.chars();
    for c in chars.by_ref().take(LONGEST_QUOTE) {
        if c.is_control() {
            let _ = write!(out, "{}", c.escape_default());
        } else {
            out.push(c);
        }
    }
    if chars.next().is_some() {
        out.push('…');
    }
    out.push('`');
    out
}

/// At most `most` bytes of a text, and whether something was cut off.
fn clip(text: &str, most: usize) -> (&str, bool) {
    if text.len() <= most {
        return (text, false);
    }
    let end = (0..=most).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    (text.get(..end).unwrap_or(""), true)
}
