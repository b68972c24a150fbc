"""The provider: decisions in OpenFeature's words, contexts, events, tracking, and its life."""
from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import EventDetails, ProviderEvent
from openfeature.exception import ErrorCode, ProviderFatalError
from openfeature.flag_evaluation import FlagEvaluationDetails, FlagValueType, Reason
from openfeature.hook import Hook, HookContext, HookHints
from openfeature.provider import ProviderStatus
from openfeature.track import TrackingEventDetails

from serving import EVERYONE, Server, gate, until
from tidegate import Client, Engine
from tidegate.openfeature import TidegateProvider, Tracked, Tracking
from tidegate.openfeature._context import attributes_of
from tidegate.openfeature._provider import REASONS

DOMAIN = "tests"


@pytest.fixture(autouse=True)
def no_providers() -> Iterator[None]:
    yield
    api.clear_providers()


def when(attribute: str, op: str, value: Any, rule: str = "r") -> dict[str, Any]:
    return {"id": rule, "if": {"attribute": attribute, "op": op, "value": value}, "variant": "on"}


def config(value: Any) -> dict[str, Any]:
    return {"kind": "config", "variants": {"only": value}, "default": "only"}


def document(version: int, features: dict[str, Any], **more: Any) -> str:
    return json.dumps({"schema_version": 1, "version": version, "features": features, **more})


def fed(features: dict[str, Any], **more: Any) -> Engine:
    engine = Engine({"environment": "prod"}, counters=True)
    engine.load(document(7, features, **more))
    return engine


def client_of(provider: TidegateProvider) -> OpenFeatureClient:
    api.set_provider_and_wait(provider, DOMAIN)
    return api.get_client(DOMAIN)


def asked(features: dict[str, Any], **more: Any) -> OpenFeatureClient:
    return client_of(TidegateProvider(fed(features, **more)))


def test_each_reason_has_one_of_openfeature() -> None:
    candidate = gate({"id": "new", "variant": "on"})
    features = {
        "archived": gate(EVERYONE, archived=True),
        "constant": gate(),
        "default": gate(when("plan", "eq", "pro")),
        "disabled": gate(EVERYONE, enabled=False),
        "invalid": gate(when("plan", "no_such_operator", "pro")),
        "killed": gate(EVERYONE),
        "overridden": gate(EVERYONE),
        "rule": gate(EVERYONE),
        "split": gate({"id": "most", "rollout": {"percent": 99.9999}, "variant": "on"}),
        "released": gate(),
    }
    release = {
        "id": "r1",
        "pipeline": {"key": "p", "version": 1},
        "features": {"released": {"candidate": candidate}},
        "phases": [{"id": "all", "live": True}],
    }
    engine = fed(features, kills=[{"feature": "killed", "environment": "prod"}], releases=[release])
    engine.set_override("overridden", value=False)
    client = client_of(TidegateProvider(engine))
    found = {}
    for key in (*features, "unknown"):
        details = client.get_boolean_details(key, True, EvaluationContext("u-1"))
        metadata = dict(details.flag_metadata)
        assert metadata.pop("version") == 7
        found[key] = (details.value, details.variant, str(details.reason), details.error_code, metadata)
    assert found == {
        "archived": (False, "off", "DISABLED", None, {"reason": "archived"}),
        "constant": (False, "off", "STATIC", None, {"reason": "default"}),
        "default": (False, "off", "DEFAULT", None, {"reason": "default"}),
        "disabled": (False, "off", "DISABLED", None, {"reason": "disabled"}),
        "invalid": (True, None, "ERROR", ErrorCode.PARSE_ERROR, {"reason": "invalid_definition"}),
        "killed": (False, "off", "DISABLED", None, {"reason": "killed"}),
        "overridden": (False, "override", "STATIC", None, {"reason": "override"}),
        "released": (
            True, "on", "TARGETING_MATCH", None, {"reason": "rule", "rule": "new", "release": "r1", "phase": "all"}
        ),
        "rule": (True, "on", "TARGETING_MATCH", None, {"reason": "rule", "rule": "everyone"}),
        "split": (True, "on", "SPLIT", None, {"reason": "split", "rule": "most"}),
        "unknown": (True, None, "ERROR", ErrorCode.FLAG_NOT_FOUND, {"reason": "unknown_feature"}),
    }
    assert {metadata["reason"] for *_, metadata in found.values()} == set(REASONS)


