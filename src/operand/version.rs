//! Versions: strict SemVer 2.0.0 (SEMANTICS 4.10) and lenient dotted versions (SEMANTICS 4.11).
//!
//! Both are borrowed views of a text that was checked: numbers stay digits, of any length, and compare as such.
//! [`pack`] is the fast path for a context's value: most versions are three small numbers, which fit in one integer.

use std::cmp::Ordering;

use super::test::Comparison;

#[cfg(test)]
mod tests;

/// Numbers below this have room in [`Packed`].
const PACKED_LIMIT: u64 = 1 << 20;

/// A strict Semantic Versioning 2.0.0 version (SEMANTICS 4.10).
///
/// # Examples
/// ```
/// use tidegate::operand::version::Semver;
///
/// let (rc, done) = (Semver::parse("1.0.0-rc.1").unwrap(), Semver::parse("1.0.0+b7").unwrap());
/// assert!(rc.cmp(&done).is_lt());
/// assert!(Semver::parse("v1.0.0").is_none());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Semver<'a> {
    // INVARIANT: digits without leading zeros, at least one.
    core: [&'a [u8]; 3],
    // INVARIANT: empty, or identifiers separated by dots as in semver.org §9.
    pre: &'a [u8],
}

impl<'a> Semver<'a> {
    /// Reads a version; `None` if the text is none.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        Self::parse_bytes(text.as_bytes())
    }

    fn parse_bytes(text: &'a [u8]) -> Option<Self> {
        let (rest, build) = split_once(text, b'+');
        if build.is_some_and(|build| !identifiers(build, Zeros::Allowed)) {
            return None;
        }
        let (core, pre) = split_once(rest, b'-');
        if pre.is_some_and(|pre| !identifiers(pre, Zeros::Refused)) {
            return None;
        }
        let mut numbers = core.split(|&byte| byte == b'.');
        let core = [numbers.next()?, numbers.next()?, numbers.next()?];
        let sound = numbers.next().is_none() && core.iter().all(|number| is_number(number));
        sound.then_some(Self { core, pre: pre.unwrap_or_default() })
    }

    /// The precedence of semver.org §11; build metadata is ignored.
    #[expect(
        clippy::should_implement_trait,
        reason = "versions that differ only in build metadata are equal here"
    )]
    #[must_use]
    pub fn cmp(&self, other: &Semver<'_>) -> Ordering {
        for (mine, its) in self.core.iter().zip(other.core) {
            let order = compare_digits(mine, its);
            if order.is_ne() {
                return order;
            }
        }
        match (self.pre.is_empty(), other.pre.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => compare_identifiers(self.pre, other.pre),
        }
    }
}

/// A lenient dotted version (SEMANTICS 4.11).
///
/// # Examples
/// ```
/// use tidegate::operand::version::Dotted;
///
/// let (short, long) = (Dotted::parse("v1.2").unwrap(), Dotted::parse("1.02.0-rc1").unwrap());
/// assert!(short.cmp(&long).is_eq());
/// assert!(Dotted::parse("1..2").is_none());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Dotted<'a> {
    // INVARIANT: one or more runs of digits, separated by dots.
    text: &'a [u8],
}

impl<'a> Dotted<'a> {
    /// Reads a version; `None` if the text is none.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let text = text.as_bytes();
        let text = text.strip_prefix(b"v").or_else(|| text.strip_prefix(b"V")).unwrap_or(text);
        let text = text.split(|byte| matches!(byte, b'-' | b'+' | b' ')).next()?;
        let sound = text.split(|&byte| byte == b'.').all(|part| !part.is_empty() && all_digits(part));
        sound.then_some(Self { text })
    }

    /// Component by component as integers; missing components are 0.
    #[expect(clippy::should_implement_trait, reason = "`1.2` and `1.2.0` are equal here")]
    #[must_use]
    pub fn cmp(&self, other: &Dotted<'_>) -> Ordering {
        let (mut mine, mut its) = (self.components(), other.components());
        loop {
            let (left, right) = (mine.next(), its.next());
            if left.is_none() && right.is_none() {
                return Ordering::Equal;
            }
            let order = compare_digits(left.unwrap_or_default(), right.unwrap_or_default());
            if order.is_ne() {
                return order;
            }
        }
    }

    /// The components, without leading zeros (zero is empty).
    fn components(&self) -> impl Iterator<Item = &'a [u8]> {
        self.text.split(|&byte| byte == b'.').map(|part| {
            let zeros = part.iter().take_while(|&&byte| byte == b'0').count();
            part.get(zeros..).unwrap_or_default()
        })
    }
}

/// A strict version in one integer, if it is simple enough; see [`pack`].
///
/// Two plain ones compare as integers, exactly as the strict and as the lenient comparison of their texts do.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Packed(u64);

impl Packed {
    /// Not a strict version. (It may be a lenient one.)
    pub const INVALID: Self = Self(2);
    /// A strict version that does not fit: with a prerelease or build metadata, or a number of 2^20 or more.
    pub const COMPLEX: Self = Self(1);

    /// Whether this is a plain `a.b.c`, so that comparing the integers is comparing the versions.
    #[inline]
    #[must_use]
    pub const fn is_plain(self) -> bool {
        self.0 >> 63 == 1
    }

