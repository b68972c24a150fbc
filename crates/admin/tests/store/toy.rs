//! Commands simple enough to say beforehand what they must leave.

use std::sync::Arc;

use serde_json::json;
use tidegate::model::Key;
use tidegate::release::{NextWake, Now};
use tidegate_admin::clock::{Clock, ManualClock};
use tidegate_admin::clockwork::Driver;
use tidegate_admin::domain::entity::{
    Environment, Kind, Principal, Schedule, ScheduleStatus, SnapshotHead, Webhook,
};
use tidegate_admin::domain::event::Fact;
use tidegate_admin::domain::{Code, Command, Outcome, Problem, SnapshotRow, Tx, Who, World};
use tidegate_admin::store::Store;
use tidegate_admin::writer::{Idempotency, Options, Request, Writer};

/// 2026-01-01T00:00:00Z.
pub(crate) const START: i64 = 1_767_225_600_000;

pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(START))
}

pub(crate) fn options() -> Options {
    Options { seal, ..Options::default() }
}

pub(crate) async fn writer(store: Arc<Store>, clock: Arc<dyn Clock>) -> Writer {
    Writer::open(store, clock, options()).await.unwrap()
}

pub(crate) fn key(text: &str) -> Key {
    Arc::from(text)
}

pub(crate) fn request(command: Command) -> Request {
    Request::system(command)
}

pub(crate) fn by(id: &str, idempotency: Option<(&str, &str)>, command: Command) -> Request {
    let idempotency = idempotency
        .map(|(key, fingerprint)| Idempotency { key: key.to_owned(), fingerprint: fingerprint.to_owned() });
    Request {
        who: Who::Principal { id: key(id), token: None },
        request: Some("r1".to_owned()),
        idempotency,
        force: None,
        command,
    }
}

/// Snapshots of a toy: an environment's own row, at its head's version.
pub(crate) fn seal(_: &World, tx: &mut Tx) -> Result<Vec<SnapshotRow>, Problem> {
    let touched: Vec<Key> =
        tx.changes().iter().filter(|c| c.kind == Kind::Environment).map(|c| Key::clone(&c.key)).collect();
    let mut rows = Vec::new();
    for name in touched {
        let environment = tx.find::<Environment>(&name);
        if environment.as_ref().is_some_and(|e| e.description.as_deref() == Some("unsealable")) {
            return Err(Problem::new(Code::Invalid, "this cannot be published"));
        }
        let last = tx.find::<SnapshotHead>(&name).map_or(0, |head| head.version);
        let version = (last + 1).max(u64::try_from(tx.now.wall).unwrap());
        tx.put(&name, SnapshotHead { version })?;
        let body = environment.map(|environment| serde_json::to_string(&*environment).unwrap());
        rows.push(SnapshotRow { environment: Key::clone(&name), kind: Kind::Environment, key: name, body });
    }
    Ok(rows)
}

fn fact(name: &str, text: &str) -> Fact {
    Fact {
        name: name.to_owned(),
        flagsmith: None,
        release: None,
        features: Vec::new(),
        environments: Vec::new(),
        text: text.to_owned(),
        data: serde_json::Value::Null,
    }
}

/// Writes an environment's description, and tells `toy.set`.
pub(crate) fn set(name: &str, text: &str) -> Command {
    let (name, text) = (key(name), text.to_owned());
    Box::new(move |tx| {
        let old = tx.find::<Environment>(&name).map(|e| (*e).clone()).unwrap_or_default();
        tx.put(&name, Environment { description: Some(text.clone()), ..old })?;
        tx.tell(fact("toy.set", &text));
        Ok(Outcome::new("toy.set", Kind::Environment, &name, json!({ "set": text })))
    })
}

/// Takes an environment away.
pub(crate) fn remove(name: &str) -> Command {
    let name = key(name);
    Box::new(move |tx| {
        tx.remove::<Environment>(&name)?;
        Ok(Outcome::new("toy.removed", Kind::Environment, &name, json!(null)))
    })
}

