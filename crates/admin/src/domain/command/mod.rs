//! What may be done, noun by noun: pure functions over a [`Tx`](super::Tx), each with its permission check inside.
