//! What is answered: decisions in the words of OpenFeature.
//!
//! The protocol (0.3.0) has no reason `DEFAULT`, so `default` is `UNKNOWN`; our own reason stands in the metadata, beside the
//! rule, the release, the phase and the version of the snapshot.

use std::borrow::Cow;

use serde::Serialize;
use tidegate::program::Reason;
use tidegate::{Decision, Value};

/// An error code of OpenFeature.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum ErrorCode {
    FlagNotFound,
    General,
    InvalidContext,
    ParseError,
}

/// A decision, or why there is none.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Answer<'d> {
    Success(Success<'d>),
    Failure(Failure),
}

/// A decision that has a value.
#[derive(Debug, Serialize)]
pub(super) struct Success<'d> {
    key: &'d str,
    value: &'d Value,
    reason: &'static str,
    variant: &'d str,
    metadata: Metadata<'d>,
}

/// Why there is no value.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Failure {
    /// The flag; none if the request as a whole failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<String>,
    pub(super) error_code: ErrorCode,
    pub(super) error_details: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Box<Metadata<'static>>>,
}

/// Whence the decision; scalars only, as the protocol asks.
#[derive(Debug, Serialize)]
struct Metadata<'d> {
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<Cow<'d, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<Cow<'d, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phase: Option<Cow<'d, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    indirect: Option<bool>,
    version: u64,
}

/// All decisions for a context.
#[derive(Debug, Serialize)]
pub(super) struct Bulk<'d> {
    flags: Vec<Answer<'d>>,
    metadata: SetMetadata<'d>,
}

#[derive(Debug, Serialize)]
struct SetMetadata<'d> {
    environment: &'d str,
    version: u64,
}

impl Failure {
    /// A failure of the request as a whole.
    pub(super) fn new(error_code: ErrorCode, error_details: impl Into<String>) -> Self {
        Self { key: None, error_code, error_details: error_details.into(), metadata: None }
    }

    /// The same, of the request for a flag.
    pub(super) fn of(mut self, key: Option<&str>) -> Self {
        self.key = key.map(str::to_owned);
        self
    }
}

impl<'d> Answer<'d> {
    /// What a decision is in the words of OpenFeature (SEMANTICS 6.5).
    pub(super) fn new(decision: &Decision<'d>, environment: &str) -> Self {
        let reason = decision.reason();
        let metadata = Metadata {
            reason: reason.as_str(),
            rule: decision.rule().map(Cow::Borrowed),
            release: decision.release().map(Cow::Borrowed),
            phase: decision.phase().map(Cow::Borrowed),
            indirect: decision.is_indirect().then_some(true),
            version: decision.version(),
        };
        let key = decision.feature();
        if let (Some(value), Some(variant)) = (decision.value(), decision.variant()) {
            return Self::Success(Success { key, value, reason: of_protocol(reason), variant, metadata });
        }
        let (code, details) = match reason {
            Reason::UnknownFeature => {
                let details =
                    format!("there is no feature `{key}` for this context in environment `{environment}`");
                (ErrorCode::FlagNotFound, details)
            }
            Reason::InvalidDefinition => (
                ErrorCode::ParseError,
                format!("the definition of `{key}` is not one that this server can serve"),
            ),
            other => (ErrorCode::General, format!("`{key}` has no value: {}", other.as_str())),
        };
        let failure = Failure::new(code, details).of(Some(key));
        Self::Failure(Failure { metadata: Some(Box::new(metadata.into_owned())), ..failure })
    }
}

/// A reason among those that the protocol has.
fn of_protocol(reason: Reason) -> &'static str {
    match reason.openfeature() {
        "DEFAULT" => "UNKNOWN",
        other => other,
    }
}

impl Metadata<'_> {
    fn into_owned(self) -> Metadata<'static> {
        let own = |text: Option<Cow<'_, str>>| text.map(|text| Cow::Owned(text.into_owned()));
        let Self { reason, rule, release, phase, indirect, version } = self;
        Metadata { reason, rule: own(rule), release: own(release), phase: own(phase), indirect, version }
    }
}

impl<'d> Bulk<'d> {
    /// All decisions, by key. A feature that does not exist for this context (it is being created, or deleted) is left out,
    /// as any feature is that does not exist.
    pub(super) fn new(
        decisions: impl Iterator<Item = Decision<'d>>,
        environment: &'d str,
        version: u64,
    ) -> Self {
        let mut decisions: Vec<_> =
            decisions.filter(|decision| decision.reason() != Reason::UnknownFeature).collect();
        decisions.sort_unstable_by_key(Decision::feature);
        let flags = decisions.iter().map(|decision| Answer::new(decision, environment)).collect();
        Self { flags, metadata: SetMetadata { environment, version } }
    }
}
