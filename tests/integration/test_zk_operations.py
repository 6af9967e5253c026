"""The operator log of a clock in the journal, over real sockets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from support.clock_bench import bench, ids
from support.clocks import DAY, TCP, UDP, simulated_clock, wall_clock

from devices.kinds import DeviceState
from devices.zk.operations_log import ClockOperation
from devices.zk.packets import Code, Packet
from simulators.simulator import Output
from simulators.zk.simulator import ZkClock

BOTH = pytest.mark.parametrize("url", [TCP, UDP])


def operation(number: int, minute: int = 0, operator: int = 1) -> ClockOperation:
    time = DAY + timedelta(minutes=minute)
    return ClockOperation(
        number=number, operator=operator, time=time, values=(7, 0, 0, 0)
    )


@BOTH
async def test_operations_of_note_become_events_once(url: str) -> None:
    clock = simulated_clock()
    clock.memory.operations += [
        operation(4),
        operation(9, 1),
        operation(2, 2),
        operation(9, 1),
        operation(30, 3, operator=99),
    ]
    async with bench(url, clock=clock) as it:
        await it.tampered("user_added")
        context = it.context
    async with bench(url, clock=clock, context=context) as it:
        await it.context.wait(lambda: context.info.get("operator_log") == "read")
        await it.hosted.act("operation", {"number": 24, "operator": 1})
        await it.tampered("admin_cleared")
    first, *_, last = it.tampers
    assert ids(it.tampers)[:4] == [
        "op:4:1001:20260302T083000",
        "op:9:1001:20260302T083100",
        "op:9:1001:20260302T083100:2",
        "op:30:99:20260302T083300",
    ]
    assert len(it.tampers) == 5
    assert first.identity is not None
    assert first.identity.source == "zk:SPECIMEN1"
    assert first.time.isoformat() == "2026-03-02T08:30:00+08:00"
    assert first.data == {
        "kind": "menu",
        "raw": first.data["raw"],
        "operation": 4,
        "operator": "1001",
        "values": [7, 0, 0, 0],
    }
    assert bytes.fromhex(first.data["raw"])[:3] == b"\x01\0\x04"
    assert last.data["kind"] == "admin_cleared"


async def test_an_alarm_that_was_told_live_is_not_told_twice() -> None:
    async with bench() as it:
        await it.ready()
        await it.hosted.act("tamper")
        await it.tampered("tamper")
        await it.context.wait(lambda: it.context.info.get("operator_log") == "read")
        await it.hosted.act("operation", {"number": 22})
        await it.tampered("factory_reset")
    assert [each.data["kind"] for each in it.tampers] == ["tamper", "factory_reset"]


async def test_an_alarm_while_away_comes_from_the_operator_log() -> None:
    async with bench() as it:
        await it.ready()
        await it.hosted.act("unplug")
        await it.context.wait_state(DeviceState.OFFLINE)
        it.clock.memory.operate(3, wall_clock(), 55)
        await it.hosted.act("replug")
        (event,) = await it.tampered("tamper")
    assert event.identity is not None
    assert event.data["operation"] == 3


class Refusing(ZkClock):
    """Does not know the operator log, or hangs on being asked for it."""

    hangs = False
    asked = 0

    def received(self, session: int, data: bytes, now: datetime) -> Sequence[Output]:
        body = data[8:]
        is_asked = (
            body[:2] == int(Code.BUFFER_PREPARE).to_bytes(2, "little")
            and body[9] == Code.OPERATIONS_READ
        ) or body[:2] == int(Code.OPERATIONS_READ).to_bytes(2, "little")
        if not is_asked:
            return super().received(session, data, now)
        self.asked += 1
        if self.hangs:
            return ()
        client = self._clients[session]
        number = int.from_bytes(body[6:8], "little")
        packet = Packet(code=Code.UNKNOWN, session=client.session, number=number)
        return [Output(packet.encode_frame(), session)]


@pytest.mark.parametrize(("hangs", "word"), [(False, "refused"), (True, "unreadable")])
async def test_a_clock_without_operator_log_is_fine(*, hangs: bool, word: str) -> None:
    plain = simulated_clock()
    clock = Refusing(plain.device, plain.parameters, plain.site)
    clock.hangs = hangs
    clock.memory.operations.append(operation(9))
    async with bench(clock=clock, rows=3, parameters={"timeout_s": 0.3}) as it:
        await it.context.wait(lambda: it.context.info.get("operator_log") == word)
        await it.ready()
        asked = clock.asked
        await it.hosted.act("operation", {"number": 24})
        await it.punch("1002", 900)
        await it.punched(4)
        info = await it.driving.execute("info")
        assert info["operator_log"] == word
        assert info["capacity"]["operations"] == 2
        assert clock.asked == asked
    assert it.tampers == []


async def test_operations_of_an_impossible_time_are_told_by_their_bytes() -> None:
    clock = simulated_clock()
    clock.memory.operations += [
        operation(4),
        ClockOperation(number=9, operator=1, time=None, values=(5, 0, 0, 0)),
    ]
    async with bench(clock=clock) as it:
        (event,) = await it.tampered("user_deleted")
    assert event.identity is not None
    assert event.identity.id == f"op:9:1001:{event.data['raw']}"
