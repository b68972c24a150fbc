//! Why a command was refused: a problem document (RFC 9457).

use serde::Serialize;
use serde_json::{Map, Value as Json};

/// A refusal; nothing was changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Problem {
    /// The stable code; the HTTP status follows from it.
    pub code: Code,
    /// What is wrong, for the person who must fix it.
    pub detail: String,
    /// The JSON pointer of the place in the request's body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// What helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// More: `state`, `allowed_actions`, `users`, `diff`, `problems`, `opens_at`, …
    #[serde(flatten)]
    pub more: Map<String, Json>,
}

macro_rules! codes {
    ($($name:ident $text:literal $status:literal $meaning:literal;)*) => {
        /// Codes of problems.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Code { $(#[doc = $meaning] $name,)* }

        impl Code {
            /// All.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// As it is written.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// What it means, in one line.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)* }
            }
        }
    };
}

codes! {
    BadRequest          "bad_request"           400 "the request is malformed";
    Unauthenticated     "unauthenticated"       401 "no valid token was given";
    Forbidden           "forbidden"             403 "the token's owner may not do this";
    SelfApproval        "self_approval"         403 "authors and starters may not approve their own change";
    NotFound            "not_found"             404 "there is no such thing";
    MethodNotAllowed    "method_not_allowed"    405 "the method is not allowed here";
    Timeout             "timeout"               408 "the request took too long";
    AlreadyExists       "already_exists"        409 "something with this key exists";
    AlreadyPublished    "already_published"     409 "the pipeline has no draft to publish";
    InUse               "in_use"                409 "it is in use; the users are listed";
    ReleaseActive       "release_active"        409 "a release of it is running";
    Stale               "stale"                 409 "it was changed since it was looked at";
    Terminal            "terminal"              409 "the release has ended";
    WrongState          "wrong_state"           409 "this cannot be done in the present state";
    SdkTooOld           "sdk_too_old"           409 "an SDK that is live cannot compile the change";
    NeedsSecondPerson   "needs_second_person"   409 "the change must be approved by a second person";
    PreconditionFailed  "precondition_failed"   412 "`If-Match` names another revision";
    TooLarge            "too_large"             413 "the body is too large";
    UnsupportedMedia    "unsupported_media"     415 "the body is not JSON";
    Invalid             "invalid"               422 "the definition is invalid";
    ReasonRequired      "reason_required"       422 "the action needs a reason";
    PipelineRequired    "pipeline_required"     422 "the environment asks for a pipeline";
    IdempotencyReused   "idempotency_reused"    422 "the idempotency key was used for another request";
    Frozen              "frozen"                423 "a window holds forward motion";
    NeedsBypass         "needs_bypass"          423 "the action passes over an approval, window or requirement";
    RevisionRequired    "revision_required"     428 "the request must name the revision that it was decided on";
    RateLimited         "rate_limited"          429 "too many requests";
    Internal            "internal"              500 "the server failed; nothing was changed";
    Unavailable         "unavailable"           503 "the server cannot write now";
}

impl Problem {
    /// A problem.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), pointer: None, hint: None, more: Map::new() }
    }

    /// There is no such thing.
    #[must_use]
    pub fn not_found(what: &str, key: &str) -> Self {
        Self::new(Code::NotFound, format!("there is no {what} `{key}`"))
    }

    /// With the place in the body.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    /// With what helps.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With another member.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        self.more.insert(name.to_owned(), serde_json::to_value(value).unwrap_or(Json::Null));
        self
    }
}
