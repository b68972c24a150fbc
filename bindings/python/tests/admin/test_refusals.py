"""What the server refuses is an exception that says what is wrong, where, and what helps."""
from __future__ import annotations

import asyncio
import pickle
import socket
from typing import Any

import httpx
import pytest

from admin.test_release import attached, started
from serving import EVERYONE, Server, gate, until
from tidegate.admin import Admin, AdminError, AsyncAdmin, errors
from tidegate.admin._http import quoted
from tidegate.admin.errors import error_of


def test_401_without_a_valid_token(server: Server) -> None:
    with Admin(server.url, "tg_" + "0" * 64) as stranger, pytest.raises(errors.Unauthenticated) as caught:
        stranger.show_me()
    assert (caught.value.status, caught.value.code) == (401, "unauthenticated")
    assert caught.value.request_id
    with Admin(server.url, "tg_" + "0" * 64) as stranger, pytest.raises(errors.Unauthenticated):
        next(stranger.follow_events(after=0))


def test_403_where_the_role_does_not_allow_it(server: Server) -> None:
    with server.person("viewer", role="viewer") as viewer, pytest.raises(errors.Forbidden) as caught:
        viewer.create_feature(key="mine", definition=gate())
    assert caught.value.code == "forbidden" and caught.value.detail in str(caught.value)


def test_403_for_an_author_who_approves(server: Server) -> None:
    attached(server.admin, "own")
    release = started(server.admin, "own")
    seen = server.admin.show_release(release)
    seen = server.admin.skip_release(release, revision=seen["revision"])
    with pytest.raises(errors.Forbidden) as caught:
        server.admin.approve_release(release, revision=seen["revision"])
    assert caught.value.code == "self_approval" and caught.value.hint
    assert caught.value.state is not None and caught.value.allowed_actions


def test_404_for_what_is_not_there(server: Server) -> None:
    for key in ("nothing", "a/b", "..", "?", "ü"):
        with pytest.raises(errors.NotFound) as caught:
            server.admin.show_feature(key)
        assert caught.value.code == "not_found"
    assert (quoted("a/b"), quoted(".."), quoted("v1.2")) == ("a%2Fb", "%2E%2E", "v1.2")


def test_409_has_the_state_and_what_can_be_done(server: Server) -> None:
    attached(server.admin, "late")
    release = started(server.admin, "late")
    seen = server.admin.show_release(release)
    server.admin.pause_release(release)
    with pytest.raises(errors.Conflict) as caught:
        server.admin.skip_release(release, revision=seen["revision"])
    stale = caught.value
    assert stale.code == "stale" and stale.state is not None
    assert "unpause" in str(stale.allowed_actions)


def test_412_if_another_was_faster(server: Server) -> None:
    made = server.admin.put_attribute("tier", type="string")
    server.admin.put_attribute("tier", type="string", description="changed", if_match=made["revision"])
    for older in (made["revision"], f'"{made["revision"]}"'):
        with pytest.raises(errors.PreconditionFailed) as caught:
            server.admin.delete_attribute("tier", if_match=older)
        assert caught.value.code == "precondition_failed"


def test_422_has_everything_that_is_wrong_with_a_definition(server: Server) -> None:
    rules = [{"id": "a", "variant": "none"}, {"id": "a", "variant": "on"}]
    with pytest.raises(errors.Invalid) as caught:
        server.admin.create_feature(key="broken", definition=gate(*rules))
    assert caught.value.code == "invalid"
    assert all(problem["pointer"] for problem in caught.value.problems) and len(caught.value.problems) >= 2


def test_423_needs_a_bypass(server: Server) -> None:
    attached(server.admin, "hasty")
    release = started(server.admin, "hasty")
    seen = server.admin.show_release(release)
    with pytest.raises(errors.Held) as caught:
        server.admin.full_roll_out_release(release, revision=seen["revision"], reason="hotfix")
    assert caught.value.code == "needs_bypass"
    done = server.admin.full_roll_out_release(release, revision=seen["revision"], reason="hotfix", bypass=True)
    assert done["status"] == "completed"


def test_428_where_a_revision_must_be_named(server: Server) -> None:
    server.admin.create_feature(key="unread", definition=gate())
    with pytest.raises(errors.RevisionRequired):
        server.admin.save_feature("unread", definition=gate(EVERYONE))


def test_an_idempotency_key_gets_the_first_answer(server: Server) -> None:
    first = server.admin.create_feature(key="once", definition=gate(), idempotency_key="a-key")
    assert server.admin.create_feature(key="once", definition=gate(), idempotency_key="a-key") == first
    with pytest.raises(errors.Conflict) as caught:
        server.admin.create_feature(key="once", definition=gate())
    assert caught.value.code == "already_exists"
    with pytest.raises(errors.Invalid) as reused:
        server.admin.create_feature(key="another", definition=gate(), idempotency_key="a-key")
    assert reused.value.code == "idempotency_reused"


