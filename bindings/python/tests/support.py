"""What several tests need."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

import tidegate

T = TypeVar("T")

DEADLINE_S = 60.0


def rule(attribute: str, op: str, value: Any = None, name: str = "r") -> dict[str, Any]:
    condition = {"attribute": attribute, "op": op}
    if value is not None:
        condition["value"] = value
    return {"id": name, "if": condition, "variant": "on"}


def gate(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"kind": "gate", "rules": list(rules), **more}


def config(value: Any) -> dict[str, Any]:
    return {"kind": "config", "variants": {"v": value}, "default": "v"}


def document(version: int = 1, **features: Any) -> str:
    return json.dumps({"schema_version": 1, "version": version, "features": features})


def serving(**features: Any) -> tidegate.Engine:
    engine = tidegate.Engine()
    engine.load(document(**features))
    return engine


def until(what: Callable[[], T | None]) -> T:
    """Waits until something is so, and gives it."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < deadline, "it did not come in time"
        time.sleep(0.01)


def run(script: str, *arguments: str, code: int = 0) -> str:
    """Runs a script in another interpreter; what it printed."""
    command = [sys.executable, "-X", "faulthandler", "-W", "error", "-c", script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S)
    assert done.returncode == code, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr
