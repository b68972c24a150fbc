//! Windows: table tests over changes of the clock, midnights, leap days and intersections.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

use serde_json::{Value as Json, json};
use tidegate::operand::instant::parse_instant;
use tidegate::release::Windows;
use tidegate::release::window::{all_open, check, next_closing, next_opening};

fn windows(json: &Json) -> Windows {
    serde_json::from_value(json.clone()).unwrap()
}

fn at(text: &str) -> i64 {
    parse_instant(text).unwrap()
}

/// Whether it is open at each instant; those just before are given, too, where it matters.
fn table(windows_json: &Json, rows: &[(&str, bool)]) {
    let windows = windows(windows_json);
    assert_eq!(check(&windows), [], "{windows_json}");
    for (instant, is_open) in rows {
        assert_eq!(windows.is_open(at(instant)), *is_open, "{windows_json} at {instant}");
    }
}

#[test]
fn office_hours_follow_the_local_clock_over_both_changes() {
    let berlin = json!({"allow": [{"weekdays": ["monday", "tuesday", "wednesday", "thursday", "friday"],
        "from": "09:00", "to": "17:00", "time_zone": "Europe/Berlin"}]});
    table(
        &berlin,
        &[
            // Friday before and Monday after the spring change of 2026 (29 March).
            ("2026-03-27T07:59:59.999Z", false),
            ("2026-03-27T08:00:00Z", true),
            ("2026-03-27T15:59:59.999Z", true),
            ("2026-03-27T16:00:00Z", false),
            ("2026-03-28T12:00:00Z", false),
            ("2026-03-30T06:59:59.999Z", false),
            ("2026-03-30T07:00:00Z", true),
            ("2026-03-30T15:00:00Z", false),
            // And of the autumn change (25 October).
            ("2026-10-23T07:00:00Z", true),
            ("2026-10-26T07:59:59.999Z", false),
            ("2026-10-26T08:00:00Z", true),
        ],
    );
    let berlin = windows(&berlin);
    assert_eq!(next_opening(&[&berlin], at("2026-03-27T16:00:00Z")), Some(at("2026-03-30T07:00:00Z")));
    assert_eq!(next_closing(&[&berlin], at("2026-03-30T08:00:00Z")), Some(at("2026-03-30T15:00:00Z")));
    assert_eq!(next_opening(&[&berlin], at("2026-10-23T15:00:00Z")), Some(at("2026-10-26T08:00:00Z")));
}

#[test]
fn hour_that_the_clock_skips_is_in_no_span() {
    // New York, 8 March 2026: 02:00 EST is followed by 03:00 EDT, at 07:00Z.
    let skipped = json!({"allow": [{"from": "02:00", "to": "03:00", "time_zone": "America/New_York"}]});
    table(
        &skipped,
        &[
            ("2026-03-07T07:30:00Z", true),
            ("2026-03-08T06:59:59.999Z", false),
            ("2026-03-08T07:00:00Z", false),
            ("2026-03-08T07:30:00Z", false),
            ("2026-03-09T06:30:00Z", true),
        ],
    );
    let skipped = windows(&skipped);
    assert_eq!(next_opening(&[&skipped], at("2026-03-07T08:00:00Z")), Some(at("2026-03-09T06:00:00Z")));
    // What begins in it begins with the change.
    let half =
        windows(&json!({"allow": [{"from": "02:30", "to": "04:00", "time_zone": "America/New_York"}]}));
    assert_eq!(next_opening(&[&half], at("2026-03-07T12:00:00Z")), Some(at("2026-03-08T07:00:00Z")));
    assert_eq!(next_closing(&[&half], at("2026-03-08T07:00:00Z")), Some(at("2026-03-08T08:00:00Z")));
}

