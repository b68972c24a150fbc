//! Whether a pipeline is sound by itself, and whether what it names exists.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tidegate::model::limits::{KEY_BYTES, PHASES};
use tidegate::model::{Key, PatchKind, Percent};
use tidegate::release::{Entry, Guard, PhasePatch, Pipeline, Ramp, Window, Windows};

use super::Found;
use crate::domain::World;

/// Steps of a ramp.
const STEPS: u64 = 1_000;
/// Seconds that something may take: ten years.
const LONGEST: u64 = 10 * 366 * 86_400;
/// Approvals that a phase may need.
const APPROVALS: u32 = 100;

/// Everything that is wrong with it; with `draft`, it may have no phase.
pub(super) fn check(pipeline: &Pipeline, draft: bool) -> Vec<Found> {
    let mut found = Vec::new();
    let count = pipeline.phases.len();
    if count > PHASES || (count == 0 && !draft) {
        let message = format!("a pipeline has 1 to {PHASES} phases, not {count}");
        found.push(Found::new("out_of_range", "/phases", message));
    }
    windows(&pipeline.windows, "/windows", &mut found);
    let mut ids = BTreeSet::new();
    let mut guards = BTreeSet::new();
    for (place, phase) in pipeline.phases.iter().enumerate() {
        let at = format!("/phases/{place}");
        id("phase", &phase.id, &format!("{at}/id"), &mut ids, &mut found);
        entry(&phase.entry, &format!("{at}/entry"), &mut found);
        if let Some(ramp) = &phase.ramp {
            self::ramp(ramp, &format!("{at}/ramp"), &mut found);
        }
        span(phase.bake_s, &format!("{at}/bake_s"), &mut found);
        for (place, patch) in phase.patches.iter().flatten().enumerate() {
            self::patch(patch, &format!("{at}/patches/{place}"), &mut found);
        }
        for (place, guard) in phase.guards.iter().enumerate() {
            let at = format!("{at}/guards/{place}");
            id("guard", &guard.id, &format!("{at}/id"), &mut guards, &mut found);
            self::guard(guard, &at, &mut found);
        }
    }
    found
}

/// What it names that does not exist, and the engine does not look at.
pub(super) fn unknown(world: &World, pipeline: &Pipeline) -> Vec<Found> {
    let mut found = Vec::new();
    for (place, phase) in pipeline.phases.iter().enumerate() {
        for (number, patch) in phase.patches.iter().flatten().enumerate() {
            if let Some(feature) = patch.feature.as_ref().filter(|key| !world.features.contains_key(*key)) {
                let at = format!("/phases/{place}/patches/{number}/feature");
                found.push(Found::new("unknown_feature", at, format!("there is no feature `{feature}`")));
            }
        }
        for (number, service) in phase.entry.approvals.iter().flat_map(|a| &a.services).enumerate() {
            if !world.principals.contains_key(service) {
                let at = format!("/phases/{place}/entry/approvals/services/{number}");
                found.push(Found::new("unknown_principal", at, format!("there is no principal `{service}`")));
            }
        }
    }
    found
}

fn id<'p>(what: &str, id: &'p Key, at: &str, ids: &mut BTreeSet<&'p str>, found: &mut Vec<Found>) {
    if id.is_empty() || id.len() > KEY_BYTES || id.chars().any(char::is_control) {
        let message = format!("the id of a {what} has 1 to {KEY_BYTES} bytes without control characters");
        found.push(Found::new("bad_id", at, message));
    }
    if !ids.insert(id) {
        found.push(Found::new("duplicate_id", at, format!("there is another {what} `{id}`")));
    }
}

fn span(seconds: u64, at: &str, found: &mut Vec<Found>) {
    if seconds > LONGEST {
        found.push(Found::new("out_of_range", at, format!("at most {LONGEST} s, not {seconds}")));
    }
}

fn entry(entry: &Entry, at: &str, found: &mut Vec<Found>) {
    let trigger = &entry.trigger;
    span(trigger.wait_for_s.unwrap_or(0), &format!("{at}/trigger/wait_for_s"), found);
    if let Some(text) = &trigger.at {
        instant(text, &format!("{at}/trigger/at"), found);
    }
    if trigger.wait_after_approval && (trigger.wait_for_s.is_none() || entry.approvals.is_none()) {
        let message = "`wait_after_approval` needs both `wait_for_s` and `approvals`";
        found.push(Found::new("bad_form", format!("{at}/trigger/wait_after_approval"), message));
    }
    if let Some(approvals) = &entry.approvals {
        let at = format!("{at}/approvals");
        if !(1..=APPROVALS).contains(&approvals.count) {
            let message = format!("1 to {APPROVALS} approvals, not {}", approvals.count);
            found.push(Found::new("out_of_range", format!("{at}/count"), message));
        }
        if let Some(deadline) = &approvals.deadline {
            span(deadline.after_s, &format!("{at}/deadline/after_s"), found);
        }
    }
    windows(&entry.windows, &format!("{at}/windows"), found);
}

