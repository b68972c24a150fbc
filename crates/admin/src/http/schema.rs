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
}
