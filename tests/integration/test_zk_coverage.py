"""How far a clock was read, and what makes its log suspect, over real sockets."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from support.clock_bench import Bench, bench
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
from support.driving import RecordingContext, SettableClock

from devices.errors import CommandRejectedError
from devices.kinds import DeviceState
from devices.site import DeviceEntry
from devices.zk.packets import Code
from simulators.zk.answers import Answers
from simulators.zk.simulator import ZkClock

BOTH = pytest.mark.parametrize("url", [TCP, UDP])


def covered(it: Bench) -> bool:
    told = it.context.coverage
    return told is not None and told.until is not None and not told.suspect


def context_at(entry: DeviceEntry, clock: SettableClock) -> RecordingContext:
    return RecordingContext(entry, simulated_clock(entry).site, clock=clock)


async def after_gap(it: Bench) -> None:
    """Let the clock be away for a moment, so that its log is read again."""
    await it.hosted.act("unplug")
    await it.context.wait_state(DeviceState.OFFLINE)


@BOTH
async def test_coverage_is_told_after_the_log_and_at_each_poll(url: str) -> None:
    start = wall_clock()
    async with bench(url, rows=30) as it:
        await it.context.wait(lambda: covered(it))
        first = it.context.coverage
        assert first is not None
        assert first.until is not None
        assert start <= first.until <= wall_clock()
        assert (first.serial, first.how) == ("SPECIMEN1", "log")
        assert len(it.punches) == 30
        await it.punch("1001", 900)
        await it.punched(31)
        after = wall_clock()
        await it.context.wait(
            lambda: covered(it) and it.context.coverage.until > after  # type: ignore[union-attr,operator]
        )


async def test_coverage_begins_before_the_read_and_not_at_its_end() -> None:
    clock = SettableClock(wall_clock())
    begins = clock.time
    entry = clock_entry()
    context = context_at(entry, clock)
    context.hold_emits()
    async with bench(rows=3, context=context) as it:
        await context.wait(lambda: context.emitting == 1)
        clock.advance(3600)
        context.release_emits()
        await context.wait(lambda: covered(it))
        assert context.coverages[0].until == begins


async def test_no_coverage_before_all_of_the_log_is_on_disk() -> None:
    entry = clock_entry()
    context = RecordingContext(entry, simulated_clock(entry).site)
    context.hold_emits()
    async with bench(rows=3, context=context) as it:
        await context.wait(lambda: context.emitting == 1)
        assert context.coverages == []
        context.release_emits()
        await context.wait(lambda: covered(it))
        assert len(it.punches) == 3


@BOTH
@pytest.mark.parametrize("left", [0, 2])
async def test_a_log_that_shrank_is_suspect_until_it_is_accepted(
    url: str, left: int
) -> None:
    async with bench(url, rows=30) as it:
        await it.read_log()
        await it.context.wait(lambda: covered(it))
        await after_gap(it)
        good = it.context.coverage
        assert good is not None
        del it.clock.memory.rows[left:]
        await it.hosted.act("replug")
        (event,) = await it.tampered("log_shrunk")
        assert "had 30 rows" in event.data["text"]
        reason = await it.context.wait_state(DeviceState.DEGRADED)
        assert "had 30 rows" in reason
        assert "accept_log" in reason
        # The live punches go on; the coverage does not.
        await it.punch("1001", 900)
        await it.punched(31)
        stands = it.context.coverage
        assert stands is not None
        assert stands.until == good.until
        assert "had 30 rows" in stands.suspect
        await after_gap(it)
        await it.hosted.act("replug")
        await it.context.wait_state(DeviceState.DEGRADED)
        clock, context = it.clock, it.context
    context.states.clear()
    async with bench(url, clock=clock, context=context) as it:
        reason = await context.wait_state(DeviceState.DEGRADED)
        assert "had 30 rows" in reason
        with pytest.raises(ValueError, match="reason"):
            await it.driving.execute("accept_log")
        told = await it.driving.execute("accept_log", reason=" 检修 ")
        assert told["until"] == good.until.isoformat() if good.until else None
        await it.ready()
        await context.wait(lambda: covered(it))
        with pytest.raises(CommandRejectedError, match="not suspect"):
            await it.driving.execute("accept_log", reason="once more")
    assert len(await it.tampered("log_shrunk")) == 1
    assert [event.data["text"] for event in await it.tampered("operation")] == [
        "log accepted: 检修"
    ]


async def test_a_log_that_shrinks_before_our_eyes_is_seen_without_a_gap() -> None:
    async with bench(rows=30) as it:
        await it.read_log()
        await it.hosted.act("clear_log")
        await it.tampered("log_shrunk")
        await it.context.wait_state(DeviceState.DEGRADED)
        deleted = await it.tampered("log_deleted")
    assert deleted[0].data["operator"] == "1001"


async def test_a_full_clock_that_drops_its_oldest_rows_is_not_suspect() -> None:
    async with bench(rows=20, capacity=20) as it:
        await it.read_log()
        await after_gap(it)
        for minute in range(5):
            it.clock.memory.add(punch_record("1002", DAY + timedelta(days=2 + minute)))
        del it.clock.memory.rows[:5]
        await it.hosted.act("replug")
        await it.punched(25)
        await it.ready()
        await it.context.wait(lambda: covered(it))
    assert not [e for e in it.tampers if e.data["kind"] == "log_shrunk"]
    assert "log 100 % full: 20 of 20" in it.context.reason


class UnknownRows(ZkClock):
    """Sends its log in rows that nobody knows."""

    blob = bytes(range(251)) * 3

    def __init__(self, plain: ZkClock) -> None:
        super().__init__(plain.device, plain.parameters, plain.site)
        self._answers = _Odd(self.memory)


class _Odd(Answers):
    def answer(self, client: Any, packet: Any, now: datetime) -> Any:
        is_log = packet.code == Code.BUFFER_PREPARE and packet.data[1] == Code.LOG_READ
        if not is_log or not self.memory.rows or self.memory.firmware != "odd":
            return super().answer(client, packet, now)
        rows = UnknownRows.blob
        blob = len(rows).to_bytes(4, "little") + rows
        (reply, *_) = super().answer(client, packet, now)
        reply = type(reply)(packet.number, Code.DATA, blob)
        return [reply]


async def test_a_log_of_unknown_layout_is_kept_aside_and_makes_no_punches() -> None:
    clock = UnknownRows(simulated_clock())
    clock.memory.firmware = "odd"
    async with bench(clock=clock, rows=3) as it:
        reason = await it.context.wait_state(DeviceState.DEGRADED)
        assert "layout unknown" in reason
        assert "command info" in reason
        assert it.context.coverage is not None
        assert it.context.coverage.until is None
        assert "layout unknown" in it.context.coverage.suspect
        assert it.punches == []
        told = it.context.info["unread_log"]
        assert told["size"] == len(clock.blob) + 4
        assert "head" not in told
        info = await it.driving.execute("info")
        assert info["log"]["unread"]["head"].endswith(clock.blob.hex())
        assert info["log"]["unread"]["digest"] == told["digest"]
        kept = it.context.remembered["zk:SPECIMEN1:unread"]
        assert kept == info["log"]["unread"]
        # Live punches are heard all the same, and newer firmware heals it.
        await it.punch("1001", 900)
        await it.punched(1)
        clock.memory.firmware = "Ver 6.61"
        await it.punched(4)
        await it.ready()
        await it.context.wait(lambda: covered(it))
    assert it.context.info["unread_log"] is None
    assert it.context.remembered["zk:SPECIMEN1:unread"] is None


async def test_what_is_nearly_full_is_told_while_all_works() -> None:
    async with bench(rows=17, capacity=20) as it:
        await it.read_log()
        await it.context.wait(lambda: "log 85 % full: 17 of 20" in it.context.reason)
        assert it.context.state is DeviceState.READY
        assert it.context.info["nearly_full"] is True


async def test_doubtful_rows_are_told_and_kept_in_sight() -> None:
    clock = simulated_clock()
    fill(clock, 5)
    row = clock.memory.rows[2]
    clock.memory.rows[2] = row[:2] + bytes(24) + row[26:]
    async with bench(clock=clock) as it:
        await it.punched(4)
        await it.context.wait(lambda: "left out: 1" in it.context.reason)
        assert it.context.state is DeviceState.READY
        info = await it.driving.execute("info")
    assert info["doubtful"] == [{"row": 2, "raw": clock.memory.rows[2].hex()}]


async def test_live_events_that_go_to_somebody_else_are_noticed_and_heal() -> None:
    async with bench() as it:
        await it.context.wait(lambda: covered(it))
        for day in range(1, 4):
            it.clock.memory.add(punch_record("1001", DAY + timedelta(days=day)))
            await it.punched(day)
        reason = await it.context.wait_state(DeviceState.DEGRADED)
        assert "another program may hold the clock" in reason
        await it.punch("1002", 900)
        await it.ready()
    assert [event.data["live"] for event in it.punches] == [False] * 3 + [True]


async def test_a_clock_that_is_set_by_us_leaves_a_trail() -> None:
    async with bench(drift_s=3600) as it:
        (event,) = await it.tampered("clock_set")
        await it.context.wait(lambda: abs(it.context.info["drift_s"]) < 5)
        old, new = (datetime.fromisoformat(text) for text in event.data["values"])
        assert old - new == pytest.approx(timedelta(hours=1), abs=timedelta(seconds=5))
        assert event.data["by"] == "halld"
        await it.context.wait(lambda: it.context.info.get("operator_log") == "read")
    # The clock's own word for it is the same thing.
    assert not [each for each in it.tampers if each.data["kind"] == "time_set"]


async def test_rows_of_before_the_time_went_wrong_are_not_marked() -> None:
    entry = clock_entry()
    context = RecordingContext(entry, simulated_clock(entry).site, clock_trusted=False)
    async with bench(context=context) as it:
        await it.ready()
        await context.wait(lambda: "zk:SPECIMEN1:right" in context.remembered)
        clock = it.clock
    right_at = datetime.fromisoformat(context.remembered["zk:SPECIMEN1:right"])
    clock.memory.add(punch_record("1001", right_at - timedelta(hours=2)))
    clock.memory.add(punch_record("1002", right_at + timedelta(minutes=50)))
    clock.memory.offset = timedelta(hours=1)
    async with bench(clock=clock, context=context) as it:
        early, late = await it.punched(2)
        assert "drift_s" not in early.data
        assert late.data["drift_s"] == pytest.approx(3600, abs=10)
        await it.punch("1003", 0)
        live = (await it.punched(3))[2]
        assert live.data["drift_s"] == pytest.approx(3600, abs=10)


async def test_a_full_clock_is_read_again_because_its_count_tells_nothing() -> None:
    async with bench(rows=20, capacity=20, parameters={"poll_s": 0.05}) as it:
        await it.context.wait(lambda: covered(it))
        del it.clock.memory.rows[0]
        it.clock.memory.add(punch_record("1002", DAY + timedelta(days=5)))
        await it.punched(21)
    assert it.punches[-1].data["live"] is False
