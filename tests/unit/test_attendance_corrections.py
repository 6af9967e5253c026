"""Corrections and doubtful punches: what people say about single punches and days."""

from __future__ import annotations

from datetime import datetime

import pytest
from support.attending import (
    DAY,
    ONE,
    TWO,
    ZONE,
    added,
    at,
    by_session,
    changed,
    confirmed,
    dead,
    leave,
    punch,
    see,
    stated,
    states,
    uses,
    voided,
)

from bridge.domain.attendance.days import STATES_BY_CORRECTION
from bridge.domain.attendance.facts import Correction, Pairing
from bridge.domain.attendance.inputs import Decided, Punch
from bridge.domain.attendance.results import DayResult, DayState
from devices.events import Direction

FINE = ("08:25", "12:03", "13:55", "17:31")


def corrected(*corrections: Correction) -> Decided:
    return Decided(corrections=corrections)


@pytest.mark.parametrize(
    ("punches", "corrections", "expected"),
    [
        ("12:03 13:55 17:31", (added("08:28"),), "present | present"),
        ("12:03 13:55 17:31", (added("08:40"),), "late | present"),
        ("12:03 13:55 17:31", (added("10:40"),), "missing_in | present"),
        (
            "12:03 13:55 17:31",
            (added("10:40", direction=Direction.IN),),
            "late | present",
        ),
        (
            "08:25 13:55 17:31",
            (added("10:00", direction=Direction.OUT),),
            "early | present",
        ),
        (
            "",
            tuple(added(text, f"C{n}") for n, text in enumerate(FINE)),
            "present | present",
        ),
        ("08:25 12:03 13:55 17:31", (added("08:20"),), "present | present"),
        ("08:25 12:03 13:55 17:31", (added("02:00"),), "present | present"),
        ("08:25 12:03 13:55 17:31", (voided(1),), "missing_in | present"),
        ("08:25 08:40 12:03 13:55 17:31", (voided(1),), "late | present"),
        (
            "08:25 12:03 13:55 17:31",
            (voided(1), added("08:20", "C2")),
            "present | present",
        ),
        ("08:25 12:03 13:55 17:31", (voided(9),), "present | present"),
        ("", (stated("present"),), "present | present"),
        ("", (stated("present", 1),), "absent | present"),
        ("", (stated("present", 5),), "absent | absent"),
        ("", (stated("nonsense"),), "absent | absent"),
        ("", (stated("pending"),), "absent | absent"),
        ("08:25 12:03 13:55 17:31", (stated("absent", 0),), "absent | present"),
        ("", (stated("leave"), stated("present", 0, "C2")), "present | leave"),
        ("", (stated("present", 0), stated("absent", key="C2")), "absent | absent"),
        ("", (stated("absent"), stated("present", key="C2")), "present | present"),
    ],
)
def test_corrections(
    punches: str, corrections: tuple[Correction, ...], expected: str
) -> None:
    result = see(*punches.split(), decided=corrected(*corrections))
    assert by_session(result) == expected
    assert result.corrections == tuple(each.id for each in corrections)
    assert result.final


@pytest.mark.parametrize(
    ("state", "figures"),
    [
        ("present", (1, 1, 0, 0, 0)),
        ("late", (1, 1, 0, 0, 0)),
        ("missing_in", (1, 1, 0, 0, 0)),
        ("absent", (1, 0, 1, 0, 0)),
        ("leave", (1, 0, 0, 1, 0)),
        ("field_duty", (1, 1, 0, 0, 1)),
        ("rest", (0, 0, 0, 0, 0)),
    ],
)
def test_figures_of_a_stated_day(state: str, figures: tuple[float, ...]) -> None:
    result = see(decided=corrected(stated(state)))
    assert states(result) == state
    assert figures == (
        result.due_days,
        result.attended_days,
        result.absent_days,
        result.leave_days,
        result.field_days,
    )


def test_stated_leave_keeps_its_kind() -> None:
    assert see(decided=corrected(stated("leave"))).leave_days_by_kind == {"other": 1.0}
    decided = Decided(
        corrections=(stated("leave", 0),), leaves=(leave("09:00", "10:00"),)
    )
    assert see(decided=decided).leave_days_by_kind == {"personal": 0.5}


