/*
 * Tidegate: which version of a feature a request sees, decided in process.
 *
 * This file is generated from bindings/c/src. SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * What holds for all functions:
 *
 *  - A call that can fail returns a tg_status. Out-parameters come last and are written only if it is
 *    TG_STATUS_OK, so a default may stand there before the call. No parameter is both in and out.
 *  - A text is passed as pointer and length, in UTF-8, without a terminating zero; NULL and 0 is an empty
 *    one. It is read during the call alone, unless the function's name says that it borrows.
 *  - A text or value that is given back (tg_str, tg_value) is borrowed; the function says from what, and for
 *    how long.
 *  - Handles are opaque. What `_new` gave is freed by `_free`, once, when no call on it is under way;
 *    `_free(NULL)` does nothing. They may be freed in any order. A handle that is freed, or of another kind,
 *    is refused where that can be told; do not rely on it.
 *  - `const` handles may be used by several threads at once. Others are changed by the call: one thread at a
 *    time. A tg_reader or tg_view is the thread's that uses it first.
 *  - Callbacks get their userdata first. They run on the thread that made the call, before it returns, unless
 *    it is said otherwise. They must not throw nor longjmp.
 *  - Structs of options begin with struct_size, and must be zeroed first.
 *  - A defect of the library does not unwind into its caller: the status is TG_STATUS_PANIC, and that handle
 *    refuses what follows with TG_STATUS_POISONED; the others work on.
 *  - Handles of features and attributes (tg_feature, tg_attribute) are values: look them up once, keep them.
 *  - Deciding neither waits for a lock nor allocates; the first check of a reader, of a view, or of a thread without either may do both.
 */

#ifndef TIDEGATE_H
#define TIDEGATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The version of this header; of the library that is linked, `tg_version()`. */
#define TG_VERSION_MAJOR 0
#define TG_VERSION_MINOR 1
#define TG_VERSION_PATCH 0
/** major * 1000000 + minor * 1000 + patch */
#define TG_VERSION 1000
#define TG_VERSION_TEXT "0.1.0"

/**
 * Refuse documents with any error; else what is wrong is isolated.
 */
#define TG_ENGINE_STRICT 1

/**
 * Count what is served (`tg_engine_drain_exposures`).
 */
#define TG_ENGINE_COUNTERS 2

/**
 * Keep the document in memory, for `tg_engine_trace`.
 */
#define TG_ENGINE_KEEP_SOURCE 4

/**
 * Only polls; else it streams, and polls while streams fail.
 */
#define TG_CONNECT_POLL 1

/**
 * Goes through no proxy, whatever the environment says.
 */
#define TG_CONNECT_DIRECT 2

/**
 * What came of a call. Numbers are never used for anything else again.
 *
 * From 1000 on they are the codes of documents and uses: `TG_STATUS_UNKNOWN_VARIANT` is `TG2003`. A newer library may
 * give statuses that this header does not name.
 */
