"""docs/guide/python.md: every program and command on it is run, in order, and prints what is shown.

A fence ```python NAME is a file; one that no command runs is run where it stands. A fence ```sh is run by bash, in one environment,
in the files' folder; ```text after it is its output, where `[..]` stands for anything in a line.
"""
from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from serving import ROOT, Server, clean_environment

PAGE = ROOT / "docs" / "guide" / "python.md"
FENCE = re.compile(r"^```(?P<language>\w*) ?(?P<name>\S*)\n(?P<text>.*?)^```$", re.M | re.S)
INSTALL = re.compile(r"pip install '(?P<package>\w+)\[(?P<extras>[\w,]+)\]'\n")
SETTLED = "export -p > environment.sh"


class Fence(NamedTuple):
    """A part of the page."""

    line: int
    language: str
    name: str
    text: str


def fences() -> list[Fence]:
    page = PAGE.read_text("utf-8")
    return [
        Fence(page.count("\n", 0, found.start()) + 1, found["language"], found["name"], found["text"])
        for found in FENCE.finditer(page)
    ]


def as_shown(shown: str, found: str) -> bool:
    pattern = ".*".join(re.escape(part) for part in shown.split("[..]"))
    return re.fullmatch(pattern, found) is not None


def run(fence: Fence, command: str, folder: Path) -> str:
    """Runs a command in the environment that the one before left, and leaves its own."""
    script = f"set -euo pipefail; source environment.sh; {command}\n{SETTLED}"
    done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{PAGE.name}:{fence.line}: {command}\n{done.stdout}{done.stderr}"
    return done.stdout


def stop_daemon(pid: Path) -> None:
    """Stops what a command has left running, if the page broke off before it did."""
    if pid.exists():
        with suppress(ProcessLookupError):
            os.kill(int(pid.read_text()), signal.SIGTERM)


def test_everything_on_the_page_is_true(tmp_path: Path) -> None:
    server = Server(tmp_path)
    parts = fences()
    commands = "".join(part.text for part in parts if part.language == "sh")
    ran: list[str] = []
    env = clean_environment()
    env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
    env |= {"TIDEGATE_SERVER": server.url, "TIDEGATE_TOKEN": server.token, "PYTHONWARNINGS": "error"}
    folder = tmp_path / "page"
    folder.mkdir()
    try:
        subprocess.run(["bash", "-c", SETTLED], cwd=folder, env=env, check=True)
        output: str | None = None
        for part in parts:
            if part.language == "text":
                assert output is not None and as_shown(part.text, output), f"{PAGE.name}:{part.line}: found\n{output}"
                output = None
            elif part.language == "sh":
                if found := INSTALL.fullmatch(part.text):
                    extras = metadata.metadata(found["package"]).get_all("Provides-Extra") or []
                    assert set(found["extras"].split(",")) <= set(extras)
                    continue
                output = run(part, part.text, folder)
                ran.append(part.text)
            elif part.name:
                (folder / part.name).write_text(part.text, "utf-8")
                module = part.name.removesuffix(".py")
                if part.language == "python" and f"{part.name}\n" not in commands and f"{module}:" not in commands:
                    run(part, f"python {part.name}", folder)
                    ran.append(part.name)
    finally:
        stop_daemon(folder / "service.pid")
        server.close()
    assert len(ran) >= 10
