"""Random documents, contexts and the oracle's decisions, as JSONL, for differential runs (format: oracle/README.md).

    python3 oracle/generate.py --seed S --documents N --contexts M [--lenient]

Nodes (segments and features) are created in order and refer to earlier ones only; what a release targets comes before all
of its members, because a phase's references count for each of them (2.8)."""
import argparse
import json
import random
import sys

from tidegate_oracle import Snapshot, normalise

ENVIRONMENTS = ["dev", "staging", "prod"]
USERS = ["u%d" % i for i in range(1, 25)] + [7, 7.0, "7", 0, -0.0, "", -3, 1.5, True, 2**53, 2**53 + 1, 9007199254740992.0,
                                             "straße", "x" * 250, None, ["u1"], {"id": "u1"}]
STRINGS = ["", "US", "us", "DE", "de", "ΣΑΣ", "σας", "σασ", "İstanbul", "i̇stanbul", "istanbul", "straße", "STRASSE", "a@b.com",
           "joe@Example.com", "free", "pro", "Pro", "10", "1.2.0", "日本", "ab", "abc", "é", "e\u0301"]
NUMBERS = [0, -0.0, 1, 1.0, -1, 2, 7, 10, 17, 18, 18.0, 18.5, 99, 1e3, 1000, -7, 0.1, 1e308, 2**53, 2**53 + 1, 2**53 - 1,
           9007199254740992.0, -2**53, -(2**53) - 1, 2**63 - 1, -2**63, 9223372036854775808.0, 2**64, 10**20 + 1, 1e15, 5e-324]
VERSIONS = ["1.2.0", "1.2", "v1.2", "V1.2.3", "1.2.3", "1.2.3-alpha", "1.2.3-alpha.1", "1.2.3-alpha.beta", "1.2.3-rc.11",
            "1.2.3-rc.2", "1.2.3+build.5", "01.2.3", "1.2.3-01", "2.0.0", "10.0.0", "1.10.0", "1..2", "", "1.2.x", "v", "1.2 beta",
            "99999999999999999999.0.0", "1.2.3.4", "0.0.0", "1.2.3--", "1.2.0-0"]
INSTANTS = ["2023-11-14T22:13:20Z", "2023-11-14T22:13:19.999Z", "2023-11-14t23:13:20+01:00", "2023-11-14 22:13:20z", "1969-12-31T23:59:59.9999Z",
            "0000-02-29T00:00:00Z", "2024-02-30T00:00:00Z", "2023-11-14T24:00:00Z", "2023-11-14T22:13:60Z", "9999-12-31T23:59:59.999999999Z",
            "2023-11-14", "2023-11-14T22:13:20", "2023-11-14T22:13:20-00:00", "2023-11-14T22:13:20.1234567890Z", "2100-02-29T00:00:00Z",
            1700000000000, 1700000000000.0, 1699999999999, 1700000000000.5, 0, -1, 8640000000000000, 8640000000000001]
ADDRESSES = ["10.1.2.3", "10.1.2.255", "10.2.0.0", "192.168.1.1", "::ffff:10.1.2.3", "::FFFF:0a01:0203", "2001:db8::1", "2001:DB8:0::1", "2001:db9::",
             "::1", "::", "10.01.2.3", "10.1.2", "256.1.1.1", "fe80::1%eth0", "10.1.2.3/32", "", "0.0.0.0", "255.255.255.255", "::10.1.2.3"]
NETWORKS = ["10.0.0.0/8", "10.1.2.0/24", "10.1.2.3", "10.1.2.3/24", "0.0.0.0/0", "2001:db8::/32", "2001:db8::1", "::/0", "::ffff:10.1.0.0/112",
            "::ffff:0:0/96", "::ffff:10.1.2.3", "::fffe:0:0/95", "192.168.0.0/16", "::1/128", "10.1.2.254/31"]
