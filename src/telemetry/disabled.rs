//! Without the feature `tracing`: nothing is told.

use crate::error::{Diagnostic, Error};
use crate::eval::Decision;

#[inline(always)]
pub(crate) fn updated(_: (u64, u64), _: usize, _: usize, _: &[Diagnostic]) {}

#[inline(always)]
pub(crate) fn refused(_: u64, _: &Error) {}

#[inline(always)]
pub(super) fn evaluated(_: &Decision<'_>, _: Option<&str>) {}