ASKED: list[tuple[str, Any]] = [("boolean", True), ("string", "mine"), ("integer", 3), ("float", 0.5), ("object", {"mine": 1})]


@pytest.mark.parametrize("reason", ["archived", "disabled", "killed"])
def test_a_disabled_feature_may_be_answered_with_the_callers_default(reason: str) -> None:
    off: dict[str, Any] = {"archived": {"archived": True}, "disabled": {"enabled": False}}.get(reason, {})
    kills = [{"feature": key, "environment": "prod"} for key in ("f", "c")] if reason == "killed" else []
    features = {"f": gate(EVERYONE, **off), "c": {**config("served"), **off}}
    both = []
    for on_disabled in ("variant", "default"):
        words: dict[str, Any] = {"on_disabled": on_disabled}
        engine = fed(features, kills=kills)
        client = client_of(TidegateProvider(engine, **words))
        told = {}
        for key in features:
            for kind, default in ASKED:
                details = getattr(client, f"get_{kind}_details")(key, default)
                assert details.flag_metadata == {"reason": reason, "version": 7}
                told[key, kind] = (details.value, details.variant, details.reason, details.error_code)
        if on_disabled == "default":
            assert told == {(key, kind): (default, None, "DISABLED", None) for key in features for kind, default in ASKED}
        else:
            assert told["f", "boolean"] == (False, "off", "DISABLED", None)
            assert told["c", "string"] == ("served", "only", "DISABLED", None)
            assert [code for *_, code in told.values()].count(ErrorCode.TYPE_MISMATCH) == 8
        both.append({(one.feature, one.variant, one.count) for one in engine.drain_exposures()})
    assert both[0] == both[1] == {("f", "off", 5), ("c", "only", 5)}


def test_callers_default_of_a_disabled_feature_is_of_the_type_that_was_asked_for() -> None:
    client = client_of(TidegateProvider(fed({"f": gate(EVERYONE, enabled=False)}), on_disabled="default"))
    found = client.get_float_details("f", 3)
    assert (found.value, type(found.value), found.reason, found.error_code) == (3.0, float, Reason.DISABLED, None)


def test_only_disabled_features_are_answered_with_the_callers_default() -> None:
    features = {"on": gate(EVERYONE), "plain": gate(), "text": config("x"), "broken": gate(when("plan", "no_such_operator", 1))}
    engine = fed(features)
    one, other = TidegateProvider(engine), TidegateProvider(engine, on_disabled="default")
    for key in (*features, "unknown"):
        found, expected = other.resolve_boolean_details(key, True), one.resolve_boolean_details(key, True)
        assert found == expected and found.reason != Reason.DISABLED


def test_what_a_reference_brought_is_indirect() -> None:
    features = {
        "base": gate(),
        "uses": gate({"id": "r", "if": {"feature": "base", "variants": ["on"]}, "variant": "on"}),
    }
    release = {
        "id": "r1",
        "pipeline": {"key": "p", "version": 1},
        "features": {"base": {"candidate": gate(EVERYONE)}},
        "phases": [{"id": "all", "live": True}],
    }
    details = asked(features, releases=[release]).get_boolean_details("uses", False)
    assert details.flag_metadata["indirect"] is True and details.flag_metadata["release"] == "r1"


