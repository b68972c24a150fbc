"""A client of a real admin server: a release reaches it, its abort does, and what was served reaches the fleet page."""

from __future__ import annotations

import asyncio
import os
import pathlib
import time
from collections.abc import Iterator
from typing import Any

import pytest

import tidegate
from admin_server import AdminServer
from support import gate, until

EVERYONE = {"id": "everyone", "variant": "on"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdminServer]:
    server = AdminServer(tmp_path_factory.mktemp("server"))
    for name in ("dev", "prod"):
        server.call("POST", "/environments", {"name": name, "production": name == "prod"})
    try:
        yield server
    finally:
        server.stop()


def launch(server: AdminServer, feature: str, pipeline: str) -> str:
    """A release of a feature, on for everyone in its first phase; its id."""
    server.call("POST", "/features", {"key": feature, "definition": gate()})
    phases = [{"id": "all", "target": [{"environments": ["prod", "dev"]}], "bake_s": 3600}]
    draft = server.call("POST", "/pipelines", {"key": pipeline, "body": {"phases": phases}})
    server.call("POST", f"/pipelines/{pipeline}/publish", {"base_revision": draft["revision"]})
    server.call("PUT", f"/features/{feature}/pipeline", {"pipeline": pipeline})
    server.call("PUT", f"/features/{feature}", {"definition": gate(EVERYONE), "base_revision": 1})
    releases: list[dict[str, Any]] = server.call("GET", "/releases")["items"]
    found: str = next(each["key"] for each in releases if feature in str(each))
    return found


def members(server: AdminServer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.call("GET", "/fleet?environment=prod")["items"]
    return found


def test_a_release_and_its_abort_reach_python_and_what_was_served_reaches_the_fleet(
    server: AdminServer, tmp_path: pathlib.Path
) -> None:
    release = launch(server, "checkout", "slow")
    events: list[tidegate.Event] = []
    with tidegate.Client.connect(
        server.connection("prod"), process={"region": "eu"}, cache=tmp_path / "cache", report_interval=0.05,
        on_event=events.append, keep_source=True, proxy="direct",
    ) as client:  # fmt: skip
        assert client.wait_ready(60) in ("stream", "poll")
        checkout = client.engine.gate("checkout")
        feature = client.engine.feature("checkout")
        until(lambda: checkout.check({"user_id": "u-1"}))
        decision = feature.decide({"user_id": "u-1"})
        assert (decision.is_on, decision.release, decision.phase) == (True, release, "all")
        assert decision.version == client.engine.version == client.status().version
        until(lambda: client.status().connected == "stream")

        for _ in range(100):
            checkout.check({"user_id": "u-2"})
        instance = client.status().instance
        member = until(lambda: next((each for each in members(server) if each["instance"] == instance), None))
        assert member["sdk"] == {"name": "python", "version": tidegate.__version__}
        assert member["process"]["region"] == "eu"

        def counted() -> bool:
            phases = server.call("GET", f"/releases/{release}")["exposures"]["phases"]
            return [each["phase"] for each in phases if each["count"] >= 101] == ["all"]

        until(counted)

        before = client.engine.version
        found = server.call("GET", f"/releases/{release}")
        server.call("POST", f"/releases/{release}/abort", {"reason": "a test", "revision": found["revision"]})
        until(lambda: client.engine.version > before)
        assert not checkout.check({"user_id": "u-1"})
        # Also after a change that came as a delta: the document is kept as it is served.
        assert client.engine.trace("checkout", {"user_id": "u-1"})["decision"]["reason"] == "default"
        assert client.engine.snapshot().document is not None
        assert (feature.decide({}).release, feature.decide({}).reason) == (None, "default")
        until(lambda: [each for each in members(server) if each["version"] == client.engine.version])
        changed = [each for each in events if each.kind == "changed"]
        assert changed[-1].features == ("checkout",)
        assert not [each for each in events if each.kind == "error"], events


def test_an_event_loop_sees_a_change(server: AdminServer) -> None:
    server.call("POST", "/features", {"key": "theme", "definition": gate()})

    async def follow(connection: str) -> float:
        with tidegate.Client.connect(connection, proxy="direct") as client, client.events() as events:
            await client.ready(60)
            theme = client.engine.gate("theme")
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(
                None, server.call, "POST", "/features/theme/kill", {"environment": "prod", "reason": "a test"}
            )
            async for event in events:
                if event.kind == "changed" and event.features == ("theme",):
                    assert client.engine.decide("theme", {}).reason == "killed" and not theme.check({})
                    return time.monotonic()
        raise AssertionError("the events ended")

    assert asyncio.run(asyncio.wait_for(follow(server.connection("prod")), 120))


def test_children_are_instances_of_their_own(server: AdminServer) -> None:
    """And what was counted before the fork is reported once."""
    server.call("POST", "/features", {"key": "forked", "definition": gate(EVERYONE)})
    with tidegate.Client.connect(server.connection("prod"), report_interval=0.05, proxy="direct") as client:
        client.wait_ready(60)
        until(lambda: client.engine.check("forked", {}))
        own = client.status().instance
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                os.write(writer, client.status().instance.encode())
                client.engine.check("forked", {})
                client.close()
                code = 0
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        theirs = os.read(reader, 100).decode()
        os.close(reader)
        os.close(writer)
        assert theirs != own
        until(lambda: {own, theirs} <= {each["instance"] for each in members(server)})


def test_a_wrong_sdk_key_is_an_error_event(server: AdminServer) -> None:
    events: list[tidegate.Event] = []
    wrong = server.connection("prod")
    key = wrong[wrong.index("tgs_") : wrong.index("@")]
    with tidegate.Client.connect(wrong.replace(key, "tgs_" + "0" * 64), on_event=events.append, proxy="direct") as client:
        with pytest.raises(tidegate.NotReadyError):
            client.wait_ready(0.5)
        error = until(lambda: next((each.error for each in events if each.error), None))
        assert error.code == tidegate.Code.BAD_STATUS
        assert "401" in error.message
