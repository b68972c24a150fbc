"""Tidegate's reference evaluator: slow, plain, written from docs/SEMANTICS.md alone.

    decide(snapshot, feature, context, process, now_ms) -> the decision of clause 6.4
    Snapshot(document, mode).engine(process).decide(feature, context, now_ms)     the same, set up once
"""
import sys

from operands import Invalid, bucket, instant, is_integral, loads, need, normalise, only, operator, share, unit_text  # noqa: F401
from validate import Checker, on_cycles

sys.setrecursionlimit(20_000)
TOMBSTONE, INVALID = "tombstone", "invalid"

class Refused(Exception):
    """The document is refused as a whole (9.1, or an error in strict mode)."""

class Snapshot:
    """A checked document: which bases, candidates and phases count (clauses 2.8, 7, 9)."""

    def __init__(self, document, mode="strict"):
        try:
            self.doc = doc = normalise(document)
        except Invalid as e:
            raise Refused(str(e))
        if type(doc) is not dict or doc.get("schema_version") != 1 or not is_integral(doc.get("version")):
            raise Refused("schema_version must be 1 and version an integer")
        self.version, self.engines, self.faults = doc["version"], {}, []
        self.base, self.candidate, self.invalid, self.ignored, self.patches = {}, {}, set(), set(), {}
        for kind in ("segment", "feature"):
            self.base.update({(kind, key): d for key, d in (doc.get(kind + "s") or {}).items()})
        self.releases, members = [], set()  # (release, its nodes, its valid phases)
        for release in doc.get("releases") or []:
            nodes = [(kind, key) for kind in ("feature", "segment") for key in release.get(kind + "s") or {}]
            for node in nodes:
                entry = release[node[0] + "s"][node[1]]
                if "candidate" in entry:
                    self.candidate[node] = entry["candidate"]
                if node in members or ("candidate" not in entry and node not in self.base):
                    self.fault(node, "is in two releases, or has neither base nor candidate", self.ignored)
                members.add(node)
            self.releases.append((release, nodes, []))
        self.known = set(self.base) | set(self.candidate)
        self.check(Checker(doc))
        self.kills = {(k.get("feature"), k.get("environment")) for k in doc.get("kills") or []}
        self.faults += ["kill of an unknown feature" for k, _ in self.kills if ("feature", k) not in self.known]
        if mode == "strict" and self.faults:
            raise Refused("; ".join(self.faults))
        self.order_patches()

    def fault(self, node, message, into):
        self.faults.append("%s: %s" % (node, message))
        into.add(node)

    def check(self, checker):
        edges, overlay, changed = {}, {}, True
        def usable(refs, invalid=()):
            for r in refs:
                need(r in self.known and r not in invalid, "unknown or invalid %s %s" % r)

        for node, d in self.base.items():
            edges[node] = refs = []
            try:
                checker.definition(node, d, refs)
                usable(refs)
            except Invalid as e:
                self.fault(node, str(e), self.invalid)
        for a, b in sorted(on_cycles(edges)):
            self.fault(a, "is on a cycle with %s" % (b,), self.invalid)
        while changed:  # 9.4: transitively
            changed = False
            for node, refs in edges.items():
                if node not in self.invalid and any(r in self.invalid for r in refs):
                    self.fault(node, "refers to something invalid", self.invalid)
                    changed = True
        for node, d in self.candidate.items():
            overlay[node] = refs = []
            try:
                if d is not None:
                    checker.definition(node, d, refs)
                usable(refs, self.invalid)
            except Invalid as e:
                self.fault(node, "candidate: %s" % e, self.ignored)
                overlay[node] = []
        for release, nodes, phases in self.releases:
            for p in release.get("phases") or []:
                refs = []
                try:
                    checker.phase(p, self.ramp(release, nodes)[0], self, nodes, refs)
                    usable(refs, self.invalid)
                except Invalid as e:
                    self.faults.append("phase of release %r: %s" % (release.get("id"), e))
                    continue
                phases.append(p)
                for node in nodes:
                    if node not in self.ignored:
                        overlay.setdefault(node, []).extend(refs)
        every = {n: set(edges.get(n, [])) | set(overlay.get(n, [])) for n in set(edges) | set(overlay)}
        for a, b in sorted(on_cycles(every)):
            # a base on a cycle is invalid already; an overlay that closes one is ignored (9.5)
            if b in overlay.get(a, ()) and a not in self.ignored:
                self.fault(a, "its overlay closes a cycle with %s" % (b,), self.ignored)

    def ramp(self, release, nodes):
        """7.4: (unit or None if it would have to be given, salt)."""
        ramp = release.get("ramp") or {}
        salt = "ramp/" + ",".join(sorted(k if kind == "feature" else "segment:" + k for kind, k in nodes))
        unit = None
        if len(nodes) == 1 and nodes[0][0] == "feature":
            sound = nodes[0] in self.base and nodes[0] not in self.invalid
            d = (self.base if sound else self.candidate).get(nodes[0])
            unit = d.get("unit", "user_id") if type(d) is dict else "user_id"
        unit, salt = ramp.get("unit", unit), ramp.get("salt", salt)
        need((unit is None or type(unit) is str) and type(salt) is str, "a ramp's unit and salt are texts")
        return unit, salt

    def order_patches(self):
        """7.7: per node, the patches of live phases in application order: (what, phase number, for, variant)."""
        self.phases = []  # (release, phase, unit, salt)
        for release, nodes, phases in self.releases:
            everyone, audience = {}, {}
            for p in phases:
                if p.get("live", False) is False:
                    continue
                number = len(self.phases)
                self.phases.append((release, p) + self.ramp(release, nodes))
                patches = p.get("patches")
                if patches is None:
                    patches = [{"patch": "apply", n[0]: n[1]} for n in nodes if n in self.candidate]
                for patch in patches:
                    node = ("feature", patch["feature"]) if "feature" in patch else ("segment", patch["segment"])
                    if node not in self.ignored:
                        where = audience if "for" in patch else everyone
                        where.setdefault(node, []).append((patch["patch"], number, patch.get("for"), patch.get("variant")))
            for node in nodes:
                if node not in self.ignored:
                    self.patches[node] = everyone.get(node, []) + audience.get(node, [])

    def features(self):
        """The keys that step 2 knows, sorted by bytes."""
        return sorted(key for kind, key in self.known if kind == "feature")

    def engine(self, process):
        key = repr(sorted(process.items(), key=lambda item: item[0]))
        return self.engines.get(key) or self.engines.setdefault(key, Engine(self, process))