@pytest.mark.parametrize(
    ("kind", "value", "default", "served"),
    [
        ("integer", 10, 1, 10),
        ("integer", 10.0, 1, 10),
        ("integer", 10.5, 1, None),
        ("integer", True, 1, None),
        ("float", 10, 0.5, 10.0),
        ("float", 0.25, 0.5, 0.25),
        ("float", "0.25", 0.5, None),
        ("string", "", "x", ""),
        ("string", 1, "x", None),
        ("boolean", 1, True, None),
        ("object", {"a": [1, {"b": None}]}, {}, {"a": [1, {"b": None}]}),
        ("object", [1, 2], {}, [1, 2]),
        ("object", ["a"], {}, ["a"]),
        ("object", "{}", {}, None),
        ("string", None, "x", None),
    ],
)
def test_values_have_the_type_that_was_asked_for(kind: str, value: Any, default: Any, served: Any) -> None:
    client = asked({"f": config(value)})
    details = getattr(client, f"get_{kind}_details")("f", default)
    again = asyncio.run(getattr(client, f"get_{kind}_details_async")("f", default))
    assert details == again
    if served is None:
        assert (details.value, details.error_code, details.reason) == (default, ErrorCode.TYPE_MISMATCH, Reason.ERROR)
        assert "expected flag `f` to be a" in (details.error_message or "") and details.variant is None
        assert details.flag_metadata["version"] == 7
    else:
        assert details.value == served and type(details.value) is type(served) and details.error_code is None


def test_the_targeting_key_is_the_user_unless_the_context_names_one() -> None:
    client = asked({
        "user": gate(when("user_id", "eq", "u-1")),
        "key": gate(when("targeting_key", "eq", "u-1")),
        "own": gate(when("targetingKey", "eq", "u-1")),
    })

    def on(context: EvaluationContext) -> list[str]:
        return [key for key in ("user", "key", "own") if client.get_boolean_value(key, False, context)]

    nothing: Any = {"user_id": None}
    assert on(EvaluationContext("u-1")) == ["user", "key", "own"]
    assert on(EvaluationContext("u-1", {"user_id": "u-2"})) == ["key", "own"]
    assert on(EvaluationContext("u-1", nothing)) == ["user", "key", "own"]
    assert on(EvaluationContext(None, {"user_id": "u-1"})) == ["user"]
    assert on(EvaluationContext()) == []


def test_instants_are_compared_as_instants() -> None:
    client = asked({
        "f": gate(when("since", "before", "2026-01-01T00:00:00Z")),
        "l": gate(when("days", "contains_any", ["2025-01-01T00:00:00+00:00"])),
    })
    east = timezone(timedelta(hours=5, minutes=53, seconds=28))
    before = datetime(2025, 12, 31, 23, 59, 59, 999_999)

    def served(key: str, **attributes: Any) -> bool:
        return client.get_boolean_value(key, False, EvaluationContext(attributes=attributes))

    assert served("f", since=before) and served("f", since=before.replace(tzinfo=timezone.utc))
    assert not served("f", since=before + timedelta(microseconds=1))
    assert served("f", since=datetime(2026, 1, 1, 5, 0, tzinfo=east))
    assert not served("f", since=datetime(2026, 1, 1, 6, 0, tzinfo=east))
    assert served("l", days=(datetime(2025, 1, 1),)) and not served("l", days=[datetime(2025, 1, 2)])


