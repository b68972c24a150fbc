//! Who acts, and what a role allows.

use serde::{Deserialize, Serialize};

use crate::model::Key;

/// Who does something.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// Unique among people, service accounts and the server itself.
    pub id: Key,
    /// What it is.
    pub kind: ActorKind,
    /// What it may do, and where.
    #[serde(default)]
    pub grants: Vec<Grant>,
}

/// What an actor is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// A person; only people count as approvers, unless a phase names a service account.
    Person,
    /// A service account.
    Service,
    /// The server itself: timers, guards.
    System,
}

/// A role, everywhere or in some environments.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// The environments; absent: all, also those made later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environments: Option<Vec<Key>>,
}

/// A role.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Also writes definitions and pipelines, and starts releases.
    Editor,
    /// Reads, approves and rejects.
    Approver,
    /// Reads, starts, pauses, unpauses, skips, aborts, rolls out, reverts, kills.
    Releaser,
    /// Everything.
    Admin,
}

/// What a role may allow.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// See everything but secrets.
    Read,
    /// Write definitions, segments and pipelines; start releases.
    Write,
    /// Approve and reject.
    Approve,
    /// Pause a release. Safe, so every role but viewer has it.
    Pause,
    /// Unpause, skip, abort, full roll out, revert.
    Drive,
    /// Kill and unkill.
    Kill,
    /// Skip an approval, an open window or another condition; marked as a bypass.
    Bypass,
    /// People, service accounts, tokens, environments, floors, webhooks.
    Administer,
}

impl Permission {
    /// Its name in JSON and in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Administer => "administer",
            Self::Approve => "approve",
            Self::Bypass => "bypass",
            Self::Drive => "drive",
            Self::Kill => "kill",
            Self::Pause => "pause",
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

impl Role {
    /// Its name in JSON and in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Approver => "approver",
            Self::Editor => "editor",
            Self::Releaser => "releaser",
            Self::Viewer => "viewer",
        }
    }

    /// Whether the role allows it.
    #[must_use]
    pub fn allows(self, permission: Permission) -> bool {
        use Permission as P;
        match self {
            Self::Admin => true,
            Self::Approver => matches!(permission, P::Read | P::Approve | P::Pause),
            Self::Editor => matches!(permission, P::Read | P::Write | P::Pause),
            Self::Releaser => matches!(permission, P::Read | P::Write | P::Pause | P::Drive | P::Kill),
            Self::Viewer => permission == P::Read,
        }
    }
}

impl Actor {
    /// The server itself.
    #[must_use]
    pub fn system() -> Self {
        Self {
            id: "system".into(),
            kind: ActorKind::System,
            grants: vec![Grant { role: Role::Admin, environments: None }],
        }
    }

    /// Whether a grant allows it in every one of the environments; with none given: whether a grant does so everywhere.
    #[must_use]
    pub fn may<'e>(&self, permission: Permission, environments: impl IntoIterator<Item = &'e Key>) -> bool {
        let holds = |environment: Option<&Key>| {
            self.grants.iter().any(|grant| grant.role.allows(permission) && grant.covers(environment))
        };
        let mut environments = environments.into_iter().peekable();
        match environments.peek() {
            None => holds(None),
            Some(_) => environments.all(|environment| holds(Some(environment))),
        }
    }

    /// Whether it has the role in every one of the environments (see [`Actor::may`]).
    #[must_use]
    pub fn has_role<'e>(&self, role: Role, environments: impl IntoIterator<Item = &'e Key>) -> bool {
        let holds = |environment: Option<&Key>| {
            self.grants.iter().any(|grant| grant.role == role && grant.covers(environment))
        };
        let mut environments = environments.into_iter().peekable();
        match environments.peek() {
            None => holds(None),
            Some(_) => environments.all(|environment| holds(Some(environment))),
        }
    }
}

impl Grant {
    fn covers(&self, environment: Option<&Key>) -> bool {
        match (&self.environments, environment) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(some), Some(one)) => some.contains(one),
        }
    }
}
