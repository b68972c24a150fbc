"""What Python's values are as attributes, by both doors: set in a context, and read lazily from a dict."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import math
import types
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

import tidegate
from support import document, gate, rule, serving

TYPES = ("boolean", "number", "string", "list", "object")
ENGINE = serving(
    present=gate(rule("a", "is_set")),
    **{kind: gate(rule("a", "is_type", kind)) for kind in TYPES},
    one=gate(rule("a", "eq", 1)),
    x=gate(rule("a", "eq", "x")),
    has_x=gate(rule("a", "contains_any", ["x"])),
    large=gate(rule("a", "gt", 1e18)),
)


class Text(str):
    pass


class Colour(str, enum.Enum):
    X = "x"


class Level(enum.IntEnum):
    ONE = 1


class Whole:
    """As numpy's integers: no int, but it says which one it stands for."""

    def __index__(self) -> int:
        return 1


class Attributes(Mapping[str, Any]):
    def __init__(self, inner: dict[str, Any]) -> None:
        self.inner = inner

    def __getitem__(self, name: str) -> Any:
        return self.inner[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.inner)

    def __len__(self) -> int:
        return len(self.inner)


class Ordered(collections.OrderedDict[str, Any]):
    pass


def by_default(attributes: dict[str, Any]) -> Mapping[str, Any]:
    made: Mapping[str, Any] = collections.defaultdict(lambda: 1 / 0, attributes)
    return made


Door = Callable[[dict[str, Any]], Any]
DOORS: dict[str, Door] = {
    "context": lambda attributes: ENGINE.context(attributes),
    "keywords": lambda attributes: ENGINE.context(**attributes),
    "dict": lambda attributes: attributes,
    "subclass": lambda attributes: Ordered(attributes),
    "defaultdict": by_default,
    "proxy": lambda attributes: types.MappingProxyType(attributes),
    "mapping": lambda attributes: Attributes(attributes),
    "chain": lambda attributes: collections.ChainMap({}, attributes),
}


@pytest.fixture(params=list(DOORS))
def door(request: pytest.FixtureRequest) -> Door:
    return DOORS[request.param]


