"""The trickiest clauses, one test each:  python3 -m unittest discover -s oracle"""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from operands import Invalid, address, bucket, dotted, fold_case, instant, loads, network, semver, share, unit_text  # noqa: E402
from tidegate_oracle import Refused, Snapshot, decide  # noqa: E402

NOW = 1_700_000_000_000
TRUE, FALSE = {"all": []}, {"any": []}


def gate(*rules, **more):
    return dict({"kind": "gate", "rules": [dict({"id": "r%d" % i, "variant": "on"}, **r) for i, r in enumerate(rules)]}, **more)


def doc(features, segments=None, releases=None, **more):
    return dict({"schema_version": 1, "version": 3, "features": features, "segments": segments or {}, "releases": releases or []}, **more)


def release(features=None, phases=(), segments=None, name="rel", **more):
    phases = [dict({"id": "p%d" % i, "live": True}, **p) for i, p in enumerate(phases)]
    return dict({"id": name, "features": features or {}, "segments": segments or {}, "phases": phases, "ramp": {"unit": "user_id"}}, **more)


def holds(condition, context=None, process=None):
    return decide(doc({"f": gate({"if": condition})}), "f", context or {}, process or {}, NOW)["value"]


def test(attribute, op, value=None, **more):
    return dict({"attribute": attribute, "op": op, "value": value}, **more)


def by(decision):
    return decision["release"], decision["phase"], decision["indirect"]


class Values(unittest.TestCase):
    def test_numbers(self):
        self.assertTrue(holds(test("x", "eq", 1), {"x": 1.0}))
        self.assertFalse(holds(test("x", "eq", 1), {"x": True}))
        self.assertFalse(holds({"not": test("x", "eq", 1)}, {"x": True}))
        self.assertTrue(holds(test("x", "gt", 9007199254740992.0), {"x": 2**53 + 1}))
        self.assertEqual(type(loads("9223372036854775808")), float)
        self.assertEqual(type(loads("9223372036854775807")), int)
        for bad in ("1e400", "NaN", "-Infinity", "1" * 400):
            self.assertRaises(Invalid, loads, bad)
        self.assertTrue(holds(test("x", "modulo", {"divisor": 3, "remainder": 2}), {"x": -1}))
        self.assertFalse(holds(test("x", "modulo", {"divisor": 1, "remainder": 0}), {"x": 1e300}))
        self.assertTrue(holds(test("x", "modulo", {"divisor": 1, "remainder": 0}), {"x": 2**63 - 1}))
        self.assertFalse(holds(test("x", "contains_any", [1]), {"x": [True]}))
        self.assertTrue(holds(test("x", "contains_none", []), {"x": [None]}))

    def test_text(self):
        self.assertEqual(fold_case("ΣΑΣ"), "σασ")
        self.assertEqual(fold_case("İ"), "i\u0307")
        self.assertEqual(dotted("v01.2-x"), dotted("1.2.0 y"))
        self.assertIsNone(dotted("vv1"))
        self.assertLess(dotted("9." + "9" * 5000), dotted("10"))
        self.assertLess(semver("1.0.0-alpha.9"), semver("1.0.0-alpha.b"))
        self.assertLess(semver("1.0.0-alpha"), semver("1.0.0-alpha.1"))
        self.assertEqual(semver("1.0.0+a"), semver("1.0.0+b"))
        self.assertIsNone(semver("1.0.0-01"))
        self.assertEqual(instant("1970-01-01T00:00:00.9999Z"), 999)
        self.assertEqual(instant("1969-12-31T23:59:59.9999Z"), -1)
        self.assertEqual(instant("0000-01-01T00:00:00Z"), -62167219200000)
        self.assertEqual(instant("2024-02-29 23:59:59+23:59"), instant("2024-02-29T00:00:59Z"))
        self.assertIsNone(instant("2023-02-29T00:00:00Z"))
        self.assertEqual(address("::ffff:1.2.3.4"), address("1.2.3.4"))
        self.assertIsNone(address("fe80::1%1"))
        self.assertIsNone(address("01.2.3.4"))
        self.assertEqual(network("::ffff:10.0.0.0/104"), network("10.9.9.9/8"))
        self.assertFalse(holds(test("ip", "in_cidr", ["::/0"]), {"ip": "::ffff:1.2.3.4"}))
        self.assertTrue(holds({"not": test("ip", "in_cidr", [])}, {"ip": "::1"}))

    def test_buckets(self):
        self.assertEqual(bucket("a", "a"), 0)
        self.assertEqual([unit_text(v) for v in (123, 123.0, "123", -0.0, 2**53, 2**53 + 1, 1.5, "", True, None)],
                         ["123", "123", "123", "0", str(2**53), None, None, None, None, None])
        self.assertEqual([share(p) for p in (0, 0.0001, 33.3333, 99.9999, 100.0)], [0, 1, 333333, 999999, 1000000])
        for bad in (33.33333, 100.0001, -1, True, "5", None):
            self.assertRaises(Invalid, share, bad)


