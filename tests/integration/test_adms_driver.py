from __future__ import annotations

import asyncio
from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest
from support.push_server import LINE, NOW, SERIAL, push_bench, push_site

from devices.adms.commands import PushCommand, parse_commands
from devices.adms.handshake import parse_handshake
from devices.errors import CommandRejectedError
from devices.events import DeviceEvent, EventType
from devices.kinds import DeviceState
from drivers.adms.strangers import UNKNOWN_CLOCK


def ids(events: list[DeviceEvent]) -> list[str]:
    return [event.identity.id for event in events if event.identity]


async def test_a_punch_is_the_event_that_port_4370_makes_of_it() -> None:
    async with push_bench() as bench:
        answer = await bench.punch()
        assert (answer.status, answer.body) == (200, b"OK:1")
        (event,) = bench.context.events
        assert event.type is EventType.ATTENDANCE_PUNCH
        assert event.identity is not None
        assert event.identity.source == f"zk:{SERIAL}"
        assert event.identity.id == "900001:20260829T153000"
        assert event.time == NOW
        assert event.data == {
            "user_id": "900001",
            "direction": "in",
            "method": "fingerprint",
            "raw": LINE.encode().hex(),
            "live": True,
            "source_ip": "127.0.0.1",
        }
        await bench.context.wait_state(DeviceState.READY)


async def test_the_answer_waits_for_the_journal() -> None:
    async with push_bench() as bench:
        bench.context.hold_emits()
        asking = asyncio.create_task(bench.punch())
        await bench.context.wait(lambda: bench.context.emitting == 1)
        assert not asking.done()
        bench.context.release_emits()
        assert (await asking).body == b"OK:1"


async def test_what_cannot_be_journalled_is_not_acknowledged() -> None:
    async with push_bench() as bench:
        bench.context.emit_error = OSError("disk full")
        answer = await bench.punch()
        assert answer.status == 500
        assert b"OK" not in answer.body
        assert "disk full" in await bench.context.wait_state(DeviceState.DEGRADED)
        bench.context.emit_error = None
        assert (await bench.punch()).body == b"OK:1"
        assert len(bench.context.events) == 1
        await bench.context.wait_state(DeviceState.READY)


async def test_the_same_batch_three_times_over_is_one() -> None:
    lines = [f"{n}\t2026-08-29 08:00:{n:02}\t0\t1\t0" for n in range(1, 31)]
    async with push_bench() as bench:
        for newline in ("\n", "\r\n", "\r"):
            answer = await bench.punch(newline.join(lines) + newline)
            assert answer.body == b"OK:30"
        assert len(bench.context.events) == 30
        remembered = bench.context.remembered
    async with push_bench(remembered=[remembered]) as again:
        assert (await again.punch("\n".join(lines))).body == b"OK:30"
        assert again.context.events == []


async def test_twins_of_one_upload_are_two() -> None:
    async with push_bench() as bench:
        for _ in range(2):
            assert (await bench.punch(f"{LINE}\n{LINE}\n")).body == b"OK:2"
        assert ids(bench.context.events) == [
            "900001:20260829T153000",
            "900001:20260829T153000:2",
        ]


async def test_bad_lines_stand_aside_one_by_one_and_once() -> None:
    bad = ["0\t2026-08-29 15:30:00\t0\t1", "7\t2026-02-30 08:00:00\t0\t1", "junk"]
    body = "\n".join(["TABLE=ATTLOG", bad[0], LINE, bad[1], bad[2]])
    async with push_bench() as bench:
        for _ in range(3):
            answer = await bench.post(f"/iclock/cdata?SN={SERIAL}", body)
            assert answer.body == b"OK:4"
        punches = [e for e in bench.context.events if e.type.endswith("punch")]
        aside = [e for e in bench.context.events if e.type.endswith("tamper")]
        assert ids(punches) == ["900001:20260829T153000"]
        assert [event.data["kind"] for event in aside] == ["bad_line"] * 3
        assert [bytes.fromhex(e.data["raw"]).decode() for e in aside] == bad
        assert all(event.data["text"] for event in aside)
        assert len(set(ids(aside))) == 3
        assert bench.context.value is not None
        assert bench.context.value["bad_lines"] == 3


async def test_a_flood_of_bad_lines_is_counted_and_not_all_told() -> None:
    body = "\n".join(f"junk {n}" for n in range(1500))
    async with push_bench() as bench:
        assert (await bench.punch(body)).body == b"OK:1500"
        assert len(bench.context.events) == 1000
        assert bench.context.value is not None
        assert bench.context.value["bad_lines"] == 1500


