"""Wrong arguments: whatever takes one says so by an error of Python's kind, with a code and the field."""

from __future__ import annotations

import asyncio
import logging
import pathlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

import tidegate
from support import config, document, gate, serving
from tidegate import otel
from tidegate._tidegate import _Client
from tidegate.admin import Admin, AsyncAdmin
from tidegate.openfeature import TidegateProvider
from tidegate.openfeature.otel import EvaluationHook

NOBODY = f"tidegate+http://tgs_{'0' * 64}@127.0.0.1:9?environment=prod&key=none"
FILE = "/nowhere/at/all.json"
ENGINE: Any = serving(f=gate(), c=config({"a": 1}))
CONTEXT: Any = ENGINE.context()
GATE, FEATURE, VIEW = ENGINE.gate("f"), ENGINE.feature("c"), ENGINE.view()
ADDRESS = "http://127.0.0.1:9"
new: Any = tidegate.Engine
connect: Any = tidegate.Client.connect
from_file: Any = tidegate.Client.from_file
admin: Any = Admin
async_admin: Any = AsyncAdmin
provider: Any = TidegateProvider
hook: Any = EvaluationHook

Call = Callable[[Any], object]


class Strange:
    """Nothing that anything takes."""


class BadMapping(Mapping[str, Any]):
    """Its items are what somebody says."""

    def __init__(self, items: Any) -> None:
        self._items = items

    def items(self) -> Any:
        return self._items

    def get(self, name: str, default: Any = None) -> Any:
        return default

    def __getitem__(self, name: str) -> Any:
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def with_client(call: Callable[[Any, Any], object]) -> Call:
    def ask(wrong: Any) -> object:
        with tidegate.Client.from_file(FILE) as client:
            return call(client, wrong)

    return ask


def ready(client: Any, timeout: Any) -> object:
    return asyncio.run(client.ready(timeout))


def backup(path: Any) -> object:
    with admin(ADDRESS, "t") as own:
        return own.backup(path)


async def async_backup(path: Any) -> object:
    async with async_admin(ADDRESS, "t") as own:
        return await own.backup(path)


def archive(if_match: Any) -> object:
    with admin(ADDRESS, "t", retries=0) as own:
        return own.archive_feature("f", if_match=if_match)


def create(definition: Any) -> object:
    with admin(ADDRESS, "t", retries=0) as own:
        return own.create_feature(key="f", definition=definition)


