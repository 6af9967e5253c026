"""pyzk changes a simulated clock: users, fingers, logs, time, restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from support.clocks import TCP, UDP, clock_entry, fill, simulated_clock, wall_clock
from support.pyzk_client import in_client, pyzk
from zk.exception import ZKErrorResponse, ZKNetworkError
from zk.finger import Finger
from zk.user import User

from devices.zk.operations_log import OPERATIONS_REQUEST, decode_operations
from devices.zk.templates import FingerTemplate, decode_templates
from devices.zk.values import TEMPLATES_REQUEST
from simulators.hosting.host import Hosted, host
from simulators.zk.people import specimen_template
from simulators.zk.simulator import ZkClock

BOTH = pytest.mark.parametrize("url", [TCP, UDP])
OLD_AND_NEW = pytest.mark.parametrize("size", [40, 16])


def fingers(clock: ZkClock) -> list[FingerTemplate]:
    return list(clock.memory.people.table())


@BOTH
@OLD_AND_NEW
@pytest.mark.parametrize("key", [0, 99])
async def test_pyzk_sets_and_deletes_users(url: str, size: int, key: int) -> None:
    clock = simulated_clock(clock_entry(url, comm_key=key, record_size=size))

    def change(zk: Any) -> dict[str, User]:
        zk.get_users()
        zk.set_user(uid=9, name="测试", privilege=14, user_id="1009", card=77)
        zk.set_user(uid=2, name="样本", user_id="1002")
        zk.delete_user(user_id="1001")
        return {user.user_id: user for user in zk.get_users()}

    async with host(clock, url, clock=wall_clock) as hosted:
        users = await in_client(hosted.url, change, key)
    assert set(users) == {"1002", "1003", "1004", "1005", "1009"}
    assert (users["1009"].name, users["1009"].card) == ("测试", 77)
    assert (users["1009"].privilege, users["1002"].name) == (14, "样本")
    numbers = [each.number for each in clock.memory.operations]
    assert numbers == [30, 36, 9]


@BOTH
@OLD_AND_NEW
async def test_pyzk_saves_and_reads_templates(url: str, size: int) -> None:
    clock = simulated_clock(clock_entry(url, record_size=size))
    saved = [
        Finger(9, place, 1, specimen_template("S", 9, place).data) for place in (0, 7)
    ]

    def save(zk: Any) -> list[Any]:
        zk.get_users()
        user = User(9, "测试", 0, user_id="1009", group_id="1")
        zk.save_user_template(user, saved)
        first = zk.get_user_template(9, 7)
        read = zk.get_templates()
        zk.read_sizes()
        return [first, read, zk.fingers, zk.users]

    async with host(clock, url, clock=wall_clock) as hosted:
        first, read, count, users = await in_client(hosted.url, save)
    assert first == saved[1]
    assert read == saved
    assert (count, users) == (2, 6)
    assert clock.memory.users[9].name == "测试"


@BOTH
async def test_pyzk_adds_a_finger_to_a_known_user_and_deletes_it(url: str) -> None:
    clock = simulated_clock(clock_entry(url, fingers=1))

    def change(zk: Any) -> list[Any]:
        zk.get_users()
        zk.save_user_template(1002, [Finger(2, 5, 1, b"specimen")])
        known = len(zk.get_templates())
        deleted = [zk.delete_user_template(uid=2, temp_id=5) for _ in range(2)]
        missing = zk.get_user_template(2, 5)
        return [known, deleted, missing, len(zk.get_templates())]

    async with host(clock, url, clock=wall_clock) as hosted:
        answers = await in_client(hosted.url, change)
    assert answers == [6, [True, False], None, 5]


@BOTH
async def test_many_fingers_come_in_chunks(url: str) -> None:
    clock = simulated_clock(clock_entry(url, users=12, fingers=3))

    def read(zk: Any) -> tuple[list[Any], bytes]:
        return zk.get_templates(), zk.read_with_buffer(*TEMPLATES_REQUEST)[0]

    async with host(clock, url, clock=wall_clock) as hosted:
        found, blob = await in_client(hosted.url, read)
    assert len(found) == 36
    assert list(decode_templates(blob)) == fingers(clock)


async def test_an_upload_that_is_none_is_refused() -> None:
    clock = simulated_clock()

    def spoil(zk: Any) -> None:
        zk._send_with_buffer(b"x" * 3000)
        zk._ZK__send_command(110, b"")
        assert zk._ZK__response == 2001
        zk.delete_user(uid=99)

    async with host(clock, TCP, clock=wall_clock) as hosted:
        with pytest.raises(ZKErrorResponse, match="delete"):
            await in_client(hosted.url, spoil)
        assert not hosted.failure
        assert fingers(clock) == []


@BOTH
async def test_pyzk_clears_and_the_operator_log_tells(url: str) -> None:
    clock = simulated_clock(clock_entry(url, fingers=1))
    fill(clock, 4)

    def clear(zk: Any) -> list[Any]:
        zk.set_time(wall_clock().replace(tzinfo=None))
        zk.clear_attendance()
        after = zk.get_attendance()
        zk._ZK__send_command(14)  # its clear_data fails on Python 3
        left = [zk.get_users(), zk.get_templates()]
        blob = zk.read_with_buffer(*OPERATIONS_REQUEST)[0]
        return [after, left, [each.number for each in decode_operations(blob)]]

    async with host(clock, url, clock=wall_clock) as hosted:
        assert await in_client(hosted.url, clear) == [[], [[], []], [21, 23, 13]]


@BOTH
@pytest.mark.parametrize("acks", [True, False])
async def test_pyzk_restarts_a_clock(url: str, *, acks: bool) -> None:
    clock = simulated_clock(clock_entry(url, restart_acks=acks))

    def restart(url: str) -> None:
        with pyzk(url) as zk:
            zk._ZK__timeout = 5 if acks else 0.05
            zk.connect()
            zk.restart()

    async with host(clock, url, clock=wall_clock) as hosted:
        if acks:
            await asyncio.to_thread(restart, hosted.url)
        else:
            with pytest.raises(ZKNetworkError):
                await asyncio.to_thread(restart, hosted.url)
        assert hosted.view()["sessions"] == 0
        assert await in_client(hosted.url, lambda zk: zk.get_serialnumber())


async def test_pyzk_enrolls_a_finger() -> None:
    clock = simulated_clock(clock_entry(UDP))
    async with host(clock, UDP, clock=wall_clock) as hosted:
        enrolling = asyncio.ensure_future(
            in_client(hosted.url, lambda zk: zk.enroll_user(uid=2, temp_id=3))
        )
        await _until(lambda: hosted.view()["enrolling"])
        for _ in range(3):
            await hosted.act("press")
        assert await enrolling
        assert [(one.uid, one.finger) for one in fingers(clock)] == [(2, 3)]


@BOTH
async def test_pyzk_reads_the_past_of_a_clock(url: str) -> None:
    clock = simulated_clock(clock_entry(url, history_days=30, record_size=16))
    async with host(clock, url, clock=wall_clock) as hosted:
        records = hosted.view()["records"]
        log = await in_client(hosted.url, lambda zk: zk.get_attendance())
        assert len(log) == records > 300
        await hosted.act("fill", {"rows": 10})
        await hosted.act("drop_rows", {"n": 20})
        assert await _records(hosted) == records - 10
        await hosted.act("clear_log")
        assert await _records(hosted) == 0
    assert {row.timestamp.hour for row in log} <= {8, 9, 12, 13, 17}
    assert max(row.timestamp for row in log).date() < wall_clock().date()


async def test_a_clock_with_one_session_refuses_pyzks_second() -> None:
    clock = simulated_clock(max_sessions=1)
    async with host(clock, TCP, clock=wall_clock) as hosted:

        def second(zk: Any) -> str:
            with pyzk(hosted.url) as other, pytest.raises(ZKErrorResponse) as caught:
                other.connect()
            return f"{zk.get_serialnumber()} {caught.value}"

        told = await in_client(hosted.url, second)
        assert told.startswith("SPECIMEN1 Invalid response")


async def _records(hosted: Hosted) -> int:
    def ask(zk: Any) -> int:
        zk.read_sizes()
        return zk.records  # type: ignore[no-any-return]

    return int(await in_client(hosted.url, ask))


async def _until(ready: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not ready():  # noqa: ASYNC110 - a clock tells nobody
            await asyncio.sleep(0.005)
