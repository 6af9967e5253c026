"""Delivery, the bridge's part: each sentence, on the brokers that halls have."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.nodes import FakeNode
from support.worlds import World, alarms, rows, users

from bridge.domain.views import Channel
from bridge.mqtt import inbox as inbox_module
from bridge.mqtt import requests as requests_module
from bridge.service.intake import OTHER_CONTENT, ROLLED_BACK
from bridge.store import tables
from bus.address import BrokerAddress

TESTS = Path(__file__).parents[1]


@pytest.fixture
def world(shared_broker: BrokerAddress, tmp_path: Path) -> World:
    return World(shared_broker, tmp_path)


# -- 1: each lane in sequence ------------------------------------------------------


async def test_a_lane_is_taken_in_sequence_and_acknowledged(world: World) -> None:
    async with world.both() as (hall, node):
        node.publish(*(node.punch(str(n)) for n in range(20)))
        ack = await node.acked("clock", 20)
        assert ack == {"store": hall.store_id, "epoch": node.epoch, "sequence": 20}
        assert await users(hall) == [str(n) for n in range(20)]
        assert "desk" not in node.acks


async def test_a_batch_is_as_good_as_single_events(world: World) -> None:
    async with world.both() as (hall, node):
        node.publish_batch([node.punch(str(n)) for n in range(300)])
        await node.acked("clock", 300)
        assert await users(hall) == [str(n) for n in range(300)]


async def test_duplicates_are_dropped_and_acknowledged_again(world: World) -> None:
    async with world.both() as (hall, node):
        first = node.punch("1")
        node.publish(first)
        await node.acked("clock", 1)
        node.acks.clear()
        node.publish(first, first)
        await node.acked("clock", 1)
        node.publish_batch([first, node.punch("2")])
        await node.acked("clock", 2)
        assert await users(hall) == ["1", "2"]
        assert await rows(hall, tables.apart) == []


async def test_a_gap_is_asked_for_and_closed(world: World) -> None:
    async with world.both() as (hall, node):
        events = [node.punch(str(n)) for n in range(5)]
        node.publish(events[0], events[4])
        await node.acked("clock", 5)
        args = await node.asked("replay")
        assert (args["epoch"], args["lane"]) == (node.epoch, "clock")
        assert args["from"] in {1, 2}
        asked = [args["from"] for name, args in node.requests if name == "replay"]
        assert len(asked) == len(set(asked))  # once for each place it stood at
        assert await users(hall) == ["0", "1", "2", "3", "4"]
        assert await rows(hall, tables.lost_range) == []


async def test_a_node_that_answers_late_is_asked_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world.both() as (hall, node):
        monkeypatch.setattr(inbox_module, "ASK_TIMEOUT_S", 0.05)
        monkeypatch.setattr(inbox_module, "STANDSTILL_S", 0.05)
        monkeypatch.setattr(requests_module, "GRACE_S", 0.05)
        node.silent = {"replay"}
        node.punch("0")
        node.publish(node.punch("1"))
        await node.asked("replay")
        node.silent.clear()
        await node.acked("clock", 2)
        assert await users(hall) == ["0", "1"]


async def test_what_the_node_no_longer_has_is_one_lost_range(world: World) -> None:
    async with world.both() as (hall, node):
        events = [node.punch(str(n)) for n in range(9)]
        node.publish(*events[:2])
        await node.acked("clock", 2)
        node.trim("clock", 6)
        node.publish(events[8])
        await node.acked("clock", 9)
        (lost,) = await rows(hall, tables.lost_range)
        assert (lost.node, lost.epoch, lost.lane) == ("main", node.epoch, "clock")
        assert (lost.first, lost.last) == (3, 6)
        assert await users(hall) == ["0", "1", "6", "7", "8"]
        assert alarms(hall, "lost-range") == 1


async def test_what_was_lost_and_comes_after_all_is_taken_once(world: World) -> None:
    async with world.both() as (hall, node):
        events = [node.punch(str(n)) for n in range(3)]
        node.trim("clock", 2)
        node.publish(events[2])
        await node.acked("clock", 3)
        node.publish(events[0], events[0], node.punch("3"), events[0])
        await node.acked("clock", 4)
        assert sorted(await users(hall)) == ["0", "2", "3"]


async def test_events_that_never_arrive_readable_do_not_stop_a_node(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_module, "UNREADABLE_AFTER", 1)
    async with world.both() as (hall, node):
        node.journal["clock"].append({**node.punch("0"), "lane": "nonsense"})
        del node.journal["clock"][0]
        node.publish(node.punch("1"))
        await node.acked("clock", 2)
        (lost,) = await rows(hall, tables.lost_range)
        assert (lost.first, lost.last) == (1, 1)
        assert "readable" in lost.reason
        assert await users(hall) == ["1"]


@pytest.mark.parametrize("same_id", [True, False])
async def test_a_rolled_back_journal_is_set_apart(
    world: World,
    same_id: bool,  # noqa: FBT001 - a row of the table
) -> None:
    async with world.both() as (hall, node):
        node.publish(*(node.punch(str(n)) for n in range(3)))
        await node.acked("clock", 3)
        del node.journal["clock"][1:]
        other = node.punch("other")
        if not same_id:
            other["id"] = "main:other:clock:2"
        node.publish(other)
        args = await node.asked("new-epoch")
        assert args == {"epoch": node.epoch, "lane": "clock", "from": 2}
        (apart,) = await rows(hall, tables.apart)
        assert (apart.reason, apart.sequence) == (ROLLED_BACK, 2)
        assert json.loads(apart.envelope)["data"]["user_id"] == "other"
        assert alarms(hall, ROLLED_BACK) == 1
        assert await users(hall) == ["0", "1", "2"]

        node.open_epoch()
        node.publish(node.punch("other"))
        await node.acked("clock", 1)
        assert await users(hall) == ["0", "1", "2", "other"]
        assert len(await rows(hall, tables.apart)) == 1


async def test_a_rolled_back_epoch_takes_nothing_that_will_be_moved(
    world: World,
) -> None:
    async with world.both() as (hall, node):
        node.publish(node.punch("0"), node.punch("1"))
        await node.acked("clock", 2)
        del node.journal["clock"][1:]
        old = [node.punch("a"), node.punch("b"), node.punch("c")]
        node.publish(*old)  # 2 is another event; 3 and 4 are beyond the last
        await node.asked("new-epoch")
        node.publish(*old[1:])  # again, still under the old epoch
        node.open_epoch()
        node.publish(*(node.punch(user) for user in "abc"))
        await node.acked("clock", 3)
        assert await users(hall) == ["0", "1", "a", "b", "c"]


async def test_a_node_that_knows_no_epochs_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_module, "REOPEN_TRIES", 1)
    async with world.both() as (hall, node):
        node.refuses = {"new-epoch"}
        node.publish(node.punch("0"))
        await node.acked("clock", 1)
        other = {**node.journal["clock"][0], "data": {"user_id": "x"}}
        node.publish(other, node.punch("1"))
        await node.acked("clock", 2)
        assert await users(hall) == ["0", "1"]
        assert len(await rows(hall, tables.apart)) == 1


async def test_an_epoch_of_a_node_starts_at_one(world: World) -> None:
    async with world.both() as (hall, node):
        node.publish(node.punch("0"), node.punch("1"))
        await node.acked("clock", 2)
        old = node.journal["clock"][0]
        node.open_epoch()
        node.publish(node.punch("2"))
        ack = await node.acked("clock", 1)
        assert ack["sequence"] == 1
        node.publish(old, node.key("cancel"))
        await node.acked("desk", 1)
        assert await users(hall) == ["0", "1", "2"]
        epoch = node.epoch
    async with world.node() as late:  # what is retained is of the present epoch
        late.epoch = epoch
        assert (await late.acked("clock", 1))["sequence"] == 1


async def test_lanes_and_nodes_do_not_wait_for_each_other(world: World) -> None:
    async with world.both() as (hall, node), world.node("second") as second:
        await hall.issue_ticket(service="reg", channel=Channel.KIOSK)
        node.silent = {"replay"}
        node.punch("lost for now")
        node.publish(node.punch("beyond the gap"))
        second.publish(second.punch("other node"))
        await second.acked("clock", 1)
        node.publish(node.key("call"))
        await node.acked("desk", 1)
        assert await users(hall) == ["other node"]


# -- 3: acks after the commit ------------------------------------------------------


async def test_acks_are_retained(world: World) -> None:
    async with world.both() as (_, node):
        node.publish(node.punch("1"))
        await node.acked("clock", 1)
        epoch = node.epoch
    async with world.node() as late:
        late.epoch = epoch
        assert (await late.acked("clock", 1))["sequence"] == 1


@asynccontextmanager
async def killed_bridge(world: World) -> AsyncIterator[None]:
    """A bridge in a process of its own that ends by kill -9."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "support.bridge_child"),
        *(str(world.data), str(world.broker.port), world.id),
        env={**os.environ, "PYTHONPATH": f"{TESTS}:{TESTS.parent}"},
    )
    try:
        yield
    finally:
        child.kill()
        await child.wait()


