"""Engines: documents, handles, decisions, views, overrides, counters, callbacks, and their end."""

from __future__ import annotations

import copy
import gc
import json
import logging
import pathlib
import pickle
import weakref
from typing import Any

import pytest

import tidegate
import tidegate as library
from support import config, document, gate, rule, serving

EVERYONE = {"id": "everyone", "variant": "on"}


def test_a_document_is_served_until_the_next() -> None:
    engine = tidegate.Engine({"environment": "prod"})
    assert (engine.version, engine.features(), repr(engine)) == (0, [], "Engine(version=0)")
    checkout = engine.gate("checkout")
    assert not checkout.check({})
    first = engine.load(document(3, checkout=gate(EVERYONE), b=gate()))
    assert first == tidegate.Update(0, 3, ("b", "checkout"), 2, (), ())
    assert checkout.check({})
    second = engine.load(document(4, checkout=gate(), b=gate()).encode())
    assert (second.previous, second.changed, second.recompiled) == (3, ("checkout",), 1)
    assert not checkout.check({})
    third = engine.apply_delta(json.dumps({"from": 4, "version": 5, "features": {"checkout": gate(EVERYONE), "b": None}}))
    assert (third.version, third.changed) == (5, ("b", "checkout"))
    assert engine.features() == ["checkout"]
    with pytest.raises(tidegate.UseError) as raised:
        engine.apply_delta(b'{"from": 1, "version": 9}')
    assert raised.value.code == tidegate.Code.DELTA_BASE


@pytest.mark.parametrize("kind", [str, str.encode, lambda text: bytearray(text.encode()), lambda text: memoryview(text.encode())])
def test_documents_are_bytes_or_text(kind: Any) -> None:
    engine = tidegate.Engine()
    assert engine.load(kind(document(7, f=gate()))).version == 7


@pytest.mark.parametrize("wrong", [None, 1, {}, ["x"], object(), pathlib.Path("x")])
def test_other_documents_are_type_errors(wrong: Any) -> None:
    engine = tidegate.Engine()
    for load in (engine.load, engine.apply_delta):
        with pytest.raises(TypeError) as raised:
            load(wrong)
        assert raised.value.code == "TG5010"  # type: ignore[attr-defined]
        assert raised.value.pointer == "/document"  # type: ignore[attr-defined]


def test_what_does_not_compile_is_raised_whole_and_the_old_stays() -> None:
    engine = tidegate.Engine(mode="strict")
    engine.load(document(1, f=gate(EVERYONE)))
    bad = document(
        2,
        f=gate(rule("a", "eqq", 1), {"id": "s", "variant": "none"}),
        g=gate({"id": "r", "rollout": {"percent": 101}, "variant": "on"}),
    )
    with pytest.raises(tidegate.DefinitionError) as raised:
        engine.load(bad)
    error = raised.value
    found = {(each.code, each.pointer) for each in error.diagnostics if each.severity == "error"}
    assert {
        ("TG2020", "/features/f/rules/0/if/op"),
        ("TG2003", "/features/f/rules/1/variant"),
        ("TG2010", "/features/g/rollout/percent".replace("/g/", "/g/rules/0/")),
    } <= found
    assert error.code == error.diagnostics[0].code
    assert str(error).startswith(f"error[{error.code}] at {error.pointer}: {error.message}")
    assert "more)" in str(error)
    assert engine.version == 1
    assert engine.check("f", {})
    copied = pickle.loads(pickle.dumps(error))
    assert (type(copied), copied.code, copied.diagnostics) == (type(error), error.code, error.diagnostics)
    for text in (b"", b"[", b"\xff", b"{}", b"[]", b'{"schema_version": 99, "version": 3, "features": {}}'):
        with pytest.raises(tidegate.DocumentError):
            engine.load(text)
    with pytest.raises(tidegate.TidegateError, match="TG5003"):
        engine.load(document(0))
    assert engine.version == 1


