#!/usr/bin/env python3
"""Compares the engine, the trace and the oracle on random documents and contexts.

    scripts/differential.py --documents N --contexts M [--lenient-share 0.3] [--seed S] [--jobs 2] [--keep DIR]

Documents, contexts and the oracle's decisions are those of oracle/generate.py; the engine and the trace answer through the hidden
verb `bulk` of the command line (its binary: TIDEGATE_BIN, else target/release/tidegate, else target/debug/tidegate). All decisions
of the engine are compared, and the trace's for the first two contexts of each document. The last line is `N passed, M failed`
(decisions). A difference is made as small as it can be, shown, and written to DIR (default testdata/cases-found) as a case in the
format of testdata/README.md; then the exit code is 1.

The same seed, share and number of contexts make the same documents, whatever the number of jobs.
"""
import argparse
import copy
import hashlib
import json
import multiprocessing
import os
import pathlib
import random
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "oracle"))

from generate import Generator  # noqa: E402
from run_cases import same  # noqa: E402
from tidegate_oracle import Refused, Snapshot, normalise  # noqa: E402

TRACED = 2  # contexts of a document
SHOWN = 5  # differences that are minimised
BATCH = 4  # documents that a job takes at a time
UNKNOWN = "no_such_feature"


def binary():
    named = os.environ.get("TIDEGATE_BIN")
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    for path in [pathlib.Path(named)] if named else [target / "release" / "tidegate", target / "debug" / "tidegate"]:
        if path.is_file():
            return str(path)
    sys.exit("differential: no binary `tidegate`: build it (`cargo build --release --workspace --bins`) or name it in TIDEGATE_BIN")