def sessions(node: FakeNode) -> set[int]:
    """The bridge's sessions in which it was ready."""
    return {body["session"] for body in node.bridge if body["state"] == "ready"}


async def test_nothing_is_lost_or_doubled_through_kill_9(world: World) -> None:
    async with world.node() as node:
        for life in range(2):
            async with killed_bridge(world):
                await node.until(lambda: len(sessions(node)) > life)  # noqa: B023 - awaited
                for n in range(life * 200, life * 200 + 200):
                    node.publish(node.punch(str(n)))
                await node.acked("clock", life * 200 + 1)
            await node.until(lambda: node.bridge[-1]["state"] == "lost")
        last = int(node.acks["clock"]["sequence"])
        async with world.bridge() as hall:
            await node.until(lambda: len(sessions(node)) > 2)
            node.publish(*node.journal["clock"][max(0, last - 50) :])
            await node.acked("clock", 400)
            assert await users(hall) == [str(n) for n in range(400)]
            assert await rows(hall, tables.apart) == []


async def test_a_bridge_asks_for_what_came_while_it_was_away(world: World) -> None:
    async with world.node() as node:
        async with world.bridge():
            await node.until(lambda: sessions(node))
            node.publish(node.punch("0"))
            await node.acked("clock", 1)
        node.publish(node.punch("1"), node.punch("2"))  # to nobody
        async with world.bridge() as hall:
            await node.acked("clock", 3)
            assert await users(hall) == ["0", "1", "2"]