# What takes an argument, the field that it names, and who gives it. `Strange()`, or what else is said, is the wrong one.
TYPES: list[tuple[str, str, Call]] = [
    ("Engine process", "/process", lambda wrong: new(wrong)),
    ("Engine process value", "/process/region", lambda wrong: new({"region": wrong})),
    ("Engine process name", "/process", lambda wrong: new({wrong: "eu"})),
    ("Engine mode", "/mode", lambda wrong: new(mode=wrong)),
    ("Engine counters", "/counters", lambda wrong: new(counters=wrong)),
    ("Engine keep_source", "/keep_source", lambda wrong: new(keep_source=wrong)),
    ("Engine clock", "/clock", lambda wrong: new(clock=wrong)),
    ("Engine.from_file path", "/path", lambda wrong: new.from_file(wrong)),
    ("Engine.from_file process", "/process", lambda wrong: new.from_file(FILE, wrong)),
    ("Engine.from_file mode", "/mode", lambda wrong: new.from_file(FILE, mode=wrong)),
    ("Engine.from_file counters", "/counters", lambda wrong: new.from_file(FILE, counters=wrong)),
    ("Engine.from_file keep_source", "/keep_source", lambda wrong: new.from_file(FILE, keep_source=wrong)),
    ("Engine.from_file clock", "/clock", lambda wrong: new.from_file(FILE, clock=wrong)),
    ("Engine.load", "/document", lambda wrong: ENGINE.load(wrong)),
    ("Engine.apply_delta", "/document", lambda wrong: ENGINE.apply_delta(wrong)),
    ("Engine.gate", "/name", lambda wrong: ENGINE.gate(wrong)),
    ("Engine.feature", "/name", lambda wrong: ENGINE.feature(wrong)),
    ("Engine.context", "", lambda wrong: ENGINE.context(wrong)),
    ("Engine.context value", "/a", lambda wrong: ENGINE.context(a=wrong)),
    ("Engine.context name", "", lambda wrong: ENGINE.context({wrong: 1})),
    ("Engine.check name", "/name", lambda wrong: ENGINE.check(wrong, {})),
    ("Engine.check name, default", "/name", lambda wrong: ENGINE.check(wrong, {}, default=1)),
    ("Engine.check context", "", lambda wrong: ENGINE.check("f", wrong)),
    ("Engine.check context, default", "", lambda wrong: ENGINE.check("f", wrong, default=1)),
    ("Engine.decide name", "/name", lambda wrong: ENGINE.decide(wrong, {})),
    ("Engine.decide context", "", lambda wrong: ENGINE.decide("f", wrong)),
    ("Engine.evaluate_all", "", lambda wrong: ENGINE.evaluate_all(wrong)),
    ("Engine.set_override feature", "/name", lambda wrong: ENGINE.set_override(wrong, value=1)),
    ("Engine.set_override variant", "/variant", lambda wrong: ENGINE.set_override("f", variant=wrong)),
    ("Engine.set_override value", "/value", lambda wrong: ENGINE.set_override("f", value=wrong)),
    ("Engine.set_override unit", "/unit", lambda wrong: ENGINE.set_override("f", value=1, unit=wrong, id="u")),
    ("Engine.set_override id", "/id", lambda wrong: ENGINE.set_override("f", value=1, unit="user_id", id=wrong)),
    ("Engine.clear_override", "/name", lambda wrong: ENGINE.clear_override(wrong)),
    ("Engine.trace feature", "/name", lambda wrong: ENGINE.trace(wrong, {})),
    ("Engine.trace context", "", lambda wrong: ENGINE.trace("f", wrong)),
    ("Engine.trace value", "/a", lambda wrong: ENGINE.trace("f", {"a": wrong})),
    ("Engine.explain feature", "/name", lambda wrong: ENGINE.explain(wrong, {})),
    ("Engine.explain context", "", lambda wrong: ENGINE.explain("f", wrong)),
    ("Engine.listing", "/name", lambda wrong: ENGINE.listing(wrong)),
    ("Engine.constant", "/name", lambda wrong: ENGINE.constant(wrong)),
    ("Engine.on_update", "/callback", lambda wrong: ENGINE.on_update(wrong)),
    ("Gate.check", "", lambda wrong: GATE.check(wrong)),
    ("Gate()", "", lambda wrong: GATE(wrong)),
    ("Feature.decide", "", lambda wrong: FEATURE.decide(wrong)),
    ("Feature.bool", "", lambda wrong: FEATURE.bool(wrong, True)),
    ("Feature.int", "", lambda wrong: FEATURE.int(wrong, 1)),
    ("Feature.float", "", lambda wrong: FEATURE.float(wrong, 1.0)),
    ("Feature.str", "", lambda wrong: FEATURE.str(wrong, "")),
    ("Feature.value", "", lambda wrong: FEATURE.value(wrong)),
    ("Context.set name", "", lambda wrong: CONTEXT.set(wrong, 1)),
    ("Context.set value", "/a", lambda wrong: CONTEXT.set("a", wrong)),
    ("Context.unset", "", lambda wrong: CONTEXT.unset(wrong)),
    ("Context.update", "", lambda wrong: CONTEXT.update(wrong)),
    ("Context.update value", "/a", lambda wrong: CONTEXT.update(a=wrong)),
    ("View.check gate", "/name", lambda wrong: VIEW.check(wrong, {})),
    ("View.check context", "", lambda wrong: VIEW.check("f", wrong)),
    ("View.decide feature", "/name", lambda wrong: VIEW.decide(wrong, {})),
    ("View.decide context", "", lambda wrong: VIEW.decide("f", wrong)),
    ("View.evaluate_all", "", lambda wrong: VIEW.evaluate_all(wrong)),
    ("Client", "/native", lambda wrong: tidegate.Client(wrong)),
    ("Client.connect connection", "/connection", lambda wrong: connect(wrong)),
    *(
        (f"Client.connect {name}", f"/{name}", lambda wrong, name=name: connect(NOBODY, **{name: wrong}))
        for name in (
            "answer_timeout", "bootstrap", "bundled", "cache", "connect_timeout", "counters", "flush_timeout", "keep_source",
            "mode", "network_first", "on_event", "poll_interval", "process", "proxy", "read_stall", "report_interval",
            "root_certificate", "stale_after", "streaming",
        )
    ),
    ("Client.from_file path", "/path", lambda wrong: from_file(wrong)),
    *(
        (f"Client.from_file {name}", f"/{name}", lambda wrong, name=name: from_file(FILE, **{name: wrong}))
        for name in ("counters", "keep_source", "mode", "on_event", "process", "watch_interval")
    ),
    ("Client.wait_ready", "/timeout", with_client(lambda client, wrong: client.wait_ready(wrong))),
    ("Client.ready", "/timeout", with_client(ready)),
    ("Client.on_event", "/callback", with_client(lambda client, wrong: client.on_event(wrong))),
    ("Events", "/client", lambda wrong: tidegate.Events(wrong)),
    ("Events.next", "/timeout", with_client(lambda client, wrong: client.events().next(wrong))),
    ("Admin url", "/url", lambda wrong: admin(wrong, "t")),
    ("Admin token", "/token", lambda wrong: admin(ADDRESS, wrong)),
    ("Admin timeout_s", "/timeout_s", lambda wrong: admin(ADDRESS, "t", timeout_s=wrong)),
    ("Admin retries", "/retries", lambda wrong: admin(ADDRESS, "t", retries=wrong)),
    ("Admin http", "/http", lambda wrong: admin(ADDRESS, "t", http=wrong)),
    ("Admin.backup", "/path", backup),
    ("Admin if_match", "/if_match", archive),
    ("Admin body", "/definition", create),
    ("AsyncAdmin url", "/url", lambda wrong: async_admin(wrong, "t")),
    ("AsyncAdmin token", "/token", lambda wrong: async_admin(ADDRESS, wrong)),
    ("AsyncAdmin timeout_s", "/timeout_s", lambda wrong: async_admin(ADDRESS, "t", timeout_s=wrong)),
    ("AsyncAdmin retries", "/retries", lambda wrong: async_admin(ADDRESS, "t", retries=wrong)),
    ("AsyncAdmin http", "/http", lambda wrong: async_admin(ADDRESS, "t", http=wrong)),
    ("AsyncAdmin.backup", "/path", lambda wrong: asyncio.run(async_backup(wrong))),
    ("TidegateProvider source", "/source", lambda wrong: provider(wrong)),
    ("TidegateProvider connection", "/connection", lambda wrong: provider(connection=wrong)),
    ("TidegateProvider ready_timeout_s", "/ready_timeout_s", lambda wrong: provider(ENGINE, ready_timeout_s=wrong)),
    ("TidegateProvider hooks", "/hooks", lambda wrong: provider(ENGINE, hooks=wrong)),
    ("TidegateProvider a hook", "/hooks", lambda wrong: provider(ENGINE, hooks=[wrong])),
    ("TidegateProvider on_track", "/on_track", lambda wrong: provider(ENGINE, on_track=wrong)),
    ("TidegateProvider on_disabled", "/on_disabled", lambda wrong: provider(ENGINE, on_disabled=wrong)),
    ("TidegateProvider nothing", "/source", lambda wrong: provider()),
    ("TidegateProvider both", "/source", lambda wrong: provider(ENGINE, connection=NOBODY)),
    ("TidegateProvider option", "/cache", lambda wrong: provider(ENGINE, cache=wrong)),
    ("otel.attributes", "/decision", lambda wrong: otel.attributes(wrong)),
    ("otel.attributes context_id", "/context_id", lambda wrong: otel.attributes(GATE_DECISION, context_id=wrong)),
    ("otel.attributes set_id", "/set_id", lambda wrong: otel.attributes(GATE_DECISION, set_id=wrong)),
    ("otel.record", "/decision", lambda wrong: otel.record(wrong)),
    ("EvaluationHook", "/set_id", lambda wrong: hook(set_id=wrong)),
]  # fmt: skip
GATE_DECISION: Any = ENGINE.decide("f", {})