ELEMENTS = ["a", "b", "A", "vip", "", "1", 1, 1.0, 2, 2**53, 2**53 + 1]
LISTS = [[], ["a"], ["a", "b"], ["A"], ["vip", 1], [1.0], [True], [None, "a"], [["a"]], [2**53 + 1], ["1"], ["b", "vip", 2, {"x": 1}], [False, 1]]
REGEXES = ["^u[0-9]+$", "^U", "(?i)^us$", "a|b", "[a-c]{2}", "^$", "ß", "@example\\.com$", "^.{2,3}$", "\\.com", "(?i)EXAMPLE", "^1\\.[0-9]+"]
REGIONS = ["us-west", "us-east", "eu", "US-WEST", ""]
OTHER = [True, False, None, 0, "", [], {}, {"a": 1}, 3.5, "true"]
POOLS = {"user_id": USERS, "org_id": ["o1", "o2", "o3", 5, 5.0, "", None], "country": STRINGS, "plan": ["free", "pro", "Pro", "enterprise"],
         "age": NUMBERS, "app": VERSIONS, "signup": INSTANTS, "ip": ADDRESSES, "tags": LISTS, "region": REGIONS, "beta": [True, False],
         "meta": [{}, {"a": 1}, [], "x"], "environment": ENVIRONMENTS, "email": STRINGS}
PERCENTS = [0, 0.0001, 1, 10, 12.5, 33.3333, 50, 50.0, 75, 99, 99.9999, 100, 100.0]
NOWS = [1700000000000, 1699999999999, 0, -1, 1767225600000]


