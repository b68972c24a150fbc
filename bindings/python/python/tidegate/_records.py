"""What the engine says, as plain records: they compare by value, and can be pickled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ._errors import TidegateError

__all__ = ["Diagnostic", "Event", "Exposure", "Snapshot", "Source", "Status", "Update"]

Source = Literal["defaults", "bundled", "cache", "file", "poll", "stream"]
"""Where a document came from."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A problem of a document or of a call: what, how bad, where, and what to do about it."""

    code: str
    """The stable code, such as ``TG2003``."""
    severity: Literal["error", "warning"]
    """How bad it is."""
    pointer: str
    """The JSON pointer (RFC 6901) of the place; empty for the whole."""
    message: str
    """What was expected, and what was found."""
    hint: str | None = None
    """What may have been meant."""

    def __str__(self) -> str:
        place = f" at {self.pointer}" if self.pointer else ""
        hint = f"\n  hint: {self.hint}" if self.hint else ""
        return f"{self.severity}[{self.code}]{place}: {self.message}{hint}"


@dataclass(frozen=True, slots=True)
class Update:
    """What an update of an engine did."""

    previous: int
    """The version before; 0 if there was none."""
    version: int
    """The version that is served now."""
    changed: tuple[str, ...]
    """The features that may decide otherwise than before, sorted."""
    recompiled: int
    """How many definitions were compiled."""
    isolated: tuple[str, ...]
    """The features that are isolated: their definition, or their release, cannot be served."""
    diagnostics: tuple[Diagnostic, ...]
    """Problems that did not refuse the document. Those of definitions that did not change are not told again."""

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that are no errors."""
        return tuple(each for each in self.diagnostics if each.severity == "warning")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What an engine serves. It can be pickled, to load it in another process:

    >>> import pickle, tidegate
    >>> engine = tidegate.Engine(keep_source=True)
    >>> _ = engine.load('{"schema_version": 1, "version": 3, "features": {"f": {"kind": "gate"}}}')
    >>> snapshot = pickle.loads(pickle.dumps(engine.snapshot()))
    >>> snapshot.version, snapshot.features
    (3, ('f',))
    >>> tidegate.Engine().load(snapshot).version
    3
    """

    version: int
    """The version; 0 if there is none."""
    features: tuple[str, ...]
    """The names of the features, sorted."""
    memory: int
    """Bytes that the program takes, roughly."""
    document: bytes | None = None
    """The document, of an engine with ``keep_source``; after deltas, with them applied."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """How often a variant was served since the last drain."""

    feature: str
    """The feature."""
    variant: str | None
    """The variant; none where none was served."""
    release: str | None
    """The release that the decisions are attributed to."""
    phase: str | None
    """Its phase."""
    count: int
    """How often."""


@dataclass(frozen=True, slots=True)
class Status:
    """What a client knows of itself."""

    source: Source
    """Where what is served came from."""
    version: int
    """The version that is served; 0: none."""
    age: float | None
    """Seconds since the newest proof that nothing newer was kept back; none: none came, or a file is watched."""
    stale: bool
    """Whether there was no such proof for too long."""
    connected: Literal["no", "poll", "stream"]
    """Whether there is a connection, and of which kind."""
    last_error: TidegateError | None
    """What went wrong last, whether or not it was overcome."""
    last_error_age: float | None
    """Seconds since then."""
    instance: str
    """The id of this run of this client; fleet views name it."""
    life: Literal["running", "closed", "forked"]
    """Whether its thread runs."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a client; fields that its kind does not have are none."""

    kind: Literal["ready", "changed", "stale", "fresh", "error"]
    """``ready``: something is served for the first time. ``changed``: another version is served. ``stale``: no proof of
    freshness for too long; serving goes on. ``fresh``: there is proof again. ``error``: something went wrong."""
    source: Source | None = None
    """Of ``ready`` and ``changed``: where it came from."""
    version: int | None = None
    """Of ``ready`` and ``changed``."""
    features: tuple[str, ...] | None = None
    """Of ``changed``: the features that may decide otherwise than before, sorted."""
    lag: float | None = None
    """Of ``changed``: seconds from the arrival of its last byte to its being served."""
    age: float | None = None
    """Of ``stale``: seconds since the last proof."""
    error: TidegateError | None = None
    """Of ``error``."""
