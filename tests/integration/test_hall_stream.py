from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.bridges import Clock, make_site, running_hall
from support.intakes import RecordingBus

from bridge.domain.errors import NotFoundError
from bridge.domain.views import Change, Channel, CounterAction
from bridge.service.hall import Hall
from bridge.service.ports import Errand
from bridge.service.stream import MAX_WAITING, Hub, Reader
from bridge.store.tables import change

UPSTAIRS = frozenset({"upstairs"})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def hall(tmp_path: Path, clock: Clock) -> AsyncIterator[Hall]:
    async with running_hall(tmp_path, clock) as hall:
        yield hall


async def call_one(hall: Hall, service: str = "reg", counter: str = "w1") -> None:
    await hall.issue_ticket(service=service, channel=Channel.WEB)
    await hall.counter_action(counter, CounterAction.CALL)


async def test_changes_tell_what_happened_in_order(hall: Hall) -> None:
    async with hall.subscribe(None) as reader:
        await call_one(hall)
        changes = reader.__aiter__()
        seen = [await anext(changes) for _ in range(4)]
    assert [each.kind for each in seen if each] == [
        "ticket",
        "ticket",
        "counter",
        "call",
    ]
    ids = [each.id for each in seen if each]
    assert ids == sorted(set(ids))
    ticket, _, counter, call = (each.data for each in seen if each)
    assert (ticket["number"], ticket["waiting"]) == ("A001", {"reg": 1})
    assert counter["ticket"]["number"] == "A001"
    assert call["text"] == "请A001号到1号窗口"
    assert call["ticket"]["state"] == "called"
    assert call["counter_number"] == 1


async def test_a_snapshot_goes_on_with_changes(hall: Hall) -> None:
    await call_one(hall)
    last, state = await hall.snapshot(None)
    assert await hall.changes_since(last, None) == []
    await hall.counter_action("w1", CounterAction.FINISH)
    rest = await hall.changes_since(last, None)
    assert rest is not None
    assert [each.kind for each in rest] == ["counter", "ticket"]
    assert state["hall"] == {"id": "test", "name": "测试大厅"}
    assert [each["id"] for each in state["counters"]] == ["w1", "w2", "w3"]
    assert len(state["devices"]) == 4
    assert state["calls"][0]["ticket"]["number"] == "A001"


async def test_an_area_sees_its_own_and_no_devices(hall: Hall) -> None:
    await call_one(hall)
    await call_one(hall, "idcard", "w3")
    _, state = await hall.snapshot(UPSTAIRS)
    assert "devices" not in state
    assert state["area"] == {"id": "upstairs", "name": "二楼"}
    assert [each["id"] for each in state["counters"]] == ["w3"]
    assert [each["counter"] for each in state["calls"]] == ["w3"]
    assert [each["id"] for each in state["services"]] == ["idcard"]
    changes = await hall.changes_since(0, UPSTAIRS)
    assert changes is not None
    assert {each.area for each in changes} == {None, "upstairs"}
    tickets = [each.data for each in changes if each.kind == "ticket"]
    assert {each["service"] for each in tickets} == {"idcard"}


async def test_a_snapshot_tells_who_waits_in_their_order(tmp_path: Path) -> None:
    elderly = {"id": "elderly", "name": "老年人", "ahead_min": 15}
    site = make_site(queue={"priorities": [elderly]})
    async with running_hall(tmp_path, site=site) as hall:
        for service in ("reg", "idcard", "reg"):
            await hall.issue_ticket(service=service, channel=Channel.WEB)
        errand = Errand(priority="elderly")
        await hall.issue_ticket(service="reg", channel=Channel.WEB, errand=errand)
        _, state = await hall.snapshot(None)
        numbers = [each["number"] for each in state["tickets"]]
        assert numbers == ["A003", "A001", "B001", "A002"]
        assert "id" not in state["tickets"][0]
        _, state = await hall.snapshot(UPSTAIRS)
        assert [each["number"] for each in state["tickets"]] == ["B001"]
        for action in (CounterAction.CALL, CounterAction.RECALL):
            await hall.counter_action("w1", action)
        _, state = await hall.snapshot(None)
        numbers = [each["number"] for each in state["tickets"]]
        assert numbers == ["A001", "B001", "A002"]
        called = {each["id"]: each["last_called"] for each in state["services"]}
        assert called == {"reg": "A003", "idcard": None}


async def test_several_areas_make_one_snapshot(hall: Hall) -> None:
    await call_one(hall)
    await call_one(hall, "idcard", "w3")
    _, state = await hall.snapshot(frozenset({"hall", "upstairs"}))
    assert "area" not in state
    assert [area["id"] for area in state["areas"]] == ["hall", "upstairs"]
    assert [call["counter"] for call in state["calls"]] == ["w3", "w1"]


