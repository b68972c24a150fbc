"""The flags of the OpenFeature specification as a Tidegate snapshot; translated when the tests run, never kept."""
from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from serving import ROOT

CONFORMANCE = Path(os.environ.get("TIDEGATE_CONFORMANCE", ROOT.parent / "shared" / "conformance")) / "openfeature"

CHOICE = re.compile(r"(?P<condition>.+) \? '(?P<variant>[^']*)' : ''")
TESTS = (
    (re.compile(r"(\w+) == '([^']*)'"), "eq", str),
    (re.compile(r"(\w+) > (\d+)"), "gt", int),
)


def test_of(text: str) -> dict[str, Any]:
    """`!a`, `a == 'b'` or `a > 1` as a condition."""
    if text.startswith("!"):
        return {"not": {"attribute": text[1:], "op": "eq", "value": True}}
    for pattern, op, kind in TESTS:
        if found := pattern.fullmatch(text):
            return {"attribute": found[1], "op": op, "value": kind(found[2])}
    raise ValueError(f"expected a test, found {text!r}")


def rule_of(text: str) -> dict[str, Any]:
    """`a && b ? 'variant' : ''` as a rule."""
    found = CHOICE.fullmatch(text)
    if found is None:
        raise ValueError(f"expected a choice of a variant, found {text!r}")
    conditions = [test_of(part.strip()) for part in found["condition"].split("&&")]
    return {"id": "context", "if": conditions[0] if len(conditions) == 1 else {"all": conditions}, "variant": found["variant"]}


def feature_of(flag: dict[str, Any]) -> dict[str, Any]:
    """A flag as a feature. Metadata has no place in a feature."""
    gate = all(isinstance(value, bool) for value in flag["variants"].values())
    feature = {"kind": "gate" if gate else "config", "variants": flag["variants"], "default": flag["defaultVariant"]}
    if "contextEvaluator" in flag:
        feature["rules"] = [rule_of(flag["contextEvaluator"])]
    if flag.get("disabled"):
        feature["enabled"] = False
    return feature


def snapshot() -> str:
    """The document. A flag without a default variant is none that Tidegate can have; no scenario asks for one."""
    flags: dict[str, dict[str, Any]] = json.loads((CONFORMANCE / "test-flags.json").read_text("utf-8"))
    features = {key: feature_of(flag) for key, flag in flags.items() if flag.get("defaultVariant") is not None}
    return json.dumps({"schema_version": 1, "version": 1, "features": features})
