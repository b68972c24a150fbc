//! Regular expressions without the feature `regex`: none compiles.

use std::convert::Infallible;

/// A regular expression; none exists without the feature `regex`.
#[derive(Clone, Debug)]
pub struct Pattern {
    never: Infallible,
}

impl Pattern {
    /// Fails.
    ///
    /// # Errors
    /// Always: built without the feature `regex`.
    pub fn new(_text: &str) -> Result<Self, String> {
        Err("built without the feature `regex`".to_owned())
    }

    /// Whether it is found anywhere in the text.
    #[must_use]
    pub fn is_match(&self, _text: &str) -> bool {
        match self.never {}
    }

    /// An estimate of the bytes on the heap.
    #[must_use]
    pub fn memory_usage(&self) -> usize {
        match self.never {}
    }
}
