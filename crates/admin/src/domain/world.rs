//! All entities, and a transaction over them.

use std::sync::Arc;

use imbl::OrdMap;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use tidegate::model::Key;
use tidegate::release::{Actor, Now};

use super::entity::{self, Kind};
use super::event::{AuditEvent, Change, Fact};
use super::index::Index;
use super::{Capabilities, Code, Problem};

/// Entities of a kind, by key.
pub type Table<T> = OrdMap<Key, Row<T>>;

/// An entity and its revision.
#[derive(Debug)]
pub struct Row<T> {
    /// The number of the event that last wrote it; so it grows, also over a removal.
    pub revision: u64,
    /// The entity.
    pub body: Arc<T>,
}

impl<T> Clone for Row<T> {
    fn clone(&self) -> Self {
        Self { revision: self.revision, body: Arc::clone(&self.body) }
    }
}

impl<T: PartialEq> PartialEq for Row<T> {
    fn eq(&self, other: &Self) -> bool {
        self.revision == other.revision && self.body == other.body
    }
}

/// What can be stored.
pub trait Record: Serialize + DeserializeOwned + PartialEq {
    /// Its kind.
    const KIND: Kind;
    /// Where a world keeps it.
    fn table(world: &World) -> &Table<Self>;
    /// Where a world keeps it.
    fn table_mut(world: &mut World) -> &mut Table<Self>;
}

macro_rules! tables {
    ($($field:ident: $kind:ident = $record:ty;)*) => {
        /// Everything that the server knows, at one moment; cheap to clone.
        #[derive(Clone, Debug, Default, PartialEq)]
        #[expect(missing_docs, reason = "tables of the entities of the same name")]
        pub struct World {
            /// The number of the last event that is folded in.
            pub seq: u64,
            /// What is derived from the tables, to find things by.
            pub(super) index: Index,
            $(pub $field: Table<$record>,)*
        }

        $(impl Record for $record {
            const KIND: Kind = Kind::$kind;
            fn table(world: &World) -> &Table<Self> { &world.$field }
            fn table_mut(world: &mut World) -> &mut Table<Self> { &mut world.$field }
        })*

        impl World {
            /// Sets or removes an entity from its JSON, as the store or the log has it.
            ///
            /// # Errors
            /// If the JSON is not of an entity of that kind.
            pub fn restore(&mut self, kind: Kind, key: &Key, revision: u64, body: &Json) -> Result<(), serde_json::Error> {
                match kind {
                    $(Kind::$kind => restore(&mut self.$field, key, revision, body)?,)*
                }
                self.reindex(kind, key);
                Ok(())
            }

            /// Calls back with every entity: kind, key, revision and JSON.
            ///
            /// # Errors
            /// If an entity cannot be written as JSON (never, in fact).
            pub fn each(&self, mut visit: impl FnMut(Kind, &Key, u64, Json)) -> Result<(), serde_json::Error> {
                $(for (key, row) in &self.$field {
                    visit(Kind::$kind, key, row.revision, serde_json::to_value(&*row.body)?);
                })*
                Ok(())
            }
        }
    };
}

tables! {
    attributes: Attribute = entity::Attribute;
    environments: Environment = entity::Environment;
    exclusion_groups: ExclusionGroup = entity::ExclusionGroup;
    features: Feature = entity::Feature;
    kills: Kill = entity::Kill;
    pipelines: Pipeline = entity::PipelineRecord;
    pipeline_versions: PipelineVersion = entity::PipelineVersion;
    principals: Principal = entity::Principal;
    proposals: Proposal = entity::Proposal;
    releases: Release = entity::Release;
    release_states: ReleaseState = entity::ReleaseState;
    schedules: Schedule = entity::Schedule;
    sdk_keys: SdkKey = entity::SdkKey;
    segments: Segment = entity::Segment;
    signing_keys: SigningKey = entity::SigningKey;
    snapshot_heads: SnapshotHead = entity::SnapshotHead;
    tokens: Token = entity::Token;
    webhooks: Webhook = entity::Webhook;
}

