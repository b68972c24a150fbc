//! Without the feature `tracing`: nothing is told.

use crate::client::{Connected, Event};
use crate::error::Error;

#[inline(always)]
pub(in crate::client) fn happened(_: &Event) {}

#[inline(always)]
pub(in crate::client) fn nacked(_: u64, _: &Error) {}

#[inline(always)]
pub(in crate::client) fn connected(_: Connected) {}
