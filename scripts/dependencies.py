#!/usr/bin/env python3
"""Checks the dependencies: licences and sources of all, number and duplicates of those of the root package.

usage: dependencies.py [--locked]

The licences allowed are those of deny.toml. Python 3.9 and the standard library are enough; cargo is asked for the rest.
"""
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CORE = "tidegate"
MAX_DIRECT = 6
MAX_TREE = 25
ONCE_IN_CORE = ("syn", "hashbrown", "rand")


def cargo(*arguments):
    run = subprocess.run(["cargo", *arguments, *sys.argv[1:]], cwd=ROOT, stdout=subprocess.PIPE, check=False)
    if run.returncode != 0:
        sys.exit("error: `cargo %s` failed" % arguments[0])
    return run.stdout.decode("utf-8")


def allowed_licences():
    """The strings of `allow` in the section [licenses] of deny.toml; tomllib is only there from Python 3.11 on."""
    section, inside, found = "", False, set()
    for line in (ROOT / "deny.toml").read_text(encoding="utf-8").splitlines():
        line = line.split("#")[0].strip()
        header = re.fullmatch(r"\[([^\[\]]+)\]", line)
        if header and not inside:
            section = header.group(1)
        elif section == "licenses" and re.match(r"allow\s*=", line):
            inside = True
        if inside:
            found.update(re.findall(r'"([^"]+)"', line))
            inside = not line.endswith("]")
    if not found:
        sys.exit("error: deny.toml allows no licence")
    return found


class Expression:
    """An SPDX expression; `/` is the old way to write OR."""

    def __init__(self, text, allowed):
        self.tokens = re.findall(r"[()]|[^\s()]+", text.replace("/", " OR "))
        self.allowed = allowed

    def holds(self):
        held = self.any()
        return held and not self.tokens

    def any(self):
        held = self.all()
        while self.take("OR"):
            held = self.all() or held
        return held

    def all(self):
        held = self.one()
        while self.take("AND"):
            held = self.one() and held
        return held

    def one(self):
        if self.take("("):
            held = self.any()
            return self.take(")") and held
        if not self.tokens:
            return False
        # `X+` is X or later, so X is among what it offers.
        licence = self.tokens.pop(0).rstrip("+")
        if self.take("WITH") and self.tokens:
            licence += " WITH " + self.tokens.pop(0)
        return licence in self.allowed

    def take(self, token):
        if self.tokens and self.tokens[0] == token:
            self.tokens.pop(0)
            return True
        return False


def problems_of_all(packages):
    allowed = allowed_licences()
    registries = set()
    for package in packages:
        name = "%s %s" % (package["name"], package["version"])
        source = package["source"]
        if source is None:
            if ROOT not in Path(package["manifest_path"]).parents:
                yield "%s: from a path outside the project" % name
            continue
        if not source.startswith(("registry+", "sparse+")):
            yield "%s: not from a registry but `%s`" % (name, source)
        registries.add(source)
        licence = package["license"]
        if not licence:
            yield "%s: states no licence expression" % name
        elif not Expression(licence, allowed).holds():
            yield "%s: licence `%s` is not allowed by deny.toml" % (name, licence)
    if len(registries) > 1:
        yield "dependencies come from several registries: %s" % ", ".join(sorted(registries))


def problems_of_core(direct, tree):
    if len(direct) > MAX_DIRECT:
        yield "%s: %d direct dependencies, at most %d: %s" % (CORE, len(direct), MAX_DIRECT, ", ".join(sorted(direct)))
    if len(tree) > MAX_TREE:
        listed = ", ".join("%s %s" % package for package in sorted(tree))
        yield "%s: %d packages in the tree, at most %d: %s" % (CORE, len(tree), MAX_TREE, listed)
    for once in ONCE_IN_CORE:
        versions = sorted(version for name, version in tree if name == once)
        if len(versions) > 1:
            yield "%s: several versions of %s in the tree: %s" % (CORE, once, ", ".join(versions))


def core_tree(*depth):
    lines = cargo("tree", "--package", CORE, "--edges", "normal,build", "--prefix", "none", *depth).splitlines()
    packages = {tuple(line.split()[:2]) for line in lines if line.strip()}
    return {(name, version.lstrip("v")) for name, version in packages if name != CORE}


def main():
    packages = json.loads(cargo("metadata", "--format-version", "1", "--all-features"))["packages"]
    direct, tree = {name for name, _ in core_tree("--depth", "1")}, core_tree()
    problems = [*problems_of_all(packages), *problems_of_core(direct, tree)]
    for problem in problems:
        print("error: %s" % problem, file=sys.stderr)
    foreign = sum(package["source"] is not None for package in packages)
    print("dependencies: %d in all; of %s %d direct, %d in the tree; %d problems"
          % (foreign, CORE, len(direct), len(tree), len(problems)))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
