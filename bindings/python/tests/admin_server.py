"""An admin server of our own, as a process, for tests."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.error
import urllib.request
from typing import Any

from support import DEADLINE_S, until


class AdminServer:
    """`tidegate serve` on a store of its own; with a token, and an environment `prod`."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("TIDEGATE_")}
        self.env.setdefault("RUST_LOG", "warn")
        self.start("127.0.0.1:0")
        said = until(lambda: re.search(r"one-time admin token: (\S+)", self.log.read_text()))
        made = self.call("POST", "/tokens", {}, token=said[1])
        self.token: str = made["secret"]

    def start(self, listen: str) -> None:
        self.log = self.folder / "server.log"
        command = [sys.executable, "-m", "tidegate", "serve", "--listen", listen, "--store", f"sqlite:{self.folder}/tidegate.db"]
        with open(self.log, "wb") as file:
            self.process = subprocess.Popen(command, stdout=file, stderr=file, env=self.env)

        def listening() -> re.Match[str] | None:
            assert self.process.poll() is None, self.log.read_text()
            return re.search(r"listening on (http\S+)", self.log.read_text())

        self.url: str = until(listening)[1]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(DEADLINE_S)

    def call(self, method: str, path: str, body: Any = None, token: str | None = None) -> Any:
        headers = {"authorization": f"Bearer {token or self.token}", "content-type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/api/v1{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.read().decode()}") from None

    def connection(self, environment: str) -> str:
        """A connection string, as a person makes one."""
        command = [sys.executable, "-m", "tidegate", "sdk-key", "new", "--env", environment]
        env = {**self.env, "TIDEGATE_SERVER": self.url, "TIDEGATE_TOKEN": self.token}
        return subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
