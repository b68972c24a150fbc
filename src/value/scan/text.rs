//! Strings: most are plain and only borrowed; the others are unescaped.

use std::borrow::Cow;

use super::{Scanner, Stop};
use crate::error::Code;

impl<'a> Scanner<'a> {
    /// The rest of a string after its opening quote.
    #[inline]
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, Stop> {
        let start = self.at;
        match self.plain() {
            Some(plain) => Ok(Cow::Borrowed(plain)),
            None => self.escaped(start).map(Cow::Owned),
        }
    }

    /// The rest of a string that has nothing to unescape.
    #[inline]
    pub(super) fn plain(&mut self) -> Option<&'a str> {
        let start = self.at;
        self.skip_plain();
        if self.peek() != Some(b'"') {
            return None;
        }
        let plain = self.text.get(start..self.at);
        self.at += 1;
        plain
    }

    /// Moves to the next quote, backslash or control character, or to the end.
    #[inline]
    fn skip_plain(&mut self) {
        const ONES: u64 = u64::MAX / 255;
        const TOPS: u64 = ONES << 7;
        let mut rest = self.bytes.get(self.at..).unwrap_or_default();
        while let Some((chunk, after)) = rest.split_first_chunk::<8>() {
            let word = u64::from_le_bytes(*chunk);
            let quote = word ^ (ONES * b'"' as u64);
            let backslash = word ^ (ONES * b'\\' as u64);
            // The lowest top bit that is set marks the first such byte; those above it may be wrong.
            let zeros = quote.wrapping_sub(ONES) & !quote | backslash.wrapping_sub(ONES) & !backslash;
            let controls = word.wrapping_sub(ONES * 0x20) & !word;
            let found = (zeros | controls) & TOPS;
            if found != 0 {
                self.at = self.bytes.len() - rest.len() + found.trailing_zeros() as usize / 8;
                return;
            }
            rest = after;
        }
        let plain = rest.iter().take_while(|byte| !matches!(byte, 0..0x20 | b'"' | b'\\')).count();
        self.at = self.bytes.len() - rest.len() + plain;
    }

    /// A string that is not plain, from `start`; the scanner is at the first character that is not.
    pub(super) fn escaped(&mut self, start: usize) -> Result<String, Stop> {
        let mut out = String::from(self.text.get(start..self.at).unwrap_or_default());
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.at += 1;
                    out.push(self.escape()?);
                }
                Some(_) => return Err(self.unexpected("no control character in a string")),
                None => return Err(self.unexpected("the end of the string")),
            }
            let from = self.at;
            self.skip_plain();
            out.push_str(self.text.get(from..self.at).unwrap_or_default());
        }
    }

    fn escape(&mut self) -> Result<char, Stop> {
        let start = self.at - 1;
        let c = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode(start);
            }
            _ => return Err(self.unexpected("an escape")),
        };
        self.at += 1;
        Ok(c)
    }

    /// What comes after `\u`; a pair of surrogates is one character.
    fn unicode(&mut self, start: usize) -> Result<char, Stop> {
        let first = self.four_digits()?;
        let mut code = first;
        if (0xd800..0xdc00).contains(&first) && self.text.get(self.at..self.at + 2) == Some("\\u") {
            self.at += 2;
            let second = self.four_digits()?;
            if (0xdc00..0xe000).contains(&second) {
                code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            }
        }
        match char::from_u32(code) {
            Some(c) => Ok(c),
            None => {
                let message = "expected both halves of a surrogate pair, found one".into();
                Err(self.fail(Code::BadUnicode, start, message))
            }
        }
    }

    fn four_digits(&mut self) -> Result<u32, Stop> {
        let mut code = 0;
        for _ in 0..4 {
            let Some(digit) = self.peek().and_then(|byte| char::from(byte).to_digit(16)) else {
                return Err(self.unexpected("four hexadecimal digits"));
            };
            code = code << 4 | digit;
            self.at += 1;
        }
        Ok(code)
    }
}
