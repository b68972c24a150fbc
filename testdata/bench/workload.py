#!/usr/bin/env python3
"""The bench workload: the same gates and users on every machine, and for every engine that is compared with ours.

usage: workload.py OUTDIR    writes, deterministically, from random.Random(20261120):
  users.json        1,024 mixed users         match_users.json  1,024 users whom W2 lets in
  gates.json        {small, big, bigs}: the gates in a neutral form; benches decide them naively, to check the engine
  small.json        our document of W1 to W4
  big.json          our document of 1,000 gates like W4, each with a list of 1,000 ids (W5)
  bigs.json         the same with lists of 10 ids (W5s)
  stamp             says that all is written; holds this script's version

A neutral gate is a list of rules, tried in order; a rule is a list of conditions, all of which must hold, and pct, the share of
user ids, 100 being all. Conditions: ["id_in", ids] ["in", attribute, values] ["eq", attribute, value] ["ends", attribute, suffix]
["semver_gte", attribute, version].
"""
import json
import os
import random
import sys

VERSION = "1"
SEED = 20261120

COUNTRIES = (
    "US CA GB DE FR ES IT NL BE SE NO DK FI PL CZ AT CH PT IE GR RO HU BG HR SK SI LT LV EE LU "
    "JP KR CN IN ID TH VN PH MY SG AU NZ BR MX AR CL CO PE ZA NG KE EG MA TN TR SA AE IL UA KZ"
).split()
LISTED = COUNTRIES[:20]
APP_VERSIONS = ["1.9.3", "2.0.0", "2.4.9", "2.3.17", "2.5.0", "2.10.1", "3.0.0", "2.5.1"]
REGIONS = ["us-west", "us-west", "us-east", "eu-central", "ap-south"]
PLANS = ["free", "pro", "team", "enterprise"]
MAILS = ["@mail.example", "@gmail.example", "@outlook.example"]


class Workload:
    """Users and gates. The order of the draws is part of the method: another order gives other users and gates."""

    def __init__(self):
        self.random = random.Random(SEED)
        self.users = [self.user(match=False) for _ in range(1024)]
        self.match_users = [self.user(match=True) for _ in range(1024)]
        self.small = [
            gate("w1_everyone_gate", rule()),
            gate("w2_attribute_gate", rule(["in", "country", ["US", "CA", "GB", "DE"]], ["eq", "plan", "pro"])),
            gate("w3_percent_gate", rule(pct=50)),
            self.realistic("w4_realistic_gate", 1000, lambda: LISTED),
        ]
        self.big = self.checkout_gates(1000)
        self.bigs = self.checkout_gates(10)

    def id(self):
        return "user-%015x" % self.random.getrandbits(60)

    def user(self, match):
        draw = self.random
        id = self.id()
        mail = "@corp.example" if draw.random() < 0.10 else draw.choice(MAILS)
        if match:
            country = draw.choice(["US", "CA", "GB", "DE"])
        else:
            country = draw.choice(LISTED if draw.random() < 0.5 else COUNTRIES)
        return {
            "id": id,
            "email": id[5:13] + mail,
            "country": country,
            "plan": "pro" if match else draw.choice(PLANS),
            "app_version": draw.choice(APP_VERSIONS),
            "region": draw.choice(REGIONS),
        }

    def realistic(self, name, ids, countries):
        known = 102 if ids >= 1000 else max(1, ids // 2)
        listed = [user["id"] for user in self.random.sample(self.users, known)]
        listed += [self.id() for _ in range(ids - known)]
        self.random.shuffle(listed)
        return gate(
            name,
            rule(["id_in", listed]),
            rule(["ends", "email", "@corp.example"]),
            rule(["semver_gte", "app_version", "2.5.0"], ["in", "country", countries()]),
            rule(["eq", "region", "us-west"], pct=10),
            rule(pct=50),
        )

    def checkout_gates(self, ids):
        def countries():
            return self.random.sample(LISTED, 10) + self.random.sample(COUNTRIES[20:], 10)

        return [self.realistic("checkout_gate_%04d" % number, ids, countries) for number in range(1000)]


def gate(name, *rules):
    return {"name": name, "rules": list(rules)}


def rule(*conditions, pct=100):
    return {"conds": list(conditions), "pct": pct}


OPERATORS = {"id_in": "in", "in": "in", "eq": "eq", "ends": "ends_with", "semver_gte": "semver_gte"}


def condition(neutral):
    operator, *rest = neutral
    attribute, value = rest if len(rest) == 2 else ("id", rest[0])
    return {"attribute": attribute, "op": OPERATORS[operator], "value": value}


def document_rule(number, neutral):
    written = {"id": f"r{number}"}
    conditions = [condition(each) for each in neutral["conds"]]
    if len(conditions) == 1:
        written["if"] = conditions[0]
    elif conditions:
        written["if"] = {"all": conditions}
    if neutral["pct"] < 100:
        written["rollout"] = {"percent": neutral["pct"]}
    written["variant"] = "on"
    return written


def document(gates):
    features = {
        each["name"]: {
            "kind": "gate",
            "unit": "id",
            "rules": [document_rule(number, neutral) for number, neutral in enumerate(each["rules"])],
        }
        for each in gates
    }
    return {"schema_version": 1, "version": 1, "features": features}


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    directory = sys.argv[1]
    os.makedirs(directory, exist_ok=True)

    def write(name, value):
        # Written beside and moved, so that a bench never reads half a file.
        path = os.path.join(directory, name)
        temporary = f"{path}.{os.getpid()}"
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(value if isinstance(value, str) else json.dumps(value, separators=(",", ":")))
        os.replace(temporary, path)

    workload = Workload()
    write("users.json", workload.users)
    write("match_users.json", workload.match_users)
    write("gates.json", {"small": workload.small, "big": workload.big, "bigs": workload.bigs})
    write("small.json", document(workload.small))
    write("big.json", document(workload.big))
    write("bigs.json", document(workload.bigs))
    write("stamp", VERSION)


if __name__ == "__main__":
    main()
