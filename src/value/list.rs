//! A list of strings in two allocations.

use std::fmt;

/// A list of strings, stored as one text and the end of each string in it.
///
/// # Examples
/// ```
/// use tidegate::value::StringList;
///
/// let mut list = StringList::new();
/// assert!(list.push("a") && list.push("bc"));
/// assert_eq!(list.get(1), Some("bc"));
/// assert_eq!(list.iter().collect::<Vec<_>>(), ["a", "bc"]);
/// ```
#[derive(Clone, Default, Eq, PartialEq)]
pub struct StringList(Box<Inner>);

#[derive(Clone, Default, Eq, PartialEq)]
struct Inner {
    text: String,
    /// INVARIANT: ascending, each a character boundary of `text`, the last its length.
    ends: Vec<u32>,
}

impl StringList {
    /// An empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a string; false, and nothing appended, if the texts would be longer than 4 GiB together.
    #[must_use = "a list of 4 GiB takes no more"]
    pub fn push(&mut self, text: &str) -> bool {
        let inner = &mut *self.0;
        let Ok(end) = u32::try_from(inner.text.len() + text.len()) else { return false };
        inner.text.push_str(text);
        inner.ends.push(end);
        true
    }

    /// A list of strings of one document, which are never 4 GiB.
    pub(crate) fn of<'t>(mut texts: impl Iterator<Item = &'t str>) -> Self {
        let mut list = Self::new();
        let whole = texts.all(|text| list.push(text));
        debug_assert!(whole);
        list
    }

    /// Takes all strings out, and keeps what is allocated.
    pub fn clear(&mut self) {
        self.0.text.clear();
        self.0.ends.clear();
    }

    /// A copy for which no more is allocated than it needs.
    pub(super) fn to_exact(&self) -> Self {
        Self(Box::new(Inner { text: self.0.text.as_str().into(), ends: self.0.ends.as_slice().into() }))
    }

    /// Bytes on the heap.
    pub(crate) fn memory_usage(&self) -> usize {
        let ends = self.0.ends.capacity().saturating_mul(size_of::<u32>());
        size_of::<Inner>().saturating_add(self.0.text.capacity()).saturating_add(ends)
    }

    /// How many strings there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.ends.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.ends.is_empty()
    }

    /// The string at an index.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&str> {
        let start = match index.checked_sub(1) {
            Some(before) => *self.0.ends.get(before)? as usize,
            None => 0,
        };
        let end = *self.0.ends.get(index)? as usize;
        self.0.text.get(start..end)
    }

    /// The strings in order.
    #[must_use]
    pub fn iter(&self) -> Strings<'_> {
        Strings(Parts::of(self.0.text.as_str(), &self.0.ends))
    }

    /// The bytes of the strings in order.
    pub(crate) fn bytes(&self) -> Parts<'_, &[u8]> {
        Parts::of(self.0.text.as_bytes(), &self.0.ends)
    }

    /// All strings one after the other.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// Where each string ends in [`StringList::text`].
    #[must_use]
    pub fn ends(&self) -> &[u32] {
        &self.0.ends
    }
}

impl fmt::Debug for StringList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl<'a> IntoIterator for &'a StringList {
    type Item = &'a str;
    type IntoIter = Strings<'a>;

    fn into_iter(self) -> Strings<'a> {
        self.iter()
    }
}

/// The strings of a [`StringList`].
#[derive(Clone, Debug)]
pub struct Strings<'a>(Parts<'a, &'a str>);

impl<'a> Iterator for Strings<'a> {
    type Item = &'a str;

    #[inline]
    fn next(&mut self) -> Option<&'a str> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for Strings<'_> {}

/// The parts of a text, or of its bytes for those who need not know that they are text.
#[derive(Clone, Debug)]
pub(crate) struct Parts<'a, T> {
    text: T,
    start: usize,
    ends: std::slice::Iter<'a, u32>,
}

impl<'a, T: Divide> Parts<'a, T> {
    fn of(text: T, ends: &'a [u32]) -> Self {
        Self { text, start: 0, ends: ends.iter() }
    }
}

impl<T: Divide> Iterator for Parts<'_, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        let end = *self.ends.next()? as usize;
        let item = self.text.part(self.start, end);
        self.start = end;
        item
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.ends.size_hint()
    }
}

impl<T: Divide> ExactSizeIterator for Parts<'_, T> {}

/// Text, or bytes.
pub(crate) trait Divide: Copy {
    fn part(self, start: usize, end: usize) -> Option<Self>;
}

impl Divide for &[u8] {
    #[inline]
    fn part(self, start: usize, end: usize) -> Option<Self> {
        self.get(start..end)
    }
}

impl Divide for &str {
    #[inline]
    fn part(self, start: usize, end: usize) -> Option<Self> {
        self.get(start..end)
    }
}
