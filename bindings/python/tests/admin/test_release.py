"""A whole release, driven from Python."""
from __future__ import annotations

import asyncio
from typing import Any

from serving import EVERYONE, Server, gate
from tidegate.admin import Admin, AsyncAdmin, errors

PHASES = [
    {"id": "dev", "target": [{"environments": ["dev"]}], "bake_s": 3600},
    {"id": "prod", "target": [{"environments": ["prod"]}], "entry": {"approvals": {"count": 1}}},
]


def attached(admin: Admin, key: str) -> None:
    """A feature that is off, attached to a pipeline of its own of two phases."""
    draft = admin.create_pipeline(key=f"of-{key}", body={"phases": PHASES})
    admin.publish_pipeline(f"of-{key}", base_revision=draft["revision"])
    admin.create_feature(key=key, definition=gate())
    admin.attach_feature(key, pipeline=f"of-{key}")


def started(admin: Admin, key: str) -> str:
    """The release of a change of a feature."""
    base = admin.show_feature(key)["definition_revision"]
    release = admin.save_feature(key, definition=gate(EVERYONE), base_revision=base)["release"]
    assert release is not None and release["status"] == "running"
    return str(release["key"])


def live(admin: Admin, environment: str, feature: str) -> bool:
    """Whether an environment is served `on` to everybody, by its snapshot: by the definition or by a phase that is live."""
    document: dict[str, Any] = {**admin.show_environment_snapshot(environment)}
    released = any(feature in release["features"] and release["phases"] for release in document.get("releases", []))
    return released or document["features"][feature].get("rules") == [EVERYONE]


def test_a_release_goes_through_its_phases_and_is_taken_back(server: Server) -> None:
    admin = server.admin
    attached(admin, "checkout")
    release = started(admin, "checkout")
    assert live(admin, "dev", "checkout") and not live(admin, "prod", "checkout")

    paused = admin.pause_release(release, reason="looking at a log line")
    unpaused = admin.unpause_release(release, revision=paused["revision"])
    entering = admin.skip_release(release, revision=unpaused["revision"], phase="dev", reason="dev is fine")
    assert (entering["phase"], entering["status"]) == ("prod", "running")

    with server.person("ana", role="approver") as ana:
        request = ana.show_change_request(release)
        assert release in [one["key"] for one in ana.iter_change_requests(mine=True)]
        done = ana.approve_release(
            release, revision=request["revision"], signed=request.get("signed"), comment="the campaign is out"
        )
    assert done["status"] == "completed"
    assert live(admin, "prod", "checkout")

    assert admin.revert_release(release, reason="orders fell")["status"] == "reverted"
    assert not live(admin, "prod", "checkout")
    who = [(event["actor"], event["action"]) for event in admin.iter_release_history(release)]
    assert ("ana", "release.approved") in who


def test_an_abort_needs_no_revision_and_twice_is_once(server: Server) -> None:
    admin = server.admin
    attached(admin, "abort")
    release = started(admin, "abort")
    assert admin.abort_release(release, reason="an incident")["status"] == "aborted"
    assert admin.abort_release(release, reason="an incident")["status"] == "aborted"
    assert not live(admin, "dev", "abort")


def test_a_release_is_driven_by_tasks(server: Server) -> None:
    attached(server.admin, "tasks")
    release = started(server.admin, "tasks")

    async def drive() -> list[str]:
        async with AsyncAdmin(server.url, server.token) as admin:
            head = (await admin.list_audit(newest_first=True, limit=1))["items"][0]["seq"]
            seen: list[str] = []

            async def watch() -> None:
                async for event in admin.follow_events(release=release, after=head):
                    seen.append(event.action)
                    if event.action == "release.aborted":
                        return

            watching = asyncio.create_task(watch())
            shown, others = await asyncio.gather(admin.show_release(release), admin.list_releases(status="running"))
            assert release in [item["key"] for item in others["items"]]
            paused = await admin.pause_release(release)
            assert shown["revision"] is not None and paused["revision"] == shown["revision"] + 1
            try:
                await admin.unpause_release(release, revision=shown["revision"])
            except errors.Conflict as conflict:
                assert conflict.code == "stale"
            await admin.abort_release(release, reason="a test")
            await asyncio.wait_for(watching, 60)
            assert [item["key"] async for item in admin.iter_features(limit=1)].count("tasks") == 1
            return seen

    assert asyncio.run(drive()) == ["release.paused", "release.aborted"]