class Counting(dict[str, Any]):
    """Attributes that know what was asked for."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(attributes)
        self.asked: list[str] = []

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.append(name)
        return super().get(name, default)


def test_only_what_a_rule_tests_is_read() -> None:
    attributes = Counting(plan="pro", country="de", broken=object(), far={"a": 1})
    provider = TidegateProvider(fed({"f": gate(when("plan", "eq", "pro"), when("country", "eq", "us", "s"))}))
    details = provider.resolve_boolean_details("f", False, EvaluationContext("u-1", attributes))
    assert details.value and attributes.asked == ["plan"]


def test_a_context_is_a_mapping() -> None:
    found = attributes_of(EvaluationContext("u-1", {"plan": "pro", "user_id": "u-2", "at": datetime(2026, 1, 1)}))
    assert dict(found) == {
        "plan": "pro", "user_id": "u-2", "at": "2026-01-01T00:00:00+00:00", "targeting_key": "u-1", "targetingKey": "u-1"
    }
    assert len(found) == 5 and "plan" in found and "country" not in found
    assert dict(attributes_of(None)) == {} == dict(attributes_of(EvaluationContext()))
    assert Engine().context(found).to_dict()["user_id"] == "u-2"


def test_an_attribute_of_no_known_type_is_an_invalid_context() -> None:
    client = asked({"f": gate(when("plan", "eq", "pro"))})
    broken: Mapping[str, Any] = {"plan": object()}
    details = client.get_boolean_details("f", True, EvaluationContext("u-1", broken))
    assert (details.value, details.error_code) == (True, ErrorCode.INVALID_CONTEXT)
    assert "/plan" in (details.error_message or "")


def test_a_context_that_raises_is_the_callers_error_and_gets_the_default() -> None:
    class Raising(dict[str, Any]):
        def get(self, name: str, default: Any = None) -> Any:
            raise RuntimeError("no attribute today")

    provider = TidegateProvider(fed({"f": gate(when("plan", "eq", "pro"))}))
    with pytest.raises(RuntimeError, match="today"):
        provider.resolve_boolean_details("f", False, EvaluationContext("u-1", Raising()))


def test_evaluations_are_exposures() -> None:
    engine = fed({"f": gate(EVERYONE)})
    client = client_of(TidegateProvider(engine))
    for _ in range(3):
        client.get_boolean_value("f", False)
    assert [(one.feature, one.variant, one.count) for one in engine.drain_exposures()] == [("f", "on", 3)]


def test_hooks_of_the_provider_run() -> None:
    class Seen(Hook):
        def __init__(self) -> None:
            self.flags: list[str] = []

        def after(
            self, hook_context: HookContext, details: FlagEvaluationDetails[FlagValueType], hints: HookHints
        ) -> None:
            self.flags.append(f"{hook_context.flag_key} {details.reason}")

    hook = Seen()
    client = client_of(TidegateProvider(fed({"f": gate(EVERYONE)}), hooks=[hook]))
    assert client.get_boolean_value("f", False)
    assert hook.flags == ["f TARGETING_MATCH"] and client.provider.get_metadata().name == "tidegate"


class Heard:
    """The events of a client of the SDK, in order of arrival."""

    def __init__(self, client: OpenFeatureClient) -> None:
        self.events: list[tuple[ProviderEvent, EventDetails]] = []
        for event in ProviderEvent:
            client.add_handler(event, partial(self.hear, event))

    def hear(self, event: ProviderEvent, details: EventDetails) -> None:
        self.events.append((event, details))

    def kinds(self) -> list[ProviderEvent]:
        return [event for event, _ in self.events]

    def wait(self, wanted: ProviderEvent) -> EventDetails:
        return until(lambda: [details for event, details in self.events if event is wanted], str(wanted))[-1]


def test_an_engine_that_is_fed_by_hand_tells_of_changes() -> None:
    engine = Engine()
    provider = TidegateProvider(engine)
    client = api.get_client(DOMAIN)
    with pytest.raises(Exception, match="no snapshot"):
        api.set_provider_and_wait(provider, DOMAIN)
    assert client.get_provider_status() is ProviderStatus.ERROR
    assert client.get_boolean_details("f", True).error_code is ErrorCode.PROVIDER_NOT_READY
    heard = Heard(client)
    engine.load(document(1, {"f": gate(EVERYONE), "g": gate()}))
    heard.wait(ProviderEvent.PROVIDER_READY)
    assert client.get_provider_status() is ProviderStatus.READY and client.get_boolean_value("f", False)
    engine.load(document(2, {"f": gate(), "g": gate()}))
    until(lambda: heard.kinds().count(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED) == 2, "both changes")
    changed = [details for event, details in heard.events if event is ProviderEvent.PROVIDER_CONFIGURATION_CHANGED]
    assert {(tuple(one.flags_changed or ()), one.metadata["version"]) for one in changed} == {(("f", "g"), 1), (("f",), 2)}


def replace(path: Path, text: str) -> None:
    """Writes a file in one step, for who watches it."""
    other = path.with_suffix(".new")
    other.write_text(text)
    other.replace(path)


def test_a_refused_version_is_an_error_until_the_next(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json"
    path.write_text(document(1, {"f": gate()}))
    with Client.from_file(path, watch_interval=0.02) as connected:
        client = client_of(TidegateProvider(connected))
        heard = Heard(client)
        replace(path, '{"schema_version": 1, "version": 2, "features": 7}')
        assert "/features" in (heard.wait(ProviderEvent.PROVIDER_ERROR).message or "")
        assert client.get_provider_status() is ProviderStatus.ERROR
        assert client.get_boolean_details("f", True).value is False, "what was served is served on"
        replace(path, document(3, {"f": gate(EVERYONE)}))
        assert heard.wait(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED).flags_changed == ["f"]
        until(lambda: client.get_provider_status() is ProviderStatus.READY, "ready")
        assert client.get_boolean_value("f", False)


def test_a_server_that_comes_goes_and_comes_back(tmp_path: Path) -> None:
    server = Server(tmp_path)
    try:
        server.admin.create_environment(name="prod")
        connection = server.connection("prod")
        server.stop()
        provider = TidegateProvider(
            connection=connection, process={"region": "eu"}, ready_timeout_s=0.2, stale_after=1.0, poll_interval=0.2
        )
        client = api.get_client(DOMAIN)
        with pytest.raises(Exception, match="TG6112"):
            api.set_provider_and_wait(provider, DOMAIN)
        assert client.get_provider_status() is ProviderStatus.ERROR
        heard = Heard(client)

        server.start_again()
        heard.wait(ProviderEvent.PROVIDER_READY)
        server.admin.create_feature(key="f", definition=gate(when("region", "eq", "eu")))
        until(lambda: client.get_boolean_value("f", False), "the feature")
        until(lambda: any("f" in (details.flags_changed or ()) for _, details in heard.events), "its event")

        server.stop()
        until(lambda: client.get_provider_status() is ProviderStatus.STALE, "stale")
        assert client.get_boolean_value("f", False), "serving goes on"
        server.start_again()
        until(lambda: client.get_provider_status() is ProviderStatus.READY, "fresh")
        api.clear_providers()
        assert provider.resolve_boolean_details("f", False).error_code is ErrorCode.PROVIDER_NOT_READY
    finally:
        server.close()


def test_shutdown_closes_only_what_the_provider_opened(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json"
    path.write_text(document(1, {"f": gate(EVERYONE)}))
    with Client.from_file(path) as connected:
        provider = TidegateProvider(connected)
        client_of(provider)
        api.clear_providers()
        assert connected.status().life == "running"
        assert provider.resolve_boolean_details("f", False).value, "the client's engine serves on"
        assert client_of(provider).get_boolean_value("f", False), "it may be initialized again"


def test_what_cannot_be_connected_is_fatal() -> None:
    wrong: list[dict[str, Any]] = [
        {"connection": "https://no.connection.string"},
        {"connection": "tidegate+http://a?environment=b&key=none", "poll_interval": -1},
        {"connection": "tidegate+http://a?environment=b&key=none", "no_such_option": 1},
    ]
    for words in wrong:
        with pytest.raises(ProviderFatalError):
            api.set_provider_and_wait(TidegateProvider(**words), DOMAIN)
        assert api.get_client(DOMAIN).get_provider_status() is ProviderStatus.FATAL
        assert api.get_client(DOMAIN).get_boolean_details("f", True).error_code is ErrorCode.PROVIDER_FATAL


def test_what_it_is_made_of_is_checked() -> None:
    engine = Engine()
    both = {"source": engine, "connection": "x"}
    wrong: list[dict[str, Any]] = [{}, both, {"source": engine, "process": {}}, {"source": "text"}]
    for words in wrong:
        with pytest.raises(TypeError, match="expected"):
            TidegateProvider(**words)


def test_tracking_is_counted_logged_and_handed_on(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Tracking] = []
    provider = TidegateProvider(fed({}), on_track=seen.append)
    client = client_of(provider)
    context = EvaluationContext("u-1", {"plan": "pro"})
    with caplog.at_level(logging.DEBUG, "tidegate.tracking"):
        client.track("purchase", context, TrackingEventDetails(99.5, {"currency": "EUR"}))
        client.track("purchase", context, TrackingEventDetails(0.5))
        client.track("visit")
    assert seen[0] == Tracking("purchase", "u-1", {"plan": "pro"}, 99.5, {"currency": "EUR"})
    assert [record.getMessage() for record in caplog.records] == ["tracked purchase", "tracked purchase", "tracked visit"]
    assert caplog.records[0].__dict__["tidegate_tracking"] == seen[0]
    assert provider.drain_tracked() == [Tracked("purchase", 2, 100.0), Tracked("visit", 1, 0.0)]
    assert provider.drain_tracked() == []


def test_tracking_never_raises_and_keeps_a_bound(caplog: pytest.LogCaptureFixture) -> None:
    def broken(event: Tracking) -> None:
        raise RuntimeError("the pipeline is down")

    provider = TidegateProvider(fed({}), on_track=broken)
    client = client_of(provider)
    client.track("purchase")
    assert "the pipeline is down" in caplog.text
    quiet = TidegateProvider(fed({}))
    for number in range(1_200):
        quiet.track(f"name-{number}")
    assert len(quiet.drain_tracked()) == 1_000


FORKING = """
import os, sys, time
from openfeature import api
from tidegate.openfeature import TidegateProvider

