"""docs/guide/migrate-*.md: the programs in Python run as they stand there, beside the snapshot of their page; one that asks the admin API has
a fresh server.
"""
from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from serving import ROOT, Server, clean_environment

PAGES = sorted((ROOT / "docs" / "guide").glob("migrate-*.md"))
FENCE = re.compile(r"^```(?P<language>\w+) (?P<name>\S+)\n(?P<text>.*?)^```$", re.M | re.S)


def test_there_are_pages() -> None:
    assert [page.name for page in PAGES] == ["migrate-flagsmith.md", "migrate-statsig.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.stem))
def test_programs_run_as_they_are_written(page: Path, tmp_path: Path) -> None:
    found = [(fence["language"], fence["name"], fence["text"]) for fence in FENCE.finditer(page.read_text("utf-8"))]
    for _, name, text in found:
        (tmp_path / name).write_text(text, "utf-8")
    programs = [(name, text) for language, name, text in found if language == "python"]
    assert programs
    for program, text in programs:
        if "Admin.from_environment()" in text:
            run_with_server(page, program, tmp_path)
        else:
            run(page, program, tmp_path, {})


def run_with_server(page: Path, program: str, folder: Path) -> None:
    server = Server(folder)
    try:
        run(page, program, folder, {"TIDEGATE_SERVER": server.url, "TIDEGATE_TOKEN": server.token})
    finally:
        server.close()


def run(page: Path, program: str, folder: Path, more: dict[str, str]) -> None:
    env = clean_environment() | more
    done = subprocess.run([sys.executable, program], cwd=folder, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{page.name}: {program}\n{done.stdout}{done.stderr}"
