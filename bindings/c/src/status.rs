//! Statuses: what a call says about itself. Those of the library are below 1000; the others are the codes of the error
//! catalogue, under their own numbers, and generated from it (`UPDATE_HEADER=1 cargo test -p tidegate-c --test header`).

use tidegate::error::Code;

use crate::text::tg_str;

/// What came of a call. Numbers are never used for anything else again.
///
/// From 1000 on they are the codes of documents and uses: `TG_STATUS_UNKNOWN_VARIANT` is `TG2003`. A newer library may
/// give statuses that this header does not name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(i32)]
pub enum tg_status {
    /// All went well; out-parameters are written.
    Ok = 0,
    /// A pointer is NULL that must not be.
    NullPointer = 1,
    /// A text is not UTF-8.
    InvalidUtf8 = 2,
    /// A text or document is longer than 256 MiB; it was not read.
    TooLong = 3,
    /// An option, flag or `struct_size` is not known to this version.
    InvalidArgument = 4,
    /// A handle was freed, or is one of another kind.
    InvalidHandle = 5,
    /// A handle, feature or attribute is of another engine.
    WrongEngine = 6,
    /// A reader or view is another thread's.
    WrongThread = 7,
    /// A reader or view was used from within its own callback.
    Busy = 8,
    /// The library has a defect: the call was given up, and its handle is poisoned.
    Panic = 9,
    /// An earlier call on this handle panicked; it can only be freed.
    Poisoned = 10,
    /// There is no such value: the caller's default is to be served.
    NoValue = 11,
    /// The value is there and has another type than is asked for.
    OtherType = 12,
    /// An index is not below the number of elements.
    NoSuchIndex = 13,
    /// This build of the library does not have that (see `tg_has`).
    NotAvailable = 14,
    /// A file cannot be read.
    Unreadable = 15,
    // <variants>
    /// `TG1000`: the document is refused.
    Refused = 1000,
    /// `TG1001`: the document is not JSON.
    NotJson = 1001,
    /// `TG1002`: a number is too large for a double.
    NumberOutOfRange = 1002,
    /// `TG1003`: a string has a lone surrogate, or bytes that are not UTF-8.
    BadUnicode = 1003,
    /// `TG1004`: the document is nested too deep.
    TooDeep = 1004,
    /// `TG1005`: the document is larger than 256 MiB.
    TooLarge = 1005,
    /// `TG1006`: the document is not an object.
    NotAnObject = 1006,
    /// `TG1007`: the document has another `schema_version` than this engine reads.
    SchemaVersion = 1007,
    /// `TG1008`: the document is of another environment than the engine.
    OtherEnvironment = 1008,
    /// `TG1009`: the document's `version` is not an integer of at least 0.
    BadVersion = 1009,
    /// `TG1010`: there are more problems than are listed.
    MoreProblems = 1010,
    /// `TG2001`: a field is not known here.
    UnknownField = 2001,
    /// `TG2002`: a field is missing.
    MissingField = 2002,
    /// `TG2003`: a variant is not one of the feature's.
    UnknownVariant = 2003,
    /// `TG2004`: a value has the wrong JSON type.
    WrongType = 2004,
    /// `TG2005`: a text is not one of the words that are known here.
    UnknownChoice = 2005,
    /// `TG2006`: an object has a key twice; the last counts.
    DuplicateKey = 2006,
    /// `TG2007`: an object has not exactly one of the forms that it may have.
    BadForm = 2007,
    /// `TG2008`: an id is used twice in a list.
    DuplicateId = 2008,
    /// `TG2009`: a number is not an integer, or outside its range.
    OutOfRange = 2009,
    /// `TG2010`: a percent is outside 0 to 100 or has more than four decimals.
    BadPercent = 2010,
    /// `TG2011`: the weights of a split do not sum to 100.
    BadWeights = 2011,
    /// `TG2012`: a feature has no variants.
    NoVariants = 2012,
    /// `TG2013`: a field is not for features of this kind.
    NotOfThisKind = 2013,
    /// `TG2014`: ranges of an exclusion group overlap.
    Overlap = 2014,
    /// `TG2015`: something is larger than the limits allow.
    Limit = 2015,
    /// `TG2020`: an operator is not known.
    UnknownOperator = 2020,
    /// `TG2021`: an operator's value is not of its form.
    BadOperand = 2021,
    /// `TG2022`: an operator does not offer `ignore_case`.
    NoIgnoreCase = 2022,
    /// `TG2023`: a declared attribute is used against its type.
    AttributeType = 2023,
    /// `TG2080`: a text is not a semantic version.
    BadSemver = 2080,
    /// `TG2081`: a text is not a dotted version.
    BadDottedVersion = 2081,
    /// `TG2082`: a value is not an instant.
    BadInstant = 2082,
    /// `TG2083`: a text is not an IP address or network.
    BadNetwork = 2083,
    /// `TG2090`: this build has no regular expressions.
    RegexUnavailable = 2090,
    /// `TG2091`: a text is not a regular expression.
    BadRegex = 2091,
    /// `TG2092`: a regular expression is too large.
    RegexTooLarge = 2092,
    /// `TG3001`: a segment does not exist.
    UnknownSegment = 3001,
    /// `TG3002`: a feature does not exist.
    UnknownFeature = 3002,
    /// `TG3003`: references form a cycle.
    Cycle = 3003,
    /// `TG3004`: a reference leads to an invalid definition.
    InvalidReference = 3004,
    /// `TG3005`: an exclusion group does not exist.
    UnknownExclusionGroup = 3005,
    /// `TG3006`: an experiment has no range in its exclusion group.
    NoExclusionRange = 3006,
    /// `TG3007`: an environment is not one of the document's.
    UnknownEnvironment = 3007,
    /// `TG3008`: a chain of references is too long.
    ChainTooLong = 3008,
    /// `TG4001`: a feature or segment is in two releases.
    InTwoReleases = 4001,
    /// `TG4002`: a ramp below 100 % has no unit.
    RampWithoutUnit = 4002,
    /// `TG4003`: a patch applies a candidate that does not exist.
    ApplyWithoutCandidate = 4003,
    /// `TG4004`: a patch is on a feature or segment that is not in its release.
    NotInRelease = 4004,
    /// `TG4005`: a patch on a segment is not `apply`.
    SegmentPatch = 4005,
    /// `TG4006`: a release has a feature or segment that neither exists nor has a candidate.
    NothingToRelease = 4006,
    /// `TG5001`: a declared process attribute is not given.
    MissingProcessAttribute = 5001,
    /// `TG5002`: a context is not as contexts are.
    BadContext = 5002,
    /// `TG5003`: the document is older than the one that is served.
    OlderVersion = 5003,
    /// `TG5004`: an override names a feature or variant that does not exist.
    BadOverride = 5004,
    /// `TG5005`: a delta is for another base version than the one that is served.
    DeltaBase = 5005,
    /// `TG5006`: a delta does not carry a definition that it concerns.
    DeltaIncomplete = 5006,
    /// `TG5010`: an argument of a call has another type or form than is expected.
    BadArgument = 5010,
    /// `TG5011`: an engine, client, context or view was closed.
    Closed = 5011,
    /// `TG5012`: a context or handle is of another engine.
    OtherEngine = 5012,
    /// `TG6001`: a rule is never reached.
    RuleNeverReached = 6001,
    /// `TG6002`: a condition always or never holds.
    ConstantCondition = 6002,
    /// `TG6003`: a condition asks for a variant that the feature does not have.
    UnknownTestedVariant = 6003,
    /// `TG6010`: a token is not a compact JWS as the server makes them.
    BadToken = 6010,
    /// `TG6011`: a token is of another type than is expected here.
    OtherToken = 6011,
    /// `TG6012`: a token is not signed.
    UnsignedToken = 6012,
    /// `TG6013`: a token is signed by a key that is not trusted.
    UntrustedKey = 6013,
    /// `TG6014`: a signature is not that of its key.
    BadSignature = 6014,
    /// `TG6015`: a head is of another environment than is expected.
    OtherHead = 6015,
    /// `TG6016`: bytes are not those that their head stands for.
    OtherHash = 6016,
    /// `TG6017`: a text is not a public key.
    BadPublicKey = 6017,
    /// `TG6018`: a text is not an SDK key.
    BadSdkKey = 6018,
    /// `TG6019`: a text is not a connection string.
    BadConnection = 6019,
    /// `TG6020`: a text is not a SHA-256 in hexadecimal.
    BadHash = 6020,
    /// `TG6021`: the system gives no random numbers.
    NoRandomness = 6021,
    /// `TG6022`: a document or delta cannot be taken apart into rows.
    BadRows = 6022,
    /// `TG6023`: there are more trusted keys than are kept.
    TooManyKeys = 6023,
    /// `TG6101`: the server cannot be reached.
    Unreachable = 6101,
    /// `TG6102`: the server answers with a status other than success.
    BadStatus = 6102,
    /// `TG6103`: the server's answer is not as it must be, or broke off.
    BadAnswer = 6103,
    /// `TG6104`: the server fell silent.
    Stalled = 6104,
    /// `TG6105`: a version is below one that was applied already.
    BelowFloor = 6105,
    /// `TG6106`: a document or delta has another version than its head.
    OtherVersion = 6106,
    /// `TG6107`: what was stored cannot be read, or does not verify.
    CacheDamaged = 6107,
    /// `TG6108`: what is served cannot be stored.
    CacheUnwritable = 6108,
    /// `TG6109`: an option of a connection cannot be used.
    BadConnectOption = 6109,
    /// `TG6110`: this process was forked off the one that connected.
    Forked = 6110,
    /// `TG6111`: a document in a file cannot be read.
    FileUnreadable = 6111,
    /// `TG6112`: no document came in time.
    NotReady = 6112,
    /// `TG6113`: a callback of the client panicked.
    CallbackPanicked = 6113,
    /// `TG6114`: the client's thread ended.
    ClientStopped = 6114,
    /// `TG6115`: the client's thread cannot be started.
    NoThread = 6115,
    /// `TG6116`: two documents have the same version.
    SameVersion = 6116,
    /// `TG7001`: a pipeline has no phase, or too many.
    PhaseCount = 7001,
    /// `TG7002`: the steps of a ramp do not ascend, or there is none, or there are too many.
    BadRamp = 7002,
    /// `TG7003`: a number of approvals is outside its range.
    BadApprovals = 7003,
    /// `TG7004`: a guard has not exactly one threshold.
    BadThreshold = 7004,
    /// `TG7005`: a patch of a phase lacks its variant, or has one and is not `set`.
    BadPatch = 7005,
    /// `TG7006`: a duration is too short, or longer than a year.
    BadDuration = 7006,
    /// `TG7007`: a window cannot be read, or ends before it starts.
    BadWindow = 7007,
    /// `TG7008`: a guard cannot be asked as it is written.
    BadGuard = 7008,
    /// `TG7009`: a phase has an id that stands for something else.
    ReservedId = 7009,
    /// `TG7010`: the target of a phase matches nothing.
    EmptyTarget = 7010,
    /// `TG7011`: the propagation of a phase asks for a share outside 1 to 100 %, or says what then but not when.
    BadPropagation = 7011,
    // </variants>
}

