//! When a delivery is tried again.
//!
//! ```text
//!   try 1 ─5 s─ 2 ─30 s─ 3 ─2 min─ 4 ─10 min─ 5 ─30 min─ 6 ─1 h─ 7 ─3 h─ 8 ─6 h─ 9 ─12 h─ 10 ─24 h─ 11 ─24 h─ 12 ─ dead (3 days)
//! ```

use sha2::{Digest, Sha256};

/// Seconds after each try that failed.
const WAITS_S: [i64; 11] = [5, 30, 120, 600, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 86_400];
/// The longest wait that a receiver may ask for, in milliseconds.
const LONGEST: i64 = 86_400_000;

/// Milliseconds to wait after so many tries (from 1); `None`: it was the last.
///
/// Up to a tenth is added, other for each delivery, so that an endpoint that comes back is not hit by all at once; the same delivery
/// gets the same, so that tests know it. A receiver may ask for more (`Retry-After`), up to a day.
pub(super) fn wait(delivery: &str, tries: u32, retry_after_s: Option<u64>) -> Option<i64> {
    let index = usize::try_from(tries.checked_sub(1)?).ok()?;
    let wait = WAITS_S.get(index)? * 1000;
    let digest = Sha256::digest(format!("{delivery}#{tries}"));
    let share = digest.first().map_or(0, |byte| i64::from(*byte));
    let wait = wait + wait * share / 2560;
    let asked = retry_after_s.and_then(|seconds| i64::try_from(seconds).ok()).unwrap_or(0);
    Some(wait.max(asked.saturating_mul(1000).min(LONGEST)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_three_days_and_end() {
        let all: Vec<i64> = (1..).map_while(|tries| wait("dlv_1", tries, None)).collect();
        assert_eq!(all.len(), WAITS_S.len());
        for (wait, base) in all.iter().zip(WAITS_S) {
            assert!((base * 1000..=base * 1100).contains(wait), "{wait} of {base} s");
        }
        let days = all.iter().sum::<i64>() as f64 / 86_400_000.0;
        assert!((2.9..3.3).contains(&days), "{days} days");
    }

    #[test]
    fn deliveries_do_not_come_at_once() {
        let waits: std::collections::BTreeSet<i64> =
            (0..100).filter_map(|n| wait(&format!("dlv_{n}"), 4, None)).collect();
        assert!(waits.len() > 50, "{} different waits of 100", waits.len());
    }

    #[test]
    fn a_receiver_may_ask_for_more_not_for_less() {
        assert_eq!(wait("d", 1, Some(60)), Some(60_000));
        assert_eq!(wait("d", 1, Some(0)), wait("d", 1, None));
        assert_eq!(wait("d", 1, Some(u64::MAX)), wait("d", 1, None));
        assert_eq!(wait("d", 1, Some(1 << 40)), Some(LONGEST));
        assert_eq!(wait("d", 12, Some(60)), None);
    }
}
