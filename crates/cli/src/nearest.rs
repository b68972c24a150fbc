//! The known name that is nearest to one that a person typed, for hints.

/// Longer names get no hint.
const LONGEST: usize = 64;

/// The candidate nearest to `name`, if one is near enough to be meant.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = letters(name)?;
    let most = (wanted.len() / 3).clamp(1, 4);
    let near = candidates.into_iter().filter_map(|candidate| {
        let letters = letters(candidate)?;
        let close = letters.len().abs_diff(wanted.len()) <= most && wanted.len() > 1;
        // Who types the beginning of a long name meant it as well.
        let begun = wanted.len() >= 4 && letters.starts_with(&wanted);
        let distance = if close { distance(&wanted, &letters) } else { usize::MAX };
        let rank = if begun { distance.min(1) } else { distance };
        (distance <= most || begun).then_some((rank, candidate))
    });
    near.min_by_key(|(rank, _)| *rank).map(|(_, candidate)| candidate)
}

fn letters(text: &str) -> Option<Vec<char>> {
    let fold = |c: char| if matches!(c, '-' | ' ' | '.') { '_' } else { c };
    (text.len() <= LONGEST).then(|| text.chars().flat_map(char::to_lowercase).map(fold).collect())
}

/// Insert, delete, replace, and swap of neighbours.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX / 2);
    for (i, &ca) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &cb) in b.iter().enumerate() {
            let replaced = at(&last, j) + usize::from(ca != cb);
            let mut best = replaced.min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && b.get(j - 1) == Some(&ca) && a.get(i - 1) == Some(&cb);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_finds_slips_beginnings_and_nothing_else() {
        let names = ["checkout", "checkout-limits", "country", "on"];
        for (typed, meant) in [
            ("chekout", Some("checkout")),
            ("checkuot", Some("checkout")),
            ("checkout_limit", Some("checkout-limits")),
            ("checkout-l", Some("checkout-limits")),
            ("Country", Some("country")),
            ("contry", Some("country")),
            ("no", Some("on")),
            ("x", None),
            ("", None),
            ("something else", None),
        ] {
            assert_eq!(nearest(typed, names), meant, "{typed}");
        }
        assert_eq!(nearest(&"x".repeat(65), names), None);
    }
}
