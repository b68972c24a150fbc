"""What the API answers, as it is on the wire.

Written by bindings/python/tools/admin_api.py from docs/openapi.json: change these, not this.
"""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeAlias, TypeVar

from typing_extensions import NotRequired, TypedDict

Item = TypeVar("Item")


class Active(TypedDict):
    """A running release, and where it is."""

    features: list[str]
    """The features that it changes."""
    paused: bool
    """Whether it is paused."""
    phase: str
    """The phase that it is at."""
    place: int
    """The number of that phase, from 0."""
    release: str
    """The release."""
    segments: list[str]
    """The segments that it changes."""
    started_at: int
    """When it started (ms)."""
    status: str
    """Where that phase is: `entering`, `ramping`, `baking`, …"""
    version: int
    """The version that it runs."""


class Attached(TypedDict):
    """What is attached to a pipeline."""

    features: list[str]
    """Features."""
    segments: list[str]
    """Segments."""


class AttributeView(TypedDict):
    """A declared attribute."""

    description: NotRequired[str | None]
    """What it means."""
    key: str
    """Its name."""
    process: bool
    """Whether it is a process attribute."""
    revision: int
    """Grows with each change."""
    type: str
    """The type that values have."""


class AuditEvent(TypedDict):
    """An event of the log."""

    action: str
    """What was done."""
    actor: str
    """Who."""
    at: int
    """When (ms)."""
    hash: str
    """SHA-256 over the hash before it and the bytes of its JSON."""
    prev_hash: str
    """The hash of the event before it."""
    seq: int
    """Its number, from 1, without gaps."""


class ChangeRequest(TypedDict):
    """A phase that awaits approval."""

    environments: NotRequired[list[str] | None]
    """The environments of the phase."""
    key: str
    """The id of the release."""
    phase: NotRequired[str | None]
    """The phase."""
    revision: int
    """Its revision; what an approval is decided on."""
    signed: NotRequired[str | None]
    """What an approval signs: the definitions, what they refer to, the phase and the version of the pipeline."""


class Delivery(TypedDict):
    """A delivery: a fact of an event, to a webhook."""

    attempts: int
    """How often it was tried."""
    event: int
    """The number of the event."""
    fact: int
    """The place of the fact in the event, from 0."""
    id: str
    """Its id, the same at every attempt and for ever."""
    last_error: NotRequired[str | None]
    """Why the last attempt failed."""
    next_at: NotRequired[int | None]
    """When it is tried next (ms)."""
    status: str
    """`pending`, `delivered` or `dead`."""
    webhook: str
    """The webhook."""


class EnvironmentView(TypedDict):
    """An environment."""

    description: NotRequired[str | None]
    """What it is for."""
    floor: dict[str, Any]
    """What it asks at least of every release that touches it."""
    key: str
    """Its name."""
    pipelines: bool
    """Whether it takes part in pipelines."""
    production: bool
    """Whether production traffic is served there."""
    revision: int
    """Grows with each change."""


class ExclusionGroupView(TypedDict):
    """An exclusion group."""

    description: NotRequired[str | None]
    """What it is for."""
    key: str
    """Its key."""
    ranges: dict[str, Any]
    """The buckets of each experiment."""
    revision: int
    """Grows with each change."""
    salt: NotRequired[str | None]
    """What its salt is made of."""
    unit: NotRequired[str | None]
    """The attribute that is bucketed."""


class Feature(TypedDict):
    """A feature; of a change also what it started."""

    definition: NotRequired[dict[str, Any] | None]
    """What is served outside releases."""
    definition_revision: NotRequired[int | None]
    """Grows with each change of the definition."""
    key: str
    """Its key."""
    release: NotRequired[dict[str, Any] | None]
    """The release that a change started."""
    revision: NotRequired[int | None]
    """The number of the event that last wrote it."""


class Launched(TypedDict):
    """A release that was completed."""

    at: int
    """When it was completed (ms)."""
    features: list[str]
    """The features that it changed."""
    release: str
    """The release."""
    segments: list[str]
    """The segments that it changed."""


class NewSecret(TypedDict):
    """Something that was made with a secret, which is shown this once."""

    key: str
    """Its id."""
    revision: int
    """Grows with each change."""
    secret: NotRequired[str | None]
    """The secret; absent if the answer is a repetition."""


Op: TypeAlias = Literal['add', 'move', 'remove', 'replace']
"""What happened at a place."""


class Preview(TypedDict):
    """What a change or an action would do."""

    changes: dict[str, Any]
    """What engines would be served otherwise."""


class PrincipalView(TypedDict):
    """A person or service account."""

    created_at: int
    """When it was made (ms)."""
    disabled: bool
    """It can do nothing any more."""
    grants: list[dict[str, Any]]
    """What it may do."""
    key: str
    """Its id."""
    kind: str
    """`person` or `service`."""
    name: NotRequired[str | None]
    """Its name, for people."""
    revision: int
    """Grows with each change."""


