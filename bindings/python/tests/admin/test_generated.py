"""The written files are what docs/openapi.json says."""
from __future__ import annotations

import inspect
import json
import subprocess
import sys

from serving import ROOT
from tidegate.admin import Admin, AsyncAdmin


def operations() -> dict[str, tuple[str, str]]:
    """Method and path of every operation."""
    document = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))
    return {
        operation["operationId"]: (method.upper(), path)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


def test_the_written_files_are_what_the_document_says() -> None:
    script = ROOT / "bindings" / "python" / "tools" / "admin_api.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_operation_has_a_method_of_both_clients() -> None:
    for operation in operations():
        blocking, asynchronous = getattr(Admin, operation, None), getattr(AsyncAdmin, operation, None)
        assert callable(blocking) and callable(asynchronous), operation
        assert list(inspect.signature(blocking).parameters) == list(inspect.signature(asynchronous).parameters), operation
        assert blocking.__doc__ and asynchronous.__doc__, operation
        awaited = inspect.iscoroutinefunction(asynchronous) or inspect.isasyncgenfunction(asynchronous)
        assert awaited, f"{operation} of AsyncAdmin is not asynchronous"


def test_every_list_that_has_pages_has_an_iterator() -> None:
    lists = [name for name in dir(Admin) if name.startswith("list_")]
    paged = [name for name in lists if "after" in inspect.signature(getattr(Admin, name)).parameters]
    assert len(paged) >= 20
    for name in paged:
        assert callable(getattr(Admin, name.replace("list_", "iter_", 1))), name
