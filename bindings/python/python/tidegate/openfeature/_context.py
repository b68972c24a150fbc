"""The context of OpenFeature as the engine reads it: by need, and where it lives.

  targeting_key ─▶ targetingKey, targeting_key, user_id   where the attributes have none of the name
  attributes    ─▶ each under its name; a datetime as RFC 3339 in UTC

Nothing is copied: the engine asks for the attributes that the feature's rules test, and for no other.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from openfeature.evaluation_context import EvaluationContext

# What the name of the subject is called in rules, as in the server's answers to remote evaluation.
SUBJECT = frozenset(("targetingKey", "targeting_key", "user_id"))
# What the engine takes as it is.
PLAIN = frozenset((str, int, float, bool, dict, type(None)))
NOTHING: Mapping[str, Any] = {}


def instant(value: datetime) -> str:
    """RFC 3339; a time without a zone is one of UTC."""
    aware = value if value.tzinfo is not None else value.replace(tzinfo=timezone.utc)
    return aware.astimezone(timezone.utc).isoformat()


def plain(value: Any) -> Any:
    """A value as the engine takes it. What it does not know stays, and the engine refuses it by its place."""
    if type(value) in PLAIN:
        return value
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray, memoryview)):
        return [plain(item) for item in value]
    return value


class Attributes(Mapping[str, Any]):
    """The attributes of an evaluation, read when they are asked for."""

    __slots__ = ("_attributes", "_subject")

    def __init__(self, subject: str | None, attributes: Mapping[str, Any]) -> None:
        self._subject, self._attributes = subject, attributes

    def get(self, name: str, default: Any = None) -> Any:
        """The attribute; the default where there is none."""
        value = self._attributes.get(name)
        if value is None:
            return self._subject if name in SUBJECT and self._subject is not None else default
        return value if type(value) in PLAIN else plain(value)

    def __getitem__(self, name: str) -> Any:
        value = self.get(name)
        if value is None and name not in self._attributes:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        yield from self._attributes
        if self._subject is not None:
            yield from (name for name in SUBJECT if name not in self._attributes)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def attributes_of(context: EvaluationContext | None) -> Mapping[str, Any]:
    """What the engine reads a context by."""
    if context is None:
        return NOTHING
    return Attributes(context.targeting_key, context.attributes)
