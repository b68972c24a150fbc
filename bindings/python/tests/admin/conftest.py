"""Servers for the tests of the admin client."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from serving import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of a module's own, with the environments `dev` and `prod`."""
    started = Server(Path(tmp_path_factory.mktemp("server")))
    try:
        started.admin.create_environment(name="dev")
        started.admin.create_environment(name="prod", production=True)
        yield started
    finally:
        started.close()
