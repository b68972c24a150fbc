"""Clients of a file: status, events, waiting, and their end. Those of a server are in `test_server`."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import pathlib
import signal
import threading
import weakref
from typing import Any

import pytest

import tidegate
from support import document, gate, run, until

EVERYONE = {"id": "everyone", "variant": "on"}
NOBODY = "tidegate+http://tgs_" + "0" * 64 + "@127.0.0.1:1?environment=prod&key=none"


def put(path: pathlib.Path, text: str) -> None:
    """Replaces a file at once."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "snapshot.json"
    put(path, document(1, f=gate(EVERYONE)))
    return path


def test_a_file_is_followed(path: pathlib.Path, caplog: pytest.LogCaptureFixture) -> None:
    told: list[tidegate.Event] = []
    with caplog.at_level(logging.INFO, "tidegate"), tidegate.Client.from_file(
        path, process={"region": "eu"}, watch_interval=0.01, on_event=told.append, keep_source=True
    ) as client:
        assert client.wait_ready(timeout=30) == "file"
        engine = client.engine
        assert engine is client.engine
        checkout = engine.gate("f")
        assert checkout.check({}) and engine.snapshot().document == document(1, f=gate(EVERYONE)).encode()
        status = client.status()
        assert (status.source, status.version, status.life, status.connected, status.age) == ("file", 1, "running", "no", None)
        assert len(status.instance) == 36
        assert repr(client) == "Client(version=1, source='file', life='running')"
        put(path, document(2, f=gate()))
        until(lambda: engine.version == 2)
        assert not checkout.check({})
        put(path, "[")
        until(lambda: [each for each in told if each.kind == "error"])
        assert engine.version == 2
        error = client.status().last_error
        assert isinstance(error, tidegate.DocumentError)
    until(lambda: client.status().life == "closed")
    client.close()
    kinds = [each.kind for each in told]
    assert kinds[:3] == ["ready", "changed", "changed"]
    assert (told[0].source, told[0].version) == ("file", 1)
    assert told[1].features == ("f",) and told[1].lag is not None
    assert "ready: version 1 from file" in caplog.text
    assert "version 2 after 1: 1 features changed" in caplog.text
    assert not checkout.check({}), "the engine serves on what it has"
    assert engine.load(document(3, f=gate(EVERYONE))).version == 3


def test_callbacks_that_raise_are_logged(path: pathlib.Path, caplog: pytest.LogCaptureFixture) -> None:
    def fails(event: Any) -> None:
        raise ValueError("mine")

    with tidegate.Client.from_file(path, watch_interval=0.01, on_event=fails) as client:
        client.wait_ready(30)
        client.on_event(fails)
        client.engine.on_update(fails)
        put(path, document(2))
        until(lambda: client.engine.version == 2)
        until(lambda: caplog.text.count("ValueError: mine") >= 4)
    assert "a callback of `on_event` raised" in caplog.text
    assert "a callback of `on_update` raised" in caplog.text


def test_a_strict_client_refuses_what_a_lenient_one_isolates(path: pathlib.Path) -> None:
    wrong = gate({"id": "r", "variant": "mauve"})
    put(path, document(2, f=gate(EVERYONE), g=wrong))
    with tidegate.Client.from_file(path, mode="lenient") as lenient:
        lenient.wait_ready(timeout=30)
        assert lenient.engine.check("f", {}) and lenient.engine.decide("g", {}).reason == "invalid_definition"
    with tidegate.Client.from_file(path, mode="strict", watch_interval=0.01) as strict:
        until(lambda: strict.status().last_error)
        assert strict.engine.version == 0 and isinstance(strict.status().last_error, tidegate.DefinitionError)
        put(path, document(3, f=gate(EVERYONE)))
        until(lambda: strict.engine.version == 3)


def test_events_are_iterated(path: pathlib.Path) -> None:
    client = tidegate.Client.from_file(path, watch_interval=0.01)
    client.wait_ready(30)
    events = client.events()
    for version in (2, 3):
        put(path, document(version))
        event = events.next(timeout=30)
        while event is not None and event.version != version:
            event = events.next(timeout=30)
        assert event is not None and event.kind == "changed"
    closing = threading.Timer(0, client.close)
    closing.start()
    assert [each.kind for each in events if each.kind == "changed" and (each.version or 0) > 3] == []
    closing.join()
    assert events.next() is None
    assert list(client.events()) == []