@pytest.mark.parametrize(
    ("value", "on"),
    [
        (None, set()),
        (True, {"present", "boolean"}),
        (False, {"present", "boolean"}),
        (1, {"present", "number", "one"}),
        (1.0, {"present", "number", "one"}),
        (Level.ONE, {"present", "number", "one"}),
        (Whole(), {"present", "number", "one"}),
        (2, {"present", "number"}),
        (-(2**63), {"present", "number"}),
        (2**63 - 1, {"present", "number", "large"}),
        (2**63, {"present", "number", "large"}),
        (-(2**64), {"present", "number"}),
        (10**308, {"present", "number", "large"}),
        (10**400, set()),
        (math.inf, set()),
        (-math.inf, set()),
        (math.nan, set()),
        ("x", {"present", "string", "x"}),
        (Text("x"), {"present", "string", "x"}),
        (Colour.X, {"present", "string", "x"}),
        ("", {"present", "string"}),
        ("x" * 1_000_000, {"present", "string"}),
        ("h\u00e9 \U0001f600", {"present", "string"}),
        ([], {"present", "list"}),
        (["x", "y"], {"present", "list", "has_x"}),
        (("x",), {"present", "list", "has_x"}),
        (["x", 1, None, ["y"]], {"present", "list", "has_x"}),
        ({}, {"present", "object"}),
        ({"b": 1}, {"present", "object"}),
        (types.MappingProxyType({}), {"present", "object"}),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_value_is_what_json_makes_of_it(door: Door, value: Any, on: set[str]) -> None:
    context = door({"b": 0, "a": value})
    assert {name for name, decision in ENGINE.evaluate_all(context).items() if decision.is_on} == on
    for name in ENGINE.features():
        assert ENGINE.gate(name).check(context) is (name in on)
        assert ENGINE.check(name, context) is (name in on)


@dataclasses.dataclass
class Plain:
    value: int = 1


@pytest.mark.parametrize(
    "value",
    [
        b"x", bytearray(b"x"), {"x"}, frozenset("x"), object(), int, decimal.Decimal(1), fractions.Fraction(1, 2), 1j,
        datetime.datetime.now(datetime.timezone.utc), datetime.date.today(), uuid.uuid4(), Plain(), lambda: 1, range(3),
        ["x", b"x"], ["x", [object()]], iter([]),
    ],
    ids=repr,
)  # fmt: skip
def test_a_value_of_another_type_is_a_type_error_that_names_it(door: Door, value: Any) -> None:
    for ask in (ENGINE.gate("x").check, ENGINE.feature("x").decide, ENGINE.view().evaluate_all):
        with pytest.raises(TypeError) as raised:
            ask(door({"a": value}))
        error = raised.value
        assert isinstance(error, tidegate.ArgumentTypeError)
        assert error.code == tidegate.Code.BAD_CONTEXT
        assert error.pointer.startswith("/a")
        assert "expected None, bool, int, float, str, a list, a tuple or a mapping, found `" in error.message


def test_what_no_test_asks_for_is_not_looked_at() -> None:
    context: Any = {"a": "x", "b": object(), "c": "\ud800", 7: 8}
    assert ENGINE.check("x", context)


@pytest.mark.parametrize("value", ["\ud800", "x\udfff", Text("\ud800"), ["\ud800"]])
def test_a_lone_surrogate_is_a_value_error_that_names_it(door: Door, value: Any) -> None:
    with pytest.raises(ValueError) as raised:
        ENGINE.check("x", door({"a": value}))
    assert isinstance(raised.value, tidegate.ArgumentValueError)
    assert (raised.value.code, raised.value.pointer[:2]) == ("TG5002", "/a")


@pytest.mark.parametrize("context", [None, 1, "x", b"x", [("a", 1)], ("a",), {"a"}, object(), dict, print])
def test_what_is_no_mapping_is_no_context(context: Any) -> None:
    asked: list[Any] = [
        ENGINE.gate("x").check, ENGINE.gate("x"), ENGINE.feature("x").decide, ENGINE.feature("x").value, ENGINE.evaluate_all,
        lambda each: ENGINE.check("x", each), lambda each: ENGINE.check("x", each, True),
        lambda each: ENGINE.check("unknown", each, True), lambda each: ENGINE.decide("unknown", each),
        lambda each: ENGINE.view().check("x", each), lambda each: ENGINE.view().decide("unknown", each),
    ]  # fmt: skip
    for ask in asked:
        with pytest.raises(tidegate.ArgumentTypeError, match="expected a Context or a mapping as context, found `"):
            ask(context)
    if context is not None:
        with pytest.raises(tidegate.ArgumentTypeError):
            ENGINE.context(context)


def test_names_of_attributes_are_strings() -> None:
    with pytest.raises(tidegate.ArgumentTypeError, match="expected a str as name, found `int`"):
        ENGINE.context({1: 2})  # type: ignore[dict-item]
    with pytest.raises(tidegate.ArgumentValueError):
        ENGINE.context({"\ud800": 2})
    with pytest.raises(tidegate.ArgumentTypeError):
        ENGINE.context().set(None, 2)  # type: ignore[arg-type]


def test_a_list_that_contains_itself_comes_to_an_end() -> None:
    deep: list[Any] = []
    deep.append(deep)
    wide: list[Any] = []
    wide.extend([wide, wide])
    for value in (deep, wide):
        for context in (lambda: ENGINE.context(a=value), lambda: {"a": value}):
            with pytest.raises(tidegate.ArgumentValueError):
                ENGINE.check("x", context())


def test_contexts_are_reused() -> None:
    context = ENGINE.context(a="x")
    check = ENGINE.gate("x").check
    assert check(context)
    context.set("a", "y")
    assert not check(context)
    context.update({"a": "x"}, b=1)
    assert check(context)
    assert context.to_dict() == {"a": "x", "b": 1}
    assert repr(context) == "Context({'a': 'x', 'b': 1})"
    context.unset("a")
    assert not check(context)
    context.set("a", Text("x"))
    assert check(context)
    context.clear()
    assert context.to_dict() == {}
    assert not check(context)


def test_what_a_context_was_given_may_go() -> None:
    context = ENGINE.context()
    for at in range(1_000):
        context.set("a", "".join(["long text ", str(at)]))
        context.set("b", ["x", str(at)])
        context.set("a", ["x", str(at)] if at % 2 else "x" * at)
    assert context.to_dict() == {"a": ["x", "999"], "b": ["x", "999"]}
    assert ENGINE.check("has_x", context)


def test_a_context_is_of_one_engine() -> None:
    other = serving(x=gate(rule("a", "eq", "x")))
    context = other.context(a="x")
    for ask in (ENGINE.gate("x").check, ENGINE.evaluate_all, ENGINE.view().evaluate_all):
        with pytest.raises(tidegate.UseError) as raised:
            ask(context)
        assert raised.value.code == tidegate.Code.OTHER_ENGINE
    with pytest.raises(tidegate.UseError):
        ENGINE.trace("x", context)
    with pytest.raises(tidegate.UseError):
        ENGINE.view().check(other.gate("x"), {})
    with pytest.raises(tidegate.UseError):
        ENGINE.view().decide(other.feature("x"), {})


def test_units_of_all_integral_numbers_are_their_text() -> None:
    half = {"id": "r", "rollout": {"percent": 50}, "variant": "on"}
    engine = serving(f={"kind": "gate", "unit": "a", "rules": [half]})
    for number in [*range(200), 2**53, -7]:
        expected = engine.check("f", {"a": str(number)})
        for value in (number, float(number)):
            assert engine.check("f", {"a": value}) is expected
            assert engine.check("f", engine.context(a=value)) is expected


def test_more_attributes_than_have_a_place_at_hand() -> None:
    names = [f"attribute_{at}" for at in range(100)]
    rules = [rule(name, "eq", f"long enough to be no word {name}", name) for name in names]
    engine = serving(f=gate(*rules))
    for name in names:
        attributes = {name: f"long enough to be no word {name}"}
        assert engine.decide("f", attributes).rule == name
        assert engine.decide("f", engine.context(attributes)).rule == name
    assert engine.decide("f", dict.fromkeys(names, "no")).rule is None
    assert engine.load(document(2, f=gate(*rules))).version == 2


def test_names_with_all_characters() -> None:
    names = ["", "a b", "\0", "a\0b", "h\u00e9", "\U0001f600", "x" * 100, "a/b~c"]
    engine = serving(**{f"f{at}": gate(rule(name, "is_set")) for at, name in enumerate(names) if name})
    for at, name in enumerate(names):
        if name:
            assert engine.check(f"f{at}", {name: 1})
            assert engine.check(f"f{at}", engine.context({name: 1}))
    with pytest.raises(tidegate.ArgumentTypeError) as raised:
        engine.check(f"f{len(names) - 1}", {"a/b~c": b""})
    assert raised.value.pointer == "/a~1b~0c"


def test_a_scalar_stays_however_often_a_list_is_set() -> None:
    engine = tidegate.Engine(keep_source=True)
    engine.load(document(1, f=gate({"id": "r", "if": {"attribute": "blocked", "op": "eq", "value": True}, "variant": "on"})))
    context = engine.context(tags=["a"], blocked=True, seats=5, share=0.5, address={"zip": 1})
    for i in range(500):
        context.set("tags", [str(i)])
        assert engine.check("f", context)
    assert engine.check("f", {"blocked": True, "tags": ["1"]})
