"""The published OFREP provider for Python, against a server that `run.py` started.

Usage: providers.py URL SDK_KEY
"""

import json
import sys
from pathlib import Path

from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext

CASES = json.loads(Path(__file__).with_name("cases.json").read_text("utf-8"))["cases"]


def client_of(url, name, header):
    api.set_provider(OFREPProvider(url, headers_factory=lambda: header), name)
    return api.get_client(name)


def details(client, flag, default, context):
    """Asks for the type that the default has."""
    kinds = {bool: "boolean", str: "string", int: "integer", float: "float", dict: "object"}
    return getattr(client, f"get_{kinds[type(default)]}_details")(flag, default, context)


def check(client, case):
    context = EvaluationContext(case.get("targetingKey"), case["context"])
    found = details(client, case["flag"], case["default"], context)
    error = str(found.error_code.value) if found.error_code else None
    reason = getattr(found.reason, "value", found.reason)
    assert (found.value, reason, error) == (case["value"], case["reason"], case.get("error")), found
    assert found.variant == case.get("variant"), found
    metadata = found.flag_metadata
    assert case.get("contains", {}).items() <= metadata.items(), metadata
    assert all(metadata.get(name) for name in case.get("has", [])), metadata


def main(url, key):
    bearer = client_of(url, "bearer", {"Authorization": f"Bearer {key}"})
    api_key = client_of(url, "api-key", {"X-API-Key": key})
    for case in CASES:
        for client in (bearer, api_key):
            try:
                check(client, case)
            except AssertionError as error:
                raise SystemExit(f"{case['name']}: found {error}") from None
    stranger = client_of(url, "stranger", {"Authorization": "Bearer tgs_" + "0" * 64})
    found = stranger.get_boolean_details("checkout", True)
    assert (found.value, found.error_code.value, found.error_message) == (True, "GENERAL", "unauthorized"), found
    print(f"python: {len(CASES)} cases, as Bearer and as X-API-Key; an unknown key is refused")


if __name__ == "__main__":
    main(*sys.argv[1:])