class Resolved:
    """3.3: a definition in an environment, with folded conditions."""

    def __init__(self, engine, key, d, env):
        block = d.get("environments", {}).get(env, {}) if env is not None else {}
        self.variants = d.get("variants", {"on": True, "off": False})
        self.default = block.get("default", d.get("default", "off"))
        self.enabled = block.get("enabled", d.get("enabled", True))
        self.archived = d.get("archived", False)
        self.unit, salt = d.get("unit", "user_id"), d.get("salt", key)
        self.split_salt = "split/" + salt
        self.allocation = self.group = None
        if "allocation" in d:
            a = d["allocation"]
            self.allocation = (self.unit, a.get("salt", "allocation/" + salt), 0, share(a["percent"]))
        if "exclusion_group" in d:
            name = d["exclusion_group"]
            g = engine.snapshot.doc["exclusion_groups"][name]
            span = g["ranges"][key]
            self.group = (g.get("unit", "user_id"), "exclusion/" + g.get("salt", name), span["from"], span["to"])
        self.rules = []
        for r in block.get("rules", d.get("rules", [])):
            rollout, split = None, None
            if "rollout" in r:
                o = r["rollout"]
                rollout = (o.get("unit", self.unit), o.get("salt", "rollout/%s/%s" % (salt, r["id"])), 0, share(o["percent"]))
            if "split" in r:
                split, end = [], 0
                for part in r["split"]:
                    low, end = end, end + share(part["weight"])
                    split.append((low, end, part["variant"]))
            reason = "split" if split or (rollout and rollout[3] < 1_000_000) else "rule"
            takes_part = split is not None and d["kind"] == "experiment"
            self.rules.append((r["id"], engine.fold(r["if"], False) if "if" in r else True, takes_part, rollout, split,
                               r.get("variant"), r.get("otherwise", "next") == "default", reason))

class Evaluation:
    """One context at one instant. `first` is the first attribution met in the frame being evaluated (8.2)."""
    __slots__ = ("context", "environment", "now", "first", "memo")

