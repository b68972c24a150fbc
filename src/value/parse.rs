//! Bytes to [`Value`] in one pass; an error says where in the document it is.

use std::fmt;

use super::Value;
use super::scan::{Failure, Scanner, Step};
use crate::error::{Code, Diagnostic, Error, push_step};

/// The largest document (SEMANTICS 9.1).
pub const MAX_BYTES: usize = 256 << 20;

/// A parsed document.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Parsed {
    /// The value.
    pub value: Value,
    /// The JSON pointers of keys that were given more than once, the last of which counts; at most 1 000.
    pub duplicates: Vec<String>,
}

impl From<Value> for Parsed {
    fn from(value: Value) -> Self {
        Self { value, duplicates: Vec::new() }
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
        Self::new(error.code, error.pointer, error.message)
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
/// assert_eq!((error.pointer.as_str(), error.line, error.column), ("/a/1", 1, 11));
/// # Ok::<(), tidegate::value::ParseError>(())
/// ```
pub fn parse(bytes: &[u8]) -> Result<Parsed, ParseError> {
    if bytes.len() > MAX_BYTES {
        let message = format!("expected at most 256 MiB, found {} bytes", bytes.len());
        return Err(ParseError { code: Code::TooLarge, pointer: String::new(), message, line: 0, column: 0 });
    }
    // One pass over the whole text is much cheaper than to look at each string by itself.
    let (text, broken) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, false),
        Err(error) => {
            let valid = bytes.get(..error.valid_up_to()).and_then(|valid| std::str::from_utf8(valid).ok());
            (valid.unwrap_or_default(), true)
        }
    };
    let mut scanner = Scanner::new(text);
    match scanner.document() {
        Ok(value) if !broken => {
            let duplicates = scanner.duplicates.iter().map(|steps| pointer(steps)).collect();
            Ok(Parsed { value, duplicates })
        }
        outcome => {
            let mut failure = scanner.failure;
            // What comes first is reported: the end of the valid part is no fault of its own.
            if broken && (outcome.is_ok() || failure.at >= text.len()) {
                let message = "expected UTF-8, found other bytes".into();
                failure = Failure { code: Code::BadUnicode, at: text.len(), message };
            }
            Err(locate(failure, text, pointer(&scanner.trail)))
        }
    }
}

fn locate(failure: Failure, text: &str, pointer: String) -> ParseError {
    let before = text.as_bytes().get(..failure.at).unwrap_or(text.as_bytes());
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
    let message = format!("{} (line {line}, column {column})", failure.message);
    ParseError { code: failure.code, pointer, message, line, column }
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