def test_lenient_isolates() -> None:
    engine = tidegate.Engine()
    update = engine.load(document(1, f=gate(rule("a", "eqq", 1)), g=gate(EVERYONE)))
    assert update.isolated == ("f",)
    assert update.diagnostics[0].code == "TG2020"
    assert update.diagnostics[0].hint is not None
    assert (engine.decide("f", {}).reason, engine.decide("f", {}).value) == ("invalid_definition", None)
    assert engine.check("f", {}) is False
    assert engine.check("f", {}, default=True) is True
    assert engine.check("g", {})
    constant = engine.load(document(2, f=gate(), g=gate(EVERYONE, {"id": "late", "variant": "on"})))
    assert [each.code for each in constant.warnings] == ["TG6001"]


def test_an_unknown_feature_is_the_default_and_never_raises() -> None:
    engine: Any = serving(f=gate(EVERYONE))
    assert engine.check("nope", {}) is False
    assert engine.check("nope", {}, default=True) is True
    assert engine.check("nope", {}, None) is None
    assert engine.check("f", {}, default=False) is True
    decision = engine.decide("nope", {})
    assert (decision.feature, decision.value, decision.variant, decision.reason) == ("nope", None, None, "unknown_feature")
    assert (decision.version, decision.is_on, decision.rule) == (1, False, None)
    assert engine.feature("nope").decide({}).reason == "unknown_feature"
    assert engine.feature("nope").value({}, 7) == 7
    assert engine.view().decide("nope", {}).reason == "unknown_feature"
    assert engine.gate("nope").check({}) is False
    assert "nope" not in engine.evaluate_all({})
    huge = "x" * 1_000_000
    assert engine.decide(huge, {}).feature == huge


@pytest.mark.parametrize("name", [None, 1, b"f", [], object()])
def test_names_are_strings(name: Any) -> None:
    engine: Any = serving(f=gate())
    asked = [
        engine.gate, engine.feature, engine.clear_override, lambda each: engine.check(each, {}),
        lambda each: engine.check(each, {}, 1), lambda each: engine.decide(each, {}),
        lambda each: engine.view().decide(each, {}), lambda each: engine.set_override(each, value=1),
        lambda each: engine.trace(each, {}), lambda each: engine.explain(each, {}),
    ]  # fmt: skip
    for ask in asked:
        with pytest.raises(tidegate.ArgumentTypeError) as raised:
            ask(name)
        assert (raised.value.code, raised.value.pointer) == ("TG5010", "/name")
    with pytest.raises(tidegate.ArgumentValueError):
        engine.check("\ud800", {})


def test_calls_with_other_arguments_are_type_errors() -> None:
    engine: Any = serving(f=gate())
    tidegate: Any = library
    for call in (
        lambda: engine.check(), lambda: engine.check("f"), lambda: engine.check("f", {}, 1, 2),
        lambda: engine.check("f", {}, 1, default=2), lambda: engine.check("f", {}, other=2), lambda: engine.check("f", context={}),
        lambda: engine.gate("f").check(), lambda: engine.gate("f").check({}, {}), lambda: engine.gate("f").check(context={}),
        lambda: engine.gate("f")(), lambda: engine.decide("f"), lambda: engine.load(),
        lambda: engine.on_update(3), lambda: tidegate.Engine(clock=3), lambda: tidegate.Engine(process=3),
        lambda: tidegate.Engine(process={1: 2}), lambda: tidegate.Engine(process={"a": object()}),
        lambda: tidegate.Engine(mode=3), lambda: engine.set_override("f", variant=3),
        lambda: tidegate.Gate(), lambda: tidegate.Context(), lambda: tidegate.Decision(),
        lambda: type(engine.gate("f")).check(3, {}), lambda: tidegate.Engine.check(3, "f", {}),
        lambda: type("Own", (tidegate.Engine,), {}),
    ):  # fmt: skip
        with pytest.raises(TypeError):
            call()
    for wrong in ({"mode": "x"}, {"process": {"a": float("nan")}}):
        with pytest.raises(tidegate.ArgumentValueError):
            tidegate.Engine(**wrong)


