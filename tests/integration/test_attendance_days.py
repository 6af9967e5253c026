"""From punches, clocks and what people tell to a row for everybody every day."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path

import pytest
from support.offices import JIA, OFFICE, YI, Office, at, running_office

from bridge.domain.attendance.facts import (
    Correction,
    CorrectionKind,
    Decision,
    Enrolment,
    GapVerdict,
    Leave,
    LeaveKind,
    LeaveUnit,
    Posting,
    Session,
)
from bridge.domain.attendance.results import DayState
from bridge.domain.errors import FactsError, NotFoundError
from bridge.service.attendance.port import DayQuery
from bridge.service.attendance.told import FactKind, Removal
from devices.events import Direction

MONDAY = date(2026, 3, 2)
S = DayState


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with running_office(tmp_path) as office:
        await office.staff()
        yield office


async def end_of(office: Office, day: date) -> None:
    """It is late on a day, and every clock was read."""
    office.clock.time = at(day, 23, 50)
    office.read_all(at(day, 23, 45))
    await office.settle()


async def test_everybody_has_a_row_every_day(office: Office) -> None:
    await office.punch("001", at(MONDAY, 8, 20))
    await office.punch("001", at(MONDAY, 17, 40))
    await end_of(office, MONDAY)
    assert await office.rows() == [
        ("2026-03-02", "001", "present"),
        ("2026-03-02", "002", "absent"),
    ]
    row = await office.day("001", MONDAY)
    assert row.final
    read = row.coverage["clock-east"]
    assert read is not None
    assert read.isoformat() == "2026-03-02T23:45:00+08:00"
    await end_of(office, MONDAY + timedelta(days=5))
    saturday = MONDAY + timedelta(days=5)
    assert await office.rows(from_day=saturday) == [
        ("2026-03-07", "001", "rest"),
        ("2026-03-07", "002", "rest"),
    ]
    assert len(await office.rows()) == 12


async def test_a_dead_clock_is_no_absence(office: Office) -> None:
    office.clock.time = at(MONDAY, 23, 50)
    office.read(at(MONDAY, 23, 45), "clock-east")
    office.read(at(MONDAY, 10, 0), "clock-west")
    await office.settle()
    for person in ("001", "002"):
        row = await office.day(person, MONDAY)
        assert row.state is S.UNKNOWN
        assert not row.final
        assert "clock:clock-west" in row.waiting
    office.read(at(MONDAY, 23, 46), "clock-west")
    await office.settle()
    assert await office.states("001", MONDAY) == [S.ABSENT]
    assert (await office.day("001", MONDAY)).final


async def test_coverage_counts_only_once_its_events_are_committed(
    office: Office,
) -> None:
    office.clock.time = at(MONDAY, 23, 50)
    office.read(at(MONDAY, 23, 45), "clock-east", sequence=2)
    office.read(at(MONDAY, 23, 45), "clock-west")
    await office.settle()
    assert await office.states("001", MONDAY) == [S.UNKNOWN]
    await office.punch("001", at(MONDAY, 8, 20))
    await office.settle()
    assert (await office.day("001", MONDAY)).state is S.UNKNOWN
    await office.punch("001", at(MONDAY, 17, 31))
    await office.settle()
    assert await office.states("001", MONDAY) == [S.PRESENT]
    assert await office.states("002", MONDAY) == [S.ABSENT]


async def test_a_late_punch_changes_its_day_alone(office: Office) -> None:
    await end_of(office, MONDAY + timedelta(days=1))
    assert await office.rows(state=S.ABSENT) == [
        ("2026-03-02", "001", "absent"),
        ("2026-03-02", "002", "absent"),
        ("2026-03-03", "001", "absent"),
        ("2026-03-03", "002", "absent"),
    ]
    await office.punch("001", at(MONDAY, 8, 0))
    await office.punch("001", at(MONDAY, 18, 0))
    await office.settle()
    assert await office.rows(state=S.PRESENT) == [("2026-03-02", "001", "present")]


async def test_a_number_that_is_given_again_is_somebody_elses(office: Office) -> None:
    tuesday = MONDAY + timedelta(days=1)
    await office.hall.attendance.tell(
        [
            replace(JIA, enrolments=[Enrolment(user_id="9", valid_to=MONDAY)]),
            replace(YI, enrolments=[Enrolment(user_id="9", valid_from=tuesday)]),
        ],
        by="管理员",
        reason="换卡",
    )
    for day in (MONDAY, tuesday):
        await office.punch("9", at(day, 8, 0))
        await office.punch("9", at(day, 18, 0))
    await end_of(office, tuesday)
    assert await office.rows(state=S.PRESENT) == [
        ("2026-03-02", "001", "present"),
        ("2026-03-03", "002", "present"),
    ]


async def test_leave_counts_once_it_is_approved(office: Office) -> None:
    await end_of(office, MONDAY)
    ask = Leave(
        id="",
        person="001",
        kind=LeaveKind.SICK,
        unit=LeaveUnit.DAY,
        start=at(MONDAY, 0),
        end=at(MONDAY + timedelta(days=1), 0),
    )
    [asked] = await office.hall.attendance.tell([ask], by="测试甲", reason="发烧")
    assert (asked.status, asked.level, asked.role) == ("pending", 2, "中心")
    await office.settle()
    row = await office.day("001", MONDAY)
    assert row.state is S.ABSENT
    assert not row.final
    assert row.waiting == [f"leave:{asked.id}"]
    decision = Decision(subject=asked.id, approved=True, level=2)
    [decided] = await office.hall.attendance.tell(
        [decision], by="中心主任", reason="同意"
    )
    assert decided.status == "approved"
    assert [each["by"] for each in decided.decisions] == ["中心主任"]
    await office.settle()
    row = await office.day("001", MONDAY)
    assert (row.state, row.final, row.leave_days) == (S.LEAVE, True, 1.0)
    gone = Removal(kind=FactKind.LEAVE, key=asked.id)
    await office.hall.attendance.tell([gone], by="测试甲", reason="撤回")
    await office.settle()
    assert (await office.day("001", MONDAY)).state is S.ABSENT


async def test_a_correction_adds_a_punch_and_says_so(office: Office) -> None:
    await office.punch("001", at(MONDAY, 8, 20))
    await end_of(office, MONDAY)
    assert await office.states("001", MONDAY) == [S.MISSING_OUT]
    sheet = Correction(
        id="",
        person="001",
        day=MONDAY,
        kind=CorrectionKind.PUNCH,
        time=at(MONDAY, 17, 45),
        direction=Direction.OUT,
        reason="忘记打卡",
        proof="监控",
    )
    [change] = [
        each
        for each in await office.hall.attendance.preview([sheet])
        if each.person == "001"
    ]
    assert change.before is not None
    assert change.after is not None
    assert (change.before.state, change.after.state) == (S.MISSING_OUT, S.PRESENT)
    assert await office.states("001", MONDAY) == [S.MISSING_OUT]
    [asked] = await office.hall.attendance.tell([sheet], by="测试甲", reason="忘记打卡")
    approval = Decision(subject=asked.id, approved=True)
    await office.hall.attendance.tell([approval], by="科长", reason="属实")
    await office.settle()
    told = await office.hall.attendance.day("001", MONDAY)
    assert told.row.result.state is S.PRESENT
    assert [each.id for each in told.corrections] == [asked.id]
    assert [entry.actor for entry in told.entries] == ["管理员", "测试甲", "科长"]
    assert [punch.correction for punch in told.row.result.punches] == [None, asked.id]


async def test_a_session_that_the_day_has_not_cannot_be_corrected(
    office: Office,
) -> None:
    await end_of(office, MONDAY)
    sheet = Correction(
        id="",
        person="001",
        day=MONDAY,
        kind=CorrectionKind.STATE,
        state="present",
        session=1,
        reason="开会",
    )
    with pytest.raises(FactsError, match="no session 1: that day has 1"):
        await office.hall.attendance.tell([sheet], by="测试甲", reason="开会")
    first = replace(sheet, session=0)
    await office.hall.attendance.tell([first], by="测试甲", reason="开会")


async def test_other_hours_recompute_the_days_they_touch(office: Office) -> None:
    await office.punch("001", at(MONDAY, 8, 50))
    await office.punch("001", at(MONDAY, 18, 0))
    await end_of(office, MONDAY)
    assert await office.states("001", MONDAY) == [S.LATE]
    later = replace(OFFICE, sessions=[Session(start=time(9), end=time(17, 30))])
    await office.hall.attendance.tell([later], by="管理员", reason="夏令")
    await office.settle()
    assert await office.states("001", MONDAY) == [S.PRESENT]


async def test_a_log_that_shrank_leaves_a_gap_that_somebody_settles(
    office: Office,
) -> None:
    office.clock.time = at(MONDAY, 12)
    office.read_all(at(MONDAY, 11, 59))
    await office.settle()
    office.clock.time = at(MONDAY, 15)
    lost = "its log had 500 rows and has 3"
    office.read(at(MONDAY, 11, 59), "clock-west", suspect=lost)
    await office.settle()
    office.clock.time = at(MONDAY, 23, 50)
    office.read_all(at(MONDAY, 23, 45))
    await office.settle()
    row = await office.day("001", MONDAY)
    assert row.state is S.UNKNOWN
    west = next(
        each
        for each in await office.hall.attendance.clocks()
        if each.device == "clock-west"
    )
    [gap] = [each for each in west.gaps if each.reason == lost]
    assert (gap.start, gap.end, gap.state) == (
        at(MONDAY, 11, 59),
        at(MONDAY, 15),
        "open",
    )
    assert gap.end is not None
    verdict = GapVerdict(
        device="clock-west", start=gap.start, end=gap.end, note="无人打卡"
    )
    await office.hall.attendance.tell([verdict], by="管理员", reason="看过监控")
    await office.settle()
    assert await office.states("001", MONDAY) == [S.ABSENT]


async def test_the_first_part_of_a_gap_can_be_settled(office: Office) -> None:
    tuesday = MONDAY + timedelta(days=1)
    office.clock.time = at(MONDAY, 7)
    office.read_all(at(MONDAY, 6, 59))
    await office.settle()
    office.clock.time = at(tuesday, 22)
    office.read(at(MONDAY, 6, 59), "clock-west", suspect="its log shrank")
    await office.settle()
    office.clock.time = at(tuesday, 23, 50)
    office.read_all(at(tuesday, 23, 45))
    await office.settle()
    assert await office.states("001", MONDAY) == [S.UNKNOWN]
    verdict = GapVerdict(
        device="clock-west", start=at(MONDAY, 6, 59), end=at(tuesday, 0)
    )
    await office.hall.attendance.tell([verdict], by="管理员", reason="看过监控")
    await office.settle()
    assert await office.states("001", MONDAY) == [S.ABSENT]
    assert await office.states("001", tuesday) == [S.UNKNOWN]


async def test_rows_of_before_and_after_their_time_go(office: Office) -> None:
    await end_of(office, MONDAY + timedelta(days=2))
    assert len(await office.rows(person="001")) == 3
    left = replace(JIA, left=MONDAY)
    preview = await office.hall.attendance.preview([left])
    assert [(each.day.day, each.after) for each in preview] == [(4, None), (3, None)]
    assert all(each.before is not None for each in preview)
    await office.hall.attendance.tell([left], by="管理员", reason="调离")
    await office.settle()
    assert [row[0] for row in await office.rows(person="001")] == ["2026-03-02"]
    with pytest.raises(NotFoundError, match="no row on 2026-03-03"):
        await office.hall.attendance.day("001", MONDAY + timedelta(days=1))


async def test_unknown_numbers_are_listed_until_they_are_somebodys(
    office: Office,
) -> None:
    await office.punch("77", at(MONDAY, 8, 0))
    await office.punch("77", at(MONDAY, 8, 5), "clock-west")
    [unknown] = await office.hall.attendance.unknown_users()
    assert (unknown.user_id, unknown.punches) == ("77", 2)
    assert unknown.devices == ["clock-east", "clock-west"]
    owner = replace(YI, enrolments=[Enrolment(user_id="77")])
    await office.hall.attendance.tell([owner], by="管理员", reason="对应")
    assert await office.hall.attendance.unknown_users() == []
    await end_of(office, MONDAY)
    assert (await office.day("002", MONDAY)).punches[0].device == "clock-east"


async def test_days_stay_as_they_are_over_a_restart(tmp_path: Path) -> None:
    async with running_office(tmp_path) as office:
        await office.staff()
        await office.punch("001", at(MONDAY, 8, 20))
        await office.punch("001", at(MONDAY, 17, 40))
        await end_of(office, MONDAY)
        before = await office.hall.attendance.days(DayQuery())
    async with running_office(tmp_path) as office:
        office.clock.time = at(MONDAY, 23, 55)
        await office.settle()
        assert await office.hall.attendance.days(DayQuery()) == before


async def test_days_that_passed_while_the_hall_was_off_are_opened(
    tmp_path: Path,
) -> None:
    async with running_office(tmp_path) as office:
        await office.staff()
        await end_of(office, MONDAY)
    async with running_office(tmp_path) as office:
        office.clock.time = at(MONDAY + timedelta(days=3), 9)
        await office.settle()
        assert len(await office.rows(person="001")) == 4


async def test_another_day_in_the_plan_marks_its_neighbours_too(
    office: Office,
) -> None:
    tuesday = MONDAY + timedelta(days=1)
    await end_of(office, tuesday)
    before = await office.day("001", MONDAY)
    night = replace(
        OFFICE,
        id="night",
        is_default=False,
        sessions=[Session(start=time(1), end=time(5), in_from=time(20))],
    )
    posting = Posting(
        id="N1", person="001", shift="night", valid_from=tuesday, valid_to=tuesday
    )
    day = replace(posting, id="D1", shift="office", valid_from=MONDAY, valid_to=MONDAY)
    await office.hall.attendance.tell([night, day], by="管理员", reason="")
    await office.settle()
    assert (await office.day("001", MONDAY)).sessions[0].out_window == (
        before.sessions[0].out_window
    )
    await office.hall.attendance.tell([posting], by="管理员", reason="夜班")
    await office.settle()
    after = await office.day("001", MONDAY)
    assert after.sessions[0].out_window[1] < before.sessions[0].out_window[1]
