//! Worlds for tests: every command is also folded from its event, which must give the same world.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use tidegate::Engine;
use tidegate::model::{Key, Mode};
use tidegate::release::{Actor, Now, Plan, State};

use super::{environment, pipeline, principal};
use crate::domain::entity::{Feature, Kind, Release, ReleaseState, Segment};
use crate::domain::event::AuditEvent;
use crate::domain::{
    Capabilities, Outcome, Problem, Record, SnapshotRow, Tx, World, capabilities, catalogue, snapshot,
};

/// The wall clock of tests (ms).
pub(crate) const WALL: i64 = 1_800_000_000_000;

/// The rows of an environment.
pub(crate) type Rows = BTreeMap<(Kind, Key), String>;

/// A world, and what its last command told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fixture {
    pub(crate) world: World,
    pub(crate) told: Vec<String>,
    pub(crate) last: Option<AuditEvent>,
    /// How far the clocks are (ms): the wall clock from [`WALL`] on, and uptime.
    pub(crate) clock: (i64, u64),
    /// The rows of the snapshots, as a store keeps them; none: they are not looked at.
    pub(crate) rows: Option<BTreeMap<Key, Rows>>,
    /// What SDKs that are live understand; looked at where `rows` are.
    pub(crate) fleet: Arc<Capabilities>,
    /// The reason to pass over them.
    pub(crate) force: Option<String>,
}

/// A body from its JSON.
pub(crate) fn body<T: serde::de::DeserializeOwned>(json: Json) -> T {
    serde_json::from_value(json).unwrap()
}

impl Fixture {
    /// Environments `dev` (open) and `prod` (production); principals `ann`, `bob` (admins), `ed` (editor), `vi` (viewer).
    pub(crate) fn new() -> Self {
        let mut fixture = Self::default();
        for environment in [json!({"name": "dev"}), json!({"name": "prod", "production": true})] {
            fixture.system(|tx| environment::create(tx, body(environment))).unwrap();
        }
        for (id, role) in [("ann", "admin"), ("bob", "admin"), ("ed", "editor"), ("vi", "viewer")] {
            let person = json!({"id": id, "kind": "person", "grants": [{"role": role}]});
            fixture.system(|tx| principal::create(tx, body(person))).unwrap();
        }
        fixture
    }

    /// Runs a command for a principal.
    pub(crate) fn run(
        &mut self,
        who: &str,
        command: impl FnOnce(&mut Tx) -> Result<Outcome, Problem>,
    ) -> Result<Outcome, Problem> {
        let row = self.world.principals.get(who).unwrap_or_else(|| panic!("no principal {who}"));
        let actor = Actor { id: who.into(), kind: row.body.kind, grants: row.body.grants.clone() };
        self.act(actor, command)
    }

    /// Runs a command for the server itself.
    pub(crate) fn system(
        &mut self,
        command: impl FnOnce(&mut Tx) -> Result<Outcome, Problem>,
    ) -> Result<Outcome, Problem> {
        self.act(Actor::system(), command)
    }

    fn act(
        &mut self,
        actor: Actor,
        command: impl FnOnce(&mut Tx) -> Result<Outcome, Problem>,
    ) -> Result<Outcome, Problem> {
        let now = self.now();
        let mut tx = Tx::new(self.world.clone(), actor.clone(), now);
        tx.fleet = Arc::clone(&self.fleet);
        tx.force.clone_from(&self.force);
        let person = actor.kind != tidegate::release::ActorKind::System;
        let outcome = command(&mut tx)?;
        let kept = (!self.fleet.is_empty()).then(|| self.rows.clone()).flatten();
        let rows = self.seal(&mut tx);
        if person && let Err(problem) = capabilities::check(&mut tx, &outcome.action, &rows) {
            self.rows = kept;
            return Err(problem);
        }
        let (mut world, changes, facts) = tx.finish();
        let unknown = facts.iter().find(|fact| !catalogue::known(&fact.name));
        assert!(unknown.is_none(), "not in the catalogue: {unknown:?}");
        self.told = facts.iter().map(|fact| fact.name.clone()).collect();
        if changes.is_empty() && facts.is_empty() {
            return Ok(outcome);
        }
        world.seq += 1;
        let event = AuditEvent {
            seq: world.seq,
            at: now.wall,
            uptime: now.uptime,
            actor: actor.id,
            actor_kind: actor.kind,
            token: None,
            action: outcome.action.clone(),
            subject: outcome.subject.clone(),
            reason: outcome.reason.clone(),
            request: None,
            facts,
            changes,
        };
        let mut folded = self.world.clone();
        folded.fold(&event).unwrap();
        assert_eq!(folded, world, "folding the event gives another world");
        self.world = world;
        self.last = Some(event);
        Ok(outcome)
    }

    /// Takes another's world, with its snapshots.
    pub(crate) fn adopt(&mut self, other: Self) {
        let mut tx = Tx::new(other.world, Actor::system(), self.now());
        for environment in tx.world().environments.keys().cloned().collect::<Vec<_>>() {
            tx.put(&environment, crate::domain::entity::SnapshotHead { version: 1 }).unwrap();
            let rows = snapshot::rows(tx.world(), &environment);
            let rows = rows.map(|(kind, key, body)| ((kind, key), body)).collect();
            self.rows.get_or_insert_default().insert(environment, rows);
        }
        self.world = tx.finish().0;
        self.world.seq += 1;
    }

