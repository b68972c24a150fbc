//! What may be done, noun by noun: pure functions over a [`Tx`](super::Tx), each with its permission check inside.

pub mod access;
pub mod attachment;
pub mod attribute;
pub mod environment;
pub mod exclusion;
pub mod pipeline;
pub mod principal;
pub mod proposal;
pub mod token;
pub mod webhook;

#[cfg(test)]
mod tests;