# -- identity ----------------------------------------------------------------------


async def test_live_and_backfill_meet_in_one_event(world: World) -> None:
    clock = (f"urn:halld:{world.id}:zk:SPECIMEN1", "1001:20260302T090000")
    async with world.both() as (hall, node):
        live = node.punch("1001", identity=clock)
        backfill = node.punch("1001", identity=clock)
        backfill["data"] = {**backfill["data"], "raw": "ffff"}
        node.publish(live)
        node.publish_batch([backfill, node.punch("1002"), backfill])
        await node.acked("clock", 3)
        assert await users(hall) == ["1001", "1002"]
        assert await rows(hall, tables.apart) == []
        found = [row.status for row in await rows(hall, tables.inbox)]
        assert found == ["done", "duplicate", "done"]
        assert hall.alarms() == []


async def test_equal_id_with_other_content_keeps_the_first(world: World) -> None:
    clock = (f"urn:halld:{world.id}:zk:SPECIMEN1", "1001:20260302T090000")
    async with world.both() as (hall, node):
        first = node.punch("1001", identity=clock)
        second = node.punch("1001", identity=clock)
        second["data"] = {**second["data"], "direction": "out"}
        node.publish_batch([first, second])
        await node.acked("clock", 2)
        (kept,) = await rows(hall, tables.punch)
        assert kept.direction == "in"
        (noted,) = await rows(hall, tables.apart)
        assert (noted.reason, noted.sequence) == (OTHER_CONTENT, 2)
        assert json.loads(noted.envelope)["data"]["direction"] == "out"
