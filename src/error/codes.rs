//! The catalogue of codes: one declarative list, from which the enum and its texts are made.
//!
//! INVARIANT: a number is never used for anything else again; a code that is no longer reported stays in the list.

use std::fmt;

use super::Severity;

macro_rules! catalogue {
    ($($number:literal $name:ident $severity:ident $meaning:literal;)*) => {
        /// A stable code, `TG` and four digits; the first digit is the family.
        ///
        /// # Examples
        /// ```
        /// use tidegate::error::Code;
        /// assert_eq!(Code::UnknownVariant.as_str(), "TG2003");
        /// assert!(Code::all().contains(&Code::UnknownVariant));
        /// ```
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[non_exhaustive]
        #[repr(u16)]
        pub enum Code {
            $(#[doc = $meaning] $name = $number,)*
        }

        impl Code {
            /// All codes, by number.
            #[must_use]
            pub const fn all() -> &'static [Self] {
                &[$(Self::$name),*]
            }

            /// The code as it is written.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => concat!("TG", $number),)*
                }
            }

            /// What it means, in one line.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => $meaning,)*
                }
            }

            /// The severity that it has unless the mode says otherwise (SEMANTICS 9.3).
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self {
                    $(Self::$name => Severity::$severity,)*
                }
            }
        }
    };
}

