//! What a command answers.

use serde::Serialize;
use serde_json::{Value as Json, json};
use tidegate::model::Key;

use super::entity::Kind;
use super::event::Subject;
use super::{Problem, Tx};

/// A change of the world: pure.
pub type Command = Box<dyn FnOnce(&mut Tx) -> Result<Outcome, Problem> + Send>;

/// Who a command is run for; what they may do is looked up when it runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Who {
    /// A principal, by id, and the token that was used.
    Principal {
        /// Its id.
        id: Key,
        /// The token's id.
        token: Option<Key>,
    },
    /// The server: timers, guards.
    System,
}

/// What a command answers; one that changed nothing and told nothing leaves no event.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The HTTP status: 200, 201 or 202.
    pub status: u16,
    /// The body.
    pub body: Json,
    /// What was done, for the log: `feature.saved`.
    pub action: String,
    /// What it was done to.
    pub subject: Subject,
    /// The reason given.
    pub reason: Option<String>,
}

impl Outcome {
    /// Done (200).
    #[must_use]
    pub fn new(action: &str, kind: Kind, key: &Key, body: impl Serialize) -> Self {
        // An answer is an object, also one that says nothing.
        let body = match serde_json::to_value(body) {
            Ok(Json::Null) | Err(_) => json!({}),
            Ok(body) => body,
        };
        Self {
            status: 200,
            body,
            action: action.to_owned(),
            subject: Subject { kind, key: Key::clone(key) },
            reason: None,
        }
    }

    /// Something was made (201).
    #[must_use]
    pub fn created(mut self) -> Self {
        self.status = 201;
        self
    }

    /// With the reason given.
    #[must_use]
    pub fn because(mut self, reason: Option<String>) -> Self {
        self.reason = reason;
        self
    }
}
