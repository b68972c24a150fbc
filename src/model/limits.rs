//! The limits of SEMANTICS 9.7.

/// Rules in a list.
pub const RULES: usize = 10_000;
/// Levels of condition; a condition without others in it has one.
pub const CONDITION_LEVELS: usize = 64;
/// Phases in a release.
pub const PHASES: usize = 100;
/// Values in the list of an operator.
pub const LIST_VALUES: usize = 1_000_000;
/// Bytes in a key.
pub const KEY_BYTES: usize = 256;
/// Patches of a release on one feature or segment.
pub const PATCHES: usize = 500;
/// Tests of a definition that are repeated for environments and patches (SEMANTICS 9.7).
pub const REPEATS: usize = 1_000_000;
/// Attribute names in a document.
pub const ATTRIBUTES: usize = 4_096;
/// References in a chain.
pub const CHAIN: usize = 64;
/// Variants of a feature.
pub const VARIANTS: usize = 1_024;
