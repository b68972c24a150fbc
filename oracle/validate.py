"""Validity of definitions, phases and references (clauses 2, 3, 7, 9.4, 9.5). Raises operands.Invalid per item."""
from operands import instant, is_integral, need, operator, share

FORMS = ("all", "any", "not", "attribute", "segment", "feature", "bucket", "time")

def typed(obj, key, kind, default=None):
    """obj[key] of the JSON type `kind`, or the default if it is left out."""
    if key not in obj:
        return default
    need(type(obj[key]) is kind, "%s must be a %s" % (key, kind.__name__))
    return obj[key]

def span(r):
    need(type(r) is dict and is_integral(r.get("from")) and is_integral(r.get("to")), "from and to must be integers")
    need(0 <= r["from"] < r["to"] <= 1_000_000, "0 <= from < to <= 1000000")

def condition(c, refs):
    """Checks a condition; adds its references, as (kind, key), to `refs`."""
    need(type(c) is dict, "a condition must be an object")
    forms = [f for f in FORMS if f in c]
    need(len(forms) == 1, "a condition has exactly one form, not %r" % (forms,))
    form = forms[0]
    if form in ("all", "any"):
        for member in typed(c, form, list):
            condition(member, refs)
    elif form == "not":
        condition(c["not"], refs)
    elif form == "attribute":
        typed(c, "attribute", str)
        operator(c.get("op"), c)
    elif form == "segment":
        refs.append(("segment", typed(c, "segment", str)))
    elif form == "feature":
        refs.append(("feature", typed(c, "feature", str)))
        need(all(type(v) is str for v in typed(c, "variants", list, [None])), "variants must be a list of strings")
    elif form == "bucket":
        b = typed(c, "bucket", dict)
        need(type(b.get("unit")) is str and type(b.get("salt")) is str, "a bucket has a unit and a salt")
        span(b)
    else:
        t = typed(c, "time", dict)
        need("from" in t or "to" in t, "time needs from or to")
        need(all(instant(t[k]) is not None for k in ("from", "to") if k in t), "time needs instants")

class Checker:
    def __init__(self, doc):
        self.names = doc.get("environments")  # 9: if given, every environment name must be one of them
        self.groups = doc.get("exclusion_groups") or {}
    def environment(self, name):
        need(type(name) is str and (self.names is None or name in self.names), "unknown environment %r" % (name,))
    def group(self, key, experiment):
        g = self.groups.get(key)
        need(type(g) is dict, "unknown exclusion group %r" % (key,))
        typed(g, "unit", str), typed(g, "salt", str)
        spans = []
        for r in typed(g, "ranges", dict, {}).values():
            span(r)
            need(all(r["to"] <= a or b <= r["from"] for a, b in spans), "ranges overlap")
            spans.append((r["from"], r["to"]))
        need(experiment in g.get("ranges", {}), "the experiment has no range in its group")
    def rules(self, rules, variants, refs):
        need(type(rules) is list, "rules must be a list")
        seen = set()
        for r in rules:
            need(type(r) is dict and type(r.get("id")) is str and r["id"] not in seen, "a rule has an id of its own")
            seen.add(r["id"])
            if "if" in r:
                condition(r["if"], refs)
            if "rollout" in r:
                rollout = typed(r, "rollout", dict)
                share(rollout.get("percent"))
                typed(rollout, "unit", str), typed(rollout, "salt", str)
            need(("variant" in r) != ("split" in r), "exactly one of variant and split")
            if "variant" in r:
                need(typed(r, "variant", str) in variants, "unknown variant")
            else:
                total = 0
                for part in typed(r, "split", list):
                    need(type(part) is dict and typed(part, "variant", str) in variants, "unknown variant")
                    total += share(part.get("weight"))
                need(total == 1_000_000, "weights must sum to 100")
            need(r.get("otherwise", "next") in ("next", "default"), "otherwise is next or default")
    def feature(self, key, d, refs):
        need(type(d) is dict, "a definition must be an object")
        kind = d.get("kind")
        need(kind in ("gate", "config", "experiment"), "unknown kind")
        variants = typed(d, "variants", dict, {"on": True, "off": False} if kind == "gate" else {})
        need(kind != "gate" or all(type(v) is bool for v in variants.values()), "a gate's variants are booleans")
        need(typed(d, "default", str, "off" if kind == "gate" else None) in variants, "unknown default")
        typed(d, "enabled", bool), typed(d, "archived", bool), typed(d, "salt", str), typed(d, "unit", str)
        self.rules(d.get("rules", []), variants, refs)
        for name, block in typed(d, "environments", dict, {}).items():
            self.environment(name)
            need(type(block) is dict, "a block must be an object")
            typed(block, "enabled", bool)
            need("default" not in block or typed(block, "default", str) in variants, "unknown default")
            self.rules(block.get("rules", []), variants, refs)
        need(kind == "experiment" or not {"allocation", "exclusion_group"} & set(d), "only an experiment has these")
        if "allocation" in d:
            share(typed(d, "allocation", dict).get("percent"))
            typed(d["allocation"], "salt", str)
        if "exclusion_group" in d:
            self.group(typed(d, "exclusion_group", str), key)
    def definition(self, node, d, refs):
        if node[0] == "feature":
            return self.feature(node[1], d, refs)
        need(type(d) is dict and "if" in d, "a segment has a condition")
        condition(d["if"], refs)
    def phase(self, p, ramp_unit, snapshot, nodes, refs):
        """`nodes`: those of the release; `snapshot` has base and candidate."""
        need(type(p) is dict and type(p.get("id")) is str, "a phase has an id")
        typed(p, "live", bool)
        for entry in typed(p, "target", list, []):
            need(type(entry) is dict, "an entry of a target is an object")
            for name in typed(entry, "environments", list, []):
                self.environment(name)
            if "if" in entry:
                condition(entry["if"], refs)
        percent = share(typed(p, "ramp", dict, {}).get("percent", 100))
        need(percent == 1_000_000 or ramp_unit is not None, "the ramp needs a unit")
        for patch in typed(p, "patches", list, []):
            need(type(patch) is dict and ("feature" in patch) != ("segment" in patch), "a feature or a segment")
            kind = "feature" if "feature" in patch else "segment"
            node, what = (kind, typed(patch, kind, str)), patch.get("patch")
            need(node in nodes, "%s %s is not in the release" % node)
            need(what == "apply" or (what in ("enable", "disable", "set") and kind == "feature"), "unknown patch")
            need(what != "apply" or node in snapshot.candidate, "apply without candidate")
            if what == "set":
                for d in (snapshot.base.get(node), snapshot.candidate.get(node)):
                    if type(d) is dict and d.get("kind") in ("gate", "config", "experiment"):
                        variants = d.get("variants", {"on": True, "off": False} if d["kind"] == "gate" else {})
                        need(type(variants) is not dict or patch.get("variant") in variants, "unknown variant")
                need(type(patch.get("variant")) is str, "set needs a variant")
            if "for" in patch:
                refs.append(("segment", typed(patch, "for", str)))

def on_cycles(edges):
    """Edges: node -> iterable of nodes. The set of edges (a, b) that lie on a cycle: b reaches a."""
    reach = {}
    for start in edges:
        seen, todo = set(), list(edges[start])
        while todo:
            n = todo.pop()
            if n not in seen:
                seen.add(n)
                todo.extend(edges.get(n, ()))
        reach[start] = seen
    return {(a, b) for a in edges for b in edges[a] if a in reach.get(b, ())}