def test_pages_are_walked_to_the_end(server: Server) -> None:
    for number in range(5):
        server.admin.create_feature(key=f"page-{number}", definition=gate(), tags=["pages"])
    page = server.admin.list_features(tag="pages", limit=2)
    assert len(page["items"]) == 2 and page.get("next")
    walked = server.admin.iter_features(tag="pages", limit=2)
    assert [item["key"] for item in walked] == [f"page-{number}" for number in range(5)]


def test_nobody_there(server: Server) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    waits: list[float] = []
    with Admin(url, "tg_" + "0" * 64) as admin:
        admin._sleep = waits.append
        with pytest.raises(errors.Unreachable) as caught:
            admin.show_me()
        with pytest.raises(errors.Unreachable):
            next(admin.follow_events(after=0))
    assert (caught.value.status, caught.value.code, caught.value.never_sent) == (0, "unreachable", True)
    assert waits == [0.2, 0.4] * 2

    async def ask() -> None:
        async with AsyncAdmin(url, "tg_" + "0" * 64, retries=0) as admin:
            await admin.show_me()

    with pytest.raises(errors.Unreachable):
        asyncio.run(ask())


class Stumbling(httpx.HTTPTransport):
    """Asks the real server, and loses answers: it was done, and nobody knows."""

    def __init__(self, losses: int) -> None:
        super().__init__()
        self.losses = losses

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        if self.losses:
            self.losses -= 1
            response.read()
            raise httpx.ReadError("connection reset", request=request)
        return response


def stumbling(server: Server, losses: int, retries: int) -> Admin:
    admin = Admin(server.url, server.token, retries=retries, http=httpx.Client(transport=Stumbling(losses)))
    admin._sleep = lambda wait: None
    return admin


def test_a_lost_answer_is_asked_for_again_and_nothing_is_done_twice(server: Server) -> None:
    with stumbling(server, losses=2, retries=2) as admin:
        assert admin.create_feature(key="lost", definition=gate())["key"] == "lost"
    created = [event for event in server.admin.iter_feature_history("lost") if event["action"] == "feature.created"]
    assert len(created) == 1
    with stumbling(server, losses=2, retries=1) as admin, pytest.raises(errors.Unreachable) as caught:
        admin.create_feature(key="lost-again", definition=gate())
    assert not caught.value.never_sent


def test_what_may_not_be_repeated_is_not(server: Server) -> None:
    hook = server.admin.create_webhook(url="http://127.0.0.1:9/")["key"]
    server.admin.test_webhook(hook)
    sent = until(lambda: server.admin.list_webhook_deliveries(hook)["items"], "a delivery")
    with stumbling(server, losses=1, retries=2) as admin, pytest.raises(errors.Unreachable):
        admin.resend_delivery(sent[0]["id"])
    server.admin.delete_webhook(hook)


def test_a_proxy_that_answers_without_a_problem_document() -> None:
    answers: list[tuple[httpx.Response, type[AdminError], int | None]] = [
        (httpx.Response(502, text="<html>Bad Gateway</html>"), AdminError, None),
        (httpx.Response(503, headers={"retry-after": "7"}), errors.Unavailable, 7),
        (httpx.Response(429, json={"code": "rate_limited", "detail": "too many", "retry_after_s": 2}), errors.RateLimited, 2),
        (httpx.Response(400, json=["no", "problem"]), errors.BadRequest, None),
    ]
    for response, kind, wait in answers:
        found = error_of(response)
        assert type(found) is kind and found.status == response.status_code and found.retry_after_s == wait
        assert str(response.status_code) in str(found) or found.detail == "too many"


def test_an_answer_that_is_no_json_and_a_server_below_a_path() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, text="<html>Sign in</html>")

    http = httpx.Client(transport=httpx.MockTransport(answer))
    with Admin("https://proxy.example/tidegate/", "tg_" + "0" * 64, http=http) as admin, pytest.raises(AdminError) as caught:
        admin.show_me()
    assert (caught.value.status, caught.value.code) == (200, "unknown")
    assert asked == ["https://proxy.example/tidegate/api/v1/me"]


def test_errors_can_be_pickled() -> None:
    stale = errors.Conflict({"status": 409, "code": "stale", "detail": "it moved"})
    gone = errors.Unreachable("reset", never_sent=True)
    for error in (stale, gone):
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error) and again.problem == error.problem and str(again) == str(error)
    assert pickle.loads(pickle.dumps(gone)).never_sent


def test_the_token_is_not_shown(server: Server) -> None:
    shown: list[Any] = [repr(server.admin), str(server.admin)]
    with Admin(server.url, "tg_" + "0" * 64) as stranger, pytest.raises(AdminError) as caught:
        stranger.show_me()
    shown += [repr(caught.value), str(caught.value)]
    assert not any("tg_" in text for text in shown)


def test_the_environment_names_the_server(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIDEGATE_TOKEN", raising=False)
    monkeypatch.setenv("TIDEGATE_SERVER", server.url)
    with pytest.raises(ValueError, match="TIDEGATE_TOKEN"):
        Admin.from_environment()
    monkeypatch.setenv("TIDEGATE_TOKEN", server.token)
    with Admin.from_environment() as admin:
        assert admin.show_me()["principal"]["key"] == "admin"
