"""Days that are over, every clock read: what punches make of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.attending import (
    DAY,
    FOUR,
    NIGHT,
    ONE,
    TWO,
    at,
    by_session,
    changed,
    posted,
    punch,
    schedule,
    see,
    states,
    stretch,
    uses,
)

from bridge.domain.attendance.days import WORST_FIRST
from bridge.domain.attendance.facts import Pairing, Shift
from bridge.domain.attendance.results import DayState

GRACE = changed(TWO, grace_in_min=5, grace_out_min=3)
STRICT = changed(ONE, half_absent_after_min=30, absent_after_min=120)
FLEX = changed(ONE, flex_min=30, grace_in_min=5)
DIRECTED = changed(TWO, pairing=Pairing.DIRECTION)
WIDE = Shift(
    id="wide",
    name="宽",
    sessions=(
        stretch(
            "09:00",
            "17:00",
            in_from="07:00",
            in_until="16:00",
            out_from="10:00",
            out_until="20:00",
        ),
    ),
)
WIDE_DIRECTED = changed(WIDE, pairing=Pairing.DIRECTION)
TWICE = Shift(
    id="twice",
    name="两次卡",
    sessions=(
        stretch("08:30", "12:00", needs_out=False, weight=0.5),
        stretch("14:00", "17:30", needs_in=False, weight=0.5),
    ),
)
ONLY_IN = Shift(
    id="in", name="只上班", sessions=(stretch("09:00", "17:00", needs_out=False),)
)
FREE = Shift(
    id="free",
    name="免打卡",
    sessions=(stretch("09:00", "17:00", needs_in=False, needs_out=False),),
)


@pytest.mark.parametrize(
    ("shift", "punches", "expected"),
    [
        # two sessions, four punches
        (TWO, "08:25 12:03 13:55 17:31", "present | present"),
        (TWO, "08:31 12:03 13:55 17:31", "late | present"),
        (TWO, "08:30:59 12:03 13:55 17:31", "present | present"),
        (TWO, "08:25 11:59 13:55 17:31", "early | present"),
        (TWO, "08:25 11:59:01 13:55 17:31", "present | present"),
        (TWO, "08:25 12:03 13:55", "present | missing_out"),
        (TWO, "08:25 13:55 17:31", "missing_out | present"),
        (TWO, "12:03 13:55 17:31", "missing_in | present"),
        (TWO, "08:25 17:31", "missing_out | missing_in"),
        (TWO, "08:25 12:03", "present | absent"),
        (TWO, "", "absent | absent"),
        (TWO, "10:16 11:58 14:05 17:00", "missing_in+early | late+early"),
        # at the middle of a session one comes; at the cut one comes to the next
        (TWO, "10:15 12:03 13:55 17:31", "late | present"),
        (TWO, "08:25 12:03 13:00 17:31", "present | present"),
        (TWO, "08:25 13:00 17:31", "missing_out | present"),
        # grace
        (GRACE, "08:35 12:03 13:55 17:27", "present | present"),
        (GRACE, "08:35:59 11:57 13:55 17:27", "present | present"),
        (GRACE, "08:36 11:56 13:55 17:31", "late+early | present"),
        # four windows
        (FOUR, "08:20 12:00 12:20 18:00", "present | present"),
        (FOUR, "09:00 12:15 13:00 17:00", "present | present"),
        (FOUR, "08:19 12:00 12:20 18:00", "missing_in | present"),
        (FOUR, "09:01 12:00 12:20 18:00", "missing_in | present"),
        (FOUR, "09:00 11:59 12:20 18:00", "missing_out | present"),
        (FOUR, "09:00 12:16 12:20 18:00", "missing_out | present"),
        (FOUR, "09:00 12:10 12:19 18:00", "present | missing_in"),
        (FOUR, "09:00 12:10 12:50 18:01", "present | missing_out"),
        # only between the windows: somebody was there
        (FOUR, "10:30 12:20 18:00", "missing_in+missing_out | present"),
        # night
        (NIGHT, "21:50|+1 06:05", "present"),
        (NIGHT, "22:10|+1 06:05", "late"),
        (NIGHT, "21:50|+1 05:50", "early"),
        (NIGHT, "21:50", "missing_out"),
        (NIGHT, "|+1 06:05", "missing_in"),
        (NIGHT, "-1 21:50|06:05", "absent"),
        # half absent, absent
        (STRICT, "09:31 17:00", "absent"),
        (STRICT, "09:30 17:00", "late"),
        (STRICT, "11:01 17:00", "absent"),
        (STRICT, "09:31 16:00", "absent"),
        (STRICT, "09:31 16:50", "absent+early"),
        (STRICT, "09:10 16:00", "absent+late"),
        (STRICT, "09:31", "absent+missing_out"),
        # flexible hours
        (FLEX, "09:20 17:20", "present"),
        (FLEX, "09:20 17:19", "early"),
        (FLEX, "09:35 17:30", "present"),
        (FLEX, "09:36 17:30", "late"),
        (FLEX, "08:30 17:00", "present"),
        (FLEX, "09:36 17:29", "late+early"),
        # a chain: nobody punches at noon
        (TWICE, "08:25 17:31", "present | present"),
        (TWICE, "08:25", "present | missing_out"),
        (TWICE, "17:31", "missing_in | present"),
        (TWICE, "", "absent | absent"),
        (TWICE, "08:25 12:01 13:50 17:31", "present | present"),
        (TWICE, "08:45 17:00", "late | early"),
        (ONLY_IN, "08:55", "present"),
        (ONLY_IN, "", "absent"),
        (ONLY_IN, "17:05", "missing_in"),
        (FREE, "", "present"),
        (FREE, "10:00", "present"),
        # windows that overlap
        (WIDE, "08:50 17:10", "present"),
        (WIDE, "09:10", "missing_out+late"),
        (WIDE, "15:50", "missing_in+early"),
        (WIDE, "09:00 12:00", "early"),
        (WIDE, "15:50 15:51", "missing_in+early"),
        (WIDE, "09:00 09:01", "missing_out"),
        # by direction
        (DIRECTED, "08:25 in|12:03 out|13:55 in|17:31 out", "present | present"),
        (DIRECTED, "08:25 out|12:03 out|13:55 in|17:31 out", "missing_in | present"),
        (DIRECTED, "08:25 in|12:03 in|13:55 in|17:31 out", "missing_out | present"),
        (
            DIRECTED,
            "08:25 in|12:03 break_out|13:55 break_in|17:31 overtime_out",
            "present | present",
        ),
        (DIRECTED, "08:25|12:03|13:55 overtime_in|17:31", "present | present"),
        (
            DIRECTED,
            "08:20 out|08:40 in|12:03 out|13:55 in|17:31 out",
            "late | present",
        ),
        (DIRECTED, "08:25 out|12:03 in", "missing_in+missing_out | absent"),
        (WIDE_DIRECTED, "10:30 in|10:31 out", "late+early"),
        (WIDE_DIRECTED, "12:00 out|13:00 in", "missing_out+late"),
        (WIDE_DIRECTED, "08:59 in|12:00 out|13:00 in|17:05 out", "present"),
        (TWO, "08:25 out|12:03 in|13:55 out|17:31 in", "present | present"),
    ],
)
def test_states(shift: Shift, punches: str, expected: str) -> None:
    texts = punches.split("|") if "|" in punches else punches.split()
    result = see(*filter(None, texts), shift=shift)
    assert by_session(result) == expected
    assert result.final
    assert result.waiting == ()
    assert result.next_look is None


@pytest.mark.parametrize(
    ("punches", "expected"),
    [
        ("08:25 12:03 13:55 17:31", "in out in out"),
        ("08:25 08:26 12:03 13:55 17:31", "in repeated out in out"),
        ("08:25 08:26:30 08:28 12:03", "in repeated inside out"),
        ("08:25 08:28 12:03", "in inside out"),
        ("08:25 12:03 12:04", "in repeated out"),
        ("08:25 12:03 12:05 12:06", "in inside repeated out"),
        ("08:25 10:00 12:03", "in inside out"),
        ("08:25 12:03 12:59 13:01", "in inside out in"),
        ("03:00 08:25 12:03 23:30", "outside in out outside"),
        ("10:14 10:16", "in repeated"),
    ],
)
def test_what_becomes_of_punches(punches: str, expected: str) -> None:
    assert " ".join(uses(see(*punches.split()))) == expected


def test_nothing_collapses_unless_it_is_told() -> None:
    shift = changed(TWO, collapse_min=0)
    assert uses(see("08:25", "08:25:01", "08:25:01", shift=shift)) == [
        "in",
        "inside",
        "repeated",
    ]


def test_a_night_s_punches_are_listed_by_the_day_they_belong_to() -> None:
    texts = ("-1 21:50", "06:05", "21:50", "+1 06:05")
    result = see(*texts, shift=changed(NIGHT, follows_calendar=False))
    assert uses(result) == ["other_day", "in", "out"]


def test_the_day_after_a_rotation_s_night_lists_its_end() -> None:
    rotation = posted(None, rotation=("night", None), valid_from=DAY)
    plan = schedule(NIGHT, postings=[rotation])
    result = see("-1 21:50", "06:05", plan=plan, day=DAY + timedelta(days=1))
    assert uses(result) == ["other_day"]
    assert states(result) == "rest"


def test_figures_of_a_session() -> None:
    (morning, afternoon) = see("08:40", "11:30", "13:55", "18:00").sessions
    assert (morning.late_min, morning.early_min, morning.worked_min) == (10, 30, 170)
    assert (afternoon.late_min, afternoon.early_min) == (0, 0)
    assert afternoon.worked_min == 210
    assert (afternoon.came, afternoon.went) == (at("13:55"), at("18:00"))


def test_figures_of_a_day() -> None:
    result = see("08:40", "11:30", "14:05", "17:30")
    assert (result.due_days, result.attended_days) == (1.0, 1.0)
    assert (result.late, result.late_min) == (2, 15)
    assert (result.early, result.early_min) == (1, 30)
    assert (result.missing, result.absent_days) == (0, 0.0)
    assert result.worked_min == 170 + 205
    assert result.ends == at("21:30")
    assert result.state is DayState.LATE


def test_missing_punches_are_counted_and_their_work_is_not_known() -> None:
    result = see("08:25", "17:31")
    assert (result.missing, result.attended_days, result.worked_min) == (2, 1.0, 0)


def test_absence_counts_by_weight() -> None:
    result = see("08:25", "12:03")
    assert (result.attended_days, result.absent_days) == (0.5, 0.5)
    assert (result.missing, states(result)) == (0, "absent present")


@pytest.mark.parametrize(
    ("punches", "absent", "late", "early"),
    [
        ("09:30 17:00", 0.0, 1, 0),
        ("09:31 17:00", 0.5, 0, 0),
        ("11:01 17:00", 1.0, 0, 0),
        ("09:31 16:29", 1.0, 0, 0),
        ("09:31 16:55", 0.5, 0, 1),
        ("09:01 14:59", 1.0, 1, 0),
    ],
)
def test_too_late_is_absent_instead_of_late(
    punches: str, absent: float, late: int, early: int
) -> None:
    result = see(*punches.split(), shift=STRICT)
    assert result.absent_days == absent
    assert (result.late, result.early) == (late, early)
    assert result.attended_days == 1.0 - absent


def test_half_a_day_absent_is_no_more_than_the_session() -> None:
    shift = changed(TWO, half_absent_after_min=15)
    result = see("08:46", "12:00", "13:55", "17:30", shift=shift)
    assert (result.absent_days, states(result)) == (0.5, "absent present")


@pytest.mark.parametrize(
    ("punches", "expected", "absent"),
    [
        ("08:25 12:00 13:55 17:30", "present | present", 0.0),
        ("08:25 12:00 14:00 15:50", "present | early", 0.0),
        ("08:25 12:00 15:00 16:29", "present | absent", 0.5),
        ("08:25 12:00 15:44 15:46", "present | missing_out+late", 0.0),
        ("10:00 11:00 15:00 16:00", "absent | absent", 1.0),
        ("08:25 12:00", "present | absent", 0.5),
    ],
)
def test_too_little_work_is_absence(punches: str, expected: str, absent: float) -> None:
    shift = changed(TWO, half_day_below_min=300, absent_below_min=180)
    result = see(*punches.split(), shift=shift)
    assert (by_session(result), result.absent_days) == (expected, absent)


def test_half_a_day_of_one_session() -> None:
    shift = changed(ONE, half_day_below_min=300)
    result = see("09:00", "13:30", shift=shift)
    assert (by_session(result), result.absent_days) == ("absent+early", 0.5)
    assert result.attended_days == 0.5


@pytest.mark.parametrize(
    ("after", "went", "expected"),
    [
        (None, "20:00", 0),
        (0, "20:00", 150),
        (60, "18:30", 0),
        (60, "18:31:30", 1),
        (60, "17:00", 0),
    ],
)
def test_overtime(after: int | None, went: str, expected: int) -> None:
    shift = changed(TWO, overtime_after_min=after)
    result = see("08:25", "12:50", "13:55", went, shift=shift)
    assert result.overtime_min == expected


def test_flexible_hours_move_overtime() -> None:
    shift = changed(FLEX, overtime_after_min=0)
    result = see("09:20", "18:00", shift=shift)
    assert (result.overtime_min, result.worked_min) == (40, 480)


def test_flexible_hours_pass_through_a_chain() -> None:
    shift = changed(TWICE, flex_min=30)
    assert by_session(see("08:50", "17:50", shift=shift)) == "present | present"
    assert by_session(see("08:50", "17:49", shift=shift)) == "present | early"
    apart = changed(TWO, flex_min=30)
    result = see("08:50", "12:20", "14:00", "17:30", shift=apart)
    assert by_session(result) == "present | present"


def test_late_figures_begin_after_flexible_time() -> None:
    (session,) = see("09:40", "17:30", shift=FLEX).sessions
    assert (session.late_min, session.notes) == (10, ("grace_in:5", "flex:30"))


def test_what_is_due_for_certain_is_judged_beside_what_is_not() -> None:
    postings = [posted("day"), posted("gone", id="P2", valid_from=DAY)]
    result = see("08:25", "12:03", "13:55", "17:31", plan=schedule(postings=postings))
    assert (states(result), result.waiting) == ("unknown present", ("shift:gone",))
    assert not result.final


def test_the_row_names_what_it_followed() -> None:
    result = see(
        "08:25",
        plan=schedule(postings=[posted("day", counter="7")]),
    )
    assert (result.shift, result.shift_name) == ("day", "行政班")
    assert (result.postings, result.counter) == (("P1",), "7")
    assert result.coverage == {"gate": at("+3 00:00"), "hall": at("+3 00:00")}


def test_shifts_of_a_day_are_all_named() -> None:
    late = Shift(id="late", name="延时", sessions=(stretch("19:00", "21:00"),))
    postings = [posted("day"), posted("late", id="P2", valid_from=DAY)]
    result = see(plan=schedule(TWO, late, postings=postings))
    assert (result.shift, result.shift_name) == ("late", "延时 + 行政班")
    assert result.due_days == 1.0
    assert [session.weight for session in result.sessions] == [0.25, 0.25, 0.5]


def test_unknown_users_punch_as_others_do() -> None:
    flagged = punch(1, "08:25", flags=("unknown_user",))
    result = see(flagged, "12:03", "13:55", "17:31")
    assert (states(result), result.final) == ("present", True)


def test_worst_first_names_every_state() -> None:
    assert sorted(WORST_FIRST) == sorted(DayState)
