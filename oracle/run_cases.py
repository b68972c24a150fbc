"""Runs testdata/cases/*.json through the oracle:  python3 oracle/run_cases.py [DIRECTORY or FILE …]"""
import pathlib
import sys

from operands import instant
from tidegate_oracle import Snapshot, loads

CASES = pathlib.Path(__file__).resolve().parent.parent / "testdata" / "cases"
FIELDS = ("value", "variant", "reason", "rule", "release", "phase", "indirect", "version")


def same(a, b):
    """Equal JSON: 1 equals 1.0, true is no number."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    return a == b


def document(condition):
    rule = {"id": "r", "if": condition, "variant": "on"}
    return {"schema_version": 1, "version": 1,
            "features": {"f": {"kind": "gate", "unit": "user_id", "rules": [rule]}}}


def run(case, shared):
    """None if the case passes, else what is wrong."""
    doc = document(case["if"]) if "if" in case else case.get("snapshot", shared)
    now = case.get("now", 1_700_000_000_000)
    engine = Snapshot(doc, case.get("mode", "strict")).engine(case.get("process", {}))
    args = case.get("feature", "f"), case.get("context", {}), instant(now)
    decision, expect = engine.decide(*args), case["expect"]
    if isinstance(expect, bool):
        return None if engine.check(*args) is expect else "check is %s: %s" % (not expect, decision)
    unknown = [k for k in expect if k not in FIELDS + ("feature",)]
    wrong = [k for k in expect if k not in unknown and not same(expect[k], decision[k])]
    return "unknown fields %s" % unknown if unknown else "%s differ: %s" % (wrong, decision) if wrong else None


def main(arguments):
    files = []
    for path in map(pathlib.Path, arguments or [CASES]):
        files += sorted(path.glob("*.json")) if path.is_dir() else [path]
    passed = failed = 0
    for path in files:
        try:
            data = loads(path.read_text(encoding="utf-8"))
            cases = data["cases"]
        except Exception as e:
            failed += 1
            print("FAIL %s: %s: %s" % (path.name, type(e).__name__, e))
            continue
        for case in cases:
            try:
                wrong = run(case, data.get("snapshot"))
            except Exception as e:  # a reference evaluator that crashes is a failure as well
                wrong = "%s: %s" % (type(e).__name__, e)
            passed, failed = passed + (wrong is None), failed + (wrong is not None)
            if wrong is not None:
                print("FAIL %s %s (clause %s): %s" % (
                    path.name, case.get("name"), case.get("clause", data.get("clause")), wrong))
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
