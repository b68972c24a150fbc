"""What a decision costs from Python: ours, an empty call through the same boundary, and the same check in pure Rust, in one run.

    make bench-python

The workload is that of testdata/bench/workload.py. All answers are compared with those of pure Rust before anything is timed.
Each figure is the median of ROUNDS rounds, in turns, so that what disturbs one disturbs all; what the loop itself costs is taken
away, and said.
"""

from __future__ import annotations

import gc
import json
import pathlib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import tidegate
from tidegate._tidegate import _bench

ROOT = pathlib.Path(__file__).resolve().parents[3]
DATA = ROOT / "target" / "bench-data"
ROUNDS = 301

Users = list[dict[str, str]]


def workload() -> tuple[bytes, list[str], Users]:
    if not (DATA / "stamp").exists():
        subprocess.run([sys.executable, ROOT / "testdata" / "bench" / "workload.py", DATA], check=True)
    gates = [gate["name"] for gate in json.loads((DATA / "gates.json").read_text())["small"]]
    users = json.loads((DATA / "users.json").read_text())
    # Dicts as source code writes them: names that are written there are interned.
    users = [{sys.intern(name): value for name, value in user.items()} for user in users]
    return (DATA / "small.json").read_bytes(), gates, users


def loop(items: Sequence[Any]) -> float:
    """Nanoseconds an item of a loop that does nothing."""
    start = time.perf_counter_ns()
    for item in items:
        pass
    return (time.perf_counter_ns() - start) / len(items)


def checks(gate: Any, items: Sequence[Any]) -> float:
    start = time.perf_counter_ns()
    for item in items:
        gate.check(item)
    return (time.perf_counter_ns() - start) / len(items)


def by_hand(empty: Any, items: Sequence[Any]) -> float:
    start = time.perf_counter_ns()
    for item in items:
        empty.by_hand(item)
    return (time.perf_counter_ns() - start) / len(items)


def by_pyo3(empty: Any, items: Sequence[Any]) -> float:
    start = time.perf_counter_ns()
    for item in items:
        empty.by_pyo3(item)
    return (time.perf_counter_ns() - start) / len(items)


def by_name(engine: Any, name: str, items: Sequence[Any]) -> float:
    start = time.perf_counter_ns()
    for item in items:
        engine.check(name, item)
    return (time.perf_counter_ns() - start) / len(items)


def decides(feature: Any, items: Sequence[Any]) -> float:
    start = time.perf_counter_ns()
    for item in items:
        feature.decide(item)
    return (time.perf_counter_ns() - start) / len(items)


def all_of(engine: Any, items: Sequence[Any]) -> float:
    start = time.perf_counter_ns()
    for item in items:
        engine.evaluate_all(item)
    return (time.perf_counter_ns() - start) / len(items)


def main() -> None:
    document, names, users = workload()
    engine = tidegate.Engine()
    engine.load(document)
    contexts = [engine.context(user) for user in users]
    empty = _bench.Empty()
    wide = tidegate.Engine()
    part = json.loads(document)
    part["features"] = {f"{name}-{at}": feature for at in range(50) for name, feature in list(part["features"].items())}
    part["features"] = dict(list(part["features"].items())[:100])
    wide.load(json.dumps(part))
    assert len(wide.evaluate_all(users[0])) == 100
    few = [wide.context(user) for user in users[:64]]

    rows: dict[str, Callable[[], float]] = {
        "an empty call, PyO3": lambda: by_pyo3(empty, contexts),
        "an empty call, by hand": lambda: by_hand(empty, contexts),
    }
    whole = {"evaluate_all of 100, context": lambda: all_of(wide, few)}
    for work, name in zip(("W1", "W2", "W3", "W4"), names):
        rust = _bench.Rust(document, name, users)
        wanted = rust.answers()
        gate, feature = engine.gate(name), engine.feature(name)
        assert [gate.check(each) for each in contexts] == wanted
        assert [gate.check(each) for each in users] == wanted
        assert [engine.check(name, each) for each in users] == wanted
        assert [feature.decide(each).is_on for each in contexts] == wanted
        if work in ("W1", "W4"):
            assert any(wanted)
            whole[f"{work} pure Rust"] = lambda rust=rust: rust.run(1)
            rows[f"{work} context"] = lambda gate=gate: checks(gate, contexts)
            rows[f"{work} dict"] = lambda gate=gate: checks(gate, users)
            rows[f"{work} context, by name"] = lambda name=name: by_name(engine, name, contexts)
            rows[f"{work} decide, context"] = lambda feature=feature: decides(feature, contexts)

    gc.disable()
    times: dict[str, list[float]] = {row: [] for row in ["loop", *rows, *whole]}
    for _ in range(ROUNDS):
        times["loop"].append(loop(contexts))
        for row, measure in (rows | whole).items():
            times[row].append(measure())
    spent = statistics.median(times.pop("loop"))
    print(f"Python {sys.version.split()[0]}, {len(users)} users, median of {ROUNDS} rounds; nanoseconds; the loop ({spent:.1f}) is taken away")
    for row, measured in times.items():
        net = statistics.median(measured) - (spent if row in rows else 0)
        print(f"{row:<32} {net:>9.1f}   least {min(measured) - (spent if row in rows else 0):>9.1f}")


if __name__ == "__main__":
    main()
