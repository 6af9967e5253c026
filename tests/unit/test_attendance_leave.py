"""Leave: how long, who approves, what it makes of a day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from support.attending import (
    FOUR,
    NIGHT,
    ONE,
    TWO,
    at,
    by_session,
    changed,
    leave,
    see,
    states,
    stretch,
    uses,
    window,
)

from bridge.domain.attendance.facts import Leave, LeaveKind, LeaveUnit, Shift
from bridge.domain.attendance.inputs import Decided
from bridge.domain.attendance.leave import (
    DEFAULT_LEVELS,
    ApprovalLevel,
    length_days,
    length_h,
    required_level,
)

HOUR, HALF, WHOLE = LeaveUnit.HOUR, LeaveUnit.HALF_DAY, LeaveUnit.DAY


@pytest.mark.parametrize(
    ("unit", "start", "end", "hours", "days", "level"),
    [
        (HOUR, "09:00", "10:30", 1.5, 0.1875, 1),
        (HOUR, "09:00", "11:00", 2, 0.25, 1),
        (HOUR, "09:00", "11:01", 2 + 1 / 60, 0.2521, 2),
        (HOUR, "08:30", "17:30", 8, 1, 2),
        (HOUR, "16:00", "+1 10:00", 16, 2, 3),
        (HOUR, "22:00", "+1 06:00", 8, 1, 2),
        (HALF, "00:00", "12:00", 4, 0.5, 2),
        (HALF, "12:00", "+1 00:00", 4, 0.5, 2),
        (HALF, "00:00", "13:00", 4, 0.5, 2),
        (HALF, "13:00", "+1 00:00", 4, 0.5, 2),
        (HALF, "08:30", "12:00", 4, 0.5, 2),
        (HALF, "14:00", "17:30", 4, 0.5, 2),
        (HALF, "08:30", "17:30", 8, 1, 2),
        (HALF, "13:00", "+1 12:00", 8, 1, 2),
        (HALF, "13:00", "+2 12:00", 16, 2, 3),
        (WHOLE, "00:00", "+1 00:00", 8, 1, 2),
        (WHOLE, "00:00", "+2 00:00", 16, 2, 3),
        (WHOLE, "08:30", "17:30", 8, 1, 2),
        (WHOLE, "08:30", "+2 17:30", 24, 3, 3),
        (WHOLE, "00:00", "00:00", 8, 1, 2),
    ],
)
def test_length_and_level(  # noqa: PLR0917 - a table's columns
    unit: LeaveUnit, start: str, end: str, hours: float, days: float, level: int
) -> None:
    asked = leave(start, end, unit=unit)
    assert length_h(asked) == pytest.approx(hours)
    assert length_days(asked) == pytest.approx(days, abs=1e-4)
    assert required_level(asked, DEFAULT_LEVELS) == level


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ((), 1),
        ((ApprovalLevel(role="a"),), 1),
        ((ApprovalLevel(role="a", up_to_days=1),), 1),
        ((ApprovalLevel(role="a", up_to_h=2), ApprovalLevel(role="b", up_to_h=4)), 2),
        ((ApprovalLevel(role="a", up_to_h=2, up_to_days=3),), 1),
    ],
)
def test_levels(levels: tuple[ApprovalLevel, ...], expected: int) -> None:
    assert required_level(leave("00:00", "+2 00:00", unit=WHOLE), levels) == expected


ALL_DAY = leave("00:00", "+1 00:00", unit=WHOLE)
FIELD = LeaveKind.FIELD_DUTY


@pytest.mark.parametrize(
    ("shift", "leaves", "punches", "expected", "days"),
    [
        (TWO, (ALL_DAY,), "", "leave | leave", 1.0),
        (TWO, (leave("08:30", "17:30", unit=WHOLE),), "", "leave | leave", 1.0),
        (TWO, (leave("08:30", "17:30"),), "", "leave | leave", 1.0),
        (TWO, (leave("00:00", "12:00", unit=HALF),), "", "leave | absent", 0.5),
        (
            TWO,
            (leave("00:00", "12:00", unit=HALF),),
            "13:55 17:31",
            "leave | present",
            0.5,
        ),
        (
            TWO,
            (leave("12:00", "+1 00:00", unit=HALF),),
            "08:25 12:03",
            "present | leave",
            0.5,
        ),
        # by the hour, at the beginning, at the end, in the middle
        (
            TWO,
            (leave("08:30", "10:00"),),
            "09:58 12:03 13:55 17:31",
            "present | present",
            0.21,
        ),
        (
            TWO,
            (leave("08:30", "10:00"),),
            "10:10 12:03 13:55 17:31",
            "late | present",
            0.21,
        ),
        (
            TWO,
            (leave("08:30", "11:00"),),
            "11:20 12:03 13:55 17:31",
            "late | present",
            0.36,
        ),
        (
            TWO,
            (leave("08:00", "10:00"),),
            "12:03 13:55 17:31",
            "missing_in | present",
            0.21,
        ),
        (
            TWO,
            (leave("16:00", "18:00"),),
            "08:25 12:03 13:55 16:01",
            "present | present",
            0.21,
        ),
        (
            TWO,
            (leave("16:00", "18:00"),),
            "08:25 12:03 13:55 15:30",
            "present | early",
            0.21,
        ),
        (
            TWO,
            (leave("09:30", "11:00"),),
            "08:25 12:03 13:55 17:31",
            "present | present",
            0.21,
        ),
        (TWO, (leave("09:30", "11:00"),), "", "absent | absent", 0.21),
        (
            TWO,
            (leave("11:00", "15:00"),),
            "08:25 11:00 15:00 17:30",
            "present | present",
            0.28,
        ),
        # of several the one that began first holds
        (
            TWO,
            (leave("08:30", "10:00"), leave("09:30", "12:00", key="L2")),
            "",
            "leave | absent",
            0.5,
        ),
        (
            TWO,
            (leave("10:00", "12:00"), leave("08:30", "10:00", key="L2")),
            "",
            "leave | absent",
            0.5,
        ),
        (
            TWO,
            (leave("08:30", "09:30"), leave("11:00", "12:00", key="L2")),
            "09:30 11:00",
            "present | absent",
            0.28,
        ),
        (
            TWO,
            (leave("08:30", "12:00"), leave("09:00", "10:00", key="L2")),
            "",
            "leave | absent",
            0.5,
        ),
        # four windows
        (
            FOUR,
            (leave("09:00", "10:00"),),
            "09:59 12:01 12:30 17:00",
            "present | present",
            0.17,
        ),
        (
            FOUR,
            (leave("09:00", "10:00"),),
            "10:01 12:01 12:30 17:00",
            "missing_in | present",
            0.17,
        ),
        (
            FOUR,
            (leave("09:00", "10:00"),),
            "08:30 12:01 12:30 17:00",
            "present | present",
            0.17,
        ),
        (
            FOUR,
            (leave("15:00", "17:00"),),
            "08:30 12:01 12:30 15:00",
            "present | present",
            0.25,
        ),
        (
            FOUR,
            (leave("15:00", "17:00"),),
            "08:30 12:01 12:30 17:00",
            "present | present",
            0.25,
        ),
        # nights belong to the day they begin on
        (NIGHT, (ALL_DAY,), "", "leave", 1.0),
        (NIGHT, (leave("-1 00:00", "00:00", unit=WHOLE),), "", "absent", 0),
        (NIGHT, (leave("+1 00:00", "+2 00:00", unit=WHOLE),), "", "absent", 0),
        (NIGHT, (leave("23:30", "+1 06:00"),), "21:55 23:30", "present", 0.81),
        (ONE, (leave("13:00", "17:00"),), "08:55 13:00", "present", 0.5),
    ],
)
def test_what_leave_makes_of_a_day(
    shift: Shift, leaves: tuple[Leave, ...], punches: str, expected: str, days: float
) -> None:
    result = see(*punches.split(), shift=shift, decided=Decided(leaves=leaves))
    assert by_session(result) == expected
    assert result.leave_days == pytest.approx(days)
    total = result.attended_days + result.leave_days + result.absent_days
    assert total == pytest.approx(result.due_days)
    assert result.final


def test_field_duty_is_attended() -> None:
    duty = leave("00:00", "12:00", unit=HALF, kind=FIELD)
    result = see("13:55", "17:31", decided=Decided(leaves=(duty,)))
    assert by_session(result) == "field_duty | present"
    assert (result.field_days, result.attended_days, result.leave_days) == (0.5, 1, 0)
    assert result.worked_min == 420
    assert result.leave_days_by_kind == {}


def test_leave_and_field_duty_of_one_session() -> None:
    leaves = (
        leave("08:30", "10:15", kind=LeaveKind.SICK),
        leave("10:15", "12:00", kind=FIELD, key="L2"),
    )
    result = see("13:55", "17:31", decided=Decided(leaves=leaves))
    assert by_session(result) == "leave+field_duty | present"
    assert (result.leave_days, result.field_days) == (0.25, 0.25)
    assert result.leave_days_by_kind == {"sick": 0.25}
    assert result.leaves == ("L1", "L2")


def test_kinds_are_counted_apart() -> None:
    leaves = (
        leave("00:00", "12:00", unit=HALF, kind=LeaveKind.SICK),
        leave("12:00", "+1 00:00", unit=HALF, kind=LeaveKind.ANNUAL, key="L2"),
    )
    result = see(decided=Decided(leaves=leaves))
    assert result.leave_days_by_kind == {"sick": 0.5, "annual": 0.5}


def test_who_punches_on_leave_is_noted_and_not_late() -> None:
    result = see("09:10", "10:00", "13:55", "17:31", decided=Decided(leaves=(ALL_DAY,)))
    assert states(result) == "leave"
    assert (result.late, result.worked_min) == (0, 0)
    assert uses(result) == ["inside"] * 4
    assert result.sessions[0].notes == ("punched_on_leave:2",)


@pytest.mark.parametrize("day", [date(2025, 6, 14), date(2025, 10, 1)])
def test_leave_on_days_off_uses_nothing(day: date) -> None:
    asked = Leave(
        id="L1",
        person="0042",
        kind=LeaveKind.PERSONAL,
        unit=WHOLE,
        start=at("00:00", day),
        end=at("00:00", day + timedelta(days=1)),
    )
    result = see(day=day, decided=Decided(leaves=(asked,)))
    assert states(result) in {"rest", "holiday"}
    assert (result.leave_days, result.leave_days_by_kind) == (0, {})
    assert result.leaves == ("L1",)


def test_leave_in_the_future_is_told_and_not_final() -> None:
    result = see(decided=Decided(leaves=(ALL_DAY,)), now="-1 12:00")
    assert (states(result), result.waiting) == ("leave", ("time",))
    assert result.next_look == at("21:30")


@pytest.mark.parametrize(
    ("asked", "waiting"),
    [
        (ALL_DAY, ("leave:L1",)),
        (leave("11:00", "11:30"), ("leave:L1",)),
        (leave("12:00", "14:00"), ()),
        (leave("+1 00:00", "+2 00:00", unit=WHOLE), ()),
    ],
)
def test_leave_that_is_not_decided(asked: Leave, waiting: tuple[str, ...]) -> None:
    result = see(decided=Decided(pending_leaves=(asked,)))
    assert (states(result), result.waiting) == ("absent", waiting)
    assert result.final is not bool(waiting)


def test_windows_move_with_leave() -> None:
    decided = Decided(
        leaves=(leave("08:30", "10:00"), leave("16:00", "18:00", key="L2"))
    )
    (morning, afternoon) = see(decided=decided).sessions
    assert (window(morning.in_window), window(morning.out_window)) == (
        "04:30-11:00",
        "11:00-13:00",
    )
    assert (window(afternoon.in_window), window(afternoon.out_window)) == (
        "13:00-15:00",
        "15:00-21:30",
    )
    assert morning.away == ((at("08:30"), at("10:00")),)


def test_leave_is_left_out_of_the_minutes_worked() -> None:
    decided = Decided(leaves=(leave("09:30", "11:00"),))
    (morning, _) = see("08:30", "12:00", "14:00", "17:30", decided=decided).sessions
    assert (morning.worked_min, morning.leave_days) == (120, 0.21)


def test_leave_counts_as_work_for_limits() -> None:
    shift = changed(TWO, half_day_below_min=400)
    decided = Decided(leaves=(leave("08:30", "12:00"),))
    assert (
        states(see("13:55", "17:31", shift=shift, decided=decided)) == "leave present"
    )
    without = see("10:00", "10:20", "13:55", "17:31", shift=shift)
    assert "absent" in states(without)


def test_absence_leaves_out_what_is_excused() -> None:
    decided = Decided(leaves=(leave("08:30", "10:00"),))
    result = see(decided=decided)
    assert (result.leave_days, result.absent_days) == (0.21, 0.79)


def test_flexible_hours_end_with_leave() -> None:
    shift = changed(ONE, flex_min=30)
    decided = Decided(leaves=(leave("09:00", "10:00"),))
    assert by_session(see("10:20", "17:30", shift=shift, decided=decided)) == "late"


def test_a_chain_is_broken_by_leave() -> None:
    shift = Shift(
        id="twice",
        name="两次卡",
        sessions=(
            stretch("08:30", "12:00", needs_out=False, weight=0.5),
            stretch("14:00", "17:30", needs_in=False, weight=0.5),
        ),
    )
    morning = Decided(leaves=(leave("00:00", "12:00", unit=HALF),))
    assert by_session(see("17:31", shift=shift, decided=morning)) == "leave | present"
    assert by_session(see(shift=shift, decided=morning)) == "leave | absent"
