"""Every operation of the API is asked of a real server, and answers."""
from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import httpx

from admin.test_generated import operations
from serving import EVERYONE, Server, gate, until
from tidegate.admin import Admin

NOWHERE = "http://127.0.0.1:9/"


class Answered:
    """Which operations were answered with success."""

    def __init__(self) -> None:
        self.done: set[str] = set()
        self.patterns = [
            (method, re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + "$"), name)
            for name, (method, path) in sorted(operations().items(), key=lambda one: "{" in one[1][1])
        ]

    def __call__(self, response: httpx.Response) -> None:
        if response.is_success:
            asked, path = response.request.method, response.request.url.path
            named = (name for method, found, name in self.patterns if method == asked and found.match(path))
            self.done.add(next(named))


class Maker:
    """Makes things to act on."""

    def __init__(self, admin: Admin) -> None:
        self.admin, self.count = admin, 0

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{kind}-{self.count}"

    def feature(self) -> str:
        return self.admin.create_feature(key=self.name("feature"), definition=gate(enabled=False))["key"]

    def published(self, phase: dict[str, Any]) -> str:
        key = self.name("pipeline")
        draft = self.admin.create_pipeline(key=key, body={"phases": [{"id": "all", **phase}]})
        self.admin.publish_pipeline(key, base_revision=draft["revision"])
        return key

    def release(self, **phase: Any) -> tuple[str, int]:
        """A release and its revision."""
        pipeline = self.published(phase)
        made = self.admin.create_feature(key=self.name("feature"), definition=gate(EVERYONE), pipeline=pipeline)
        release = made["release"]
        assert release is not None
        return release["key"], release["revision"]

    def waiting(self) -> tuple[str, int]:
        return self.release(entry={"approvals": {"count": 1}})

    def baking(self) -> tuple[str, int]:
        return self.release(bake_s=3600, guards=[{"id": "errors"}])


def definitions(admin: Admin, make: Maker) -> None:
    admin.put_attribute("plan", type="string", description="what is paid for")
    assert admin.show_attribute("plan")["type"] == "string"
    assert [one["key"] for one in admin.list_attributes()["items"]] == ["plan"]
    admin.delete_attribute("plan")
    admin.put_exclusion_group("group", ranges={})
    assert admin.show_exclusion_group("group")["ranges"] == {}
    assert len(admin.list_exclusion_groups()["items"]) == 1
    admin.delete_exclusion_group("group", reason="a test")

    key = make.feature()
    shown = admin.show_feature(key)
    assert shown["definition_revision"] == 1
    admin.preview_feature(key, definition=gate(EVERYONE), base_revision=1)
    admin.save_feature(key, definition=gate(EVERYONE), base_revision=1)
    admin.disable_feature(key)
    admin.enable_feature(key)
    admin.resalt_feature(key, salt="another")
    admin.tag_feature(key, tags=["web"])
    assert [one["key"] for one in admin.iter_features(tag="web")] == [key]
    admin.kill_feature(key, environment="prod", reason="a test")
    admin.unkill_feature(key, environment="prod")
    assert admin.list_feature_history(key)["items"] and admin.list_feature_references(key)["items"] == []
    assert admin.list_feature_exposures(key)["items"] == []
    admin.archive_feature(key)
    admin.unarchive_feature(key)
    admin.delete_feature(key)
    rule = {"id": "all", "split": [{"variant": "a", "weight": 50}, {"variant": "b", "weight": 50}]}
    admin.create_feature(
        key="test", definition={"kind": "experiment", "variants": {"a": 1, "b": 2}, "default": "a", "rules": [rule]}
    )
    admin.launch_feature("test", variant="b")

    country = {"if": {"attribute": "country", "op": "eq", "value": "us"}}
    admin.create_segment(key="us", definition=country)
    admin.preview_segment("us", definition=country, base_revision=1)
    admin.save_segment("us", definition={"if": {"attribute": "country", "op": "eq", "value": "de"}}, base_revision=1)
    assert admin.show_segment("us")["definition_revision"] == 2
    assert admin.list_segment_references("us")["items"] == [] and len(admin.list_segments()["items"]) == 1
    admin.attach_segment("us", pipeline=make.published({}))
    admin.attach_segment("us", pipeline=None)
    admin.delete_segment("us")

    one, other = make.feature(), make.feature()
    change: dict[str, Any] = {"features": {one: gate(EVERYONE), other: gate(EVERYONE)}, "base_revisions": {one: 1, other: 1}}
    admin.preview_change(**change)
    admin.apply_change(**change)
    later = admin.save_feature(one, definition=gate(), base_revision=2, start={"at": int(time.time() * 1000) + 10**9})
    assert admin.show_schedule(later["key"])["status"] == "pending"
    assert [item["key"] for item in admin.iter_schedules(status="pending")] == [later["key"]]
    admin.cancel_schedule(later["key"])


