"""Tracking: what code says that users did (OpenFeature §6).

Neither the engine nor the server keeps what users do: they count what was served. So the provider counts tracking events by
name, logs each, and hands it to whom the program names: an analytics pipeline that knows the targeting key.
"""
from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from openfeature.evaluation_context import EvaluationContext
from openfeature.track import TrackingEventDetails

logger = logging.getLogger("tidegate.tracking")

# Names that are counted; those that come later are logged and handed on only.
MOST_NAMES = 1_000


@dataclass(frozen=True)
class Tracking:
    """Something that a user did."""

    name: str
    """What."""
    targeting_key: str | None
    """Who."""
    context: Mapping[str, Any]
    """The attributes of the context, of all levels."""
    value: float | None
    """What it was worth."""
    attributes: Mapping[str, Any]
    """What else was said of it."""


@dataclass(frozen=True)
class Tracked:
    """How often something was done since it was asked for last."""

    name: str
    """What."""
    count: int
    """How often."""
    value: float
    """The sum of the values, where there were any."""


class Tracker:
    """Counts, logs and hands on."""

    def __init__(self, handler: Callable[[Tracking], object] | None) -> None:
        self._handler = handler
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[int, float]] = {}

    def track(self, name: str, context: EvaluationContext | None, details: TrackingEventDetails | None) -> None:
        value = details.value if details is not None else None
        with self._lock:
            if name in self._counts or len(self._counts) < MOST_NAMES:
                count, total = self._counts.get(name, (0, 0.0))
                self._counts[name] = (count + 1, total + (value or 0.0))
        if self._handler is None and not logger.isEnabledFor(logging.DEBUG):
            return
        event = Tracking(
            name=name,
            targeting_key=context.targeting_key if context is not None else None,
            context=context.attributes if context is not None else {},
            value=value,
            attributes=details.attributes if details is not None else {},
        )
        logger.debug("tracked %s", name, extra={"tidegate_tracking": event})
        if self._handler is not None:
            try:
                self._handler(event)
            except Exception:
                logger.exception("the handler of tracking events failed on `%s`", name)

    def drain(self) -> list[Tracked]:
        with self._lock:
            counts, self._counts = self._counts, {}
        return [Tracked(name, count, value) for name, (count, value) in sorted(counts.items())]