class Problem(TypedDict):
    """A problem document (RFC 9457)."""

    allowed_actions: NotRequired[list[dict[str, Any]] | None]
    """Of a release: what can be done to it now."""
    code: str
    """The stable code."""
    detail: str
    """What is wrong with this request."""
    hint: NotRequired[str | None]
    """What helps."""
    instance: str
    """The id of the request."""
    opens_at: NotRequired[int | None]
    """When the window opens (ms)."""
    pointer: NotRequired[str | None]
    """The JSON pointer of the place in the body."""
    problems: NotRequired[list[dict[str, Any]] | None]
    """All that is wrong with a definition, each with its place."""
    state: NotRequired[dict[str, Any] | None]
    """Of a release: where it is now."""
    status: int
    """The HTTP status."""
    title: str
    """What the code means."""
    type: str
    """`/problems/<code>`."""
    users: NotRequired[list[dict[str, Any]] | None]
    """What uses the thing that was to be removed."""


class RampUnit(TypedDict, closed=True):
    """What the ramps of a release bucket."""

    unit: str
    """The attribute."""


class Schedule(TypedDict):
    """A change that is to be made later."""

    at: int
    """When (ms)."""
    key: str
    """Its id."""
    revision: int
    """The number of the event that last wrote it."""
    status: str
    """`pending`, `applied`, `cancelled` or `suspended`."""


class SdkKeyView(TypedDict):
    """A key of SDKs, without its secret."""

    by: str
    """Who made it."""
    created_at: int
    """When it was made (ms)."""
    description: NotRequired[str | None]
    """Who uses it."""
    environment: str
    """The environment that it lets SDKs see."""
    key: str
    """Its id."""
    revision: int
    """Grows with each change."""
    revoked_at: NotRequired[int | None]
    """When it was revoked (ms)."""


class Segment(TypedDict):
    """A segment; of a change also what it started."""

    definition: NotRequired[dict[str, Any] | None]
    """What is served outside releases."""
    definition_revision: NotRequired[int | None]
    """Grows with each change of the definition."""
    key: str
    """Its key."""
    release: NotRequired[dict[str, Any] | None]
    """The release that a change started."""
    revision: NotRequired[int | None]
    """The number of the event that last wrote it."""


class SigningKeyView(TypedDict):
    """A signing key, without its secret."""

    activated_at: NotRequired[int | None]
    """When it began to sign (ms)."""
    created_at: int
    """When it was made (ms)."""
    endorsed_by: NotRequired[str | None]
    """The id of the key that vouches for it."""
    key: str
    """Its id: the first 16 hex digits of the public key's SHA-256."""
    public: str
    """The public key (Ed25519), in base64url: what connection strings pin."""
    retired_at: NotRequired[int | None]
    """When it was retired (ms)."""
    revision: int
    """Grows with each change."""
    state: str
    """`next`, `active`, `retiring` or `retired`."""


class Snapshot(TypedDict):
    """A snapshot document; see docs/snapshot.schema.json."""

    version: int
    """Grows with each change of the content."""


Stage: TypeAlias = Literal['archived', 'draft', 'published']
"""Where a pipeline is."""


class Start(TypedDict, closed=True):
    """How a release is to start; everything may be left out."""

    at: NotRequired[int | None]
    """Schedules the change for this instant instead of making it now (wall clock, ms)."""
    bypass: NotRequired[bool]
    """Passes over the approvals of skipped phases."""
    description: NotRequired[str | None]
    """What the release is for."""
    ramp: NotRequired[RampUnit | None]
    reason: NotRequired[str | None]
    """Why; needed for a bypass."""
    requires: NotRequired[list[dict[str, Any]]]
    """What other releases must have reached before a phase starts."""
    start_at: NotRequired[str | None]
    """The phase to start at; those before are skipped (a bypass if they need approvals)."""


class TokenView(TypedDict):
    """An API token, without its hash. When it was last used is not part of the log: the server adds it."""

    created_at: int
    """When it was made (ms)."""
    description: NotRequired[str | None]
    """What it is for."""
    expires_at: NotRequired[int | None]
    """When it ends (ms)."""
    key: str
    """Its id; not secret."""
    once: NotRequired[bool]
    """It is good for nothing but making another token."""
    principal: str
    """Whose it is."""
    revision: int
    """Grows with each change."""
    revoked_at: NotRequired[int | None]
    """When it was revoked (ms)."""


Value: TypeAlias = Any


class Verified(TypedDict):
    """Whether the log is whole."""

    events: NotRequired[int | None]
    """How many events it has."""
    head: NotRequired[str | None]
    """The hash of the last: note it elsewhere."""
    whole: bool
    """Whether it is."""
    why: NotRequired[str | None]
    """What is wrong."""