def pipelines(admin: Admin, make: Maker) -> None:
    draft = admin.create_pipeline(key="one", body={"phases": [{"id": "all"}]})
    draft = admin.update_pipeline("one", body={"phases": [{"id": "all", "bake_s": 1}]}, base_revision=draft["revision"])
    admin.publish_pipeline("one", base_revision=draft["revision"])
    assert admin.show_pipeline_version("one", 1)["body"]["phases"][0]["bake_s"] == 1
    assert admin.list_pipeline_references("one")["users"] == []
    assert admin.show_pipeline("one")["state"] == "published"
    assert admin.clone_pipeline("one", new_key="copy")["cloned_from"] == "one"
    admin.delete_pipeline("copy")
    admin.unpublish_pipeline("one")
    admin.archive_pipeline("one")
    assert [item["key"] for item in admin.iter_pipelines(state="archived")] == ["one"]

    feature = make.feature()
    enabling = make.published({"patches": [{"patch": "enable"}]})
    admin.add_feature_to_pipeline(enabling, feature=feature)
    attached = make.published({})
    admin.attach_feature(feature, pipeline=attached)
    admin.remove_feature_from_pipeline(attached, feature)


def releases(admin: Admin, make: Maker, approver: Admin) -> None:
    release, revision = make.waiting()
    assert admin.show_release(release)["status"] == "running"
    assert release in [item["key"] for item in approver.iter_change_requests(mine=True)]
    assert admin.show_change_request(release)["key"] == release
    admin.preview_release_action(release, action="pause")
    rejected = approver.reject_release(release, revision=revision, phase="all", reason="not yet")
    assert approver.approve_release(release, revision=rejected["revision"], phase="all")["status"] == "completed"
    assert admin.revert_release(release, reason="a test")["status"] == "reverted"
    assert admin.list_release_history(release)["items"]

    release, revision = make.baking()
    admin.give_verdict(release, "errors", verdict="pass", detail="0.1 %")
    paused = admin.pause_release(release)
    unpaused = admin.unpause_release(release, revision=paused["revision"])
    assert admin.skip_release(release, revision=unpaused["revision"])["status"] == "completed"
    release, revision = make.baking()
    assert admin.full_roll_out_release(release, revision=revision, reason="a test")["status"] == "completed"
    release, revision = make.waiting()
    assert admin.abort_release(release, reason="a test")["status"] == "aborted"
    release, revision = make.waiting()
    features = admin.list_releases(status="running", limit=1)["items"]
    shown: dict[str, Any] = {**admin.show_release(release)}
    assert features and shown["key"] == release
    feature = f"feature-{make.count}"
    base = admin.show_feature(feature)["definition_revision"]
    admin.supersede_release(release, features={feature: gate()}, base_revisions={feature: base})


