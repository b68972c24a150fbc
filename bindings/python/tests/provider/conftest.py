"""What the tests of the provider share."""
from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import pytest

from provider.flags import CONFORMANCE

TAG = re.compile(r"(?<=@)[\w.-]+")


def pytest_configure(config: pytest.Config) -> None:
    """Tags of the suites are marks."""
    for suite in sorted(CONFORMANCE.glob("*.feature")):
        for tag in TAG.findall(suite.read_text("utf-8")):
            config.addinivalue_line("markers", f"{tag}: a tag of the OpenFeature specification")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Scenarios that do not apply are skipped, and say why."""
    for item in items:
        module = getattr(item, "module", None)
        if module is not None and hasattr(module, "NOT_APPLICABLE"):
            why = module.NOT_APPLICABLE.get(module.key_of(item))
            if why is not None:
                item.add_marker(pytest.mark.skip(reason=why))


@pytest.fixture
def silent() -> Iterator[str]:
    """A connection string of a server that takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        yield f"tidegate+http://tgs_{'0' * 64}@127.0.0.1:{port}?environment=prod&key=none"
