"""OpenTelemetry: decisions as events `feature_flag.evaluation` of the current span.

Nothing here is on the way of a plain check: what shall be told is told.

    decision = engine.decide("checkout", context)
    tidegate.otel.record(decision, context_id="u-1")

With OpenFeature, the published `openfeature-hooks-opentelemetry` works; `tidegate.openfeature.otel.EvaluationHook` tells
more. Install with `pip install tidegate[otel]`.
"""
from __future__ import annotations

import json
from typing import Any

try:
    from opentelemetry import trace
except ImportError as missing:
    raise ImportError("tidegate.otel needs the package opentelemetry-api: pip install 'tidegate[otel]'") from missing

from ._errors import _text, _wrong_type
from ._tidegate import Decision

__all__ = ["EVENT", "attributes", "record"]

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
    if not isinstance(decision, Decision):
        raise _wrong_type("/decision", "a Decision", decision)
    for name, given in (("context_id", context_id), ("set_id", set_id)):
        if given is not None:
            _text(f"/{name}", f"a str as {name}", given)
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
    if not isinstance(decision, Decision):
        raise _wrong_type("/decision", "a Decision", decision)
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
