//! Sixty-four people act on one release in the same moment: each revision has one winner, and the log tells all of it in order.
//!
//! A round: all fire at the revision that they saw. Approve, skip and full roll out carry it, so at most one of them wins; abort
//! carries none, so it may win after them. The release that has ended is followed by the next one of the same feature.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use serde_json::{Value as Json, json};

use crate::http::{Answer, Connection};
use crate::server::{Fails, Server};
use crate::{Options, Row, world};

const PEOPLE: usize = 64;
const FEATURE: &str = "/api/v1/features/contested";

#[derive(Debug, Default)]
struct Tally {
    shots: usize,
    rounds: usize,
    releases: usize,
    won: BTreeMap<String, usize>,
    refused: BTreeMap<u16, usize>,
}

pub(crate) fn run(server: &Server, options: &Options) -> Fails<Vec<Row>> {
    let mut admin = server.connect()?;
    world::environments(&mut admin)?;
    let phase = |id: &str| json!({"id": id, "entry": {"approvals": {"count": 2, "self_approval": true}}});
    world::pipeline(&mut admin, "gated", &json!([phase("one"), phase("two"), phase("three")]))?;
    let body = json!({"key": "contested", "definition": world::definition(0)});
    admin.send("POST", "/api/v1/features", Some(&body))?.ok()?;
    let body = json!({"pipeline": "gated", "reason": "load"});
    admin.send("PUT", &format!("{FEATURE}/pipeline"), Some(&body))?.ok()?;
    let tokens = world::people(&mut admin, PEOPLE)?;
    let people: Fails<Vec<Connection>> =
        tokens.iter().map(|token| Ok(Connection::open(&server.url, token)?)).collect();
    let mut people = people?;

    let mut tally = Tally::default();
    let mut winners: BTreeSet<(String, u64)> = BTreeSet::new();
    let begin = Instant::now();
    let mut current: Option<String> = None;
    while tally.shots < options.shots {
        let id = match current.take() {
            Some(id) => id,
            None => {
                tally.releases += 1;
                edit(&mut admin, tally.releases)?
            }
        };
        let path = format!("/api/v1/releases/{id}");
        let seen = admin.send("GET", &path, None)?.ok()?;
        let from = revision(&seen)?;
        let answers = fire(&mut people, &path, &seen, tally.rounds)?;
        tally.rounds += 1;
        tally.shots += answers.len();
        let now = admin.send("GET", &path, None)?.ok()?;
        let to = revision(&now)?;
        let mut won = BTreeSet::new();
        for (action, answer) in answers {
            if answer.status == 200 {
                let body = answer.json();
                // Without events it was done already, and nothing moved.
                let moved =
                    body.get("events").and_then(Json::as_array).is_some_and(|events| !events.is_empty());
                if moved {
                    let revision = revision(&body)?;
                    if !won.insert(revision) {
                        return Err(format!("{id}: revision {revision} has two winners").into());
                    }
                    winners.insert((id.clone(), revision));
                    *tally.won.entry(action.to_owned()).or_default() += 1;
                }
            } else if matches!(answer.status, 403 | 409 | 423) {
                *tally.refused.entry(answer.status).or_default() += 1;
            } else {
                let said = String::from_utf8_lossy(&answer.body).into_owned();
                return Err(format!("{id}: {action} was answered {}: {said}", answer.status).into());
            }
        }
        if won != (from + 1..=to).collect() {
            return Err(format!("{id}: from revision {from} to {to}, but {won:?} were won").into());
        }
        if now.get("status").and_then(Json::as_str) == Some("running") {
            current = Some(id);
        }
    }
    let seconds = begin.elapsed().as_secs_f64();
    let logged = in_the_log(&mut admin, &winners)?;
    let Tally { shots, rounds, releases, won, refused } = tally;
    let won: Vec<String> = won.iter().map(|(action, count)| format!("{action} {count}")).collect();
    let refused: Vec<String> = refused.iter().map(|(status, count)| format!("{count} × {status}")).collect();
    Ok(vec![Row {
        what: format!(
            "{PEOPLE} people at one release at once, {shots} actions in {rounds} rounds, {releases} releases"
        ),
        measured: format!(
            "one winner a revision ({}), {} refused, {logged} events in order and whole, {seconds:.0} s",
            won.join(", "),
            refused.join(", "),
        ),
        bar: "one winner, log whole",
        met: true,
    }])
}

