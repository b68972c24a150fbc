//! The known name that is nearest to an unknown one, for hints.
//!
//! The distance is that of optimal string alignment: insert, delete, replace, and swap of neighbours.

/// Longer names get no hint.
const LONGEST: usize = 64;
/// At most so many candidates are looked at.
const MOST: usize = 10_000;

/// The candidate nearest to `name`, if one is near enough to be meant; the first of several.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > LONGEST {
        return None;
    }
    let wanted = letters(name);
    let mut limit = (wanted.len() / 3).clamp(1, 4);
    let mut best = None;
    for candidate in candidates.into_iter().take(MOST) {
        if candidate.len() > LONGEST {
            continue;
        }
        let letters = letters(candidate);
        if letters.len().abs_diff(wanted.len()) > limit {
            continue;
        }
        let distance = distance(&wanted, &letters);
        if distance == 0 {
            return Some(candidate);
        }
        if distance <= limit && distance < wanted.len().max(2) {
            best = Some(candidate);
            limit = distance - 1;
        }
    }
    best
}

/// Lower-case letters with `-` as `_`: a difference of case or hyphen is none.
fn letters(text: &str) -> Vec<char> {
    text.chars().flat_map(char::to_lowercase).map(|c| if c == '-' || c == ' ' { '_' } else { c }).collect()
}

fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, &ca) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, &cb) in b.iter().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX - 1);
            let mut best =
                (at(&last, j + 1) + 1).min(at(&row, j) + 1).min(at(&last, j) + usize::from(ca != cb));
            let swapped = i > 0 && j > 0 && b.get(j - 1) == Some(&ca) && a.get(i - 1) == Some(&cb);
            if swapped && ca != cb {
                best = best.min(at(&before, j - 1) + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}