VALUES: list[tuple[str, str, Call, Any]] = [
    ("Engine mode", "/mode", lambda wrong: new(mode=wrong), "loose"),
    ("Engine process", "/process/n", lambda wrong: new({"n": wrong}), float("nan")),
    ("Engine.from_file path", "/path", lambda wrong: new.from_file(wrong), "x\0y"),
    ("Engine.load", "/document", lambda wrong: ENGINE.load(wrong), "\ud800"),
    ("Engine.load a view", "/document", lambda wrong: ENGINE.load(wrong), "released"),
    ("Engine.load a snapshot", "/document", lambda wrong: ENGINE.load(wrong), ENGINE.snapshot()),
    ("Engine.gate", "/name", lambda wrong: ENGINE.gate(wrong), "\ud800"),
    ("Engine.context", "/a", lambda wrong: ENGINE.context(a=wrong), "\ud800"),
    ("Engine.set_override variant", "/variant", lambda wrong: ENGINE.set_override("f", variant=wrong), "\ud800"),
    ("Engine.set_override both", "/variant", lambda wrong: ENGINE.set_override("f", variant=wrong, value=1), "on"),
    ("Engine.set_override half", "/unit", lambda wrong: ENGINE.set_override("f", value=1, unit=wrong), "user_id"),
    ("Engine.set_override unit", "/unit", lambda wrong: ENGINE.set_override("f", value=1, unit=wrong, id=""), "\ud800"),
    ("Engine.set_override id", "/id", lambda wrong: ENGINE.set_override("f", value=1, unit="u", id=wrong), "\ud800"),
    ("Engine.set_override value", "/value", lambda wrong: ENGINE.set_override("f", value=wrong), float("inf")),
    ("Client.connect mode", "/mode", lambda wrong: connect(NOBODY, mode=wrong), "loose"),
    ("Client.connect option", "/read_stall", lambda wrong: connect(NOBODY, read_stall=wrong), -1),
    ("Client.connect path", "/cache", lambda wrong: connect(NOBODY, cache=wrong), "x\0y"),
    ("Client.wait_ready", "/timeout", with_client(lambda client, wrong: client.wait_ready(wrong)), float("nan")),
    ("Client.ready", "/timeout", with_client(ready), -1),
    ("Events.next", "/timeout", with_client(lambda client, wrong: client.events().next(wrong)), float("inf")),
    ("Client.wait_ready", "/timeout", with_client(lambda client, wrong: client.wait_ready(wrong)), 10**400),
    ("Events.next", "/timeout", with_client(lambda client, wrong: client.events().next(wrong)), 10**400),
    ("Admin url", "/url", lambda wrong: admin(wrong, "t"), "http://x:port"),
    ("Admin url", "/url", lambda wrong: admin(wrong, "t"), "localhost:8080"),
    ("Admin token", "/token", lambda wrong: admin(ADDRESS, wrong), "secret\n"),
    ("Admin token", "/token", lambda wrong: admin(ADDRESS, wrong), "s\u00e9cret"),
    ("Admin timeout_s", "/timeout_s", lambda wrong: admin(ADDRESS, "t", timeout_s=wrong), -1),
    ("Admin retries", "/retries", lambda wrong: admin(ADDRESS, "t", retries=wrong), -1),
    ("Admin body", "/definition", create, {"n": float("nan")}),
    ("TidegateProvider", "/ready_timeout_s", lambda wrong: provider(ENGINE, ready_timeout_s=wrong), -1),
    ("TidegateProvider on_disabled", "/on_disabled", lambda wrong: provider(ENGINE, on_disabled=wrong), "Default"),
    ("TidegateProvider on_disabled", "/on_disabled", lambda wrong: provider(ENGINE, on_disabled=wrong), ""),
]


