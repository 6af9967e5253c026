from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from support.bridges import make_site

from bridge.service.directory import NOT_REPORTED, Directory

SITE = make_site()
NOW = datetime(2026, 3, 2, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)


def status(directory: Directory, state: str, session: int = 1, **more: Any) -> int:
    body = {"state": state, "reason": "", "session": session, **more}
    return len(directory.take_status("clock-1", body, NOW, retained=False))


def view(directory: Directory) -> tuple[str, str]:
    found = next(v for v in directory.views(SITE) if v.id == "clock-1")
    return found.state, found.reason


def test_every_device_is_listed_before_its_node_ever_spoke() -> None:
    directory = Directory(SITE)
    views = directory.views(SITE)
    assert [each.id for each in views] == ["bus-1", "clock-1", "led-main", "led-w1"]
    assert {(each.state, each.reason) for each in views} == {("offline", NOT_REPORTED)}
    assert directory.troubles() == ["node main has not reported"]


def test_a_device_is_lost_with_its_node_in_the_same_session() -> None:
    directory = Directory(SITE)
    directory.take_node_state("main", {"state": "ready", "session": 1}, NOW)
    assert directory.troubles() == []
    status(directory, "ready")
    assert view(directory) == ("ready", "")
    _, changes = directory.take_node_state(
        "main", {"state": "lost", "session": 1}, LATER
    )
    assert view(directory) == ("lost", "its node main is lost")
    assert [(c.device, c.standing.state) for c in changes] == [("clock-1", "lost")]
    assert directory.troubles() == ["node main is lost"]


def test_a_will_of_an_older_session_makes_nothing_lost() -> None:
    directory = Directory(SITE)
    status(directory, "ready", session=2)
    directory.take_node_state("main", {"state": "lost", "session": 1}, NOW)
    assert view(directory) == ("ready", "")


def test_each_change_is_told_once() -> None:
    directory = Directory(SITE)
    assert status(directory, "ready") == 1
    assert status(directory, "ready") == 0
    assert status(directory, "offline", reason="no answer") == 1
    assert view(directory) == ("offline", "no answer")


def test_a_new_session_is_noticed_once() -> None:
    directory = Directory(SITE)
    ready = {"state": "ready", "session": 4}
    assert directory.take_node_state("main", ready, NOW)[0]
    assert not directory.take_node_state("main", ready, NOW)[0]
    assert directory.take_node_state("main", {**ready, "session": 5}, NOW)[0]


def test_alarms_of_nodes_are_told() -> None:
    directory = Directory(SITE)
    alarm = {"kind": "two-bridges", "since": NOW.isoformat(), "message": "two"}
    directory.take_health("main", {"alarms": [alarm, "junk"], "clock": "doubtful"})
    assert [each["kind"] for each in directory.alarms()] == [
        "two-bridges",
        "clock-doubtful",
    ]
    alarm = {"kind": "clock-doubtful", "since": NOW.isoformat(), "message": "no NTP"}
    directory.take_health("main", {"alarms": [alarm], "clock": "doubtful"})
    assert [each["message"] for each in directory.alarms()] == ["node main: no NTP"]
    directory.take_health("main", {"alarms": "junk", "clock": "trusted"})
    assert directory.alarms() == []


def test_last_seen_follows_what_is_live() -> None:
    directory = Directory(SITE)
    directory.saw("clock-1", LATER)
    directory.saw("nobody", LATER)
    found = next(v for v in directory.views(SITE) if v.id == "clock-1")
    assert found.last_seen == LATER


def test_a_device_that_is_down_was_not_seen() -> None:
    directory = Directory(SITE)
    status(directory, "offline", reason="refused")
    found = next(v for v in directory.views(SITE) if v.id == "clock-1")
    assert found.last_seen is None
    status(directory, "ready")
    body = {"state": "offline", "reason": "no answer", "session": 1}
    directory.take_status("clock-1", body, LATER, retained=False)
    found = next(v for v in directory.views(SITE) if v.id == "clock-1")
    assert found.last_seen == NOW
