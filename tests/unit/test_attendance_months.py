"""Months, and who stood in for whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from support.attending import (
    DAY,
    LI,
    NIGHT,
    TWO,
    Seen,
    at,
    leave,
    punch,
    schedule,
    see,
)

from bridge.domain.attendance.cover import CoverGap, CoverState, stand_ins
from bridge.domain.attendance.facts import Cover, LeaveKind, LeaveUnit, Person
from bridge.domain.attendance.inputs import Decided
from bridge.domain.attendance.months import month_row
from bridge.domain.attendance.results import DayResult, DayState

FINE = ("08:25", "12:03", "13:55", "17:31")
JUNE = [date(2025, 6, number) for number in range(1, 31)]


def fine(day: date) -> DayResult:
    return see(*FINE, day=day)


def test_a_month_of_fine_days() -> None:
    row = month_row(LI, "2025-06", [fine(day) for day in JUNE])
    assert (row.due_days, row.attended_days, row.final) == (20, 20, True)
    assert (row.worked_min, row.unknown_days) == (20 * 420, 0)
    assert (row.name, row.person, row.month) == ("测试", "0042", "2025-06")
    assert row.days[2] is DayState.HOLIDAY
    assert row.days[11] is DayState.PRESENT
    assert row.days[14] is DayState.REST
    assert list(row.days) == list(range(1, 31))


def test_a_month_adds_up() -> None:
    sick = leave("00:00", "12:00", unit=LeaveUnit.HALF_DAY, kind=LeaveKind.SICK)
    results = {day: fine(day) for day in JUNE}
    for result in (
        see("08:40", *FINE[1:], day=date(2025, 6, 9)),
        see("08:25", "11:30", "14:10", "17:00", day=date(2025, 6, 10)),
        see("13:55", "17:31", decided=Decided(leaves=(sick,))),
        see("08:25", "12:03", day=date(2025, 6, 12)),
        see("08:25", "13:55", "17:31", day=date(2025, 6, 13)),
        see(*FINE[:2], day=date(2025, 6, 30), now="13:00"),
        see(day=date(2025, 6, 27), read="03:00"),
    ):
        results[result.day] = result
    row = month_row(LI, "2025-06", list(results.values()))
    assert (row.late, row.late_min, row.early, row.early_min) == (2, 20, 2, 60)
    assert (row.missing, row.absent_days) == (1, 0.5)
    assert (row.leave_days, row.leave_days_by_kind) == (0.5, {"sick": 0.5})
    assert (row.due_days, row.attended_days) == (20, 17.5)
    assert (row.unknown_days, row.pending_days, row.final) == (1, 1, False)


def test_other_months_are_passed_over_and_order_does_not_matter() -> None:
    days = [date(2025, 5, 30), *JUNE, date(2025, 7, 1)]
    results = [fine(day) for day in days]
    assert month_row(LI, "2025-06", results[::-1]) == month_row(
        LI, "2025-06", results[1:-1]
    )


@pytest.mark.parametrize(
    ("days", "final"),
    [
        (JUNE, True),
        (JUNE[10:], True),  # kept from then on
        (JUNE[:-1], False),
        ([*JUNE[:5], *JUNE[6:]], False),
        ([], False),
    ],
)
def test_a_month_is_final_with_all_its_days(
    days: Sequence[date], *, final: bool
) -> None:
    assert month_row(LI, "2025-06", [fine(day) for day in days]).final is final


def test_a_month_ends_with_the_person() -> None:
    person = replace(LI, left=date(2025, 6, 20))
    assert month_row(person, "2025-06", [fine(day) for day in JUNE[:20]]).final


WANG = Person(id="0007", name="证件样本")
CHEN = Person(id="0008", name="证件样本二")
COVER = Cover(id="V1", place="7", a=LI.id, b=WANG.id, valid_from=DAY)
OFF = leave("00:00", "+1 00:00", unit=LeaveUnit.DAY)
MORNING_OFF = leave("00:00", "12:00", unit=LeaveUnit.HALF_DAY)
AWAY = Decided(leaves=(OFF,))


def shown(gaps: Sequence[CoverGap]) -> str:
    return " ".join(
        f"{gap.start:%H:%M}-{gap.end:%H:%M}:{gap.state.value}"
        + (f":{gap.reason.value}" if gap.reason else "")
        for gap in gaps
    )


def as_wang(*punches: str, **more: object) -> DayResult:
    result = Seen(punches=punches, **more).result()  # type: ignore[arg-type]
    return replace(result, person=WANG.id)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (see(*FINE), as_wang(), ""),
        (see(decided=AWAY), as_wang(*FINE), "08:30-12:00:covered 14:00-17:30:covered"),
        (
            see(decided=AWAY),
            as_wang("08:25", "12:03"),
            "08:30-12:00:covered 14:00-17:30:uncovered:absent",
        ),
        (see(), as_wang(), "08:30-12:00:uncovered:absent 14:00-17:30:uncovered:absent"),
        (
            see("08:25", "12:03"),
            as_wang("08:25", "12:03", "13:55"),
            "14:00-17:30:covered",
        ),
        (
            see(decided=Decided(leaves=(MORNING_OFF,))),
            as_wang(decided=AWAY),
            "08:30-12:00:uncovered:leave 14:00-17:30:uncovered:leave",
        ),
        # a part of a session
        (
            see(*FINE, decided=Decided(leaves=(leave("10:00", "11:00"),))),
            as_wang("08:25", "09:59", "10:30", "11:58"),
            "10:00-11:00:covered",
        ),
        (
            see(*FINE, decided=Decided(leaves=(leave("10:00", "11:00"),))),
            as_wang(*FINE, decided=Decided(leaves=(leave("10:00", "11:30"),))),
            "10:00-11:00:uncovered:absent",
        ),
        (
            see(*FINE, decided=Decided(leaves=(leave("10:00", "11:00"),))),
            as_wang(decided=Decided(leaves=(leave("09:00", "11:30"),)), now="08:00"),
            "10:00-11:00:due:pending",
        ),
        # not known, not over
        (
            see(decided=AWAY),
            as_wang(read="03:00"),
            "08:30-12:00:unknown:unknown 14:00-17:30:unknown:unknown",
        ),
        (
            see(decided=AWAY, now="-1 12:00"),
            as_wang(now="-1 12:00"),
            "08:30-12:00:due:pending 14:00-17:30:due:pending",
        ),
        (
            see(decided=AWAY, now="10:20"),
            as_wang(now="10:20"),
            "08:30-12:00:uncovered:absent 14:00-17:30:due:pending",
        ),
        (
            see(decided=AWAY, now="-1 12:00"),
            as_wang(decided=AWAY, now="-1 12:00"),
            "08:30-12:00:uncovered:leave 14:00-17:30:uncovered:leave",
        ),
        # B was not due, and came anyway
        (
            see(decided=AWAY),
            as_wang("09:00", "11:00", shift=NIGHT),
            "08:30-12:00:covered 14:00-17:30:uncovered:not_due",
        ),
        (see(read="03:00"), as_wang(), ""),
        (see("12:03"), as_wang(), "14:00-17:30:uncovered:absent"),
    ],
)
def test_stand_ins(a: DayResult, b: DayResult, expected: str) -> None:
    gaps = stand_ins([COVER], {LI.id: [a], WANG.id: [b]})
    assert shown(gaps) == expected


def test_nothing_known_of_b_is_no_alarm() -> None:
    (first, _) = stand_ins([COVER], {LI.id: [see(decided=AWAY)]})
    assert (first.reason, first.state) == ("unknown", CoverState.UNKNOWN)
    assert (first.cover, first.place, first.a, first.b) == ("V1", "7", LI.id, WANG.id)
    assert (first.away, first.day) == (DayState.LEAVE, DAY)


@pytest.mark.parametrize(
    ("cover", "gaps"),
    [
        (COVER, 2),
        (replace(COVER, valid_from=DAY + timedelta(days=1)), 0),
        (replace(COVER, valid_to=DAY), 2),
        (replace(COVER, valid_from=date(2020, 1, 1), valid_to=date(2025, 6, 10)), 0),
    ],
)
def test_covers_hold_for_a_time(cover: Cover, gaps: int) -> None:
    results = {LI.id: [see(decided=AWAY)], WANG.id: [as_wang()]}
    assert len(stand_ins([cover], results)) == gaps


SECOND = replace(COVER, id="V2", b=CHEN.id)


@pytest.mark.parametrize(
    ("chen", "place", "expected"),
    [
        (see(*FINE), "7", {}),
        (see(), "7", {"V1": "uncovered", "V2": "uncovered"}),
        (see(read="03:00"), "7", {"V1": "unknown", "V2": "unknown"}),
        (see(*FINE), "8", {"V1": "uncovered"}),
    ],
)
def test_one_of_several_stand_ins_is_enough(
    chen: DayResult, place: str, expected: Mapping[str, str]
) -> None:
    results = {LI.id: [see(decided=AWAY)], WANG.id: [as_wang()], CHEN.id: [chen]}
    gaps = stand_ins([COVER, replace(SECOND, place=place)], results)
    missing = {gap.cover: gap.state.value for gap in gaps if gap.reason is not None}
    assert missing == expected


def test_a_stand_in_over_midnight() -> None:
    a = see(shift=NIGHT, decided=AWAY)
    late = punch(1, "+1 00:30", received=at("+1 00:30"))
    b = see(late, plan=schedule(TWO), day=DAY + timedelta(days=1))
    gaps = stand_ins([COVER], {LI.id: [a], WANG.id: [as_wang(), b]})
    assert {gap.state for gap in gaps} == {CoverState.COVERED}
