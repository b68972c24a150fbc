"""The clients: the generated methods, and by hand what streams."""
from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import httpx
from httpx_sse import EventSource, ServerSentEvent, SSEError

from .._errors import _seconds, _text, _whole, _wrong_type, _wrong_value
from . import types
from ._async import AsyncOperations
from ._http import FIRST_WAIT_S, LONGEST_WAIT_S, PASSING, PREFIX, UNSET, present, query_text, unreachable
from ._sync import Operations
from .errors import AdminError, Unreachable, error_of

SERVER, TOKEN = "TIDEGATE_SERVER", "TIDEGATE_TOKEN"
# The server says something at least every 15 s.
STREAM_TIMEOUT_S = 45.0


class LogEvent(NamedTuple):
    """An event of the audit log, as it happened."""

    seq: int
    """Its number in the log; what to give as `after` to go on behind it."""
    action: str
    """What was done: `release.approved`, …"""
    data: dict[str, Any]
    """The event, without what was before and after."""


def server(url: str) -> str:
    """The address, if it may be one."""
    _text("/url", "a str as address of the server", url)
    expected = "expected the address of a server, such as `https://tidegate.example`"
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise _wrong_value("/url", f"{expected}, found another text: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.host:
        raise _wrong_value("/url", f"{expected}, found {url!r}")
    return url.rstrip("/")


def limits(timeout_s: float, retries: int, http: object, kind: type[httpx.Client] | type[httpx.AsyncClient]) -> None:
    """Whether the other options are what they are to be."""
    _seconds("/timeout_s", timeout_s)
    _whole("/retries", "a number of retries", retries)
    if http is not None and not isinstance(http, kind):
        raise _wrong_type("/http", f"an httpx.{kind.__name__}", http)


def headers(token: str) -> dict[str, str]:
    _text("/token", "a str as token", token)
    if not token.isascii() or not token.isprintable():
        # Not shown: it is a secret.
        raise _wrong_value("/token", "expected a token of printable ASCII characters, found others in it")
    return {"authorization": f"Bearer {token}", "user-agent": "tidegate-python"}


def environment() -> tuple[str, str]:
    """The server and the token that the environment names, as for the command line."""
    try:
        return os.environ[SERVER], os.environ[TOKEN]
    except KeyError as missing:
        raise ValueError(f"expected the environment variable {missing.args[0]}, found none") from None


def file_path(path: str | os.PathLike[str]) -> Path:
    if not isinstance(path, (str, os.PathLike)):
        raise _wrong_type("/path", "a path", path)
    return Path(path)


def log_event(event: ServerSentEvent) -> LogEvent:
    return LogEvent(int(event.id), event.event, json.loads(event.data))


def last_of(page: types.Page[types.AuditEvent]) -> int:
    return page["items"][0]["seq"] if page["items"] else 0


def stream_request(release: Any, feature: Any, after: int) -> dict[str, Any]:
    asked = present({"release": release, "feature": feature})
    params = {name: query_text(value) for name, value in asked.items()}
    sent = {"accept": "text/event-stream", "last-event-id": str(after)}
    return {"method": "GET", "url": PREFIX + "/events", "params": params, "headers": sent, "timeout": STREAM_TIMEOUT_S}


class Place:
    """Where a stream is in the log, and when it is opened again after it broke off."""

    def __init__(self, after: int, retries: int) -> None:
        self.after, self.retries = after, retries
        self.failures, self.was_open = 0, False

    def opened(self) -> None:
        self.failures, self.was_open = 0, True

    def wait_s(self, problem: AdminError) -> float:
        """How long to wait; raises the problem if waiting does not help, or nothing was ever open."""
        passing = isinstance(problem, Unreachable) or problem.status in PASSING
        if not passing or not self.was_open and self.failures >= self.retries:
            raise problem
        wait = min(FIRST_WAIT_S * 2**self.failures, LONGEST_WAIT_S)
        self.failures += 1
        return wait if problem.retry_after_s is None else float(problem.retry_after_s)


class Admin(Operations):
    """A client of the admin server: all operations of its API, and each waits for its answer.

    `with Admin(url, token) as admin: admin.pause_release(id, reason="…")`. Threads may share it. What the server
    refuses raises an `AdminError`. Each write carries an idempotency key of its own, so that it is done once even if it
    must be sent twice; `retries` is how often that is tried where there is no answer, 429 or 503. Give `http` to set
    proxies, certificates or limits; its base URL and the token are set here, and it is closed with this.
    """

    def __init__(
        self, url: str, token: str, *, timeout_s: float = 30.0, retries: int = 2, http: httpx.Client | None = None
    ) -> None:
        self.url = server(url)
        limits(timeout_s, retries, http, httpx.Client)
        checked = headers(token)
        own = http or httpx.Client(timeout=timeout_s)
        own.base_url, own.headers = httpx.URL(self.url), httpx.Headers({**own.headers, **checked})
        super().__init__(own, retries)

    @classmethod
    def from_environment(cls) -> Admin:
        """The server of `TIDEGATE_SERVER` with the token of `TIDEGATE_TOKEN`, as for the command line."""
        return cls(*environment())

    def __repr__(self) -> str:
        return f"Admin({self.url!r})"

    def __enter__(self) -> Admin:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Closes its connections."""
        self._http.close()

    def follow_events(self, *, release: str = UNSET, feature: str = UNSET, after: int = UNSET) -> Generator[LogEvent, None, None]:
        """What happens, as it happens, from now on or after event `after`; a stream that breaks off goes on where it was.

        Ends with `close()` of the iterator, or an error that waiting does not mend.

        Needs the permission `read`.
        """
        if after is UNSET:
            after = last_of(self.list_audit(newest_first=True, limit=1))
        place = Place(after, self._retries)
        while True:
            try:
                yield from self._follow(place, release, feature)
                wait = place.wait_s(Unreachable("the stream ended"))
            except AdminError as problem:
                wait = place.wait_s(problem)
            self._sleep(wait)

    def _follow(self, place: Place, release: Any, feature: Any) -> Generator[LogEvent, None, None]:
        with self._stream(stream_request(release, feature, place.after)) as response:
            place.opened()
            for event in EventSource(response).iter_sse():
                if event.id:
                    told = log_event(event)
                    place.after = told.seq
                    yield told

    def export_audit(self) -> Iterator[dict[str, Any]]:
        """The whole log, an event at a time, each with its hash.

        Needs the permission `read`.
        """
        with self._stream({"method": "GET", "url": PREFIX + "/audit/export"}) as response:
            for line in response.iter_lines():
                if line:
                    yield json.loads(line)

    def backup(self, path: str | os.PathLike[str]) -> int:
        """Writes a copy of the server's SQLite store, as of one moment, to a file that does not exist yet; its size in bytes.

        Needs the permission `administer`.
        """
        size, place = 0, file_path(path)
        with self._stream({"method": "GET", "url": PREFIX + "/backup"}) as response, place.open("xb") as file:
            for part in response.iter_bytes():
                size += file.write(part)
        return size

    @contextmanager
    def _stream(self, arguments: dict[str, Any]) -> Iterator[httpx.Response]:
        try:
            with self._http.stream(**arguments) as response:
                if not response.is_success:
                    response.read()
                    raise error_of(response)
                yield response
        except httpx.TransportError as error:
            raise unreachable(error) from error
        except SSEError as error:
            raise Unreachable(str(error)) from error


class AsyncAdmin(AsyncOperations):
    """`Admin` for asyncio: the same methods, to be awaited; iterators are asynchronous.

    `async with AsyncAdmin(url, token) as admin: await admin.pause_release(id, reason="…")`.
    """

    def __init__(
        self, url: str, token: str, *, timeout_s: float = 30.0, retries: int = 2, http: httpx.AsyncClient | None = None
    ) -> None:
        self.url = server(url)
        limits(timeout_s, retries, http, httpx.AsyncClient)
        checked = headers(token)
        own = http or httpx.AsyncClient(timeout=timeout_s)
        own.base_url, own.headers = httpx.URL(self.url), httpx.Headers({**own.headers, **checked})
        super().__init__(own, retries, asyncio.sleep)

    @classmethod
    def from_environment(cls) -> AsyncAdmin:
        """See `Admin.from_environment`."""
        return cls(*environment())

    def __repr__(self) -> str:
        return f"AsyncAdmin({self.url!r})"

    async def __aenter__(self) -> AsyncAdmin:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes its connections."""
        await self._http.aclose()

    async def follow_events(
        self, *, release: str = UNSET, feature: str = UNSET, after: int = UNSET
    ) -> AsyncGenerator[LogEvent, None]:
        """See `Admin.follow_events`."""
        if after is UNSET:
            after = last_of(await self.list_audit(newest_first=True, limit=1))
        place = Place(after, self._retries)
        while True:
            try:
                async with self._stream(stream_request(release, feature, place.after)) as response:
                    place.opened()
                    async for event in EventSource(response).aiter_sse():
                        if event.id:
                            told = log_event(event)
                            place.after = told.seq
                            yield told
                wait = place.wait_s(Unreachable("the stream ended"))
            except AdminError as problem:
                wait = place.wait_s(problem)
            await self._sleep(wait)

    async def export_audit(self) -> AsyncIterator[dict[str, Any]]:
        """See `Admin.export_audit`."""
        async with self._stream({"method": "GET", "url": PREFIX + "/audit/export"}) as response:
            async for line in response.aiter_lines():
                if line:
                    yield json.loads(line)

    async def backup(self, path: str | os.PathLike[str]) -> int:
        """See `Admin.backup`; the file is written between the parts that arrive."""
        size, place = 0, file_path(path)
        async with self._stream({"method": "GET", "url": PREFIX + "/backup"}) as response:
            with place.open("xb") as file:
                async for part in response.aiter_bytes():
                    size += file.write(part)
        return size

    @asynccontextmanager
    async def _stream(self, arguments: dict[str, Any]) -> AsyncIterator[httpx.Response]:
        try:
            async with self._http.stream(**arguments) as response:
                if not response.is_success:
                    await response.aread()
                    raise error_of(response)
                yield response
        except httpx.TransportError as error:
            raise unreachable(error) from error
        except SSEError as error:
            raise Unreachable(str(error)) from error
