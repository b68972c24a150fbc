"""The stream of events goes on where it broke off."""
from __future__ import annotations

import itertools
import sys
import threading
from pathlib import Path

from serving import DEADLINE_S, Server, gate, until
from tidegate.admin import Admin, LogEvent


def test_a_stream_survives_a_restart_and_misses_nothing(tmp_path: Path) -> None:
    server = Server(tmp_path)
    try:
        server.admin.create_environment(name="dev")
        seen: list[LogEvent] = []
        done = threading.Event()

        def follow() -> None:
            with Admin(server.url, server.token) as admin:
                for event in admin.follow_events():
                    seen.append(event)
                    if event.data["seq"] > restarted:
                        break
            done.set()

        restarted = sys.maxsize
        watching = threading.Thread(target=follow, daemon=True)
        watching.start()
        numbers = itertools.count()

        def something_happens() -> bool:
            server.admin.put_attribute("ping", type="string", description=str(next(numbers)))
            return False

        until(lambda: something_happens() or seen, "an event")
        server.stop()
        server.start_again()
        restarted = server.admin.list_audit(newest_first=True, limit=1)["items"][0]["seq"]
        until(lambda: something_happens() or done.is_set(), "an event after the restart")
        watching.join(DEADLINE_S)
        found = [event.seq for event in seen]
        assert found == list(range(found[0], found[-1] + 1)) and found[-1] > restarted
        assert all(event.data["seq"] == event.seq and event.action == event.data["action"] for event in seen)
    finally:
        server.close()


def test_only_what_is_about_a_feature(server: Server) -> None:
    head = server.admin.list_audit(newest_first=True, limit=1)["items"][0]["seq"]
    for key in ("one", "other"):
        server.admin.create_feature(key=key, definition=gate())
    stream = server.admin.follow_events(feature="other", after=head)
    event = next(stream)
    stream.close()
    assert event.seq == head + 2 and event.action == "feature.created"