def people(admin: Admin, make: Maker, second: Admin, folder: Path) -> None:
    admin.create_principal(id="ann", kind="person", grants=[{"role": "viewer"}], name="Ann")
    admin.update_principal("ann", grants=[])
    assert admin.show_principal("ann")["grants"] == []
    token = admin.create_token(principal="ann", description="a test")
    assert admin.show_token(token["key"])["principal"] == "ann"
    assert token["key"] in [item["key"] for item in admin.iter_tokens()]
    admin.revoke_token(token["key"])
    admin.disable_principal("ann")
    admin.delete_principal("ann")
    assert "ann" not in [item["key"] for item in admin.iter_principals()]
    assert admin.show_me()["principal"]["key"] == "admin"

    hook = admin.create_webhook(url=NOWHERE, facts=["release.started"])["key"]
    assert admin.show_webhook(hook)["facts"] == ["release.started"]
    admin.test_webhook(hook)
    delivery = until(lambda: admin.list_webhook_deliveries(hook)["items"], "a delivery")[0]["id"]
    assert admin.show_delivery(delivery)["webhook"] == hook and admin.list_deliveries()["items"]
    admin.resend_delivery(delivery)
    admin.update_webhook(hook, url=NOWHERE, disabled=True)
    admin.rotate_webhook(hook)
    assert len(admin.list_webhooks()["items"]) == 1
    admin.delete_webhook(hook)

    key = admin.create_sdk_key(environment="dev", url="http://127.0.0.1:1")["key"]
    assert key in [item["key"] for item in admin.iter_sdk_keys()]
    admin.revoke_sdk_key(key)
    following = next((item for item in admin.iter_signing_keys() if item["state"] == "next"), None)
    if following is None:
        following_key = admin.create_signing_key()["key"]
    else:
        following_key = following["key"]
    admin.retire_signing_key(following_key)
    admin.create_signing_key()
    assert admin.rotate_signing_key(reason="a test")["state"] == "active"

    for action in ("approve", "reject"):
        name = make.name("environment")
        admin.create_environment(name=name, production=True, pipelines=False, floor={"approvals": 1})
        proposal: dict[str, Any] = {**admin.update_environment(name, production=True, pipelines=False, floor={})}
        assert proposal["key"] in [item["key"] for item in admin.iter_proposals()]
        assert admin.show_proposal(proposal["key"])["status"] == "pending"
        decide = second.approve_proposal if action == "approve" else second.reject_proposal
        assert decide(proposal["key"], comment="a test")["status"] == ("approved" if action == "approve" else "rejected")
    admin.create_environment(name="gone", pipelines=False)
    assert admin.show_environment("gone")["pipelines"] is False
    assert admin.delete_environment("gone") is None
    assert "gone" not in [item["key"] for item in admin.iter_environments()]


def what_happened(admin: Admin, folder: Path) -> None:
    head = admin.list_audit(newest_first=True, limit=1)["items"][0]["seq"]
    assert admin.show_audit_event(head)["seq"] == head
    assert admin.verify_audit()["whole"]
    assert [event["seq"] for event in admin.export_audit()] == list(range(1, head + 1))
    assert [event["seq"] for event in admin.iter_audit(limit=100)] == list(range(1, head + 1))
    stream = admin.follow_events(after=head - 1)
    assert next(stream).seq == head
    stream.close()
    assert admin.backup(folder / "copy.db") == (folder / "copy.db").stat().st_size > 0
    assert admin.show_snapshot()["version"] > 0 and admin.show_environment_snapshot("prod")["version"] > 0
    assert admin.list_fleet(environment="prod")["items"] == [] == list(admin.iter_fleet(environment="prod"))
    assert admin.list_propagation(environment="prod")["items"] is not None


def test_every_operation_is_answered(server: Server, tmp_path: Path) -> None:
    answered = Answered()
    http = httpx.Client(timeout=30, event_hooks={"response": [answered]})
    second = server.person("second", role="admin")
    second._http.event_hooks = {"response": [answered]}
    with Admin(server.url, server.token, http=http) as admin, second:
        make = Maker(admin)
        definitions(admin, make)
        pipelines(admin, make)
        releases(admin, make, second)
        people(admin, make, second, tmp_path)
        what_happened(admin, tmp_path)
    assert sorted(operations().keys() - answered.done) == []
