//! Instants and durations, as people read and write them.

use jiff::Timestamp;
use serde_json::Value as Json;

/// An instant (ms since 1970) as RFC 3339, to the second.
pub(crate) fn instant(ms: i64) -> String {
    let at = Timestamp::from_millisecond(ms).map(|at| at.round(jiff::Unit::Second).unwrap_or(at));
    at.map_or_else(|_| ms.to_string(), |at| at.to_string())
}

/// An instant in JSON: milliseconds or text; `-` if there is none.
pub(crate) fn instant_of(json: Option<&Json>) -> String {
    match json {
        Some(Json::Number(number)) => number.as_i64().map_or_else(|| number.to_string(), instant),
        Some(Json::String(text)) => text.clone(),
        _ => "-".to_owned(),
    }
}

/// A number of milliseconds in words: `2 d 3 h`, `4 min 10 s`, `0 s`.
pub(crate) fn span(ms: u64) -> String {
    let seconds = ms.div_ceil(1000);
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3600 % 24, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let shown: Vec<String> = parts
        .iter()
        .skip_while(|(number, _)| *number == 0)
        .take(2)
        .filter(|(number, _)| *number > 0)
        .map(|(number, unit)| format!("{number} {unit}"))
        .collect();
    if shown.is_empty() { "0 s".to_owned() } else { shown.join(" ") }
}

/// A duration as written in options, in milliseconds: `90s`, `10m`, `2h`, `3d`, `1h30m`.
pub(crate) fn duration(text: &str) -> Result<u64, String> {
    let bad = || format!("`{text}` is no duration such as 90s, 10m, 2h, 3d or 1h30m");
    let mut total: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(bad)?;
        let (number, tail) = rest.split_at_checked(digits).ok_or_else(bad)?;
        let letters = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(letters).ok_or_else(bad)?;
        let unit: u64 = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" | "min" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(bad()),
        };
        let number: u64 = number.parse().map_err(|_| bad())?;
        total = number.checked_mul(unit).and_then(|part| total.checked_add(part)).ok_or_else(bad)?;
        rest = tail;
    }
    if text.is_empty() { Err(bad()) } else { Ok(total) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_two_parts_at_most() {
        for (ms, text) in [
            (0, "0 s"),
            (1, "1 s"),
            (59_000, "59 s"),
            (250_000, "4 min 10 s"),
            (3_600_000, "1 h"),
            (3_601_000, "1 h"),
            (183_600_000, "2 d 3 h"),
        ] {
            assert_eq!(span(ms), text, "{ms}");
        }
    }

    #[test]
    fn durations_are_read_with_their_units() {
        for (text, ms) in [("90s", 90_000), ("1h30m", 5_400_000), ("2d", 172_800_000), ("250ms", 250)] {
            assert_eq!(duration(text), Ok(ms), "{text}");
        }
        for text in ["", "5", "h", "5x", "1h5", "99999999999999999999d", "18446744073709551615d", "-1s", "5µ"]
        {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn instants_are_told_to_the_second() {
        assert_eq!(instant(1_767_225_600_400), "2026-01-01T00:00:00Z");
        assert_eq!(instant(i64::MAX), i64::MAX.to_string());
    }
}
