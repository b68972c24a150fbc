//! Server-sent events, read piece by piece as they arrive.
//!
//! INVARIANT: what is kept of an event that is not whole is at most [`Parser::most`] bytes.

use std::time::Duration;

/// An event.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Message {
    /// Its name; empty if it has none.
    pub(super) event: String,
    /// Its id, if the event itself carries one.
    pub(super) id: Option<String>,
    /// Its data, lines joined by line feeds.
    pub(super) data: Vec<u8>,
}

/// More of one event came than is taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct TooLarge;

/// Takes bytes, gives events.
#[derive(Debug)]
pub(super) struct Parser {
    line: Vec<u8>,
    message: Message,
    has_data: bool,
    /// The last byte was a carriage return: a line feed now is part of that line's end.
    after_return: bool,
    is_first_line: bool,
    /// How long to wait before a new connection, as the server wants it.
    retry: Option<Duration>,
    most: usize,
}

impl Parser {
    /// A parser that takes events of up to `most` bytes.
    pub(super) fn new(most: usize) -> Self {
        Self {
            line: Vec::new(),
            message: Message::default(),
            has_data: false,
            after_return: false,
            is_first_line: true,
            retry: None,
            most,
        }
    }

    pub(super) fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// Takes the next bytes; the events that they complete go to `out`.
    pub(super) fn push(&mut self, mut bytes: &[u8], out: &mut Vec<Message>) -> Result<(), TooLarge> {
        while let Some(first) = bytes.first() {
            if std::mem::take(&mut self.after_return) && *first == b'\n' {
                bytes = bytes.get(1..).unwrap_or_default();
                continue;
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let (part, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            if self.line.len() + part.len() + self.message.data.len() > self.most {
                return Err(TooLarge);
            }
            self.line.extend_from_slice(part);
            let Some((end, rest)) = rest.split_first() else { return Ok(()) };
            self.after_return = *end == b'\r';
            bytes = rest;
            out.extend(self.end_line());
        }
        Ok(())
    }

    /// The line is whole; an empty one ends the event.
    fn end_line(&mut self) -> Option<Message> {
        let mut line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.is_first_line) && line.starts_with(b"\xEF\xBB\xBF") {
            line.drain(..3);
        }
        if line.is_empty() {
            let message = std::mem::take(&mut self.message);
            return std::mem::take(&mut self.has_data).then_some(message);
        }
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let (name, value) = line.split_at(colon);
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => self.data(value),
            b"event" => self.message.event = String::from_utf8_lossy(value).into_owned(),
            b"id" if !value.contains(&0) => {
                self.message.id = Some(String::from_utf8_lossy(value).into_owned());
            }
            b"retry" => {
                let ms = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
                self.retry = ms.map(Duration::from_millis).or(self.retry);
            }
            // A comment, or a field of a later time.
            _ => {}
        }
        None
    }

    fn data(&mut self, value: &[u8]) {
        if std::mem::replace(&mut self.has_data, true) {
            self.message.data.push(b'\n');
        }
        self.message.data.extend_from_slice(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pieces: &[&[u8]]) -> Vec<Message> {
        let (mut parser, mut out) = (Parser::new(1_000), Vec::new());
        for piece in pieces {
            parser.push(piece, &mut out).unwrap();
        }
        out
    }

    fn message(event: &str, id: Option<&str>, data: &str) -> Message {
        Message { event: event.into(), id: id.map(str::to_owned), data: data.into() }
    }

    const TEXT: &[u8] = b"\xEF\xBB\xBF: hello\n\nevent: snapshot\nid: 42\ndata: token\ndata: {\"a\": 1}\n\n\
        event: head\rdata:t\r\rretry: 1500\r\nid\r\nunknown: x\r\ndata\r\n\r\nevent: without data\n\nevent: half\ndata: no";

    #[test]
    fn events_are_the_same_however_they_are_cut() {
        let expected = [
            message("snapshot", Some("42"), "token\n{\"a\": 1}"),
            message("head", None, "t"),
            message("", Some(""), ""),
        ];
        assert_eq!(parse(&[TEXT]), expected);
        let bytes: Vec<&[u8]> = TEXT.chunks(1).collect();
        assert_eq!(parse(&bytes), expected);
        for cut in 0..TEXT.len() {
            assert_eq!(parse(&[&TEXT[..cut], &TEXT[cut..]]), expected, "cut at {cut}");
        }
    }

    #[test]
    fn the_wait_that_a_server_wants_is_known() {
        let mut parser = Parser::new(100);
        let mut out = Vec::new();
        parser.push(b"retry: 2000\nretry: soon\n", &mut out).unwrap();
        assert_eq!((parser.retry(), out.len()), (Some(Duration::from_secs(2)), 0));
    }

    #[test]
    fn an_event_without_end_is_not_kept_for_ever() {
        let mut parser = Parser::new(100);
        let mut out = Vec::new();
        assert_eq!(parser.push(&[b'x'; 101], &mut out), Err(TooLarge));
        let mut parser = Parser::new(100);
        let lines = "data: 0123456789\n".repeat(20);
        assert_eq!(parser.push(lines.as_bytes(), &mut out), Err(TooLarge));
        assert!(out.is_empty());
    }
}