enum tg_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * All went well; out-parameters are written.
     */
    TG_STATUS_OK = 0,
    /**
     * A pointer is NULL that must not be.
     */
    TG_STATUS_NULL_POINTER = 1,
    /**
     * A text is not UTF-8.
     */
    TG_STATUS_INVALID_UTF8 = 2,
    /**
     * A text or document is longer than 256 MiB; it was not read.
     */
    TG_STATUS_TOO_LONG = 3,
    /**
     * An option, flag or `struct_size` is not known to this version.
     */
    TG_STATUS_INVALID_ARGUMENT = 4,
    /**
     * A handle was freed, or is one of another kind.
     */
    TG_STATUS_INVALID_HANDLE = 5,
    /**
     * A handle, feature or attribute is of another engine.
     */
    TG_STATUS_WRONG_ENGINE = 6,
    /**
     * A reader or view is another thread's.
     */
    TG_STATUS_WRONG_THREAD = 7,
    /**
     * A reader or view was used from within its own callback.
     */
    TG_STATUS_BUSY = 8,
    /**
     * The library has a defect: the call was given up, and its handle is poisoned.
     */
    TG_STATUS_PANIC = 9,
    /**
     * An earlier call on this handle panicked; it can only be freed.
     */
    TG_STATUS_POISONED = 10,
    /**
     * There is no such value: the caller's default is to be served.
     */
    TG_STATUS_NO_VALUE = 11,
    /**
     * The value is there and has another type than is asked for.
     */
    TG_STATUS_OTHER_TYPE = 12,
    /**
     * An index is not below the number of elements.
     */
    TG_STATUS_NO_SUCH_INDEX = 13,
    /**
     * This build of the library does not have that (see `tg_has`).
     */
    TG_STATUS_NOT_AVAILABLE = 14,
    /**
     * A file cannot be read.
     */
    TG_STATUS_UNREADABLE = 15,
    /**
     * `TG1000`: the document is refused.
     */
    TG_STATUS_REFUSED = 1000,
    /**
     * `TG1001`: the document is not JSON.
     */
    TG_STATUS_NOT_JSON = 1001,
    /**
     * `TG1002`: a number is too large for a double.
     */
    TG_STATUS_NUMBER_OUT_OF_RANGE = 1002,
    /**
     * `TG1003`: a string has a lone surrogate, or bytes that are not UTF-8.
     */
    TG_STATUS_BAD_UNICODE = 1003,
    /**
     * `TG1004`: the document is nested too deep.
     */
    TG_STATUS_TOO_DEEP = 1004,
    /**
     * `TG1005`: the document is larger than 256 MiB.
     */
    TG_STATUS_TOO_LARGE = 1005,
    /**
     * `TG1006`: the document is not an object.
     */
    TG_STATUS_NOT_AN_OBJECT = 1006,
    /**
     * `TG1007`: the document has another `schema_version` than this engine reads.
     */
    TG_STATUS_SCHEMA_VERSION = 1007,
    /**
     * `TG1008`: the document is of another environment than the engine.
     */
    TG_STATUS_OTHER_ENVIRONMENT = 1008,
    /**
     * `TG1009`: the document's `version` is not an integer of at least 0.
     */
    TG_STATUS_BAD_VERSION = 1009,
    /**
     * `TG1010`: there are more problems than are listed.
     */
    TG_STATUS_MORE_PROBLEMS = 1010,
    /**
     * `TG2001`: a field is not known here.
     */
    TG_STATUS_UNKNOWN_FIELD = 2001,
    /**
     * `TG2002`: a field is missing.
     */
    TG_STATUS_MISSING_FIELD = 2002,
    /**
     * `TG2003`: a variant is not one of the feature's.
     */
    TG_STATUS_UNKNOWN_VARIANT = 2003,
    /**
     * `TG2004`: a value has the wrong JSON type.
     */
    TG_STATUS_WRONG_TYPE = 2004,
    /**
     * `TG2005`: a text is not one of the words that are known here.
     */
    TG_STATUS_UNKNOWN_CHOICE = 2005,
    /**
     * `TG2006`: an object has a key twice; the last counts.
     */
    TG_STATUS_DUPLICATE_KEY = 2006,
    /**
     * `TG2007`: an object has not exactly one of the forms that it may have.
     */
    TG_STATUS_BAD_FORM = 2007,
    /**
     * `TG2008`: an id is used twice in a list.
     */
    TG_STATUS_DUPLICATE_ID = 2008,
    /**
     * `TG2009`: a number is not an integer, or outside its range.
     */
    TG_STATUS_OUT_OF_RANGE = 2009,
    /**
     * `TG2010`: a percent is outside 0 to 100 or has more than four decimals.
     */
    TG_STATUS_BAD_PERCENT = 2010,
    /**
     * `TG2011`: the weights of a split do not sum to 100.
     */
    TG_STATUS_BAD_WEIGHTS = 2011,
    /**
     * `TG2012`: a feature has no variants.
     */
    TG_STATUS_NO_VARIANTS = 2012,
    /**
     * `TG2013`: a field is not for features of this kind.
     */
    TG_STATUS_NOT_OF_THIS_KIND = 2013,
    /**
     * `TG2014`: ranges of an exclusion group overlap.
     */
    TG_STATUS_OVERLAP = 2014,
    /**
     * `TG2015`: something is larger than the limits allow.
     */
    TG_STATUS_LIMIT = 2015,
    /**
     * `TG2020`: an operator is not known.
     */
    TG_STATUS_UNKNOWN_OPERATOR = 2020,
    /**
     * `TG2021`: an operator's value is not of its form.
     */
    TG_STATUS_BAD_OPERAND = 2021,
    /**
     * `TG2022`: an operator does not offer `ignore_case`.
     */
    TG_STATUS_NO_IGNORE_CASE = 2022,
    /**
     * `TG2023`: a declared attribute is used against its type.
     */
    TG_STATUS_ATTRIBUTE_TYPE = 2023,
    /**
     * `TG2080`: a text is not a semantic version.
     */
    TG_STATUS_BAD_SEMVER = 2080,
    /**
     * `TG2081`: a text is not a dotted version.
     */
    TG_STATUS_BAD_DOTTED_VERSION = 2081,
    /**
     * `TG2082`: a value is not an instant.
     */
    TG_STATUS_BAD_INSTANT = 2082,
    /**
     * `TG2083`: a text is not an IP address or network.
     */
    TG_STATUS_BAD_NETWORK = 2083,
    /**
     * `TG2090`: this build has no regular expressions.
     */
    TG_STATUS_REGEX_UNAVAILABLE = 2090,
    /**
     * `TG2091`: a text is not a regular expression.
     */
    TG_STATUS_BAD_REGEX = 2091,
    /**
     * `TG2092`: a regular expression is too large.
     */
    TG_STATUS_REGEX_TOO_LARGE = 2092,
    /**
     * `TG3001`: a segment does not exist.
     */
    TG_STATUS_UNKNOWN_SEGMENT = 3001,
    /**
     * `TG3002`: a feature does not exist.
     */
    TG_STATUS_UNKNOWN_FEATURE = 3002,
    /**
     * `TG3003`: references form a cycle.
     */
    TG_STATUS_CYCLE = 3003,
    /**
     * `TG3004`: a reference leads to an invalid definition.
     */
    TG_STATUS_INVALID_REFERENCE = 3004,
    /**
     * `TG3005`: an exclusion group does not exist.
     */
    TG_STATUS_UNKNOWN_EXCLUSION_GROUP = 3005,
    /**
     * `TG3006`: an experiment has no range in its exclusion group.
     */
    TG_STATUS_NO_EXCLUSION_RANGE = 3006,
    /**
     * `TG3007`: an environment is not one of the document's.
     */
    TG_STATUS_UNKNOWN_ENVIRONMENT = 3007,
    /**
     * `TG3008`: a chain of references is too long.
     */
    TG_STATUS_CHAIN_TOO_LONG = 3008,
    /**
     * `TG4001`: a feature or segment is in two releases.
     */
    TG_STATUS_IN_TWO_RELEASES = 4001,
    /**
     * `TG4002`: a ramp below 100 % has no unit.
     */
    TG_STATUS_RAMP_WITHOUT_UNIT = 4002,
    /**
     * `TG4003`: a patch applies a candidate that does not exist.
     */
    TG_STATUS_APPLY_WITHOUT_CANDIDATE = 4003,
    /**
     * `TG4004`: a patch is on a feature or segment that is not in its release.
     */
    TG_STATUS_NOT_IN_RELEASE = 4004,
    /**
     * `TG4005`: a patch on a segment is not `apply`.
     */
    TG_STATUS_SEGMENT_PATCH = 4005,
    /**
     * `TG4006`: a release has a feature or segment that neither exists nor has a candidate.
     */
    TG_STATUS_NOTHING_TO_RELEASE = 4006,
    /**
     * `TG5001`: a declared process attribute is not given.
     */
    TG_STATUS_MISSING_PROCESS_ATTRIBUTE = 5001,
    /**
     * `TG5002`: a context is not as contexts are.
     */
    TG_STATUS_BAD_CONTEXT = 5002,
    /**
     * `TG5003`: the document is older than the one that is served.
     */
    TG_STATUS_OLDER_VERSION = 5003,
    /**
     * `TG5004`: an override names a feature or variant that does not exist.
     */
    TG_STATUS_BAD_OVERRIDE = 5004,
    /**
     * `TG5005`: a delta is for another base version than the one that is served.
     */
    TG_STATUS_DELTA_BASE = 5005,
    /**
     * `TG5006`: a delta does not carry a definition that it concerns.
     */
    TG_STATUS_DELTA_INCOMPLETE = 5006,
    /**
     * `TG5010`: an argument of a call has another type or form than is expected.
     */
    TG_STATUS_BAD_ARGUMENT = 5010,
    /**
     * `TG5011`: an engine, client, context or view was closed.
     */
    TG_STATUS_CLOSED = 5011,
    /**
     * `TG5012`: a context or handle is of another engine.
     */
    TG_STATUS_OTHER_ENGINE = 5012,
    /**
     * `TG6001`: a rule is never reached.
     */
    TG_STATUS_RULE_NEVER_REACHED = 6001,
    /**
     * `TG6002`: a condition always or never holds.
     */
    TG_STATUS_CONSTANT_CONDITION = 6002,
    /**
     * `TG6003`: a condition asks for a variant that the feature does not have.
     */
    TG_STATUS_UNKNOWN_TESTED_VARIANT = 6003,
    /**
     * `TG6010`: a token is not a compact JWS as the server makes them.
     */
    TG_STATUS_BAD_TOKEN = 6010,
    /**
     * `TG6011`: a token is of another type than is expected here.
     */
    TG_STATUS_OTHER_TOKEN = 6011,
    /**
     * `TG6012`: a token is not signed.
     */
    TG_STATUS_UNSIGNED_TOKEN = 6012,
    /**
     * `TG6013`: a token is signed by a key that is not trusted.
     */
    TG_STATUS_UNTRUSTED_KEY = 6013,
    /**
     * `TG6014`: a signature is not that of its key.
     */
    TG_STATUS_BAD_SIGNATURE = 6014,
    /**
     * `TG6015`: a head is of another environment than is expected.
     */
    TG_STATUS_OTHER_HEAD = 6015,
    /**
     * `TG6016`: bytes are not those that their head stands for.
     */
    TG_STATUS_OTHER_HASH = 6016,
    /**
     * `TG6017`: a text is not a public key.
     */
    TG_STATUS_BAD_PUBLIC_KEY = 6017,
    /**
     * `TG6018`: a text is not an SDK key.
     */
    TG_STATUS_BAD_SDK_KEY = 6018,
    /**
     * `TG6019`: a text is not a connection string.
     */
    TG_STATUS_BAD_CONNECTION = 6019,
    /**
     * `TG6020`: a text is not a SHA-256 in hexadecimal.
     */
    TG_STATUS_BAD_HASH = 6020,
    /**
     * `TG6021`: the system gives no random numbers.
     */
    TG_STATUS_NO_RANDOMNESS = 6021,
    /**
     * `TG6022`: a document or delta cannot be taken apart into rows.
     */
    TG_STATUS_BAD_ROWS = 6022,
    /**
     * `TG6023`: there are more trusted keys than are kept.
     */
    TG_STATUS_TOO_MANY_KEYS = 6023,
    /**
     * `TG6101`: the server cannot be reached.
     */
    TG_STATUS_UNREACHABLE = 6101,
    /**
     * `TG6102`: the server answers with a status other than success.
     */
    TG_STATUS_BAD_STATUS = 6102,
    /**
     * `TG6103`: the server's answer is not as it must be, or broke off.
     */
    TG_STATUS_BAD_ANSWER = 6103,
    /**
     * `TG6104`: the server fell silent.
     */
    TG_STATUS_STALLED = 6104,
    /**
     * `TG6105`: a version is below one that was applied already.
     */
    TG_STATUS_BELOW_FLOOR = 6105,
    /**
     * `TG6106`: a document or delta has another version than its head.
     */
    TG_STATUS_OTHER_VERSION = 6106,
    /**
     * `TG6107`: what was stored cannot be read, or does not verify.
     */
    TG_STATUS_CACHE_DAMAGED = 6107,
    /**
     * `TG6108`: what is served cannot be stored.
     */
    TG_STATUS_CACHE_UNWRITABLE = 6108,
    /**
     * `TG6109`: an option of a connection cannot be used.
     */
    TG_STATUS_BAD_CONNECT_OPTION = 6109,
    /**
     * `TG6110`: this process was forked off the one that connected.
     */
    TG_STATUS_FORKED = 6110,
    /**
     * `TG6111`: a document in a file cannot be read.
     */
    TG_STATUS_FILE_UNREADABLE = 6111,
    /**
     * `TG6112`: no document came in time.
     */
    TG_STATUS_NOT_READY = 6112,
    /**
     * `TG6113`: a callback of the client panicked.
     */
    TG_STATUS_CALLBACK_PANICKED = 6113,
    /**
     * `TG6114`: the client's thread ended.
     */
    TG_STATUS_CLIENT_STOPPED = 6114,
    /**
     * `TG6115`: the client's thread cannot be started.
     */
    TG_STATUS_NO_THREAD = 6115,
    /**
     * `TG6116`: two documents have the same version.
     */
    TG_STATUS_SAME_VERSION = 6116,
    /**
     * `TG7001`: a pipeline has no phase, or too many.
     */
    TG_STATUS_PHASE_COUNT = 7001,
    /**
     * `TG7002`: the steps of a ramp do not ascend, or there is none, or there are too many.
     */
    TG_STATUS_BAD_RAMP = 7002,
    /**
     * `TG7003`: a number of approvals is outside its range.
     */
    TG_STATUS_BAD_APPROVALS = 7003,
    /**
     * `TG7004`: a guard has not exactly one threshold.
     */
    TG_STATUS_BAD_THRESHOLD = 7004,
    /**
     * `TG7005`: a patch of a phase lacks its variant, or has one and is not `set`.
     */
    TG_STATUS_BAD_PATCH = 7005,
    /**
     * `TG7006`: a duration is too short, or longer than a year.
     */
    TG_STATUS_BAD_DURATION = 7006,
    /**
     * `TG7007`: a window cannot be read, or ends before it starts.
     */
    TG_STATUS_BAD_WINDOW = 7007,
    /**
     * `TG7008`: a guard cannot be asked as it is written.
     */
    TG_STATUS_BAD_GUARD = 7008,
    /**
     * `TG7009`: a phase has an id that stands for something else.
     */
    TG_STATUS_RESERVED_ID = 7009,
    /**
     * `TG7010`: the target of a phase matches nothing.
     */
    TG_STATUS_EMPTY_TARGET = 7010,
    /**
     * `TG7011`: the propagation of a phase asks for a share outside 1 to 100 %, or says what then but not when.
     */
    TG_STATUS_BAD_PROPAGATION = 7011,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tg_status tg_status;
