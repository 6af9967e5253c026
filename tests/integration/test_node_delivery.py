"""Delivery, part Node: each sentence, against a bridge that only speaks topics."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from support.fake_bridge import ROOT, FakeBridge, fake_bridge
from support.killable import KillableBroker, running_broker
from support.probing import PROBES, probe_site, running_node

from devices.events import MAX_PAYLOAD
from drivers.node.journal import JournalInUseError
from drivers.node.journal_store import JournalStore


@pytest.fixture
async def bridge(broker: KillableBroker) -> AsyncIterator[FakeBridge]:
    async with fake_bridge(broker.address) as connected:
        yield connected


def keys(events: list[dict[str, Any]]) -> list[str]:
    return [event["data"]["key"] for event in events]


def alarm(health: Any, kind: str) -> dict[str, Any]:
    return next((found for found in health["alarms"] if found["kind"] == kind), {})


def alarmed(kind: str) -> Callable[[Any], bool]:
    return lambda health: bool(alarm(health, kind))


def journal_of(data: Path) -> Path:
    return data / "node-main" / "journal.db"


def counted(data: Path) -> int:
    with sqlite3.connect(journal_of(data)) as db:
        count: int = db.execute("SELECT count(*) FROM event").fetchone()[0]
    db.close()
    return count


async def test_events_arrive_in_order_with_their_places(
    broker: KillableBroker, bridge: FakeBridge, tmp_path: Path
) -> None:
    async with running_node(tmp_path, broker.address, site=probe_site(simulated=True)):
        await PROBES["p-1"].press("a", "b")
        await PROBES["p-1"].press("c")
        events = await bridge.events(3)
    assert keys(events) == ["a", "b", "c"]
    first = events[0]
    epoch = first["epoch"]
    assert first["id"] == f"main:{epoch}:desk:1"
    assert first["source"] == "urn:halld:t:dev:p-1"
    assert (first["node"], first["lane"], first["sequence"]) == ("main", "desk", "1")
    assert first["sequencetype"] == "Integer"
    assert first["specversion"] == "1.0"
    assert first["subject"] == "p-1"
    assert first["time"].endswith("+08:00")
    assert first["receivedtime"].endswith("+08:00")
    assert first["simulated"] is True
    assert {m.topic for m in bridge.heard if "/event/" in m.topic} == {
        f"{ROOT}/dev/p-1/event/caller.key"
    }
    assert not any(m.retain for m in bridge.heard if "/event/" in m.topic)


async def test_an_event_with_an_identity_keeps_it(
    broker: KillableBroker, bridge: FakeBridge, tmp_path: Path
) -> None:
    async with running_node(tmp_path, broker.address):
        await PROBES["p-1"].punch("7", bulk=False)
        (event,) = await bridge.events(1, "clock")
    assert event["source"] == "urn:halld:t:zk:S1"
    assert event["id"].startswith("7:2")
    assert "simulated" not in event


async def test_lanes_count_apart(
    broker: KillableBroker, bridge: FakeBridge, tmp_path: Path
) -> None:
    async with running_node(tmp_path, broker.address):
        await PROBES["p-1"].punch("1", "2")
        await PROBES["p-1"].press("a")
        assert (await bridge.events(1, "desk"))[0]["sequence"] == "1"
        assert len(await bridge.events(2, "clock")) == 2


async def test_a_backfill_travels_in_batches_of_500(
    broker: KillableBroker, bridge: FakeBridge, tmp_path: Path
) -> None:
    users = [str(number) for number in range(1200)]
    async with running_node(tmp_path, broker.address):
        await PROBES["p-1"].punch(*users)
        events = await bridge.events(1200, "clock")
    assert [event["data"]["user_id"] for event in events] == users
    batches = [json.loads(m.payload) for m in bridge.heard if "/batch/" in m.topic]
    assert all(isinstance(batch, list) for batch in batches)
    assert max(len(batch) for batch in batches) <= 500
    assert len(batches) < 30
    assert not [m for m in bridge.heard if "/event/" in m.topic]


async def test_a_batch_stays_below_256_kilobytes(
    broker: KillableBroker, bridge: FakeBridge, tmp_path: Path
) -> None:
    async with running_node(tmp_path, broker.address):
        await PROBES["p-1"].press(*["x" * 3000] * 400, bulk=True)
        await bridge.events(400)
    sizes = [len(m.payload) for m in bridge.heard if "/batch/" in m.topic]
    assert max(sizes) <= MAX_PAYLOAD
    assert max(sizes) > MAX_PAYLOAD // 2


async def test_an_event_is_on_disk_before_anybody_hears_of_it(
    broker: KillableBroker,
    bridge: FakeBridge,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running_node(tmp_path, broker.address):
        await PROBES["p-1"].press("a")
        await bridge.events(1)
        real = JournalStore._insert

        def full(*_: object) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        monkeypatch.setattr(JournalStore, "_insert", full)
        with pytest.raises(Exception, match="disk is full"):
            await PROBES["p-1"].press("lost?")
        monkeypatch.setattr(JournalStore, "_insert", real)
        await PROBES["p-1"].press("b")
        assert keys(await bridge.events(2)) == ["a", "b"]
    assert keys(bridge.arrived) == ["a", "b"]


async def test_the_first_publication_reads_nothing_back(
    broker: KillableBroker,
    bridge: FakeBridge,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running_node(tmp_path, broker.address):
        await PROBES["p-1"].press("a")
        await bridge.events(1)
        reads: list[object] = []
        real = JournalStore.rows

        def noted(self: JournalStore, *place: Any) -> Any:
            reads.append(place)
            return real(self, *place)

        monkeypatch.setattr(JournalStore, "rows", noted)
        for _ in range(50):
            await PROBES["p-1"].press("b", "c")
        await bridge.events(101)
    assert reads == []


async def test_events_wait_for_a_broker_that_comes_later(tmp_path: Path) -> None:
    async with running_broker("embedded", tmp_path / "broker") as broker:
        address = broker.address
    async with running_node(tmp_path, address):
        await PROBES["p-1"].press("a", "b")
        async with (
            running_broker("embedded", tmp_path / "broker") as again,
            fake_bridge(again.address) as bridge,
        ):
            assert again.address == address
            assert keys(await bridge.events(2)) == ["a", "b"]


async def test_events_are_sent_again_from_the_ack_on_every_connack(
    broker: KillableBroker, bridge: FakeBridge, tmp_path: Path
) -> None:
    async with running_node(tmp_path, broker.address):
        await PROBES["p-1"].press("a")
        await bridge.events(1)
        await broker.kill()
        await PROBES["p-1"].press("b", "c")
        await broker.start()
        assert keys(await bridge.events(3)) == ["a", "b", "c"]


async def test_events_are_sent_again_when_the_ack_stands_still(
    broker: KillableBroker, tmp_path: Path
) -> None:
    async with (
        fake_bridge(broker.address, acks=False) as deaf,
        running_node(tmp_path, broker.address),
    ):
        await PROBES["p-1"].press("a", "b", "c")
        epoch = (await deaf.events(3))[0]["epoch"]
        deaf.ack("desk", epoch, 1)
        await deaf.wait(lambda: keys(deaf.arrived).count("c") >= 2)
        await deaf.wait(lambda: keys(deaf.arrived).count("b") >= 3)
        deaf.ack("desk", epoch, 3)
        await PROBES["p-1"].press("d")
        await deaf.events(4)
    assert keys(deaf.arrived)[:3] == ["a", "b", "c"]


async def test_nothing_is_sent_again_when_all_is_acked(
    broker: KillableBroker, bridge: FakeBridge, tmp_path: Path
) -> None:
    async with running_node(tmp_path, broker.address):
        await PROBES["p-1"].press("a", "b")
        await bridge.events(2)
        for number in range(3):  # three looks at its health: longer than N seconds
            seen = len([m for m in bridge.heard if m.topic.endswith("health")])
            await bridge.wait(
                lambda seen=seen: (  # type: ignore[misc]
                    len([m for m in bridge.heard if m.topic.endswith("health")]) > seen
                )
            )
            del number
    assert keys(bridge.arrived) == ["a", "b"]


async def test_a_replay_is_answered_with_what_is_still_there(
    broker: KillableBroker, bridge: FakeBridge, tmp_path: Path
) -> None:
    async with running_node(tmp_path, broker.address):
        await PROBES["p-1"].press(*"abcde")
        epoch = (await bridge.events(5))[0]["epoch"]
        reply = await bridge.ask("replay", {"epoch": epoch, "lane": "desk", "from": 3})
        assert reply["status"] == "ok"
        assert reply["data"] == {"epoch": epoch, "lane": "desk", "first": 1, "last": 5}
        await bridge.wait(lambda: len(bridge.arrived) >= 8)
        assert keys(bridge.arrived[5:8]) == ["c", "d", "e"]
        nothing = await bridge.ask("replay", {"epoch": "x", "lane": "clock", "from": 1})
        assert (nothing["data"]["first"], nothing["data"]["last"]) == (None, None)
        await PROBES["p-1"].press("f")
        assert keys(await bridge.events(6))[-1] == "f"


async def test_a_bare_replay_request_is_understood(
    broker: KillableBroker, bridge: FakeBridge, tmp_path: Path
) -> None:
    async with running_node(tmp_path, broker.address):
        await PROBES["p-1"].press("a")
        epoch = (await bridge.events(1))[0]["epoch"]
        bridge.tell("node/main/cmd/replay", {"epoch": epoch, "lane": "desk", "from": 1})
        await bridge.wait(lambda: len(bridge.arrived) >= 2)
        assert (await bridge.reply("replay"))["data"]["last"] == 1


async def test_a_foolish_replay_request_is_refused(
    broker: KillableBroker, bridge: FakeBridge, tmp_path: Path
) -> None:
    async with running_node(tmp_path, broker.address):
        await bridge.told("node/main/state")
        for args in ({"lane": "sea"}, {"epoch": "e", "lane": "desk", "from": 0}):
            reply = await bridge.ask("replay", args)
            assert reply["status"] == "rejected"
        assert (await bridge.ask("dance", {}))["status"] == "rejected"


async def test_a_restarted_node_goes_on_where_the_ack_stands(
    broker: KillableBroker, tmp_path: Path
) -> None:
    async with fake_bridge(broker.address, acks=False) as bridge:
        async with running_node(tmp_path, broker.address):
            await PROBES["p-1"].press("a", "b", "c")
            epoch = (await bridge.events(3))[0]["epoch"]
        bridge.ack("desk", epoch, 2)
        bridge.arrived.clear()
        async with running_node(tmp_path, broker.address):
            await PROBES["p-1"].press("d")
            await bridge.events(4)
    assert keys(bridge.arrived)[:2] == ["c", "d"]


async def test_a_bridge_that_was_put_back_gets_what_it_lacks(
    broker: KillableBroker, bridge: FakeBridge, tmp_path: Path
) -> None:
    async with running_node(tmp_path, broker.address):
        await PROBES["p-1"].press("a", "b", "c")
        epoch = (await bridge.events(3))[0]["epoch"]
        bridge.kept[epoch, "desk"] = bridge.kept[epoch, "desk"][:1]
        bridge.ack("desk", epoch, 1)
        assert keys(await bridge.events(3)) == ["a", "b", "c"]


async def test_the_ack_of_another_store_trims_nothing_and_alarms(
    broker: KillableBroker, tmp_path: Path
) -> None:
    async with (
        fake_bridge(broker.address, acks=False) as ours,
        fake_bridge(broker.address, acks=False, store="store-2") as other,
        running_node(tmp_path, broker.address),
    ):
        await PROBES["p-1"].press("a", "b")
        epoch = (await ours.events(2))[0]["epoch"]
        ours.ack("desk", epoch, 1)  # the first ack binds
        await ours.told("node/main/health", lambda h: h["journal"]["unacked"] == 1)
        other.ack("desk", epoch, 2)
        health = await ours.told("node/main/health", alarmed("two-bridges"))
        assert "store-2" in alarm(health, "two-bridges")["message"]
        assert health["journal"]["unacked"] == 1
        reply = await ours.ask("rebind", {"store": "store-2"})
        assert reply["status"] == "ok"
        await ours.told("node/main/health", lambda h: not alarm(h, "two-bridges"))
        await ours.told("node/main/health", lambda h: h["journal"]["unacked"] == 0)


async def test_an_ack_that_an_earlier_hall_left_binds_nothing(
    broker: KillableBroker, tmp_path: Path
) -> None:
    async with fake_bridge(broker.address, acks=False, store="gone") as gone:
        gone.ack("desk", "an-epoch-of-another-journal", 7)
        gone.ack("clock", "an-epoch-of-another-journal", 9)
        await gone.client.drained(messages=0)
    async with (
        fake_bridge(broker.address) as ours,
        running_node(tmp_path, broker.address),
    ):
        await PROBES["p-1"].press("a", "b")
        await ours.events(2)
        await ours.told("node/main/health", lambda h: h["journal"]["count"] == 2)
        health = await ours.told(
            "node/main/health", lambda h: h["journal"]["unacked"] == 0
        )
        assert not alarm(health, "two-bridges")


async def test_the_binding_outlives_a_restart(
    broker: KillableBroker, bridge: FakeBridge, tmp_path: Path
) -> None:
    async with running_node(tmp_path, broker.address):
        await PROBES["p-1"].press("a")
        await bridge.told("node/main/health", lambda h: h["journal"]["count"] == 1)
        await bridge.told("node/main/health", lambda h: h["journal"]["unacked"] == 0)
    async with (
        fake_bridge(broker.address, store="store-2") as other,
        running_node(tmp_path, broker.address),
    ):
        other.ack("desk", "e", 1)
        await other.told("node/main/health", alarmed("two-bridges"))


async def test_a_rolled_back_journal_opens_a_new_epoch(
    broker: KillableBroker, bridge: FakeBridge, tmp_path: Path
) -> None:
    async with running_node(tmp_path, broker.address):
        await PROBES["p-1"].press("a")
        await bridge.events(1)
    shutil.copytree(tmp_path / "node-main", tmp_path / "backup")
    async with running_node(tmp_path, broker.address):
        await PROBES["p-1"].press("b", "c")
        await bridge.events(3)
    shutil.rmtree(tmp_path / "node-main")
    shutil.copytree(tmp_path / "backup", tmp_path / "node-main")
    async with running_node(tmp_path, broker.address):
        # Journalled before the ack is known, under numbers that the bridge has.
        await PROBES["p-1"].press("d")
        await bridge.wait(lambda: "d" in keys(bridge.arrived))
        await PROBES["p-1"].press("e")
        await bridge.wait(lambda: "e" in keys(bridge.arrived))
        await bridge.told("node/main/health", alarmed("journal-rolled-back"))
    old, new = (kept for (_, lane), kept in bridge.kept.items() if lane == "desk")
    assert (keys(old), keys(new)) == (["a", "b", "c"], ["d", "e"])
    assert new[0]["id"] == f"main:{new[0]['epoch']}:desk:1"


async def test_a_new_epoch_on_request_moves_events_once(
    broker: KillableBroker, bridge: FakeBridge, tmp_path: Path
) -> None:
    async with running_node(tmp_path, broker.address):
        await PROBES["p-1"].press(*"abc")
        old = (await bridge.events(3))[0]["epoch"]
        args = {"epoch": old, "lane": "desk", "from": 2}
        reply = await bridge.ask("new-epoch", args)
        epoch = reply["data"]["epoch"]
        assert epoch != old
        assert reply["data"]["moved"] == 2
        await bridge.wait(lambda: len(bridge.kept.get((epoch, "desk"), [])) == 2)
        moved = bridge.kept[epoch, "desk"]
        assert keys(moved) == ["b", "c"]
        assert moved[0]["id"] == f"main:{epoch}:desk:1"
        again = await bridge.ask("new-epoch", args)
        assert (again["data"]["epoch"], again["data"]["moved"]) == (epoch, 0)
        await PROBES["p-1"].press("d")
        await bridge.wait(lambda: len(bridge.kept[epoch, "desk"]) == 3)
        replayed = await bridge.ask("replay", {"epoch": old, "lane": "desk", "from": 1})
        assert (replayed["data"]["first"], replayed["data"]["last"]) == (1, 1)
        await bridge.wait(lambda: keys(bridge.arrived).count("a") == 2)
    assert keys(bridge.arrived).count("b") == 2


async def test_two_processes_never_share_a_journal(
    broker: KillableBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drivers.node.journal.LOCK_PATIENCE_S", 0.01)
    async with running_node(tmp_path, broker.address):
        with pytest.raises(JournalInUseError, match="another process"):
            async with running_node(tmp_path, broker.address):
                pass
        async with running_node(tmp_path, broker.address, node="other"):
            pass


async def test_a_damaged_journal_is_kept_aside_and_told(
    broker: KillableBroker, bridge: FakeBridge, tmp_path: Path
) -> None:
    async with running_node(tmp_path, broker.address):
        await PROBES["p-1"].press("a")
        await bridge.events(1)
    journal_of(tmp_path).write_bytes(b"rubbish " * 1000)
    async with running_node(tmp_path, broker.address):
        await PROBES["p-1"].press("b")
        await bridge.wait(lambda: "b" in keys(bridge.arrived))
        await bridge.told("node/main/health", alarmed("journal-damaged"))
        await bridge.told("node/main/health", lambda h: h["journal"]["count"] == 1)
    (aside,) = (tmp_path / "node-main").glob("journal.db.damaged-*")
    assert aside.read_bytes().startswith(b"rubbish")
    assert len({event["epoch"] for event in bridge.arrived}) == 2
    assert counted(tmp_path) == 1


async def test_the_window_beyond_the_ack_is_bounded(
    broker: KillableBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drivers.node.lane_publisher.WINDOW", 10)
    async with (
        fake_bridge(broker.address, acks=False) as bridge,
        running_node(tmp_path, broker.address),
    ):
        await PROBES["p-1"].press(*[str(number) for number in range(30)])
        epoch = (await bridge.events(10))[0]["epoch"]
        await asyncio.sleep(0.1)  # what would come would come now
        assert len(bridge.kept[epoch, "desk"]) == 10
        bridge.ack("desk", epoch, 5)
        await bridge.wait(lambda: len(bridge.kept[epoch, "desk"]) == 15)
        bridge.acks = True
        await bridge.wait(lambda: len(bridge.kept[epoch, "desk"]) == 30)
