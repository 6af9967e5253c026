"""Delivery, the bridge's part: what cannot be applied stops nothing."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from support.nodes import FakeNode
from support.worlds import World, alarms, rows, users

from bridge.domain.views import Channel, TicketState
from bridge.store import tables
from bus.address import BrokerAddress


@pytest.fixture
def world(shared_broker: BrokerAddress, tmp_path: Path) -> World:
    return World(shared_broker, tmp_path)


async def test_a_poison_event_is_quarantined_and_retried(world: World) -> None:
    async with world.both() as (hall, node):
        node.publish(node.key("call", counter="w9"), node.key("call"), node.key("call"))
        await node.acked("desk", 3)
        found = await rows(hall, tables.inbox)
        assert [row.status for row in found] == ["quarantined", "done", "done"]
        assert "w9" in found[0].reason
        assert alarms(hall, "quarantined") == 1
        assert await hall.retry_inbox() == (0, 1)
    counters = [{"id": "w9", "number": 9, "services": ["reg"]}]
    site: dict[str, Any] = {"counters": counters, "devices": []}
    async with world.bridge(**site) as hall:
        drawn = await hall.issue_ticket(service="reg", channel=Channel.KIOSK)
        assert alarms(hall, "quarantined") == 1
        assert await hall.retry_inbox() == (1, 0)
        assert (await hall.ticket(drawn.id)).state is TicketState.CALLED
        assert alarms(hall, "quarantined") == 0
        assert await hall.retry_inbox() == (0, 0)


ZK = "urn:halld:h:zk:S1"


def copies(node: FakeNode, *directions: str) -> list[dict[str, Any]]:
    """Copies of one punch; a direction that there is not makes it unfit."""
    data = {"user_id": "7", "method": "face", "raw": "00"}
    return [
        node.event(
            "attendance.punch",
            {**data, "direction": direction},
            device="clock-1",
            identity=(ZK, "7:20260302T090000"),
        )
        for direction in directions
    ]


@pytest.mark.parametrize("together", [False, True])
async def test_a_quarantined_copy_does_not_swallow_the_good_one(
    world: World, *, together: bool
) -> None:
    async with world.both() as (hall, node):
        events = copies(node, "askew", "in", "in", "out")
        if together:
            node.publish_batch(events)
        else:
            for sequence, event in enumerate(events, 1):
                node.publish(event)
                await node.acked("clock", sequence)
        await node.acked("clock", 4)
        found = await rows(hall, tables.inbox)
        assert [row.status for row in found] == [
            "quarantined",
            "done",
            "duplicate",
            "duplicate",
        ]
        assert "askew" in found[0].reason
        assert json.loads(found[0].envelope)["id"] == "7:20260302T090000"
        (stored,) = await rows(hall, tables.punch)
        assert (stored.event, stored.direction) == ("7:20260302T090000", "in")
        (noted,) = await rows(hall, tables.apart)
        assert noted.sequence == 4  # the one that says something else than the good
        node.publish(*events)  # as after a lost ack
        node.publish(*copies(node, "in"))
        await node.acked("clock", 5)
        assert alarms(hall, "journal-rolled-back") == 0
        assert await hall.retry_inbox() == (1, 0)
        assert alarms(hall, "quarantined") == 0
        assert len(await rows(hall, tables.punch)) == 1
        (first, *_) = await rows(hall, tables.inbox)
        assert (first.status, first.envelope) == ("duplicate", found[0].envelope)
        node.publish(*events)
        node.publish(*copies(node, "in"))
        await node.acked("clock", 6)
        assert alarms(hall, "journal-rolled-back") == 0


async def test_a_retried_punch_takes_effect_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world.both() as (hall, node):
        with monkeypatch.context() as patch:
            patch.setattr("bridge.service.records._DIRECTIONS", frozenset())
            node.publish(*copies(node, "in", "in"))
            await node.acked("clock", 2)
        found = await rows(hall, tables.inbox)
        assert [row.status for row in found] == ["quarantined", "duplicate"]
        assert await hall.retry_inbox() == (1, 0)
        node.publish(*copies(node, "in"))
        await node.acked("clock", 3)
        found = await rows(hall, tables.inbox)
        assert [row.status for row in found] == ["done", "duplicate", "duplicate"]
        assert await users(hall) == ["7"]


async def test_a_lane_that_cannot_be_taken_is_told_until_it_can(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    async with world.both() as (hall, node):

        async def told(*, wanted: bool) -> None:
            while any("cannot be taken" in it for it in hall.troubles()) is not wanted:  # noqa: ASYNC110 - a view
                await asyncio.sleep(0.01)

        punch = node.punch("7")
        with monkeypatch.context() as patch:
            patch.setattr("bridge.service.intake.Intake.take", fail)
            node.publish(punch)
            await told(wanted=True)
        node.publish(punch)
        await node.acked("clock", 1)
        await told(wanted=False)
        assert await users(hall) == ["7"]


async def test_a_type_without_a_rule_is_quarantined(world: World) -> None:
    async with world.both() as (hall, node):
        node.publish(
            node.event("robot.dance", {}), node.event("card.in", {"reader": "r"})
        )
        await node.acked("desk", 2)
        found = await rows(hall, tables.inbox)
        assert [row.status for row in found] == ["quarantined", "done"]


BROKEN: list[dict[str, Any]] = [
    {"time": "yesterday"},
    {"time": "2026-03-02T09:00:00"},
    {"time": "0001-01-01T00:00:00+14:00"},
    {"time": "9999-12-31T23:59:59-12:00"},
    {"receivedtime": "0001-01-01T00:00:00+00:00"},
    {"data": "text"},
    {"type": 3},
    {"id": ""},
    {"source": None},
    {"data": {"user_id": "\ud800"}},
]


async def test_envelopes_that_are_broken_hold_nothing_up(world: World) -> None:
    async with world.both() as (hall, node):
        for change in BROKEN:
            broken = {**node.punch("broken"), **change}
            node.send("dev/clock-1/event/attendance.punch", json.dumps(broken))
            node.publish(node.punch("good"))
        await node.acked("clock", 2 * len(BROKEN))
        assert await users(hall) == ["good"] * len(BROKEN)
        found = await rows(hall, tables.inbox)
        assert [row.status for row in found] == ["quarantined", "done"] * len(BROKEN)
        for row in found[::2]:
            assert json.loads(row.envelope)["sequence"] == str(row.sequence)


@pytest.mark.parametrize("time", ["0001-01-02T00:00:00+14:00", "9999-12-30T00:00:00Z"])
async def test_a_press_of_no_time_spoils_no_later_one(world: World, time: str) -> None:
    """A window remembers its last press: that must stay readable."""
    press = {"counter": "w1", "value": 5, "key": "5", "address": 1, "raw": ""}
    async with world.both() as (hall, node):
        node.publish(
            node.event("rating.press", press, time=datetime.fromisoformat(time)),
            node.event("rating.press", press),
        )
        await node.acked("desk", 2)
        found = await rows(hall, tables.inbox)
        assert [row.status for row in found] == ["quarantined", "done"]


NO_EVENTS = [
    b"\xff\xfe",
    b"[" * 100_000,
    b"null",
    b"[1, {}]",
    b'{"node": "main", "lane": "clock", "epoch": "e"}',
    b'{"node": "a b", "lane": "clock", "epoch": "e", "sequence": "1"}',
    b'{"node": "main", "lane": "sky", "epoch": "e", "sequence": "1"}',
    b'{"node": "main", "lane": "desk", "epoch": "e", "sequence": "-1"}',
    b'{"node": "m", "lane": "desk", "epoch": "e", "sequence": "9999999999999999999"}',
]


async def test_what_is_no_event_is_counted_and_harms_nothing(world: World) -> None:
    async with world.both() as (hall, node):
        for payload in NO_EVENTS:
            node.send("dev/clock-1/event/attendance.punch", payload)
        node.publish(node.punch("1"))
        await node.acked("clock", 1)
        assert await users(hall) == ["1"]
        unreadable = hall.metrics()["halld_events_unreadable_total"]
        assert unreadable == len(NO_EVENTS) + 1  # one of them is a batch of two
