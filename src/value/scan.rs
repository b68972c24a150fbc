//! The scanner behind [`parse`](super::parse()): recursive descent over text that is known to be UTF-8.
//!
//! Why not serde_json: a snapshot is mostly lists of ids, and half of its time would go into visiting them one by one;
//! and its errors do not say where in the document they are. Tests compare the two on every kind of input.
//!
//! The trail costs nothing while all goes well: steps are noted only while an error, or a key that was given twice,
//! is on its way up. Elements and members gather on stacks of the scanner, so that each list and object is allocated
//! once, at its size; a list of strings in two pieces, however long.

use super::object::keep_last;
use super::{StringList, Value};
use crate::error::{Code, push_step};

mod text;

/// The deepest nesting (SEMANTICS 9.1).
const MOST_DEPTH: usize = 128;
/// At most so many keys that are given twice are noted.
const MOST_DUPLICATES: usize = 1_000;
/// So many digits fit into an `i64` whatever they are.
const SAFE_DIGITS: usize = 18;

/// A step of a trail.
pub(super) enum Step {
    /// Already escaped, with its slash.
    Key(String),
    Index(usize),
}

impl Step {
    fn key(key: &str) -> Self {
        let mut text = String::new();
        push_step(&mut text, key);
        Self::Key(text)
    }
}

/// What went wrong, and at which byte.
pub(super) struct Failure {
    pub(super) code: Code,
    pub(super) at: usize,
    pub(super) message: String,
}

/// The sign that the scanner's `failure` is set.
pub(super) struct Stop;

