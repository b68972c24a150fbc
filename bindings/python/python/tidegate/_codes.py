"""The catalogue of codes; written by ``UPDATE_CODES=1 pytest tests/test_codes.py``."""

from __future__ import annotations

from enum import Enum

__all__ = ["Code"]


class Code(str, Enum):
    """A stable code, ``TG`` and four digits; the first digit is the family.

    >>> import tidegate
    >>> tidegate.Code.UNKNOWN_VARIANT.value
    'TG2003'
    >>> tidegate.Code("TG2003").meaning
    "a variant is not one of the feature's"
    """

    @property
    def meaning(self) -> str:
        """What it means, in one line."""
        return _MEANINGS[self.value]

    REFUSED = "TG1000"
    NOT_JSON = "TG1001"
    NUMBER_OUT_OF_RANGE = "TG1002"
    BAD_UNICODE = "TG1003"
    TOO_DEEP = "TG1004"
    TOO_LARGE = "TG1005"
    NOT_AN_OBJECT = "TG1006"
    SCHEMA_VERSION = "TG1007"
    OTHER_ENVIRONMENT = "TG1008"
    BAD_VERSION = "TG1009"
    MORE_PROBLEMS = "TG1010"
    UNKNOWN_FIELD = "TG2001"
    MISSING_FIELD = "TG2002"
    UNKNOWN_VARIANT = "TG2003"
    WRONG_TYPE = "TG2004"
    UNKNOWN_CHOICE = "TG2005"
    DUPLICATE_KEY = "TG2006"
    BAD_FORM = "TG2007"
    DUPLICATE_ID = "TG2008"
    OUT_OF_RANGE = "TG2009"
    BAD_PERCENT = "TG2010"
    BAD_WEIGHTS = "TG2011"
    NO_VARIANTS = "TG2012"
    NOT_OF_THIS_KIND = "TG2013"
    OVERLAP = "TG2014"
    LIMIT = "TG2015"
    UNKNOWN_OPERATOR = "TG2020"
    BAD_OPERAND = "TG2021"
    NO_IGNORE_CASE = "TG2022"
    ATTRIBUTE_TYPE = "TG2023"
    BAD_SEMVER = "TG2080"
    BAD_DOTTED_VERSION = "TG2081"
    BAD_INSTANT = "TG2082"
    BAD_NETWORK = "TG2083"
    REGEX_UNAVAILABLE = "TG2090"
    BAD_REGEX = "TG2091"
    REGEX_TOO_LARGE = "TG2092"
    UNKNOWN_SEGMENT = "TG3001"
    UNKNOWN_FEATURE = "TG3002"
    CYCLE = "TG3003"
    INVALID_REFERENCE = "TG3004"
    UNKNOWN_EXCLUSION_GROUP = "TG3005"
    NO_EXCLUSION_RANGE = "TG3006"
    UNKNOWN_ENVIRONMENT = "TG3007"
    CHAIN_TOO_LONG = "TG3008"
    IN_TWO_RELEASES = "TG4001"
    RAMP_WITHOUT_UNIT = "TG4002"
    APPLY_WITHOUT_CANDIDATE = "TG4003"
    NOT_IN_RELEASE = "TG4004"
    SEGMENT_PATCH = "TG4005"
    NOTHING_TO_RELEASE = "TG4006"
    MISSING_PROCESS_ATTRIBUTE = "TG5001"
    BAD_CONTEXT = "TG5002"
    OLDER_VERSION = "TG5003"
    BAD_OVERRIDE = "TG5004"
    DELTA_BASE = "TG5005"
    DELTA_INCOMPLETE = "TG5006"
    BAD_ARGUMENT = "TG5010"
    CLOSED = "TG5011"
    OTHER_ENGINE = "TG5012"
    RULE_NEVER_REACHED = "TG6001"
    CONSTANT_CONDITION = "TG6002"
    UNKNOWN_TESTED_VARIANT = "TG6003"
    BAD_TOKEN = "TG6010"
    OTHER_TOKEN = "TG6011"
    UNSIGNED_TOKEN = "TG6012"
    UNTRUSTED_KEY = "TG6013"
    BAD_SIGNATURE = "TG6014"
    OTHER_HEAD = "TG6015"
    OTHER_HASH = "TG6016"
    BAD_PUBLIC_KEY = "TG6017"
    BAD_SDK_KEY = "TG6018"
    BAD_CONNECTION = "TG6019"
    BAD_HASH = "TG6020"
    NO_RANDOMNESS = "TG6021"
    BAD_ROWS = "TG6022"
    TOO_MANY_KEYS = "TG6023"
    UNREACHABLE = "TG6101"
    BAD_STATUS = "TG6102"
    BAD_ANSWER = "TG6103"
    STALLED = "TG6104"
    BELOW_FLOOR = "TG6105"
    OTHER_VERSION = "TG6106"
    CACHE_DAMAGED = "TG6107"
    CACHE_UNWRITABLE = "TG6108"
    BAD_CONNECT_OPTION = "TG6109"
    FORKED = "TG6110"
    FILE_UNREADABLE = "TG6111"
    NOT_READY = "TG6112"
    CALLBACK_PANICKED = "TG6113"
    CLIENT_STOPPED = "TG6114"
    NO_THREAD = "TG6115"
    SAME_VERSION = "TG6116"
    PHASE_COUNT = "TG7001"
    BAD_RAMP = "TG7002"
    BAD_APPROVALS = "TG7003"
    BAD_THRESHOLD = "TG7004"
    BAD_PATCH = "TG7005"
    BAD_DURATION = "TG7006"
    BAD_WINDOW = "TG7007"
    BAD_GUARD = "TG7008"
    RESERVED_ID = "TG7009"
    EMPTY_TARGET = "TG7010"
    BAD_PROPAGATION = "TG7011"


