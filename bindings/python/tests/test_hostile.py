"""Hosts that do what they should not: nothing crashes, and nothing is decided by what is gone."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

import tidegate
from support import document, gate, rule, serving, until
from tidegate._tidegate import _after_fork, _before_fork

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
    # A look-up may pass the same key twice, as its hash falls.
    assert len(answers) >= 12 and all(answers)


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
    assert set(raised) == {"TG5002"}


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


@pytest.mark.parametrize(
    "call",
    [
        lambda engine: engine.snapshot(), lambda engine: engine.trace("f", {}), lambda engine: engine.explain("f", {}),
        lambda engine: engine.gate("new"), lambda engine: engine.overridden(), lambda engine: engine.drain_exposures(),
        lambda engine: engine.load(document(2)), lambda engine: engine.set_override("f", value=1),
        lambda engine: engine.clear_overrides(),
    ],
)  # fmt: skip
def test_what_waits_for_others_lets_them_run(call: Any) -> None:
    engine = tidegate.Engine(counters=True, keep_source=True)
    engine.load(document(1, f=gate()))
    began, go, order = threading.Event(), threading.Event(), list[str]()

    def other() -> None:
        # Whatever takes an engine's lock waits until this thread has forked.
        _before_fork()
        began.set()
        go.wait()
        order.append("other")
        _after_fork(False)

    thread = threading.Thread(target=other)
    thread.start()
    began.wait()
    before = sys.getswitchinterval()
    # From here on, the other runs only when this one lets it.
    sys.setswitchinterval(1_000)
    try:
        go.set()
        call(engine)
        order.append("call")
    finally:
        sys.setswitchinterval(before)
        thread.join()
    assert order == ["other", "call"]


class Odd:
    """Raises when it is asked what it is."""

    def __init__(self, error: type[BaseException]) -> None:
        object.__setattr__(self, "error", error)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        raise object.__getattribute__(self, "error")("mine")


@pytest.mark.parametrize("error", [RecursionError, MemoryError, ZeroDivisionError, TypeError, KeyboardInterrupt])
def test_what_is_raised_when_a_value_is_asked_what_it_is_comes_out(error: type[BaseException]) -> None:
    engine: Any = serving(f=gate(*RULES))
    odd = Odd(error)
    context = engine.context()
    new: Any = tidegate.Engine
    calls: list[Callable[[], object]] = [
        lambda: engine.check("f", odd), lambda: engine.gate("f").check({"a": odd}), lambda: engine.decide("f", {"a": [odd]}),
        lambda: engine.context(odd), lambda: context.set("a", odd), lambda: context.update({"a": [[odd]]}),
        lambda: engine.trace("f", odd), lambda: engine.trace("f", {"a": odd}), lambda: engine.set_override("f", value=odd),
        lambda: new(odd), lambda: new({"a": odd}), lambda: engine.view().check("f", odd),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(error, match="mine") as raised:
            call()
        assert type(raised.value) is error
    assert engine.check("f", {"a": LONG})


def test_an_error_that_cannot_be_made_for_lack_of_stack_is_a_recursion_error() -> None:
    engine: Any = serving(f=gate(*RULES))

    def dive(depth: int) -> Any:
        return dive(depth - 1) if depth else engine.check("f", 5)

    found = set()
    for depth in range(sys.getrecursionlimit()):
        try:
            dive(depth)
        except Exception as error:
            found.add(type(error))
    assert found == {tidegate.ArgumentTypeError, RecursionError}


class Endless(list[Any]):
    """Longer than it says."""

    def __init__(self) -> None:
        super().__init__()
        self.given = 0

    def __iter__(self) -> Iterator[Any]:
        while True:
            self.given += 1
            yield "x"


class EndlessItems(Mapping[str, Any]):
    """As `Endless`."""

    given = 0

    def items(self) -> Any:
        while True:
            self.given += 1
            yield str(self.given), 1

    def __getitem__(self, name: str) -> Any:
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


@pytest.mark.parametrize("kind", [Endless, EndlessItems])
def test_a_value_without_an_end_is_too_large(kind: type[Any]) -> None:
    engine: Any = serving(f=gate(*RULES))
    calls: list[tuple[Callable[[Any], object], str]] = [(lambda own: engine.set_override("f", value=own), "/value")]
    if kind is Endless:
        calls += [(lambda own: engine.check("f", {"a": own}), "/a"), (lambda own: engine.context(a=own), "/a")]
    else:
        calls += [(lambda own: engine.context(own), ""), (lambda own: tidegate.Engine(own), "/process")]
    for call, place in calls:
        own = kind()
        with pytest.raises(tidegate.ArgumentValueError, match="expected at most 1000000 values, found more") as raised:
            call(own)
        assert raised.value.pointer.startswith(place)
        assert own.given <= 1_000_001
    assert engine.overridden() == []


def test_a_decision_of_a_handle_that_no_document_knows_outlives_its_engine() -> None:
    names = [f"no document has a feature of this name, {number}" for number in range(500)]
    decisions = []
    for _ in range(3):
        engine: Any = serving(f=gate(*RULES))
        with engine.view() as view:
            handles = [engine.feature(name) for name in names]
            decisions += [handle.decide({}) for handle in handles] + [view.decide(handle, {}) for handle in handles]
        del engine, view, handles
        gc.collect()
    assert [decision.feature for decision in decisions] == names * 6
    assert {(decision.reason, decision.version, decision.value) for decision in decisions} == {("unknown_feature", 1, None)}
