"""What holds for every day, whatever happened on it."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from support.any_days import (
    COVERAGES,
    DECISIONS,
    INPUTS,
    MANY,
    MOMENTS,
    NOTHING,
    SCHEDULES,
    SHIFTS,
    SOME,
    WHOLE,
    day_input,
    punches,
)
from support.attending import (
    CLOCKS,
    DAY,
    ZONE,
    at,
    posted,
    schedule,
)

from bridge.domain.attendance.days import conclude
from bridge.domain.attendance.explain import explain
from bridge.domain.attendance.inputs import (
    Coverage,
    DayInput,
    Decided,
    Punch,
    Schedule,
)
from bridge.domain.attendance.results import DayResult, DayState, PunchUse
from bridge.domain.attendance.wording import say

OVER = at("+3 00:00")
ADAPTER = TypeAdapter(DayResult)


@given(INPUTS, MOMENTS)
@SOME
def test_a_pure_function(case: DayInput, now: datetime) -> None:
    before = copy.deepcopy(case)
    first = conclude(case, now)
    assert conclude(case, now) == first
    assert case == before
    afresh = replace(case, schedule=copy.deepcopy(case.schedule))
    assert conclude(afresh, now) == first


@given(INPUTS, st.randoms(use_true_random=False))
@SOME
def test_the_order_of_punches_is_irrelevant(case: DayInput, random: object) -> None:
    shuffled = list(case.punches)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    again = replace(case, punches=shuffled)
    assert conclude(again, OVER) == conclude(case, OVER)


@given(INPUTS, MOMENTS, st.floats(0, 1, exclude_max=True))
@MANY
def test_next_look_is_honest(case: DayInput, now: datetime, part: float) -> None:
    result = conclude(case, now)
    end = result.next_look or now + timedelta(days=30)
    assert end > now
    later = min(now + (end - now) * part, end - timedelta.resolution)
    assert conclude(case, later) == result
    if result.next_look is None:
        assert "time" not in result.waiting


@given(INPUTS)
@MANY
def test_figures_add_up(case: DayInput) -> None:
    result = conclude(case, OVER)
    open_ = sum(
        session.weight - session.leave_days - session.field_days - session.absent_days
        for session in result.sessions
        if DayState.UNKNOWN in session.states
    )
    told = result.attended_days + result.absent_days + result.leave_days
    assert told + open_ == pytest.approx(result.due_days, abs=1e-3)
    weights = sum(session.weight for session in result.sessions)
    assert result.due_days == pytest.approx(weights, abs=1e-3)
    assert 0 <= result.due_days <= 1
    assert sum(result.leave_days_by_kind.values()) == pytest.approx(
        result.leave_days, abs=1e-3
    )
    figures = (
        result.attended_days,
        result.absent_days,
        result.leave_days,
        result.field_days,
        result.late_min,
        result.early_min,
        result.worked_min,
        result.overtime_min,
    )
    assert min(figures) >= 0
    for session in result.sessions:
        length = (session.end - session.start) // timedelta(minutes=1)
        assert session.worked_min <= length + 20
        assert session.absent_days <= session.weight + 1e-9


@given(INPUTS, MOMENTS)
@SOME
def test_a_row_is_whole_and_can_be_kept_and_explained(
    case: DayInput, now: datetime
) -> None:
    result = conclude(case, now)
    assert result.states
    assert len(set(result.states)) == len(result.states)
    assert result.final is not bool(result.waiting)
    if result.final:
        assert not {DayState.UNKNOWN, DayState.PENDING} & set(result.states)
    kept = ADAPTER.dump_json(result)
    read = ADAPTER.validate_json(kept)
    assert ADAPTER.dump_json(read) == kept
    assert explain(read) == explain(result)
    for language in ("zh-CN", "en"):
        assert all(say(line, language) for line in explain(result))


@given(SCHEDULES, punches(), COVERAGES, MOMENTS)
@MANY
def test_absence_is_never_concluded_from_a_clock_that_was_not_read(
    plan: Schedule,
    seen: Sequence[Punch],
    coverage: Mapping[str, Coverage],
    now: datetime,
) -> None:
    result = conclude(day_input(plan, seen, NOTHING, coverage), now)
    for session in result.sessions:
        if session.states != (DayState.ABSENT,) or session.came or session.went:
            continue
        start, end = session.in_window[0], session.out_window[1]
        for each in coverage.values():
            assert each.until is not None
            assert each.until >= end
            assert not any(
                gap.start <= end and (gap.end is None or gap.end > start)
                for gap in each.gaps
            )


BAD = {
    DayState.ABSENT,
    DayState.MISSING_IN,
    DayState.MISSING_OUT,
    DayState.LATE,
    DayState.EARLY,
}


@given(SCHEDULES, punches(flags=False))
@SOME
def test_nothing_bad_is_said_while_no_clock_was_ever_read(
    plan: Schedule, seen: Sequence[Punch]
) -> None:
    unread = dict.fromkeys(CLOCKS, Coverage())
    result = conclude(day_input(plan, seen, NOTHING, unread), OVER)
    assert not BAD & set(result.states)
    assert (result.absent_days, result.late, result.early, result.missing) == (0,) * 4


@given(INPUTS)
@MANY
def test_reading_more_never_undoes_what_was_present(case: DayInput) -> None:
    before = conclude(case, OVER)
    after = conclude(replace(case, coverage=WHOLE), OVER)
    for one, other in zip(before.sessions, after.sessions, strict=True):
        if one.states == (DayState.PRESENT,):
            limits = ("half_day_below", "absent_below")
            by_hours = any(note.startswith(limits) for note in other.notes)
            assert other.states == (DayState.PRESENT,) or by_hours


@given(SCHEDULES, punches(flags=False), COVERAGES)
@SOME
def test_a_final_row_survives_a_later_reading(
    plan: Schedule, seen: Sequence[Punch], coverage: Mapping[str, Coverage]
) -> None:
    result = conclude(day_input(plan, seen, NOTHING, coverage), OVER)
    if result.final:
        again = conclude(day_input(plan, seen), OVER)
        assert replace(again, coverage={}) == replace(result, coverage={})


@given(SCHEDULES, punches(flags=False, largest=30))
@MANY
def test_no_punch_is_used_by_two_days(plan: Schedule, seen: Sequence[Punch]) -> None:
    taken: list[int] = []
    for offset in range(-3, 4):
        day = DAY + timedelta(days=offset)
        case = replace(day_input(plan, seen), day=day)
        for punch in conclude(case, at("+9 00:00")).punches:
            if punch.use not in {PunchUse.OTHER_DAY, PunchUse.OUTSIDE}:
                assert punch.punch is not None
                taken.append(punch.punch)
    assert len(set(taken)) == len(taken)


@given(SCHEDULES, punches(flags=False, largest=30))
@SOME
def test_every_punch_of_a_day_is_listed_somewhere(
    plan: Schedule, seen: Sequence[Punch]
) -> None:
    listed: set[int | None] = set()
    for offset in range(-2, 3):
        day = DAY + timedelta(days=offset)
        result = conclude(replace(day_input(plan, seen), day=day), at("+9 00:00"))
        listed |= {punch.punch for punch in result.punches}
        of_day = {punch.id for punch in seen if punch.time.date() == day}
        assert of_day <= {punch.punch for punch in result.punches}
    assert listed == {punch.id for punch in seen}


@given(punches(), DECISIONS, COVERAGES, MOMENTS)
@SOME
def test_days_off_count_nothing(
    seen: Sequence[Punch],
    decided: Decided,
    coverage: Mapping[str, Coverage],
    now: datetime,
) -> None:
    plan = schedule(*SHIFTS, postings=[posted("rules", weekdays=(6,))])
    result = conclude(day_input(plan, seen, decided, coverage), now)
    assert result.due_days == result.attended_days == result.absent_days == 0
    assert result.leave_days == result.worked_min == result.overtime_min == 0


@given(st.dates(date(2004, 1, 1), date(2026, 12, 31)))
@SOME
def test_any_day_of_any_shift_can_be_planned(day: date) -> None:
    for shift in SHIFTS:
        plan = schedule(shift)
        case = replace(day_input(plan, ()), day=day)
        result = conclude(case, datetime(2030, 1, 1, tzinfo=ZONE))
        ordered = [
            edge
            for session in result.sessions
            for edge in (session.in_window[0], session.out_window[1])
        ]
        assert ordered == sorted(ordered)