impl From<Code> for tg_status {
    fn from(code: Code) -> Self {
        match code {
            // <codes>
            Code::Refused => Self::Refused,
            Code::NotJson => Self::NotJson,
            Code::NumberOutOfRange => Self::NumberOutOfRange,
            Code::BadUnicode => Self::BadUnicode,
            Code::TooDeep => Self::TooDeep,
            Code::TooLarge => Self::TooLarge,
            Code::NotAnObject => Self::NotAnObject,
            Code::SchemaVersion => Self::SchemaVersion,
            Code::OtherEnvironment => Self::OtherEnvironment,
            Code::BadVersion => Self::BadVersion,
            Code::MoreProblems => Self::MoreProblems,
            Code::UnknownField => Self::UnknownField,
            Code::MissingField => Self::MissingField,
            Code::UnknownVariant => Self::UnknownVariant,
            Code::WrongType => Self::WrongType,
            Code::UnknownChoice => Self::UnknownChoice,
            Code::DuplicateKey => Self::DuplicateKey,
            Code::BadForm => Self::BadForm,
            Code::DuplicateId => Self::DuplicateId,
            Code::OutOfRange => Self::OutOfRange,
            Code::BadPercent => Self::BadPercent,
            Code::BadWeights => Self::BadWeights,
            Code::NoVariants => Self::NoVariants,
            Code::NotOfThisKind => Self::NotOfThisKind,
            Code::Overlap => Self::Overlap,
            Code::Limit => Self::Limit,
            Code::UnknownOperator => Self::UnknownOperator,
            Code::BadOperand => Self::BadOperand,
            Code::NoIgnoreCase => Self::NoIgnoreCase,
            Code::AttributeType => Self::AttributeType,
            Code::BadSemver => Self::BadSemver,
            Code::BadDottedVersion => Self::BadDottedVersion,
            Code::BadInstant => Self::BadInstant,
            Code::BadNetwork => Self::BadNetwork,
            Code::RegexUnavailable => Self::RegexUnavailable,
            Code::BadRegex => Self::BadRegex,
            Code::RegexTooLarge => Self::RegexTooLarge,
            Code::UnknownSegment => Self::UnknownSegment,
            Code::UnknownFeature => Self::UnknownFeature,
            Code::Cycle => Self::Cycle,
            Code::InvalidReference => Self::InvalidReference,
            Code::UnknownExclusionGroup => Self::UnknownExclusionGroup,
            Code::NoExclusionRange => Self::NoExclusionRange,
            Code::UnknownEnvironment => Self::UnknownEnvironment,
            Code::ChainTooLong => Self::ChainTooLong,
            Code::InTwoReleases => Self::InTwoReleases,
            Code::RampWithoutUnit => Self::RampWithoutUnit,
            Code::ApplyWithoutCandidate => Self::ApplyWithoutCandidate,
            Code::NotInRelease => Self::NotInRelease,
            Code::SegmentPatch => Self::SegmentPatch,
            Code::NothingToRelease => Self::NothingToRelease,
            Code::MissingProcessAttribute => Self::MissingProcessAttribute,
            Code::BadContext => Self::BadContext,
            Code::OlderVersion => Self::OlderVersion,
            Code::BadOverride => Self::BadOverride,
            Code::DeltaBase => Self::DeltaBase,
            Code::DeltaIncomplete => Self::DeltaIncomplete,
            Code::BadArgument => Self::BadArgument,
            Code::Closed => Self::Closed,
            Code::OtherEngine => Self::OtherEngine,
            Code::RuleNeverReached => Self::RuleNeverReached,
            Code::ConstantCondition => Self::ConstantCondition,
            Code::UnknownTestedVariant => Self::UnknownTestedVariant,
            Code::BadToken => Self::BadToken,
            Code::OtherToken => Self::OtherToken,
            Code::UnsignedToken => Self::UnsignedToken,
            Code::UntrustedKey => Self::UntrustedKey,
            Code::BadSignature => Self::BadSignature,
            Code::OtherHead => Self::OtherHead,
            Code::OtherHash => Self::OtherHash,
            Code::BadPublicKey => Self::BadPublicKey,
            Code::BadSdkKey => Self::BadSdkKey,
            Code::BadConnection => Self::BadConnection,
            Code::BadHash => Self::BadHash,
            Code::NoRandomness => Self::NoRandomness,
            Code::BadRows => Self::BadRows,
            Code::TooManyKeys => Self::TooManyKeys,
            Code::Unreachable => Self::Unreachable,
            Code::BadStatus => Self::BadStatus,
            Code::BadAnswer => Self::BadAnswer,
            Code::Stalled => Self::Stalled,
            Code::BelowFloor => Self::BelowFloor,
            Code::OtherVersion => Self::OtherVersion,
            Code::CacheDamaged => Self::CacheDamaged,
            Code::CacheUnwritable => Self::CacheUnwritable,
            Code::BadConnectOption => Self::BadConnectOption,
            Code::Forked => Self::Forked,
            Code::FileUnreadable => Self::FileUnreadable,
            Code::NotReady => Self::NotReady,
            Code::CallbackPanicked => Self::CallbackPanicked,
            Code::ClientStopped => Self::ClientStopped,
            Code::NoThread => Self::NoThread,
            Code::SameVersion => Self::SameVersion,
            Code::PhaseCount => Self::PhaseCount,
            Code::BadRamp => Self::BadRamp,
            Code::BadApprovals => Self::BadApprovals,
            Code::BadThreshold => Self::BadThreshold,
            Code::BadPatch => Self::BadPatch,
            Code::BadDuration => Self::BadDuration,
            Code::BadWindow => Self::BadWindow,
            Code::BadGuard => Self::BadGuard,
            Code::ReservedId => Self::ReservedId,
            Code::EmptyTarget => Self::EmptyTarget,
            Code::BadPropagation => Self::BadPropagation,
            // </codes>
            _ => Self::Refused,
        }
    }
}

