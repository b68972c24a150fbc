//! What instances and relays report to the server, and what it answers.
//!
//! Nothing unknown is refused when these are read: a newer client may say more.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::value::Value;

/// What an instance of an SDK reports: after each change, and once an interval.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Report {
    /// The instance: a random id of one run of one engine.
    pub instance: String,
    /// The SDK.
    pub sdk: Sdk,
    /// The process attributes of the engine.
    #[serde(default)]
    pub process: BTreeMap<String, Value>,
    /// The `schema_version` of documents that it reads.
    #[serde(default)]
    pub schema_version: u32,
    /// The names of the operators that it understands; in the first report and when [`ReportAnswer::want_operators`] asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operators: Option<Vec<String>>,
    /// In how many seconds the next report comes at the latest.
    pub interval_s: u32,
    /// Where what is served came from.
    pub source: Source,
    /// The version that is applied; 0: none.
    pub version: u64,
    /// From the arrival of that version to its being served, milliseconds of a monotonic clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag_ms: Option<u64>,
    /// Whether there was no proof of freshness for too long.
    #[serde(default)]
    pub stale: bool,
    /// The features that are served otherwise than the document says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub isolated: Vec<Isolated>,
    /// The newest version that was refused, until a newer one is applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nack: Option<Nack>,
    /// What was served since the batch before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposures: Option<ExposureBatch>,
}

/// An SDK.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Sdk {
    /// Its name, such as `rust` or `python`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// Where what an engine serves came from.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The stream of a server or relay.
    Stream,
    /// Polling: a server, a relay or static hosting.
    Poll,
    /// A watched file.
    File,
    /// What an earlier run stored.
    Cache,
    /// What was built into the program.
    Bundled,
    /// Nothing came yet: the defaults of the callers.
    Defaults,
    /// One that this build does not know.
    #[default]
    #[serde(other)]
    Other,
}

/// A feature that is served otherwise than the document says: its base is invalid, or its release is ignored.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Isolated {
    /// The feature.
    pub feature: String,
    /// The code of the problem.
    pub code: String,
    /// What the problem is.
    pub message: String,
}

/// A version that was refused as a whole.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Nack {
    /// The version.
    pub version: u64,
    /// The code of the first problem.
    pub code: String,
    /// What the problem is.
    pub message: String,
    /// Where in the document, as a JSON pointer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
}

impl Nack {
    /// The refusal of a version with an error.
    #[must_use]
    pub fn new(version: u64, error: &Error) -> Self {
        let first = error.diagnostics().iter().find(|problem| problem.code == error.code());
        let pointer = first.map(|problem| problem.pointer.clone()).filter(|pointer| !pointer.is_empty());
        let message = first.map_or_else(|| error.to_string(), |problem| problem.message.clone());
        Self { version, code: error.code().to_string(), message, pointer }
    }
}

/// Counts of what was served; resent unchanged until the server has them durably.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct ExposureBatch {
    /// 1, 2, … of the instance.
    pub batch: u64,
    /// How many counts were given up since the batch before, because they could not be sent.
    #[serde(default)]
    pub lost: u64,
    /// The counts.
    #[serde(default)]
    pub counts: Vec<ExposureCount>,
}

/// How often a variant was served.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct ExposureCount {
    /// The feature.
    pub feature: String,
    /// The variant; none: the caller's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// The release that took part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Its phase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// How often.
    pub count: u64,
}

/// What a relay reports about the instances behind it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct RelayReport {
    /// The relay: a random id of one run.
    pub relay: String,
    /// In how many seconds the next report comes at the latest.
    pub interval_s: u32,
    /// The instances, by what they have in common.
    #[serde(default)]
    pub groups: Vec<Group>,
    /// The batches of exposures that are not yet stored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exposures: Vec<RelayedBatch>,
}

/// Live instances behind a relay with the same process attributes, SDK and version.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Group {
    /// Their process attributes.
    #[serde(default)]
    pub process: BTreeMap<String, Value>,
    /// Their SDK.
    pub sdk: Sdk,
    /// The version that they applied; 0: none.
    pub version: u64,
    /// How many they are.
    pub count: u64,
    /// Those among them that are stale.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stale: Vec<String>,
    /// Those among them that refused a version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nacked: Vec<NackedAt>,
    /// Those among them that isolated features.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub isolated: Vec<IsolatedAt>,
    /// The `schema_version` of documents that they read.
    #[serde(default)]
    pub schema_version: u32,
    /// The operators that all of them understand, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operators: Option<Vec<String>>,
}

/// An instance behind a relay that refused a version.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct NackedAt {
    /// The instance.
    pub instance: String,
    /// What it refused.
    pub nack: Nack,
}

/// An instance behind a relay that isolated features.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct IsolatedAt {
    /// The instance.
    pub instance: String,
    /// The features.
    pub isolated: Vec<Isolated>,
}

/// The counts of an instance behind a relay.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct RelayedBatch {
    /// The instance.
    pub instance: String,
    /// Its batch, as it came.
    pub batch: ExposureBatch,
}

/// What the server answers to a report.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct ReportAnswer {
    /// The interval of reports that it asks for, seconds.
    pub interval_s: u32,
    /// Whether the next report should name the operators.
    #[serde(default)]
    pub want_operators: bool,
    /// The exposures up to this batch are durable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored_batch: Option<u64>,
    /// To a relay: up to which batch the exposures of its instances are durable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stored: Vec<StoredBatch>,
}

/// Up to which batch the exposures of an instance are durable.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct StoredBatch {
    /// The instance.
    pub instance: String,
    /// The batch.
    pub batch: u64,
}
