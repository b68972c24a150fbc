"""The client: keeps an engine current with a server, a relay, static hosting or a file."""

from __future__ import annotations

import asyncio
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, Literal

from . import _fork
from ._errors import ClosedError, NotReadyError, _seconds, _wrong_type
from ._records import Diagnostic, Event, Source, Status
from ._tidegate import Engine, Subscription, _Client

__all__ = ["Client", "Events"]

_MOST_WAITING = 1024


class Events(Iterator[Event], AsyncIterator[Event]):
    """Events of a client as they come, from when this was made; ends when it or the client is closed.

    Iterate with ``for`` on a thread, or with ``async for`` in an event loop. Up to 1024 wait; who reads more slowly loses the
    newest.
    """

    def __init__(self, client: Client) -> None:
        if not isinstance(client, Client):
            raise _wrong_type("/client", "a Client", client)
        self._client = client
        self._changed = threading.Condition()
        self._waiting: deque[Event] = deque()
        self._waiters: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self._ended = False
        own = weakref.ref(self)

        def deliver(event: Event) -> None:
            events = own()
            if events is not None:
                events._put(event)

        self._subscription = client.on_event(deliver)
        weakref.finalize(self, self._subscription.close)

    def _put(self, event: Event | None) -> None:
        with self._changed:
            if event is None:
                self._ended = True
            elif len(self._waiting) < _MOST_WAITING:
                self._waiting.append(event)
            self._changed.notify_all()
            waiters, self._waiters = self._waiters, []
        for loop, waiter in waiters:
            try:
                loop.call_soon_threadsafe(_wake, waiter)
            except RuntimeError:
                pass  # The loop was closed, and nobody waits.

    def next(self, timeout: float | None = None) -> Event | None:
        """The next event; none if none came within `timeout` seconds, or none will come any more."""
        until = None if timeout is None else time.monotonic() + _seconds("/timeout", timeout)
        with self._changed:
            while not self._waiting and not self._ended:
                left = None if until is None else until - time.monotonic()
                if left is not None and left <= 0:
                    return None
                self._changed.wait(left)
            return self._waiting.popleft() if self._waiting else None

    def __iter__(self) -> Events:
        return self

    def __next__(self) -> Event:
        event = self.next()
        if event is None:
            raise StopIteration
        return event

    def __aiter__(self) -> Events:
        return self

    async def __anext__(self) -> Event:
        loop = asyncio.get_running_loop()
        while True:
            with self._changed:
                if self._waiting:
                    return self._waiting.popleft()
                if self._ended:
                    raise StopAsyncIteration
                waiter: asyncio.Future[None] = loop.create_future()
                self._waiters.append((loop, waiter))
            try:
                await waiter
            finally:
                # Given up, too: nobody may come for a long time who would clear it away.
                with self._changed:
                    if (loop, waiter) in self._waiters:
                        self._waiters.remove((loop, waiter))

    def close(self) -> None:
        """Ends it; what waits is still read."""
        self._subscription.close()
        self._put(None)

    def __enter__(self) -> Events:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