class Engine:
    """A snapshot with process attributes (1.4, 1.5)."""

    def __init__(self, snapshot, process):
        self.snapshot, self.process, self.cache = snapshot, dict(process), {}
        given = snapshot.doc.get("environment")
        if given is not None and self.process.setdefault("environment", given) != given:
            raise Refused("the document is for another environment")
        # a phase: (release id, phase id, [(environments or None, condition)] or None, (unit, salt, 0, share) or None)
        self.phases = []
        for release, p, unit, salt in snapshot.phases:
            target = None
            if "target" in p:
                target = [(e.get("environments"), self.fold(e["if"], False) if "if" in e else True) for e in p["target"]]
                target = None if any(c is True and self.always(names) for names, c in target) else target  # 7.3: folded as a whole
            percent = share(p.get("ramp", {}).get("percent", 100))
            self.phases.append((release["id"], p["id"], target, (unit, salt, 0, percent) if percent < 1_000_000 else None))

    def always(self, names):
        return names is None or ("environment" in self.process and self.process["environment"] in names)

    # --- 2: conditions. fold() gives True, False, or a function of an Evaluation; `neg` is `not` pushed down ---------

    def fold(self, c, neg):
        if "not" in c:
            return self.fold(c["not"], not neg)
        if "all" in c or "any" in c:
            parts = [self.fold(m, neg) for m in c.get("all", c.get("any"))]
            stop = ("all" in c) == neg  # the outcome that decides: False for a conjunction, True for a disjunction
            if any(p is stop for p in parts):
                return stop
            parts = [p for p in parts if callable(p)]
            quantifier = any if stop else all
            return (lambda ev: quantifier(p(ev) for p in parts)) if parts else not stop
        if "segment" in c:
            return lambda ev, key=c["segment"]: self.segment(ev, key, neg)
        if "feature" in c:
            return lambda ev, key=c["feature"], wanted=frozenset(c["variants"]): self.variant(ev, key, wanted, neg)
        if "time" in c:
            start, end = instant(c["time"].get("from")), instant(c["time"].get("to"))
            return lambda ev: ((start is None or start <= ev.now) and (end is None or ev.now < end)) != neg
        if "bucket" in c:
            name, salt, low, high = (c["bucket"][k] for k in ("unit", "salt", "from", "to"))
            test = only(unit_text, lambda text: low <= bucket(salt, text) < high)
        else:
            name, test = c["attribute"], operator(c["op"], c)
        if c.get("op") == "is_set":
            def holds(v):
                return (v is not None) != neg
        else:
            def holds(v):
                outcome = test(v) if v is not None else None
                return outcome is not None and outcome != neg
        if name in self.process:
            return holds(self.process[name])
        return lambda ev: holds(ev.context.get(name))

    def inside(self, ev, unit, salt, low, high):
        text = unit_text(self.process[unit] if unit in self.process else ev.context.get(unit))
        return text is not None and low <= bucket(salt, text) < high

    def variant(self, ev, key, wanted, neg):
        decision = self.decided(ev, key)
        if ev.first is None and decision["release"] is not None:
            ev.first = (decision["release"], decision["phase"])
        return decision["variant"] is not None and (decision["variant"] in wanted) != neg

    def segment(self, ev, key, neg):
        """7.9, 8.3"""
        memo = ev.memo.get((key, neg))
        if memo is None:
            outer, ev.first = ev.first, None
            node, patches = ("segment", key), self.snapshot.patches.get(("segment", key), ())
            direct = next(filter(None, (self.takes_part(ev, patch) for patch in reversed(patches))), None)
            condition = self.condition(node, direct is not None, neg)
            holds = condition if type(condition) is bool else condition(ev)
            memo = ev.memo[key, neg] = (holds, direct or ev.first)
            ev.first = outer
        if ev.first is None:
            ev.first = memo[1]
        return memo[0]

    def condition(self, node, applied, neg):
        slot = (node, applied, neg)
        if slot not in self.cache:
            d = (self.snapshot.candidate if applied else self.snapshot.base).get(node)
            usable = d is not None and (applied or node not in self.snapshot.invalid)
            self.cache[slot] = self.fold(d["if"], neg) if usable else False  # a tombstone is not applicable
        return self.cache[slot]

    # --- 7: the overlay ------------------------------------------------------------
    def takes_part(self, ev, patch):
        """7.6: (release, phase) if the patch takes part, else None."""
        release, phase, target, ramp = self.phases[patch[1]]
        if target is not None:
            for environments, condition in target:
                if environments is not None and ev.environment not in environments:
                    continue
                if condition is True or (condition is not False and condition(ev)):
                    break
            else:
                return None
        outside = ramp is not None and not self.inside(ev, *ramp)
        return None if outside or patch[2] is not None and not self.segment(ev, patch[2], False) else (release, phase)

    def definition(self, node, applied, env):
        if not applied and node in self.snapshot.invalid:
            return INVALID
        d = (self.snapshot.candidate if applied else self.snapshot.base).get(node)
        if d is None:
            return TOMBSTONE
        slot = (node, applied, env if env in d.get("environments", ()) else None)
        if slot not in self.cache:
            self.cache[slot] = Resolved(self, node[1], d, slot[2])
        return self.cache[slot]

    # --- 6: deciding ------------------------------------------------------------
    def evaluation(self, context, now):
        ev = Evaluation()
        ev.context, ev.now, ev.first, ev.memo = context, now, None, {}
        env = self.process["environment"] if "environment" in self.process else context.get("environment")
        ev.environment = env if type(env) is str else None
        return ev

    def decide(self, feature, context, now):
        return self.decided(self.evaluation(context, now), feature)

    def decide_all(self, features, context, now):
        ev = self.evaluation(context, now)
        return [self.decided(ev, f) for f in features]

    def check(self, feature, context, now):
        """6.6"""
        decision = self.decide(feature, context, now)
        d = self.snapshot.base.get(("feature", feature)) or self.snapshot.candidate.get(("feature", feature)) or {}
        return decision["variant"] is not None and d.get("kind") == "gate" and decision["value"] is True

    def decided(self, ev, key):
        """6.1 from step 2 on, in a frame of its own."""
        decision = ev.memo.get(key)
        if decision is None:
            outer, ev.first = ev.first, None
            decision = ev.memo[key] = self.steps(ev, key)
            ev.first = outer
        return decision

    def steps(self, ev, key):
        node, env = ("feature", key), ev.environment
        def decision(reason, definition=None, variant=None, rule=None, direct=None):
            release, phase = direct or ev.first or (None, None)
            return {"feature": key, "value": definition.variants[variant] if variant is not None else None,
                    "variant": variant, "reason": reason, "rule": rule, "release": release, "phase": phase,
                    "indirect": direct is None and ev.first is not None, "version": self.snapshot.version}

        without = {TOMBSTONE: "unknown_feature", INVALID: "invalid_definition"}
        if node not in self.snapshot.known:
            return decision("unknown_feature")
        if env is not None and (key, env) in self.snapshot.kills:
            d = self.definition(node, False, env)
            return decision(without[d]) if type(d) is str else decision("killed", d, d.default)
        direct, applied, enabled, default = None, False, None, None
        for patch in reversed(self.snapshot.patches.get(node, ())):  # 7.8
            what = patch[0]
            if (enabled is not None and what in ("enable", "disable")) or (default is not None and what == "set"):
                continue
            part = self.takes_part(ev, patch)
            if part is None:
                continue
            direct = direct or part
            if what == "set":
                default = patch[3]
            elif what != "apply":
                enabled = what == "enable"
            else:
                applied = True
                break
        d = self.definition(node, applied, env)
        if type(d) is str:
            return decision(without[d], direct=direct)
        enabled = d.enabled if enabled is None else enabled
        default = d.default if default is None else default
        if d.archived or not enabled:
            return decision("archived" if d.archived else "disabled", d, default, direct=direct)
        for rule, condition, takes_part, rollout, split, variant, stop, reason in d.rules:
            if condition is not True and not (condition is not False and condition(ev)):
                continue
            served = self.serve(ev, d, takes_part, rollout, split, variant)
            if served is not None:
                return decision(reason, d, served, rule, direct)
            if stop:
                return decision("default", d, default, rule, direct)
        return decision("default", d, default, direct=direct)

    def serve(self, ev, d, takes_part, rollout, split, variant):
        """3.4-3.8: the variant, or None if the unit is outside."""
        if takes_part:
            if d.allocation and not self.inside(ev, *d.allocation) or d.group and not self.inside(ev, *d.group):
                return None
        if rollout and not self.inside(ev, *rollout):
            return None
        if split is None:
            return variant
        return next((name for low, end, name in split if self.inside(ev, d.unit, d.split_salt, low, end)), None)

def decide(snapshot, feature, context, process, now_ms, mode="strict"):
    if not isinstance(snapshot, Snapshot):
        snapshot = Snapshot(snapshot, mode)
    return snapshot.engine(normalise(process)).decide(feature, normalise(context), now_ms)
