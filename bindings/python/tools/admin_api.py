#!/usr/bin/env python3
"""Writes the typed parts of `tidegate.admin` from docs/openapi.json:  tools/admin_api.py [--check]

  docs/openapi.json ─▶ schemas ─▶ datamodel-code-generator ─▶ types.py    TypedDicts
                    └▶ operations: a method each ────────────▶ _sync.py   _async.py

With --check nothing is written, and the exit code is 1 if a file would be another; the tests run it so. What streams (events,
the log, a backup) has no method here: `tidegate/admin/_client.py` has them by hand.
"""
import argparse
import json
import keyword
import re
import sys
import textwrap
from pathlib import Path

from datamodel_code_generator import DataModelType, Formatter, InputFileType, PythonVersion, generate

ROOT = Path(__file__).resolve().parents[3]
OPENAPI = ROOT / "docs" / "openapi.json"
PACKAGE = ROOT / "bindings" / "python" / "python" / "tidegate" / "admin"
PREFIX = "/api/v1"
WIDTH = 120
NOTE = "Written by bindings/python/tools/admin_api.py from docs/openapi.json: change these, not this."

# What the pages of lists hold; the document leaves that open.
ITEMS = {
    "list_attributes": "AttributeView",
    "list_audit": "AuditEvent",
    "list_change_requests": "ChangeRequest",
    "list_deliveries": "Delivery",
    "list_environments": "EnvironmentView",
    "list_exclusion_groups": "ExclusionGroupView",
    "list_feature_history": "AuditEvent",
    "list_features": "Feature",
    "list_pipelines": "PipelineView",
    "list_principals": "PrincipalView",
    "list_proposals": "ProposalView",
    "list_release_history": "AuditEvent",
    "list_releases": "Release",
    "list_schedules": "Schedule",
    "list_sdk_keys": "SdkKeyView",
    "list_segments": "Segment",
    "list_signing_keys": "SigningKeyView",
    "list_tokens": "TokenView",
    "list_webhook_deliveries": "Delivery",
    "list_webhooks": "WebhookView",
}
ANY_ITEM = "dict[str, Any]"

# Members of a body that are called as a part of the path is.
RENAMED = {("clone_pipeline", "key"): "new_key"}

# Headers that a call may send, and how the parameters are called.
HEADERS = {
    "If-Match": ("if_match", "int | str"),
    "Idempotency-Key": ("idempotency_key", "str"),
    "Tidegate-Force": ("force", "str"),
}


class Parameter:
    """A parameter of a method: what it is called in Python and in the API, its type, and where it goes."""

    def __init__(self, place, name, schema, required, python=None):
        self.place, self.name, self.required = place, name, required
        self.python = python or name + ("_" if keyword.iskeyword(name) else "")
        self.type = schema if isinstance(schema, str) else annotation(schema)

    def declared(self):
        return f"{self.python}: {self.type}" + ("" if self.required else " = UNSET")


