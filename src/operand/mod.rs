//! Operands, parsed once: versions, instants, networks, patterns, folded texts (SEMANTICS §4).
//!
//! Each file is one type of operand: how it is parsed from a document, and how a context's value is compared with it.
//! Comparisons never allocate and never fail.

pub mod cidr;
pub mod fold;
pub mod instant;
pub mod name;
pub mod pattern;
pub mod set;
pub mod test;
pub mod version;
pub mod word;

/// As `std::hint::cold_path`, which has no effect where a crate is compiled for size: it is seen only once it is inlined, and that is
/// done too late then.
#[cold]
#[inline]
pub(crate) const fn cold_path() {}