/// Saves another definition; gives the release that starts.
fn edit(admin: &mut Connection, seed: usize) -> Fails<String> {
    let feature = admin.send("GET", FEATURE, None)?.ok()?;
    let base = feature.get("definition_revision").cloned().unwrap_or_default();
    let body = json!({"definition": world::definition(seed), "base_revision": base});
    world::started(&admin.send("PUT", FEATURE, Some(&body))?.ok()?)
}

/// All act at once on what was seen; which action each was and what was answered.
fn fire(
    people: &mut [Connection],
    path: &str,
    seen: &Json,
    round: usize,
) -> Fails<Vec<(&'static str, Answer)>> {
    let barrier = Barrier::new(people.len());
    let body = json!({
        "revision": seen.get("revision"), "phase": seen.get("phase"), "reason": "race", "bypass": true,
    });
    // An approval is no bypass.
    let approval = json!({"revision": seen.get("revision"), "phase": seen.get("phase")});
    thread::scope(|scope| {
        let shots: Vec<_> = people
            .iter_mut()
            .enumerate()
            .map(|(n, person)| {
                let action = choose(n, round);
                let (barrier, body) = (&barrier, if action == "approve" { &approval } else { &body });
                scope.spawn(move || {
                    barrier.wait();
                    Ok((action, person.send("POST", &format!("{path}/{action}"), Some(body))?))
                })
            })
            .collect();
        shots.into_iter().map(|shot| shot.join().map_err(|_| "a thread panicked")?).collect()
    })
}

/// What a person does in a round: abort seldom, or no release would see a second phase.
fn choose(person: usize, round: usize) -> &'static str {
    if round.is_multiple_of(3) && person == round % PEOPLE {
        return "abort";
    }
    match (person + round) % 4 {
        1 => "skip",
        2 => "full-roll-out",
        _ => "approve",
    }
}

fn revision(release: &Json) -> Fails<u64> {
    Ok(release.get("revision").and_then(Json::as_u64).ok_or("a release without a revision")?)
}

/// Every winner is in the log, once, and the revisions of each release follow each other; gives the number of events.
fn in_the_log(admin: &mut Connection, winners: &BTreeSet<(String, u64)>) -> Fails<u64> {
    let count = world::events(admin)?;
    let export = admin.send("GET", "/api/v1/audit/export", None)?;
    let mut last: BTreeMap<String, u64> = BTreeMap::new();
    let mut missing = winners.clone();
    let mut seq = 0;
    for line in export.body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let line: Json = serde_json::from_slice(line)?;
        // A string: its exact bytes are what was hashed.
        let event: Json = serde_json::from_str(line.get("event").and_then(Json::as_str).unwrap_or_default())?;
        let number = event.get("seq").and_then(Json::as_u64).ok_or("an event without a number")?;
        if number != seq + 1 {
            return Err(format!("event {number} follows event {seq}").into());
        }
        seq = number;
        // An event may write a state twice (a completion adds what it made of the definitions): what counts is the last.
        let mut now: BTreeMap<String, u64> = BTreeMap::new();
        for change in event.get("changes").and_then(Json::as_array).into_iter().flatten() {
            let is_state = change.get("kind").and_then(Json::as_str) == Some("release_state");
            if let Some(revision) =
                change.pointer("/after/state/revision").and_then(Json::as_u64).filter(|_| is_state)
            {
                now.insert(change.get("key").and_then(Json::as_str).unwrap_or_default().to_owned(), revision);
            }
        }
        for (key, revision) in now {
            let before = last.insert(key.clone(), revision);
            if before.is_some_and(|before| revision != before + 1) {
                return Err(format!(
                    "{key}: revision {revision} follows {before:?} in the log, at event {seq}"
                )
                .into());
            }
            missing.remove(&(key, revision));
        }
    }
    if seq != count {
        return Err(format!("{count} events, but {seq} were exported").into());
    }
    if let Some((release, revision)) = missing.first() {
        return Err(format!(
            "{release}: who won revision {revision} is not in the log ({} missing)",
            missing.len()
        )
        .into());
    }
    Ok(count)
}
