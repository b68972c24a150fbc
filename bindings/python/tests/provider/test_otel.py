"""Decisions in traces: by the published hooks of OpenFeature, by our own, and for the plain engine."""
from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from openfeature import api
from openfeature.contrib.hook.opentelemetry import TracingHook
from openfeature.evaluation_context import EvaluationContext
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from serving import EVERYONE, gate
from tidegate import Engine
from tidegate import otel
from tidegate.openfeature import TidegateProvider
from tidegate.openfeature.otel import EvaluationHook

FEATURES = {
    "checkout": gate(),
    "theme": {"kind": "config", "variants": {"dark": {"colour": "#000"}}, "default": "dark"},
    "broken": gate({"id": "r", "if": {"attribute": "a", "op": "no_such_operator", "value": 1}, "variant": "on"}),
}
RELEASE = {
    "id": "r1",
    "pipeline": {"key": "p", "version": 1},
    "features": {"checkout": {"candidate": gate(EVERYONE)}},
    "phases": [{"id": "all", "live": True}],
}


class Spans:
    """Spans of a tracer of its own, kept in memory."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracer = provider.get_tracer("tests")

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        events = [event for span in self.exporter.get_finished_spans() for event in span.events]
        return [(event.name, dict(event.attributes or {})) for event in events]


@pytest.fixture
def spans() -> Spans:
    return Spans()


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = Engine()
    made.load(json.dumps({"schema_version": 1, "version": 42, "features": FEATURES, "releases": [RELEASE]}))
    yield made
    api.clear_providers()


def test_the_published_hook_works(engine: Engine, spans: Spans) -> None:
    api.set_provider_and_wait(TidegateProvider(engine))
    client = api.get_client()
    client.add_hooks([TracingHook(exclude_exceptions=True)])
    with spans.tracer.start_as_current_span("request"):
        client.get_boolean_value("checkout", False, EvaluationContext("u-1"))
        client.get_object_value("theme", {})
        client.get_string_value("nothing", "x")
    events = spans.events()
    assert events[0] == (
        "feature_flag.evaluation",
        {
            "feature_flag.key": "checkout",
            "feature_flag.result.value": "true",
            "feature_flag.result.reason": "targeting_match",
            "feature_flag.result.variant": "on",
            "feature_flag.context.id": "u-1",
            "feature_flag.provider.name": "tidegate",
        },
    )
    assert (events[1][1]["feature_flag.result.variant"], events[1][1]["feature_flag.result.reason"]) == ("dark", "static")
    assert (events[2][1]["feature_flag.result.reason"], events[2][1]["error.type"]) == ("error", "flag_not_found")
    assert "`nothing`" in events[2][1]["error.message"]


def test_our_hook_tells_version_and_release_as_well(engine: Engine, spans: Spans) -> None:
    api.set_provider_and_wait(TidegateProvider(engine, hooks=[EvaluationHook(set_id="prod")]))
    client = api.get_client()
    client.get_boolean_value("checkout", False)
    with spans.tracer.start_as_current_span("request"):
        client.get_boolean_value("checkout", False, EvaluationContext("u-1"))
        client.get_object_value("theme", {})
        client.get_integer_value("nothing", 1)
    assert [name for name, _ in spans.events()] == [otel.EVENT] * 3
    served, theme, missing = (attributes for _, attributes in spans.events())
    assert served == {
        "feature_flag.key": "checkout",
        "feature_flag.provider.name": "tidegate",
        "feature_flag.result.reason": "targeting_match",
        "feature_flag.result.value": True,
        "feature_flag.result.variant": "on",
        "feature_flag.context.id": "u-1",
        "feature_flag.set.id": "prod",
        "feature_flag.version": "42",
        "tidegate.rule": "everyone",
        "tidegate.release": "r1",
        "tidegate.phase": "all",
    }
    assert theme["feature_flag.result.value"] == '{"colour":"#000"}'
    assert (missing["error.type"], missing["feature_flag.result.value"]) == ("flag_not_found", 1)


def test_a_decision_of_the_plain_engine_is_recorded_where_that_is_asked(engine: Engine, spans: Spans) -> None:
    decision = engine.decide("checkout", {"user_id": "u-1"})
    otel.record(decision)
    with spans.tracer.start_as_current_span("request"):
        engine.check("checkout", {"user_id": "u-1"})
        otel.record(decision, context_id="u-1", set_id="prod")
    with spans.tracer.start_as_current_span("other") as span, trace.use_span(trace.INVALID_SPAN):
        otel.record(engine.decide("broken", {}), span=span)
        otel.record(engine.decide("nothing", {}), span=span)
    served, broken, nothing = (attributes for _, attributes in spans.events())
    assert served == {
        "feature_flag.key": "checkout",
        "feature_flag.provider.name": "tidegate",
        "feature_flag.result.reason": "targeting_match",
        "feature_flag.result.value": True,
        "feature_flag.result.variant": "on",
        "feature_flag.context.id": "u-1",
        "feature_flag.set.id": "prod",
        "feature_flag.version": "42",
        "tidegate.rule": "everyone",
        "tidegate.release": "r1",
        "tidegate.phase": "all",
    }
    assert broken["error.type"] == "parse_error" and "feature_flag.result.variant" not in broken
    assert (nothing["error.type"], nothing["feature_flag.result.reason"]) == ("flag_not_found", "error")


def test_names_are_those_of_the_conventions() -> None:
    conventions = pytest.importorskip("opentelemetry.semconv._incubating.attributes.feature_flag_attributes")
    known = {value for name, value in vars(conventions).items() if name.isupper()} | {"error.type", "error.message"}
    engine = Engine()
    told = otel.attributes(engine.decide("nothing", {}), context_id="u", set_id="s")
    assert {name for name in told if not name.startswith("tidegate.")} <= known