def test_typed_reads(caplog: pytest.LogCaptureFixture) -> None:
    values: dict[str, Any] = {
        "flag": True, "count": 25, "whole": 2.0, "ratio": 0.75, "text": "h\u00e9", "none": None, "list": [1, "x", None],
        "object": {"a": {"b": [1.5, False]}}, "strings": ["a", "b"], "big": 2**60,
    }  # fmt: skip
    engine = serving(**{name: config(value) for name, value in values.items()})
    for name, value in values.items():
        feature = engine.feature(name)
        assert feature.value({}) == value
        assert type(feature.value({})) in (type(value), int)
        assert feature.name == name
    assert engine.feature("flag").bool({}, False) is True
    assert engine.feature("count").int({}, 0) == 25
    assert engine.feature("whole").int({}, 0) == 2
    assert engine.feature("count").float({}, 0.5) == 25.0
    assert engine.feature("ratio").float({}, 0.5) == 0.75
    assert engine.feature("text").str({}, "") == "h\u00e9"
    assert engine.feature("nope").str({}, default="mine") == "mine"
    with caplog.at_level(logging.WARNING, "tidegate"):
        assert engine.feature("text").int({}, 7) == 7
        assert engine.feature("flag").int({}, 7) == 7
        assert engine.feature("ratio").int({}, 7) == 7
        assert engine.feature("count").bool({}, True) is True
        assert engine.feature("list").str({}, "mine") == "mine"
    assert len(caplog.records) == 5
    assert "'text': expected a value that is an integer, found string" in caplog.records[0].getMessage()


def test_decisions_outlive_what_made_them() -> None:
    engine = serving(f=gate(rule("a", "eq", "x", "mine")), c=config({"a": [1]}))
    decisions = [engine.decide("f", {"a": "x"}), *engine.evaluate_all({"a": "x"}).values()]
    for at in range(50):
        engine.load(document(2 + at, f=gate(), **{f"x{at}": gate()}))
    del engine
    gc.collect()
    assert decisions[0].to_dict() == {
        "feature": "f", "value": True, "variant": "on", "reason": "rule", "rule": "mine", "release": None, "phase": None,
        "indirect": False, "version": 1,
    }  # fmt: skip
    assert {each.feature: each.value for each in decisions} == {"f": True, "c": {"a": [1]}}
    assert repr(decisions[0]) == "Decision(feature=\"f\", value=True, reason=\"rule\")"


def test_a_view_stays_with_its_version() -> None:
    engine = serving(f=gate(EVERYONE))
    with engine.view() as view:
        engine.load(document(2, f=gate(), g=gate(EVERYONE)))
        assert (view.version, engine.version) == (1, 2)
        assert view.check("f", {}) and view.check(engine.gate("f"), {}) and view.check(engine.feature("f"), {})
        assert not view.check("g", {})
        assert view.decide("g", {}).reason == view.decide(engine.gate("g"), {}).reason == "unknown_feature"
        assert set(view.evaluate_all({})) == {"f"}
        assert view.now_ms > 1_700_000_000_000
        assert repr(view) == "View(version=1)"
        decision = view.decide("f", {})
    assert decision.is_on
    for ask in (lambda: view.check("f", {}), lambda: view.decide("f", {}), lambda: view.evaluate_all({})):
        with pytest.raises(tidegate.ClosedError) as raised:
            ask()
        assert raised.value.code == tidegate.Code.CLOSED
    view.close()


def test_overrides() -> None:
    engine = serving(f=gate(), c={"kind": "config", "variants": {"a": 1, "b": 2}, "default": "a"})
    engine.set_override("f", value=True, unit="user_id", id="u-1")
    engine.set_override("c", variant="b")
    engine.set_override("new", value={"a": [1, None, 2.5]})
    assert engine.overridden() == ["c", "f", "new"]
    assert engine.check("f", {"user_id": "u-1"}) and not engine.check("f", {"user_id": "u-2"})
    assert engine.decide("c", {}).to_dict()["reason"] == "override"
    assert engine.feature("c").value({}) == 2
    assert engine.feature("new").value({}) == {"a": [1, None, 2.5]}
    engine.clear_override("c")
    engine.clear_override("nothing")
    assert engine.feature("c").value({}) == 1
    engine.clear_overrides()
    assert engine.overridden() == []
    with pytest.raises(tidegate.UseError) as raised:
        engine.set_override("c", variant="none")
    assert raised.value.code == tidegate.Code.BAD_OVERRIDE
    either: Any
    for either in ({}, {"variant": "b", "value": 2}, {"value": 1, "unit": "u"}, {"value": 1, "id": "u"}):
        with pytest.raises(tidegate.ArgumentValueError):
            engine.set_override("c", **either)
    with pytest.raises(tidegate.ArgumentTypeError):
        engine.set_override("c", value=object())