async def test_ids_that_are_unknown_or_too_old_need_a_snapshot(hall: Hall) -> None:
    assert await hall.changes_since(0, None) == []
    assert await hall.changes_since(99, None) is None
    await call_one(hall)
    await hall.transact(
        lambda work: work.db.execute(change.delete().where(change.c.id <= 2))
    )
    assert await hall.changes_since(1, None) is None
    assert await hall.changes_since(2, None) is not None


async def test_ids_increase_over_a_restart(tmp_path: Path, clock: Clock) -> None:
    async with running_hall(tmp_path, clock) as hall:
        await call_one(hall)
        before, _ = await hall.snapshot(None)
    async with running_hall(tmp_path, clock) as hall:
        await hall.counter_action("w1", CounterAction.FINISH)
        after, _ = await hall.snapshot(None)
        rest = await hall.changes_since(before, None)
    assert after > before
    assert rest is not None
    assert [each.id for each in rest] == list(range(before + 1, after + 1))


async def test_a_slow_reader_must_start_anew() -> None:
    hub = Hub()
    with hub.reading(None) as slow, hub.reading(frozenset({"hall"})) as narrow:
        for number in range(MAX_WAITING + 2):
            hub.publish(Change(id=number, kind="device", area=None, data={}))
        changes = slow.__aiter__()
        assert await anext(changes) is None
        newest = await anext(changes)
        assert newest is not None
        assert newest.id == MAX_WAITING + 1
        hub.publish(Change(id=7, kind="ticket", area=None, data={}))
        seen = await anext(narrow.__aiter__())
        assert seen is not None
        assert seen.id == 7


async def test_each_of_hundreds_of_readers_gets_every_change() -> None:
    hub = Hub()
    with ExitStack() as stack:
        readers = [stack.enter_context(hub.reading(None)) for _ in range(200)]

        async def read(reader: Reader) -> list[int]:
            seen = []
            async for each in reader:
                seen += [each.id] if each else []
                if len(seen) == 3:
                    break
            return seen

        reading = [asyncio.ensure_future(read(reader)) for reader in readers]
        for number in range(3):
            hub.publish(Change(id=number, kind="ticket", area=None, data={}))
            await asyncio.sleep(0)  # the first are looking when the next one comes
        async with asyncio.timeout(20):
            assert await asyncio.gather(*reading) == [[0, 1, 2]] * 200


async def test_a_reader_waits_for_what_comes(hall: Hall) -> None:
    async with hall.subscribe(frozenset({"hall"})) as reader:
        waiting = asyncio.ensure_future(anext(reader.__aiter__()))
        await asyncio.sleep(0)
        assert not waiting.done()
        await hall.issue_ticket(service="reg", channel=Channel.WEB)
        change = await waiting
    assert change is not None
    assert change.kind == "ticket"


async def test_what_a_commit_changed_comes_at_once(hall: Hall) -> None:
    await hall.issue_ticket(service="reg", channel=Channel.WEB)
    async with hall.subscribe(None) as reader:
        waiting = asyncio.ensure_future(anext(reader.__aiter__()))
        await asyncio.sleep(0)
        await hall.counter_action("w1", CounterAction.CALL)
        seen = [await waiting, *reader.rest()]
        assert reader.rest() == []
    assert [each.kind for each in seen if each] == ["ticket", "counter", "call"]


async def test_devices_that_come_and_go_are_told_and_kept(
    tmp_path: Path, clock: Clock
) -> None:
    body = {"state": "ready", "reason": "", "session": 1}
    async with running_hall(tmp_path, clock) as hall:
        async with hall.subscribe(None) as reader:
            changes = hall.directory.take_status(
                "clock-1", body, clock(), retained=True
            )
            hall.note_devices(changes)
            told = await anext(reader.__aiter__())
        assert told is not None
        assert told.kind == "device"
        assert told.data["id"] == "clock-1"
        assert told.data["state"] == "ready"
    async with running_hall(tmp_path, clock) as hall:  # nothing new: not told again
        assert not hall.directory.take_status("clock-1", body, clock(), retained=True)


async def test_what_keeps_a_hall_from_being_ready(hall: Hall) -> None:
    assert list(hall.troubles()) == [
        "broker: not connected yet",
        "node main has not reported",
    ]
    hall.attach(RecordingBus(reason="no broker at mqtt://127.0.0.1:1"))
    assert "broker: no broker at mqtt://127.0.0.1:1" in hall.troubles()
    hall.attach(RecordingBus())
    hall.directory.take_node_state("main", {"state": "ready", "session": 1}, hall.now())
    assert list(hall.troubles()) == []
    assert hall.metrics()["halld_bus_connected"] == 1.0


async def test_commands_go_to_devices_of_the_hall(hall: Hall) -> None:
    early = await hall.command("clock-1", "time", {}, 1.0)
    assert early.code == "bus_down"
    hall.attach(RecordingBus())
    reply = await hall.command("clock-1", "time", {"a": 1}, 2.0)
    assert reply.data["timeout_s"] == 2.0
    with pytest.raises(NotFoundError):
        await hall.command("clock-9", "time", {}, 1.0)
