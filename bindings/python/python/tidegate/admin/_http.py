"""How the API is called: requests, repetitions, and answers that are errors.

  method ─▶ _call ─▶ request ─▶ server ─▶ 2xx: the JSON as it is     other: AdminError of its status
              ▲                    │ no answer, 429, 503
              └── wait, once more ─┘ reads, and writes under an idempotency key: nothing is done twice
"""
from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from .._errors import _wrong_type, _wrong_value
from .errors import AdminError, Unreachable, error_of

PREFIX = "/api/v1"
IDEMPOTENCY_KEY = "Idempotency-Key"

# What the server answers when nothing is wrong with the request.
PASSING = frozenset({429, 503})
FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 30.0

T = TypeVar("T")


class _Unset:
    """The type of `UNSET`."""

    def __repr__(self) -> str:
        return "UNSET"


#: What was not said: it is left out of the request. `None` is sent as `null`.
UNSET: Any = _Unset()


def quoted(part: object) -> str:
    """A part of a path."""
    text = quote(str(part), safe="")
    # Else `.` and `..` would be steps in the path.
    return text.replace(".", "%2E") if text in (".", "..") else text


def present(members: Mapping[str, Any] | None) -> dict[str, Any]:
    """What was said of it."""
    return {name: value for name, value in (members or {}).items() if value is not UNSET}


def sendable(body: dict[str, Any]) -> dict[str, Any]:
    """The body, if it can be written as JSON."""
    for name, value in body.items():
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, RecursionError) as error:
            raise _wrong_type(f"/{name}", "a value of JSON", value) from error
        except ValueError as error:
            raise _wrong_value(f"/{name}", f"expected a value of JSON: {error}") from error
    return body


def query_text(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def etag(value: int | str) -> str:
    """A revision as `If-Match` wants it; an ETag is one already."""
    if not isinstance(value, (int, str)):
        raise _wrong_type("/if_match", "a revision as int, or an ETag as str", value)
    return f'"{value}"' if isinstance(value, int) or not value.startswith(('"', "W/", "*")) else value


class Request:
    """A request that may be sent more than once."""

    def __init__(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        query: Mapping[str, Any] | None,
        headers: Mapping[str, Any] | None,
    ) -> None:
        sent = {name: etag(value) if name == "If-Match" else str(value) for name, value in present(headers).items()}
        if headers is not None and IDEMPOTENCY_KEY in headers:
            sent.setdefault(IDEMPOTENCY_KEY, str(uuid.uuid4()))
        self.repeatable = method == "GET" or IDEMPOTENCY_KEY in sent
        self.arguments: dict[str, Any] = {"method": method, "url": PREFIX + path, "headers": sent}
        if query is not None:
            self.arguments["params"] = {
                name: query_text(value) for name, value in present(query).items() if value is not None
            }
        if body is not None:
            self.arguments["json"] = sendable(present(body))

    def wait_s(self, problem: AdminError, turn: int) -> float | None:
        """How long to wait before the next turn, counted from 0; none if there shall be no other."""
        never_sent = isinstance(problem, Unreachable) and problem.never_sent
        if not never_sent and not (self.repeatable and (problem.status in PASSING or isinstance(problem, Unreachable))):
            return None
        asked = problem.retry_after_s
        wait = FIRST_WAIT_S * 2**turn if asked is None else float(asked)
        return wait if wait <= LONGEST_WAIT_S else None


def answer_of(response: httpx.Response) -> Any:
    """The JSON of an answer; `None` for the empty object."""
    if not response.is_success:
        raise error_of(response)
    try:
        return response.json() or None
    except ValueError as error:
        raise AdminError({"status": response.status_code, "code": "unknown", "detail": "expected JSON"}) from error


def unreachable(error: httpx.TransportError) -> Unreachable:
    found = Unreachable(str(error) or type(error).__name__, never_sent=isinstance(error, httpx.ConnectError))
    found.__cause__ = error
    return found


class Caller:
    """Calls the API and waits for the answer."""

    def __init__(self, http: httpx.Client, retries: int, sleep: Callable[[float], object] = time.sleep) -> None:
        self._http, self._retries, self._sleep = http, retries, sleep

    def _call(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
    ) -> Any:
        request = Request(method, path, body, query, headers)
        turn = 0
        while True:
            try:
                return answer_of(self._send(request))
            except AdminError as problem:
                wait = request.wait_s(problem, turn) if turn < self._retries else None
                if wait is None:
                    raise
            self._sleep(wait)
            turn += 1

    def _send(self, request: Request) -> httpx.Response:
        try:
            return self._http.request(**request.arguments)
        except httpx.TransportError as error:
            raise unreachable(error) from error

    def _walk(self, list_page: Callable[..., Mapping[str, Any]], *path: str, **words: Any) -> Iterator[Any]:
        after: Any = UNSET
        while after is not None:
            page = list_page(*path, after=after, **words)
            yield from page["items"]
            after = page.get("next")


class AsyncCaller:
    """Calls the API; other tasks run meanwhile."""

    def __init__(
        self, http: httpx.AsyncClient, retries: int, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    ) -> None:
        self._http, self._retries, self._sleep = http, retries, sleep

    async def _call(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
    ) -> Any:
        request = Request(method, path, body, query, headers)
        turn = 0
        while True:
            try:
                return answer_of(await self._send(request))
            except AdminError as problem:
                wait = request.wait_s(problem, turn) if turn < self._retries else None
                if wait is None:
                    raise
            await self._sleep(wait)
            turn += 1

    async def _send(self, request: Request) -> httpx.Response:
        try:
            return await self._http.request(**request.arguments)
        except httpx.TransportError as error:
            raise unreachable(error) from error

    async def _walk(
        self, list_page: Callable[..., Awaitable[Mapping[str, Any]]], *path: str, **words: Any
    ) -> AsyncIterator[Any]:
        after: Any = UNSET
        while after is not None:
            page = await list_page(*path, after=after, **words)
            for item in page["items"]:
                yield item
            after = page.get("next")