async def test_a_punch_from_the_future_is_believed_only_by_a_doubtful_host() -> None:
    line = LINE.replace("2026-08-29", "2026-08-31")
    async with push_bench() as bench:
        await bench.punch(line)
        assert bench.context.events[0].data["kind"] == "bad_line"
        bench.context.clock_trusted = False
        await bench.punch(line.replace("900001", "7"))
        assert bench.context.events[1].type is EventType.ATTENDANCE_PUNCH


async def test_a_long_log_comes_in_batches() -> None:
    lines = "\n".join(
        f"{n}\t2026-08-{1 + n % 28:02} {n % 24:02}:{n % 60:02}:00\t0\t1\t0\t0\t0"
        for n in range(1, 6001)
    )
    async with push_bench() as bench:
        assert (await bench.punch(lines)).body == b"OK:6000"
        assert len(bench.context.events) == 6000
        assert all(emitted.bulk for emitted in bench.context.emitted)
        assert max(len(emitted.events) for emitted in bench.context.emitted) <= 500
        assert not any(event.data["live"] for event in bench.context.events)


async def test_the_handshake_tells_what_the_clock_told_last() -> None:
    target = f"/iclock/cdata?SN={SERIAL}&options=all&pushver=2.2.14&language=83"
    async with push_bench() as bench:
        serial, options = parse_handshake((await bench.get(target)).body)
        assert serial == SERIAL
        assert options["ATTLOGStamp"] == "0"
        assert options["TimeZone"] == "8"
        assert options["PushProtVer"] == "2.2.14"
        await bench.post(f"/iclock/cdata?SN={SERIAL}&table=ATTLOG&Stamp=777", LINE)
        _, options = parse_handshake((await bench.get(target)).body)
        assert options["ATTLOGStamp"] == "777"
        assert options["Delay"] == "10"
        remembered = bench.context.remembered
    async with push_bench(remembered=[remembered]) as again:
        _, options = parse_handshake((await again.get(target)).body)
        assert options["ATTLOGStamp"] == "777"


@pytest.mark.parametrize(
    "target",
    [
        f"/iclock/cdata?SN={SERIAL}%0ADelay=1&options=all",
        f"/iclock/cdata?SN={SERIAL}%09x&options=all",
        f"/iclock/cdata?SN={SERIAL}&table=ATTLOG&Stamp=1%0AErrorDelay=1",
        "/iclock/cdata?SN=..%2F..%2Fetc&options=all",
    ],
)
async def test_what_would_inject_is_refused(target: str) -> None:
    async with push_bench() as bench:
        assert (await bench.get(target)).status == 400
        assert bench.context.events == []


async def test_a_stamp_that_is_no_stamp_is_not_echoed() -> None:
    handshake = f"/iclock/cdata?SN={SERIAL}&options=all"
    async with push_bench() as bench:
        target = f"/iclock/cdata?SN={SERIAL}&table=ATTLOG&Stamp=1,Delay%3D1"
        assert (await bench.post(target, LINE)).status == 200
        assert b"Delay=1\n" not in (await bench.get(handshake)).body


async def test_the_time_is_told_only_when_it_is_known() -> None:
    async with push_bench() as bench:
        told = (await bench.get(f"/iclock/ping?SN={SERIAL}")).header("date")
        assert told.endswith("GMT")
        assert parsedate_to_datetime(told) == NOW
        assert (await bench.get("/iclock/ping?SN=STRANGER")).header("date") == told
        bench.context.clock_trusted = False
        for serial in (SERIAL, "STRANGER"):
            answer = await bench.get(f"/iclock/ping?SN={serial}")
            assert answer.header("date") == ""


async def test_an_unknown_clock_keeps_its_data_and_is_told_of() -> None:
    async with push_bench() as bench:
        target = "/iclock/cdata?SN=OTHER1&table=ATTLOG"
        assert (await bench.post(target, LINE)).status == 403
        message = bench.alarms[UNKNOWN_CLOCK]
        assert "OTHER1 at 127.0.0.1" in message
        assert "serial" in message
        for number in range(150):
            client = bench.client(f"127.0.1.{1 + number}")
            await client.ask("GET", f"/iclock/ping?SN=S{number}")
        assert len(bench.server.reception.strangers.serials) == 100
        assert "more" in bench.alarms[UNKNOWN_CLOCK]
        bench.clock.advance(2 * 3600)
        await bench.poll()
        assert bench.alarms[UNKNOWN_CLOCK] == ""
        assert bench.context.events == []


