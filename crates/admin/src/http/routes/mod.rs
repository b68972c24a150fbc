//! The operations, noun by noun.

mod stream;

use super::operation::Operation;

/// All, by tag.
pub(super) fn all() -> Vec<(&'static str, Vec<Operation>)> {
    vec![("events", stream::operations())]
}