#else
typedef int32_t tg_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What a value is.
 */
enum tg_type
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * There is no value.
     */
    TG_TYPE_NONE = 0,
    /**
     * `null`
     */
    TG_TYPE_NULL = 1,
    /**
     * `true` or `false`
     */
    TG_TYPE_BOOL = 2,
    /**
     * A number that is an integer of 64 bits.
     */
    TG_TYPE_INT = 3,
    /**
     * Any other number.
     */
    TG_TYPE_FLOAT = 4,
    /**
     * A string.
     */
    TG_TYPE_STRING = 5,
    /**
     * A list.
     */
    TG_TYPE_LIST = 6,
    /**
     * An object.
     */
    TG_TYPE_OBJECT = 7,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tg_type tg_type;
#else
typedef int32_t tg_type;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Why a decision is as it is.
 */
enum tg_reason
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * A local override.
     */
    TG_REASON_OVERRIDE = 0,
    /**
     * There is no such feature: the caller's default is to be served.
     */
    TG_REASON_UNKNOWN_FEATURE = 1,
    /**
     * The emergency switch.
     */
    TG_REASON_KILLED = 2,
    /**
     * The definition is archived.
     */
    TG_REASON_ARCHIVED = 3,
    /**
     * The definition is not enabled.
     */
    TG_REASON_DISABLED = 4,
    /**
     * A rule matched.
     */
    TG_REASON_RULE = 5,
    /**
     * A rule matched, and the unit's bucket decided.
     */
    TG_REASON_SPLIT = 6,
    /**
     * No rule served.
     */
    TG_REASON_DEFAULT = 7,
    /**
     * This library can't evaluate the definition: the caller's default is to be served.
     */
    TG_REASON_INVALID_DEFINITION = 8,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tg_reason tg_reason;
#else
typedef int32_t tg_reason;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How bad a problem is.
 */
enum tg_severity
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Refused by a strict engine, isolated by another.
     */
    TG_SEVERITY_ERROR = 0,
    /**
     * Only told.
     */
    TG_SEVERITY_WARNING = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tg_severity tg_severity;
