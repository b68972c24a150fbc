//! Which regular expressions mean the same in Statsig (crate `fancy-regex`) and here (crate `regex`), for sure.
//!
//! Not a parser of either syntax: it knows a common subset, and anything else is "not sure". One invalid pattern would
//! make strict validation refuse a whole snapshot, so a pattern outside of the subset is reported and never matches.

use std::iter::Peekable;
use std::str::Chars;

const HEAVIEST: u32 = 1_000;
const DEEPEST: u32 = 20;

/// Whether the pattern is in the common subset, and small.
pub(super) fn is_common(pattern: &str) -> bool {
    let mut parser = Parser { rest: pattern.chars().peekable(), names: Vec::new() };
    parser.alternatives(0).is_some_and(|weight| weight <= HEAVIEST) && parser.rest.peek().is_none()
}

struct Parser<'p> {
    rest: Peekable<Chars<'p>>,
    names: Vec<String>,
}

/// What precedes a quantifier.
struct Atom {
    weight: u32,
    repeatable: bool,
}

impl Parser<'_> {
    fn alternatives(&mut self, depth: u32) -> Option<u32> {
        let mut total = self.sequence(depth)?;
        while self.rest.next_if_eq(&'|').is_some() {
            total = total.checked_add(self.sequence(depth)?)?;
        }
        Some(total)
    }

    fn sequence(&mut self, depth: u32) -> Option<u32> {
        let mut total = 1_u32;
        while let Some(&next) = self.rest.peek() {
            if next == '|' || next == ')' {
                break;
            }
            let atom = self.atom(depth)?;
            let times = match self.rest.peek() {
                Some('*' | '+' | '?' | '{') if !atom.repeatable => return None,
                Some('*' | '+' | '?' | '{') => self.quantifier()?,
                _ => 1,
            };
            total = total.checked_add(atom.weight.checked_mul(times)?)?;
        }
        Some(total)
    }

    fn atom(&mut self, depth: u32) -> Option<Atom> {
        let (weight, repeatable) = match self.rest.next()? {
            '(' if depth < DEEPEST => return self.group(depth.checked_add(1)?),
            '[' => (self.class()?, true),
            '.' => (50, true),
            '^' | '$' => (1, false),
            '\\' => match self.rest.next()? {
                'd' | 'D' | 'w' | 'W' | 's' | 'S' => (50, true),
                'b' | 'B' => (50, false),
                'n' | 'r' | 't' => (1, true),
                escaped => (is_punctuation(escaped).then_some(1)?, true),
            },
            '(' | ')' | '*' | '+' | '?' | '{' | '}' | ']' | '|' => return None,
            _ => (1, true),
        };
        Some(Atom { weight, repeatable })
    }

    fn group(&mut self, depth: u32) -> Option<Atom> {
        if self.rest.next_if_eq(&'?').is_some() {
            let named = match self.rest.next()? {
                ':' => false,
                'P' => self.rest.next_if_eq(&'<').map(|_| true)?,
                '<' => true,
                'i' => match self.rest.next()? {
                    ')' => return Some(Atom { weight: 1, repeatable: false }),
                    ':' => false,
                    _ => return None,
                },
                _ => return None,
            };
            if named {
                self.name()?;
            }
        }
        let weight = self.alternatives(depth)?;
        self.rest.next_if_eq(&')')?;
        Some(Atom { weight, repeatable: true })
    }

    fn name(&mut self) -> Option<()> {
        let mut name = String::new();
        while let Some(letter) = self.rest.next_if(char::is_ascii_alphabetic) {
            name.push(letter);
        }
        self.rest.next_if_eq(&'>')?;
        if name.is_empty() || self.names.contains(&name) {
            return None;
        }
        self.names.push(name);
        Some(())
    }

    /// The most times that a quantifier copies its atom.
    fn quantifier(&mut self) -> Option<u32> {
        let times = match self.rest.next()? {
            '{' => self.counts()?,
            _ => 2,
        };
        self.rest.next_if_eq(&'?');
        match self.rest.peek() {
            Some('*' | '+' | '?' | '{') => None,
            _ => Some(times),
        }
    }

    fn counts(&mut self) -> Option<u32> {
        let low = self.count()?;
        let high = match self.rest.next()? {
            '}' => return Some(low.max(1)),
            ',' if self.rest.next_if_eq(&'}').is_some() => return low.checked_add(1),
            ',' => self.count()?,
            _ => return None,
        };
        self.rest.next_if_eq(&'}')?;
        (low <= high).then_some(high.max(1))
    }

    fn count(&mut self) -> Option<u32> {
        let mut digits = String::new();
        while let Some(digit) = self.rest.next_if(char::is_ascii_digit) {
            digits.push(digit);
        }
        digits.parse().ok().filter(|count| *count <= HEAVIEST)
    }

    /// A bracketed class without nesting, set operations or named classes.
    fn class(&mut self) -> Option<u32> {
        self.rest.next_if_eq(&'^');
        let mut empty = true;
        let mut last: Option<char> = None;
        loop {
            let next = self.rest.next()?;
            let single = match next {
                ']' if !empty => return Some(50),
                '[' | ']' | '&' | '~' | '^' => return None,
                '\\' => match self.rest.next()? {
                    'd' | 'D' | 'w' | 'W' | 's' | 'S' => None,
                    escaped if is_punctuation(escaped) => Some(escaped),
                    _ => return None,
                },
                '-' if empty || self.rest.peek() == Some(&']') => None,
                '-' => {
                    let (low, high) = (last.take()?, self.rest.next()?);
                    if !low.is_ascii_alphanumeric() || !high.is_ascii_alphanumeric() || low > high {
                        return None;
                    }
                    None
                }
                literal => Some(literal),
            };
            last = single;
            empty = false;
        }
    }
}

fn is_punctuation(c: char) -> bool {
    c.is_ascii_punctuation() && c != '<' && c != '>'
}
