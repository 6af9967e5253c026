"""The clock driver against the simulated clock, over real TCP and UDP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
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
from support.driving import Driving, RecordingContext, driving

from devices.events import MAX_BATCH, DeviceEvent, EventType
from devices.kinds import DeviceState
from devices.site import DeviceEntry
from devices.zk import Code
from drivers.zk import ZkDriver
from simulators.faults import Faults
from simulators.hosting import Hosted, host
from simulators.simulator import Output
from simulators.zk import ZkClock

BOTH = pytest.mark.parametrize("url", [TCP, UDP])
FAST = {"probe_s": 0.02, "timeout_s": 2.0}


@dataclass
class Bench:
    clock: ZkClock
    hosted: Hosted
    context: RecordingContext
    driving: Driving

    async def punch(self, user_id: str = "1001", minute: int = 0, **more: Any) -> None:
        time = (DAY + timedelta(minutes=minute)).isoformat()
        await self.hosted.act("punch", {"user_id": user_id, "time": time, **more})

    async def ready(self) -> None:
        await self.context.wait_state(DeviceState.READY)

    async def read_log(self) -> None:
        """Wait until the log was gone through as far as it goes now."""
        rows = len(self.clock.memory.rows)
        await self.context.wait(lambda: rows_marked(self.context) == rows)


def rows_marked(context: RecordingContext) -> int | None:
    mark = context.remembered.get("zk:SPECIMEN1:log")
    return mark["rows"] if mark else None


def ids(events: Sequence[DeviceEvent]) -> list[str]:
    return [event.identity.id if event.identity else "" for event in events]


@asynccontextmanager
async def bench(
    url: str = TCP,
    *,
    clock: ZkClock | None = None,
    rows: int = 0,
    faults: Faults | None = None,
    context: RecordingContext | None = None,
    parameters: dict[str, Any] | None = None,
    comm_key: int = 0,
    **simulation: Any,
) -> AsyncIterator[Bench]:
    entry = clock_entry(url, comm_key=comm_key, **simulation)
    clock = clock or simulated_clock(entry)
    fill(clock, rows)
    async with host(clock, url, clock=wall_clock, faults=faults) as hosted:
        found = {**entry.model_dump(), **FAST, "url": hosted.url, **(parameters or {})}
        real = DeviceEntry.model_validate(found)
        context = context or RecordingContext(real, clock.site)
        context._device = real
        async with driving(ZkDriver, real, context) as under_way:
            yield Bench(clock, hosted, context, under_way)


@BOTH
@pytest.mark.parametrize("key", [0, 12345, 0xFFFFFFFF])
async def test_a_punch_becomes_an_event(url: str, key: int) -> None:
    async with bench(url, comm_key=key) as it:
        await it.ready()
        await it.punch("1002", direction="out", method="face")
        (event,) = await it.context.wait_event()
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
        assert len(it.context.events) == 1203
        assert all(part.bulk for part in it.context.emitted)
        assert max(len(part.events) for part in it.context.emitted) <= MAX_BATCH
        assert it.context.events[1].data["user_id"] == "1002"
        assert it.context.events[0].data["live"] is False
        await it.punch("1003", 5000)
        await it.context.wait_event(1204)
        await it.hosted.act("powercycle")
        await it.read_log()
        await it.punch("1003", 5001)
        await it.context.wait_event(1205)
    assert len(it.context.events) == len(set(ids(it.context.events))) == 1205
    assert not it.context.emitted[-1].bulk


async def test_punches_while_away_come_once_also_after_a_restart() -> None:
    async with bench() as it:
        await it.ready()
        await it.punch("1001", 1)
        await it.context.wait_event()
        await it.hosted.act("unplug")
        await it.context.wait_state(DeviceState.OFFLINE)
        await it.punch("1001", 2)
        await it.hosted.act("replug")
        await it.context.wait_event(2)
        clock, context = it.clock, it.context
    clock.memory.add(punch_record("1004", DAY + timedelta(minutes=3)))
    async with bench(clock=clock, context=context) as it:
        await it.context.wait_event(3)
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
        await it.context.wait_event(2)
        await it.read_log()
    assert sorted(ids(it.context.events)) == [
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
        await it.context.wait_event(31)
        await it.read_log()
        await it.hosted.act("unplug")
        it.clock.memory.clear(users=False)
        it.clock.memory.add(punch_record("1001", DAY + timedelta(days=10)))
        await it.hosted.act("replug")
        await it.context.wait_event(32)
    assert len(set(ids(it.context.events))) == len(it.context.events) == 32


async def test_a_live_event_that_was_lost_is_found_in_the_log() -> None:
    async with bench() as it:
        await it.ready()
        it.clock.memory.add(punch_record())
        (event,) = await it.context.wait_event()
    assert event.data["live"] is False


@pytest.mark.parametrize("fault", ["split", "glue"])
async def test_cut_and_glued_segments_change_nothing(fault: str) -> None:
    faults = Faults(**{fault: True})
    async with bench(rows=20, faults=faults, parameters={"probe_s": 0.3}) as it:
        await it.ready()
        for minute in range(100, 110):
            await it.punch("1002", minute)
        await it.context.wait_event(30)
        await it.read_log()
    assert len(it.context.events) == 30


@BOTH
async def test_garbled_bytes_are_no_punches(url: str) -> None:
    async with bench(url, rows=20, parameters={"timeout_s": 0.2}) as it:
        await it.read_log()
        for minute in range(100, 110):
            await it.hosted.act("garble", {"n": 1})
            await it.punch("1002", minute)
        await it.context.wait_event(30)
        await it.read_log()
    wanted = {f"1002:20260302T{10 + m // 60}{m % 60:02}00" for m in range(10, 20)}
    assert set(ids(it.context.events[20:])) == wanted
    assert len(it.context.events) == 30


@BOTH
async def test_a_silent_clock_is_stale_and_comes_back(url: str) -> None:
    async with bench(url, parameters={"timeout_s": 0.1}) as it:
        await it.ready()
        await it.hosted.act("hang")
        await it.context.wait_state(DeviceState.OFFLINE)
        assert any("stale" in str(error) for error in it.driving.errors)
        await it.hosted.act("heal")
        await it.ready()


async def test_the_wrong_key_is_told_and_healed_by_the_right_one() -> None:
    entry = clock_entry(comm_key=7)
    async with bench(clock=simulated_clock(entry), comm_key=8) as it:
        reason = await it.context.wait_state(DeviceState.OFFLINE)
        assert "wrong comm key" in reason
        it.clock._answers.key = 8
        await it.ready()


async def test_a_key_that_is_wanted_and_missing_is_told() -> None:
    async with bench(clock=simulated_clock(clock_entry(comm_key=7))) as it:
        reason = await it.context.wait_state(DeviceState.OFFLINE)
        assert "wants a comm key" in reason


async def test_a_closed_port_is_told() -> None:
    async with bench() as it:
        await it.hosted.act("unplug")
        await it.context.wait(lambda: "refused" in it.context.reason)


async def test_something_else_on_the_port_is_told() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        with suppress(ConnectionError):
            await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        url = f"tcp://127.0.0.1:{port}"
        async with bench(parameters={"url": url, "timeout_s": 0.1}) as it:
            reason = await it.context.wait_state(DeviceState.OFFLINE)
            assert "not a clock" in reason


@BOTH
async def test_a_clock_of_one_session_is_served_in_turns(url: str) -> None:
    async with bench(url, rows=3, max_sessions=1) as it:
        await it.ready()
        await it.punch("1001", 900)
        await it.context.wait_event(4)
        reply = await it.driving.execute("users")
        assert len(reply["users"]) == 5
        await it.punch("1001", 901)
        await it.context.wait_event(5)
        await it.context.wait(lambda: it.context.state is DeviceState.READY)
    assert len(set(ids(it.context.events))) == len(it.context.events) == 5
    assert it.driving.lives == 1


async def test_a_clock_that_drops_the_live_session_is_served_in_turns() -> None:
    async with bench(rows=2) as it, dropping(it.hosted.url) as url:
        entry = it.context.device.model_copy(update={"url": url})
        context = RecordingContext(entry, it.clock.site)
        async with driving(ZkDriver, entry, context) as under_way:
            await context.wait_event(2)
            await context.wait_state(DeviceState.READY)
            await it.punch("1001", 900)
            await context.wait_event(3)
            lives = under_way.lives
            await under_way.execute("time")
            await it.punch("1001", 901)
            await context.wait_event(4)
            assert under_way.lives == lives
    assert len(set(ids(context.events))) == len(context.events) == 4


@asynccontextmanager
async def dropping(url: str) -> AsyncIterator[str]:
    """A clock that ends the session before when another one begins."""
    port = int(url.rpartition(":")[2])
    last: list[asyncio.StreamWriter] = []

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for old in last:
            old.close()
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        last[:] = [writer, far_writer]
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for old in last:
            old.close()


@pytest.mark.parametrize("size", [10, 12, 14, 32, 36, 37, 40, 52])
async def test_every_length_of_a_live_event_is_heard(size: int) -> None:
    async with bench(event_size=size) as it:
        await it.ready()
        await it.punch("1003", method="card", direction="break_in")
        (event,) = await it.context.wait_event()
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
        await it.context.wait_event(4)
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
        (event,) = await it.context.wait_event()
        assert event.data["drift_s"] == pytest.approx(3600, abs=5)
        await it.context.wait(lambda: abs(it.context.info["drift_s"]) < 5)
        await it.punch("1001", 900)
        events = await it.context.wait_event(2)
        assert "drift_s" not in events[1].data
    assert abs(it.clock.memory.offset) < timedelta(seconds=5)


async def test_a_doubtful_host_clock_sets_and_marks_nothing() -> None:
    entry = clock_entry(drift_s=3600)
    context = RecordingContext(entry, simulated_clock(entry).site, clock_trusted=False)
    async with bench(rows=1, drift_s=3600, context=context) as it:
        (event,) = await it.context.wait_event()
        await it.read_log()
        assert "drift_s" not in event.data
        reply = await it.driving.execute("time")
        assert reply["drift_s"] is None
    assert it.clock.memory.offset == timedelta(hours=1)


async def test_somebody_who_is_not_in_the_clocks_list_is_marked() -> None:
    async with bench() as it:
        await it.ready()
        await it.punch("4711")
        (event,) = await it.context.wait_event()
    assert event.data["known_user"] is False


async def test_tampering_is_told() -> None:
    async with bench() as it:
        await it.ready()
        await it.hosted.act("tamper")
        (event,) = await it.context.wait_event()
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
        await it.context.wait_event(3)
    assert it.context.info["model"] == "specimen"


class AckCounter(ZkClock):
    """Counts the acknowledgements of live events."""

    acks = 0

    def received(self, session: int, data: bytes, now: datetime) -> Sequence[Output]:
        ok = int(Code.OK).to_bytes(2, "little")
        self.acks += data[8:10] == ok
        return super().received(session, data, now)


async def test_a_punch_is_acknowledged_after_it_is_on_disk() -> None:
    plain = simulated_clock()
    clock = AckCounter(plain.device, plain.parameters, plain.site)
    async with bench(clock=clock) as it:
        await it.ready()
        await it.read_log()
        it.context.hold_emits()
        await it.punch()
        await it.context.wait(lambda: it.context.emitting == 1)
        assert clock.acks == 0
        it.context.release_emits()
        while not clock.acks:  # noqa: ASYNC110 - the simulator has no event for it
            await asyncio.sleep(0.005)


async def test_it_ends_at_once_while_the_clock_says_nothing() -> None:
    async with bench(faults=Faults(hang=True), parameters={"timeout_s": 30}) as it:
        await it.context.wait_state(DeviceState.INIT)
        while not it.hosted.sessions:  # noqa: ASYNC110 - no event for it
            await asyncio.sleep(0.005)


async def test_it_ends_at_once_in_the_middle_of_a_log() -> None:
    async with bench(rows=3000, gap_ms=10_000, parameters={"timeout_s": 30}) as it:
        await it.ready()