#else
typedef int32_t tg_severity;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How much a line matters.
 */
enum tg_level
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Something does not work.
     */
    TG_LEVEL_ERROR = 1,
    /**
     * Something is not as it should be, and is worked around.
     */
    TG_LEVEL_WARNING = 2,
    /**
     * Something happened.
     */
    TG_LEVEL_INFO = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tg_level tg_level;
#else
typedef int32_t tg_level;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Where what is served came from.
 */
enum tg_source
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Nothing came yet: callers get their defaults.
     */
    TG_SOURCE_DEFAULTS = 0,
    /**
     * A stream.
     */
    TG_SOURCE_STREAM = 1,
    /**
     * A poll.
     */
    TG_SOURCE_POLL = 2,
    /**
     * A watched file.
     */
    TG_SOURCE_FILE = 3,
    /**
     * The cache of an earlier run.
     */
    TG_SOURCE_CACHE = 4,
    /**
     * What was shipped with the program.
     */
    TG_SOURCE_BUNDLED = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tg_source tg_source;
#else
typedef int32_t tg_source;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Whether a client has a connection.
 */
enum tg_connected
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * None: it could not be made, was not made yet, or is not needed (a file).
     */
    TG_CONNECTED_NO = 0,
    /**
     * The last poll succeeded.
     */
    TG_CONNECTED_POLL = 1,
    /**
     * A stream is open.
     */
    TG_CONNECTED_STREAM = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tg_connected tg_connected;
#else
typedef int32_t tg_connected;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Whether the thread of a client runs.
 */
enum tg_life
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * It runs.
     */
    TG_LIFE_RUNNING = 0,
    /**
     * It was closed; what it served is served on.
     */
    TG_LIFE_CLOSED = 1,
    /**
     * This process was forked off the one that connected: see `tg_client_resume`.
     */
    TG_LIFE_FORKED = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tg_life tg_life;
#else
typedef int32_t tg_life;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What happened to a client.
 */
enum tg_event_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Something is served for the first time; `TG_EVENT_KIND_CHANGED` follows.
     */
    TG_EVENT_KIND_READY = 0,
    /**
     * Another version is served from now on.
     */
    TG_EVENT_KIND_CHANGED = 1,
    /**
     * There was no proof of freshness for too long; serving goes on.
     */
    TG_EVENT_KIND_STALE = 2,
    /**
     * There is proof again.
     */
    TG_EVENT_KIND_FRESH = 3,
    /**
     * Something went wrong.
     */
    TG_EVENT_KIND_ERROR = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tg_event_kind tg_event_kind;
#else
typedef int32_t tg_event_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What keeps an engine current.
 */
typedef struct tg_client tg_client;

/**
 * The attributes of one evaluation. Several threads may check it at once while nobody changes it.
 */
typedef struct tg_context tg_context;

/**
 * An engine: holds the program that is served, and swaps it under running readers. Any thread may use it at any time.
 */
typedef struct tg_engine tg_engine;

/**
 * Holds the thread of a client while it lives.
 */
typedef struct tg_quiet tg_quiet;

/**
 * A thread's own access to an engine: it is the thread's that uses it first, and no other's (`TG_STATUS_WRONG_THREAD`). Make
 * one per thread. Each call sees the newest snapshot; for one snapshot over several calls there are views.
 */
typedef struct tg_reader tg_reader;

/**
 * A report. What is borrowed from it is valid until it is freed, or until the callback that was given it returns.
 */
typedef struct tg_report tg_report;

/**
 * A callback that is called until this is freed.
 */
typedef struct tg_subscription tg_subscription;

/**
 * A text that the caller owns.
 */
typedef struct tg_text tg_text;

/**
 * A borrowed JSON value: of a decision, or in another value. It is valid as long as the decision that it is of.
 */
typedef struct tg_value tg_value;

/**
 * One snapshot at one instant: for a request that decides several features. It is the thread's that uses it first.
 */
typedef struct tg_view tg_view;

/**
 * A borrowed text in UTF-8, without a terminating zero. `data` is NULL where there is none, as for a rule that did not take
 * part; an empty text has a pointer. Who gives it says how long it is valid.
 */
typedef struct tg_str {
    /**
     * The first byte.
     */
    const char *data;
    /**
     * How many bytes.
     */
    size_t len;
} tg_str;

/**
 * A process attribute that is a string, such as `environment`.
 */
typedef struct tg_process {
    /**
     * The attribute's name.
     */
    struct tg_str name;
    /**
     * Its value.
     */
    struct tg_str value;
} tg_process;

/**
 * How an engine is to be. Zero it all, set `struct_size` to `sizeof(tg_engine_options)`, then what you need.
 */
typedef struct tg_engine_options {
    /**
     * The size of the struct that the caller was compiled with.
     */
    size_t struct_size;
    /**
     * `TG_ENGINE_STRICT` and so on, or-ed.
     */
    uint32_t flags;
    /**
     * Process attributes that are strings.
     */
    const struct tg_process *process;
    /**
     * How many.
     */
    size_t process_count;
    /**
     * Process attributes of any type, a JSON object; or no text.
     */
    struct tg_str process_json;
} tg_engine_options;

/**
 * A feature of one engine, its name looked up once (`tg_engine_feature`); valid over swaps, and also for a feature that
 * appears later. A gate is a feature. A value to copy, not to free.
 */
typedef struct tg_feature {
    /**
     * The engine's number.
     */
    uint32_t engine;
    /**
     * The feature's.
     */
    uint32_t number;
} tg_feature;

/**
 * An attribute of one engine, its name looked up once (`tg_engine_attribute`). A value to copy, not to free.
 */
typedef struct tg_attribute {
    /**
     * The engine's number.
     */
    uint32_t engine;
    /**
     * The attribute's.
     */
    uint32_t index;
} tg_attribute;

/**
 * What an engine serves.
 */
typedef struct tg_snapshot {
    /**
     * The version; 0 if there is none.
     */
    uint64_t version;
    /**
     * How many features it has.
     */
    size_t features;
    /**
     * Bytes on the heap, roughly.
     */
    size_t memory;
} tg_snapshot;

/**
 * What was decided. All of it is borrowed from the reader or view that decided: valid until that is used again or freed.
 */
typedef struct tg_decision {
    /**
     * The feature's key.
     */
    struct tg_str feature;
    /**
     * The value; NULL where the caller's default is to be served.
     */
    const struct tg_value *value;
    /**
     * What the value is.
     */
    tg_type type;
    /**
     * Why.
     */
    tg_reason reason;
    /**
     * The variant that is served.
     */
    struct tg_str variant;
    /**
     * The rule that decided.
     */
    struct tg_str rule;
    /**
     * The release that took part.
     */
    struct tg_str release;
    /**
     * Its phase.
     */
    struct tg_str phase;
    /**
     * The version of the snapshot; 0 if there is none.
     */
    uint64_t version;
    /**
     * Whether the value is `true`.
     */
    bool on;
    /**
     * Whether the release took part only in what the feature refers to.
     */
    bool indirect;
} tg_decision;