async def test_a_clock_of_another_node_is_no_stranger() -> None:
    async with push_bench() as bench:
        reception = bench.server.reception
        reception.expected = {**reception.expected, "FAR1": "annex"}
        answer = await bench.get("/iclock/getrequest?SN=FAR1")
        assert answer.status == 503
        assert answer.header("retry-after")
        assert UNKNOWN_CLOCK not in bench.alarms


async def test_a_serial_number_is_bound_to_its_first_address() -> None:
    async with push_bench() as bench:
        assert (await bench.punch()).status == 200
        line = LINE.replace("900001", "666")
        assert (await bench.punch(line, address="127.0.0.66")).status == 403
        assert ids(bench.context.events) == ["900001:20260829T153000"]
        reason = await bench.context.wait_state(DeviceState.DEGRADED)
        assert "127.0.0.66" in reason
        assert "accept_address" in reason
        assert "127.0.0.66" in bench.alarms["clock-moved"]
        await bench.driver.execute("accept_address", address="127.0.0.66")
        assert (await bench.punch(line, address="127.0.0.66")).status == 200
        await bench.context.wait_state(DeviceState.READY)
        assert bench.alarms["clock-moved"] == ""
        assert (await bench.punch(line, address="127.0.0.1")).status == 403


async def test_the_bound_address_outlives_a_restart() -> None:
    async with push_bench() as bench:
        await bench.punch()
        remembered = bench.context.remembered
    async with push_bench(remembered=[remembered]) as again:
        assert (await again.punch(address="127.0.0.66")).status == 403


async def test_a_source_of_the_hall_file_needs_no_acceptance() -> None:
    site = push_site(SERIAL, source="127.0.2.0/24")
    async with push_bench(site) as bench:
        assert (await bench.punch(address="127.0.2.7")).status == 200
        assert (await bench.punch(address="127.0.2.8")).status == 200
        assert (await bench.punch(address="127.0.3.1")).status == 403
        with pytest.raises(CommandRejectedError, match="hall file"):
            await bench.driver.execute("accept_address", address="127.0.3.1")


async def test_a_comm_key_is_asked_for_at_the_handshake() -> None:
    site = push_site(SERIAL, comm_key="4a9594af164f2b97")
    greet = f"/iclock/cdata?SN={SERIAL}&options=all"
    async with push_bench(site) as bench:
        assert (await bench.punch()).status == 403
        assert (await bench.get(greet)).status == 403
        assert (await bench.get(f"{greet}&pushcommkey=wrong")).status == 403
        assert "comm_key" in await bench.context.wait_state(DeviceState.DEGRADED)
        key = "&pushcommkey=4a9594af164f2b97"
        assert (await bench.get(f"{greet}{key}")).status == 200
        assert (await bench.punch()).status == 200
        await bench.context.wait_state(DeviceState.READY)
        assert "4a9594af164f2b97" not in str(bench.context.remembered)
        remembered = bench.context.remembered
    async with push_bench(site, remembered=[remembered]) as again:
        assert (await again.punch()).status == 200


async def test_a_secret_path() -> None:
    async with push_bench(push_site(SERIAL, path="s3cret")) as bench:
        assert (await bench.punch()).status == 403
        target = f"/s3cret/iclock/cdata?SN={SERIAL}&table=ATTLOG"
        assert (await bench.post(target, LINE)).status == 200


async def test_operations_are_audited_and_users_kept_out_of_events() -> None:
    lines = (
        "OPLOG 23\t900\t2026-08-29 10:00:00\t0\t0\t0\t0",
        "OPLOG 2\t0\t2026-08-29 10:00:01\t0\t0\t0\t0",
        "USER PIN=7\tName=测试\tPri=14\tPasswd=1234\tCard=[0000000000]",
        "FP PIN=7\tFID=0\tSize=4\tValid=1\tTMP=AAAA",
    )
    body = "\r\n".join(lines)
    async with push_bench() as bench:
        target = f"/iclock/cdata?SN={SERIAL}&table=OPERLOG&Stamp=9"
        for _ in range(2):
            assert (await bench.post(target, body.encode("gb2312"))).body == b"OK:4"
        (event,) = bench.context.events
        assert ids([event]) == ["op:23:900:20260829T100000"]
        assert event.data["kind"] == "log_deleted"
        assert event.data["operator"] == "900"
        users = (await bench.driver.execute("users"))["users"]
        assert [(u["user_id"], u["name"]) for u in users] == [("7", "测试")]
        assert "1234" not in str(users)
        assert bench.context.value is not None
        assert bench.context.value["dropped"] == {"templates": 2}
        gone = "OPLOG 9\t900\t2026-08-29 11:00:00\t7\t0\t0\t0"
        await bench.post(target, gone)
        assert (await bench.driver.execute("users"))["users"] == []


