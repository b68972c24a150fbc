//! With the feature `tracing`.

use tracing::{Level, debug, event, warn};

use crate::error::{Diagnostic, Error};
use crate::eval::Decision;
use crate::program::Reason;

const ENGINE: &str = "tidegate::engine";
const EVALUATION: &str = "tidegate::evaluation";

/// What a provider of OpenFeature is called here.
const PROVIDER: &str = "tidegate";

/// An engine serves another version.
pub(crate) fn updated((from, version): (u64, u64), changed: usize, isolated: usize, problems: &[Diagnostic]) {
    debug!(target: ENGINE, from, version, changed, isolated, problems = problems.len(), "update");
    for problem in problems {
        let Diagnostic { code, pointer, message, .. } = problem;
        warn!(target: ENGINE, version, %code, %pointer, "{message}");
    }
}

/// An engine did not take a document or delta, and serves on what it has.
pub(crate) fn refused(version: u64, error: &Error) {
    warn!(target: ENGINE, version, code = %error.code(), "refused: {error}");
}

pub(super) fn evaluated(decision: &Decision<'_>, context_id: Option<&str>) {
    let reason = decision.reason();
    event!(
        name: "feature_flag.evaluation",
        target: EVALUATION,
        Level::INFO,
        feature_flag.key = decision.feature(),
        feature_flag.provider.name = PROVIDER,
        feature_flag.result.variant = decision.variant(),
        feature_flag.result.reason = result_reason(reason),
        feature_flag.version = %decision.version(),
        feature_flag.context.id = context_id,
        error.type = error_type(reason),
        tidegate.rule = decision.rule(),
        tidegate.release = decision.release(),
        tidegate.phase = decision.phase(),
        tidegate.indirect = decision.is_indirect(),
    );
}

/// The conventions' text of OpenFeature's reason.
fn result_reason(reason: Reason) -> &'static str {
    match reason.openfeature() {
        "DEFAULT" => "default",
        "DISABLED" => "disabled",
        "ERROR" => "error",
        "SPLIT" => "split",
        "STATIC" => "static",
        "TARGETING_MATCH" => "targeting_match",
        _ => "unknown",
    }
}

fn error_type(reason: Reason) -> Option<&'static str> {
    Some(match reason.openfeature_error()? {
        "FLAG_NOT_FOUND" => "flag_not_found",
        "PARSE_ERROR" => "parse_error",
        _ => "general",
    })
}
