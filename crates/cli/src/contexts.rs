//! Contexts: one from options, or many as JSON lines, read one by one.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use tidegate::Value;
use tidegate::error::Code;
use tidegate::operand::instant::{instant_from_int, parse_instant};
use tidegate::value::{ParseError, parse};

use crate::args::{OneContext, Process};
use crate::failure::{Exit, Failure};

/// The longest line; a context is much shorter.
pub(crate) const LONGEST_LINE: usize = 16 << 20;

/// `NAME=VALUE`.
#[derive(Clone, Debug)]
pub(crate) struct Assignment {
    name: String,
    value: Value,
}

/// Reads `NAME=VALUE`; a value that is JSON is taken as JSON, any other is a string.
pub(crate) fn assignment(text: &str) -> Result<Assignment, String> {
    let Some((name, value)) = text.split_once('=') else {
        return Err("expected NAME=VALUE, found no `=`".into());
    };
    if name.is_empty() {
        return Err("expected NAME=VALUE, found an empty name".into());
    }
    Ok(Assignment { name: name.to_owned(), value: literal(value)? })
}

fn literal(text: &str) -> Result<Value, String> {
    match parse(text.as_bytes()) {
        Ok(parsed) => Ok(parsed.root.into_value()),
        // What begins like JSON was meant as JSON.
        Err(error) if error.code != Code::NotJson || text.starts_with(['{', '[', '"']) => {
            let message = message(&error);
            Err(format!(
                "{message} (in column {}); a string that looks like JSON is written in quotes: '\"…\"'",
                error.column
            ))
        }
        Err(_) => Ok(text.into()),
    }
}

/// The message without its place.
fn message(error: &ParseError) -> &str {
    let place = format!(" (line {}, column {})", error.line, error.column);
    error.message.strip_suffix(&place).unwrap_or(&error.message)
}

/// The assignments as a map; a name that is given twice is refused.
fn attributes(list: &[Assignment], option: &str) -> Result<BTreeMap<String, Value>, Failure> {
    let mut map = BTreeMap::new();
    for Assignment { name, value } in list {
        if map.insert(name.clone(), value.clone()).is_some() {
            return Err(Failure::usage(format!("{option} gives `{name}` twice")));
        }
    }
    Ok(map)
}

impl Process {
    pub(crate) fn attributes(&self) -> Result<BTreeMap<String, Value>, Failure> {
        attributes(&self.process, "--process")
    }
}

impl OneContext {
    pub(crate) fn is_given(&self) -> bool {
        self.context.is_some() || !self.set.is_empty()
    }

    /// The context of the options; empty if they give none.
    pub(crate) fn attributes(&self) -> Result<BTreeMap<String, Value>, Failure> {
        let set = attributes(&self.set, "--set")?;
        let Some(text) = &self.context else { return Ok(set) };
        let context = object(text.as_bytes()).map_err(|problem| {
            let failure = Failure::new(Exit::Context, format!("--context: {problem}"));
            if Path::new(text).is_file() {
                return failure.hint("to read a file in a shell: --context \"$(cat FILE)\"");
            }
            if parse(text.as_bytes()).is_ok() {
                return failure;
            }
            failure.hint("in a shell, put it in single quotes: --context '{\"user_id\": \"u-1\"}'")
        })?;
        let mut map = into_map(context);
        map.extend(set);
        Ok(map)
    }
}

fn into_map(object: Value) -> BTreeMap<String, Value> {
    match object {
        Value::Object(members) => members.into_iter().map(|(name, value)| (name.into(), value)).collect(),
        _ => BTreeMap::new(),
    }
}

/// Reads an object.
pub(crate) fn object(text: &[u8]) -> Result<Value, String> {
    let value = parse(text).map_err(|error| {
        let at = if error.pointer.is_empty() { String::new() } else { format!(" at {}", error.pointer) };
        let line = if error.line > 1 { format!("line {}, ", error.line) } else { String::new() };
        format!("{}{at} ({line}column {})", message(&error), error.column)
    })?;
    match value.root.into_value() {
        object @ Value::Object(_) => Ok(object),
        other => Err(format!("expected an object, found a {}", other.json_type())),
    }
}