/**
 * Is given each decision of `tg_reader_each` and `tg_view_each`; the decision is valid during the call. It must not use the
 * reader or view that calls it (`TG_STATUS_BUSY`), and must not throw.
 */
typedef void (*tg_decision_fn)(void *userdata, const struct tg_decision *decision);

/**
 * What a load did.
 */
typedef struct tg_update {
    /**
     * `TG_STATUS_OK`, or why it was refused.
     */
    tg_status status;
    /**
     * The version before; 0 if there was none.
     */
    uint64_t from;
    /**
     * The version that is served now.
     */
    uint64_t version;
    /**
     * How many definitions were compiled.
     */
    size_t recompiled;
    /**
     * How many features may decide otherwise than before (`tg_report_changed`).
     */
    size_t changed;
    /**
     * How many features are isolated (`tg_report_isolated`).
     */
    size_t isolated;
    /**
     * How many problems there are (`tg_report_diagnostic`).
     */
    size_t diagnostics;
} tg_update;

/**
 * A problem of a document; its texts are borrowed from the report.
 */
typedef struct tg_diagnostic {
    /**
     * The code as a status.
     */
    tg_status status;
    /**
     * How bad it is.
     */
    tg_severity severity;
    /**
     * The code as a text, such as `TG2003`.
     */
    struct tg_str code;
    /**
     * The place in the document, a JSON pointer.
     */
    struct tg_str pointer;
    /**
     * What was expected, and what was found.
     */
    struct tg_str message;
    /**
     * What may have been meant; or no text.
     */
    struct tg_str hint;
} tg_diagnostic;

/**
 * Is given the report of each update, on the thread that made it; the report is valid during the call, and not to be freed. It must
 * not throw.
 */
typedef void (*tg_update_fn)(void *userdata, const struct tg_report *report);

/**
 * Frees what a callback was given, when it is called no more. May be NULL.
 */
typedef void (*tg_free_fn)(void *userdata);

/**
 * An override. Zero it all, set `struct_size` to `sizeof(tg_override)`, then the feature and either a variant or a value.
 */
typedef struct tg_override {
    /**
     * The size of the struct that the caller was compiled with.
     */
    size_t struct_size;
    /**
     * The feature.
     */
    struct tg_str feature;
    /**
     * Serves this variant of the feature; or no text.
     */
    struct tg_str variant;
    /**
     * Serves this JSON value, as variant `override`; or no text.
     */
    struct tg_str value_json;
    /**
     * Only where this attribute is `unit_id`; or no text, for everyone.
     */
    struct tg_str unit;
    /**
     * See `unit`.
     */
    struct tg_str unit_id;
} tg_override;

/**
 * Is given names, each valid during the call. It must not throw.
 */
typedef void (*tg_name_fn)(void *userdata, struct tg_str name);

/**
 * How often a variant was served since the last drain. Its texts are valid during the call that gives it.
 */
typedef struct tg_exposure {
    /**
     * The feature.
     */
    struct tg_str feature;
    /**
     * The variant; no text where the caller's default was served.
     */
    struct tg_str variant;
    /**
     * The release that took part; or no text.
     */
    struct tg_str release;
    /**
     * Its phase; or no text.
     */
    struct tg_str phase;
    /**
     * How often.
     */
    uint64_t count;
} tg_exposure;

/**
 * Is given the counts of `tg_engine_drain_exposures`. It must not throw.
 */
typedef void (*tg_exposure_fn)(void *userdata, const struct tg_exposure *exposure);

/**
 * Is given the lines of the log, on the thread that does what they tell. It must not throw, nor set the log.
 */
typedef void (*tg_log_fn)(void *userdata, tg_level level, struct tg_str line);

/**
 * How an engine is connected. Zero it all, set `struct_size` to `sizeof(tg_connect_options)`, then either a connection or a
 * file, and what else you need. A time of 0 is the default.
 */
typedef struct tg_connect_options {
    /**
     * The size of the struct that the caller was compiled with.
     */
    size_t struct_size;
    /**
     * `TG_CONNECT_POLL` and so on, or-ed.
     */
    uint32_t flags;
    /**
     * A connection string, as `tidegate sdk-key new` prints it.
     */
    struct tg_str connection;
    /**
     * A file that is watched instead of a server.
     */
    struct tg_str file;
    /**
     * How the engine is to be; or NULL. Without `TG_ENGINE_COUNTERS` nothing is reported of what is served.
     */
    const struct tg_engine_options *engine;
    /**
     * The directory where the last good document is kept; or no text.
     */
    struct tg_str cache;
    /**
     * A file that was shipped with the program, for a start without server and cache; or no text.
     */
    struct tg_str bundled;
    /**
     * A document that is served from the first moment on; or no text.
     */
    struct tg_str bootstrap;
    /**
     * A certificate authority to trust beside those of the system, in PEM; or no text.
     */
    struct tg_str root_certificate;
    /**
     * The URL of a proxy for all hosts; or no text.
     */
    struct tg_str proxy;
    /**
     * How often it polls where it does not stream; default 10 000.
     */
    uint32_t poll_interval_ms;
    /**
     * How often it reports; default 10 000.
     */
    uint32_t report_interval_ms;
    /**
     * How long making a connection may take; default 5 000.
     */
    uint32_t connect_timeout_ms;
    /**
     * After how long without proof of freshness what is served counts as stale; default 90 000.
     */
    uint32_t stale_after_ms;
    /**
     * How often a watched file is looked at; default 1 000.
     */
    uint32_t watch_interval_ms;
} tg_connect_options;

/**
 * The state of a client at one moment.
 */
typedef struct tg_client_state {
    /**
     * Where what is served came from.
     */
    tg_source source;
    /**
     * Whether there is a connection.
     */
    tg_connected connected;
    /**
     * Whether its thread runs.
     */
    tg_life life;
    /**
     * What went wrong last, whether or not it was overcome; `TG_STATUS_OK` if nothing did.
     */
    tg_status last_error;
    /**
     * The version that is served; 0 if there is none.
     */
    uint64_t version;
    /**
     * How long ago the newest proof of freshness came; -1 if none came yet, or a file is watched.
     */
    int64_t age_ms;
    /**
     * Whether there was no such proof for too long.
     */
    bool stale;
    /**
     * The id of this run of this client, random, with a terminating zero; fleet views name it.
     */
    char instance[37];
} tg_client_state;

/**
 * Something that happened to a client; valid during the call that gives it.
 */
typedef struct tg_event {
    /**
     * What happened.
     */
    tg_event_kind kind;
    /**
     * Ready, changed: where it came from.
     */
    tg_source source;
    /**
     * Ready, changed: the version.
     */
    uint64_t version;
    /**
     * Changed: how many features may decide otherwise than before.
     */
    size_t changed;
    /**
     * Changed: from the arrival of its last byte to its being served.
     */
    uint64_t lag_ms;
    /**
     * Error: the code.
     */
    tg_status status;
    /**
     * Error: the message, on one line; else no text.
     */
    struct tg_str message;
} tg_event;

