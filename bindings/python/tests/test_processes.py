"""Processes: fork, multiprocessing, gunicorn, other interpreters."""

from __future__ import annotations

import http.client
import multiprocessing
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
from multiprocessing.connection import Connection
from typing import Any

import pytest

import tidegate
from support import DEADLINE_S, document, gate, run, until

EVERYONE = {"id": "everyone", "variant": "on"}


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "snapshot.json"
    path.write_text(document(1, f=gate(EVERYONE)))
    return path


def put(path: pathlib.Path, text: str) -> None:
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


def follow(client: tidegate.Client, version: int, answers: "Connection[Any, Any]") -> None:
    """In another process: says what it sees, and waits until it sees a version."""
    status = client.status()
    answers.send((os.getpid(), status.instance, status.life, client.engine.check("f", {})))
    until(lambda: client.engine.version >= version)
    answers.send(client.engine.check("f", {}))


def test_a_child_of_multiprocessing_fork_connects_anew(path: pathlib.Path) -> None:
    fork = multiprocessing.get_context("fork")
    with tidegate.Client.from_file(path, watch_interval=0.01) as client:
        client.wait_ready(30)
        pipes = [fork.Pipe(duplex=False) for _ in range(3)]
        children = [fork.Process(target=follow, args=(client, 2, answers)) for _, answers in pipes]
        for child in children:
            child.start()
        first = [receiver.recv() for receiver, _ in pipes if receiver.poll(DEADLINE_S)]
        put(path, document(2, f=gate()))
        then = [receiver.recv() for receiver, _ in pipes if receiver.poll(DEADLINE_S)]
        for child in children:
            child.join(DEADLINE_S)
            assert child.exitcode == 0
        assert [on for *_, on in first] == [True] * 3 and then == [False] * 3
        assert {life for _, _, life, _ in first} == {"running"}
        assert len({client.status().instance, *(instance for _, instance, _, _ in first)}) == 4
        until(lambda: client.engine.version == 2)
        assert client.status().life == "running"


def started(snapshot: tidegate.Snapshot, path: str, answers: "Connection[Any, Any]") -> None:
    engine = tidegate.Engine()
    engine.load(snapshot)
    with tidegate.Client.from_file(path) as client:
        client.wait_ready(30)
        answers.send((engine.check("f", {}), client.engine.check("f", {})))