#[test]
fn hour_that_the_clock_shows_twice_is_in_its_span_twice() {
    // Berlin, 25 October 2026: 03:00 CEST is followed by 02:00 CET, at 01:00Z.
    let twice = json!({"deny": [{"from": "02:00", "to": "02:30", "time_zone": "Europe/Berlin"}]});
    table(
        &twice,
        &[
            ("2026-10-24T23:59:59.999Z", true),
            ("2026-10-25T00:00:00Z", false),
            ("2026-10-25T00:29:59.999Z", false),
            ("2026-10-25T00:30:00Z", true),
            ("2026-10-25T00:59:59.999Z", true),
            ("2026-10-25T01:00:00Z", false),
            ("2026-10-25T01:30:00Z", true),
        ],
    );
    let twice = windows(&twice);
    assert_eq!(next_closing(&[&twice], at("2026-10-25T00:30:00Z")), Some(at("2026-10-25T01:00:00Z")));
    assert_eq!(next_opening(&[&twice], at("2026-10-25T01:00:00Z")), Some(at("2026-10-25T01:30:00Z")));
}

#[test]
fn span_over_midnight_belongs_to_the_day_on_which_it_begins() {
    table(
        &json!({"allow": [{"weekdays": ["friday"], "from": "22:00", "to": "02:00"}]}),
        &[
            ("2026-11-19T22:00:00Z", false),
            ("2026-11-20T01:00:00Z", false),
            ("2026-11-20T21:59:59.999Z", false),
            ("2026-11-20T22:00:00Z", true),
            ("2026-11-21T00:00:00Z", true),
            ("2026-11-21T01:59:59.999Z", true),
            ("2026-11-21T02:00:00Z", false),
            ("2026-11-21T22:30:00Z", false),
        ],
    );
    // Midnight as an end: `24:00`, `00:00` or nothing.
    for to in [json!("24:00"), json!("00:00"), Json::Null] {
        table(
            &json!({"allow": [{"weekdays": ["friday"], "from": "22:00", "to": to}]}),
            &[
                ("2026-11-20T23:59:59.999Z", true),
                ("2026-11-21T00:00:00Z", false),
                ("2026-11-20T00:00:00Z", false),
            ],
        );
    }
    // A whole day, from noon to noon.
    table(
        &json!({"allow": [{"weekdays": ["friday"], "from": "12:00", "to": "12:00"}]}),
        &[("2026-11-20T11:59:59Z", false), ("2026-11-21T11:59:59Z", true), ("2026-11-21T12:00:00Z", false)],
    );
}

#[test]
fn leap_day_is_a_day() {
    let day = json!({"deny": [{"starts": "2028-02-29T00:00:00Z", "ends": "2028-03-01T00:00:00Z"}]});
    table(
        &day,
        &[("2028-02-28T23:59:59Z", true), ("2028-02-29T12:00:00Z", false), ("2028-03-01T00:00:00Z", true)],
    );
    let night = windows(&json!({"allow": [{"weekdays": ["tuesday"], "from": "23:00", "to": "01:00"}]}));
    assert_eq!(next_opening(&[&night], at("2028-02-23T12:00:00Z")), Some(at("2028-02-29T23:00:00Z")));
    assert_eq!(next_closing(&[&night], at("2028-02-29T23:30:00Z")), Some(at("2028-03-01T01:00:00Z")));
}

#[test]
fn span_and_daily_span_intersect_and_deny_wins() {
    let both = json!({
        "allow": [{"starts": "2026-11-16T00:00:00Z", "ends": "2026-11-20T10:00:00Z", "from": "09:00", "to": "17:00"}],
        "deny": [{"description": "freeze", "starts": "2026-11-18T00:00:00Z", "ends": "2026-11-19T12:00:00+01:00"}]
    });
    table(
        &both,
        &[
            ("2026-11-15T10:00:00Z", false),
            ("2026-11-16T10:00:00Z", true),
            ("2026-11-16T17:00:00Z", false),
            ("2026-11-18T10:00:00Z", false),
            ("2026-11-19T10:59:59Z", false),
            ("2026-11-19T11:00:00Z", true),
            ("2026-11-20T09:59:59Z", true),
            ("2026-11-20T10:00:00Z", false),
        ],
    );
    let both = windows(&both);
    assert_eq!(next_opening(&[&both], at("2026-11-17T17:00:00Z")), Some(at("2026-11-19T11:00:00Z")));
    assert_eq!(next_opening(&[&both], at("2026-11-20T10:00:00Z")), None, "it has ended");
    let named = both.closed_by(at("2026-11-18T10:00:00Z"));
    assert_eq!(named.first().and_then(|window| window.description.as_deref()), Some("freeze"));
}

