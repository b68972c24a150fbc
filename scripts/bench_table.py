#!/usr/bin/env python3
"""Puts what `make bench` measured into the table of docs/BENCHMARKS.md.

usage: bench_table.py [--target DIR] [--print]

Reads the medians of criterion (target/criterion) and the numbers that the other benches leave (target/bench-results). A row
whose number is missing says so: it was not measured. With --print, the table goes to standard output instead of the page.
"""
import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "BENCHMARKS.md"
BEGIN, END = "<!-- numbers: scripts/bench_table.py -->", "<!-- end of numbers -->"


class Missing(Exception):
    """A number that was not measured."""


class Measured:
    """What the benches left: times in nanoseconds, other numbers as they are."""

    def __init__(self, target):
        self.target = target

    def time(self, name):
        path = self.target / "criterion" / name / "new" / "estimates.json"
        try:
            return json.loads(path.read_text(encoding="utf-8"))["median"]["point_estimate"]
        except FileNotFoundError as error:
            raise Missing(name) from error

    def number(self, name):
        try:
            return float((self.target / "bench-results" / name).read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise Missing(name) from error


# What, unit, budget, what a prototype reached, and how the number is had. A budget is at most unless it begins with ≥.
ROWS = [
    ("By handle", None, None, None, None),
    ("W1, on for everyone", "ns", "4.5", "3.5", lambda m: m.time("handle/w1")),
    ("W2, two attribute tests", "ns", "8", "6.3", lambda m: m.time("handle/w2")),
    ("W3, a percentage", "ns", "7", "5.3", lambda m: m.time("handle/w3")),
    ("W4, five rules: users rotated", "ns", "22", "17", lambda m: m.time("handle/w4")),
    ("W4, users in random order", "ns", "36", "31", lambda m: m.time("handle/w4_random")),
    ("W5, one of 1,000 gates, 1,000-id lists: 64 k pairs", "ns", "75", "57", lambda m: m.time("handle/w5")),
    ("W5, every pair random (drawing it included)", "ns", "85", "67", lambda m: m.time("handle/w5_random")),
    ("W5s, one of 1,000 gates, 10-id lists: 64 k pairs", "ns", "48", "39", lambda m: m.time("handle/w5s")),
    ("W5s, every pair random (drawing it included)", "ns", None, None, lambda m: m.time("handle/w5s_random")),
    ("With exposure counters, in addition", None, None, None, None),
    *[
        (row, "ns", "3", "1.5–2.5", lambda m, name=name: m.time(f"counters/{name}") - m.time(f"handle/{name}"))
        for row, name in [("W1", "w1"), ("W2", "w2"), ("W3", "w3"), ("W4", "w4"), ("W5", "w5"), ("W5s", "w5s")]
    ],
    ("By name, in addition", None, None, None, None),
    *[
        (row, "ns", budget, reached, lambda m, name=name: m.time(f"name/{name}") - m.time(f"handle/{name}"))
        for row, name, budget, reached in [
            ("W1", "w1", "7", "5"),
            ("W2", "w2", "7", "5"),
            ("W3", "w3", "7", "5"),
            ("W4", "w4", "10", "8"),
            ("W5, one of 1,000", "w5", "25", "19"),
            ("W5s, one of 1,000", "w5s", "25", "19"),
        ]
    ],
    ("A context of six attributes, made and dropped", None, None, None, None),
    ("by slot, borrowed", "ns", "30", "18", lambda m: m.time("context/slot_borrowed")),
    ("by slot, copied", "ns", "50", "34", lambda m: m.time("context/slot_owned")),
    ("by name", "ns", "80", "60", lambda m: m.time("context/name")),
    ("W4 under a release of five phases", None, None, None, None),
    ("no conditional phase left", "×", "1.02", "1.0", lambda m: m.time("release/folded") / m.time("release/none_new")),
    ("a live ramp left, in addition", "ns", "6", "5.6", lambda m: m.time("release/ramp") - m.time("release/none")),
    *[
        (row, "ns", "16", "13", lambda m, name=name: m.time(f"release/{name}") - m.time("release/none_environment"))
        for row, name in [
            ("nothing folded, no phase matches, in addition", "unfolded_other"),
            ("nothing folded, the last that is examined matches", "unfolded_first"),
            ("nothing folded, users of five environments", "unfolded_mixed"),
        ]
    ],
    ("JSON → live", None, None, None, None),
    ("1,000 gates of 10 ids, first", "ms", "3.5", "1.6–3.3", lambda m: m.time("load/10_ids_first") / 1e6),
    ("1,000 gates of 10 ids, repeated", "ms", "3.5", "1.6–3.3", lambda m: m.time("load/10_ids_repeated") / 1e6),
    ("1,000 gates of 1,000 ids, first", "ms", "60", "47", lambda m: m.time("load/1000_ids_first") / 1e6),
    ("1,000 gates of 1,000 ids, repeated", "ms", "48", "41", lambda m: m.time("load/1000_ids_repeated") / 1e6),
    ("a delta of one gate into 1,000", "ms", "0.06", "0.035", lambda m: m.time("delta/1000") / 1e6),
    ("a delta of one gate into 100,000", "ms", "0.15", "0.055", lambda m: m.time("delta/100000") / 1e6),
    ("a delta of one gate of 1,000 ids", "ms", None, None, lambda m: m.time("delta/1000_of_1000_ids") / 1e6),
    ("Memory kept", None, None, None, None),
    ("1,000 gates of 10 ids", "MB", "2", "1.2", lambda m: m.number("memory/1000_gates_10_ids_kept_mb")),
    ("1,000 gates of 1,000 ids", "MB", "33", "30", lambda m: m.number("memory/1000_gates_1000_ids_kept_mb")),
    ("100,000 gates of 10 ids", "MB", None, None, lambda m: m.number("memory/100000_gates_10_ids_kept_mb")),
    ("allocations of a check or decision", "", "0", "0", lambda m: m.number("memory/w5_allocations")),
    ("Threads", None, None, None, None),
    ("two against one, W4", "×", "≥ 1.93", "1.82–2.07", lambda m: m.number("threads/w4_two_against_one")),
    ("two against one, W5", "×", "≥ 1.93", "1.82–2.07", lambda m: m.number("threads/w5_two_against_one")),
    ("Two readers of W4 while a writer swaps ten times a second", None, None, None, None),
    ("deltas: throughput lost", "%", "5", "1–3", lambda m: m.number("swap/delta_loss_percent")),
    ("reloads: throughput lost", "%", None, None, lambda m: m.number("swap/reload_loss_percent")),
    *[
        (f"{kind}: {percentile}", "ns", budget, reached, lambda m, at=at: m.number(at))
        for kind, name in [("no writer", "none"), ("deltas", "delta"), ("reloads", "reload")]
        for percentile, at, budget, reached in [
            ("p50", f"swap/{name}_p50_ns", None, None),
            ("p99", f"swap/{name}_p99_ns", None, None),
            ("p99.9", f"swap/{name}_p99.9_ns", None if name == "none" else "1000", None if name == "none" else "350–600"),
            ("longest", f"swap/{name}_max_ns", None, None),
        ]
    ],
    ("All features", None, None, None, None),
    ("`evaluate_all` of 100 features of 10 ids", "ns", None, None, lambda m: m.time("all/100_features")),
    ("Instructions per check", None, None, None, None),
    *[
        (name.upper().replace("S", "s"), "", None, None, lambda m, name=name: m.number(f"instructions/{name}"))
        for name in ["w1", "w2", "w3", "w4", "w5", "w5s"]
    ],
]


def written(number):
    if number != 0 and abs(number) < 0.1:
        return f"{number:.3f}"
    return f"{number:,.2f}" if abs(number) < 10 else f"{number:,.1f}" if abs(number) < 1000 else f"{number:,.0f}"


def distance(number, budget):
    if budget is None:
        return ""
    least = budget.startswith("≥")
    bar = float(budget.lstrip("≥ "))
    kept = number >= bar if least else number <= bar
    if bar == 0:
        return "kept" if kept else "**missed**"
    percent = (number / bar - 1) * 100
    return f"{percent:+.0f} %" if kept else f"**{percent:+.0f} %, missed**"


def table(measured):
    lines = ["| work | budget | prototype | measured | from the budget |", "|---|---:|---:|---:|---:|"]
    for work, unit, budget, reached, number in ROWS:
        if unit is None:
            lines.append(f"| **{work}** | | | | |")
            continue
        unit = f" {unit}" if unit else ""
        bar = "" if budget is None else f"{budget}{unit}" if budget.startswith("≥") else f"≤ {budget}{unit}"
        try:
            value = number(measured)
            cells = [f"{written(value)}{unit}", distance(value, budget)]
        except Missing:
            cells = ["not measured", ""]
        lines.append(f"| {work} | {bar} | {reached or ''} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines)


def output(*command):
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def machine():
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor() or "unknown"
    return f"{model}, {os.cpu_count()} processors, {platform.system()} {platform.release()}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", default=os.environ.get("CARGO_TARGET_DIR", ROOT / "target"), type=Path)
    parser.add_argument("--print", action="store_true", help="write the table to standard output")
    arguments = parser.parse_args()
    numbers = table(Measured(arguments.target))
    if arguments.print:
        print(numbers)
        return
    dirty = " with changes" if output("git", "status", "--porcelain", "--", "src", "benches", "Cargo.toml") else ""
    about = "\n".join([
        f"- machine: {machine()}",
        f"- compiler: {output('rustc', '--version')}",
        f"- commit: {output('git', 'rev-parse', '--short=12', 'HEAD')}{dirty}, {datetime.date.today().isoformat()}",
        "- command: `make bench && python3 scripts/bench_table.py`",
    ])
    page = PAGE.read_text(encoding="utf-8")
    if BEGIN not in page or END not in page:
        sys.exit(f"error: {PAGE} has no place for the numbers")
    before, rest = page.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    PAGE.write_text(f"{before}{BEGIN}\n\n{about}\n\n{numbers}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
