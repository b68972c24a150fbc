//! Instants in milliseconds since 1970-01-01T00:00:00Z, and RFC 3339 (SEMANTICS 4.12).
//!
//! The proleptic Gregorian calendar, years 0000 to 9999, no leap seconds, no time zones but fixed offsets.

#[cfg(test)]
mod tests;

/// The greatest magnitude of an instant that is given as a number (SEMANTICS 4.12).
pub const MAX_INSTANT: i64 = 8_640_000_000_000_000;

const DAY_MS: i64 = 86_400_000;
/// Days from 0000-03-01 to 1970-01-01.
const EPOCH_DAYS: i64 = 719_468;
/// Days in 400 years.
const ERA_DAYS: i64 = 146_097;

/// Reads an RFC 3339 date-time as SEMANTICS 4.12 has it; `None` if the text is none.
///
/// # Examples
/// ```
/// use tidegate::operand::instant::parse_instant;
///
/// assert_eq!(parse_instant("1970-01-01T01:00:00.0019+01:00"), Some(1));
/// assert_eq!(parse_instant("1970-01-01"), None);
/// ```
#[must_use]
pub fn parse_instant(text: &str) -> Option<i64> {
    let mut rest = Reader(text.as_bytes());
    let year = rest.number(4)?;
    rest.one_of(b"-")?;
    let month = rest.number(2)?;
    rest.one_of(b"-")?;
    let day = rest.number(2)?;
    rest.one_of(b"Tt ")?;
    let hour = rest.number(2)?;
    rest.one_of(b":")?;
    let minute = rest.number(2)?;
    rest.one_of(b":")?;
    let second = rest.number(2)?;
    let ms = if rest.one_of(b".").is_some() { rest.fraction()? } else { 0 };
    let offset = rest.offset()?;
    let sound = rest.0.is_empty()
        && (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day)
        && hour <= 23
        && minute <= 59
        && second <= 59;
    let minutes = hour * 60 + minute - offset;
    sound.then(|| days_from_civil(year, month, day) * DAY_MS + (minutes * 60 + second) * 1000 + ms)
}

/// The instant that an integer is, if its magnitude allows (SEMANTICS 4.12).
#[inline]
#[must_use]
pub const fn instant_from_int(ms: i64) -> Option<i64> {
    if ms >= -MAX_INSTANT && ms <= MAX_INSTANT { Some(ms) } else { None }
}

/// The instant that a double is, if it is integral and its magnitude allows (SEMANTICS 4.12).
#[inline]
#[must_use]
pub fn instant_from_float(ms: f64) -> Option<i64> {
    #[expect(clippy::cast_precision_loss, reason = "the limit is below 2^53")]
    let limit = MAX_INSTANT as f64;
    #[expect(clippy::cast_possible_truncation, reason = "integral, and within the limit")]
    (ms.abs() <= limit && ms.fract() == 0.0).then_some(ms as i64)
}

/// Writes an instant as RFC 3339 in UTC with milliseconds.
///
/// Outside of the years 0000 to 9999, which RFC 3339 cannot write, the year has a sign and six digits or more.
///
/// # Examples
/// ```
/// assert_eq!(tidegate::operand::instant::format_instant(-1), "1969-12-31T23:59:59.999Z");
/// ```
#[must_use]
pub fn format_instant(ms: i64) -> String {
    let (days, time) = (ms.div_euclid(DAY_MS), ms.rem_euclid(DAY_MS));
    let (year, month, day) = civil_from_days(days);
    let (hour, minute, second, ms) = (time / 3_600_000, time / 60_000 % 60, time / 1000 % 60, time % 1000);
    let clock = format!("{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z");
    if (0..=9999).contains(&year) { format!("{year:04}-{clock}") } else { format!("{year:+07}-{clock}") }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn one_of(&mut self, wanted: &[u8]) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        wanted.contains(&first).then(|| {
            self.0 = rest;
            first
        })
    }

    fn digit(&mut self) -> Option<i64> {
        self.one_of(b"0123456789").map(|byte| i64::from(byte - b'0'))
    }

    fn number(&mut self, digits: u32) -> Option<i64> {
        (0..digits).try_fold(0, |number, _| Some(number * 10 + self.digit()?))
    }

    /// One to nine digits, as whole milliseconds.
    fn fraction(&mut self) -> Option<i64> {
        let mut ms = self.digit()? * 100;
        for place in [10, 1, 0, 0, 0, 0, 0, 0] {
            let Some(digit) = self.digit() else { break };
            ms += digit * place;
        }
        Some(ms)
    }

    /// The minutes that local time is ahead of UTC.
    fn offset(&mut self) -> Option<i64> {
        let sign = self.one_of(b"Zz+-")?;
        if matches!(sign, b'Z' | b'z') {
            return Some(0);
        }
        let hours = self.number(2)?;
        self.one_of(b":")?;
        let minutes = self.number(2)?;
        let offset = hours * 60 + minutes;
        (hours <= 23 && minutes <= 59).then_some(if sign == b'-' { -offset } else { offset })
    }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01; years are counted from March, so that the leap day is the last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * ERA_DAYS + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - EPOCH_DAYS
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + EPOCH_DAYS;
    let (era, day_of_era) = (days.div_euclid(ERA_DAYS), days.rem_euclid(ERA_DAYS));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let (day, month) = (day_of_year - (153 * shifted + 2) / 5 + 1, (shifted + 2) % 12 + 1);
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}
