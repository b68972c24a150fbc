"""A client of the admin server for scripts and services: each operation of docs/openapi.json is a method.

    from tidegate.admin import Admin

    with Admin("https://tidegate.example", token) as admin:
        for release in admin.iter_releases(status="running"):
            admin.pause_release(release["key"], reason="an incident")

`AsyncAdmin` is the same for asyncio. Types of what is answered are in `tidegate.admin.types`, exceptions in
`tidegate.admin.errors`. Install it with
`pip install tidegate[admin]`.
"""
from __future__ import annotations

try:
    import httpx as _httpx  # noqa: F401
    import httpx_sse as _httpx_sse  # noqa: F401
except ImportError as missing:
    raise ImportError(f"tidegate.admin needs the package {missing.name}: pip install 'tidegate[admin]'") from missing

from . import errors, types
from ._client import Admin, AsyncAdmin, LogEvent
from ._http import UNSET
from .errors import AdminError

__all__ = ["UNSET", "Admin", "AdminError", "AsyncAdmin", "LogEvent", "errors", "types"]