class Client:
    """Keeps an engine current, on a thread of its own. Made by `connect` or `from_file`.

    What is served at a start comes from the network if that answers in time, else from the cache, else from the bundled file;
    until then, callers get their defaults. `status` says which.
    """

    def __init__(self, native: _Client) -> None:
        if not isinstance(native, _Client):
            raise _wrong_type("/native", "a client that `connect` or `from_file` made", native)
        self._native = native
        self._events: weakref.WeakSet[Events] = weakref.WeakSet()
        _fork.register(native)

    @classmethod
    def connect(
        cls,
        connection: str,
        *,
        process: Mapping[str, Any] | None = None,
        mode: Literal["lenient", "strict"] | None = None,
        cache: str | os.PathLike[str] | None = None,
        bundled: str | os.PathLike[str] | None = None,
        bootstrap: bytes | str | None = None,
        streaming: bool = True,
        counters: bool = True,
        keep_source: bool = False,
        proxy: Literal["environment", "direct"] | str = "environment",
        root_certificate: bytes | str | None = None,
        poll_interval: float | None = None,
        report_interval: float | None = None,
        network_first: float | None = None,
        connect_timeout: float | None = None,
        answer_timeout: float | None = None,
        read_stall: float | None = None,
        stale_after: float | None = None,
        flush_timeout: float | None = None,
        on_event: Callable[[Event], object] | None = None,
    ) -> Client:
        """Starts a client of a connection string, as ``tidegate sdk-key new`` prints it. Returns at once: see `wait_ready`.

        :param process: process attributes, such as ``region``; ``environment`` is that of the connection.
        :param mode: what an error in a document does: isolate the definition (``lenient``, the default), or refuse the document
            (``strict``).
        :param cache: the directory where the last good document is kept; several processes may share it.
        :param bundled: a document that was shipped with the program, for a start without server and cache.
        :param bootstrap: a document that is served from the first moment on.
        :param streaming: whether it streams, or only polls.
        :param counters: whether what is served is counted and reported.
        :param keep_source: whether the document is kept, so that `Engine.trace` works.
        :param proxy: ``environment``, ``direct``, or the URL of one.
        :param root_certificate: a certificate authority, in PEM, that is trusted beside those of the system.
        :param on_event: called with each event from the very first on; see `on_event`.

        All times are seconds; none is the default: polls and reports every 10 s, 2 s for the network at a start, 5 s to connect,
        10 s for an answer, 45 s of silence, 90 s until what is served is stale, 2 s to send the last counts.

        :raises DeliveryError: if the options cannot be used. That the server cannot be reached is no error.
        """
        options = {name: value for name, value in locals().items() if name not in ("cls", "connection", "on_event")}
        return cls(_Client(connection, False, on_event, options))

    @classmethod
    def from_file(
        cls,
        path: str | os.PathLike[str],
        *,
        process: Mapping[str, Any] | None = None,
        mode: Literal["lenient", "strict"] | None = None,
        counters: bool = True,
        keep_source: bool = False,
        watch_interval: float | None = None,
        on_event: Callable[[Event], object] | None = None,
    ) -> Client:
        """Starts a client of a file that is watched (every second unless set otherwise). Nothing is sent anywhere.

        :param mode: as of `connect`.

        >>> import pathlib, tempfile, tidegate
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "snapshot.json"
        >>> _ = path.write_text('{"schema_version": 1, "version": 7, "features": {}}')
        >>> with tidegate.Client.from_file(path) as client:
        ...     client.wait_ready(timeout=10), client.engine.version
        ('file', 7)
        """
        options = {name: value for name, value in locals().items() if name not in ("cls", "path", "on_event")}
        return cls(_Client(path, True, on_event, options))

    @property
    def engine(self) -> Engine:
        """The engine that is kept current."""
        return self._native.engine

    def wait_ready(self, timeout: float = 5.0) -> Source:
        """Waits until something other than the callers' defaults is served; says where it came from.

        :raises NotReadyError: if nothing came within `timeout` seconds; it may still come.
        :raises ClosedError: at once, if the client was closed, or is meanwhile, and nothing came.
        """
        return self._native.wait_ready(timeout)

    async def ready(self, timeout: float = 5.0) -> Source:
        """As `wait_ready`, in an event loop.

        :raises ClosedError: if the client was closed, or is meanwhile, and nothing came.
        """
        until = time.monotonic() + _seconds("/timeout", timeout)
        with self.events() as events:
            while True:
                status = self.status()
                if status.source != "defaults":
                    return status.source
                left = until - time.monotonic()
                if left <= 0:
                    message = f"expected a document within {timeout} s, found none"
                    raise NotReadyError("TG6112", (Diagnostic("TG6112", "error", "", message),))
                try:
                    await asyncio.wait_for(anext(events), left)
                except asyncio.TimeoutError:
                    pass
                except StopAsyncIteration:
                    message = "expected an open client, found one that was closed"
                    raise ClosedError("TG5011", (Diagnostic("TG5011", "error", "", message),)) from None

    def status(self) -> Status:
        """The state at this moment."""
        return self._native.status()

    def on_event(self, callback: Callable[[Event], object]) -> Subscription:
        """Calls `callback` with each event, on the client's thread, until the subscription is closed.

        Updates wait for it. What it raises is logged.
        """
        return self._native.on_event(callback)

    def events(self) -> Events:
        """Events from now on, to be read at one's own pace, with ``for`` or ``async for``."""
        events = Events(self)
        self._events.add(events)
        if self.status().life == "closed":
            events.close()
        return events

    def close(self) -> None:
        """Sends the last counts and ends the thread. The engine serves on what it has. Again is nothing."""
        self._native.close()
        _fork.unregister(self._native)
        for events in list(self._events):
            events.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        status = self.status()
        return f"Client(version={status.version}, source={status.source!r}, life={status.life!r})"
