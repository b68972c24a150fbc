"""A hook that tells OpenTelemetry more than the published one: the snapshot's version, the rule, release and phase.

    api.add_hooks([EvaluationHook(set_id="prod")])

It needs both `tidegate[openfeature]` and `tidegate[otel]`.
"""
from __future__ import annotations

from openfeature.flag_evaluation import FlagEvaluationDetails, FlagValueType, Reason
from openfeature.hook import Hook, HookContext, HookHints
from opentelemetry import trace

from tidegate._errors import _text
from tidegate.otel import EVENT, OWN, evaluated

__all__ = ["EvaluationHook"]


class EvaluationHook(Hook):
    """Adds an event `feature_flag.evaluation` to the current span after each evaluation; `set_id` is the environment."""

    def __init__(self, *, set_id: str | None = None) -> None:
        if set_id is not None:
            _text("/set_id", "a str as set_id", set_id)
        self._set_id = set_id

    def finally_after(
        self, hook_context: HookContext, details: FlagEvaluationDetails[FlagValueType], hints: HookHints
    ) -> None:
        """Adds the event, if the span records."""
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
        if self._set_id is not None:
            found["feature_flag.set.id"] = self._set_id
        metadata = details.flag_metadata
        if "version" in metadata:
            found["feature_flag.version"] = str(metadata["version"])
        found.update({f"tidegate.{name}": metadata[name] for name in OWN if name in metadata})
        span.add_event(EVENT, found)
