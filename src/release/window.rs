//! Windows: when releases may move forward, by the wall clock.
//!
//! ```text
//!  open(t) = no window of `deny` holds t, and one of `allow` does (if there is any)
//!  a window holds t  =  starts ≤ t < ends   and   the local clock at t shows a time of its daily span
//! ```
//! A daily span is read off the clock face of its time zone, so that nothing needs to be said about the hours that a
//! change of the clock skips or repeats: what the clock does not show is in no span, what it shows twice is in it twice.
//! INVARIANT: what cannot be read (it was not checked) holds forward motion: an `allow` never opens, a `deny` never closes.

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::{Weekday, Window, Windows};

/// How many boundaries are looked at for the next opening; more than ten years of two daily ones.
const MOST_BOUNDARIES: usize = 8_000;

impl Windows {
    /// Whether a release may move forward at this instant (ms since 1970).
    #[must_use]
    pub fn is_open(&self, wall: i64) -> bool {
        !self.deny.iter().any(|window| window.holds(wall).unwrap_or(true))
            && (self.allow.is_empty() || self.allow.iter().any(|window| window.holds(wall).unwrap_or(false)))
    }

    /// The windows of `deny` that hold now, or those of `allow` if none of them is open: what to name to whom it holds.
    #[must_use]
    pub fn closed_by(&self, wall: i64) -> Vec<&Window> {
        if self.is_open(wall) {
            return Vec::new();
        }
        let denying: Vec<&Window> =
            self.deny.iter().filter(|window| window.holds(wall).unwrap_or(true)).collect();
        if denying.is_empty() { self.allow.iter().collect() } else { denying }
    }
}

/// Whether all are open at this instant.
#[must_use]
pub fn all_open(windows: &[&Windows], wall: i64) -> bool {
    windows.iter().all(|windows| windows.is_open(wall))
}

/// The first instant after `wall` at which all are open and were not just before; none if there is none in sight (years).
#[must_use]
pub fn next_opening(windows: &[&Windows], wall: i64) -> Option<i64> {
    next_change(windows, wall, true)
}

/// The first instant after `wall` at which not all are open and were just before; none if there is none in sight (years).
#[must_use]
pub fn next_closing(windows: &[&Windows], wall: i64) -> Option<i64> {
    next_change(windows, wall, false)
}

fn next_change(windows: &[&Windows], wall: i64, to_open: bool) -> Option<i64> {
    let all: Vec<Parsed> = windows
        .iter()
        .flat_map(|windows| windows.allow.iter().chain(&windows.deny))
        .filter_map(|window| Parsed::of(window).ok())
        .collect();
    let mut at = wall;
    let mut was_open = all_open(windows, wall);
    for _ in 0..MOST_BOUNDARIES {
        at = all.iter().filter_map(|window| window.boundary_after(at)).min()?;
        let is_open = all_open(windows, at);
        if is_open == to_open && was_open != to_open {
            return Some(at);
        }
        was_open = is_open;
    }
    None
}

/// What is wrong with windows: JSON pointers below them, and messages.
#[must_use]
pub fn check(windows: &Windows) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (list, windows) in [("allow", &windows.allow), ("deny", &windows.deny)] {
        for (at, window) in windows.iter().enumerate() {
            match Parsed::of(window) {
                Err(wrong) => found.extend(
                    wrong.into_iter().map(|(field, message)| (format!("/{list}/{at}/{field}"), message)),
                ),
                Ok(window) => {
                    if let (Some(starts), Some(ends)) = (window.starts, window.ends)
                        && starts >= ends
                    {
                        found.push((
                            format!("/{list}/{at}/ends"),
                            "expected an instant after `starts`, found an earlier one".to_owned(),
                        ));
                    }
                }
            }
        }
    }
    found
}

impl Window {
    /// Whether the instant is in the window; none if the window cannot be read.
    fn holds(&self, wall: i64) -> Option<bool> {
        Parsed::of(self).ok()?.holds(wall)
    }
}

/// A window, read.
struct Parsed {
    starts: Option<i64>,
    ends: Option<i64>,
    daily: Option<Daily>,
}

/// A span of the local day.
struct Daily {
    weekdays: Vec<Weekday>,
    from: Time,
    /// None: midnight, at the end of the day.
    to: Option<Time>,
    zone: TimeZone,
}

impl Parsed {
    /// Reads a window; else what is wrong with which field.
    fn of(window: &Window) -> Result<Self, Vec<(&'static str, String)>> {
        let mut wrong = Vec::new();
        let starts = instant("starts", window.starts.as_deref(), &mut wrong);
        let ends = instant("ends", window.ends.as_deref(), &mut wrong);
        let from = time_of_day("from", window.from.as_deref(), &mut wrong).unwrap_or(Time::midnight());
        let to = match window.to.as_deref() {
            Some("24:00") => None,
            other => time_of_day("to", other, &mut wrong),
        };
        let zone = match window.time_zone.as_deref() {
            None => TimeZone::UTC,
            Some(name) => TimeZone::get(name).unwrap_or_else(|_| {
                wrong.push((
                    "time_zone",
                    format!("expected an IANA time zone such as `Europe/Berlin`, found `{name}`"),
                ));
                TimeZone::UTC
            }),
        };
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let is_daily = !window.weekdays.is_empty() || window.from.is_some() || window.to.is_some();
        let daily = is_daily.then(|| Daily { weekdays: window.weekdays.clone(), from, to, zone });
        Ok(Self { starts, ends, daily })
    }