    /// The integer: `1<<63 | major<<40 | minor<<20 | patch` if plain.
    #[inline]
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// From what [`get`](Self::get) gave; 0, which it never gives, may stand for "not known yet".
    #[inline]
    #[must_use]
    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }
}

/// The plain versions that satisfy a comparison: one subtraction, one shift and one comparison tell.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Reach {
    /// The first in reach.
    pub first: u64,
    /// 0: all from the first on are in reach; 63: the first alone.
    pub shift: u8,
    /// Whether it is those out of reach that satisfy it.
    pub outside: bool,
}

impl Reach {
    /// Of a comparison with a plain version, which may be negated.
    #[must_use]
    pub fn new(comparison: Comparison, operand: Packed, negated: bool) -> Self {
        // The highest is far below 2^64.
        let after = operand.0.wrapping_add(1);
        let (first, shift, outside) = match comparison {
            Comparison::Eq => (operand.0, 63, false),
            Comparison::Gt => (after, 0, false),
            Comparison::Gte => (operand.0, 0, false),
            Comparison::Lt => (operand.0, 0, true),
            Comparison::Lte => (after, 0, true),
        };
        Self { first, shift, outside: outside != negated }
    }

    /// Whether a plain version satisfies it.
    #[inline(always)]
    #[must_use]
    pub fn holds(self, own: Packed) -> bool {
        // All plain versions have the highest bit, so that the difference has it if and only if it is negative.
        (own.0.wrapping_sub(self.first) <= u64::MAX >> 1 >> (self.shift & 63)) != self.outside
    }
}

/// Packs a strict version, without looking twice at a plain one.
///
/// # Examples
/// ```
/// use tidegate::operand::version::{pack, Packed};
///
/// assert!(pack(b"2.10.1") > pack(b"2.9.30"));
/// assert_eq!(pack(b"2.10.1-rc.1"), Packed::COMPLEX);
/// assert_eq!(pack(b"2.10"), Packed::INVALID);
/// ```
#[inline]
#[must_use]
pub fn pack(text: &[u8]) -> Packed {
    pack_plainly(text).unwrap_or_else(|| pack_slowly(text))
}

/// `None` unless plain.
#[inline]
fn pack_plainly(text: &[u8]) -> Option<Packed> {
    let mut at = 0;
    let major = component(text, &mut at)?;
    dot(text, &mut at)?;
    let minor = component(text, &mut at)?;
    dot(text, &mut at)?;
    let patch = component(text, &mut at)?;
    (at == text.len()).then_some(Packed((1 << 63) | (major << 40) | (minor << 20) | patch))
}

#[inline(always)]
fn component(text: &[u8], at: &mut usize) -> Option<u64> {
    let mut number = digit(text, *at)?;
    *at = at.wrapping_add(1);
    while let Some(digit) = digit(text, *at) {
        if number == 0 || number >= PACKED_LIMIT {
            return None;
        }
        number = number.wrapping_mul(10).wrapping_add(digit);
        *at = at.wrapping_add(1);
    }
    (number < PACKED_LIMIT).then_some(number)
}

#[inline(always)]
fn digit(text: &[u8], at: usize) -> Option<u64> {
    let digit = text.get(at)?.wrapping_sub(b'0');
    (digit < 10).then_some(u64::from(digit))
}

#[inline(always)]
fn dot(text: &[u8], at: &mut usize) -> Option<()> {
    let found = text.get(*at) == Some(&b'.');
    *at = at.wrapping_add(1);
    found.then_some(())
}

#[cold]
#[inline(never)]
fn pack_slowly(text: &[u8]) -> Packed {
    if Semver::parse_bytes(text).is_some() { Packed::COMPLEX } else { Packed::INVALID }
}

#[derive(Clone, Copy, PartialEq)]
enum Zeros {
    Allowed,
    Refused,
}

fn split_once(text: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    let mut parts = text.splitn(2, |&byte| byte == at);
    (parts.next().unwrap_or_default(), parts.next())
}

fn all_digits(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_digit)
}

fn is_number(text: &[u8]) -> bool {
    !text.is_empty() && all_digits(text) && (text.len() == 1 || !text.starts_with(b"0"))
}

fn identifiers(text: &[u8], zeros: Zeros) -> bool {
    text.split(|&byte| byte == b'.').all(|part| {
        let named = !part.is_empty() && part.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
        named && (zeros == Zeros::Allowed || !all_digits(part) || is_number(part))
    })
}

/// Both without leading zeros, so that the longer is the greater.
fn compare_digits(left: &[u8], right: &[u8]) -> Ordering {
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

fn compare_identifiers(left: &[u8], right: &[u8]) -> Ordering {
    let (mut mine, mut its) = (left.split(|&byte| byte == b'.'), right.split(|&byte| byte == b'.'));
    loop {
        let (left, right) = match (mine.next(), its.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(left), Some(right)) => (left, right),
        };
        let order = match (all_digits(left), all_digits(right)) {
            (true, true) => compare_digits(left, right),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => left.cmp(right),
        };
        if order.is_ne() {
            return order;
        }
    }
}