async def test_options_and_info_describe_the_clock() -> None:
    async with push_bench() as bench:
        target = f"/iclock/cdata?SN={SERIAL}&table=options"
        answer = await bench.post(
            target, "~DeviceName=K40,FWVersion=Ver 6.60,MAC=00:17"
        )
        assert answer.body == b"OK"
        info = "Ver 8.0,12,30,4567,10.0.0.9,10,7,15,3,111"
        await bench.get(f"/iclock/getrequest?SN={SERIAL}&INFO={info}")
        assert bench.context.info["model"] == "K40"
        assert bench.context.info["firmware"] == "Ver 8.0"
        assert bench.context.info["capacity"]["records"] == 4567


async def test_photographs_are_taken_and_dropped() -> None:
    photo = b"PIN=20260829-7.jpg\nSN=x\nsize=4\nCMD=uploadphoto\0\xff\xd8\n\n\xff\xd9"
    async with push_bench() as bench:
        target = f"/iclock/cdata?SN={SERIAL}&table=ATTPHOTO&Stamp=1"
        assert (await bench.post(target, photo)).body == b"OK"
        assert (await bench.post(f"/iclock/fdata?SN={SERIAL}", photo)).body == b"OK"
        assert (await bench.get(f"/iclock/exchange?SN={SERIAL}")).body == b"OK"
        assert bench.context.events == []


async def test_commands_wait_are_sent_and_are_done_only_when_the_clock_says_so() -> (
    None
):
    async with push_bench() as bench:
        told = await bench.driver.execute("user_set", user_id="7", name="测试")
        assert told["queued"]["state"] == "queued"
        await bench.driver.execute("reboot")
        await bench.get(f"/iclock/cdata?SN={SERIAL}&options=all&language=83")
        commands = parse_commands(await bench.poll())
        assert [c.text.split(" ")[0] for c in commands[:2]] == ["DATA", "REBOOT"]
        assert "Name=测试" in commands[0].text
        states = [c["state"] for c in (await bench.driver.execute("queue"))["commands"]]
        assert states == ["sent", "sent"]
        body = (
            f"ID={commands[0].id}&Return=0&CMD=DATA\nID={commands[1].id}&Return=-1002"
        )
        answer = await bench.post(f"/iclock/devicecmd?SN={SERIAL}", body)
        assert answer.body == b"OK"
        listed = (await bench.driver.execute("queue"))["commands"]
        assert [c["state"] for c in listed] == ["done", "unsupported"]
        assert "测试" not in str(listed)
        assert "测试" not in str(bench.context.remembered)
        remembered = bench.context.remembered
    async with push_bench(remembered=[remembered]) as again:
        listed = (await again.driver.execute("queue"))["commands"]
        assert [c["state"] for c in listed] == ["done", "unsupported"]


async def test_commands_that_inject_or_are_too_many_are_refused() -> None:
    async with push_bench() as bench:
        for name in ("a\tPri=14", "a\nC:1:SHELL x"):
            with pytest.raises(CommandRejectedError):
                await bench.driver.execute("user_set", user_id="7", name=name)
        with pytest.raises(CommandRejectedError):
            await bench.driver.execute("user_delete", user_id="7\tx")
        for _ in range(100):
            await bench.driver.execute("check")
        with pytest.raises(CommandRejectedError, match="wait"):
            await bench.driver.execute("check")
        assert len(parse_commands(await bench.poll())) == 10


async def audited(polls: int, *, counts: list[int] | None = None) -> list[str]:
    """What a clock is asked over so many polls; it counts as it is told."""
    asked: list[str] = []
    counts = list(counts or [])
    async with push_bench() as bench:
        await bench.punch()
        for _ in range(polls):
            bench.clock.advance(10)
            for command in parse_commands(await bench.poll()):
                asked.append(command.text)
                await _answer(bench, command, counts)
        asked += [
            f"{told.how} {told.until:%H:%M:%S} {bool(told.suspect)}"
            if told.until
            else f"{told.how} - {bool(told.suspect)}"
            for told in bench.context.coverages
        ]
        asked.append(str(bench.context.state))
    return asked


