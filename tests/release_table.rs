//! Every kind of state against every kind of input is defined, and is as `docs/RELEASES.md` says (`UPDATE_RELEASES=1` rewrites
//! its table).

use std::collections::BTreeSet;

use tidegate::release::table::{Cell, INPUTS, STATES, cells, table};
use tidegate::release::{
    Input, Now, PhaseStatus, RefusalKind, Status, Transition, allowed_actions, step, waiting_for,
};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/RELEASES.md");
const BEGIN: &str = "<!-- table: begin -->\n";
const END: &str = "<!-- table: end -->\n";

#[test]
fn table_in_docs_is_that_of_the_code() {
    let written = std::fs::read_to_string(DOCUMENT).unwrap();
    let (before, rest) = written.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let wanted = format!("{before}{BEGIN}{}{END}{after}", table());
    if std::env::var_os("UPDATE_RELEASES").is_some_and(|value| value == "1") {
        std::fs::write(DOCUMENT, &wanted).unwrap();
        return;
    }
    assert!(written == wanted, "docs/RELEASES.md is stale: run with UPDATE_RELEASES=1 and review the table");
}

#[test]
fn every_cell_is_there_once() {
    let found: Vec<_> = cells().iter().map(|cell| (cell.input, cell.state)).collect();
    let distinct: BTreeSet<_> = found.iter().collect();
    assert_eq!((found.len(), distinct.len()), (INPUTS.len() * STATES.len(), found.len()));
}

/// The state is of the kind that it is called.
#[test]
fn states_are_of_their_kinds() {
    for cell in cells() {
        let status = cell.before.phases.get(cell.before.phase).unwrap().status;
        let is = |words: &str| cell.state.contains(words);
        assert_eq!(is("aborted"), cell.before.status == Status::Aborted, "{}", cell.state);
        assert_eq!(is("completed"), cell.before.status == Status::Completed, "{}", cell.state);
        assert_eq!(is("reverted"), cell.before.status == Status::Reverted, "{}", cell.state);
        if cell.before.status == Status::Running {
            assert_eq!(is("entering"), status == PhaseStatus::Entering, "{}", cell.state);
            assert_eq!(is("propagating"), status == PhaseStatus::Propagating, "{}", cell.state);
            assert_eq!(is("ramping"), status == PhaseStatus::Ramping, "{}", cell.state);
            assert_eq!(is("baking"), status == PhaseStatus::Baking, "{}", cell.state);
            assert_eq!(is("paused"), cell.before.paused.is_some(), "{}", cell.state);
            assert!(
                !waiting_for(&cell.plan, &cell.before, cell.now).is_empty() || is_due(&cell),
                "{}",
                cell.state
            );
        }
    }
}

fn is_due(cell: &Cell) -> bool {
    cell.input == "tick, a day later"
}

#[test]
fn each_step_grows_the_revision_by_one_or_does_nothing() {
    for cell in cells() {
        let Ok(Transition { state, events, .. }) = &cell.result else { continue };
        if *state == cell.before {
            assert!(events.is_empty(), "{} × {}: {events:?}", cell.input, cell.state);
        } else {
            assert_eq!(state.revision, cell.before.revision + 1, "{} × {}", cell.input, cell.state);
            assert!(!events.is_empty(), "{} × {}", cell.input, cell.state);
        }
        let again = step(&cell.plan, state, &Input::Tick, cell.now).unwrap();
        assert_eq!(again.state, *state, "{} × {}: a tick at once finds more to do", cell.input, cell.state);
    }
}

#[test]
fn terminal_is_terminal() {
    for cell in cells().iter().filter(|cell| cell.before.status != Status::Running) {
        let may_do = match (cell.before.status, &cell.given) {
            (Status::Completed, Input::Revert { .. }) => true,
            (_, Input::Tick) | (Status::Aborted, Input::Abort { .. }) => false,
            _ => {
                let refusal = cell.result.as_ref().unwrap_err();
                assert_eq!(refusal.kind, RefusalKind::Terminal, "{} × {}", cell.input, cell.state);
                assert!(refusal.message.contains(cell.state), "{}", refusal.message);
                continue;
            }
        };
        let state = &cell.result.as_ref().unwrap().state;
        assert_eq!(*state != cell.before, may_do, "{} × {}", cell.input, cell.state);
    }
}

#[test]
fn abort_pause_and_kill_succeed_in_every_state_that_is_not_terminal() {
    for cell in cells().iter().filter(|cell| cell.before.status == Status::Running) {
        if matches!(cell.input, "abort" | "pause" | "kill") {
            let state = &cell.result.as_ref().unwrap().state;
            assert!(state.status == Status::Aborted || state.paused.is_some());
        }
        if cell.input == "abort, without permission" {
            assert_eq!(cell.result.as_ref().unwrap_err().kind, RefusalKind::Forbidden);
        }
    }
}

#[test]
fn what_a_tick_says_of_the_next_wake_is_when_something_happens() {
    for cell in cells().iter().filter(|cell| cell.input == "tick, nothing due") {
        let Ok(transition) = &cell.result else { continue };
        let Some(at) = transition.next_wake.uptime else { continue };
        let before = Now { uptime: at - 1, ..cell.now };
        let early = step(&cell.plan, &transition.state, &Input::Tick, before).unwrap();
        assert_eq!(early.state, transition.state, "{}: something happened before the wake", cell.state);
    }
}

#[test]
fn allowed_actions_are_those_that_step_does_not_refuse() {
    for cell in cells() {
        let (by, action) = match &cell.given {
            Input::Approve { by, signed: None, .. } => (by, "approve"),
            Input::Reject { by, .. } => (by, "reject"),
            Input::Pause { by, .. } => (by, "pause"),
            Input::Unpause { by, .. } => (by, "unpause"),
            Input::Revert { by, .. } => (by, "revert"),
            Input::Supersede { by, .. } => (by, "supersede"),
            Input::Skip { by, bypass: true, .. } => (by, "skip"),
            Input::FullRollOut { by, bypass: true, .. } => (by, "full_roll_out"),
            Input::Abort { by, reason } if !reason.trim().is_empty() => (by, "abort"),
            _ => continue,
        };
        let does = cell.result.as_ref().is_ok_and(|transition| transition.state != cell.before);
        let allowed = allowed_actions(&cell.plan, &cell.before, by, cell.now);
        let is_allowed =
            allowed.iter().any(|allowed| serde_json::to_value(allowed.action).unwrap() == action);
        assert_eq!(is_allowed, does, "{} × {}", cell.input, cell.state);
    }
}