pub(super) struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    elements: Vec<Value>,
    members: Vec<(Box<str>, Value)>,
    strings: StringList,
    pub(super) failure: Failure,
    /// The place of the failure, from the inside out.
    pub(super) trail: Vec<Step>,
    pub(super) duplicates: Vec<Vec<Step>>,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
            depth: 0,
            elements: Vec::new(),
            members: Vec::new(),
            strings: StringList::new(),
            failure: Failure { code: Code::NotJson, at: 0, message: String::new() },
            trail: Vec::new(),
            duplicates: Vec::new(),
        }
    }

    pub(super) fn document(&mut self) -> Result<Value, Stop> {
        let value = self.value()?;
        match self.next_token() {
            None => Ok(value),
            Some(_) => Err(self.unexpected("the end of the document")),
        }
    }

    fn value(&mut self) -> Result<Value, Stop> {
        match self.next_token() {
            Some(b'"') => {
                self.at += 1;
                Ok(Value::Str(self.string()?.into()))
            }
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::list),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            _ => Err(self.unexpected("a value")),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value, Stop>) -> Result<Value, Stop> {
        if self.depth == MOST_DEPTH {
            return Err(self.fail(
                Code::TooDeep,
                self.at,
                format!("expected at most {MOST_DEPTH} levels, found more"),
            ));
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn list(&mut self) -> Result<Value, Stop> {
        let bottom = self.elements.len();
        match self.next_token() {
            Some(b']') => {
                self.at += 1;
                return Ok(Value::List(Vec::new()));
            }
            Some(b'"') => {
                if let Some(list) = self.string_list()? {
                    return Ok(Value::Strings(list));
                }
            }
            _ => {}
        }
        loop {
            let index = self.elements.len() - bottom;
            let seen = self.duplicates.len();
            match self.value() {
                Ok(value) => self.elements.push(value),
                Err(stop) => {
                    self.trail.push(Step::Index(index));
                    return Err(stop);
                }
            }
            self.note_duplicates(seen, || Step::Index(index));
            if self.ends(b']')? {
                return Ok(Value::List(self.elements.drain(bottom..).collect()));
            }
        }
    }

    /// A list that begins with a string; none if another value came, and the strings before it are elements then.
    fn string_list(&mut self) -> Result<Option<StringList>, Stop> {
        self.strings.clear();
        loop {
            let index = self.strings.len();
            match self.next_token() {
                Some(b'"') => self.at += 1,
                _ => {
                    self.elements.extend(self.strings.iter().map(Value::from));
                    return Ok(None);
                }
            }
            // A document is too small for a list that is too long.
            let start = self.at;
            let _ = match self.plain() {
                Some(text) => self.strings.push(text),
                None => match self.escaped(start) {
                    Ok(text) => self.strings.push(&text),
                    Err(stop) => {
                        self.trail.push(Step::Index(index));
                        return Err(stop);
                    }
                },
            };
            if self.ends(b']')? {
                return Ok(Some(self.strings.to_exact()));
            }
        }
    }

    /// Whether the list or object ends, or goes on after a comma.
    #[inline]
    fn ends(&mut self, close: u8) -> Result<bool, Stop> {
        match self.next_token() {
            Some(b',') => {
                self.at += 1;
                Ok(false)
            }
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(true)
            }
            _ => Err(self.unexpected(if close == b']' { "`,` or `]`" } else { "`,` or `}`" })),
        }
    }

    fn object(&mut self) -> Result<Value, Stop> {
        let bottom = self.members.len();
        if self.next_token() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Object(Vec::new()));
        }
        loop {
            if self.next_token() != Some(b'"') {
                return Err(self.unexpected("a key in double quotes"));
            }
            self.at += 1;
            let key: Box<str> = self.string()?.into();
            let seen = self.duplicates.len();
            match self.member() {
                Ok(value) => {
                    self.note_duplicates(seen, || Step::key(&key));
                    self.members.push((key, value));
                }
                Err(stop) => {
                    self.trail.push(Step::key(&key));
                    return Err(stop);
                }
            }
            if self.ends(b'}')? {
                let mut members: Vec<_> = self.members.drain(bottom..).collect();
                keep_last(&mut members, |key| {
                    if self.duplicates.len() < MOST_DUPLICATES {
                        self.duplicates.push(vec![Step::key(key)]);
                    }
                });
                return Ok(Value::Object(members));
            }
        }
    }

    /// What comes after a key.
    fn member(&mut self) -> Result<Value, Stop> {
        if self.next_token() != Some(b':') {
            return Err(self.unexpected("`:`"));
        }
        self.at += 1;
        self.value()
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Stop> {
        if self.text.get(self.at..self.at + word.len()) != Some(word) {
            return Err(self.unexpected("a value"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn number(&mut self) -> Result<Value, Stop> {
        let start = self.at;
        let negative = self.peek() == Some(b'-');
        self.at += usize::from(negative);
        let mut int: i64 = 0;
        let first = self.at;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            int = int.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'));
            self.at += 1;
        }
        let digits = self.at - first;
        if digits == 0 {
            return Err(self.unexpected("a digit"));
        }
        if digits > 1 && self.bytes.get(first) == Some(&b'0') {
            self.at = first + 1;
            return Err(self.unexpected("no digit after a leading zero"));
        }
        if !matches!(self.peek(), Some(b'.' | b'e' | b'E')) {
            if digits <= SAFE_DIGITS {
                return Ok(Value::Int(if negative { -int } else { int }));
            }
        } else {
            self.fraction_and_exponent()?;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        if let Ok(int) = text.parse() {
            return Ok(Value::Int(int));
        }
        match text.parse().ok().and_then(Value::from_f64) {
            Some(value) => Ok(value),
            None => {
                let message = "expected a number that fits a double, found a larger one".into();
                Err(self.fail(Code::NumberOutOfRange, start, message))
            }
        }
    }

    fn fraction_and_exponent(&mut self) -> Result<(), Stop> {
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Stop> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start { Err(self.unexpected("a digit")) } else { Ok(()) }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The next byte that is not white space.
    #[inline]
    fn next_token(&mut self) -> Option<u8> {
        loop {
            match self.peek() {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return other,
            }
        }
    }

    #[cold]
    fn unexpected(&mut self, expected: &str) -> Stop {
        let found = match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some(c) if c.is_control() => format!("U+{:04X}", u32::from(c)),
            Some(c) => format!("`{c}`"),
            None => "the end".into(),
        };
        self.fail(Code::NotJson, self.at, format!("expected {expected}, found {found}"))
    }

    #[cold]
    fn fail(&mut self, code: Code, at: usize, message: String) -> Stop {
        self.failure = Failure { code, at, message };
        Stop
    }

    /// Adds the step to the duplicates that were found below it.
    #[inline]
    fn note_duplicates(&mut self, seen: usize, step: impl Fn() -> Step) {
        for steps in self.duplicates.iter_mut().skip(seen) {
            steps.push(step());
        }
    }
}