    fn holds(&self, wall: i64) -> Option<bool> {
        let in_span =
            self.starts.is_none_or(|starts| starts <= wall) && self.ends.is_none_or(|ends| wall < ends);
        match &self.daily {
            Some(daily) if in_span => daily.holds(wall),
            _ => Some(in_span),
        }
    }

    /// The first instant after `wall` at which it may begin or stop to hold.
    fn boundary_after(&self, wall: i64) -> Option<i64> {
        if self.ends.is_some_and(|ends| ends <= wall) {
            return None;
        }
        match self.starts {
            Some(starts) if starts > wall => Some(starts),
            _ => {
                let daily = self.daily.as_ref().and_then(|daily| daily.boundary_after(wall));
                [self.ends, daily].into_iter().flatten().min()
            }
        }
    }
}

impl Daily {
    fn holds(&self, wall: i64) -> Option<bool> {
        let local = self.zone.to_datetime(Timestamp::from_millisecond(wall).ok()?);
        let on = |date: jiff::civil::Date| {
            self.weekdays.is_empty() || self.weekdays.contains(&weekday(date.weekday()))
        };
        let (date, time) = (local.date(), local.time());
        let today =
            on(date) && self.from <= time && (self.is_over_midnight() || self.to.is_none_or(|to| time < to));
        let since_yesterday =
            self.is_over_midnight() && self.to.is_some_and(|to| time < to) && date.yesterday().is_ok_and(on);
        Some(today || since_yesterday)
    }

    fn is_over_midnight(&self) -> bool {
        self.to.is_some_and(|to| to <= self.from)
    }

    fn boundary_after(&self, wall: i64) -> Option<i64> {
        let after = Timestamp::from_millisecond(wall).ok()?;
        let today = self.zone.to_datetime(after).date();
        // The zone's next change of the clock may begin or end a span between two full hours.
        let change = self.zone.following(after).next().map(|change| change.timestamp());
        let mut first = change.filter(|change| *change > after);
        for days in 0..=8 {
            let date = today.checked_add(days.days()).ok()?;
            for time in [Some(Time::midnight()), Some(self.from), self.to].into_iter().flatten() {
                for at in self.instants(date.to_datetime(time)).into_iter().flatten().filter(|at| *at > after)
                {
                    first = Some(first.map_or(at, |first| first.min(at)));
                }
            }
            if first.is_some_and(|first| days > 0 && self.zone.to_datetime(first).date() < date) {
                break;
            }
        }
        first.map(Timestamp::as_millisecond)
    }

    /// The instants at which the local clock shows this, once or twice (or where it jumps over it).
    fn instants(&self, local: DateTime) -> [Option<Timestamp>; 2] {
        let found = self.zone.to_ambiguous_timestamp(local);
        [found.earlier().ok(), found.later().ok()]
    }
}

/// The instant that a text is (RFC 3339, ms since 1970).
pub(super) fn parse_instant(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

fn instant(field: &'static str, text: Option<&str>, wrong: &mut Vec<(&'static str, String)>) -> Option<i64> {
    let text = text?;
    let found = parse_instant(text);
    if found.is_none() {
        wrong.push((field, format!("expected an instant such as `2026-12-24T00:00:00Z`, found `{text}`")));
    }
    found
}

fn time_of_day(
    field: &'static str,
    text: Option<&str>,
    wrong: &mut Vec<(&'static str, String)>,
) -> Option<Time> {
    let text = text?;
    let found = text.split_once(':').and_then(|(hour, minute)| {
        let is_plain =
            hour.len() == 2 && minute.len() == 2 && text.bytes().all(|b| b == b':' || b.is_ascii_digit());
        let (hour, minute) = (hour.parse().ok()?, minute.parse().ok()?);
        Time::new(hour, minute, 0, 0).ok().filter(|_| is_plain)
    });
    if found.is_none() {
        wrong.push((field, format!("expected a time of day from `00:00` to `23:59`, found `{text}`")));
    }
    found
}

fn weekday(day: jiff::civil::Weekday) -> Weekday {
    match day {
        jiff::civil::Weekday::Monday => Weekday::Monday,
        jiff::civil::Weekday::Tuesday => Weekday::Tuesday,
        jiff::civil::Weekday::Wednesday => Weekday::Wednesday,
        jiff::civil::Weekday::Thursday => Weekday::Thursday,
        jiff::civil::Weekday::Friday => Weekday::Friday,
        jiff::civil::Weekday::Saturday => Weekday::Saturday,
        jiff::civil::Weekday::Sunday => Weekday::Sunday,
    }
}
