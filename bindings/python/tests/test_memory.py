"""Nothing is kept that is not needed: the resident size stays flat."""

from __future__ import annotations

import ctypes
import gc
import os
import pathlib
from collections.abc import Callable
from typing import Any

import pytest

import tidegate
from support import config, document, gate, rule

CHECKS = 10_000_000
SWAPS = 10_000
LIBC = ctypes.CDLL(None)

pytestmark = pytest.mark.skipif(not pathlib.Path("/proc/self/statm").exists(), reason="reads /proc")


def resident() -> int:
    gc.collect()
    # What other tests left with the allocator is not to be given back between two looks.
    if hasattr(LIBC, "malloc_trim"):
        LIBC.malloc_trim(0)
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def flat(work: Callable[[int], Any], times: int) -> None:
    """After a tenth of it, the rest takes no more memory than 2 %."""
    for at in range(times // 10):
        work(at)
    before = resident()
    for at in range(times // 10, times):
        work(at)
    after = resident()
    assert abs(after - before) <= before * 0.02, f"{before} → {after}"


def engine() -> tidegate.Engine:
    engine = tidegate.Engine(counters=True, keep_source=True)
    engine.load(document(1, f=gate(rule("a", "eq", "a text that is long"), rule("b", "contains_any", ["x"])), c=config({"a": [1]})))
    return engine


def test_checks() -> None:
    own = engine()
    check, context = own.gate("f").check, own.context(a="no text", b=["y"])

    def work(at: int) -> None:
        check({"a": "user %d" % at, "b": ["y", "z"], "c": object})
        check(context)

    flat(work, CHECKS // 2)


def test_everything_else() -> None:
    own = engine()
    feature, context = own.feature("c"), own.context()

    def work(at: int) -> None:
        context.set("a", "user %d" % at)
        context.set("b", ["y", str(at)])
        feature.decide(context).value
        feature.int({}, 0) if at % 100 == 0 else None
        own.evaluate_all({"a": at})
        own.context(a=at, b="x" * 100)
        own.check("unknown %d" % at, {})
        own.decide("unknown %d" % at, {"a": "x"})
        with own.view() as view:
            view.decide("f", context)
        with own.on_update(lambda update: None):
            pass
        for wrong in ({"a": b""}, {"a": "\ud800"}):
            try:
                own.check("f", wrong)
            except tidegate.UseError:
                pass
        if at % 1000 == 0:
            own.drain_exposures()

    flat(work, CHECKS // 500)


def test_swaps() -> None:
    own = engine()
    handle = own.gate("f")
    own.on_update(lambda update: None)
    kept = own.context(a="x")

    def work(at: int) -> None:
        features = {f"f{n}": gate(rule("a", "in", [f"id {n} {at % 7} {each}" for each in range(20)])) for n in range(10)}
        own.load(document(at + 2, f=gate(rule("a", "eq", f"text {at % 5}")), c=config({"a": at}), **features))
        handle.check(kept)
        own.decide("c", kept).value
        try:
            own.load("[")
        except tidegate.DocumentError:
            pass
        if at % 10 == 0:
            own.trace("f", {"a": "x"})
            own.snapshot()

    flat(work, SWAPS)


def test_engines_and_clients(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "snapshot.json"
    path.write_text(document(1, f=gate()))

    def work(at: int) -> None:
        with engine() as own:
            own.gate("f").check({"a": "x"})
        if at % 10 == 0:
            with tidegate.Client.from_file(path, on_event=lambda event: None) as client:
                client.wait_ready(60)

    flat(work, SWAPS // 20)
