//! Regular expressions (SEMANTICS 4.6): the operator `matches`.
//!
//! With the feature `regex` they are compiled by regex-automata, to a dense DFA where that is small, so that matching is one
//! table look-up per byte and never allocates. Without it no pattern compiles, and a document that uses one is diagnosed.

#[cfg_attr(feature = "regex", path = "pattern/enabled.rs")]
#[cfg_attr(not(feature = "regex"), path = "pattern/disabled.rs")]
mod switch;

pub use self::switch::Pattern;

#[cfg(all(test, feature = "regex"))]
mod tests;