def test_exposures_are_counted_and_drained() -> None:
    engine = tidegate.Engine(counters=True)
    engine.load(document(1, f=gate(rule("a", "eq", 1)), c=config(1)))
    check, context = engine.gate("f").check, engine.context(a=1)
    for _ in range(10):
        check(context)
        check({"a": 2})
    engine.evaluate_all({})
    view = engine.view()
    view.check("f", context)
    rows = {(each.feature, each.variant): each.count for each in engine.drain_exposures()}
    assert rows == {("f", "on"): 11, ("f", "off"): 11, ("c", "v"): 1}
    assert engine.drain_exposures() == []
    assert serving(f=gate()).drain_exposures() == []


def test_traces_explain() -> None:
    engine = tidegate.Engine({"region": "eu"}, keep_source=True, clock=lambda: 5)
    engine.load(document(1, f=gate(rule("plan", "eq", "pro"))))
    for context in ({"plan": "pro"}, engine.context(plan="pro")):
        trace = engine.trace("f", context)
        assert trace["check"] is True and trace["decision"]["rule"] == "r"
        assert "rule `r`" in engine.explain("f", context)
    assert "plan" in (engine.listing("f") or "")
    assert engine.listing("nope") is None
    assert engine.listing() is not None
    with pytest.raises(tidegate.UseError):
        serving(f=gate()).trace("f", {})
    with pytest.raises(tidegate.ArgumentTypeError) as raised:
        engine.trace("f", {"plan": b"pro"})
    assert raised.value.pointer == "/plan"


def test_snapshots_are_pickled() -> None:
    engine = tidegate.Engine(keep_source=True)
    text = document(9, f=gate(EVERYONE), a=gate())
    engine.load(text)
    snapshot = engine.snapshot()
    assert (snapshot.version, snapshot.features, snapshot.document) == (9, ("a", "f"), text.encode())
    assert snapshot.memory > 0
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(snapshot, protocol)) == snapshot
    assert copy.deepcopy(snapshot) == snapshot
    other = tidegate.Engine()
    other.load(pickle.loads(pickle.dumps(snapshot)))
    assert other.check("f", {})
    assert other.snapshot().document is None
    with pytest.raises(tidegate.ArgumentValueError):
        tidegate.Engine().load(other.snapshot())
    with pytest.raises(TypeError):
        pickle.dumps(engine)
    for record in (engine.load(document(10)), tidegate.Diagnostic("TG1000", "error", "", ""), tidegate.Event("fresh")):
        assert pickle.loads(pickle.dumps(record)) == record


