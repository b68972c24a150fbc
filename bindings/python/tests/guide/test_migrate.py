"""docs/guide/migrate-*.md: the programs in Python run as they stand there, beside the snapshot of their page."""
from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from serving import ROOT, clean_environment

PAGES = sorted((ROOT / "docs" / "guide").glob("migrate-*.md"))
FENCE = re.compile(r"^```(?P<language>\w+) (?P<name>\S+)\n(?P<text>.*?)^```$", re.M | re.S)


def test_there_are_pages() -> None:
    assert [page.name for page in PAGES] == ["migrate-flagsmith.md", "migrate-statsig.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.stem))
def test_programs_run_as_they_are_written(page: Path, tmp_path: Path) -> None:
    found = [(fence["language"], fence["name"], fence["text"]) for fence in FENCE.finditer(page.read_text("utf-8"))]
    for _, name, text in found:
        (tmp_path / name).write_text(text, "utf-8")
    programs = [name for language, name, _ in found if language == "python"]
    assert programs
    for program in programs:
        done = subprocess.run(
            [sys.executable, program], cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, f"{page.name}: {program}\n{done.stdout}{done.stderr}"