/**
 * Is given what happens, on the client's own thread: what it takes, updates wait for. It must not throw.
 */
typedef void (*tg_event_fn)(void *userdata, const struct tg_event *event);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * What a status means, in one line; of one that is not known, an empty text. It is valid for ever.
 *
 * `status` is a number, so that one of a newer library can be asked for too.
 */
struct tg_str tg_status_text(int32_t status);

/**
 * What a text says; valid until it is freed.
 */
tg_status tg_text_view(const struct tg_text *text, struct tg_str *view);

/**
 * Frees a text; NULL is fine.
 */
void tg_text_free(struct tg_text *text);

/**
 * The version of the library that is linked, as `TG_VERSION` is that of the header: major * 1000000 + minor * 1000 + patch.
 */
uint32_t tg_version(void);

/**
 * The version of the library as a text; valid for ever.
 */
struct tg_str tg_version_text(void);

/**
 * The version of the semantics that the library implements: the same number decides the same.
 */
uint32_t tg_semantics(void);

/**
 * Whether this build has a feature: `regex` (the operator `matches`), `http` (`tg_client`). False of what is not known.
 */
bool tg_has(const char *feature,
            size_t feature_len);

/**
 * A new engine, which serves nothing yet; `options` may be NULL. Free it with `tg_engine_free`. A process can make 2^32 - 1 of them,
 * one after another too, as a feature or attribute of an old one must not be taken for a new one's; then it is `TG_STATUS_LIMIT`.
 */
tg_status tg_engine_new(const struct tg_engine_options *options,
                        struct tg_engine **engine);

/**
 * Frees an engine; NULL is fine. Its readers, views and contexts stay valid, and are freed by themselves.
 */
void tg_engine_free(struct tg_engine *engine);

/**
 * Serves a document from now on. If it is refused, what is served is served on, and `tg_engine_report` says all that is
 * wrong. The document is not needed after the call.
 */
tg_status tg_engine_load(const struct tg_engine *engine,
                         const char *document,
                         size_t document_len);

/**
 * As `tg_engine_load`, from a file.
 */
tg_status tg_engine_load_file(const struct tg_engine *engine, const char *path, size_t path_len);

/**
 * Serves a document with a change of what is served: `{"from", "version", "features", ...}`. If it is refused, what is served
 * is served on.
 */
tg_status tg_engine_apply_delta(const struct tg_engine *engine,
                                const char *delta,
                                size_t delta_len);

/**
 * The handle of a feature, existing or not.
 */
tg_status tg_engine_feature(const struct tg_engine *engine,
                            const char *name,
                            size_t name_len,
                            struct tg_feature *feature);

/**
 * The key of an attribute; `TG_STATUS_LIMIT` if the engine knows as many as it can.
 */
tg_status tg_engine_attribute(const struct tg_engine *engine,
                              const char *name,
                              size_t name_len,
                              struct tg_attribute *attribute);

/**
 * Whether a gate is on, on any thread; a reader is faster. Of an unknown gate it is false.
 */
tg_status tg_engine_check(const struct tg_engine *engine,
                          struct tg_feature gate,
                          const struct tg_context *context,
                          bool *on);

/**
 * As `tg_engine_check`, by name.
 */
tg_status tg_engine_check_name(const struct tg_engine *engine,
                               const char *gate,
                               size_t gate_len,
                               const struct tg_context *context,
                               bool *on);

/**
 * What is served now.
 */
tg_status tg_engine_snapshot(const struct tg_engine *engine, struct tg_snapshot *snapshot);

/**
 * The listing of what was compiled, of one feature or, without a name, of all; for people.
 */
tg_status tg_engine_listing(const struct tg_engine *engine,
                            const char *feature,
                            size_t feature_len,
                            struct tg_text **listing);

/**
 * Stops the engine's clock at an instant, in milliseconds since 1970: for tests and simulations. Views have the time of when
 * they were made. Not of an engine that is connected (`TG_STATUS_NOT_AVAILABLE`).
 */
tg_status tg_engine_set_time(const struct tg_engine *engine,
                             int64_t now_ms);

/**
 * Goes by the system's clock again.
 */
tg_status tg_engine_use_system_time(const struct tg_engine *engine);

/**
 * A new context of an engine, without attributes. Free it with `tg_context_free`; the engine may be freed before.
 */
tg_status tg_context_new(const struct tg_engine *engine,
                         struct tg_context **context);

/**
 * Frees a context; NULL is fine.
 */
void tg_context_free(struct tg_context *context);

/**
 * Forgets all attributes and keeps the memory, so that the context can be used again.
 */
tg_status tg_context_clear(struct tg_context *context);

/**
 * Sets an attribute to a string, which is copied.
 */
tg_status tg_context_set_str(struct tg_context *context,
                             struct tg_attribute attribute,
                             const char *value,
                             size_t value_len);

/**
 * Sets an attribute to a string that is borrowed: it must stay as it is until the attribute is set again or the context is
 * cleared or freed.
 */
tg_status tg_context_borrow_str(struct tg_context *context,
                                struct tg_attribute attribute,
                                const char *value,
                                size_t value_len);

/**
 * Sets an attribute to a boolean.
 */
tg_status tg_context_set_bool(struct tg_context *context, struct tg_attribute attribute, bool value);

/**
 * Sets an attribute to an integer.
 */
tg_status tg_context_set_int(struct tg_context *context, struct tg_attribute attribute, int64_t value);

/**
 * Sets an attribute to a number; one that is not finite counts as missing.
 */
tg_status tg_context_set_float(struct tg_context *context, struct tg_attribute attribute, double value);

/**
 * Sets an attribute to a list of strings, which are copied.
 */
tg_status tg_context_set_strs(struct tg_context *context,
                              struct tg_attribute attribute,
                              const struct tg_str *values,
                              size_t count);

/**
 * Sets an attribute to a JSON value; `null` counts as missing.
 */
tg_status tg_context_set_json(struct tg_context *context,
                              struct tg_attribute attribute,
                              const char *json,
                              size_t json_len);

/**
 * Makes an attribute missing.
 */
tg_status tg_context_unset(struct tg_context *context, struct tg_attribute attribute);

/**
 * As `tg_context_set_str`, by name. A name that is new when the engine has been given 1 024 unknown ones by contexts is
 * ignored, as no document asks for it.
 */
tg_status tg_context_set_str_named(struct tg_context *context,
                                   const char *name,
                                   size_t name_len,
                                   const char *value,
                                   size_t value_len);

/**
 * As `tg_context_set_bool`, by name.
 */
tg_status tg_context_set_bool_named(struct tg_context *context,
                                    const char *name,
                                    size_t name_len,
                                    bool value);

/**
 * As `tg_context_set_int`, by name.
 */
tg_status tg_context_set_int_named(struct tg_context *context,
                                   const char *name,
                                   size_t name_len,
                                   int64_t value);

/**
 * As `tg_context_set_float`, by name.
 */
tg_status tg_context_set_float_named(struct tg_context *context,
                                     const char *name,
                                     size_t name_len,
                                     double value);