/// Adds one to a number that an environment's description is.
pub(crate) fn count(name: &str) -> Command {
    let name = key(name);
    Box::new(move |tx| {
        let old = tx.find::<Environment>(&name).map(|e| (*e).clone()).unwrap_or_default();
        let n: u64 = old.description.as_deref().unwrap_or("0").parse().unwrap();
        tx.put(&name, Environment { description: Some((n + 1).to_string()), ..old })?;
        tx.tell(fact("toy.counted", &name));
        Ok(Outcome::new("toy.counted", Kind::Environment, &name, json!(n + 1)))
    })
}

/// Makes a principal.
pub(crate) fn person(id: &str) -> Command {
    let id = key(id);
    Box::new(move |tx| {
        let body = json!({ "kind": "person", "grants": [{ "role": "admin" }], "created_at": 0 });
        let principal: Principal = serde_json::from_value(body).unwrap();
        tx.put(&id, principal)?;
        Ok(Outcome::new("toy.person", Kind::Principal, &id, json!(null)))
    })
}

/// Makes a webhook that wants some facts.
pub(crate) fn webhook(id: &str, facts: &[&str]) -> Command {
    let (id, facts) = (key(id), facts.iter().map(|f| (*f).to_owned()).collect());
    Box::new(move |tx| {
        let (url, secret) = ("http://localhost/".to_owned(), String::new());
        tx.put(&id, Webhook { url, facts, secret, disabled: false, created_at: 0 })?;
        Ok(Outcome::new("toy.webhook", Kind::Webhook, &id, json!(null)))
    })
}

/// Winds up a timer: at that uptime, or at that wall time if its name begins with `wall-`.
pub(crate) fn wind(name: &str, at: i64) -> Command {
    let name = key(name);
    Box::new(move |tx| {
        let body = json!({
            "at": at, "change": null, "base_revisions": {}, "status": "pending", "by": "toy", "created_at": 0,
        });
        let timer: Schedule = serde_json::from_value(body).unwrap();
        tx.put(&name, timer)?;
        Ok(Outcome::new("toy.wound", Kind::Schedule, &name, json!(null)))
    })
}

/// Winds up a timer so long after now (uptime).
pub(crate) fn wind_for(name: &str, ms: u64) -> Command {
    let name = name.to_owned();
    Box::new(move |tx| {
        let at = i64::try_from(tx.now.uptime + ms).unwrap();
        wind(&name, at)(tx)
    })
}

/// Fires timers: each once.
pub(crate) struct Timers;

fn is_due(name: &str, timer: &Schedule, now: Now) -> bool {
    let clock = if name.starts_with("wall-") { now.wall } else { i64::try_from(now.uptime).unwrap() };
    timer.status == ScheduleStatus::Pending && timer.at <= clock
}

pub(crate) fn fire(name: &Key) -> Command {
    let name = Key::clone(name);
    Box::new(move |tx| {
        let outcome = Outcome::new("timer.fired", Kind::Schedule, &name, json!(null));
        let Some(timer) = tx.find::<Schedule>(&name) else { return Ok(outcome) };
        if is_due(&name, &timer, tx.now) {
            tx.put(&name, Schedule { status: ScheduleStatus::Applied, ..(*timer).clone() })?;
            tx.tell(fact("toy.fired", &name));
        }
        Ok(outcome)
    })
}

impl Driver for Timers {
    fn due(&self, world: &World, now: Now) -> Vec<Request> {
        let due = world.schedules.iter().filter(|(name, row)| is_due(name, &row.body, now));
        due.map(|(name, _)| request(fire(name))).collect()
    }

    fn next(&self, world: &World) -> NextWake {
        let pending = || world.schedules.iter().filter(|(_, row)| row.body.status == ScheduleStatus::Pending);
        let at = |wall: bool| {
            let some = pending().filter(move |(name, _)| name.starts_with("wall-") == wall);
            some.map(|(_, row)| row.body.at).min()
        };
        NextWake { uptime: at(false).map(|at| u64::try_from(at).unwrap()), wall: at(true) }
    }
}
