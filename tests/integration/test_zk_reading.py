"""Long logs while punches come and datagrams are lost; clocks held by others."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from support.clock_bench import bench, ids
from support.clocks import DAY, TCP, UDP, simulated_clock
from support.driving import RecordingContext, driving

from devices.kinds import DeviceState
from devices.zk.packets import Code
from drivers.zk.driver import ZkDriver
from simulators.simulator import Output
from simulators.zk.parameters import Punch
from simulators.zk.simulator import ZkClock

BOTH = pytest.mark.parametrize("url", [TCP, UDP])


class LossyClock(ZkClock):
    """Its network loses a datagram of the first chunk of its log, once."""

    lost = 0

    def received(self, session: int, data: bytes, now: datetime) -> Sequence[Output]:
        outputs = list(super().received(session, data, now))
        if len(outputs) > 10 and not self.lost:
            self.lost += 1
            del outputs[7]
        return outputs


async def test_a_lost_datagram_is_asked_for_again() -> None:
    plain = simulated_clock()
    clock = LossyClock(plain.device, plain.parameters, plain.site)
    async with bench(UDP, clock=clock, rows=1203) as it:
        await it.punched(1203)
        await it.read_log()
        await it.ready()
    assert clock.lost == 1
    assert all(state is not DeviceState.DEGRADED for state, _ in it.context.states)
    assert len(set(ids(it.punches))) == len(it.punches) == 1203


class MuddledClock(LossyClock):
    """Its network loses a datagram and delivers another one twice, once."""

    def received(self, session: int, data: bytes, now: datetime) -> Sequence[Output]:
        outputs = list(ZkClock.received(self, session, data, now))
        if len(outputs) > 10 and not self.lost:
            self.lost += 1
            outputs[7] = outputs[8]
        return outputs


async def test_a_datagram_that_comes_twice_hides_no_lost_one() -> None:
    plain = simulated_clock(record_size=16)
    clock = MuddledClock(plain.device, plain.parameters, plain.site)
    async with bench(UDP, clock=clock, rows=1203) as it:
        await it.punched(1203)
        await it.read_log()
        await it.ready()
    assert clock.lost == 1
    assert len(set(ids(it.punches))) == len(it.punches) == 1203
    assert not [identity for identity in ids(it.punches) if identity.count(":") > 1]


class PunchedMeanwhile(ZkClock):
    """Somebody punches, and is told live, while the log is being read."""

    due = 3

    def received(self, session: int, data: bytes, now: datetime) -> Sequence[Output]:
        outputs = list(super().received(session, data, now))
        code = int.from_bytes(data[8:10] if data[:2] == b"PP" else data[:2], "little")
        if code == Code.BUFFER_READ and self.due:
            self.due -= 1
            punch = Punch(user_id="1004", time=DAY + timedelta(days=9 + self.due))
            outputs += self.act("punch", punch, now)
        return outputs


@BOTH
async def test_a_live_punch_during_a_read_is_neither_lost_nor_doubled(url: str) -> None:
    plain = simulated_clock()
    clock = PunchedMeanwhile(plain.device, plain.parameters, plain.site)
    async with bench(url, clock=clock, rows=5000) as it:
        await it.punched(5003)
        await it.ready()
        await it.context.wait(lambda: it.context.coverage is not None)
        await it.punch("1005", 90_000)
        await it.punched(5004)
    assert clock.due == 0
    assert len(set(ids(it.punches))) == len(it.punches) == 5004
    assert sum(event.data["live"] for event in it.punches) == 4


async def test_a_clock_that_another_program_hears_is_read_by_its_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("drivers.zk.live.LISTEN_AGAIN_S", 0.1)
    async with bench(max_live=1) as it, asyncio.timeout(10):
        await it.ready()
        entry = it.context.device
        context = RecordingContext(entry, it.clock.site)
        async with driving(ZkDriver, entry, context):
            reason = await context.wait_state(DeviceState.DEGRADED)
            assert "by its log only" in reason
            assert "another program may hold it" in reason
            await it.punch("1002", 3)
            await context.wait(lambda: bool(context.events))
            assert context.events[0].data["user_id"] == "1002"
            given = it.clock.parameters
            freed = given.simulation.model_copy(update={"max_live": 2})
            it.clock.parameters = given.model_copy(update={"simulation": freed})
            await context.wait_state(DeviceState.READY)


async def test_a_clock_whose_live_and_command_sessions_refuse_each_other() -> None:
    async with bench(rows=3, exclusive_live=True) as it:
        await it.punched(3)
        await it.ready()
        await it.punch("1001", 900)
        await it.punched(4)
        assert len((await it.driving.execute("users"))["users"]) == 5


async def test_nobody_at_a_datagram_address_is_told() -> None:
    async with bench(UDP, parameters={"timeout_s": 0.1}) as it:
        await it.hosted.act("unplug")
        reason = await it.context.wait_state(DeviceState.OFFLINE)
        assert "check" in reason