def test_a_stated_late_day_keeps_its_minutes() -> None:
    result = see("08:45", *FINE[1:], decided=corrected(stated("late", 0)))
    assert (result.late, result.late_min) == (1, 15)
    other = see("08:45", *FINE[1:], decided=corrected(stated("present", 0)))
    assert (other.late, other.late_min) == (0, 0)


@pytest.mark.parametrize("state", sorted(STATES_BY_CORRECTION))
def test_a_day_off_may_be_stated_and_counts_nothing(state: DayState) -> None:
    result = see(day=DAY.replace(day=14), decided=corrected(stated(state.value)))
    assert result.states == (state,)
    assert (result.due_days, result.absent_days, result.leave_days) == (0, 0, 0)


def test_limits_do_not_judge_stated_sessions() -> None:
    shift = changed(TWO, half_day_below_min=400, absent_below_min=100)
    result = see(*FINE[2:], shift=shift, decided=corrected(stated("present", 0)))
    assert by_session(result) == "present | present"


def test_a_correction_that_is_not_decided_keeps_the_day_open() -> None:
    decided = Decided(pending_corrections=(stated("present"),))
    result = see(decided=decided)
    assert (states(result), result.final) == ("absent", False)
    assert result.waiting == ("correction:C1",)
    off = see(day=DAY.replace(day=14), decided=decided)
    assert (states(off), off.waiting) == ("rest", ("correction:C1",))


def test_corrections_need_no_clock() -> None:
    decided = corrected(added("08:40"), added("11:00", "C2"))
    result = see(coverage=dead("13:00"), decided=decided)
    assert by_session(result) == "late+early | unknown"
    unread = see(coverage=dead(None), decided=decided)
    assert by_session(unread) == "late+early | unknown"


def test_what_corrections_did_is_listed() -> None:
    decided = corrected(voided(2), added("17:31", "C2"), added("02:00", "C3"))
    result = see("08:25", "12:03", "13:55", decided=decided)
    assert uses(result) == ["outside", "in", "void", "in", "out"]
    assert [each.correction for each in result.punches] == [
        "C3",
        None,
        "C1",
        None,
        "C2",
    ]
    assert [each.punch for each in result.punches] == [None, 1, 2, 3, None]


def test_a_correction_is_coming_where_the_clock_went_by_direction() -> None:
    shift = changed(TWO, pairing=Pairing.DIRECTION)
    decided = corrected(added("08:28"))
    result = see("12:03 out", "13:55 in", "17:31 out", shift=shift, decided=decided)
    assert by_session(result) == "present | present"


FUTURE = punch(1, "08:25", flags=("future",))
OLD = datetime(2000, 1, 1, 0, 5, tzinfo=ZONE)
LOST = punch(1, "08:25", flags=("clock_wrong",), time=OLD)


@pytest.mark.parametrize(
    "doubtful", [FUTURE, LOST, punch(1, "08:25", flags=("clock_wrong",))]
)
def test_a_doubtful_punch_forbids_what_it_may_refute(doubtful: Punch) -> None:
    result = see(doubtful, *FINE[1:])
    assert by_session(result) == "unknown | present"
    assert (result.waiting, result.final) == (("punch:1",), False)
    assert (result.missing, result.absent_days) == (0, 0)
    assert uses(result)[0] == "doubtful"
    assert result.sessions[0].notes == ("doubtful:1",)


def test_a_doubtful_punch_never_lets_anybody_be_absent() -> None:
    result = see(FUTURE)
    assert by_session(result) == "unknown | unknown"
    assert (result.absent_days, result.attended_days) == (0, 0)


@pytest.mark.parametrize("texts", [("08:40", *FINE[1:]), (*FINE[:3], "17:00")])
def test_a_doubtful_punch_forbids_late_and_early(texts: tuple[str, ...]) -> None:
    result = see(*texts, punch(9, "09:00", flags=("future",)))
    assert "unknown" in states(result)
    assert (result.late, result.early) == (0, 0)


def test_a_normal_day_only_waits_for_a_doubtful_punch() -> None:
    result = see(*FINE, punch(9, "09:00", flags=("future",)))
    assert (states(result), result.final) == ("present", False)
    assert result.waiting == ("punch:9",)