class Operation:
    """An operation of the API."""

    def __init__(self, method, path, spec):
        self.method, self.path, self.spec, self.id = method.upper(), path.removeprefix(PREFIX), spec, spec["operationId"]
        good = [answer for status, answer in spec["responses"].items() if status[0] == "2"]
        contents = [content for answer in good for content in answer["content"].items()]
        self.streams = any(kind != "application/json" for kind, _ in contents)
        names = set() if self.streams else {content["schema"]["$ref"].rsplit("/", 1)[1] for _, content in contents}
        self.answers = sorted(names)
        self.parameters = self.of_path() + self.of_body() + self.of_query() + self.of_headers()
        names = [parameter.python for parameter in self.parameters]
        if len(names) != len(set(names)):
            sys.exit(f"{self.id}: two parameters have one name: {names}; see RENAMED")

    def given(self, place):
        return [parameter for parameter in self.spec.get("parameters", []) if parameter["in"] == place]

    def of_path(self):
        kinds = {"seq": "int | str", "version": "int | str"}
        return [Parameter("path", one["name"], kinds.get(one["name"], "str"), True) for one in self.given("path")]

    def of_body(self):
        content = self.spec.get("requestBody", {}).get("content", {})
        schema = content["application/json"]["schema"] if content else {}
        required = schema.get("required", [])
        found = [
            Parameter("body", name, member, name in required, RENAMED.get((self.id, name)))
            for name, member in schema.get("properties", {}).items()
        ]
        return sorted(found, key=lambda parameter: not parameter.required)

    def of_query(self):
        in_body = {parameter.name for parameter in self.of_body()}
        return [
            Parameter("query", one["name"], without_null(annotation(one["schema"])), one.get("required", False))
            for one in self.given("query")
            if one["name"] not in in_body
        ]

    def of_headers(self):
        names = {one["name"] for one in self.given("header")}
        if not names <= HEADERS.keys():
            sys.exit(f"{self.id}: a header that HEADERS does not have: {names - HEADERS.keys()}")
        given = ((name, python, kind) for name, (python, kind) in HEADERS.items() if name in names)
        return [Parameter("headers", name, kind, False, python) for name, python, kind in given]

    @property
    def paged(self):
        return any(parameter.name == "after" for parameter in self.parameters) and self.answers in (["Page"], ["FleetPage"])

    @property
    def item(self):
        name = ITEMS.get(self.id)
        return f"types.{name}" if name else ANY_ITEM

    def answer(self):
        """The type of what comes back."""
        special = {"Page": f"types.Page[{self.item}]", "Empty": "None"}
        names = [special.get(name, f"types.{name}") for name in self.answers]
        return " | ".join(sorted(names, key=lambda name: name == "None"))

    def doc(self):
        text = [self.spec["summary"] + "."]
        about = self.spec.get("description", "").replace("\\", "\\\\")
        for paragraph in filter(None, about.split("\n\n")):
            text += ["", *textwrap.wrap(" ".join(paragraph.split()), WIDTH - 8)]
        return text

    def call(self):
        """The arguments of the call."""
        path = re.sub(r"\{(\w+)\}", lambda found: "{quoted(" + found[1] + ")}", self.path)
        arguments = [f'"{self.method}"', f'f"{path}"' if "{" in path else f'"{path}"']
        for place in ("body", "query", "headers"):
            members = [f'"{one.name}": {one.python}' for one in self.parameters if one.place == place]
            if members or place == "body" and self.spec.get("requestBody"):
                line = f"{place}={{{', '.join(members)}}}"
                inner = [f"                {member}," for member in members]
                arguments.append(line if len(line) < WIDTH - 12 else "\n".join([f"{place}={{", *inner, "            }"]))
        return arguments