/**
 * As `tg_context_set_strs`, by name.
 */
tg_status tg_context_set_strs_named(struct tg_context *context,
                                    const char *name,
                                    size_t name_len,
                                    const struct tg_str *values,
                                    size_t count);

/**
 * As `tg_context_set_json`, by name.
 */
tg_status tg_context_set_json_named(struct tg_context *context,
                                    const char *name,
                                    size_t name_len,
                                    const char *json,
                                    size_t json_len);

/**
 * As `tg_context_unset`, by name.
 */
tg_status tg_context_unset_named(struct tg_context *context, const char *name, size_t name_len);

/**
 * Sets all members of a JSON object. For convenience: typed setters are faster.
 */
tg_status tg_context_set_object(struct tg_context *context, const char *json, size_t json_len);

/**
 * A new reader. Free it with `tg_reader_free`; the engine may be freed before.
 */
tg_status tg_reader_new(const struct tg_engine *engine, struct tg_reader **reader);

/**
 * Frees a reader; NULL is fine. Any thread may, when no call is under way.
 */
void tg_reader_free(struct tg_reader *reader);

/**
 * Whether a gate is on. Of an unknown gate it is false.
 */
tg_status tg_reader_check(struct tg_reader *reader,
                          struct tg_feature gate,
                          const struct tg_context *context,
                          bool *on);

/**
 * As `tg_reader_check`, by name.
 */
tg_status tg_reader_check_name(struct tg_reader *reader,
                               const char *gate,
                               size_t gate_len,
                               const struct tg_context *context,
                               bool *on);

/**
 * The decision of a feature. What it borrows is valid until the reader is used again or freed.
 */
tg_status tg_reader_decide(struct tg_reader *reader,
                           struct tg_feature feature,
                           const struct tg_context *context,
                           struct tg_decision *decision);

/**
 * The boolean that a feature serves. Not written where there is none (`TG_STATUS_NO_VALUE`) or it is of another type
 * (`TG_STATUS_OTHER_TYPE`), so that the default may stand there before the call.
 */
tg_status tg_reader_bool(struct tg_reader *reader,
                         struct tg_feature feature,
                         const struct tg_context *context,
                         bool *value);

/**
 * As `tg_reader_bool`, an integer.
 */
tg_status tg_reader_int(struct tg_reader *reader,
                        struct tg_feature feature,
                        const struct tg_context *context,
                        int64_t *value);

/**
 * As `tg_reader_bool`, a number.
 */
tg_status tg_reader_float(struct tg_reader *reader,
                          struct tg_feature feature,
                          const struct tg_context *context,
                          double *value);

/**
 * As `tg_reader_bool`, a string; valid until the reader is used again or freed.
 */
tg_status tg_reader_str(struct tg_reader *reader,
                        struct tg_feature feature,
                        const struct tg_context *context,
                        struct tg_str *value);

/**
 * As `tg_reader_bool`, a value of any type; valid until the reader is used again or freed.
 */
tg_status tg_reader_value(struct tg_reader *reader,
                          struct tg_feature feature,
                          const struct tg_context *context,
                          const struct tg_value **value);

/**
 * As `tg_reader_bool`, the value as JSON; free it with `tg_text_free`.
 */
tg_status tg_reader_json(struct tg_reader *reader,
                         struct tg_feature feature,
                         const struct tg_context *context,
                         struct tg_text **value);

/**
 * Gives the decisions of all features, of one snapshot and in no particular order, to a callback.
 */
tg_status tg_reader_each(struct tg_reader *reader,
                         const struct tg_context *context,
                         tg_decision_fn callback,
                         void *userdata);

/**
 * A view of what is served now. Free it with `tg_view_free`.
 */
tg_status tg_view_new(const struct tg_engine *engine, struct tg_view **view);

/**
 * Frees a view; NULL is fine. Any thread may, when no call is under way.
 */
void tg_view_free(struct tg_view *view);

/**
 * The version of the snapshot, 0 if there is none, and the instant in milliseconds since 1970.
 */
tg_status tg_view_version(struct tg_view *view, uint64_t *version, int64_t *now_ms);

/**
 * Whether a gate is on. Of an unknown gate it is false.
 */
tg_status tg_view_check(struct tg_view *view,
                        struct tg_feature gate,
                        const struct tg_context *context,
                        bool *on);

/**
 * The decision of a feature. What it borrows is valid until the view is freed.
 */
tg_status tg_view_decide(struct tg_view *view,
                         struct tg_feature feature,
                         const struct tg_context *context,
                         struct tg_decision *decision);

/**
 * As `tg_view_decide`, by name; the decision's `feature` is the caller's own text.
 */
tg_status tg_view_decide_name(struct tg_view *view,
                              const char *feature,
                              size_t feature_len,
                              const struct tg_context *context,
                              struct tg_decision *decision);

/**
 * Gives the decisions of all features, in no particular order, to a callback.
 */
tg_status tg_view_each(struct tg_view *view,
                       const struct tg_context *context,
                       tg_decision_fn callback,
                       void *userdata);

/**
 * The reason's name, as in JSON: `unknown_feature`. Valid for ever; empty for a number that is no reason.
 */
struct tg_str tg_reason_text(int32_t reason);

/**
 * The type of a value; of NULL, `TG_TYPE_NONE`.
 */
tg_type tg_value_type(const struct tg_value *value);

/**
 * The boolean.
 */
tg_status tg_value_bool(const struct tg_value *value, bool *result);

/**
 * The integer; also of a number like `1.0`.
 */
tg_status tg_value_int(const struct tg_value *value, int64_t *result);

/**
 * The number, as the nearest double.
 */
tg_status tg_value_float(const struct tg_value *value, double *result);

/**
 * The string; valid as long as the value.
 */
tg_status tg_value_str(const struct tg_value *value, struct tg_str *result);

/**
 * How many elements a list has, or members an object.
 */
tg_status tg_value_size(const struct tg_value *value, size_t *size);

/**
 * The member of an object with that name; `TG_STATUS_NO_VALUE` if there is none.
 */
tg_status tg_value_member(const struct tg_value *value,
                          const char *name,
                          size_t name_len,
                          const struct tg_value **member);

/**
 * The member of an object at an index, in the order of the document, and its name.
 */
tg_status tg_value_member_at(const struct tg_value *value,
                             size_t index,
                             struct tg_str *name,
                             const struct tg_value **member);

/**
 * The element of a list at an index. A list of strings only has them all in one piece: ask for those with
 * `tg_value_str_at`; here the status is `TG_STATUS_OTHER_TYPE`.
 */
tg_status tg_value_at(const struct tg_value *value, size_t index, const struct tg_value **element);

/**
 * The string at an index of a list.
 */
tg_status tg_value_str_at(const struct tg_value *value, size_t index, struct tg_str *result);

/**
 * The value as JSON; free it with `tg_text_free`.
 */
tg_status tg_value_json(const struct tg_value *value, struct tg_text **json);