class Conditions(unittest.TestCase):
    def test_not_applicable_is_false_both_ways(self):
        leaf = test("x", "eq", "a")
        for c in (leaf, {"not": leaf}, {"not": {"not": leaf}}, {"not": {"any": [leaf]}}, {"not": {"all": [leaf, TRUE]}}):
            self.assertFalse(holds(c, {"x": None}))
        self.assertTrue(holds({"not": {"all": [leaf, FALSE]}}))
        self.assertTrue(holds({"not": test("x", "is_set")}, {"x": None}))
        self.assertFalse(holds({"not": {"bucket": {"unit": "u", "salt": "", "from": 0, "to": 1}}}, {"u": ""}))

    def test_process_attribute_wins(self):
        self.assertTrue(holds(test("x", "eq", 1), {"x": 2}, {"x": 1}))
        self.assertTrue(holds({"not": test("x", "is_set")}, {"x": 2}, {"x": None}))

    def test_tombstone_and_invalid_references(self):
        d = doc({"f": gate({"if": {"not": {"feature": "g", "variants": []}}})}, releases=[release({"g": {"candidate": gate()}})])
        self.assertFalse(decide(d, "f", {}, {}, NOW)["value"])
        self.assertRaises(Refused, Snapshot, doc({"f": gate({"if": {"segment": "s"}})}))
        self.assertRaises(Refused, Snapshot, doc({"f": gate()}, {"s": {"if": {"segment": "s"}}}))


