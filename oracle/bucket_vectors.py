"""Writes testdata/vectors/bucket.json: buckets by the oracle's own arithmetic (clause 5.1)."""
import json
import pathlib

from operands import bucket

SALTS = ["", "a", "rollout/f/r", "split/checkout", "allocation/checkout", "exclusion/search", "ramp/checkout",
         "ramp/a,b,segment:beta", "ünïcode/σ", "s" * 241]
UNITS = ["u1", "user-12345", "0", "-1", "123", "9007199254740992", "-9007199254740992", " ", "a", "ab", "abc", "abcd",
         "straße", "İstanbul", "ΣΑΣ", "日本語", "🚀", "e\u0301", "\u0000", "00000000-0000-4000-8000-000000000000",
         "10.1.2.3"] + [("0123456789abcdef" * 70)[:n] for n in
                        (8, 9, 16, 17, 32, 33, 64, 65, 128, 129, 239, 240, 241, 255, 256, 257, 512, 1024, 1025)]


def vectors():
    pairs = [(s, u) for i, u in enumerate(UNITS) for s in (SALTS[i % 10], SALTS[(i * 3 + 2) % 10], SALTS[2], "")]
    pairs += [("rollout/f/r", "u%d" % i) for i in range(2, 30)] + [("salt-%d" % i, "u1") for i in range(30)]
    pairs += [(s, s) for s in SALTS[1:]]  # x = 0
    return [{"salt": s, "unit": u, "bucket": bucket(s, u)} for s, u in dict.fromkeys(pairs)]


if __name__ == "__main__":
    out = pathlib.Path(__file__).resolve().parent.parent / "testdata" / "vectors" / "bucket.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n  ".join(json.dumps(v, ensure_ascii=False) for v in vectors())
    out.write_text("[\n  %s\n]\n" % lines, encoding="utf-8")
    print("%d vectors in %s" % (len(vectors()), out))