class VersionSummary(TypedDict):
    """A published version, in a list."""

    active: int
    """How many releases run it now."""
    published_at: int
    """When it was published (ms)."""
    published_by: str
    """By whom."""
    version: int
    """The version."""


class VersionView(TypedDict):
    """A published version."""

    body: dict[str, Any]
    """What it is; never changes."""
    published_at: int
    """When it was published (ms)."""
    published_by: str
    """By whom."""
    version: int
    """The version."""


class WebhookView(TypedDict):
    """A webhook endpoint, without its secret."""

    created_at: int
    """When it was made (ms)."""
    disabled: bool
    """Nothing is sent."""
    facts: list[str]
    """The names of facts that it wants; empty: all."""
    key: str
    """Its id."""
    revision: int
    """Grows with each change."""
    url: str
    """Where deliveries are posted."""


class Difference(TypedDict):
    """One difference."""

    after: NotRequired[Value]
    """Now; absent if it was removed."""
    before: NotRequired[Value]
    """Before; absent if it was added."""
    op: Op
    """What happened there."""
    path: str
    """The JSON pointer: into the new document, or of what was removed into the old one."""


class Exposures(TypedDict):
    """How often what was served."""

    items: list[Value]
    """Each: `environment`, `release`, `phase`, `feature`, `variant`, `count`; `null` where there is none."""


class FleetPage(TypedDict):
    """Members of the fleet."""

    items: list[Value]
    """Members: instances, and groups of them behind relays."""
    next: NotRequired[str | None]
    """What to give as `after` to get the next page; `null` on the last."""
    settled: bool
    """Whether everybody who was live before the server started has reported again, or is gone."""
    summary: list[Value]
    """
    Environments in figures: `environment`, `head` (the newest version), `live`, how many are in each state, and the
    `propagation` of the last versions.
    """


class Me(TypedDict):
    """Who the token speaks for."""

    principal: PrincipalView
    """The principal."""
    token: TokenView
    """The token."""


class PipelineView(TypedDict):
    """A pipeline, with all that is known of it."""

    active: list[Active]
    """The releases that run it now, and where each is."""
    attached: Attached
    """What is attached to it."""
    author: str
    """Who made it."""
    cloned_from: NotRequired[str | None]
    """The pipeline that it was cloned from."""
    created_at: int
    """When it was made (ms)."""
    draft: NotRequired[dict[str, Any] | None]
    """What is being written."""
    key: str
    """Its key."""
    launched: list[Launched]
    """The releases of it that were completed in the last 30 days, newest first."""
    published: NotRequired[VersionView | None]
    revision: int
    """Grows with each change; `base_revision` of the next."""
    state: Stage
    """Where it is."""
    versions: list[VersionSummary]
    """All versions that were published, newest first."""


class PropagationList(TypedDict):
    """How versions reached the instances."""

    items: list[Value]
    """
    A version each: `environment`, `version`, `published_at`, `live_then`, `measured`, `live`, `applied`, `p50_ms`,
    `p90_ms`, `p99_ms`, `max_ms`.
    """


class ProposalView(TypedDict):
    """A change that a second person must approve."""

    base_revision: int
    """The revision of the entity that it would change."""
    by: str
    """Who made it."""
    change: dict[str, Any]
    """What it would change."""
    comment: NotRequired[str | None]
    """What was said."""
    created_at: int
    """When it was made (ms)."""
    decided_at: NotRequired[int | None]
    """When (ms)."""
    decided_by: NotRequired[str | None]
    """Who approved or rejected it."""
    diff: NotRequired[list[Difference]]
    """What would be another; empty once it was decided, or of a deletion."""
    environments: list[str]
    """The environments whose floor asks for the second person."""
    key: str
    """Its id."""
    reason: NotRequired[str | None]
    """Why it was made."""
    revision: int
    """Grows with each change."""
    status: str
    """`pending`, `approved` or `rejected`."""


class References(TypedDict):
    """What uses something."""

    users: list[Value]
    """Its users."""


class Release(TypedDict):
    """A release."""

    allowed_actions: NotRequired[list[Value] | None]
    """What the caller can do to it now."""
    key: NotRequired[str | None]
    """Its id."""
    phase: NotRequired[str | None]
    """The phase that it is at."""
    revision: NotRequired[int | None]
    """Grows with each step; what decisions are made on."""
    status: NotRequired[str | None]
    """`running`, `completed`, `aborted` or `reverted`."""
    waiting_for: NotRequired[list[Value] | None]
    """What it waits for."""


class Page(TypedDict, Generic[Item]):
    """A page of a list."""

    items: list[Item]
    """The items."""
    next: NotRequired[str | None]
    """What to give as `after` to get the next page; none on the last."""
