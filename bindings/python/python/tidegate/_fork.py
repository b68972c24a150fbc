"""What happens around ``fork`` and at the end of the interpreter.

Before a fork, the threads of clients are held where they have no lock, and updates come to an end; then they go on. A child has no
such threads: its clients connect anew, as instances of their own. At the end of the interpreter, clients are closed, so that no
thread calls into Python that is no more.
"""

from __future__ import annotations

import atexit
import os
import weakref

from . import _log
from ._tidegate import _after_fork, _before_fork, _Client

_clients: weakref.WeakSet[_Client] = weakref.WeakSet()


def register(client: _Client) -> None:
    """A client is there, as long as somebody has it."""
    _clients.add(client)


def unregister(client: _Client) -> None:
    """A client was closed."""
    _clients.discard(client)


def _before() -> None:
    # In this order: a client is held when its callbacks are done, and one of them may be updating another engine.
    for client in list(_clients):
        client.quiesce()
    _before_fork()


def _in_parent() -> None:
    _after_fork(False)
    for client in list(_clients):
        client.release()


def _in_child() -> None:
    _after_fork(True)
    for client in list(_clients):
        client.release()
        try:
            client.resume()
        except Exception as error:
            _log.logger.warning("a client does not connect after a fork: %s", error)


def _at_exit() -> None:
    for client in list(_clients):
        client.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
atexit.register(_at_exit)
