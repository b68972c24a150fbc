//! What may be done, noun by noun: pure functions over a [`Tx`](super::Tx), each with its permission check inside.

pub mod access;
pub mod attachment;
pub mod attribute;
pub mod change;
pub mod environment;
pub mod exclusion;
pub mod feature;
pub mod guard;
pub mod kill;
pub mod pipeline;
pub mod principal;
pub mod propagation;
pub mod proposal;
pub mod release;
pub mod schedule;
pub mod sdk_key;
pub mod segment;
pub mod signing_key;
pub mod token;
pub mod webhook;

#[cfg(test)]
pub(crate) mod fixture;