def test_a_child_of_multiprocessing_spawn_takes_a_snapshot(path: pathlib.Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    engine = tidegate.Engine.from_file(path, keep_source=True)
    receiver, answers = spawn.Pipe(duplex=False)
    child = spawn.Process(target=started, args=(engine.snapshot(), str(path), answers))
    child.start()
    assert receiver.poll(DEADLINE_S) and receiver.recv() == (True, True)
    child.join(DEADLINE_S)
    assert child.exitcode == 0


def test_a_fork_waits_for_updates() -> None:
    """While threads load, children are forked again and again; each can load, so none has inherited a lock."""
    engines = [tidegate.Engine() for _ in range(2)]
    stop = threading.Event()

    def load(engine: tidegate.Engine) -> None:
        features = {f"f{at}": gate(EVERYONE) for at in range(100)}
        while not stop.is_set():
            engine.load(document(engine.version + 1, **features))
            engine.gate(f"new-{engine.version}")

    threads = [threading.Thread(target=load, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    signal.alarm(30)
                    for engine in engines:
                        engine.load(document(10**9, f=gate(EVERYONE)))
                        engine.set_override("f", value=True)
                        assert engine.check("f", {})
                    code = 0
                finally:
                    os._exit(code)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_a_fork_while_callbacks_update_other_engines(path: pathlib.Path) -> None:
    other, told = tidegate.Engine(), threading.Event()

    def load(event: tidegate.Event) -> None:
        other.load(document(other.version + 1, **{f"f{at}": gate(EVERYONE) for at in range(200)}))
        told.set()

    with tidegate.Client.from_file(path, watch_interval=0.01, on_event=load) as client:
        client.wait_ready(30)
        for version in range(2, 22):
            put(path, document(version, f=gate()))
            told.wait(0.05)
            told.clear()
            child = os.fork()
            if child == 0:
                signal.alarm(30)
                other.load(document(10**9))
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0


def test_a_fork_within_a_callback() -> None:
    engine = tidegate.Engine()
    codes = []

    def told(update: tidegate.Update) -> None:
        child = os.fork()
        if child == 0:
            os._exit(0 if engine.version == 1 else 1)
        codes.append(os.waitpid(child, 0)[1])

    engine.on_update(told)
    engine.load(document(1))
    assert codes == [0]


APP = '''
import os, tidegate
client = tidegate.Client.from_file({path!r}, watch_interval=0.01)
client.wait_ready(30)
gate = client.engine.gate("f")

def app(environ, start_response):
    status = client.status()
    body = f"{{os.getpid()}} {{os.getppid()}} {{status.life}} {{status.instance}} {{status.version}} {{gate.check({{}})}}".encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
'''


def test_gunicorn_with_a_client_that_was_made_before_its_workers(path: pathlib.Path, tmp_path: pathlib.Path) -> None:
    (tmp_path / "shop.py").write_text(APP.format(path=str(path)))
    log = tmp_path / "log"
    command = [
        sys.executable, "-m", "gunicorn", "--preload", "--workers", "3", "--bind", "127.0.0.1:0", "--chdir", str(tmp_path),
        "--worker-tmp-dir", str(tmp_path), "--no-control-socket", "shop:app",
    ]  # fmt: skip
    with open(log, "wb") as file:
        server = subprocess.Popen(command, stderr=file, stdout=file)
    try:
        listening = re.compile(r"Listening at: http://127\.0\.0\.1:(\d+)")

        def started() -> "re.Match[str] | None":
            assert server.poll() is None, log.read_text()
            return listening.search(log.read_text())

        port = int(until(started)[1])

        def ask() -> list[str]:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S)
            connection.request("GET", "/")
            body = connection.getresponse().read().decode().split()
            connection.close()
            return body

        answers: dict[str, list[str]] = {}

        def all_answered(version: str) -> bool:
            pid, *rest = ask()
            answers[pid] = rest
            return len([each for each in answers.values() if each[3] == version]) == 3

        until(lambda: all_answered("1"))
        assert {each[0] for each in answers.values()} == {str(server.pid)}, "they are children of the one that connected"
        assert {(life, on) for _, life, _, _, on in answers.values()} == {("running", "True")}
        assert len({instance for _, _, instance, _, _ in answers.values()}) == 3
        put(path, document(2, f=gate()))
        until(lambda: all_answered("2"))
        assert {on for *_, on in answers.values()} == {"False"}
    finally:
        server.terminate()
        assert server.wait(DEADLINE_S) == 0, log.read_text()
    assert "Traceback" not in log.read_text(), log.read_text()


def test_another_interpreter_in_the_process_is_refused() -> None:
    script = """
import tidegate
engine = tidegate.Engine()
try:
    import _xxsubinterpreters as interpreters
except ImportError:
    import _interpreters as interpreters
other = interpreters.create()
script = '''
try:
    import tidegate
except ImportError as error:
    print("refused:", error, flush=True)
'''
interpreters.run_string(other, script)
interpreters.destroy(other)
print(engine.check("f", {}))
"""
    printed = run(script)
    assert "refused:" in printed and printed.rstrip().endswith("False"), printed


def test_the_command_line_is_in_the_wheel() -> None:
    done = subprocess.run([sys.executable, "-m", "tidegate", "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"tidegate {tidegate.__version__} (semantics {tidegate.SEMANTICS})\n")
    failed = subprocess.run([sys.executable, "-m", "tidegate", "validate", "/nowhere"], capture_output=True, text=True)
    assert failed.returncode != 0 and failed.stdout == "" and "error" in failed.stderr


def test_the_interpreter_is_left_by_exit_in_a_child(path: pathlib.Path) -> None:
    script = """
import os, sys, tidegate
client = tidegate.Client.from_file(sys.argv[1], watch_interval=0.01)
client.wait_ready(30)
child = os.fork()
if child == 0:
    client.engine.check("f", {})
    sys.exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
client.close()
child = os.fork()
if child == 0:
    print(client.status().life, client.engine.check("f", {}))
    sys.exit(0)
os.waitpid(child, 0)
"""
    assert run(script, str(path)).split() == ["7", "forked", "True"], "one that was closed does not connect anew"


@pytest.mark.parametrize("place", ["before", "after_in_parent", "after_in_child"])
def test_a_hook_of_the_host_may_use_engines_while_it_forks(place: str) -> None:
    # Registered ahead of the package's own: it runs between those.
    program = """
import os, sys
os.register_at_fork(**{sys.argv[1]: lambda: engine.gate(f"of-{os.getpid()}")})
import tidegate
engine = tidegate.Engine()
child = os.fork()
if child == 0:
    engine.load('{"schema_version": 1, "version": 1, "features": {}}')
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    done = subprocess.run([sys.executable, "-c", program, place], capture_output=True, text=True, timeout=DEADLINE_S, check=True)
    assert done.stdout == "7\n", done.stderr


def test_two_threads_may_fork_at_once(path: pathlib.Path) -> None:
    program = """
import os, sys, threading, time
os.register_at_fork(before=lambda: time.sleep(0.004))
import tidegate
client = tidegate.Client.from_file(sys.argv[1], watch_interval=0.01)
client.wait_ready(30)
engine = tidegate.Engine()
done = False

def forks():
    for _ in range(15):
        child = os.fork()
        if child == 0:
            engine.gate("in the child")
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7

def updates():
    number = 0
    while not done:
        number += 1
        engine.load('{"schema_version": 1, "version": %d, "features": {}}' % number)

threads = [threading.Thread(target=forks) for _ in range(2)]
other = threading.Thread(target=updates)
for thread in [other, *threads]:
    thread.start()
for thread in threads:
    thread.join()
done = True
other.join()
client.close()
print("done")
"""
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, timeout=DEADLINE_S, check=True)
    assert done.stdout == "done\n", done.stderr
