"""What the API answers instead: an exception for each status, with the code and all that the problem document says.

  AdminError ┬ BadRequest 400          ┬ PreconditionFailed 412
             ├ Unauthenticated 401     ├ Invalid 422
             ├ Forbidden 403           ├ Held 423
             ├ NotFound 404            ├ RevisionRequired 428
             ├ Conflict 409            ├ RateLimited 429
             └ Unreachable (no answer) └ Unavailable 503
"""
from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import httpx

__all__ = [
    "AdminError",
    "BadRequest",
    "Conflict",
    "Forbidden",
    "Held",
    "Invalid",
    "NotFound",
    "PreconditionFailed",
    "RateLimited",
    "RevisionRequired",
    "Unauthenticated",
    "Unavailable",
    "Unreachable",
]


class AdminError(Exception):
    """The server did not do what it was asked."""

    def __init__(self, problem: Mapping[str, Any]) -> None:
        super().__init__(problem)
        #: The whole problem document (RFC 9457), with members that have no name here.
        self.problem: dict[str, Any] = dict(problem)

    def __str__(self) -> str:
        place = f" at {self.pointer}" if self.pointer else ""
        hint = f"; hint: {self.hint}" if self.hint else ""
        return f"{self.detail}{place} [{self.code}]{hint}"

    @property
    def status(self) -> int:
        """The status of HTTP; 0 if there was no answer."""
        return int(self.problem.get("status", 0))

    @property
    def code(self) -> str:
        """The stable code: `stale`, `needs_bypass`, …"""
        return str(self.problem.get("code", "unknown"))

    @property
    def title(self) -> str:
        """What the code means."""
        return str(self.problem.get("title", ""))

    @property
    def detail(self) -> str:
        """What is wrong with this request."""
        return str(self.problem.get("detail", ""))

    @property
    def pointer(self) -> str | None:
        """The JSON pointer of the place in the body."""
        return self.problem.get("pointer")

    @property
    def hint(self) -> str | None:
        """What helps."""
        return self.problem.get("hint")

    @property
    def request_id(self) -> str | None:
        """The id of the request, as in the server's access log."""
        return self.problem.get("instance")

    @property
    def state(self) -> dict[str, Any] | None:
        """Of a release: where it is now."""
        return self.problem.get("state")

    @property
    def allowed_actions(self) -> list[Any]:
        """Of a release: what can be done to it now."""
        return list(self.problem.get("allowed_actions") or [])

    @property
    def problems(self) -> list[Any]:
        """All that is wrong with a definition, each with its place."""
        return list(self.problem.get("problems") or [])

    @property
    def users(self) -> list[Any]:
        """What uses the thing that was to be removed."""
        return list(self.problem.get("users") or [])

    @property
    def opens_at(self) -> int | None:
        """When the window opens (ms since 1970)."""
        return self.problem.get("opens_at")

    @property
    def retry_after_s(self) -> int | None:
        """After how many seconds it may be tried again, if the server says so."""
        return self.problem.get("retry_after_s")


class BadRequest(AdminError):
    """The request is malformed (400)."""


class Unauthenticated(AdminError):
    """No valid token was given (401)."""


class Forbidden(AdminError):
    """The token's owner may not do this (403)."""


class NotFound(AdminError):
    """There is no such thing (404)."""


class Conflict(AdminError):
    """It cannot be done in the present state, or was decided on an older one (409)."""


class PreconditionFailed(AdminError):
    """`if_match` names another revision (412)."""


class Invalid(AdminError):
    """A definition is invalid; `problems` has all that is wrong with it (422)."""


class Held(AdminError):
    """A window holds it, or it needs a bypass (423)."""


class RevisionRequired(AdminError):
    """The request must name the revision that it was decided on (428)."""


class RateLimited(AdminError):
    """Too many requests (429)."""


class Unavailable(AdminError):
    """The server cannot write now (503)."""


class Unreachable(AdminError):
    """There was no answer. Whether the request was carried out is open, unless `never_sent`."""

    def __init__(self, why: str, *, never_sent: bool = False) -> None:
        super().__init__({"code": "unreachable", "title": "the server cannot be reached", "detail": why})
        #: Whether the server certainly did not see the request.
        self.never_sent = never_sent

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), never_sent=self.never_sent), (self.detail,)


OF_STATUS: dict[int, type[AdminError]] = {
    400: BadRequest,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: PreconditionFailed,
    422: Invalid,
    423: Held,
    428: RevisionRequired,
    429: RateLimited,
    503: Unavailable,
}


def error_of(response: httpx.Response) -> AdminError:
    """The error that an answer tells. Proxies answer with no problem document; then there is what there is."""
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict) or "code" not in problem:
        problem = {"code": "unknown", "detail": f"HTTP {response.status_code} {response.reason_phrase}"}
    problem.setdefault("status", response.status_code)
    wait = response.headers.get("retry-after", "")
    if wait.isdigit():
        problem.setdefault("retry_after_s", int(wait))
    return OF_STATUS.get(response.status_code, AdminError)(problem)