def test_files(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "snapshot.json"
    path.write_text(document(4, f=gate(EVERYONE)))
    for given in (path, str(path)):
        with tidegate.Engine.from_file(given, {"region": "eu"}, mode="strict") as engine:
            assert engine.check("f", {})
    with pytest.raises(FileNotFoundError) as missing:
        tidegate.Engine.from_file(tmp_path / "none")
    assert missing.value.filename == str(tmp_path / "none")
    with pytest.raises(IsADirectoryError):
        tidegate.Engine.from_file(tmp_path)
    path.write_text("[")
    with pytest.raises(tidegate.DocumentError):
        tidegate.Engine.from_file(path)


def test_the_clock_is_the_hosts(caplog: pytest.LogCaptureFixture) -> None:
    now: list[Any] = [0]
    engine = tidegate.Engine(clock=lambda: now[0])
    late = {"id": "r", "if": {"time": {"from": "2020-01-01T00:00:00Z"}}, "variant": "on"}
    engine.load(document(f=gate(late)))
    gate_ = engine.gate("f")
    assert not gate_.check({})
    now[0] = 1_700_000_000_000
    assert gate_.check({}) and gate_.check(engine.context())
    for wrong in (None, "x", 1.5, 2**80):
        now[0] = wrong
        caplog.clear()
        assert gate_.check({}), "the system's clock"
        assert "the clock of an engine raised" in caplog.text


def test_updates_are_told(caplog: pytest.LogCaptureFixture) -> None:
    engine = tidegate.Engine()
    told: list[tidegate.Update] = []

    def fails(update: tidegate.Update) -> None:
        raise ValueError("mine")

    failing = engine.on_update(fails)
    subscription = engine.on_update(told.append)
    with caplog.at_level(logging.INFO, "tidegate"):
        update = engine.load(document(1, f=gate(rule("a", "eqq", 1))))
    assert told == [update]
    messages = [record.getMessage() for record in caplog.records]
    assert messages[0] == "version 1 after 0: 1 features changed"
    assert any("TG2020" in message for message in messages)
    assert "a callback of `on_update` raised" in messages
    assert "ValueError: mine" in caplog.text
    failing.close()
    failing.close()
    with subscription:
        engine.load(document(2))
    engine.load(document(3))
    assert [each.version for each in told] == [1, 2]


def test_a_callback_may_do_what_it_likes() -> None:
    engine = tidegate.Engine()
    seen: list[Any] = []

    def callback(update: tidegate.Update) -> None:
        seen.append((update.version, engine.check("f", {}), engine.version))
        if update.version < 20:
            engine.load(document(update.version + 1, f=gate(EVERYONE)))
        else:
            subscription.close()
            engine.close()

    subscription = engine.on_update(callback)
    engine.load(document(1, f=gate()))
    assert [version for version, *_ in seen] == list(range(1, 21))
    assert engine.closed


def test_engines_and_their_callbacks_are_collected() -> None:
    class Host:
        def __init__(self) -> None:
            self.engine = tidegate.Engine(clock=self.now)
            self.gate = self.engine.gate("f")
            self.context = self.engine.context(a=1)
            self.view = self.engine.view()
            self.subscription = self.engine.on_update(self.told)

        def now(self) -> int:
            return 0

        def told(self, update: tidegate.Update) -> None:
            pass

    host = Host()
    gone = [weakref.ref(each) for each in (host, host.engine, host.gate, host.context, host.view)]
    del host
    gc.collect()
    assert [each() for each in gone] == [None] * 5


def test_after_close_everything_raises_and_nothing_crashes() -> None:
    engine = serving(f=gate(EVERYONE))
    gate_, feature, context, view, told = (
        engine.gate("f"), engine.feature("f"), engine.context(a=1), engine.view(), engine.on_update(print),
    )  # fmt: skip
    decision = engine.decide("f", {})
    with engine as same:
        assert same is engine and not engine.closed
    engine.close()
    assert engine.closed
    for call in (
        lambda: gate_.check({}), lambda: gate_.check(context), lambda: gate_({}), lambda: feature.decide({}),
        lambda: feature.bool({}, True), lambda: engine.check("f", {}), lambda: engine.check("f", {}, 1),
        lambda: engine.check("nope", {}), lambda: engine.decide("f", {}), lambda: engine.decide("nope", {}),
        lambda: engine.evaluate_all({}), lambda: engine.view(), lambda: engine.load(document()), lambda: engine.gate("f"),
        lambda: engine.feature("f"), lambda: engine.context(), lambda: engine.features(), lambda: engine.snapshot(),
        lambda: engine.set_override("f", value=1), lambda: engine.overridden(), lambda: engine.drain_exposures(),
        lambda: engine.on_update(print), lambda: engine.trace("f", {}), lambda: engine.listing(),
    ):  # fmt: skip
        with pytest.raises(tidegate.ClosedError):
            call()
    told.close()
    context.set("a", 2)
    assert decision.is_on and view.check("f", {}), "what was made before stays"


def test_codes_have_meanings() -> None:
    assert tidegate.Code("TG2003") is tidegate.Code.UNKNOWN_VARIANT
    assert tidegate.SEMANTICS == 1
    assert tidegate.__version__.count(".") == 2
