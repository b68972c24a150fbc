//! Bytes to a tree of [`Node`]s, by serde_json; an error says where in the document it is.

use std::fmt;

use serde::de::DeserializeSeed;

use super::tree::{Any, MOST_DEPTH, Step, Tree};
use super::{Node, Value};
use crate::error::{Code, Diagnostic, Error, push_step};

/// The largest document (SEMANTICS 9.1).
pub const MAX_BYTES: usize = 256 << 20;

/// A parsed document.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Parsed<'d> {
    /// The document's value.
    pub root: Node<'d>,
    /// The JSON pointers of keys that were given more than once, the last of which counts; at most 1 000.
    pub duplicates: Vec<String>,
}

impl<'d> From<Node<'d>> for Parsed<'d> {
    fn from(root: Node<'d>) -> Self {
        Self { root, duplicates: Vec::new() }
    }
}

impl<'d> From<&'d Value> for Parsed<'d> {
    fn from(value: &'d Value) -> Self {
        Node::from(value).into()
    }
}

/// Why bytes are not a document.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ParseError {
    /// What is wrong.
    pub code: Code,
    /// The JSON pointer that was reached.
    pub pointer: String,
    /// What is wrong, and at which line and column.
    pub message: String,
    /// The line, from 1; 0 if the bytes were not looked at.
    pub line: usize,
    /// The column in bytes, from 1; 0 if the bytes were not looked at.
    pub column: usize,
    /// What helps, where it is known.
    pub hint: Option<&'static str>,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.pointer.is_empty() {
            write!(f, "{}: ", self.pointer)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for ParseError {}

impl From<ParseError> for Diagnostic {
    fn from(error: ParseError) -> Self {
        Self::new(error.code, error.pointer, error.message).with_hint(error.hint.map(str::to_owned))
    }
}

impl From<ParseError> for Error {
    fn from(error: ParseError) -> Self {
        Self::from_diagnostics(vec![error.into()])
    }
}

/// Parses one JSON document (RFC 8259, UTF-8).
///
/// # Errors
/// If the bytes are not one JSON value (and nothing after it), nested deeper than 128, larger than 256 MiB, or have a
/// number or string that cannot be represented.
///
/// # Examples
/// ```
/// let parsed = tidegate::value::parse(br#"{"a": {"b": 1, "b": 2}}"#)?;
/// assert_eq!(parsed.duplicates, ["/a/b"]);
/// let error = tidegate::value::parse(br#"{"a": [1, 1e400]}"#).unwrap_err();
/// assert_eq!((error.pointer.as_str(), error.line, error.column), ("/a/1", 1, 15));
/// # Ok::<(), tidegate::value::ParseError>(())
/// ```
pub fn parse(bytes: &[u8]) -> Result<Parsed<'_>, ParseError> {
    if bytes.len() > MAX_BYTES {
        let message = format!("expected at most 256 MiB, found {} bytes", bytes.len());
        let pointer = String::new();
        return Err(ParseError { code: Code::TooLarge, pointer, message, line: 0, column: 0, hint: None });
    }
    // One pass over the whole text is much cheaper than to look at each string by itself.
    let (text, broken) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, false),
        Err(error) => {
            let valid = bytes.get(..error.valid_up_to()).and_then(|valid| std::str::from_utf8(valid).ok());
            (valid.unwrap_or_default(), true)
        }
    };
    let mut tree = Tree::default();
    let mut reader = serde_json::Deserializer::from_str(text);
    // The tree counts the levels itself: serde_json's limit is one less than ours.
    reader.disable_recursion_limit();
    let outcome = Any { tree: &mut tree }.deserialize(&mut reader);
    match outcome.and_then(|root| reader.end().map(|()| root)) {
        Ok(root) if !broken => {
            let duplicates = tree.duplicates.iter().map(|steps| pointer(steps)).collect();
            Ok(Parsed { root, duplicates })
        }
        outcome => {
            let pointer = pointer(&tree.trail);
            Err(match outcome {
                Err(error) if !broken || !error.is_eof() => failure(text, &error, tree.too_deep, pointer),
                // What comes first is reported: the end of the valid part is no fault of its own.
                _ => bad_utf8(text, pointer),
            })
        }
    }
}

fn failure(document: &str, error: &serde_json::Error, too_deep: bool, pointer: String) -> ParseError {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let what = text.rsplit_once(" at line ").map_or(&*text, |(what, _)| what);
    let own = document.split('\n').nth(line.wrapping_sub(1)).unwrap_or_default();
    let found = own.get(column.wrapping_sub(1)..).unwrap_or_default();
    let no_number = ["NaN", "Infinity"].into_iter().find(|name| found.starts_with(name));
    let mut hint = None;
    // serde_json has no codes of its own; `tests.rs` holds on to what these texts become.
    let (code, what) = match what {
        _ if too_deep => (Code::TooDeep, format!("expected at most {MOST_DEPTH} levels, found more")),
        "number out of range" => {
            (Code::NumberOutOfRange, "expected a number that fits a double, found a larger one".into())
        }
        "lone leading surrogate in hex escape" | "unexpected end of hex escape" => {
            (Code::BadUnicode, "expected both halves of a surrogate pair, found one".into())
        }
        "expected value" if document.starts_with('\u{feff}') => {
            hint = Some("save it as UTF-8 without a byte order mark");
            (Code::NotJson, "expected JSON, found a byte order mark".into())
        }
        "expected value" | "invalid number" if no_number.is_some() => {
            hint = Some("JSON has no NaN and no Infinity");
            (Code::NotJson, ["expected a number, found ", no_number.unwrap_or_default()].concat())
        }
        other => (Code::NotJson, other.to_owned()),
    };
    let message = format!("{what} (line {line}, column {column})");
    ParseError { code, pointer, message, line, column, hint }
}

fn bad_utf8(before: &str, pointer: String) -> ParseError {
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.bytes().rev().take_while(|byte| *byte != b'\n').count() + 1;
    let message = format!("expected UTF-8, found other bytes (line {line}, column {column})");
    ParseError { code: Code::BadUnicode, pointer, message, line, column, hint: None }
}

/// Steps are noted from the inside out.
fn pointer(steps: &[Step]) -> String {
    let mut out = String::new();
    for step in steps.iter().rev() {
        match step {
            Step::Key(key) => out.push_str(key),
            Step::Index(index) => push_step(&mut out, &index.to_string()),
        }
    }
    out
}
