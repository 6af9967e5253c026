"""What a technician is told of push clocks, and that it goes when it is over."""

from __future__ import annotations

from support.push_server import LINE, SERIAL, Bench, push_bench

from devices.kinds import DeviceState

TARGET = f"/iclock/cdata?SN={SERIAL}&table=ATTLOG"
HUGE = f"POST {TARGET} HTTP/1.1\r\nContent-Length: 52428800\r\n\r\n".encode()


def is_degraded(bench: Bench) -> bool:
    return bench.context.state is DeviceState.DEGRADED


async def test_a_body_names_its_table() -> None:
    operation = "TABLE=OPERLOG\r\nOPLOG 4\t0\t2026-08-29 15:29:00\t0\t0\t0\t0\r\n"
    async with push_bench() as bench:
        answer = await bench.post(f"/iclock/cdata?SN={SERIAL}", operation)
        assert answer.body == b"OK:1"
        assert [event.data["kind"] for event in bench.context.events] == ["menu"]


async def test_a_request_that_is_refused_unread_is_told_until_one_is_taken() -> None:
    async with push_bench() as bench:
        await bench.punch()
        await bench.context.wait_state(DeviceState.READY)
        (answer,) = await bench.client("127.0.0.9").talk(HUGE)
        assert answer.status == 413
        assert not is_degraded(bench)
        (answer,) = await bench.client().talk(HUGE)
        assert answer.status == 413
        reason = await bench.context.wait_state(DeviceState.DEGRADED)
        assert "8388608 bytes" in reason
        await bench.poll()
        assert is_degraded(bench)
        await bench.punch()
        await bench.context.wait_state(DeviceState.READY)


async def test_another_address_that_calls_no_more_is_forgotten() -> None:
    async with push_bench() as bench:
        await bench.punch()
        assert (await bench.punch(address="127.0.0.66")).status == 403
        await bench.context.wait_state(DeviceState.DEGRADED)
        bench.clock.advance(1800)
        await bench.poll()
        assert is_degraded(bench)
        bench.clock.advance(1801)
        await bench.poll()
        await bench.context.wait_state(DeviceState.READY)
        assert bench.alarms["clock-moved"] == ""
        assert (await bench.punch(address="127.0.0.66")).status == 403


async def test_lines_that_were_not_kept_are_told_for_an_hour() -> None:
    body = "\n".join(f"junk {n}" for n in range(1500))
    async with push_bench() as bench:
        await bench.punch(body)
        reason = await bench.context.wait_state(DeviceState.DEGRADED)
        assert reason.startswith("500 lines")
        bench.clock.advance(3600)
        await bench.punch(LINE)
        await bench.context.wait_state(DeviceState.READY)