#[test]
fn several_sets_of_windows_are_open_where_all_are() {
    let berlin = windows(&json!({"allow": [{"from": "09:00", "to": "17:00", "time_zone": "Europe/Berlin"}]}));
    let new_york =
        windows(&json!({"allow": [{"from": "09:00", "to": "17:00", "time_zone": "America/New_York"}]}));
    let sets = [&berlin, &new_york];
    assert!(!all_open(&sets, at("2026-11-20T13:59:59Z")) && all_open(&sets, at("2026-11-20T14:00:00Z")));
    assert_eq!(next_opening(&sets, at("2026-11-20T09:00:00Z")), Some(at("2026-11-20T14:00:00Z")));
    // In the weeks between the two changes the distance is an hour less.
    assert_eq!(next_opening(&sets, at("2026-10-27T18:00:00Z")), Some(at("2026-10-28T13:00:00Z")));
}

#[test]
fn what_never_opens_says_so_and_what_is_always_open_too() {
    let never = windows(&json!({"deny": [{}]}));
    assert!(!never.is_open(0));
    assert_eq!((next_opening(&[&never], 0), next_closing(&[&never], 0)), (None, None));
    let daily = windows(&json!({"deny": [{"from": "00:00"}]}));
    assert_eq!(next_opening(&[&daily], at("2026-11-20T10:00:00Z")), None);
    assert!(Windows::default().is_open(i64::MIN) && Windows::default().is_open(i64::MAX));
    assert_eq!(next_opening(&[], 0), None);
    // Beyond the calendar nothing that asks for a calendar is open.
    assert!(!windows(&json!({"allow": [{"from": "09:00"}]})).is_open(i64::MAX));
}

#[test]
fn what_cannot_be_read_is_said_and_holds() {
    let bad = windows(&json!({
        "allow": [{"starts": "tomorrow", "from": "9:00", "to": "25:00", "time_zone": "Mars/Olympus"}],
        "deny": [{"starts": "2026-01-02T00:00:00Z", "ends": "2026-01-01T00:00:00Z"}, {"to": "24:01"}]
    }));
    let found = check(&bad);
    let pointers: Vec<&str> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
    let wanted = [
        "/allow/0/starts",
        "/allow/0/from",
        "/allow/0/to",
        "/allow/0/time_zone",
        "/deny/0/ends",
        "/deny/1/to",
    ];
    assert_eq!(pointers, wanted);
    assert!(found.iter().any(|(_, message)| message.contains("found `Mars/Olympus`")));
    assert!(!bad.is_open(0));
    assert!(!windows(&json!({"allow": [{"from": "x"}]})).is_open(0));
    assert!(!windows(&json!({"deny": [{"from": "x"}]})).is_open(0));
}

/// Minute by minute over the days of both changes, the next opening and closing are where it opens and closes.
#[test]
fn next_opening_and_closing_are_those_that_minutes_show() {
    let sets = [
        json!({"allow": [{"from": "01:30", "to": "02:45", "time_zone": "Europe/Berlin"}]}),
        json!({"deny": [{"from": "23:15", "to": "02:15", "time_zone": "Europe/Berlin"}]}),
        json!({"allow": [{"weekdays": ["sunday"], "from": "00:30", "to": "24:00", "time_zone": "America/New_York"}]}),
        json!({"allow": [{"from": "02:15", "to": "03:15", "time_zone": "America/New_York"}]}),
    ];
    let days =
        ["2026-03-07T22:00:00Z", "2026-03-28T22:00:00Z", "2026-10-24T20:00:00Z", "2026-10-31T22:00:00Z"];
    for (set, day) in sets.iter().flat_map(|set| days.iter().map(move |day| (set, day))) {
        let windows = windows(set);
        let minutes: Vec<i64> = (0..36 * 60).map(|minute| at(day) + minute * 60_000).collect();
        for pair in minutes.windows(2) {
            let [before, now] = pair else { unreachable!() };
            let (was, is) = (windows.is_open(*before), windows.is_open(*now));
            let opening = next_opening(&[&windows], *before);
            let closing = next_closing(&[&windows], *before);
            assert_eq!(opening == Some(*now), !was && is, "{set} opens at {now}");
            assert_eq!(closing == Some(*now), was && !is, "{set} closes at {now}");
        }
    }
}