    /// The clocks.
    pub(crate) fn now(&self) -> Now {
        Now { wall: WALL + self.clock.0, uptime: self.clock.1 }
    }

    /// Seals the snapshots as the writer does, and checks that rows and documents say the same, strictly.
    fn seal(&mut self, tx: &mut Tx) -> Vec<SnapshotRow> {
        let Some(kept) = &mut self.rows else { return Vec::new() };
        let before = self.world.clone();
        let head = |world: &World, name: &str| world.snapshot_heads.get(name).map(|row| row.body.version);
        let sealed = snapshot::seal(&before, tx).unwrap();
        for row in sealed.clone() {
            let of = kept.entry(row.environment).or_default();
            match row.body {
                Some(body) => drop(of.insert((row.kind, row.key), body)),
                None => drop(of.remove(&(row.kind, row.key))),
            }
        }
        for environment in tx.world().environments.keys() {
            let whole = snapshot::document(tx.world(), environment);
            let rows: Rows = snapshot::rows(tx.world(), environment)
                .map(|(kind, key, body)| ((kind, key), body))
                .collect();
            assert_eq!(
                kept.get(environment),
                Some(&rows),
                "the rows that changed do not lead to the document"
            );
            let engine = Engine::builder().process("environment", &**environment).mode(Mode::Strict).build();
            engine.load(&whole).unwrap();
            let (was, now) = (head(&before, environment), head(tx.world(), environment));
            let same = snapshot::rows(&before, environment).eq(snapshot::rows(tx.world(), environment));
            assert_eq!(
                was == now,
                same && was.is_some(),
                "the version moves if and only if the content does"
            );
            assert!(now > was || was == now, "versions only grow");
        }
        sealed
    }

    fn write<T: Record>(&mut self, key: &str, body: T) {
        let key = Key::from(key);
        self.system(|tx| {
            tx.put(&key, body)?;
            Ok(Outcome::new("test", T::KIND, &key, ()))
        })
        .unwrap();
    }

    /// A feature of this definition.
    pub(crate) fn feature(&mut self, key: &str, definition: Json) {
        let feature = json!({"definition": definition, "definition_revision": 1, "author": "ed",
            "created_at": WALL, "updated_at": WALL});
        self.write::<Feature>(key, body(feature));
    }

    /// A segment of this condition.
    pub(crate) fn segment(&mut self, key: &str, condition: Json) {
        let segment = json!({"definition": {"if": condition}, "definition_revision": 1, "author": "ed",
            "created_at": WALL, "updated_at": WALL});
        self.write::<Segment>(key, body(segment));
    }

    /// Attaches a feature, without asking.
    pub(crate) fn attach(&mut self, feature: &str, pipeline: &str) {
        let found = Arc::clone(&self.world.features.get(feature).unwrap().body);
        self.write(feature, Feature { pipeline: Some(pipeline.into()), ..Feature::clone(&found) });
    }

    /// A published pipeline of these phases.
    pub(crate) fn pipeline(&mut self, key: &str, phases: Json) {
        let draft = json!({"key": key, "body": {"phases": phases, "allow_uncovered": true}});
        self.system(|tx| pipeline::create(tx, body(draft))).unwrap();
        self.system(|tx| pipeline::publish(tx, key, body(json!({})))).unwrap();
    }

    /// A release of a feature in this state (`running`, `completed`, …), by `ed`.
    pub(crate) fn release(&mut self, id: &str, pipeline: &str, feature: &str, candidate: Json, status: &str) {
        let version = self.world.pipelines.get(pipeline).unwrap().body.published.unwrap();
        let key = format!("{pipeline}@{version}");
        let phases = self.world.pipeline_versions.get(&*key).unwrap().body.body.phases.clone();
        let count = phases.len();
        let base = self.world.features.get(feature).and_then(|row| row.body.definition.clone());
        let plan: Plan = body(json!({
            "id": id, "pipeline": {"key": pipeline, "version": version}, "phases": phases,
            "environments": vec![Vec::<Key>::new(); count], "windows": vec![Vec::<Json>::new(); count],
            "features": {feature: {"base": base, "candidate": candidate}},
            "author": "ed", "starter": "ed", "digest": "d"
        }));
        let pending = json!({"status": "pending"});
        let state: State =
            body(json!({"status": status, "revision": 1, "phase": 0, "phases": vec![pending; count]}));
        let ended_at = (status != "running").then_some(WALL - 1_000);
        let next_wake = tidegate::release::NextWake::default();
        let release = json!({"plan": plan, "created_at": WALL, "trigger": "edit", "base_revisions": {}});
        self.write::<Release>(id, body(release));
        let state = ReleaseState {
            state: Arc::new(state),
            next_wake,
            updated_at: WALL,
            ended_at,
            completed_revisions: std::collections::BTreeMap::new(),
        };
        self.write(id, state);
    }
}

/// The users that a refusal lists, as `kind key place`.
pub(crate) fn users(problem: &Problem) -> Vec<String> {
    let users = problem.more.get("users").and_then(Json::as_array).cloned().unwrap_or_default();
    let text = |user: &Json, field: &str| user.get(field).and_then(Json::as_str).unwrap_or("?").to_owned();
    users.iter().map(|u| format!("{} {} {}", text(u, "kind"), text(u, "key"), text(u, "place"))).collect()
}
