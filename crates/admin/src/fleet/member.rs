//! Who is live: an instance, or a group of them behind a relay.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tidegate::model::Key;
use tidegate::value::Value;
use tidegate::wire::{IsolatedAt, NackedAt, Sdk, Source};

/// An instance, or instances behind one relay with the same process attributes, SDK and version.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Member {
    /// The environment of the SDK key that it reports with.
    pub environment: Key,
    /// The instance; of a group: empty.
    pub instance: String,
    /// The relay that it is behind.
    pub relay: Option<String>,
    /// How many instances it stands for.
    pub count: u64,
    /// The process attributes.
    pub process: BTreeMap<String, Value>,
    /// The SDK.
    pub sdk: Sdk,
    /// The `schema_version` of documents that it reads; 0: it does not say.
    pub schema_version: u32,
    /// The operators that it (or every one of the group) understands, sorted; absent: not known.
    pub operators: Option<Arc<Vec<String>>>,
    /// Where what it serves came from; absent of a group.
    pub source: Option<Source>,
    /// The version that it applied; 0: none.
    pub version: u64,
    /// The version that it says that it applied, if none like it was ever published for its environment; `version` is 0 then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown_version: Option<u64>,
    /// The server uptime (ms) at which it first reported this version.
    pub since: u64,
    /// From the arrival of the version to its being served (ms), by its own monotonic clock.
    pub lag_ms: Option<u64>,
    /// The instances among them that had no proof of freshness for too long.
    pub stale: Vec<String>,
    /// The instances among them that refused a version, which is newer than the one that they applied.
    pub nacked: Vec<NackedAt>,
    /// The instances among them that serve some features otherwise than the document says.
    pub isolated: Vec<IsolatedAt>,
}

impl Member {
    /// Its process attribute, as text: what filters compare.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<String> {
        match self.process.get(name)? {
            Value::Str(text) => Some(text.to_string()),
            other => serde_json::to_string(other).ok(),
        }
    }

    /// As it is if its version was never published.
    pub(super) fn with_unknown_version(&self) -> Self {
        Self { version: 0, unknown_version: Some(self.version), ..self.clone() }
    }

    /// As it is without the refusals of versions that `knows` has not.
    pub(super) fn without_unknown_nacks(&self, knows: impl Fn(u64) -> bool) -> Self {
        let nacked = self.nacked.iter().filter(|one| knows(one.nack.version));
        Self { nacked: nacked.cloned().collect(), ..self.clone() }
    }

    /// What makes a group of a relay the same group: version, SDK, process attributes as text.
    pub(super) fn group(&self) -> (u64, Sdk, String) {
        (self.version, self.sdk.clone(), serde_json::to_string(&self.process).unwrap_or_default())
    }
}

/// How a member stands to what was published.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It applied an older version, or none.
    Behind,
    /// It applied the newest version.
    Current,
    /// It was known before this server started, and has not reported since.
    NotHeard,
    /// It says that it applied a version that was never published for its environment.
    UnknownVersion,
}

/// A member as it is shown.
#[derive(Clone, Debug)]
pub struct Seen {
    /// `i:<instance>` or `r:<relay>`, with the place of the group.
    pub id: String,
    /// The member.
    pub member: Arc<Member>,
    /// How it stands.
    pub standing: Standing,
    /// The server uptime (ms) of its last report.
    pub at: u64,
    /// Its interval (ms).
    pub interval_ms: u64,
}

/// What members are asked for by.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// See [`Standing::Behind`].
    Behind,
    /// See [`Standing::Current`].
    Current,
    /// Some isolated features.
    Isolated,
    /// Some refused a version.
    Nacked,
    /// Some had no proof of freshness for too long.
    Stale,
    /// See [`Standing::NotHeard`] and [`Standing::UnknownVersion`].
    Unknown,
}

impl State {
    /// All.
    pub const ALL: [Self; 6] =
        [Self::Behind, Self::Current, Self::Isolated, Self::Nacked, Self::Stale, Self::Unknown];

    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Behind => "behind",
            Self::Current => "current",
            Self::Isolated => "isolated",
            Self::Nacked => "nacked",
            Self::Stale => "stale",
            Self::Unknown => "unknown",
        }
    }
}

impl Seen {
    /// How many of its instances are in a state.
    #[must_use]
    pub fn count(&self, state: State) -> u64 {
        let (member, standing) = (&*self.member, self.standing);
        let all = |is: bool| if is { member.count } else { 0 };
        let some = |ids: usize| u64::try_from(ids).unwrap_or(u64::MAX).min(member.count);
        match state {
            State::Behind => all(standing == Standing::Behind),
            State::Current => all(standing == Standing::Current),
            State::Unknown => all(matches!(standing, Standing::NotHeard | Standing::UnknownVersion)),
            // What was not heard since the start says nothing about now.
            _ if standing == Standing::NotHeard => 0,
            State::Isolated => some(member.isolated.len()),
            State::Nacked => some(member.nacked.len()),
            State::Stale => some(member.stale.len()),
        }
    }

    /// Whether it is live: heard since this server started, within its last three intervals.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.standing != Standing::NotHeard
    }
}
