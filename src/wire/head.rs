//! What is signed: which bytes are the document of an environment, and since when that is known.

use serde::{Deserialize, Serialize};

use super::Sha256;
use crate::error::{Code, Error};
use crate::model::Key;

/// The head of a document: says which bytes are served in an environment.
///
/// Renewed every few seconds with another `at`, it also proves that nothing newer was kept back.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Head {
    /// The environment.
    pub environment: Key,
    /// The version of the document.
    pub version: u64,
    /// The hash of the whole document's exact bytes.
    pub sha256: Sha256,
    /// When it was signed, unix time in milliseconds.
    pub at: i64,
    /// Of the delta that came with it; a head with this part is still a head of the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta: Option<DeltaHead>,
}

/// The part of a head that is about a delta.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct DeltaHead {
    /// The version that the delta is applied to.
    pub from: u64,
    /// The hash of the delta's exact bytes.
    pub sha256: Sha256,
}

impl Head {
    /// Whether bytes are the document.
    ///
    /// # Errors
    /// If their hash is another one (TG6016).
    pub fn matches(&self, document: &[u8]) -> Result<(), Error> {
        self.matches_hash(Sha256::of(document))
    }

    /// Whether a hash is that of the document.
    ///
    /// # Errors
    /// If it is another one (TG6016).
    pub fn matches_hash(&self, found: Sha256) -> Result<(), Error> {
        same("the document of", self.version, self.sha256, found)
    }

    /// Whether bytes are the delta that this head came with.
    ///
    /// # Errors
    /// If their hash is another one, or the head is not about a delta (TG6016).
    pub fn matches_delta(&self, delta: &[u8]) -> Result<(), Error> {
        let Some(head) = &self.delta else {
            let message = format!("the head of version {} is not about a delta, and one came", self.version);
            return Err(Error::new(Code::OtherHash, "/delta", message));
        };
        same("the delta to", self.version, head.sha256, Sha256::of(delta))
    }
}

fn same(what: &str, version: u64, expected: Sha256, found: Sha256) -> Result<(), Error> {
    if expected == found {
        return Ok(());
    }
    let message = format!("expected {what} version {version} with sha256 {expected}, found {found}");
    Err(Error::new(Code::OtherHash, "/sha256", message))
}