async def _answer(bench: object, command: PushCommand, counts: list[int]) -> None:
    from support.push_server import Bench  # noqa: PLC0415 - for its type alone

    assert isinstance(bench, Bench)
    if command.text.startswith("VERIFY SUM"):
        if not counts:
            return
        code, tail = 0, f"&AttlogSum={counts.pop(0)}"
        if "-" in tail:
            code, tail = -1002, ""
        reply = f"ID={command.id}&Return={code}&CMD=VERIFY SUM{tail}"
    else:
        reply = f"ID={command.id}&Return=0&CMD=DATA"
    await bench.post(f"/iclock/devicecmd?SN={SERIAL}", reply)


COUNT = "VERIFY SUM ATTLOG StartTime=2026-08-28 00:00:00\tEndTime=2026-08-29 15:30:19"
FETCH = COUNT.replace("VERIFY SUM", "DATA QUERY")


async def test_a_count_that_fits_covers() -> None:
    assert await audited(6, counts=[1]) == [COUNT, "sum 15:30:20 False", "ready"]


async def test_a_count_that_does_not_fit_fetches_first() -> None:
    assert await audited(6, counts=[2, 1]) == [
        COUNT,
        FETCH,
        COUNT,
        "sum 15:30:20 False",
        "ready",
    ]


async def test_a_count_that_never_fits_is_suspect() -> None:
    asked = await audited(9, counts=[2, 2, 2])
    assert asked == [COUNT, FETCH, COUNT, FETCH, COUNT, "sum - True", "degraded"]


async def test_firmware_that_cannot_count_is_taken_at_its_silence() -> None:
    asked = await audited(5, counts=[-1])
    assert asked == [
        COUNT,
        "contact 15:28:30 False",
        "contact 15:28:40 False",
        "contact 15:28:50 False",
        "ready",
    ]


async def test_firmware_that_never_answers_is_taken_at_its_silence() -> None:
    asked = await audited(25)
    assert asked[:3] == [COUNT, COUNT, COUNT]
    assert asked[3].startswith("contact")


async def test_bad_lines_count_as_the_clock_counts_them() -> None:
    async with push_bench() as bench:
        await bench.punch(f"{LINE}\n0\t2026-08-29 09:00:00\t0\t1")
        commands: list[PushCommand] = []
        while not commands:
            bench.clock.advance(10)
            commands = parse_commands(await bench.poll())
        await _answer(bench, commands[0], [2])
        assert [told.how for told in bench.context.coverages] == ["sum"]
        assert not bench.context.coverages[0].suspect


async def test_a_clock_that_falls_silent_and_comes_back() -> None:
    async with push_bench(push_site(SERIAL, silent_s=0.05)) as bench:
        assert "has not called" in await bench.context.wait_state(DeviceState.OFFLINE)
        await bench.poll()
        await bench.context.wait_state(DeviceState.READY)
        reason = await bench.context.wait_state(DeviceState.OFFLINE)
        assert reason == "silent since 2026-08-29 15:30:00"


async def test_an_access_controller_is_told_apart() -> None:
    async with push_bench() as bench:
        target = f"/iclock/registry?SN={SERIAL}"
        assert (await bench.post(target, "DeviceType=acc")).status == 403
        reason = await bench.context.wait_state(DeviceState.OFFLINE)
        assert "unsupported mode" in reason
        await bench.punch()
        await bench.context.wait_state(DeviceState.READY)


async def test_two_clocks_share_a_server_and_nothing_else() -> None:
    async with push_bench(push_site(SERIAL, "SECOND2")) as bench:
        await bench.punch()
        await bench.post("/iclock/cdata?SN=SECOND2&table=ATTLOG", LINE)
        assert [len(context.events) for context in bench.contexts] == [1, 1]
        sources = {
            c.events[0].identity.source for c in bench.contexts if c.events[0].identity
        }
        assert sources == {f"zk:{SERIAL}", "zk:SECOND2"}


async def test_a_zone_of_its_own() -> None:
    async with push_bench(push_site(SERIAL, timezone_h=5.5)) as bench:
        _, options = parse_handshake(
            (await bench.get(f"/iclock/cdata?SN={SERIAL}&options=all")).body
        )
        assert options["TimeZone"] == "330"
        await bench.punch()
        assert bench.context.events[0].time == NOW + timedelta(hours=2.5)