def assert_told(error: Exception, pointer: str) -> None:
    assert isinstance(error, tidegate.UseError)
    assert error.code in (tidegate.Code.BAD_ARGUMENT, tidegate.Code.BAD_CONTEXT)
    assert error.pointer == pointer
    assert error.message.startswith("expected ")


@pytest.mark.parametrize(("pointer", "call"), [row[1:] for row in TYPES], ids=[row[0] for row in TYPES])
def test_a_value_of_a_type_that_is_not_for_its_place(pointer: str, call: Call) -> None:
    with pytest.raises(TypeError) as raised:
        call(Strange())
    assert type(raised.value) is tidegate.ArgumentTypeError
    assert_told(raised.value, pointer)
    assert ENGINE.overridden() == []


@pytest.mark.parametrize(("pointer", "call", "wrong"), [row[1:] for row in VALUES], ids=[row[0] for row in VALUES])
def test_a_value_that_is_not_for_its_place(pointer: str, call: Call, wrong: Any) -> None:
    if wrong == "released":
        wrong = memoryview(b"{}")
        wrong.release()
    with pytest.raises(ValueError) as raised:
        call(wrong)
    assert type(raised.value) is tidegate.ArgumentValueError
    assert_told(raised.value, pointer)
    assert "secret" not in str(raised.value)
    assert ENGINE.overridden() == []


