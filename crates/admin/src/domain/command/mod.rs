//! What may be done, noun by noun: pure functions over a [`Tx`](super::Tx), each with its permission check inside.

pub mod change;
pub mod feature;
pub mod guard;
pub mod kill;
pub mod release;
pub mod schedule;
pub mod segment;
