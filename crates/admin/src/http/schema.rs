//! What entities look like, for the document: what every one of them has, and that there is more.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use utoipa::ToSchema;

macro_rules! shown {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(ToSchema)]
            #[expect(dead_code, reason = "it is for the document; `domain::view` makes what is shown")]
            pub(crate) struct $name {
                $($(#[$field_doc])* $field: $type,)*
                /// What else it has.
                #[serde(flatten)]
                #[schema(value_type = Object)]
                more: BTreeMap<String, Json>,
            }
        )*
    };
}

shown! {
    /// Nothing, or what is left to say.
    Empty {}
    /// An environment.
    Environment {
        /// Its name.
        key: String,
        /// The number of the event that last wrote it.
        revision: u64,
    }
    /// A declaration of an attribute.
    Attribute {
        /// Its name.
        key: String,
        /// The number of the event that last wrote it.
        revision: u64,
    }
    /// An exclusion group.
    ExclusionGroup {
        /// Its key.
        key: String,
        /// The number of the event that last wrote it.
        revision: u64,
    }
    /// A change that waits for a second person, or did.
    Proposal {
        /// Its id.
        key: String,
        /// The number of the event that last wrote it.
        revision: u64,
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
}
