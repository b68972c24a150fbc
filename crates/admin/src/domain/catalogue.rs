//! The names of the facts that webhooks and `GET /events` tell.

use super::event::Fact;

/// All, sorted.
pub const NAMES: &[&str] = &[
    "approval.overdue",
    "attribute.changed",
    "attribute.deleted",
    "bake.started",
    "environment.changed",
    "environment.created",
    "environment.deleted",
    "exclusion_group.changed",
    "exclusion_group.deleted",
    "feature.archived",
    "feature.attached",
    "feature.changed",
    "feature.created",
    "feature.deleted",
    "feature.detached",
    "feature.killed",
    "feature.unarchived",
    "feature.unkilled",
    "guard.breached",
    "guard.verdict",
    "phase.completed",
    "phase.entered",
    "phase.skipped",
    "phase.started",
    "pipeline.archived",
    "pipeline.cloned",
    "pipeline.created",
    "pipeline.deleted",
    "pipeline.feature_added",
    "pipeline.feature_removed",
    "pipeline.published",
    "pipeline.unpublished",
    "pipeline.updated",
    "principal.changed",
    "principal.created",
    "principal.deleted",
    "propagation.applied",
    "propagation.done",
    "propagation.held",
    "propagation.none_live",
    "propagation.overdue",
    "proposal.approved",
    "proposal.created",
    "proposal.rejected",
    "ramp.stepped",
    "release.aborted",
    "release.approvals_voided",
    "release.approved",
    "release.awaiting_approval",
    "release.changed",
    "release.completed",
    "release.feature_killed",
    "release.paused",
    "release.rejected",
    "release.rejection_cleared",
    "release.requirement_holds",
    "release.reverted",
    "release.started",
    "release.superseded",
    "release.unpaused",
    "schedule.applied",
    "schedule.cancelled",
    "schedule.created",
    "schedule.suspended",
    "sdk.forced",
    "sdk_key.created",
    "sdk_key.revoked",
    "segment.attached",
    "segment.changed",
    "segment.created",
    "segment.deleted",
    "segment.detached",
    "signing_key.created",
    "signing_key.retired",
    "signing_key.rotated",
    "token.created",
    "token.revoked",
    "webhook.changed",
    "webhook.created",
    "webhook.deleted",
    "webhook.tested",
];

/// Whether there is such a fact.
#[must_use]
pub fn known(name: &str) -> bool {
    NAMES.binary_search(&name).is_ok()
}

/// A fact of one sentence; the rest is filled in by struct update.
#[must_use]
pub fn fact(name: &str, text: impl Into<String>) -> Fact {
    Fact {
        name: name.to_owned(),
        flagsmith: None,
        release: None,
        features: Vec::new(),
        environments: Vec::new(),
        text: text.into(),
        data: serde_json::Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::{NAMES, known};

    #[test]
    fn names_are_sorted_so_that_they_are_found() {
        assert!(NAMES.is_sorted());
        assert!(known("phase.started") && known("webhook.tested") && !known("phase"));
    }
}