/**
 * What the last load of an engine did, or why the last call that was refused for more than its arguments was. Free it with
 * `tg_report_free`.
 */
tg_status tg_engine_report(const struct tg_engine *engine,
                           struct tg_report **report);

/**
 * What was wrong with JSON, a connection string or a client's options that a call of this thread was last refused for: code, place, what was
 * expected and found. It is for `tg_engine_new`, `tg_engine_connect`, `tg_engine_set_override`, `tg_context_set_json` and those like it, which have no
 * report of an engine; ask right after the refusal. Of a refusal for which the status says all, such as `TG_STATUS_NULL_POINTER`, nothing is
 * kept: what `tg_report_update` gives has the status of the call that it is of. `TG_STATUS_NO_VALUE` if there was none. Free it with
 * `tg_report_free`.
 */
tg_status tg_last_report(struct tg_report **report);

/**
 * Frees a report; NULL is fine. One that a callback was given is the library's: nothing happens to it.
 */
void tg_report_free(struct tg_report *report);

/**
 * What was done, in numbers.
 */
tg_status tg_report_update(const struct tg_report *report, struct tg_update *update);

/**
 * A feature that may decide otherwise than before.
 */
tg_status tg_report_changed(const struct tg_report *report, size_t index, struct tg_str *feature);

/**
 * A feature that is isolated: this library could not evaluate its definition or a release of it.
 */
tg_status tg_report_isolated(const struct tg_report *report, size_t index, struct tg_str *feature);

/**
 * A problem.
 */
tg_status tg_report_diagnostic(const struct tg_report *report,
                               size_t index,
                               struct tg_diagnostic *diagnostic);

/**
 * The problems as JSON: a list of `{code, severity, pointer, message, hint}`. Free it with `tg_text_free`.
 */
tg_status tg_report_json(const struct tg_report *report, struct tg_text **json);

/**
 * Calls `callback` after each update, until the subscription is freed or the engine ends; then `free` is called once, and
 * perhaps later, when a call that is under way returns. Where the status is not `TG_STATUS_OK`, `free` is not called.
 */
tg_status tg_engine_on_update(const struct tg_engine *engine,
                              tg_update_fn callback,
                              void *userdata,
                              tg_free_fn free,
                              struct tg_subscription **subscription);

/**
 * Ends a subscription; NULL is fine. A call on another thread may go on for longer; `free` is called once none does.
 */
void tg_subscription_free(struct tg_subscription *subscription);

/**
 * Sets an override; it stays over swaps until it is cleared. `TG_STATUS_BAD_OVERRIDE` if the feature does not have the variant.
 */
tg_status tg_engine_set_override(const struct tg_engine *engine,
                                 const struct tg_override *wanted);

/**
 * Clears all overrides of a feature.
 */
tg_status tg_engine_clear_override(const struct tg_engine *engine, const char *feature, size_t feature_len);

/**
 * Clears all overrides.
 */
tg_status tg_engine_clear_overrides(const struct tg_engine *engine);

/**
 * Gives the features that are overridden, sorted, to a callback.
 */
tg_status tg_engine_overridden(const struct tg_engine *engine, tg_name_fn callback, void *userdata);

/**
 * Gives what was decided since the last call to a callback, sorted by feature; nothing unless the engine counts
 * (`TG_ENGINE_COUNTERS`).
 */
tg_status tg_engine_drain_exposures(const struct tg_engine *engine,
                                    tg_exposure_fn callback,
                                    void *userdata);

/**
 * Why a feature is decided as it is, as JSON: `{decision, check, steps}`. Free it with `tg_text_free`. It needs an engine that
 * keeps its document (`TG_ENGINE_KEEP_SOURCE`). An attribute that is an object is shown as an empty one.
 * It says what the document says: overrides (`tg_engine_overridden`) are not seen.
 */
tg_status tg_engine_trace(const struct tg_engine *engine,
                          const char *feature,
                          size_t feature_len,
                          const struct tg_context *context,
                          struct tg_text **trace);

/**
 * As `tg_engine_trace`, as a tree of text for people.
 */
tg_status tg_engine_explain(const struct tg_engine *engine,
                            const char *feature,
                            size_t feature_len,
                            const struct tg_context *context,
                            struct tg_text **explanation);

/**
 * Gives the lines of an engine's log, up to a level (`TG_LEVEL_ERROR` and so on), to a callback; to the last one that was set, or to none if it
 * is NULL. `free` is called once, when the callback is called no more; where the status is not `TG_STATUS_OK`, it is not called.
 */
tg_status tg_engine_set_log(const struct tg_engine *engine,
                            int32_t level,
                            tg_log_fn callback,
                            void *userdata,
                            tg_free_fn free);

/**
 * A new engine, and a client that keeps it current on a thread of its own. Returns at once: see `tg_client_wait_ready`. That the
 * server cannot be reached is no error. Free the engine with `tg_engine_free` and the client with `tg_client_free`, in any order.
 *
 * `tg_engine_set_time` does not work on it, and `tg_engine_drain_exposures` takes away what the client would report.
 */
tg_status tg_engine_connect(const struct tg_connect_options *options,
                            struct tg_engine **engine,
                            struct tg_client **client);

/**
 * Waits until something other than the callers' defaults is served, and says where it came from. `TG_STATUS_NOT_READY` if
 * nothing came in time; it may still come. `TG_STATUS_CLOSED` as soon as the client is closed.
 */
tg_status tg_client_wait_ready(const struct tg_client *client,
                               uint32_t timeout_ms,
                               tg_source *source);

/**
 * The state at this moment.
 */
tg_status tg_client_status(const struct tg_client *client, struct tg_client_state *state);

/**
 * What went wrong last, whether or not it was overcome; `TG_STATUS_NO_VALUE` if nothing did. Free it with `tg_report_free`.
 */
tg_status tg_client_last_error(const struct tg_client *client,
                               struct tg_report **report);

/**
 * Calls `callback` with each event, on the client's thread, until the subscription is freed or the client ends; then `free` is
 * called once. Where the status is not `TG_STATUS_OK`, `free` is not called.
 */
tg_status tg_client_on_event(const struct tg_client *client,
                             tg_event_fn callback,
                             void *userdata,
                             tg_free_fn free,
                             struct tg_subscription **subscription);

/**
 * Sends the last counts and ends the client's thread. The engine serves on what it has. Done once; again is nothing.
 */
tg_status tg_client_close(const struct tg_client *client);

/**
 * Closes a client and frees it; NULL is fine.
 */
void tg_client_free(struct tg_client *client);

/**
 * Holds the client's thread at a place where it has no lock, until `tg_quiet_free`: around `fork`.
 */
tg_status tg_client_quiesce(const struct tg_client *client, struct tg_quiet **quiet);

/**
 * Lets the thread go on; NULL is fine.
 */
void tg_quiet_free(struct tg_quiet *quiet);

/**
 * After `fork`, in the child: connects anew, as an instance of its own. Nothing to do in a process that was not forked.
 */
tg_status tg_client_resume(const struct tg_client *client);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* TIDEGATE_H */