def annotation(schema):
    """The Python type of what is sent."""
    if "$ref" in schema:
        return "types." + schema["$ref"].rsplit("/", 1)[1]
    if "oneOf" in schema:
        return " | ".join(annotation(one) for one in schema["oneOf"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    simple = {"string": "str", "integer": "int", "boolean": "bool", "null": "None", "object": "Mapping[str, Any]"}
    found = [f"Sequence[{annotation(schema['items'])}]" if kind == "array" else simple[kind] for kind in kinds]
    return " | ".join(found)


def without_null(text):
    return text.removesuffix(" | None")


def signature(name, parameters, answer, before="def"):
    place = [parameter.declared() for parameter in parameters if parameter.place == "path"]
    words = [parameter.declared() for parameter in parameters if parameter.place != "path"]
    parts = ["self", *place, *(["*", *words] if words else [])]
    head = f"    {before} {name}({', '.join(parts)}) -> {answer}:"
    if len(head) <= WIDTH:
        return [head]
    return [f"    {before} {name}(", *(f"        {part}," for part in parts), f"    ) -> {answer}:"]


def wrapped(opening, arguments, closing):
    """A call in one line if it fits, else an argument a line."""
    line = opening + ", ".join(arguments) + closing
    if len(line) <= WIDTH and "\n" not in line:
        return [line]
    return [opening, *(f"            {argument}," for argument in arguments), f"        {closing}"]


def docstring(lines):
    if len(lines) == 1:
        return [f'        """{lines[0]}"""']
    return [f'        """{lines[0]}', *(f"        {line}".rstrip() for line in lines[1:]), '        """']


def method(operation, asynchronous):
    lines = signature(operation.id, operation.parameters, operation.answer(), "async def" if asynchronous else "def")
    doc = [f"See `Admin.{operation.id}`."] if asynchronous else operation.doc()
    answer = operation.answer()
    opening = f"answer: {answer} = {'await ' if asynchronous else ''}self._call("
    if answer == "None":
        opening = opening.removeprefix("answer: None = ")
        return [*lines, *docstring(doc), *wrapped("        " + opening, operation.call(), ")")]
    return [*lines, *docstring(doc), *wrapped("        " + opening, operation.call(), ")"), "        return answer"]


def iterator(operation, asynchronous):
    """The method that walks over all pages of a list."""
    name = operation.id.replace("list_", "iter_", 1)
    parameters = [parameter for parameter in operation.parameters if parameter.name != "after"]
    kind = "AsyncIterator" if asynchronous else "Iterator"
    lines = signature(name, parameters, f"{kind}[{operation.item}]")
    doc = f"See `Admin.{name}`." if asynchronous else f"All of `{operation.id}`, page by page; `limit` is the size of a page."
    words = [f"{one.python}={one.python}" for one in parameters if one.place != "path"]
    arguments = [f"self.{operation.id}", *(one.python for one in parameters if one.place == "path"), *words]
    return [*lines, *docstring([doc]), *wrapped("        return self._walk(", arguments, ")")]


def methods(operations, asynchronous):
    """The text of a class with all methods."""
    what = "What the asynchronous client can ask" if asynchronous else "What the client can ask"
    iterators = "AsyncIterator, Mapping, Sequence" if asynchronous else "Iterator, Mapping, Sequence"
    base, name = ("AsyncCaller", "AsyncOperations") if asynchronous else ("Caller", "Operations")
    lines = [
        f'"""{what}.', "", NOTE, '"""',
        "from __future__ import annotations", "",
        f"from collections.abc import {iterators}",
        "from typing import Any", "",
        "from . import types",
        f"from ._http import UNSET, {base}, quoted", "", "",
        f"class {name}({base}):",
        '    """The operations of the API, a method each."""',
    ]
    for operation in operations:
        if operation.streams:
            continue
        lines += ["", *method(operation, asynchronous)]
        if operation.paged:
            lines += ["", *iterator(operation, asynchronous)]
    return "\n".join(lines) + "\n"


def typed_dicts(document):
    """The text of the types."""
    schemas = {name: schema for name, schema in document["components"]["schemas"].items() if name not in ("Page", "Empty")}
    bare = {"openapi": document["openapi"], "info": document["info"], "paths": {}, "components": {"schemas": schemas}}
    text = generate(
        json.dumps(bare),
        input_file_type=InputFileType.OpenAPI,
        output_model_type=DataModelType.TypingTypedDict,
        target_python_version=PythonVersion.PY_310,
        use_union_operator=True,
        use_standard_collections=True,
        use_schema_description=True,
        use_field_description=True,
        use_single_line_docstring=True,
        disable_timestamp=True,
        formatters=[Formatter.BUILTIN],
        custom_file_header=f'"""What the API answers, as it is on the wire.\n\n{NOTE}\n"""',
    )
    page = [
        "", "", "", "class Page(TypedDict, Generic[Item]):",
        '    """A page of a list."""', "",
        "    items: list[Item]", '    """The items."""',
        "    next: NotRequired[str | None]", '    """What to give as `after` to get the next page; none on the last."""', "",
    ]
    text = re.sub(r"^from typing import .*$", 'from typing import Any, Generic, Literal, TypeAlias, TypeVar', text, flags=re.M)
    text = text.replace("import NotRequired, TypedDict\n", 'import NotRequired, TypedDict\n\nItem = TypeVar("Item")\n', 1)
    return text.rstrip() + "\n".join(page)


def written(document):
    """The text of each file."""
    operations = sorted(
        (Operation(method, path, spec) for path, item in document["paths"].items() for method, spec in item.items()),
        key=lambda operation: operation.id,
    )
    return {"types.py": typed_dicts(document), "_sync.py": methods(operations, False), "_async.py": methods(operations, True)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; say what would be another")
    check = parser.parse_args().check
    others = []
    for name, text in written(json.loads(OPENAPI.read_text("utf-8"))).items():
        path = PACKAGE / name
        if not path.exists() or path.read_text("utf-8") != text:
            others.append(name)
            if not check:
                path.write_text(text, "utf-8")
    if check and others:
        print(f"{', '.join(others)}: not what docs/openapi.json says; run bindings/python/tools/admin_api.py", file=sys.stderr)
        return 1
    print(f"{', '.join(others) or 'nothing'} {'is another' if check else 'written'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