fn restore<T: Record>(
    table: &mut Table<T>,
    key: &Key,
    revision: u64,
    body: &Json,
) -> Result<(), serde_json::Error> {
    if body.is_null() {
        table.remove(key);
    } else {
        let body = Arc::new(T::deserialize_json(body)?);
        table.insert(Key::clone(key), Row { revision, body });
    }
    Ok(())
}

trait DeserializeJson: Sized {
    fn deserialize_json(body: &Json) -> Result<Self, serde_json::Error>;
}

impl<T: DeserializeOwned> DeserializeJson for T {
    fn deserialize_json(body: &Json) -> Result<Self, serde_json::Error> {
        T::deserialize(body)
    }
}

impl World {
    /// Folds an event in.
    ///
    /// # Errors
    /// If its changes are not of entities that this version knows.
    pub fn fold(&mut self, event: &AuditEvent) -> Result<(), serde_json::Error> {
        for change in &event.changes {
            self.restore(change.kind, &change.key, change.revision, &change.after)?;
        }
        self.seq = event.seq;
        Ok(())
    }
}

/// A command at work: a world of its own, and the record of what it did to it.
#[derive(Debug)]
pub struct Tx {
    world: World,
    /// Who acts.
    pub actor: Actor,
    /// The two clocks, read once.
    pub now: Now,
    /// What the SDKs that are live understand.
    pub fleet: Arc<Capabilities>,
    /// Why the change is to be made although SDKs that are live cannot compile it.
    pub force: Option<String>,
    /// Up to which uptime (ms) it is not known well enough who has applied what: no timeout of propagation is acted on before.
    pub settles_at: u64,
    changes: Vec<Change>,
    facts: Vec<Fact>,
}

impl Tx {
    /// Begins.
    #[must_use]
    pub fn new(world: World, actor: Actor, now: Now) -> Self {
        let (changes, facts) = (Vec::new(), Vec::new());
        Self { world, actor, now, fleet: Arc::default(), force: None, settles_at: 0, changes, facts }
    }

    /// The world as this command has made it so far.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// An entity, with its revision.
    #[must_use]
    pub fn row<T: Record>(&self, key: &str) -> Option<&Row<T>> {
        T::table(&self.world).get(key)
    }

    /// An entity.
    #[must_use]
    pub fn find<T: Record>(&self, key: &str) -> Option<Arc<T>> {
        self.row::<T>(key).map(|row| Arc::clone(&row.body))
    }

    /// Writes an entity; nothing happens if it is as it was. Gives its revision.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn put<T: Record>(&mut self, key: &Key, body: T) -> Result<u64, Problem> {
        let next = self.world.seq + 1;
        let table = T::table_mut(&mut self.world);
        let before = table.get(key);
        if let Some(row) = before.filter(|row| *row.body == body) {
            return Ok(row.revision);
        }
        let revision = next;
        let json =
            |body: &T| serde_json::to_value(body).map_err(|e| Problem::new(Code::Internal, e.to_string()));
        let was = before.map(|row| json(&row.body)).transpose()?.unwrap_or(Json::Null);
        let change =
            Change { kind: T::KIND, key: Key::clone(key), revision, before: was, after: json(&body)? };
        table.insert(Key::clone(key), Row { revision, body: Arc::new(body) });
        self.world.reindex(T::KIND, key);
        self.changes.push(change);
        Ok(revision)
    }

    /// Removes an entity, if it is there.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn remove<T: Record>(&mut self, key: &str) -> Result<(), Problem> {
        let Some((key, row)) = T::table_mut(&mut self.world).remove_with_key(key) else { return Ok(()) };
        let before =
            serde_json::to_value(&*row.body).map_err(|e| Problem::new(Code::Internal, e.to_string()))?;
        let revision = self.world.seq + 1;
        self.world.reindex(T::KIND, &key);
        self.changes.push(Change { kind: T::KIND, key, revision, before, after: Json::Null });
        Ok(())
    }

    /// Tells what happened.
    pub fn tell(&mut self, fact: Fact) {
        self.facts.push(fact);
    }

    /// What was written so far.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// What happened so far.
    #[must_use]
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// The world, what was written and what happened.
    #[must_use]
    pub fn finish(self) -> (World, Vec<Change>, Vec<Fact>) {
        (self.world, self.changes, self.facts)
    }
}