class Releases(unittest.TestCase):
    def test_fold_first_hides_references(self):
        """2.5: a false process leaf behind a segment keeps the segment from being evaluated."""
        rel = release(segments={"s": {"candidate": {"if": TRUE}}}, phases=[{}])
        d = doc({"f": gate({"if": {"all": [{"segment": "s"}, test("region", "eq", "eu")]}})}, {"s": {"if": FALSE}}, [rel])
        self.assertEqual(by(decide(d, "f", {"region": "us"}, {}, NOW)), ("rel", "p0", True))
        self.assertEqual(by(decide(d, "f", {}, {"region": "us"}, NOW)), (None, None, False))
        self.assertEqual(by(decide(d, "f", {}, {"region": "eu"}, NOW)), ("rel", "p0", True))

    def test_order_of_application(self):
        segment = {"s": {"if": test("beta", "eq", True)}}
        phases = [{"patches": [{"patch": "disable", "feature": "f", "for": "s"}]},
                  {"patches": [{"patch": "enable", "feature": "f"}, {"patch": "set", "feature": "f", "variant": "on"}]},
                  {"patches": [{"patch": "apply", "feature": "f"}]}]
        d = doc({"f": gate(enabled=False)}, segment, [release({"f": {"candidate": gate(enabled=True)}}, phases)])
        x = decide(d, "f", {}, {}, NOW)
        self.assertEqual((x["variant"], x["reason"], x["phase"]), ("off", "default", "p2"))
        x = decide(d, "f", {"beta": True}, {}, NOW)
        self.assertEqual((x["variant"], x["reason"], x["phase"]), ("off", "disabled", "p0"))

    def test_examination_skips_what_cannot_matter(self):
        """7.8: after an `enable` took part, an earlier `disable` is not examined, so its target's segment does not count."""
        inner = release(segments={"s": {"candidate": {"if": FALSE}}}, phases=[{}], name="inner")
        phases = [{"target": [{"if": {"segment": "s"}}], "patches": [{"patch": "disable", "feature": "f"}]},
                  {"target": [{"if": test("x", "eq", 1)}], "patches": [{"patch": "enable", "feature": "f"}]}]
        d = doc({"f": gate()}, {"s": {"if": TRUE}}, [inner, release({"f": {}}, phases)])
        self.assertEqual(by(decide(d, "f", {"x": 1}, {}, NOW)), ("rel", "p1", False))
        self.assertEqual(by(decide(d, "f", {}, {}, NOW)), ("inner", "p0", True))

    def test_tombstones(self):
        d = doc({"f": gate()}, None, [release({"g": {"candidate": gate({})}, "f": {"candidate": None}}, [{"target": [{"environments": ["prod"]}]}])],
                kills=[{"feature": "g", "environment": "dev"}])
        x = decide(d, "f", {"environment": "prod"}, {}, NOW)
        self.assertEqual((x["variant"], x["reason"]) + by(x), (None, "unknown_feature", "rel", "p0", False))
        self.assertTrue(decide(d, "g", {"environment": "prod"}, {}, NOW)["value"])
        for env in ("dev", "staging"):
            self.assertEqual(decide(d, "g", {"environment": env}, {}, NOW)["reason"], "unknown_feature")

    def test_ramp(self):
        full = doc({"f": gate()}, None, [release({"f": {"candidate": gate({})}}, [{}])])
        self.assertTrue(decide(full, "f", {}, {}, NOW)["value"])
        part = doc({"f": gate()}, None, [release({"f": {"candidate": gate({})}}, [{"ramp": {"percent": 99.9999}}])])
        self.assertFalse(decide(part, "f", {}, {}, NOW)["value"])
        users, snapshot = range(2000), Snapshot(part)
        inside = [u for u in users if decide(snapshot, "f", {"user_id": u}, {}, NOW)["value"]]
        self.assertEqual(inside, [u for u in users if bucket("ramp/f", str(u)) < 999_999])

    def test_rollout_100_needs_a_unit(self):
        d = doc({"f": gate({"rollout": {"percent": 100}, "otherwise": "default"}, {})})
        x = decide(d, "f", {}, {}, NOW)
        self.assertEqual((x["variant"], x["reason"], x["rule"]), ("off", "default", "r0"))
        self.assertEqual(decide(d, "f", {"user_id": 1}, {}, NOW)["reason"], "rule")

    def test_environment(self):
        d = doc({"f": gate(environments={"prod": {"rules": [{"id": "p", "variant": "on"}]}})})
        self.assertTrue(decide(d, "f", {"environment": "prod"}, {}, NOW)["value"])
        self.assertFalse(decide(d, "f", {"environment": "prod"}, {"environment": "dev"}, NOW)["value"])
        self.assertFalse(decide(d, "f", {"environment": "prod"}, {"environment": None}, NOW)["value"])
        self.assertRaises(Refused, decide, dict(d, environment="dev"), "f", {}, {"environment": "prod"}, NOW)


class Lenient(unittest.TestCase):
    BAD = test("x", "resembles", 1)

    def reason(self, d, feature):
        return decide(d, feature, {}, {}, NOW, "lenient")["reason"]

    def test_invalid_spreads(self):
        d = doc({"f": gate({"if": {"feature": "g", "variants": ["on"]}}), "g": gate({"if": {"segment": "s"}}), "h": gate()}, {"s": {"if": self.BAD}})
        self.assertEqual([self.reason(d, k) for k in "fgh"], ["invalid_definition"] * 2 + ["default"])

    def test_bad_overlay_is_ignored(self):
        d = doc({"f": gate()}, None, [release({"f": {"candidate": gate({"if": self.BAD})}}, [{}])])
        self.assertEqual(self.reason(d, "f"), "default")
        phases = [{}, {"target": [{"if": self.BAD}], "patches": [{"patch": "disable", "feature": "f"}]}]
        d = doc({"f": gate()}, None, [release({"f": {"candidate": gate({})}}, phases)])
        self.assertEqual(self.reason(d, "f"), "rule")

    def test_overlay_that_closes_a_cycle(self):
        to_f = {"if": {"feature": "f", "variants": ["on"]}}
        d = doc({"f": gate(), "g": gate(to_f)}, None, [release({"f": {"candidate": gate({"if": {"feature": "g", "variants": ["on"]}})}}, [{}])])
        self.assertEqual([self.reason(d, k) for k in "fg"], ["default", "default"])
        self.assertRaises(Refused, Snapshot, d)


if __name__ == "__main__":
    unittest.main()
