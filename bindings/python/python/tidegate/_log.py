"""What the engine and the client tell the logger ``tidegate``."""

from __future__ import annotations

import logging
import sys
import threading

from ._records import Event, Update

logger = logging.getLogger("tidegate")


def updated(update: Update) -> None:
    """An engine serves another version."""
    logger.info(
        "version %d after %d: %d features changed", update.version, update.previous, len(update.changed)
    )
    for each in update.diagnostics:
        logger.warning("%s", str(each).replace("\n", ";"))


def event(event: Event) -> None:
    """Something happened to a client; updates are told by its engine."""
    if event.kind == "ready":
        logger.info("ready: version %s from %s", event.version, event.source)
    elif event.kind == "stale":
        logger.warning("stale: no proof of freshness for too long")
    elif event.kind == "fresh":
        logger.info("fresh again")
    elif event.kind == "error":
        logger.warning("%s", str(event.error).replace("\n", ";"))


def mismatch(feature: str, expected: str, found: str) -> None:
    """A typed read found a value of another type, and gave the default."""
    logger.warning("feature %r: expected a value that is %s, found %s; the default is served", feature, expected, found)


def raised(what: str, error: BaseException) -> None:
    """A callback of the host's raised, where nobody can catch it."""
    logger.error("%s raised", what, exc_info=error)
    if isinstance(error, KeyboardInterrupt):
        import _thread

        # Somebody pressed Ctrl-C: not to be lost because a callback was at it.
        if threading.current_thread() is threading.main_thread() and not sys.is_finalizing():
            _thread.interrupt_main()