fn ramp(ramp: &Ramp, at: &str, found: &mut Vec<Found>) {
    match ramp {
        Ramp::Linear { start, step, every_s } => {
            span(*every_s, &format!("{at}/every_s"), found);
            let left = u64::from(Percent::ALL.buckets().saturating_sub(start.buckets()));
            let step = u64::from(step.buckets());
            if step == 0 {
                found.push(Found::new("out_of_range", format!("{at}/step"), "a step is above 0"));
            } else if left.div_ceil(step) > STEPS {
                let message = format!("a ramp has at most {STEPS} steps; this would have {}", left / step);
                found.push(Found::new("out_of_range", format!("{at}/step"), message));
            }
        }
        Ramp::Steps { steps } => {
            if steps.is_empty() || steps.len() as u64 > STEPS {
                let message = format!("a ramp has 1 to {STEPS} steps, not {}", steps.len());
                found.push(Found::new("out_of_range", format!("{at}/steps"), message));
            }
            for (place, step) in steps.iter().enumerate() {
                span(step.hold_s, &format!("{at}/steps/{place}/hold_s"), found);
            }
            let falls =
                steps.iter().zip(steps.iter().skip(1)).position(|(one, two)| two.percent <= one.percent);
            if let Some(place) = falls {
                let message = "the shares of a ramp ascend: nobody is ever taken out again";
                found.push(Found::new("not_ascending", format!("{at}/steps/{}/percent", place + 1), message));
            }
        }
    }
}

fn patch(patch: &PhasePatch, at: &str, found: &mut Vec<Found>) {
    let set = patch.patch == PatchKind::Set;
    match &patch.variant {
        None if set => found.push(Found::new("missing", at, "`set` needs `variant`")),
        Some(_) if !set => {
            found.push(Found::new("bad_form", format!("{at}/variant"), "only `set` has a `variant`"));
        }
        _ => {}
    }
}

fn guard(guard: &Guard, at: &str, found: &mut Vec<Found>) {
    if guard.valid_s == 0 {
        found.push(Found::new("out_of_range", format!("{at}/valid_s"), "a verdict counts at least 1 s"));
    }
    span(guard.valid_s, &format!("{at}/valid_s"), found);
    span(guard.on_no_data.grace_s, &format!("{at}/on_no_data/grace_s"), found);
    let Some(source) = &guard.source else { return };
    let at = format!("{at}/source");
    if source.query.trim().is_empty() {
        found.push(Found::new("missing", format!("{at}/query"), "the query is empty"));
    }
    let given: Vec<f64> = source.pass.at_most.into_iter().chain(source.pass.at_least).collect();
    if given.len() != 1 {
        let message = "exactly one of `at_most` and `at_least` is given";
        found.push(Found::new("bad_form", format!("{at}/pass"), message));
    }
    if source.interval_s == 0 || source.interval_s > 86_400 {
        let message = format!("1 to 86400 s between two queries, not {}", source.interval_s);
        found.push(Found::new("out_of_range", format!("{at}/interval_s"), message));
    }
    if source.url.as_ref().is_some_and(|url| !(url.starts_with("http://") || url.starts_with("https://"))) {
        found.push(Found::new("bad_url", format!("{at}/url"), "an `http` or `https` URL is needed"));
    }
}

pub(super) fn windows(windows: &Windows, at: &str, found: &mut Vec<Found>) {
    for (list, name) in [(&windows.allow, "allow"), (&windows.deny, "deny")] {
        for (place, one) in list.iter().enumerate() {
            window(one, &format!("{at}/{name}/{place}"), found);
        }
    }
}

fn window(window: &Window, at: &str, found: &mut Vec<Found>) {
    let daily = window.from.is_some() || window.to.is_some() || !window.weekdays.is_empty();
    if !daily && window.starts.is_none() && window.ends.is_none() {
        let message =
            "a window needs `starts`, `ends`, `weekdays`, `from` or `to`: this one would be open for ever";
        found.push(Found::new("missing", at, message));
    }
    let mut end = |text: &Option<String>, name: &str| {
        text.as_ref().and_then(|text| instant(text, &format!("{at}/{name}"), found))
    };
    if let (Some(starts), Some(ends)) = (end(&window.starts, "starts"), end(&window.ends, "ends"))
        && starts >= ends
    {
        found.push(Found::new("out_of_range", format!("{at}/ends"), "`ends` is not after `starts`"));
    }
    let from = window.from.as_ref().map(|text| (text, time_of_day(text, false), "from"));
    let to = window.to.as_ref().map(|text| (text, time_of_day(text, true), "to"));
    for (text, minutes, name) in [&from, &to].into_iter().flatten() {
        if minutes.is_none() {
            let message = format!("a time of day is `HH:MM`, not `{text}`");
            found.push(Found::new("bad_time", format!("{at}/{name}"), message));
        }
    }
    if let (Some((_, Some(from), _)), Some((_, Some(to), _))) = (from, to)
        && from == to
    {
        found.push(Found::new("out_of_range", format!("{at}/to"), "`to` is the same as `from`"));
    }
    if let Some(zone) = window.time_zone.as_ref().filter(|zone| TimeZone::get(zone).is_err()) {
        let message = format!("`{zone}` is no time zone of the IANA database");
        found.push(Found::new("bad_time_zone", format!("{at}/time_zone"), message));
    }
}

fn instant(text: &str, at: &str, found: &mut Vec<Found>) -> Option<Timestamp> {
    let parsed: Result<Timestamp, _> = text.parse();
    if parsed.is_err() {
        let message =
            format!("an instant is written as RFC 3339, such as `2026-12-24T18:00:00Z`, not `{text}`");
        found.push(Found::new("bad_instant", at, message));
    }
    parsed.ok()
}

/// Minutes since midnight; `24:00` only as an end.
fn time_of_day(text: &str, end: bool) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hours) || !digits(minutes) {
        return None;
    }
    let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let last = (hours, minutes) == (24, 0) && end;
    (last || (hours < 24 && minutes < 60)).then_some(hours * 60 + minutes)
}