def test_events_in_an_event_loop(path: pathlib.Path) -> None:
    async def follow() -> list[int | None]:
        seen: list[int | None] = []
        with tidegate.Client.from_file(path, watch_interval=0.01) as client:
            with client.events() as events:
                assert await client.ready(30) == "file"
                put(path, document(2))
                async for event in events:
                    if event.kind == "changed":
                        seen.append(event.version)
                    if event.version == 2:
                        break
            waiting = asyncio.ensure_future(anext(aiter(client.events())))
            await asyncio.sleep(0)
            await asyncio.to_thread(client.close)
            with pytest.raises(StopAsyncIteration):
                await waiting
            cancelled = asyncio.ensure_future(anext(aiter(client.events())))
            cancelled.cancel()
        return seen

    assert asyncio.run(asyncio.wait_for(follow(), 60))[-1] == 2


def test_nothing_came_in_time() -> None:
    with tidegate.Client.connect(NOBODY, connect_timeout=0.1, network_first=0, proxy="direct") as client:
        for timeout in (0, 0.12):
            with pytest.raises(TimeoutError) as raised:
                client.wait_ready(timeout)
            assert isinstance(raised.value, tidegate.NotReadyError)
            assert raised.value.code == tidegate.Code.NOT_READY
        with pytest.raises(tidegate.NotReadyError):
            asyncio.run(client.ready(0.05))
        assert client.engine.check("f", {}) is False
        until(lambda: client.status().last_error is not None)
        error = client.status().last_error
        assert isinstance(error, tidegate.DeliveryError) and error.code == tidegate.Code.UNREACHABLE


def test_a_start_from_what_was_shipped(path: pathlib.Path) -> None:
    document_ = path.read_bytes()
    with tidegate.Client.connect(NOBODY, bootstrap=document_, proxy="direct") as client:
        assert client.engine.check("f", {})
        assert client.wait_ready(0) == client.status().source == "bundled"
    with tidegate.Client.connect(NOBODY, bundled=path, network_first=0.01, proxy="direct") as client:
        client.wait_ready(30)
        assert client.engine.check("f", {})


def test_ctrl_c_ends_the_waiting() -> None:
    # Who runs the tests in the background may have it ignored: then Python installs no handler by itself.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with tidegate.Client.connect(NOBODY, proxy="direct", network_first=0) as client:
            timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
            timer.start()
            with pytest.raises(KeyboardInterrupt):
                client.wait_ready(60)
            timer.join()
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_go_on_while_one_waits() -> None:
    with tidegate.Client.connect(NOBODY, proxy="direct", network_first=0) as client:
        counted = []
        timer = threading.Timer(0, lambda: counted.append(sum(range(1000))))
        timer.start()
        with pytest.raises(tidegate.NotReadyError):
            client.wait_ready(0.3)
        assert counted


def test_who_waits_for_a_closed_client_is_told_at_once(tmp_path: pathlib.Path) -> None:
    client = tidegate.Client.from_file(tmp_path / "none.json", watch_interval=60)
    errors: list[BaseException] = []

    def wait() -> None:
        try:
            client.wait_ready(600)
        except tidegate.TidegateError as error:
            errors.append(error)

    waiter = threading.Thread(target=wait)
    waiter.start()
    client.close()
    waiter.join(60)
    assert not waiter.is_alive() and [type(error) for error in errors] == [tidegate.ClosedError]
    with pytest.raises(tidegate.ClosedError, match="expected a client that is open") as raised:
        client.wait_ready(600)
    assert raised.value.code == "TG5011"
    with pytest.raises(tidegate.ClosedError):
        asyncio.run(client.ready(600))