class Engine:
    """A running `tidegate bulk`, started again if it dies."""

    def __init__(self, path):
        self.path, self.process = path, None

    def start(self):
        self.process = subprocess.Popen([self.path, "bulk"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)

    def ask(self, task):
        """The answer to a line; one with an error if the process died of it."""
        if self.process is None:
            self.start()
        try:
            self.process.stdin.write(json.dumps(task).encode() + b"\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = b""
        if answer:
            return json.loads(answer)
        code, self.process = self.process.wait(), None
        return {"error": {"message": "the process ended with %s" % code}, "crashed": True}

    def decide(self, case, traced):
        """(decisions, traced decisions), each a list by context of lists by feature, or a string: why there are none."""
        task = {name: case[name] for name in ("process", "now", "mode", "snapshot")}
        decisions, traces = [], []
        for contexts, trace in ((case["contexts"][:traced], True), (case["contexts"][traced:], False)):
            if not contexts:
                continue
            answer = self.ask(dict(task, contexts=contexts, trace=trace))
            if answer.get("error"):
                return "%s: %s" % ("crashed" if answer.get("crashed") else "refused", answer["error"]["message"])
            decisions += answer["decisions"]
            traces += answer["traces"] if trace else []
        return decisions, traces


def differences(line, engine):
    """(decisions compared, [(context, feature, who)] that differ)."""
    count, found = 0, []
    answer = engine.decide(line, TRACED)
    if isinstance(answer, str):
        return sum(map(len, line["expect"])), [(0, None, answer.split(":")[0])]
    for who, by_context in zip(("engine", "trace"), answer):
        for i, (expected, given) in enumerate(zip(line["expect"], by_context)):
            count += len(expected)
            if [d["feature"] for d in expected] != [d["feature"] for d in given]:
                found.append((i, None, "features"))
                continue
            found += [(i, e["feature"], who) for e, g in zip(expected, given) if not same(e, g)]
    return count, found


# --- running

def seed_of(options, index):
    lenient = random.Random("share/%s/%d" % (options.seed, index)).random() < options.lenient_share
    return "%s/%d%s" % (options.seed, index, "/lenient" if lenient else ""), lenient


def run_batch(work):
    options, path, indices = work
    engine = WORKER.setdefault("engine", Engine(path))
    results = []
    for index in indices:
        seed, lenient = seed_of(options, index)
        line = Generator(seed, options.contexts, lenient).line()
        count, found = differences(line, engine)
        results.append((seed, count, found, line if found else None))
    return results


WORKER = {}


def batches(options, path):
    for start in range(0, options.documents, BATCH):
        yield options, path, range(start, min(start + BATCH, options.documents))


class Progress:
    """On a terminal a line that is rewritten, else one for each tenth."""

    def __init__(self, documents):
        self.documents, self.start, self.terminal, self.last = documents, time.monotonic(), sys.stderr.isatty(), 0

    def show(self, done, passed, failed):
        text = "%d of %d documents, %d decisions, %d differ, %.0f s" % (
            done, self.documents, passed + failed, failed, time.monotonic() - self.start)
        if self.terminal:
            print("\r\x1b[K" + text, end="\n" if done == self.documents else "", file=sys.stderr, flush=True)
        elif done * 10 // self.documents > self.last:
            self.last = done * 10 // self.documents
            print(text, file=sys.stderr, flush=True)


# --- making a difference small

class Probe:
    """Whether a case still shows a difference of a kind."""

    def __init__(self, engine, kind, feature):
        self.engine, self.kind, self.feature = engine, kind, feature

    def decisions(self, case):
        """(oracle's, engine's, trace's) of the feature, or None if one of them has none."""
        snapshot = Snapshot(copy.deepcopy(case["snapshot"]), case["mode"])
        engine = snapshot.engine(normalise(copy.deepcopy(case["process"])))
        features = snapshot.features() + [UNKNOWN]
        feature = self.feature if self.feature in features else UNKNOWN
        expected = engine.decide_all([feature], normalise(copy.deepcopy(case["contexts"][0])), case["now"])[0]
        answer = self.engine.decide(case, 1)
        if isinstance(answer, str):
            return expected, answer, answer
        if [d["feature"] for d in answer[0][0]] != features:
            names = "features %s" % [d["feature"] for d in answer[0][0]]
            return dict(expected, features=features), names, names
        pick = [next(d for d in given[0] if d["feature"] == feature) for given in answer]
        return (expected, *pick)

    def holds(self, case):
        try:
            expected, engine, trace = self.decisions(case)
        except (Refused, RecursionError):
            return False
        except Exception:  # what is left of the document is of a form that the oracle doesn't look for
            return False
        if isinstance(engine, str):
            return engine.startswith(self.kind)
        return not same(expected, trace if self.kind == "trace" else engine) if self.kind in ("engine", "trace") else False


def paths(value, path=()):
    """Everything that could be left out, outer things first."""
    level = [(path, value)]
    while level:
        below = []
        for at, inner in level:
            keys = list(inner) if isinstance(inner, dict) else range(len(inner) - 1, -1, -1) if isinstance(inner, list) else ()
            for key in keys:
                yield at + (key,)
                below.append((at + (key,), inner[key]))
        level = below


def reach(value, path):
    for key in path:
        value = value[key]
    return value


def smaller(case):
    """Cases with one thing less, or a condition replaced by a part of it."""
    for path in list(paths(case)):
        if len(path) == 1 or path[:1] == ("contexts",) and len(path) == 2:
            continue
        yield path, "drop"
        if path[-1] in ("all", "any", "not"):
            yield path, "lift"


def without(case, path, how):
    made = copy.deepcopy(case)
    try:
        if how == "drop":
            del reach(made, path[:-1])[path[-1]]
            return [made]
        parts = reach(made, path)
    except (KeyError, IndexError, TypeError):
        return []  # gone with something else
    lifted = []
    for part in parts if isinstance(parts, list) else [parts]:
        one = copy.deepcopy(made)
        reach(one, path[:-2])[path[-2]] = part
        lifted.append(one)
    return lifted


def minimise(case, probe):
    shrunk = True
    while shrunk:
        shrunk = False
        for path, how in smaller(case):
            for made in without(case, path, how):
                if probe.holds(made):
                    case, shrunk = made, True
                    break
    return case


def report(line, found, engine, keep):
    """Shows one difference of a document, small, and keeps it as a case."""
    index, feature, kind = found[0]
    case = {"process": line["process"], "now": line["now"], "mode": line["mode"], "snapshot": line["snapshot"],
            "contexts": [line["contexts"][index]]}
    probe = Probe(engine, kind, feature)
    reproduced = probe.holds(case)
    small = minimise(case, probe) if reproduced else case
    try:
        expected, decided, traced = probe.decisions(small)
    except Refused as refusal:
        expected, decided, traced = "refused: %s" % refusal, "?", "?"
    written = {"name": "%s_differs_%s" % (kind, hashlib.sha256(json.dumps(small).encode()).hexdigest()[:8]), "mode": small["mode"],
               "process": small["process"], "now": small["now"], "context": small["contexts"][0], "snapshot": small["snapshot"],
               "feature": expected["feature"] if isinstance(expected, dict) else feature, "expect": expected}
    keep.mkdir(parents=True, exist_ok=True)
    path = keep / (written["name"] + ".json")
    found_by = {"seed": line["seed"], "engine": decided, "trace": traced}
    path.write_text(json.dumps({"clause": "?", "found": found_by, "cases": [written]}, ensure_ascii=False, indent=2) + "\n",
                    encoding="utf-8")
    print("\nDIFFERENCE (%s) in document %s, written to %s%s" % (
        kind, line["seed"], path, "" if reproduced else " (not reproduced by itself)"))
    for name, part in (("snapshot", small["snapshot"]), ("process", small["process"]), ("context", small["contexts"][0]),
                       ("oracle", expected), ("engine", decided), ("trace", traced)):
        print("  %-8s  %s" % (name, part if isinstance(part, str) else json.dumps(part, ensure_ascii=False)))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--documents", type=int, default=200)
    parser.add_argument("--contexts", type=int, default=50)
    parser.add_argument("--lenient-share", type=float, default=0.3, help="share of documents with faults, loaded leniently")
    parser.add_argument("--seed", help="default: another one each time; it is printed")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--keep", type=pathlib.Path, default=ROOT / "testdata" / "cases-found", help="where differences are written")
    options = parser.parse_args()
    if options.seed is None:
        options.seed = str(random.SystemRandom().randrange(10**9))
    return options


def main():
    options, path = arguments(), binary()
    print("differential: seed %s, %d documents of %d contexts, %s" % (options.seed, options.documents, options.contexts, path), flush=True)
    passed = failed = done = 0
    different, progress = [], Progress(options.documents)
    with multiprocessing.Pool(options.jobs) as pool:
        for results in pool.imap_unordered(run_batch, batches(options, path)):
            for _seed, count, found, line in results:
                done, passed, failed = done + 1, passed + count - len(found), failed + len(found)
                if found and len(different) < SHOWN:
                    different.append((line, found))
            progress.show(done, passed, failed)
    engine = Engine(path)
    for line, found in different:
        report(line, found, engine, options.keep)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
