"""Every case of testdata/cases, by each door: a context, a dict that is read lazily, another mapping; by handle, by name, in a view.

The trace is decided a second time, by another evaluator; its buckets are compared with the oracle's arithmetic.
"""

from __future__ import annotations

import json
import pathlib
import sys
import types
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

import tidegate

ROOT = pathlib.Path(__file__).resolve().parents[3]
FIELDS = ("feature", "value", "variant", "reason", "rule", "release", "phase", "indirect", "version")

sys.path.insert(0, str(ROOT / "oracle"))
import operands  # type: ignore[import-not-found]  # noqa: E402


def same(a: Any, b: Any) -> bool:
    """Equal JSON: 1 equals 1.0, true is no number."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


def milliseconds(now: int | str) -> int:
    if isinstance(now, int):
        return now
    return round(datetime.fromisoformat(now.replace("Z", "+00:00")).timestamp() * 1000)


def cases() -> Iterator[Any]:
    for path in sorted((ROOT / "testdata" / "cases").glob("*.json")):
        file = json.loads(path.read_text(encoding="utf-8"))
        for case in file["cases"]:
            yield pytest.param(file, case, id=f"{path.stem}/{case['name']}")


ALL = list(cases())


def document(file: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    if "if" in case:
        rule = {"id": "r", "if": case["if"], "variant": "on"}
        feature = {"kind": "gate", "unit": "user_id", "rules": [rule]}
        return {"schema_version": 1, "version": 1, "features": {"f": feature}}
    found: dict[str, Any] = case["snapshot"] if "snapshot" in case else file["snapshot"]
    return found


def buckets(node: Any) -> Iterator[dict[str, Any]]:
    """Whatever in a trace names a salt, a unit and a bucket."""
    if isinstance(node, dict):
        if {"salt", "text", "bucket"} <= node.keys() and node["bucket"] is not None:
            yield node
        for child in node.values():
            yield from buckets(child)
    elif isinstance(node, list):
        for child in node:
            yield from buckets(child)


def test_there_are_cases() -> None:
    assert len(ALL) >= 300


@pytest.mark.parametrize(("file", "case"), ALL)
def test_case(file: dict[str, Any], case: dict[str, Any]) -> None:
    now = milliseconds(case.get("now", 1_700_000_000_000))
    engine = tidegate.Engine(
        case.get("process", {}), mode=case.get("mode", "strict"), keep_source=True, clock=lambda: now
    )
    engine.load(json.dumps(document(file, case)))
    name, attributes, expect = case.get("feature", "f"), case.get("context", {}), case["expect"]
    gate, feature, view = engine.gate(name), engine.feature(name), engine.view()

    decisions = []
    for context in (engine.context(attributes), attributes, types.MappingProxyType(attributes)):
        decision = feature.decide(context)
        assert decision.to_dict() == engine.decide(name, context).to_dict() == view.decide(name, context).to_dict()
        everything = engine.evaluate_all(context)
        if name in everything:
            assert everything[name].to_dict() == decision.to_dict()
        else:
            assert decision.reason == "unknown_feature"
        on = gate.check(context)
        assert on is gate(context) is engine.check(name, context) is view.check(gate, context) is view.check(name, context)
        if isinstance(expect, bool):
            assert on is expect, decision
        else:
            wrong = [key for key in expect if not same(expect[key], decision.to_dict()[key])]
            assert not wrong, decision.to_dict()
        trace = engine.trace(name, context)
        assert trace["check"] is on
        assert {key: trace["decision"][key] for key in FIELDS} == decision.to_dict()
        for step in buckets(trace["steps"]):
            assert operands.bucket(step["salt"], step["text"]) == step["bucket"]
        decisions.append(decision.to_dict())
    assert decisions[0] == decisions[1] == decisions[2]


def test_buckets_are_those_of_the_vectors() -> None:
    """A share that ends just at a unit's bucket has it outside, and one that is larger by one has it inside."""
    vectors = json.loads((ROOT / "testdata" / "vectors" / "bucket.json").read_text(encoding="utf-8"))
    features: dict[str, Any] = {}
    for at, vector in enumerate(vectors):
        for end in (vector["bucket"], vector["bucket"] + 1):
            condition = {"bucket": {"unit": "u", "salt": vector["salt"], "from": 0, "to": end}}
            if end > 0:
                features[f"{at}-{end}"] = {"kind": "gate", "rules": [{"id": "r", "if": condition, "variant": "on"}]}
    engine = tidegate.Engine(mode="strict")
    engine.load(json.dumps({"schema_version": 1, "version": 1, "features": features}))
    for at, vector in enumerate(vectors):
        bucket = vector["bucket"]
        for context in ({"u": vector["unit"]}, engine.context(u=vector["unit"])):
            if vector["unit"] == "":
                continue
            assert engine.check(f"{at}-{bucket + 1}", context)
            assert not engine.check(f"{at}-{bucket}", context)
