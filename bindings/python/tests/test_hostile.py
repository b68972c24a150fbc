"""Hosts that do what they should not: nothing crashes, and nothing is decided by what is gone."""

from __future__ import annotations

import gc
import sys
import threading
from typing import Any

import pytest

import tidegate
from support import document, gate, rule, serving, until

LONG = "long enough to be no word of its own"
RULES = [rule("a", "eq", LONG, "ra"), rule("b", "eq", LONG, "rb"), rule("a", "ends_with", "its own", "rc")]


class Key:
    """Hashes like a name, and does something when it is compared."""

    def __init__(self, like: str, does: Any) -> None:
        self.like, self.does = like, does

    def __hash__(self) -> int:
        return hash(self.like)

    def __eq__(self, other: object) -> bool:
        return bool(self.does())


def test_a_dict_that_changes_while_it_is_read() -> None:
    engine = serving(f=gate(*RULES))
    check = engine.gate("f").check
    for _ in range(200):
        context: dict[Any, Any] = {"a": "".join(["no ", "match"])}

        def clear(context: dict[Any, Any] = context) -> bool:
            context.clear()
            context.update({str(at): at for at in range(100)})
            gc.collect()
            return False

        context[Key("b", clear)] = 1
        context["b"] = 1
        check(context)


def test_a_dict_that_changes_while_a_context_is_made_of_it() -> None:
    class Index:
        def __index__(self) -> int:
            attributes.clear()
            attributes.update({str(at): at for at in range(1000)})
            gc.collect()
            return 1

    engine = serving(f=gate(*RULES))
    attributes: dict[str, Any] = {"x": Index(), "a": "".join([LONG, ""])}
    context = engine.context(attributes)
    assert engine.decide("f", context).rule == "ra"
    attributes = {"x": [Index()], "a": LONG}
    assert engine.decide("f", engine.context(attributes)).rule == "ra"
    attributes = {"x": Index()}
    with pytest.raises(tidegate.UseError):
        engine.trace("f", attributes)


def test_a_dict_that_raises_when_it_is_read() -> None:
    engine = serving(f=gate(*RULES))
    context: dict[Any, Any] = {Key("a", lambda: 1 / 0): 1}
    for ask in (engine.gate("f").check, engine.feature("f").decide, engine.evaluate_all, engine.view().evaluate_all):
        with pytest.raises(ZeroDivisionError):
            ask(context)
    assert engine.gate("f").check({"a": LONG})


def test_a_mapping_that_raises_when_it_is_read() -> None:
    class Broken(dict[str, Any]):
        def get(self, name: str, default: Any = None) -> Any:
            if name == "b":
                raise KeyError(name)
            if name == "a":
                raise RuntimeError("mine")

    engine = serving(f=gate(*RULES), g=gate(rule("b", "is_set")))
    with pytest.raises(RuntimeError, match="mine"):
        engine.check("f", Broken())
    assert not engine.check("g", Broken())


def test_decisions_within_a_decision() -> None:
    engine: Any = serving(f=gate(*RULES), g=gate(rule("a", "eq", LONG)))
    answers = []

    def nested() -> bool:
        answers.append(engine.check("g", {"a": LONG}))
        answers.append(engine.gate("g").check({"a": LONG}))
        answers.append(len(engine.evaluate_all({"a": LONG})) == 2)
        answers.append(engine.view().check("g", {"a": LONG}))
        with pytest.raises(tidegate.UseError):
            engine.close()
        engine.load(document(engine.version + 1, f=gate(*RULES), g=gate(rule("a", "eq", LONG))))
        return False

    for _ in range(3):
        engine.check("f", {Key("a", nested): 1, "b": LONG})
    assert answers == [True] * 12


def test_a_decision_that_never_ends_is_a_recursion_error() -> None:
    engine: Any = serving(f=gate(*RULES))

    def again() -> bool:
        return bool(engine.check("f", context))

    context = {Key("a", again): 1}
    with pytest.raises(RecursionError):
        engine.check("f", context)
    assert engine.check("f", {"a": LONG})


def test_a_context_that_is_changed_while_it_is_evaluated() -> None:
    raised: list[str] = []

    def clock() -> int:
        for change in (context.clear, lambda: context.set("a", "x"), lambda: context.unset("a")):
            try:
                change()
            except tidegate.UseError as error:
                raised.append(error.code)
        context.to_dict()
        engine.check("f", {"a": LONG})
        return 0

    late = {"id": "late", "if": {"all": [{"time": {"from": "2020-01-01T00:00:00Z"}}]}, "variant": "on"}
    engine = tidegate.Engine(clock=clock)
    engine.load(document(1, f=gate(rule("a", "eq", LONG)), g=gate(late, rule("a", "eq", LONG))))
    context = engine.context(a=LONG)
    assert engine.check("g", context)
    assert raised == ["TG5002"] * 3
    context.clear()


def test_a_view_is_one_threads_at_a_time() -> None:
    engine = serving(f=gate(*RULES))
    view: Any = engine.view()
    raised = []

    def nested() -> bool:
        with pytest.raises(tidegate.UseError) as error:
            view.check("f", {})
        raised.append(error.value.code)
        return False

    view.check("f", {Key("a", nested): 1})
    assert raised == ["TG5002"]


def test_many_threads_check_while_another_loads() -> None:
    engine = tidegate.Engine(counters=True)
    on, off = gate({"id": "e", "variant": "on"}), gate()
    engine.load(document(1, a=on, b=off))
    stop = threading.Event()
    wrong: list[Any] = []
    checked = [0] * 4

    def check(number: int) -> None:
        try:
            a, b = engine.gate("a"), engine.gate("b")
            own = engine.context(user=str(number))
            while not stop.is_set():
                with engine.view() as view:
                    if view.check(a, own) == view.check(b, own):
                        wrong.append((number, view.version))
                a.check({"user": number})
                b.check(own)
                engine.evaluate_all(own)
                checked[number] += 1
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=check, args=(number,)) for number in range(4)]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for version in range(2, 300):
            first, second = (on, off) if version % 2 else (off, on)
            engine.load(document(version, a=first, b=second))
        until(lambda: min(checked) > 10 or wrong)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(before)
    assert not wrong
    # Of each round: two of the view, two more, two of `evaluate_all`.
    assert sum(each.count for each in engine.drain_exposures()) == sum(checked) * 6


def test_a_callback_that_unsubscribes_others() -> None:
    engine = tidegate.Engine()
    told = []
    subscriptions: list[tidegate.Subscription] = []

    def first(update: tidegate.Update) -> None:
        told.append(1)
        for each in subscriptions:
            each.close()

    subscriptions += [engine.on_update(first), engine.on_update(lambda update: told.append(2))]
    engine.load(document(1))
    engine.load(document(2))
    assert told == [1, 2]


def test_the_last_reference_goes_in_a_callback() -> None:
    holder: list[Any] = [tidegate.Engine()]
    holder[0].on_update(lambda update: holder.clear())
    holder[0].load(document(1))
    gc.collect()
    assert holder == []


@pytest.mark.parametrize("version", [-1, 2**63, 2**64, 1.5, "1", None, [], {}])
def test_odd_versions(version: Any) -> None:
    engine = serving(f=gate())
    with pytest.raises(tidegate.TidegateError):
        engine.load(document(version, f=gate()))
    assert engine.version == 1
