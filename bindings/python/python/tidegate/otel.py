"""OpenTelemetry: decisions as events `feature_flag.evaluation` of the current span.

Nothing here is on the way of a plain check: what shall be told is told.

    decision = engine.decide("checkout", context)
    tidegate.otel.record(decision, context_id="u-1")

With OpenFeature, the published `openfeature-hooks-opentelemetry` works; `evaluation_hook()` tells more: the version of the snapshot, and the
rule, release and phase that decided. Install with `pip install tidegate[otel]`.
"""
from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

try:
    from opentelemetry import trace
except ImportError as missing:
    raise ImportError("tidegate.otel needs the package opentelemetry-api: pip install 'tidegate[otel]'") from missing

if TYPE_CHECKING:
    from openfeature.flag_evaluation import FlagEvaluationDetails
    from openfeature.hook import Hook, HookContext, HookHints

    from tidegate import Decision

__all__ = ["EVENT", "attributes", "evaluation_hook", "record"]

EVENT = "feature_flag.evaluation"
"""The name of the event, as the semantic conventions have it."""
PROVIDER = "tidegate"

# Tidegate's reasons in the words of the conventions (SEMANTICS 6.5).
REASONS = {
    "archived": "disabled",
    "default": "default",
    "disabled": "disabled",
    "invalid_definition": "error",
    "killed": "disabled",
    "override": "static",
    "rule": "targeting_match",
    "split": "split",
    "unknown_feature": "error",
}
ERRORS = {"invalid_definition": "parse_error", "unknown_feature": "flag_not_found"}
OWN = ("rule", "release", "phase")

Attributes = dict[str, str | bool | int | float]


def attributes(decision: Decision, *, context_id: str | None = None, set_id: str | None = None) -> Attributes:
    """What an event tells of a decision. `context_id` is who it was made for, `set_id` the environment."""
    found = evaluated(decision.feature, decision.value, decision.variant, REASONS.get(decision.reason, "unknown"))
    if decision.reason in ERRORS:
        found["error.type"] = ERRORS[decision.reason]
    found["feature_flag.version"] = str(decision.version)
    if context_id is not None:
        found["feature_flag.context.id"] = context_id
    if set_id is not None:
        found["feature_flag.set.id"] = set_id
    for name, value in zip(OWN, (decision.rule, decision.release, decision.phase)):
        if value is not None:
            found[f"tidegate.{name}"] = value
    return found


def record(
    decision: Decision, *, context_id: str | None = None, set_id: str | None = None, span: trace.Span | None = None
) -> None:
    """Adds the event to a span, the current one unless another is named; nothing happens if it does not record."""
    span = trace.get_current_span() if span is None else span
    if span.is_recording():
        span.add_event(EVENT, attributes(decision, context_id=context_id, set_id=set_id))


def evaluated(key: str, value: Any, variant: str | None, reason: str) -> Attributes:
    found: Attributes = {
        "feature_flag.key": key,
        "feature_flag.provider.name": PROVIDER,
        "feature_flag.result.reason": reason,
    }
    if variant is not None:
        found["feature_flag.result.variant"] = variant
    found["feature_flag.result.value"] = (
        value if isinstance(value, (bool, int, float, str)) else json.dumps(value, separators=(",", ":"))
    )
    return found


def evaluation_hook(*, set_id: str | None = None) -> Hook:
    """A hook of OpenFeature that adds the event to the current span after each evaluation. `set_id` is the environment."""
    from openfeature.flag_evaluation import Reason
    from openfeature.hook import Hook

    class EvaluationHook(Hook):
        """Tells spans what was evaluated."""

        def finally_after(
            self, hook_context: HookContext, details: FlagEvaluationDetails[Any], hints: HookHints
        ) -> None:
            span = trace.get_current_span()
            if not span.is_recording():
                return
            reason = str(details.reason or Reason.UNKNOWN).lower()
            found = evaluated(details.flag_key, details.value, details.variant, reason)
            if hook_context.provider_metadata is not None:
                found["feature_flag.provider.name"] = hook_context.provider_metadata.name
            if details.error_code is not None:
                found["error.type"] = str(details.error_code).lower()
                found["error.message"] = details.error_message or ""
            if hook_context.evaluation_context.targeting_key:
                found["feature_flag.context.id"] = hook_context.evaluation_context.targeting_key
            if set_id is not None:
                found["feature_flag.set.id"] = set_id
            metadata = details.flag_metadata
            if "version" in metadata:
                found["feature_flag.version"] = str(metadata["version"])
            found.update({f"tidegate.{name}": metadata[name] for name in OWN if name in metadata})
            span.add_event(EVENT, found)

    return EvaluationHook()
