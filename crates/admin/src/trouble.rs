//! Trouble that lasts, told once and then each minute: a store that is down for an hour shall not fill the log with it.

use std::collections::BTreeSet;
use std::fmt;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How often one and the same is told again.
const AGAIN: Duration = Duration::from_secs(60);
/// How many different ones are told in this time.
const DIFFERENT: usize = 8;

/// One kind of trouble.
#[derive(Debug)]
pub(crate) struct Trouble {
    what: &'static str,
    is_severe: bool,
    lasting: Mutex<Option<Lasting>>,
}

/// Since when, and what was told of it.
#[derive(Debug)]
struct Lasting {
    began: Instant,
    /// When the present minute began.
    minute: Instant,
    told: BTreeSet<String>,
    /// Not told since.
    held_back: u64,
}

impl Trouble {
    /// That `what` goes wrong.
    pub(crate) const fn new(what: &'static str) -> Self {
        Self { what, is_severe: false, lasting: Mutex::new(None) }
    }

    /// As [`Trouble::new`], told as an error.
    pub(crate) const fn severe(what: &'static str) -> Self {
        Self { what, is_severe: true, lasting: Mutex::new(None) }
    }

    /// It went wrong.
    pub(crate) fn came(&self, error: &dyn fmt::Display) {
        let text = error.to_string();
        let Some(held_back) = self.is_told(&text, Instant::now()) else { return };
        if self.is_severe {
            tracing::error!(error = text, held_back, "{}", self.what);
        } else {
            tracing::warn!(error = text, held_back, "{}", self.what);
        }
    }

    /// It went well.
    pub(crate) fn is_over(&self) {
        if let Some(lasting) = self.lasting.lock().take() {
            let (seconds, held_back) = (lasting.began.elapsed().as_secs(), lasting.held_back);
            tracing::info!(seconds, held_back, "over: {}", self.what);
        }
    }

    /// Whether this is to be told now; if so, how many were not since the last that was.
    fn is_told(&self, text: &str, now: Instant) -> Option<u64> {
        let mut lasting = self.lasting.lock();
        let new = || Lasting { began: now, minute: now, told: BTreeSet::new(), held_back: 0 };
        let lasting = lasting.get_or_insert_with(new);
        if now.saturating_duration_since(lasting.minute) >= AGAIN {
            (lasting.minute, lasting.told) = (now, BTreeSet::new());
        }
        if lasting.told.contains(text) || lasting.told.len() >= DIFFERENT {
            lasting.held_back = lasting.held_back.saturating_add(1);
            return None;
        }
        lasting.told.insert(text.to_owned());
        Some(std::mem::take(&mut lasting.held_back))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lasts_is_told_once_a_minute_and_something_else_at_once() {
        let trouble = Trouble::new("the store is away");
        let now = Instant::now();
        let told = |text: &str| trouble.is_told(text, now);
        assert_eq!(told("refused"), Some(0));
        for _ in 0..100 {
            assert_eq!(told("refused"), None);
        }
        assert_eq!(told("timed out"), Some(100));
        assert_eq!(trouble.is_told("refused", now + AGAIN), Some(0));
        trouble.is_over();
        assert_eq!(told("refused"), Some(0));
        // Texts that never repeat are not told without end.
        let all = (0..1_000).filter(|n| told(&n.to_string()).is_some()).count();
        assert_eq!(all, DIFFERENT - 1);
    }
}
