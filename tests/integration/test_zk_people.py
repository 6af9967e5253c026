"""People in a clock's own list, changed by command, over real sockets."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from support.clock_bench import Bench, bench
from support.clocks import TCP, UDP, clock_entry, simulated_clock
from support.driving import RecordingContext

from devices.errors import CommandRejectedError
from devices.zk.users import ClockUser
from drivers.zk.commands import COMMANDS

BOTH = pytest.mark.parametrize("url", [TCP, UDP])
PASSWORD = "86420"  # noqa: S105 - a specimen
LAYOUTS = pytest.mark.parametrize("size", [40, 8])


def kept(it: Bench, user_id: str) -> ClockUser | None:
    users = it.clock.memory.users.values()
    return next((user for user in users if user.user_id == user_id), None)


@BOTH
@LAYOUTS
async def test_somebody_is_added_changed_and_deleted(url: str, size: int) -> None:
    async with bench(url, record_size=size) as it:
        await it.ready()
        told = await it.driving.execute(
            "user_set",
            user_id="2001",
            name="证件",
            privilege="manager",
            password=PASSWORD,
        )
        assert told == {
            "user_id": "2001",
            "name": "证件",
            "added": True,
            "warnings": [],
        }
        user = kept(it, "2001")
        assert user is not None
        assert (user.uid, user.privilege, user.password) == (6, 6, PASSWORD)
        told = await it.driving.execute(
            "user_set", user_id="2001", name="样本", card=4711, enabled=False
        )
        assert told["added"] is False
        user = kept(it, "2001")
        assert user is not None
        # What was not given stays.
        assert (user.uid, user.role, user.is_disabled) == (6, "manager", True)
        assert (user.name, user.password, user.card) == ("样本", PASSWORD, 4711)
        told = await it.driving.execute("user_delete", user_id="2001")
        assert told == {"user_id": "2001", "deleted": True}
        assert kept(it, "2001") is None
        added = await it.tampered("user_added", 2)
        (deleted,) = await it.tampered("user_deleted")
        # A punch shows that the visit between has seen the operator log.
        await it.context.wait(lambda: it.context.info.get("operator_log") == "read")
    assert [each.data.get("text") for each in added] == [None, "changed"]
    assert deleted.data == {
        "kind": "user_deleted",
        "raw": "",
        "by": "halld",
        "user_id": "2001",
    }
    assert len(it.tampers) == 3


@pytest.mark.parametrize(
    ("size", "encoding", "cut"),
    [
        (40, "utf-8", "测试测试测试测试"),
        (8, "utf-8", "测试"),
        (40, "gb18030", "测试测试测试测试测试测试"),
        (8, "gb18030", "测试测试"),
    ],
)
async def test_names_are_cut_between_characters_and_that_is_told(
    size: int, encoding: str, cut: str
) -> None:
    async with bench(record_size=size, encoding=encoding) as it:
        await it.ready()
        told = await it.driving.execute("user_set", user_id="2001", name="测试" * 20)
        assert told["name"] == cut
        assert f"cut to '{cut}'" in told["warnings"][0]
        user = kept(it, "2001")
        assert user is not None
        assert user.raw_name == cut.encode(encoding)


async def test_what_a_clock_cannot_keep_is_refused_before_it_is_written() -> None:
    async with bench(record_size=8) as it:
        await it.ready()
        with pytest.raises(CommandRejectedError, match="numbers only"):
            await it.driving.execute("user_set", user_id="A7", name="测试")
        with pytest.raises(CommandRejectedError, match="no user 4711"):
            await it.driving.execute("user_delete", user_id="4711")
        for wrong in ({"user_id": "0;1"}, {"name": "a\tb"}, {"password": "abc"}):
            args = {"user_id": "2001", "name": "测试", **wrong}
            with pytest.raises(ValueError, match="pattern"):
                await it.driving.execute("user_set", **args)
    assert len(it.clock.memory.users) == 5


async def test_passwords_are_never_shown_or_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with bench() as it:
        await it.ready()
        replies = [
            await it.driving.execute(
                "user_set", user_id="2001", name="测试", password=PASSWORD
            ),
            await it.driving.execute("users"),
            await it.driving.execute("users_export", templates=True),
            await it.driving.execute("info"),
        ]
    assert replies[2]["users"][-1]["has_password"] is True
    told = f"{replies}{it.context.info}{it.context.events}{caplog.text}"
    assert PASSWORD not in told


async def test_lists_come_in_pages() -> None:
    async with bench(users=1200) as it:
        await it.ready()
        first = await it.driving.execute("users")
        assert (len(first["users"]), first["total"]) == (500, 1200)
        last = await it.driving.execute("users", offset=1100, limit=500)
        assert [len(last["users"]), last["users"][0]["user_id"]] == [100, "2101"]


async def exported(it: Bench, **args: Any) -> list[dict[str, Any]]:
    pages: list[dict[str, Any]] = []
    offset: int | None = 0
    while offset is not None:
        page = dict(await it.driving.execute("users_export", offset=offset, **args))
        pages.append(page)
        offset = page["next"]
    return pages


@BOTH
async def test_people_and_fingers_go_from_clock_to_clock(url: str) -> None:
    entry = clock_entry(serial="SPECIMEN2", users=0)
    empty = simulated_clock(entry)
    context = RecordingContext(entry, empty.site)
    async with (
        bench(url, users=60, fingers=10) as it,
        bench(url, clock=empty, context=context) as other,
    ):
        await it.ready()
        await other.ready()
        pages = await exported(it, templates=True)
        assert len(pages) > 1
        assert max(len(str(page)) for page in pages) < 256 * 1024
        for page in pages:
            users = [
                {key: value for key, value in each.items() if key != "has_password"}
                for each in page["users"]
            ]
            told = await other.driving.execute(
                "users_import", users=users, templates=page["templates"]
            )
            assert told["added"] == len(users)
            assert told["templates"] == len(page["templates"])
    old, new = it.clock.memory, other.clock.memory
    assert [u.user_id for u in new.users.values()] == [
        u.user_id for u in old.users.values()
    ]
    assert [u.name for u in new.users.values()] == [u.name for u in old.users.values()]
    assert len(new.people.templates) == 600
    assert {each.data for each in new.people.templates.values()} == {
        each.data for each in old.people.templates.values()
    }


async def test_one_person_is_exported_alone() -> None:
    async with bench(fingers=2) as it:
        await it.ready()
        (page,) = await exported(it, user_id="1003", templates=True)
        assert [each["user_id"] for each in page["users"]] == ["1003"]
        assert [each["finger"] for each in page["templates"]] == [0, 1]
        assert page["templates"][0]["user_id"] == "1003"
        with pytest.raises(CommandRejectedError, match="no user 4711"):
            await it.driving.execute("users_export", user_id="4711")


async def test_templates_need_somebody_to_belong_to() -> None:
    finger = {"user_id": "4711", "finger": 0, "data": "AAAA"}
    bad = {**finger, "data": "A*A*"}
    async with bench() as it:
        await it.ready()
        with pytest.raises(CommandRejectedError, match="no user 4711"):
            await it.driving.execute("users_import", templates=[finger])
        with pytest.raises(CommandRejectedError, match="no base64"):
            await it.driving.execute("users_import", templates=[bad])


async def test_a_technician_sets_the_time_but_not_by_a_doubtful_host() -> None:
    entry = clock_entry(drift_s=30)
    context = RecordingContext(entry, simulated_clock(entry).site)
    async with bench(drift_s=30, context=context) as it:
        await it.ready()
        told = await it.driving.execute("set_time")
        assert told["was_off_s"] == pytest.approx(30, abs=3)
        assert abs(told["drift_s"]) <= 3
        await it.tampered("clock_set")
        context.clock_trusted = False
        with pytest.raises(CommandRejectedError, match="doubtful"):
            await it.driving.execute("set_time")


def test_nothing_that_opens_doors_or_clears_is_offered() -> None:
    words = " ".join(COMMANDS)
    assert not any(word in words for word in ("unlock", "clear", "open", "restart"))
