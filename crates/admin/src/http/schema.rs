//! What entities look like, for the document: what every one of them has, and that there is more.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

/// Nothing.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Empty {}

macro_rules! shown {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_attr:meta])* $field:ident: $type:ty,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(ToSchema)]
            #[expect(dead_code, reason = "it is for the document; `domain::view` makes what is shown")]
            pub(crate) struct $name {
                $($(#[$field_attr])* $field: $type,)*
                /// What else it has.
                #[serde(flatten)]
                #[schema(value_type = Object)]
                more: BTreeMap<String, Json>,
            }
        )*
    };
}

shown! {
    /// Something that was made with a secret, which is shown this once.
    NewSecret {
        /// Its id.
        key: String,
        /// Grows with each change.
        revision: u64,
        /// The secret; absent if the answer is a repetition.
        secret: Option<String>,
    }
    /// Who the token speaks for.
    Me {
        /// The principal.
        #[schema(value_type = crate::domain::view::PrincipalView)]
        principal: Json,
        /// The token.
        #[schema(value_type = crate::domain::view::TokenView)]
        token: Json,
    }
    /// A feature; of a change also what it started.
    Feature {
        /// Its key.
        key: String,
        /// The number of the event that last wrote it.
        revision: Option<u64>,
        /// Grows with each change of the definition.
        definition_revision: Option<u64>,
        /// What is served outside releases.
        #[schema(value_type = Option<Object>)]
        definition: Option<Json>,
        /// The release that a change started.
        #[schema(value_type = Option<Object>)]
        release: Option<Json>,
    }
    /// A segment; of a change also what it started.
    Segment {
        /// Its key.
        key: String,
        /// The number of the event that last wrote it.
        revision: Option<u64>,
        /// Grows with each change of the definition.
        definition_revision: Option<u64>,
        /// What is served outside releases.
        #[schema(value_type = Option<Object>)]
        definition: Option<Json>,
        /// The release that a change started.
        #[schema(value_type = Option<Object>)]
        release: Option<Json>,
    }
    /// What a change or an action would do.
    Preview {
        /// What engines would be served otherwise.
        #[schema(value_type = Object)]
        changes: Json,
    }
    /// A change that is to be made later.
    Schedule {
        /// Its id.
        key: String,
        /// The number of the event that last wrote it.
        revision: u64,
        /// When (ms).
        at: i64,
        /// `pending`, `applied`, `cancelled` or `suspended`.
        status: String,
    }
    /// A release.
    Release {
        /// Its id.
        key: Option<String>,
        /// Grows with each step; what decisions are made on.
        revision: Option<u64>,
        /// `running`, `completed`, `aborted` or `reverted`.
        status: Option<String>,
        /// The phase that it is at.
        phase: Option<String>,
        /// What it waits for.
        waiting_for: Option<Vec<Json>>,
        /// What the caller can do to it now.
        allowed_actions: Option<Vec<Json>>,
    }
    /// A phase that awaits approval.
    ChangeRequest {
        /// The id of the release.
        key: String,
        /// Its revision; what an approval is decided on.
        revision: u64,
        /// The phase.
        phase: Option<String>,
        /// The environments of the phase.
        environments: Option<Vec<String>>,
        /// What an approval signs: the definitions, what they refer to, the phase and the version of the pipeline.
        signed: Option<String>,
    }
    /// A snapshot document; see docs/snapshot.schema.json.
    Snapshot {
        /// Grows with each change of the content.
        version: u64,
    }
    /// What uses something.
    References {
        /// Its users.
        users: Vec<Json>,
    }
    /// A delivery: a fact of an event, to a webhook.
    Delivery {
        /// Its id, the same at every attempt and for ever.
        id: String,
        /// The number of the event.
        event: u64,
        /// The place of the fact in the event, from 0.
        fact: u64,
        /// The webhook.
        webhook: String,
        /// `pending`, `delivered` or `dead`.
        status: String,
        /// How often it was tried.
        attempts: u64,
        /// When it is tried next (ms).
        next_at: Option<i64>,
        /// Why the last attempt failed.
        last_error: Option<String>,
    }
    /// An event of the log.
    AuditEvent {
        /// Its number, from 1, without gaps.
        seq: u64,
        /// When (ms).
        at: i64,
        /// Who.
        actor: String,
        /// What was done.
        action: String,
        /// SHA-256 over the hash before it and the bytes of its JSON.
        hash: String,
        /// The hash of the event before it.
        prev_hash: String,
    }
    /// Whether the log is whole.
    Verified {
        /// Whether it is.
        whole: bool,
        /// How many events it has.
        events: Option<u64>,
        /// The hash of the last: note it elsewhere.
        head: Option<String>,
        /// What is wrong.
        why: Option<String>,
    }
    /// Members of the fleet.
    FleetPage {
        /// Members: instances, and groups of them behind relays.
        items: Vec<Json>,
        /// What to give as `after` to get the next page; `null` on the last.
        next: Option<String>,
        /// Environments in figures: `environment`, `head` (the newest version), `live`, how many are in each state, and the
        /// `propagation` of the last versions.
        summary: Vec<Json>,
        /// Whether everybody who was live before the server started has reported again, or is gone.
        settled: bool,
    }
    /// How versions reached the instances.
    PropagationList {
        /// A version each: `environment`, `version`, `published_at`, `live_then`, `measured`, `live`, `applied`, `p50_ms`,
        /// `p90_ms`, `p99_ms`, `max_ms`.
        items: Vec<Json>,
    }
    /// How often what was served.
    Exposures {
        /// Each: `environment`, `release`, `phase`, `feature`, `variant`, `count`; `null` where there is none.
        items: Vec<Json>,
    }
}