def test_a_doubtful_punch_of_another_day_changes_nothing() -> None:
    result = see(
        punch(1, "08:25", time=OLD, received=at("-1 08:25"), flags=("clock_wrong",))
    )
    assert (states(result), result.final, result.punches) == ("absent", True, ())


def test_what_was_said_or_excused_is_not_doubted() -> None:
    said = see(FUTURE, decided=corrected(stated("absent")))
    assert (states(said), said.waiting) == ("absent", ("punch:1",))


@pytest.mark.parametrize(
    ("doubtful", "decided", "expected", "use"),
    [
        (FUTURE, confirmed(1, counts=True), "present | present", "in"),
        (FUTURE, confirmed(1, counts=True, time="08:45"), "late | present", "in"),
        (FUTURE, confirmed(1, counts=False), "missing_in | present", "void"),
        (LOST, confirmed(1, counts=True, time="08:25"), "present | present", "in"),
        (punch(1, "08:25"), confirmed(1, counts=False), "missing_in | present", "void"),
    ],
)
def test_confirmations(
    doubtful: Punch, decided: Decided, expected: str, use: str
) -> None:
    result = see(doubtful, *FINE[1:], decided=decided)
    assert by_session(result) == expected
    assert result.final
    assert uses(result)[0] == use


def test_a_lost_date_that_is_confirmed_belongs_nowhere_here() -> None:
    result = see(LOST, *FINE[1:], decided=confirmed(1, counts=True))
    assert by_session(result) == "missing_in | present"
    assert len(result.punches) == 3


def drifted(number: int, text: str, ahead_s: int, *more: str) -> Punch:
    return punch(number, text, flags=("clock_wrong", *more), drift_s=ahead_s)


@pytest.mark.parametrize(
    ("punches", "expected", "waiting"),
    [
        # the true time changes nothing
        ((drifted(1, "08:25", 60), *FINE[1:]), "present | present", ""),
        ((drifted(1, "08:45", 60), *FINE[1:]), "late | present", ""),
        # 08:33 as it says, 08:28 in truth
        ((drifted(1, "08:33", 300), *FINE[1:]), "unknown | present", "punch:1"),
        # 08:25 as it says, 08:55 in truth
        ((drifted(1, "08:25", -1800), *FINE[1:]), "unknown | present", "punch:1"),
        # out of every window in truth
        ((drifted(1, "08:25", 86400), *FINE[1:]), "unknown | present", "punch:1"),
        ((drifted(1, "-1 08:25", -86400), *FINE[1:]), "unknown | present", "punch:1"),
        # the whole day by one clock
        (
            tuple(drifted(n, text, 60) for n, text in enumerate(FINE)),
            "present | present",
            "",
        ),
        # in the future as well: only when confirmed
        (
            (drifted(1, "08:25", 600, "future"), *FINE[1:]),
            "unknown | present",
            "punch:1",
        ),
    ],
)
def test_punches_of_a_clock_that_drifts(
    punches: tuple[str | Punch, ...], expected: str, waiting: str
) -> None:
    result = see(*punches)
    assert by_session(result) == expected
    assert " ".join(result.waiting) == waiting
    assert result.final is not bool(waiting)


def test_a_drift_that_changes_nothing_is_noted() -> None:
    result = see(drifted(1, "08:25", 60), *FINE[1:])
    assert result.notes == ("drift:60",)
    assert result.punches[0].time == at("08:25")
    assert result.punches[0].flags == ("clock_wrong",)


def test_a_drift_at_the_limit_of_the_day_s_hours() -> None:
    shift = changed(ONE, half_day_below_min=300)
    steady = see(drifted(1, "08:55", 60), "14:30", shift=shift)
    assert (states(steady), steady.absent_days) == ("early", 0)
    result = see(drifted(1, "09:20", -900), "14:25", shift=shift)
    assert (states(result), result.absent_days) == ("unknown", 0)


def test_a_confirmed_drift_counts_as_said() -> None:
    result = see(drifted(1, "08:33", 300), *FINE[1:], decided=confirmed(1, counts=True))
    assert by_session(result) == "late | present"
    assert result.final


def test_time_alone_may_change_either_judgement() -> None:
    given = (drifted(1, "10:20", 600),)
    before = see(*given, now="10:30")
    assert by_session(before) == "unknown+pending | pending"
    assert before.next_look is not None
    assert isinstance(before, DayResult)
    assert before.next_look <= at("13:00")
