"""The simulated clock as pyzk sees it; real clients wrote the facts down."""

from __future__ import annotations

import asyncio
import queue
from datetime import datetime, timedelta
from typing import Any

import pytest
from support.clocks import DAY, TCP, UDP, clock_entry, fill, simulated_clock, wall_clock
from support.pyzk_client import in_client
from zk.exception import ZKErrorResponse
from zk.user import User

from simulators.hosting.host import Hosted, host

BOTH = pytest.mark.parametrize("url", [TCP, UDP])


@BOTH
@pytest.mark.parametrize("key", [0, 12345])
async def test_pyzk_connects_with_the_right_key_only(url: str, key: int) -> None:
    clock = simulated_clock(clock_entry(url, comm_key=key))
    async with host(clock, url, clock=wall_clock) as hosted:
        serial = await in_client(hosted.url, lambda zk: zk.get_serialnumber(), key)
        assert serial == "SPECIMEN1"
        if key:
            with pytest.raises(ZKErrorResponse, match="Unauth"):
                await in_client(hosted.url, lambda zk: zk, key + 1)
        assert hosted.view()["sessions"] == 0


@BOTH
async def test_pyzk_reads_what_a_clock_tells_about_itself(url: str) -> None:
    def ask(zk: Any) -> list[Any]:
        answers = [
            zk.get_firmware_version(),
            zk.get_platform(),
            zk.get_device_name(),
            zk.get_mac(),
            zk.get_pin_width(),
            zk.get_fp_version(),
            zk.get_extend_fmt(),
            zk.get_face_fun_on(),
            zk.get_network_params()["ip"],
            zk.read_sizes(),
        ]
        return [*answers, zk.users, zk.records, zk.rec_cap]

    clock = simulated_clock(clock_entry(url))
    fill(clock, 3)
    async with host(clock, url, clock=wall_clock) as hosted:
        assert await in_client(hosted.url, ask) == [
            "Ver 6.60 Apr 28 2018",
            "ZMM220_TFT",
            "specimen",
            "00:17:61:00:00:01",
            9,
            10,
            None,
            None,
            "192.0.2.1",
            True,
            5,
            3,
            100_000,
        ]


@BOTH
async def test_pyzk_sets_the_time(url: str) -> None:
    wanted = datetime(2026, 3, 2, 9, 0)  # noqa: DTZ001 - as a clock says it

    def set_time(zk: Any) -> datetime:
        zk.set_time(wanted)
        return zk.get_time()  # type: ignore[no-any-return]

    clock = simulated_clock(clock_entry(url))
    async with host(clock, url, clock=wall_clock) as hosted:
        seen = await in_client(hosted.url, set_time)
        assert timedelta() <= seen - wanted < timedelta(minutes=1)


@BOTH
@pytest.mark.parametrize("size", [40, 16])
@pytest.mark.parametrize("count", [2, 60, 900])
async def test_pyzk_reads_users_and_log(url: str, size: int, count: int) -> None:
    clock = simulated_clock(clock_entry(url, record_size=size, users=40))
    fill(clock, count)
    async with host(clock, url, clock=wall_clock) as hosted:

        def read(zk: Any) -> tuple[list[Any], list[Any]]:
            return zk.get_users(), zk.get_attendance()

        users, log = await in_client(hosted.url, read)
    assert [user.user_id for user in users] == [str(1001 + i) for i in range(40)]
    assert users[0].name == "测试01"
    assert len(log) == count
    assert [row.timestamp for row in log[:2]] == [DAY, DAY + timedelta(minutes=1)]
    assert log[1].user_id == "1002"


async def test_pyzk_reads_a_big_log() -> None:
    clock = simulated_clock(clock_entry(gap_ms=1))
    fill(clock, 5000)
    async with host(clock, TCP, clock=wall_clock) as hosted:

        def read(zk: Any) -> tuple[bytes, int]:
            return zk.read_with_buffer(13)  # type: ignore[no-any-return]

        blob, size = await in_client(hosted.url, read)
    assert size == len(blob) == 5000 * 40 + 4


@pytest.mark.parametrize("size", [40, 16])
async def test_pyzk_hears_a_punch(size: int) -> None:
    clock = simulated_clock(clock_entry(record_size=size))
    async with host(clock, TCP, clock=wall_clock) as hosted:
        heard: queue.Queue[Any] = queue.Queue()
        loop = asyncio.get_running_loop()

        def listen(zk: Any) -> None:
            for event in zk.live_capture(new_timeout=0.05):
                if event is not None:
                    heard.put(event)
                    zk.end_live_capture = True
                elif hosted.view()["live"] and not punched.done():
                    loop.call_soon_threadsafe(punched.set_result, None)

        punched: asyncio.Future[None] = loop.create_future()
        listening = asyncio.ensure_future(in_client(hosted.url, listen))
        await punched
        await hosted.act("punch", {"user_id": "1002", "time": "2026-03-02T08:30:00"})
        await listening
        event = heard.get_nowait()
        assert (event.user_id, event.timestamp) == ("1002", DAY)
        assert event.uid == 2


async def test_pyzk_writes_and_deletes_users() -> None:
    def change(zk: Any) -> list[User]:
        zk.get_users()
        zk.disable_device()
        zk.set_user(uid=9, name="测试09", user_id="1009")
        zk.delete_user(uid=1)
        zk.enable_device()
        return zk.get_users()  # type: ignore[no-any-return]

    async with host(simulated_clock(), TCP, clock=wall_clock) as hosted:
        users = await in_client(hosted.url, change)
        names = {user.user_id: user.name for user in users}
        assert names["1009"] == "测试09"
        assert "1001" not in names
        assert hosted.view()["enabled"]


async def test_the_log_outlives_sessions_and_power_cuts() -> None:
    async with host(simulated_clock(), TCP, clock=wall_clock) as hosted:
        await hosted.act("punch", {"user_id": 1003, "method": "card"})
        assert await _records(hosted) == 1
        await hosted.act("powercycle")
        assert await _records(hosted) == 1
        await in_client(hosted.url, lambda zk: zk.clear_attendance())
        assert await _records(hosted) == 0


async def test_an_unknown_command_is_answered_as_unknown() -> None:
    async with host(simulated_clock(), TCP, clock=wall_clock) as hosted:

        def ask(zk: Any) -> int:
            return zk._ZK__send_command(777)["code"]  # type: ignore[no-any-return]

        assert await in_client(hosted.url, ask) == 0xFFFF


async def _records(hosted: Hosted) -> int:
    def ask(zk: Any) -> int:
        zk.read_sizes()
        return zk.records  # type: ignore[no-any-return]

    return int(await in_client(hosted.url, ask))
