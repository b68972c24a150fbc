"""Real servers for tests: `tidegate serve` on a port of its own, with a store of its own."""
from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, TypeVar

from tidegate.admin import Admin

ROOT = Path(__file__).resolve().parents[3]
DEADLINE_S = 60.0

T = TypeVar("T")


def binary() -> str:
    """The command line: `TIDEGATE_BIN`, else that of the wheel, else the one that cargo built last."""
    beside = Path(sys.executable).with_name("tidegate")
    debug = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "tidegate"
    found = os.environ.get("TIDEGATE_BIN") or next((str(path) for path in (beside, debug) if path.is_file()), None)
    if found is None or shutil.which(found) is None:
        raise RuntimeError(f"no binary `tidegate` at {found or beside}: build it, or name it in TIDEGATE_BIN")
    return found


def until(found: Callable[[], T], what: str) -> T:
    """What `found` answers as soon as it is something."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        if answer := found():
            return answer
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {DEADLINE_S} s")


def clean_environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TIDEGATE_")}
    return {**kept, "RUST_LOG": "warn"}


class Server:
    """A running admin server; `admin` is a client with all permissions."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process, self.url = self._start("127.0.0.1:0")
        once = self._line("one-time admin token: ")
        with Admin(self.url, once) as first:
            secret = first.create_token()["secret"]
        assert secret is not None
        self.token: str = secret
        self.admin = Admin(self.url, secret)

    def _start(self, listen: str) -> tuple[subprocess.Popen[str], str]:
        store = f"sqlite:{self.folder}/tidegate.db"
        log: IO[bytes] = (self.folder / "server.log").open("ab")
        with log:
            self.process = subprocess.Popen(
                [binary(), "serve", "--listen", listen, "--store", store],
                stdout=subprocess.PIPE,
                stderr=log,
                env=clean_environment(),
                text=True,
            )
        return self.process, self._line("listening on ")

    def _line(self, prefix: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(prefix):
                return line.removeprefix(prefix).strip()
        raise AssertionError(f"{prefix!r} was not said:\n{(self.folder / 'server.log').read_text()}")

    def stop(self) -> None:
        """Stops it as a signal of the system would; it may be started again."""
        self.process.terminate()
        self.process.wait(DEADLINE_S)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def start_again(self) -> None:
        """Starts it on the same port, over the same store."""
        self.process, url = self._start(self.url.removeprefix("http://"))
        assert url == self.url

    def close(self) -> None:
        self.admin.close()
        if self.process.poll() is None:
            self.stop()

    def person(self, name: str, **grant: Any) -> Admin:
        """A client that acts for a person with one grant."""
        self.admin.create_principal(id=name, kind="person", grants=[grant])
        secret = self.admin.create_token(principal=name)["secret"]
        assert secret is not None
        return Admin(self.url, secret)

    def connection(self, environment: str, description: str = "a test") -> str:
        """A connection string for SDKs."""
        secret = self.admin.create_sdk_key(environment=environment, description=description, url=self.url)["secret"]
        assert secret is not None
        return secret


def gate(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"kind": "gate", "rules": list(rules), **more}


EVERYONE = {"id": "everyone", "variant": "on"}