catalogue! {
    1000 Refused            Error   "the document is refused";
    1001 NotJson            Error   "the document is not JSON";
    1002 NumberOutOfRange   Error   "a number is too large for a double";
    1003 BadUnicode         Error   "a string has a lone surrogate, or bytes that are not UTF-8";
    1004 TooDeep            Error   "the document is nested too deep";
    1005 TooLarge           Error   "the document is larger than 256 MiB";
    1006 NotAnObject        Error   "the document is not an object";
    1007 SchemaVersion      Error   "the document has another `schema_version` than this engine reads";
    1008 OtherEnvironment   Error   "the document is of another environment than the engine";
    1009 BadVersion         Error   "the document's `version` is not an integer of at least 0";
    1010 MoreProblems       Warning "there are more problems than are listed";

    2001 UnknownField       Error   "a field is not known here";
    2002 MissingField       Error   "a field is missing";
    2003 UnknownVariant     Error   "a variant is not one of the feature's";
    2004 WrongType          Error   "a value has the wrong JSON type";
    2005 UnknownChoice      Error   "a text is not one of the words that are known here";
    2006 DuplicateKey       Error   "an object has a key twice; the last counts";
    2007 BadForm            Error   "an object has not exactly one of the forms that it may have";
    2008 DuplicateId        Error   "an id is used twice in a list";
    2009 OutOfRange         Error   "a number is not an integer, or outside its range";
    2010 BadPercent         Error   "a percent is outside 0 to 100 or has more than four decimals";
    2011 BadWeights         Error   "the weights of a split do not sum to 100";
    2012 NoVariants         Error   "a feature has no variants";
    2013 NotOfThisKind      Error   "a field is not for features of this kind";
    2014 Overlap            Error   "ranges of an exclusion group overlap";
    2015 Limit              Error   "something is larger than the limits allow";
    2020 UnknownOperator    Error   "an operator is not known";
    2021 BadOperand         Error   "an operator's value is not of its form";
    2022 NoIgnoreCase       Error   "an operator does not offer `ignore_case`";
    2023 AttributeType      Error   "a declared attribute is used against its type";
    2080 BadSemver          Error   "a text is not a semantic version";
    2081 BadDottedVersion   Error   "a text is not a dotted version";
    2082 BadInstant         Error   "a value is not an instant";
    2083 BadNetwork         Error   "a text is not an IP address or network";
    2090 RegexUnavailable   Error   "this build has no regular expressions";
    2091 BadRegex           Error   "a text is not a regular expression";
    2092 RegexTooLarge      Error   "a regular expression is too large";

    3001 UnknownSegment         Error "a segment does not exist";
    3002 UnknownFeature         Error "a feature does not exist";
    3003 Cycle                  Error "references form a cycle";
    3004 InvalidReference       Error "a reference leads to an invalid definition";
    3005 UnknownExclusionGroup  Error "an exclusion group does not exist";
    3006 NoExclusionRange       Error "an experiment has no range in its exclusion group";
    3007 UnknownEnvironment     Error "an environment is not one of the document's";
    3008 ChainTooLong           Error "a chain of references is too long";

    4001 InTwoReleases          Error "a feature or segment is in two releases";
    4002 RampWithoutUnit        Error "a ramp below 100 % has no unit";
    4003 ApplyWithoutCandidate  Error "a patch applies a candidate that does not exist";
    4004 NotInRelease           Error "a patch is on a feature or segment that is not in its release";
    4005 SegmentPatch           Error "a patch on a segment is not `apply`";
    4006 NothingToRelease       Error "a release has a feature or segment that neither exists nor has a candidate";

    5001 MissingProcessAttribute    Warning "a declared process attribute is not given";
    5002 BadContext                 Error   "a context is not as contexts are";
    5003 OlderVersion               Error   "the document is older than the one that is served";
    5004 BadOverride                Error   "an override names a feature or variant that does not exist";

    5005 DeltaBase                  Error   "a delta is for another base version than the one that is served";
    5006 DeltaIncomplete            Error   "a delta does not carry a definition that it concerns";

    5010 BadArgument                Error   "an argument of a call has another type or form than is expected";
    5011 Closed                     Error   "an engine, client, context or view was closed";
    5012 OtherEngine                Error   "a context or handle is of another engine";

    6001 RuleNeverReached       Warning "a rule is never reached";
    6002 ConstantCondition      Warning "a condition always or never holds";
    6003 UnknownTestedVariant   Warning "a condition asks for a variant that the feature does not have";

    6010 BadToken       Error   "a token is not a compact JWS as the server makes them";
    6011 OtherToken     Error   "a token is of another type than is expected here";
    6012 UnsignedToken  Error   "a token is not signed";
    6013 UntrustedKey   Error   "a token is signed by a key that is not trusted";
    6014 BadSignature   Error   "a signature is not that of its key";
    6015 OtherHead      Error   "a head is of another environment than is expected";
    6016 OtherHash      Error   "bytes are not those that their head stands for";
    6017 BadPublicKey   Error   "a text is not a public key";
    6018 BadSdkKey      Error   "a text is not an SDK key";
    6019 BadConnection  Error   "a text is not a connection string";
    6020 BadHash        Error   "a text is not a SHA-256 in hexadecimal";
    6021 NoRandomness   Error   "the system gives no random numbers";
    6022 BadRows        Error   "a document or delta cannot be taken apart into rows";
    6023 TooManyKeys    Error   "there are more trusted keys than are kept";

    6101 Unreachable        Error   "the server cannot be reached";
    6102 BadStatus          Error   "the server answers with a status other than success";
    6103 BadAnswer          Error   "the server's answer is not as it must be, or broke off";
    6104 Stalled            Error   "the server fell silent";
    6105 BelowFloor         Error   "a version is below one that was applied already";
    6106 OtherVersion       Error   "a document or delta has another version than its head";
    6107 CacheDamaged       Error   "what was stored cannot be read, or does not verify";
    6108 CacheUnwritable    Error   "what is served cannot be stored";
    6109 BadConnectOption   Error   "an option of a connection cannot be used";
    6110 Forked             Error   "this process was forked off the one that connected";
    6111 FileUnreadable     Error   "a document in a file cannot be read";
    6112 NotReady           Error   "no document came in time";
    6113 CallbackPanicked   Error   "a callback of the client panicked";
    6114 ClientStopped      Error   "the client's thread ended";
    6115 NoThread           Error   "the client's thread cannot be started";
    6116 SameVersion        Error   "two documents have the same version";

    7001 PhaseCount     Error   "a pipeline has no phase, or too many";
    7002 BadRamp        Error   "the steps of a ramp do not ascend, or there is none, or there are too many";
    7003 BadApprovals   Error   "a number of approvals is outside its range";
    7004 BadThreshold   Error   "a guard has not exactly one threshold";
    7005 BadPatch       Error   "a patch of a phase lacks its variant, or has one and is not `set`";
    7006 BadDuration    Error   "a duration is too short, or longer than a year";
    7007 BadWindow      Error   "a window cannot be read, or ends before it starts";
    7008 BadGuard       Error   "a guard cannot be asked as it is written";
    7009 ReservedId     Error   "a phase has an id that stands for something else";
    7010 EmptyTarget    Warning "the target of a phase matches nothing";
    7011 BadPropagation Error   "the propagation of a phase asks for a share outside 1 to 100 %, or says what then but not when";
}

impl Code {
    /// The first digit.
    pub(crate) const fn family(self) -> u16 {
        self as u16 / 1000
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl serde::Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