class Generator:
    def __init__(self, seed, contexts, lenient):
        self.r, self.seed, self.count, self.lenient = random.Random(seed), seed, contexts, lenient

    def chance(self, p):
        return self.r.random() < p

    def some(self, pool, low, high):
        return [self.r.choice(pool) for _ in range(self.r.randint(low, high))]

    # --- conditions

    def test(self):
        r = self.r
        op = r.choice(["eq"] * 4 + ["in"] * 4 + ["contains", "starts_with", "ends_with", "matches", "lt", "lte", "gt", "gte", "between", "modulo",
                      "semver", "version", "version", "before", "after", "in_cidr", "in_cidr", "contains_any", "contains_all", "contains_none",
                      "is_type", "is_set", "is_set"])
        name, value = r.choice(["user_id", "country", "plan", "email", "region", "org_id"]), None
        strings = [s for s in POOLS[name] if type(s) is str]
        leaf = {"attribute": name, "op": op}
        if op == "eq":
            name = r.choice(list(POOLS))
            value = r.choice([v for v in POOLS[name] + [True, 1, ""] if type(v) in (str, int, float, bool)])
        elif op == "in":
            if self.chance(0.4):
                name = r.choice(["user_id", "age", "org_id"])
            value = [v for v in self.some(POOLS[name] + [1, "a"], 0, 8) if type(v) in (str, int, float)]
        elif op in ("contains", "starts_with", "ends_with"):
            cut = [s[:2] if op == "starts_with" else s[-2:] for s in strings] + ["", "s", "S", "ß", "σ", "Σ", "ς", "i̇", "İ"]
            value = r.choice(cut) if self.chance(0.5) else self.some(cut, 0, 3)
        elif op == "matches":
            value = r.choice(REGEXES)
        elif op in ("lt", "lte", "gt", "gte"):
            name, value = "age", r.choice(NUMBERS)
        elif op == "between":
            name, value = "age", sorted(self.some(NUMBERS, 2, 2))
        elif op == "modulo":
            name, d = r.choice(["age", "age", "user_id"]), r.choice([1, 2, 3, 7, 10, 2**53])
            value = {"divisor": d, "remainder": r.choice([0, 1, d - 1]) % d}
        elif op in ("semver", "version"):
            leaf["op"], name = op + "_" + r.choice(["eq", "lt", "lte", "gt", "gte"]), "app"
            value = r.choice(["1.2.0", "1.2.3", "1.2.3-alpha.1", "1.2.3-rc.3", "1.2.3+other", "2.0.0", "99999999999999999999.0.0"])
            if op == "version" and self.chance(0.5):
                value = r.choice(["v1.2", "1", "01.02", "1.2.3.4", "1.10", "1.2-x"])
        elif op in ("before", "after"):
            name, value = "signup", r.choice(INSTANTS[:6] + [1700000000000, 1700000000001, 0])
        elif op == "in_cidr":
            name, value = "ip", r.choice(NETWORKS) if self.chance(0.5) else self.some(NETWORKS, 0, 3)
        elif op.startswith("contains_"):
            name, value = "tags", self.some(ELEMENTS, 0, 3)
        elif op == "is_type":
            name, value = r.choice(list(POOLS)), r.choice(["string", "number", "integer", "boolean", "list", "object"])
        else:
            name = r.choice(list(POOLS))
        leaf["attribute"] = name if self.chance(0.95) else r.choice(list(POOLS))
        if op != "is_set":
            leaf["value"] = value
        if op in ("eq", "in", "contains", "starts_with", "ends_with") and self.chance(0.4):
            if op != "eq" or type(value) is str:
                if op != "in" or (value and all(type(v) is str for v in value)):
                    leaf["ignore_case"] = True
        return leaf

    def leaf(self, allowed):
        r, x = self.r, self.r.random()
        if allowed and x < 0.35:
            kind, key = r.choice(allowed)
            if kind == "segment":
                return {"segment": key}
            names = list(self.variants[key])
            return {"feature": key, "variants": r.sample(names, r.randint(0 if self.chance(0.1) else 1, len(names)))}
        if x < 0.42:
            a = r.choice([0, 0, 250000, 500000])
            return {"bucket": {"unit": r.choice(["user_id", "user_id", "org_id", "region"]), "salt": r.choice(["", "s", "sä", "rollout/f0/r0"]), "from": a,
                               "to": r.choice([x for x in (1, 333333, 500000, 750000, 1000000) if x > a])}}
        if x < 0.48:
            t = {"from": r.choice(INSTANTS[:6] + NOWS), "to": r.choice(INSTANTS[:6] + NOWS)}
            if self.chance(0.7):
                del t[r.choice(["from", "to"])]
            return {"time": t}
        return self.test()

    def condition(self, allowed, depth=0):
        x = self.r.random()
        if depth > 3 or x < 0.45:
            return self.leaf(allowed)
        if x < 0.6:
            return {"not": self.condition(allowed, depth + 1)}
        return {self.r.choice(["all", "any", "any"]): [self.condition(allowed, depth + 1) for _ in range(self.r.choice([0, 1, 2, 2, 2, 3, 4]))]}

    # --- definitions

    def percent(self):
        return self.r.choice(PERCENTS) if self.chance(0.7) else round(self.r.randint(0, 1000000) / 10000, 4)

    def rules(self, names, allowed, kind):
        rules = []
        for i in range(self.r.choice([0, 1, 1, 2, 3, 4])):
            rule = {"id": "r%d" % i}
            if self.chance(0.8):
                rule["if"] = self.condition(allowed)
            if self.chance(0.4):
                rule["rollout"] = {"percent": self.percent()}
                if self.chance(0.25):
                    rule["rollout"]["unit"] = self.r.choice(["org_id", "country", "region", "age"])
                if self.chance(0.2):
                    rule["rollout"]["salt"] = self.r.choice(["", "shared", "ünï"])
            if self.chance(0.7 if kind == "experiment" else 0.25):
                cuts = sorted(self.r.sample(range(0, 1000001), self.r.randint(0, 3))) if self.chance(0.7) else [500000]
                cuts = [0] + cuts + [1000000]
                rule["split"] = [{"variant": self.r.choice(names), "weight": round((b - a) / 10000, 4)} for a, b in zip(cuts, cuts[1:])]
            else:
                rule["variant"] = self.r.choice(names)
            if self.chance(0.35):
                rule["otherwise"] = self.r.choice(["next", "default", "default"])
            rules.append(rule)
        return rules

    def feature(self, key, kind, allowed):
        r, d = self.r, {"kind": kind}
        names = ["on", "off"]
        if kind == "gate":
            if self.chance(0.4):
                d["variants"] = {"on": True, "off": False}
                if self.chance(0.3):
                    names.append("dark")
                    d["variants"]["dark"] = False
            if self.chance(0.3):
                d["default"] = r.choice(names)
        else:
            names = ["control", "a", "b", "c"][:r.randint(1, 4)]
            values = ["x", "", 1, 1.5, -0.0, True, None, [1, "a", None], {"k": {"n": [2**53 + 1]}}, 2**63 - 1, "ΣΑΣ"]
            d["variants"] = {n: r.choice(values) for n in names}
            d["default"] = r.choice(names)
        if self.chance(0.1):
            d["enabled"] = self.chance(0.3)
        if self.chance(0.07):
            d["archived"] = self.chance(0.7)
        if self.chance(0.2):
            d["salt"] = r.choice(["", "line-1", "σ"])
        if self.chance(0.25):
            d["unit"] = r.choice(["org_id", "user_id", "age", "region"])
        if self.chance(0.9):
            d["rules"] = self.rules(names, allowed, kind)
        if self.chance(0.4):
            d["environments"] = {}
            for env in r.sample(ENVIRONMENTS, r.randint(1, 2)):
                block = d["environments"][env] = {}
                if self.chance(0.3):
                    block["enabled"] = self.chance(0.6)
                if self.chance(0.4):
                    block["default"] = r.choice(names)
                if self.chance(0.6):
                    block["rules"] = self.rules(names, allowed, kind)
        if kind == "experiment":
            if self.chance(0.5):
                d["allocation"] = {"percent": self.percent()}
                if self.chance(0.3):
                    d["allocation"]["salt"] = r.choice(["", "alloc"])
            if self.chance(0.5) and (key in self.grouped or self.free):
                if key not in self.grouped:
                    self.grouped[key] = self.free.pop()
                d["exclusion_group"] = self.grouped[key][0]
        self.variants.setdefault(key, {}).update(dict.fromkeys(names))
        return d, names

    def document(self):
        r = self.r
        doc = {"schema_version": 1, "version": r.choice([1, 7, 2**40])}
        self.variants, self.grouped, nodes = {}, {}, []
        self.free = [("g1", 0, 250000), ("g1", 250000, 1000000), ("g2", 100000, 900000)]
        kinds = ["segment"] * r.randint(0, 4) + ["feature"] * r.randint(3, 8)
        r.shuffle(kinds)
        base, make, names = {}, {}, {}
        for i, kind in enumerate(kinds):
            node = (kind, r.choice(["s%d", "seg-é%d"]) % i if kind == "segment" else r.choice(["f%d", "f%d", "fé-%d"]) % i)
            allowed = nodes[:]
            if kind == "segment":
                def build(allowed=allowed):
                    return {"if": self.condition(allowed)}
            else:
                def build(key=node[1], allowed=allowed, what=r.choice(["gate", "gate", "config", "experiment"])):
                    return self.feature(key, what, allowed)
            made = build()
            base[node], names[node] = made if kind == "feature" else (made, None)
            make[node] = build
            nodes.append(node)
        releases, taken = [], set()
        for i in range(r.choice([0, 1, 1, 2, 3])):
            pool = [n for j, n in enumerate(nodes) if n not in taken and (j >= 2 or self.chance(0.2))]
            members = r.sample(pool, min(len(pool), r.choice([1, 1, 2, 3])))
            if not members:
                continue
            taken.update(members)
            releases.append(self.release("rel%d" % i, members, nodes, base, make, names))
        for kind in ("segment", "feature"):
            part = {key: base[k, key] for k, key in nodes if k == kind and (k, key) in base}
            if part or kind == "feature":
                doc[kind + "s"] = part
        for group, low, high in self.grouped.values():
            g = doc.setdefault("exclusion_groups", {}).setdefault(group, {"ranges": {}})
            if group == "g2":
                g.update(unit="org_id", salt="ex")
            g["ranges"].update({k: {"from": a, "to": b} for k, (n, a, b) in self.grouped.items() if n == group})
        if releases:
            doc["releases"] = releases
        if self.chance(0.25):
            keys = [n[1] for n in nodes if n[0] == "feature"]
            doc["kills"] = [{"feature": k, "environment": r.choice(ENVIRONMENTS)} for k in r.sample(keys, r.randint(1, 2))]
            if self.chance(0.5):
                doc["kills"][0]["reason"] = "incident"
        if self.chance(0.5):
            doc["environments"] = {e: {"production": e == "prod"} for e in ENVIRONMENTS}
        self.nodes = nodes
        return doc

    def release(self, name, members, nodes, base, make, names):
        r, entries, both = self.r, {}, {}
        allowed = nodes[:min(nodes.index(m) for m in members)]
        for m in members:
            entries[m] = entry = {}
            x = r.random()
            both[m] = names[m]
            if x < 0.7:
                made = make[m]()
                entry["candidate"], other = made if m[0] == "feature" else (made, None)
                if m[0] == "feature":
                    entry["candidate"]["kind"] = base[m]["kind"]
                    both[m] = [n for n in names[m] if n in other]
                if self.chance(0.2):
                    del base[m]  # it is being created
                    both[m] = other
            elif x < 0.85:
                entry["candidate"] = None
            elif m[0] == "segment":
                entry["candidate"] = {"if": {"not": base[m]["if"]}}
        release = {"id": name}
        for kind in ("feature", "segment"):
            part = {k: entries[n, k] for n, k in members if n == kind}
            if part:
                release[kind + "s"] = part
        single = len(members) == 1 and members[0][0] == "feature"
        if not single or self.chance(0.3):
            release["ramp"] = {"unit": r.choice(["user_id", "org_id", "region"])}
            if self.chance(0.3):
                release["ramp"]["salt"] = r.choice(["", "line"])
        release["phases"] = [self.phase(i, members, entries, both, allowed) for i in range(r.randint(1, 6))]
        return release

    def phase(self, i, members, entries, both, allowed):
        r, p = self.r, {"id": "p%d" % i}
        if self.chance(0.85):
            p["live"] = self.chance(0.8)
        if self.chance(0.7):
            p["target"] = []
            for _ in range(r.choice([0, 1, 1, 1, 2, 3])):
                entry = {}
                if self.chance(0.5):
                    entry["environments"] = r.sample(ENVIRONMENTS, r.choice([0, 1, 1, 2, 3]))
                if self.chance(0.6):
                    entry["if"] = self.condition(allowed)
                p["target"].append(entry)
        if self.chance(0.4):
            p["ramp"] = {"percent": self.percent()}
        if self.chance(0.75):
            p["patches"] = []
            segments = [k for n, k in allowed if n == "segment"]
            for _ in range(r.choice([0, 1, 2, 2, 3, 4])):
                m = r.choice(members)
                kinds = ["apply"] * 2 if "candidate" in entries[m] else []
                if m[0] == "feature":
                    kinds += ["enable", "disable"] + (["set"] if both[m] else [])
                if not kinds:
                    continue
                patch = {"patch": r.choice(kinds), m[0]: m[1]}
                if patch["patch"] == "set":
                    patch["variant"] = r.choice(both[m])
                if segments and self.chance(0.4):
                    patch["for"] = r.choice(segments)
                p["patches"].append(patch)
        return p

    # --- contexts, process, faults

    def context(self):
        out = {}
        for name, pool in POOLS.items():
            x = self.r.random()
            if x < 0.82:
                out[name] = self.r.choice(pool[:24]) if name == "user_id" and self.chance(0.6) else self.r.choice(pool)
            elif x < 0.88:
                out[name] = self.r.choice(OTHER)
            elif x < 0.91:
                out[name] = None
        return out

    def setting(self, doc):
        process = {}
        if self.chance(0.35):
            doc["environment"] = self.r.choice(ENVIRONMENTS)
        elif self.chance(0.5):
            process["environment"] = self.r.choice(ENVIRONMENTS + [None])
        for name in ("region", "plan", "app"):
            if self.chance(0.25):
                process[name] = self.r.choice(POOLS[name] + [None])
        if "environment" in doc and self.chance(0.3):
            process["environment"] = doc["environment"]
        return process

    def fault(self, doc):
        """Plants one fault; returns what it was."""
        r = self.r
        features, releases = list(doc["features"].items()), doc.get("releases", [])
        candidates = [e for rel in releases for part in ("features", "segments") for e in rel.get(part, {}).values() if e.get("candidate")]
        phases = [p for rel in releases for p in rel["phases"]]
        bad = {"unknown_op": {"attribute": "age", "op": "resembles", "value": 1}, "unknown_segment": {"segment": "no_such_segment"},
               "bad_regex": {"attribute": "country", "op": "matches", "value": "(a"}, "unknown_feature": {"feature": "no_such_key", "variants": ["on"]},
               "bad_value": {"attribute": "age", "op": "between", "value": [2, 1]}}
        what = r.choice(list(bad) + ["unknown_variant", "bad_percent", "weights", "cycle", "overlay_cycle", "bad_phase", "bad_patch"] + ["segment"] * 2)
        broken = r.choice(list(bad.values()))
        where = r.choice(candidates) if candidates and self.chance(0.5) else None
        definition = where["candidate"] if where else r.choice(features)[1] if features else None
        if what in ("bad_phase", "bad_patch") and phases:
            p = r.choice(phases)
            if what == "bad_patch":
                p["patches"] = p.get("patches", []) + [{"patch": r.choice(["apply", "explode"]), "feature": "no_such_key"}]
            elif self.chance(0.3):
                p["ramp"] = {"percent": 100.5}
            else:
                p["target"] = p.get("target", []) + [{"if": broken}]
            return what
        if what == "segment" and doc.get("segments"):
            r.choice(list(doc["segments"].values()))["if"] = broken
            return what
        if what in ("cycle", "overlay_cycle"):
            known = [n for n in self.nodes if n[1] in doc.get(n[0] + "s", {})]
            if len(known) >= 2:
                i, j = sorted(r.sample(range(len(known)), 2))
                for a, b in ((i, j), (j, i)):
                    ref = {"segment": known[b][1]} if known[b][0] == "segment" else {"feature": known[b][1], "variants": ["on"]}
                    d = doc[known[a][0] + "s"][known[a][1]]
                    if what == "overlay_cycle" and a == i:  # only the candidate of the lower one refers to the higher
                        entry = next((rel[known[a][0] + "s"][known[a][1]] for rel in releases if known[a][1] in rel.get(known[a][0] + "s", {})), None)
                        if entry is None or not entry.get("candidate"):
                            return self.fault(doc)
                        d = entry["candidate"]
                    self.add(d, ref)
                return what
        if definition is None:
            return "none"
        if "kind" not in definition:
            definition["if"] = broken
            return "candidate_segment"
        if what == "unknown_variant":
            definition.setdefault("rules", []).append({"id": "bad", "variant": "no_such_variant"})
        elif what == "bad_percent":
            definition.setdefault("rules", []).insert(0, {"id": "bad", "rollout": {"percent": r.choice([101, -1, 33.33333, "5"])}, "variant": next(
                iter(definition.get("variants", {"on": True})))})
        elif what == "weights":
            definition.setdefault("rules", []).append({"id": "bad", "split": [{"variant": next(iter(definition.get("variants", {"on": 1}))), "weight": 99.9999}]})
        else:
            self.add(definition, bad.get(what, broken))
        return what

    def add(self, definition, condition):
        if "kind" not in definition:
            definition["if"] = {"any": [definition["if"], condition]}
        else:
            name = next(iter(definition.get("variants", {"on": True})))
            definition.setdefault("rules", []).append({"id": "added%d" % self.r.randint(0, 10**9), "if": condition, "variant": name})

    def line(self):
        doc = self.document()
        doc = json.loads(json.dumps(doc))  # no shared parts
        process, now = self.setting(doc), self.r.choice(NOWS)
        out = {"seed": self.seed, "process": process, "now": now, "mode": "lenient" if self.lenient else "strict"}
        if self.lenient:
            out["faults"] = [self.fault(doc) for _ in range(self.r.randint(1, 2))]
        snapshot = Snapshot(doc, out["mode"])
        engine, keys = snapshot.engine(normalise(process)), snapshot.features() + ["no_such_feature"]
        out["snapshot"], out["contexts"] = doc, [self.context() for _ in range(self.count)]
        out["expect"] = [engine.decide_all(keys, normalise(c), now) for c in out["contexts"]]
        return out


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--documents", type=int, default=100)
    p.add_argument("--contexts", type=int, default=20)
    p.add_argument("--lenient", action="store_true")
    a = p.parse_args()
    for i in range(a.documents):
        seed = "%d/%d%s" % (a.seed, i, "/lenient" if a.lenient else "")
        sys.stdout.write(json.dumps(Generator(seed, a.contexts, a.lenient).line(), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