_MEANINGS = {
    "TG1000": "the document is refused",
    "TG1001": "the document is not JSON",
    "TG1002": "a number is too large for a double",
    "TG1003": "a string has a lone surrogate, or bytes that are not UTF-8",
    "TG1004": "the document is nested too deep",
    "TG1005": "the document is larger than 256 MiB",
    "TG1006": "the document is not an object",
    "TG1007": "the document has another `schema_version` than this engine reads",
    "TG1008": "the document is of another environment than the engine",
    "TG1009": "the document's `version` is not an integer of at least 0",
    "TG1010": "there are more problems than are listed",
    "TG2001": "a field is not known here",
    "TG2002": "a field is missing",
    "TG2003": "a variant is not one of the feature's",
    "TG2004": "a value has the wrong JSON type",
    "TG2005": "a text is not one of the words that are known here",
    "TG2006": "an object has a key twice; the last counts",
    "TG2007": "an object has not exactly one of the forms that it may have",
    "TG2008": "an id is used twice in a list",
    "TG2009": "a number is not an integer, or outside its range",
    "TG2010": "a percent is outside 0 to 100 or has more than four decimals",
    "TG2011": "the weights of a split do not sum to 100",
    "TG2012": "a feature has no variants",
    "TG2013": "a field is not for features of this kind",
    "TG2014": "ranges of an exclusion group overlap",
    "TG2015": "something is larger than the limits allow",
    "TG2020": "an operator is not known",
    "TG2021": "an operator's value is not of its form",
    "TG2022": "an operator does not offer `ignore_case`",
    "TG2023": "a declared attribute is used against its type",
    "TG2080": "a text is not a semantic version",
    "TG2081": "a text is not a dotted version",
    "TG2082": "a value is not an instant",
    "TG2083": "a text is not an IP address or network",
    "TG2090": "this build has no regular expressions",
    "TG2091": "a text is not a regular expression",
    "TG2092": "a regular expression is too large",
    "TG3001": "a segment does not exist",
    "TG3002": "a feature does not exist",
    "TG3003": "references form a cycle",
    "TG3004": "a reference leads to an invalid definition",
    "TG3005": "an exclusion group does not exist",
    "TG3006": "an experiment has no range in its exclusion group",
    "TG3007": "an environment is not one of the document's",
    "TG3008": "a chain of references is too long",
    "TG4001": "a feature or segment is in two releases",
    "TG4002": "a ramp below 100 % has no unit",
    "TG4003": "a patch applies a candidate that does not exist",
    "TG4004": "a patch is on a feature or segment that is not in its release",
    "TG4005": "a patch on a segment is not `apply`",
    "TG4006": "a release has a feature or segment that neither exists nor has a candidate",
    "TG5001": "a declared process attribute is not given",
    "TG5002": "a context is not as contexts are",
    "TG5003": "the document is older than the one that is served",
    "TG5004": "an override names a feature or variant that does not exist",
    "TG5005": "a delta is for another base version than the one that is served",
    "TG5006": "a delta does not carry a definition that it concerns",
    "TG5010": "an argument of a call has another type or form than is expected",
    "TG5011": "an engine, client, context or view was closed",
    "TG5012": "a context or handle is of another engine",
    "TG6001": "a rule is never reached",
    "TG6002": "a condition always or never holds",
    "TG6003": "a condition asks for a variant that the feature does not have",
    "TG6010": "a token is not a compact JWS as the server makes them",
    "TG6011": "a token is of another type than is expected here",
    "TG6012": "a token is not signed",
    "TG6013": "a token is signed by a key that is not trusted",
    "TG6014": "a signature is not that of its key",
    "TG6015": "a head is of another environment than is expected",
    "TG6016": "bytes are not those that their head stands for",
    "TG6017": "a text is not a public key",
    "TG6018": "a text is not an SDK key",
    "TG6019": "a text is not a connection string",
    "TG6020": "a text is not a SHA-256 in hexadecimal",
    "TG6021": "the system gives no random numbers",
    "TG6022": "a document or delta cannot be taken apart into rows",
    "TG6023": "there are more trusted keys than are kept",
    "TG6101": "the server cannot be reached",
    "TG6102": "the server answers with a status other than success",
    "TG6103": "the server's answer is not as it must be, or broke off",
    "TG6104": "the server fell silent",
    "TG6105": "a version is below one that was applied already",
    "TG6106": "a document or delta has another version than its head",
    "TG6107": "what was stored cannot be read, or does not verify",
    "TG6108": "what is served cannot be stored",
    "TG6109": "an option of a connection cannot be used",
    "TG6110": "this process was forked off the one that connected",
    "TG6111": "a document in a file cannot be read",
    "TG6112": "no document came in time",
    "TG6113": "a callback of the client panicked",
    "TG6114": "the client's thread ended",
    "TG6115": "the client's thread cannot be started",
    "TG6116": "two documents have the same version",
    "TG7001": "a pipeline has no phase, or too many",
    "TG7002": "the steps of a ramp do not ascend, or there is none, or there are too many",
    "TG7003": "a number of approvals is outside its range",
    "TG7004": "a guard has not exactly one threshold",
    "TG7005": "a patch of a phase lacks its variant, or has one and is not `set`",
    "TG7006": "a duration is too short, or longer than a year",
    "TG7007": "a window cannot be read, or ends before it starts",
    "TG7008": "a guard cannot be asked as it is written",
    "TG7009": "a phase has an id that stands for something else",
    "TG7010": "the target of a phase matches nothing",
    "TG7011": "the propagation of a phase asks for a share outside 1 to 100 %, or says what then but not when",
}