impl From<&tidegate::Error> for tg_status {
    fn from(error: &tidegate::Error) -> Self {
        error.code().into()
    }
}

/// The meaning of the statuses below 1000.
const OWN: [(i32, &str); 16] = [
    (0, "all went well"),
    (1, "a pointer is NULL that must not be"),
    (2, "a text is not UTF-8"),
    (3, "a text or document is longer than 256 MiB"),
    (4, "an option, flag or `struct_size` is not known to this version"),
    (5, "a handle was freed, or is one of another kind"),
    (6, "a handle, feature or attribute is of another engine"),
    (7, "a reader or view is another thread's"),
    (8, "a reader or view was used from within its own callback"),
    (9, "the library has a defect: the call was given up, and its handle is poisoned"),
    (10, "an earlier call on this handle panicked; it can only be freed"),
    (11, "there is no such value"),
    (12, "the value has another type than is asked for"),
    (13, "an index is not below the number of elements"),
    (14, "this build of the library does not have that"),
    (15, "a file cannot be read"),
];

/// What a status means, in one line; of one that is not known, an empty text. It is valid for ever.
///
/// `status` is a number, so that one of a newer library can be asked for too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_status_text(status: i32) -> tg_str {
    boundary!(or tg_str::NONE; {
        let own = OWN.iter().find(|(number, _)| *number == status).map(|(_, meaning)| *meaning);
        let code = || Code::all().iter().find(|code| **code as i32 == status).map(|code| code.meaning());
        own.or_else(code).map_or(tg_str::NONE, tg_str::of)
    })
}