def test_every_parameter_of_the_public_surface_is_among_these() -> None:
    """What a signature of the package has, and no row above gives, is listed here with its reason."""
    import inspect

    rows = {row[0].split()[0].rstrip("()").replace(",", "") for row in TYPES}
    classes = [tidegate.Engine, tidegate.Gate, tidegate.Feature, tidegate.Context, tidegate.View, tidegate.Client, tidegate.Events]
    missing = []
    for kind in classes:
        for name, method in vars(kind).items():
            method = getattr(method, "__func__", method)
            if name.startswith("_") or not callable(method):
                continue
            takes = [each for each in inspect.signature(method).parameters if each not in ("self", "cls")]
            if takes and f"{kind.__name__}.{name}" not in rows:
                missing.append(f"{kind.__name__}.{name}")
    assert missing == []


def test_mappings_whose_items_are_none() -> None:
    calls: list[tuple[Call, str]] = [
        (lambda wrong: new(wrong), "/process"),
        (lambda wrong: ENGINE.context(wrong), ""),
        (lambda wrong: ENGINE.trace("f", wrong), ""),
        (lambda wrong: ENGINE.set_override("f", value=wrong), "/value"),
    ]
    for items in (3, [1], [("a",)], [("a", 1, 2)], ["ab"], [["a", 1]], None):
        for call, pointer in calls:
            with pytest.raises(tidegate.ArgumentTypeError) as raised:
                call(BadMapping(items))
            assert raised.value.pointer == pointer


def test_what_an_argument_itself_raises_is_not_replaced() -> None:
    class Mine(Exception):
        pass

    class Raises:
        def raises(self, *_: object) -> Any:
            raise Mine

        __float__ = __index__ = __fspath__ = items = raises

    calls: list[Call] = [
        lambda own: new.from_file(own),
        lambda own: from_file(own),
        lambda own: connect(NOBODY, poll_interval=own),
        with_client(lambda client, own: client.wait_ready(own)),
        with_client(lambda client, own: client.events().next(own)),
        lambda own: ENGINE.set_override("f", value=own),
        lambda own: ENGINE.context(a=own),
    ]
    for call in calls:
        with pytest.raises(Mine):
            call(Raises())


@pytest.mark.parametrize(("now", "kind"), [("soon", TypeError), (1.5, TypeError), (None, TypeError), (1 << 70, ValueError)])
def test_a_clock_that_says_no_time_is_told_with_code_and_field(now: Any, kind: type[Exception], caplog: pytest.LogCaptureFixture) -> None:
    engine = tidegate.Engine(clock=lambda: now)
    with caplog.at_level(logging.ERROR, "tidegate"):
        assert engine.view().now_ms > 0
    info = caplog.records[0].exc_info
    assert info is not None and isinstance(info[1], kind) and isinstance(info[1], tidegate.TidegateError)
    assert (info[1].code, info[1].pointer) == ("TG5010", "/clock")


def test_arguments_that_stand_for_others_are_taken(tmp_path: pathlib.Path) -> None:
    class Seconds:
        def __float__(self) -> float:
            return 0.01

    class Name(str):
        pass

    place = tmp_path / "s.json"
    place.write_text(document(3, f=gate()))
    assert new.from_file(place).version == new.from_file(str(place)).version == 3
    engine: Any = new(mode=Name("strict"))
    engine.set_override(Name("f"), value=True, unit=Name("user_id"), id=Name("u"))
    assert engine.check("f", {"user_id": "u"})
    client = _Client(FILE, True, None, {"watch_interval": Seconds()})
    with pytest.raises(tidegate.NotReadyError):
        client.wait_ready(Seconds())  # type: ignore[arg-type]
    client.close()


def test_messages_are_for_people(tmp_path: pathlib.Path) -> None:
    def told(call: Callable[[], object]) -> str:
        with pytest.raises((tidegate.TidegateError, OSError)) as raised:
            call()
        return str(raised.value)

    other = tidegate.Engine().gate("f")
    place = str(tmp_path / "none")
    assert told(lambda: ENGINE.apply_delta("{}")).endswith("expected a delta from version 1, found none that is an integer")
    assert told(lambda: ENGINE.apply_delta('{"from": 9}')).endswith("expected a delta from version 1, found 9")
    assert told(lambda: VIEW.check(other, {})).endswith("expected a handle of this engine, found one of another")
    assert told(lambda: new.from_file(place)) == f"[Errno 2] No such file or directory: {place!r}"
    assert told(lambda: ENGINE.set_override("f")).endswith("found neither")
    assert told(lambda: ENGINE.set_override("f", variant="on", value=1)).endswith("found both")
    assert told(with_one(1e300)).endswith("found 1e300")


def with_one(timeout: float) -> Callable[[], object]:
    wait = with_client(lambda client, wrong: client.wait_ready(wrong))
    return lambda: wait(timeout)
