"""The clock driver against the simulated clock, over real TCP and UDP."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from support.clock_bench import bench, ids
from support.clocks import (
    DAY,
    TCP,
    UDP,
    clock_entry,
    fill,
    punch_record,
    simulated_clock,
    wall_clock,
)
from support.driving import RecordingContext

from devices.events import MAX_BATCH, EventType
from devices.kinds import DeviceState

BOTH = pytest.mark.parametrize("url", [TCP, UDP])


@BOTH
@pytest.mark.parametrize("key", [0, 12345, 0xFFFFFFFF])
async def test_a_punch_becomes_an_event(url: str, key: int) -> None:
    async with bench(url, comm_key=key) as it:
        await it.ready()
        await it.punch("1002", direction="out", method="face")
        (event,) = await it.punched()
    assert event.type is EventType.ATTENDANCE_PUNCH
    assert event.identity is not None
    assert event.identity.source == "zk:SPECIMEN1"
    assert event.identity.id == "1002:20260302T083000"
    assert event.time.isoformat() == "2026-03-02T08:30:00+08:00"
    raw = event.data["raw"]
    assert event.data == {
        "user_id": "1002",
        "direction": "out",
        "method": "face",
        "raw": raw,
        "live": True,
        "known_user": True,
    }
    assert bytes.fromhex(raw).startswith(b"1002\0")


@BOTH
@pytest.mark.parametrize("size", [40, 49, 16, 8])
async def test_the_log_is_read_once_in_bulk_and_a_live_punch_is_not_read_again(
    url: str, size: int
) -> None:
    async with bench(url, rows=1203, record_size=size) as it:
        await it.read_log()
        assert len(it.punches) == 1203
        assert all(part.bulk for part in it.context.emitted)
        assert max(len(part.events) for part in it.context.emitted) <= MAX_BATCH
        assert it.punches[1].data["user_id"] == "1002"
        assert it.punches[0].data["live"] is False
        await it.punch("1003", 5000)
        await it.punched(1204)
        await it.hosted.act("powercycle")
        await it.read_log()
        await it.punch("1003", 5001)
        await it.punched(1205)
    assert len(it.punches) == len(set(ids(it.punches))) == 1205
    of_last = [part for part in it.context.emitted if it.punches[-1] in part.events]
    assert [part.bulk for part in of_last] == [False]


async def test_punches_while_away_come_once_also_after_a_restart() -> None:
    async with bench() as it:
        await it.ready()
        await it.punch("1001", 1)
        await it.punched()
        await it.hosted.act("unplug")
        await it.context.wait_state(DeviceState.OFFLINE)
        await it.punch("1001", 2)
        await it.hosted.act("replug")
        await it.punched(2)
        clock, context = it.clock, it.context
    clock.memory.add(punch_record("1004", DAY + timedelta(minutes=3)))
    async with bench(clock=clock, context=context) as it:
        await it.punched(3)
        await it.read_log()
    assert ids(context.events) == [
        "1001:20260302T083100",
        "1001:20260302T083200",
        "1004:20260302T083300",
    ]


async def test_two_rows_of_one_second_are_two_events() -> None:
    async with bench() as it:
        await it.ready()
        await it.punch()
        await it.punch()
        await it.punched(2)
        await it.read_log()
    assert sorted(ids(it.punches)) == [
        "1001:20260302T083000",
        "1001:20260302T083000:2",
    ]


async def test_a_cleared_log_loses_and_doubles_nothing() -> None:
    async with bench(rows=30) as it:
        await it.read_log()
        await it.hosted.act("unplug")
        it.clock.memory.rows[:20] = []
        it.clock.memory.add(punch_record("1001", DAY + timedelta(days=9)))
        await it.hosted.act("replug")
        await it.punched(31)
        await it.read_log()
        await it.hosted.act("unplug")
        it.clock.memory.clear(users=False)
        it.clock.memory.add(punch_record("1001", DAY + timedelta(days=10)))
        await it.hosted.act("replug")
        await it.punched(32)
    assert len(set(ids(it.punches))) == len(it.punches) == 32


async def test_a_live_event_that_was_lost_is_found_in_the_log() -> None:
    async with bench() as it:
        await it.ready()
        it.clock.memory.add(punch_record())
        (event,) = await it.punched()
    assert event.data["live"] is False


@pytest.mark.parametrize("size", [10, 12, 14, 32, 36, 37, 40, 52])
async def test_every_length_of_a_live_event_is_heard(size: int) -> None:
    async with bench(event_size=size) as it:
        await it.ready()
        await it.punch("1003", method="card", direction="break_in")
        (event,) = await it.punched()
    assert event.data["user_id"] == "1003"
    assert (event.data["method"], event.data["direction"]) == ("card", "break_in")
    assert event.data["live"] is True
    assert len(event.data["raw"]) == 2 * size


async def test_doubtful_rows_are_counted_and_left_out() -> None:
    clock = simulated_clock()
    fill(clock, 5)
    row = clock.memory.rows[2]
    clock.memory.rows[2] = row[:2] + bytes(24) + row[26:]
    async with bench(clock=clock) as it:
        await it.punched(4)
        await it.context.wait(lambda: it.context.info.get("doubtful_rows") == 1)
        await it.read_log()
    assert [event.data["user_id"] for event in it.context.events] == [
        "1001",
        "1002",
        "1004",
        "1005",
    ]


async def test_a_clock_that_is_off_marks_its_punches_and_is_set() -> None:
    async with bench(rows=1, drift_s=3600) as it:
        await it.context.wait(lambda: "clock_set" in it.context.info)
        (event,) = await it.punched()
        assert event.data["drift_s"] == pytest.approx(3600, abs=5)
        await it.context.wait(lambda: abs(it.context.info["drift_s"]) < 5)
        await it.punch("1001", 900)
        events = await it.punched(2)
        assert "drift_s" not in events[1].data
    assert abs(it.clock.memory.offset) < timedelta(seconds=5)


async def test_a_doubtful_host_clock_sets_no_clock() -> None:
    entry = clock_entry(drift_s=3600)
    context = RecordingContext(entry, simulated_clock(entry).site, clock_trusted=False)
    async with bench(rows=1, drift_s=3600, context=context) as it:
        (event,) = await it.punched()
        await it.read_log()
        assert event.data["drift_s"] == pytest.approx(3600, abs=5)
        await it.ready()
        assert "s ahead" in it.context.reason
        reply = await it.driving.execute("time")
        assert reply["drift_s"] == pytest.approx(3600, abs=5)
    assert it.clock.memory.offset == timedelta(hours=1)


async def test_somebody_who_is_not_in_the_clocks_list_is_marked() -> None:
    async with bench() as it:
        await it.ready()
        await it.punch("4711")
        (event,) = await it.punched()
    assert event.data["known_user"] is False


async def test_tampering_is_told() -> None:
    async with bench() as it:
        await it.ready()
        await it.hosted.act("tamper")
        event, *_ = await it.tampered("tamper")
    assert event.type is EventType.ATTENDANCE_TAMPER
    assert event.data == {"kind": "tamper", "raw": "37000000"}


async def test_commands_answer() -> None:
    async with bench(rows=2, encoding="gb18030", users=2) as it:
        await it.ready()
        assert (await it.driving.execute("users"))["users"] == [
            {
                "user_id": "1001",
                "name": "测试01",
                "uid": 1,
                "privilege": "super",
                "enabled": True,
            },
            {
                "user_id": "1002",
                "name": "测试02",
                "uid": 2,
                "privilege": "user",
                "enabled": True,
            },
        ]
        told = await it.driving.execute("time")
        seen = datetime.fromisoformat(told["time"])
        assert abs(seen - wall_clock()) < timedelta(seconds=30)
        info = await it.driving.execute("info")
        assert info["serial"] == "SPECIMEN1"
        assert info["firmware"] == "Ver 6.60 Apr 28 2018"
        assert info["capacity"]["records"] == 2
        await it.punch("1001", 900)
        await it.punched(3)
    assert it.context.info["model"] == "specimen"