/// A context and its instant, from a line with both.
pub(crate) fn with_meta(line: Value) -> Result<(Value, Option<i64>), String> {
    let Value::Object(members) = line else { return Err("expected an object".into()) };
    let (mut context, mut now) = (None, None);
    for (name, value) in members {
        match &*name {
            "context" if value.as_object().is_some() => context = Some(value),
            "context" => {
                return Err(format!("expected `context` to be an object, found a {}", value.json_type()));
            }
            "now" => now = instant(&value)?,
            other => return Err(format!("expected only `context` and `now`, found `{other}`")),
        }
    }
    Ok((context.ok_or("expected the field `context`, found none")?, now))
}

fn instant(value: &Value) -> Result<Option<i64>, String> {
    let instant = match value {
        Value::Null => return Ok(None),
        Value::Str(text) => parse_instant(text),
        other => other.as_i64().and_then(instant_from_int),
    };
    instant.map(Some).ok_or_else(|| "expected `now` to be RFC 3339 or milliseconds since 1970".to_owned())
}

/// Lines of a stream, in bounded memory.
pub(crate) struct Lines<R> {
    reader: BufReader<R>,
    buffer: Vec<u8>,
    number: u64,
}

/// A line.
pub(crate) struct Line<'b> {
    /// From 1.
    pub(crate) number: u64,
    /// How many bytes it has, with its end.
    pub(crate) bytes: usize,
    /// Without its end, so that no parser counts a line more; `None` if it is too long.
    pub(crate) text: Option<&'b [u8]>,
}

impl<R: Read> Lines<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self { reader: BufReader::with_capacity(1 << 16, reader), buffer: Vec::new(), number: 0 }
    }

    /// Whether the next line may have to be waited for.
    pub(crate) fn may_wait(&self) -> bool {
        !self.reader.buffer().contains(&b'\n')
    }

    /// The next line that is not blank.
    pub(crate) fn next(&mut self, longest: usize) -> io::Result<Option<Line<'_>>> {
        loop {
            self.buffer.clear();
            let limit = longest as u64 + 1;
            let mut bytes = self.reader.by_ref().take(limit).read_until(b'\n', &mut self.buffer)?;
            if bytes == 0 {
                return Ok(None);
            }
            self.number = self.number.wrapping_add(1);
            let number = self.number;
            if bytes as u64 == limit && !self.buffer.ends_with(b"\n") {
                bytes = bytes.saturating_add(self.reader.skip_until(b'\n')?);
                return Ok(Some(Line { number, bytes, text: None }));
            }
            if !self.buffer.iter().all(u8::is_ascii_whitespace) {
                let text = self.buffer.strip_suffix(b"\n").unwrap_or(&self.buffer);
                let text = text.strip_suffix(b"\r").unwrap_or(text);
                return Ok(Some(Line { number, bytes, text: Some(text) }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_json_if_they_are_else_strings() {
        let value = |text| assignment(text).map(|assignment| format!("{:?}", assignment.value));
        for (text, expected) in [
            ("a=1", "1"),
            ("a=pro", "\"pro\""),
            ("a=", "\"\""),
            ("a=x=y", "\"x=y\""),
            ("a=true", "true"),
            ("a=\"1\"", "\"1\""),
            ("a=[1,\"b\"]", "[1,\"b\"]"),
            ("a=1.2.3", "\"1.2.3\""),
        ] {
            assert_eq!(value(text).unwrap(), expected, "{text}");
        }
        for text in ["a", "=1", "a={\"b\"", "a=[1", "a=1e400"] {
            assert!(value(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lines_are_numbered_and_bounded() {
        let mut lines = Lines::new(&b"{}\n\n  \r\n{\"a\":1}\r\nxxxxxxxxxxxxxxxxxxxxx\nlast"[..]);
        let mut seen = Vec::new();
        while let Some(line) = lines.next(10).unwrap() {
            seen.push((line.number, line.bytes, line.text.map(<[u8]>::to_vec)));
        }
        assert_eq!(
            seen,
            [
                (1, 3, Some(b"{}".to_vec())),
                (4, 9, Some(b"{\"a\":1}".to_vec())),
                (5, 22, None),
                (6, 4, Some(b"last".to_vec()))
            ]
        );
    }
}
