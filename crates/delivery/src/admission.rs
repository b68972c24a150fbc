//! Who may have what: an SDK key stands for one environment.

use async_trait::async_trait;
use axum::http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use tidegate::model::Key;

use crate::problem::Problem;

/// What an SDK key is good for; the answer of `GET /sdk/v1/me`.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct Admission {
    /// The environment that the key is of.
    pub environment: Key,
    /// The name of the key, which is no secret.
    pub key_id: String,
}

/// Why an SDK key was not admitted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// There is no such key, or it was revoked.
    #[error("there is no such SDK key, or it was revoked")]
    Unknown,
    /// Whether it is good cannot be told now.
    #[error("whether the SDK key is good cannot be told now")]
    Unavailable,
}

/// Which SDK keys are good.
#[async_trait]
pub trait Keys: Send + Sync {
    /// What the key is good for. Called for each request, and for each stream at each heartbeat: it must be cheap, so a server
    /// that has to ask another one keeps the answer for a while, the refusal too.
    ///
    /// # Errors
    /// See [`Refused`].
    async fn admit(&self, sdk_key: &str) -> Result<Admission, Refused>;
}

/// The SDK key of a request: `Authorization: Bearer …`, or `X-API-Key` as OFREP has it.
pub(crate) fn sdk_key(headers: &HeaderMap) -> Result<&str, Problem> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| {
        let (scheme, rest) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| rest.trim())
    });
    let key = bearer.or_else(|| headers.get("x-api-key")?.to_str().ok().map(str::trim));
    key.filter(|key| !key.is_empty()).ok_or_else(|| {
        Problem::unauthenticated("expected an SDK key, found none")
            .hint("send `Authorization: Bearer <SDK key>`")
    })
}

/// Admits the sender of a request.
pub(crate) async fn admit(keys: &dyn Keys, sdk_key: &str) -> Result<Admission, Problem> {
    keys.admit(sdk_key).await.map_err(|refused| match refused {
        Refused::Unknown => Problem::unauthenticated(refused.to_string())
            .hint("`tidegate sdk-key list` shows which there are; `tidegate sdk-key new` makes one"),
        Refused::Unavailable => Problem::unavailable(refused.to_string()),
    })
}