def test_an_error_of_waiting_says_how_long_all_of_it_was(tmp_path: pathlib.Path) -> None:
    with tidegate.Client.from_file(tmp_path / "none.json") as client:
        for timeout, text in ((0.12, "120ms"), (0, "0ns")):
            with pytest.raises(tidegate.NotReadyError, match=f"expected a document within {text}, none came"):
                client.wait_ready(timeout)


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"poll_interval": -1}, ValueError), ({"poll_interval": "x"}, TypeError), ({"cache": 3}, TypeError),
        ({"bootstrap": 3}, TypeError), ({"process": 3}, TypeError), ({"process": {"a": b""}}, TypeError),
        ({"streaming": "yes"}, TypeError), ({"proxy": 3}, TypeError), ({"proxy": "::no url::"}, tidegate.DeliveryError),
        ({"root_certificate": "no pem"}, tidegate.DeliveryError), ({"on_event": 3}, TypeError),
        ({"process": {"environment": "dev"}}, tidegate.DeliveryError), ({"stale_after": float("nan")}, ValueError),
    ],
    ids=repr,
)  # fmt: skip
def test_options_that_cannot_be_used(options: dict[str, Any], kind: type[Exception]) -> None:
    with pytest.raises(kind) as raised:
        tidegate.Client.connect(NOBODY, **options)
    assert isinstance(raised.value, tidegate.TidegateError)


@pytest.mark.parametrize("connection", ["", "http://x", "tidegate+http://x?environment=prod", "\ud800", 3, None])
def test_what_is_no_connection_string(connection: Any) -> None:
    with pytest.raises(tidegate.TidegateError) as raised:
        tidegate.Client.connect(connection)
    assert raised.value.code in ("TG6019", "TG5010", "TG6018")


def test_a_client_that_nobody_has_is_closed(path: pathlib.Path) -> None:
    class Host:
        def __init__(self) -> None:
            self.client = tidegate.Client.from_file(path, watch_interval=0.01, on_event=self.told)
            self.subscription = self.client.on_event(self.told)
            self.client.engine.on_update(self.told)

        def told(self, event: object) -> None:
            pass

    before = threading.active_count()
    host = Host()
    host.client.wait_ready(30)
    engine, gone = weakref.ref(host.client.engine), weakref.ref(host)
    del host
    until(lambda: gc.collect() >= 0 and gone() is None and engine() is None)
    assert threading.active_count() == before


def test_a_client_that_closes_itself(path: pathlib.Path) -> None:
    closed = threading.Event()

    def told(event: tidegate.Event) -> None:
        if clients:
            clients[0].close()
            closed.set()

    clients: list[tidegate.Client] = []
    clients.append(tidegate.Client.from_file(path, watch_interval=0.01, on_event=told))
    put(path, document(2))
    put(path, document(3))
    assert closed.wait(30)
    until(lambda: clients[0].status().life == "closed")


def test_the_interpreter_ends_with_live_clients(path: pathlib.Path) -> None:
    script = """
import sys, threading, tidegate
client = tidegate.Client.from_file(sys.argv[1], watch_interval=0.01, on_event=lambda event: None)
client.wait_ready(30)
other = tidegate.Client.connect(sys.argv[2], proxy="direct", on_event=lambda event: None)
gate, events = client.engine.gate("f"), client.events()
def check():
    while True:
        gate.check({"a": 1})
def load(engine=tidegate.Engine()):
    version = 0
    while True:
        version += 1
        engine.load('{"schema_version": 1, "version": %d, "features": {"f": {"kind": "gate"}}}' % version)
for work in (check, check, load):
    threading.Thread(target=work, daemon=True).start()
threading.Thread(target=lambda: [None for event in events], daemon=True).start()
class Late:
    def __del__(self):
        gate.check({})
        client.engine.on_update(print)
        other.status()
sys.late = Late()
print("at the end")
"""
    for _ in range(3):
        assert run(script, str(path), NOBODY).startswith("at the end")


def test_waiting_for_a_closed_client_ends(tmp_path: pathlib.Path) -> None:
    client = tidegate.Client.from_file(tmp_path / "none.json", watch_interval=0.01)
    client.close()
    with pytest.raises(tidegate.ClosedError):
        asyncio.run(client.ready(30))


def test_who_gives_up_waiting_for_an_event_is_forgotten(tmp_path: pathlib.Path) -> None:
    async def wait(events: tidegate.Events) -> None:
        for _ in range(20):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(anext(events), 0.001)

    with tidegate.Client.from_file(tmp_path / "none.json", watch_interval=60) as client:
        with client.events() as events:
            while True:
                # What there is already is read first.
                try:
                    asyncio.run(asyncio.wait_for(anext(events), 0.2))
                except asyncio.TimeoutError:
                    break
            asyncio.run(wait(events))
            assert not events._waiters
