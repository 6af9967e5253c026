"""What may be said while clocks were not read, or the day is not over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pytest
from support.attending import (
    FOUR,
    NIGHT,
    ONE,
    TWO,
    at,
    by_session,
    changed,
    dead,
    leave,
    posted,
    schedule,
    see,
    stated,
    states,
)

from bridge.domain.attendance.facts import LeaveUnit, Shift
from bridge.domain.attendance.inputs import Coverage, Decided, Gap

FINE = ("08:25", "12:03", "13:55", "17:31")
FLEX = changed(ONE, flex_min=30)


@pytest.mark.parametrize(
    ("shift", "punches", "now", "expected", "look"),
    [
        (TWO, "", "-1 12:00", "pending | pending", "10:15"),
        (TWO, "", "03:00", "pending | pending", "10:15"),
        (TWO, "", "10:14:59", "pending | pending", "10:15"),
        (TWO, "", "10:15", "missing_in+pending | pending", "13:00"),
        (TWO, "", "13:00", "absent | pending", "15:45"),
        (TWO, "", "15:45", "absent | missing_in+pending", "21:30"),
        (TWO, "", "21:30", "absent | absent", None),
        (TWO, "08:25", "09:00", "pending | pending", "13:00"),
        (TWO, "08:25", "13:00", "missing_out | pending", "15:45"),
        (TWO, "08:40", "09:00", "late+pending | pending", "13:00"),
        (TWO, "08:25 11:00", "11:30", "pending | pending", "13:00"),
        (TWO, "08:25 11:00", "13:00", "early | pending", "15:45"),
        (TWO, "08:25 12:03", "12:10", "present | pending", "15:45"),
        (TWO, "08:25 12:03 13:50 17:31", "17:40", "present | present", "21:30"),
        (FOUR, "", "09:00", "missing_in+pending | pending", "12:15"),
        (FOUR, "09:00", "12:14", "pending | pending", "12:15"),
        (NIGHT, "21:55", "+1 05:00", "pending", "+1 10:00"),
        (NIGHT, "", "+1 02:00", "missing_in+pending", "+1 10:00"),
    ],
)
def test_today(
    shift: Shift, punches: str, now: str, expected: str, look: str | None
) -> None:
    result = see(*punches.split(), shift=shift, now=now)
    assert by_session(result) == expected
    assert result.next_look == (at(look) if look else None)
    assert ("time" in result.waiting) is (look is not None)
    assert result.final is (look is None)


def test_a_day_in_part_pending_shows_what_is_wrong() -> None:
    assert states(see("08:40", now="09:00")) == "late pending"
    assert states(see(*FINE[:2], now="13:00")) == "pending present"


def test_pending_sessions_are_due_and_not_attended_yet() -> None:
    result = see(*FINE[:2], now="13:00")
    assert (result.due_days, result.attended_days) == (1.0, 0.5)


def test_needing_no_punch_is_not_over_before_its_end() -> None:
    free = changed(
        ONE, sessions=(changed_session(ONE, needs_in=False, needs_out=False),)
    )
    before = see(shift=free, now="16:59")
    assert (by_session(before), before.worked_min) == ("pending", 0)
    assert before.next_look == at("17:00")
    after = see(shift=free, now="17:00")
    assert (by_session(after), after.worked_min) == ("present", 480)
    assert (after.final, after.next_look) == (False, at("21:00"))


def test_only_coming_needed_is_absent_once_every_window_closed() -> None:
    only = changed(ONE, sessions=(changed_session(ONE, needs_out=False),))
    at_noon = see(shift=only, now="14:00")
    assert (by_session(at_noon), at_noon.next_look) == (
        "missing_in+pending",
        at("17:00"),
    )
    evening = see(shift=only, now="18:00")
    assert (by_session(evening), evening.next_look) == (
        "missing_in+pending",
        at("21:00"),
    )
    assert by_session(see(shift=only, now="21:00")) == "absent"


def changed_session(shift: Shift, **more: bool) -> object:
    return replace(shift.sessions[0], **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("punches", "coverage", "expected", "waiting"),
    [
        # dead for the whole day
        ("", dead(None), "unknown | unknown", "clock:gate"),
        ("", dead("08:00"), "unknown | unknown", "clock:gate"),
        # dead from noon on: the morning may be told
        ("", dead("13:00"), "absent | unknown", "clock:gate"),
        ("08:25 12:03", dead("13:00"), "present | unknown", "clock:gate"),
        ("08:25", dead("12:30"), "unknown | unknown", "clock:gate"),
        ("08:25", dead("13:00"), "missing_out | unknown", "clock:gate"),
        # lateness may be refuted by an earlier punch
        ("08:40 12:03 13:55 17:31", dead("08:39"), "unknown | present", "clock:gate"),
        ("08:40 12:03 13:55 17:31", dead("08:40"), "late | present", "clock:gate"),
        # leaving early by a later one
        ("08:25 11:00 13:55 17:31", dead("12:59"), "unknown | present", "clock:gate"),
        ("08:25 11:00 13:55 17:31", dead("13:00"), "early | present", "clock:gate"),
        ("08:40 12:03 13:55", dead("21:29"), "late | unknown", "clock:gate"),
        ("12:03 13:55 17:31", dead("10:14"), "unknown | present", "clock:gate"),
        ("08:40 11:00", dead("12:59"), "unknown+late | unknown", "clock:gate"),
        # what is proven is proven, and may yet get a punch
        ("08:25 12:03 13:55 17:31", dead(None), "present | present", "clock:gate"),
        ("08:25 12:03 13:55 17:31", dead("21:30"), "present | present", ""),
        # gaps
        ("", dead("+3 00:00", ("09:00", "09:30")), "unknown | absent", "clock:gate"),
        ("", dead("+3 00:00", ("21:30", None)), "absent | unknown", "clock:gate"),
        ("", dead("+3 00:00", ("03:00", "04:30")), "absent | absent", ""),
        ("", dead("+3 00:00", ("22:00", "23:00")), "absent | absent", ""),
        (
            "08:40 12:03 13:55 17:31",
            dead("+3 00:00", ("08:30", "08:35")),
            "unknown | present",
            "clock:gate",
        ),
        (
            "08:40 12:03 13:55 17:31",
            dead("+3 00:00", ("09:00", "09:30")),
            "late | present",
            "clock:gate",
        ),
        (
            "08:25 12:03",
            dead("+3 00:00", ("11:00", None)),
            "present | unknown",
            "clock:gate",
        ),
        # a clock that nobody ever heard of is not covered
        (
            "",
            {"gate": Coverage(until=at("+3 00:00"))},
            "unknown | unknown",
            "clock:hall",
        ),
    ],
)
def test_nothing_is_concluded_from_a_dead_clock(
    punches: str, coverage: Mapping[str, Coverage], expected: str, waiting: str
) -> None:
    result = see(*punches.split(), coverage=coverage)
    assert by_session(result) == expected
    assert " ".join(result.waiting) == waiting
    assert result.final is not bool(waiting)
    assert result.next_look is None


def test_an_unknown_session_counts_nothing() -> None:
    result = see("08:40", "11:00", coverage=dead("08:00"))
    assert (result.late, result.early, result.missing) == (0, 0, 0)
    assert (result.absent_days, result.attended_days, result.worked_min) == (0, 0, 0)
    assert [session.late_min for session in result.sessions] == [0, 0]
    assert result.due_days == 1.0


@pytest.mark.parametrize(
    ("now", "read", "expected"),
    [
        ("09:00", "08:00", "pending | pending"),
        ("10:20", "10:14", "unknown+pending | pending"),
        ("10:20", "10:15", "missing_in+pending | pending"),
        ("14:00", "12:00", "unknown | pending"),
    ],
)
def test_pending_before_the_time_and_unknown_after_it(
    now: str, read: str, expected: str
) -> None:
    result = see(now=now, read=read)
    assert by_session(result) == expected
    assert ("clock:gate" in result.waiting) is ("unknown" in expected)


def test_lateness_today_waits_for_the_clocks() -> None:
    result = see("08:40", now="08:45", read="08:39")
    assert by_session(result) == "unknown+pending | pending"
    assert result.waiting == ("time", "clock:gate", "clock:hall")


def test_flexible_hours_wait_for_an_earlier_coming() -> None:
    gap = dead("+3 00:00", ("08:30", "08:40"))
    result = see("09:20", "17:00", shift=FLEX, coverage=gap)
    assert by_session(result) == "unknown"
    assert by_session(see("09:20", "17:20", shift=FLEX, coverage=gap)) == "present"


def test_only_the_clocks_of_the_posting_matter() -> None:
    plan = schedule(postings=[posted("day", clocks=("hall",))])
    result = see(plan=plan, coverage=dead(None))
    assert (states(result), result.final) == ("absent", True)
    assert list(result.coverage) == ["hall"]


def test_a_hall_without_clocks_waits_for_nothing() -> None:
    result = see(plan=schedule(clocks=()), coverage={})
    assert (states(result), result.final, result.coverage) == ("absent", True, {})


def test_what_is_proven_does_not_wait_for_what_is_lost() -> None:
    lost = Coverage(
        until=at("+3 00:00"),
        gaps=(Gap(start=at("00:00"), end=at("+1 00:00"), reason="burnt", lost=True),),
    )
    both = {"gate": lost, "hall": Coverage(until=at("+3 00:00"))}
    proven = see(*FINE, coverage=both)
    assert (states(proven), proven.final) == ("present", True)
    unknown = see(*FINE[:3], coverage=both)
    assert (states(unknown), unknown.final) == ("unknown present", False)
    assert unknown.waiting == ("clock:gate",)


def test_what_a_correction_or_leave_says_waits_for_no_clock() -> None:
    said = see(coverage=dead(None), decided=Decided(corrections=(stated("present"),)))
    assert (states(said), said.final) == ("present", True)
    off = leave("00:00", "+1 00:00", unit=LeaveUnit.DAY)
    away = see(coverage=dead(None), decided=Decided(leaves=(off,)))
    assert (states(away), away.final) == ("leave", True)


def test_half_of_it_said_waits_for_the_clocks_of_the_rest() -> None:
    decided = Decided(corrections=(stated("present", session=1),))
    assert see(*FINE[:2], coverage=dead("13:00"), decided=decided).final
    result = see(*FINE[:2], coverage=dead("12:59"), decided=decided)
    assert (by_session(result), result.final) == ("present | present", False)


def test_a_rest_day_is_final_when_it_is_over() -> None:
    saturday = date(2025, 6, 14)
    before = see(day=saturday, now="23:59", coverage=dead(None))
    assert (before.final, before.waiting) == (False, ("time",))
    assert before.next_look == at("+1 00:00", saturday)
    assert see(day=saturday, now="+1 00:00", coverage=dead(None)).final


def test_the_first_moment_after_the_last_window_is_final() -> None:
    assert not see(*FINE, now="21:29:59").final
    assert see(*FINE, now="21:30").final
    assert not see(*FINE, now="21:30", read="21:29:59").final
