//! Server-sent events from bytes, as they arrive.
//!
//! Kept: the fields `event` and `data`. The data's lines are the server's exact bytes, joined by line breaks.
//! INVARIANT: no more is held than one event, and of that no more than [`MOST_BYTES`].

use tidegate::value::MAX_BYTES;

/// The most bytes of an event: a whole document and its token.
const MOST_BYTES: usize = MAX_BYTES + (64 << 10);

/// An event.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Event {
    /// Its type; empty: none was given.
    pub(super) name: String,
    pub(super) data: Vec<u8>,
}

impl Event {
    /// The data's two lines, of which a snapshot and a delta are made: token, document.
    pub(super) fn lines(mut self) -> Option<(String, Vec<u8>)> {
        let end = self.data.iter().position(|byte| *byte == b'\n')?;
        let document = self.data.split_off(end.checked_add(1)?);
        self.data.truncate(end);
        Some((String::from_utf8(self.data).ok()?, document))
    }

    /// The data as text.
    pub(super) fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.data).ok()
    }
}

/// The stream had an event that is larger than any can be.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct TooLarge;

/// Takes a stream apart.
#[derive(Debug, Default)]
pub(super) struct Parser {
    /// A line that has not ended yet.
    line: Vec<u8>,
    event: Event,
    has_data: bool,
}

impl Parser {
    /// Takes bytes; the events that end in them go to `out`.
    pub(super) fn push(&mut self, mut bytes: &[u8], out: &mut Vec<Event>) -> Result<(), TooLarge> {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (head, tail) = bytes.split_at(end);
            self.extend(head)?;
            self.end_line(out);
            bytes = tail.get(1..).unwrap_or_default();
        }
        self.extend(bytes)
    }

    fn extend(&mut self, bytes: &[u8]) -> Result<(), TooLarge> {
        let held = self.line.len().saturating_add(self.event.data.len());
        if held.saturating_add(bytes.len()) > MOST_BYTES {
            return Err(TooLarge);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn end_line(&mut self, out: &mut Vec<Event>) {
        let mut line = std::mem::take(&mut self.line);
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            if std::mem::take(&mut self.has_data) {
                out.push(event);
            }
            return;
        }
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let (field, value) = line.split_at(colon);
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"event" => self.event.name = String::from_utf8_lossy(value).into_owned(),
            b"data" => {
                if self.has_data {
                    self.event.data.push(b'\n');
                }
                self.event.data.extend_from_slice(value);
                self.has_data = true;
            }
            // A comment, or what only browsers need.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&str]) -> Vec<Event> {
        let (mut parser, mut out) = (Parser::default(), Vec::new());
        for piece in pieces {
            parser.push(piece.as_bytes(), &mut out).unwrap();
        }
        out
    }

    #[test]
    fn events_are_the_same_however_the_bytes_arrive() {
        let stream = "retry: 900\n\n:\n\nevent: delta\nid: 7\ndata: tok.en\ndata: {\"a\": \"ü\"}\n\nevent: head\r\ndata:x\r\n\r\ndata: half";
        let whole = read(&[stream]);
        let names: Vec<_> = whole.iter().map(|event| &*event.name).collect();
        assert_eq!(names, ["delta", "head"]);
        for at in (1..stream.len()).filter(|at| stream.is_char_boundary(*at)) {
            let (first, rest) = stream.split_at(at);
            assert_eq!(read(&[first, rest]), whole, "cut at {at}");
        }
        let delta = whole.into_iter().next().unwrap();
        assert_eq!(delta.lines(), Some(("tok.en".to_owned(), "{\"a\": \"ü\"}".as_bytes().to_vec())));
    }

    #[test]
    fn an_event_without_data_is_none_and_one_line_is_not_two() {
        assert!(read(&["event: head\n\n"]).is_empty());
        let one = read(&["data: x\n\n"]).pop().unwrap();
        assert_eq!(one.text(), Some("x"));
        assert_eq!(one.lines(), None);
    }

    #[test]
    fn an_endless_event_is_refused() {
        let (mut parser, mut out) = (Parser::default(), Vec::new());
        let piece = vec![b'x'; 64 << 20];
        let pieces = (0..8).map(|_| parser.push(&piece, &mut out)).take_while(Result::is_ok).count();
        assert_eq!(pieces, 4, "256 MiB and no more");
    }
}
