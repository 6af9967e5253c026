"""What goes wrong between a clock and its driver, and heals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from support.clock_bench import bench, ids
from support.clocks import (
    DAY,
    TCP,
    UDP,
    clock_entry,
    punch_record,
    simulated_clock,
)
from support.driving import RecordingContext, driving

from devices.kinds import DeviceState
from devices.zk.events import encode_event
from devices.zk.packets import Code, EventMask, Packet, decode_packet
from drivers.zk.driver import ZkDriver
from simulators.hosting.faults import Faults
from simulators.simulator import Output
from simulators.zk.answers import Answers
from simulators.zk.memory import ClockMemory
from simulators.zk.simulator import ZkClock

BOTH = pytest.mark.parametrize("url", [TCP, UDP])


@pytest.mark.parametrize("fault", ["split", "glue"])
async def test_cut_and_glued_segments_change_nothing(fault: str) -> None:
    faults = Faults(**{fault: True})
    async with bench(rows=20, faults=faults, parameters={"probe_s": 0.3}) as it:
        await it.ready()
        for minute in range(100, 110):
            await it.punch("1002", minute)
        await it.punched(30)
        await it.read_log()
    assert len(it.punches) == 30


@BOTH
async def test_garbled_bytes_are_no_punches(url: str) -> None:
    async with bench(url, rows=20, parameters={"timeout_s": 0.2}) as it:
        await it.read_log()
        for minute in range(100, 110):
            await it.hosted.act("garble", {"n": 1})
            await it.punch("1002", minute)
        await it.punched(30)
        await it.read_log()
    wanted = {f"1002:20260302T{10 + m // 60}{m % 60:02}00" for m in range(10, 20)}
    assert set(ids(it.punches[20:])) == wanted
    assert len(it.punches) == 30


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


@pytest.mark.parametrize("manner", ["stays", "leaves", "echoes"])
async def test_something_else_on_the_port_is_told(manner: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            asked = await reader.read(100)
            page = b"HTTP/1.1 400 Bad Request\r\n\r\n"
            writer.write(asked if manner == "echoes" else page)
            if manner != "leaves":
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
        await it.punched(4)
        reply = await it.driving.execute("users")
        assert len(reply["users"]) == 5
        await it.punch("1001", 901)
        await it.punched(5)
        await it.context.wait(lambda: it.context.state is DeviceState.READY)
    assert len(set(ids(it.punches))) == len(it.punches) == 5
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


class OddClock(ZkClock):
    """Numbers its replies by itself and glues an event before each of them."""

    number = 0

    def received(self, session: int, data: bytes, now: datetime) -> Sequence[Output]:
        outputs = super().received(session, data, now)
        event = Packet(
            code=Code.REGISTER,
            session=EventMask.ATTENDANCE,
            data=encode_event(punch_record(), 32),
        )
        return [
            replace(output, data=event.encode_frame() + self._numbered(output.data))
            for output in outputs
        ]

    def _numbered(self, frame: bytes) -> bytes:
        packet = decode_packet(frame[8:])
        return replace(packet, number=self.number).encode_frame()


@pytest.mark.parametrize("number", [0, 77])
async def test_odd_reply_numbers_and_events_between_replies(number: int) -> None:
    plain = simulated_clock()
    clock = OddClock(plain.device, plain.parameters, plain.site)
    clock.number = number
    clock.memory.add(punch_record())
    async with bench(clock=clock, rows=100) as it:
        await it.ready()
        await it.read_log()
        await it.punch("1002", 900)
        await it.punched(101)
    assert len(set(ids(it.punches))) == len(it.punches)


class MuteClock(ZkClock):
    """Says nothing to a second session while one is registered."""

    def received(self, session: int, data: bytes, now: datetime) -> Sequence[Output]:
        others = [self._clients[each] for each in self._clients if each != session]
        if any(client.mask for client in others):
            return ()
        return super().received(session, data, now)


async def test_a_clock_that_ignores_a_second_session_is_served_in_turns() -> None:
    plain = simulated_clock()
    clock = MuteClock(plain.device, plain.parameters, plain.site)
    async with bench(clock=clock, rows=3, parameters={"timeout_s": 0.3}) as it:
        await it.punched(3)
        await it.ready()
        await it.punch("1002", 900)
        await it.punched(4)
    assert it.driving.lives == 1


@dataclass(slots=True, kw_only=True)
class SpoiledMemory(ClockMemory):
    """A log that is read wrong, or that grows while it is read."""

    spoil: Callable[[bytes], bytes] = bytes
    reads: int = 0
    grows: int = 0

    def table(self, command: int, selector: int = 0) -> bytes | None:
        blob = ClockMemory.table(self, command, selector)
        if command != Code.LOG_READ or blob is None:
            return blob
        self.reads += 1
        if self.grows:
            self.grows -= 1
            self.add(punch_record("1005", DAY + timedelta(days=self.grows)))
        return self.spoil(blob)


def spoiled_clock(**memory: Any) -> tuple[ZkClock, SpoiledMemory]:
    plain = simulated_clock()
    kept = {each.name: getattr(plain.memory, each.name) for each in fields(ClockMemory)}
    spoiled = SpoiledMemory(**kept, **memory)
    clock = ZkClock(plain.device, plain.parameters, plain.site)
    clock.memory = spoiled
    clock._answers = Answers(spoiled)
    return clock, spoiled


async def test_punches_that_come_while_the_log_is_read_are_not_missed() -> None:
    clock, memory = spoiled_clock(grows=3)
    async with bench(clock=clock, rows=50) as it:
        await it.punched(53)
        await it.read_log()
    assert memory.grows == 0
    assert len(set(ids(it.punches))) == len(it.punches) == 53


@pytest.mark.parametrize("cut", [-1, -40, -41])
async def test_a_log_that_came_short_is_read_again(cut: int) -> None:
    clock, memory = spoiled_clock()
    memory.spoil = lambda blob: blob[:cut] if memory.reads == 1 else blob
    async with bench(clock=clock, rows=10) as it:
        await it.punched(10)
        await it.read_log()
    assert memory.reads >= 2
    assert it.context.info["doubtful_rows"] == 0


async def test_live_goes_on_while_the_log_cannot_be_read() -> None:
    clock, memory = spoiled_clock(spoil=lambda _: bytes(17))
    async with bench(clock=clock, rows=3) as it:
        reason = await it.context.wait_state(DeviceState.DEGRADED)
        assert "its log cannot be read" in reason
        await it.punch("1002", 900)
        (event,) = await it.punched()
        assert event.data["live"] is True
        memory.spoil = bytes
        await it.punched(4)
        await it.ready()
    assert it.driving.lives == 1