api.set_provider_and_wait(TidegateProvider(connection=sys.argv[1]))
flags = api.get_client()
assert not flags.get_boolean_value("f", False)
child = os.fork()
print("forked", flush=True)
deadline = time.monotonic() + 60
while not flags.get_boolean_value("f", False) and time.monotonic() < deadline:
    time.sleep(0.02)
served = flags.get_boolean_value("f", False)
if child == 0:
    os._exit(0 if served else 1)
api.shutdown()
sys.exit(not (served and os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_parent_and_child_of_a_fork_follow(tmp_path: Path) -> None:
    server = Server(tmp_path)
    try:
        server.admin.create_environment(name="prod")
        server.admin.create_feature(key="f", definition=gate())
        command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKING, server.connection("prod")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as forking:
            assert forking.stdout is not None and forking.stdout.readline() == "forked\n"
            server.admin.save_feature("f", definition=gate(EVERYONE), base_revision=1)
            assert forking.wait(120) == 0
    finally:
        server.close()


def test_threads_may_share_it() -> None:
    engine = fed({"f": gate(when("user_id", "eq", "u-1"))})
    client = client_of(TidegateProvider(engine))
    wrong: list[str] = []
    stop = threading.Event()

    def ask(user: str) -> None:
        while not stop.is_set():
            if client.get_boolean_value("f", False, EvaluationContext(user)) is not (user == "u-1"):
                wrong.append(user)

    threads = [threading.Thread(target=ask, args=(user,)) for user in ("u-1", "u-2")]
    for thread in threads:
        thread.start()
    for version in range(8, 40):
        engine.load(document(version, {"f": gate(when("user_id", "eq", "u-1"))}))
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
