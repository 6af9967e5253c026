"""What holds for every day, whatever happened on it."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from support.attending import (
    CLOCKS,
    DAY,
    FOUR,
    LI,
    NIGHT,
    ONE,
    TWO,
    ZONE,
    at,
    changed,
    posted,
    schedule,
    stretch,
)

from bridge.domain.attendance.days import conclude
from bridge.domain.attendance.explain import explain
from bridge.domain.attendance.facts import (
    Confirmation,
    Correction,
    CorrectionKind,
    Leave,
    LeaveKind,
    LeaveUnit,
    Pairing,
    Shift,
)
from bridge.domain.attendance.inputs import (
    Coverage,
    DayInput,
    Decided,
    Gap,
    Punch,
    Schedule,
)
from bridge.domain.attendance.results import DayResult, DayState, PunchUse
from bridge.domain.attendance.wording import say
from devices.events import Direction

SOME = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
MANY = settings(SOME, max_examples=120)
ALL_WEEK = tuple(range(7))
RULES = changed(
    TWO,
    id="rules",
    grace_in_min=5,
    grace_out_min=5,
    flex_min=20,
    half_absent_after_min=30,
    absent_after_min=90,
    half_day_below_min=240,
    absent_below_min=60,
    overtime_after_min=30,
)
CHAIN = Shift(
    id="chain",
    name="两次卡",
    sessions=(
        stretch("08:30", "12:00", needs_out=False, weight=0.5),
        stretch("14:00", "17:30", needs_in=False, weight=0.5),
    ),
)
NIGHTS = Shift(
    id="nights",
    name="两段夜班",
    sessions=(stretch("20:00", "01:00"), stretch("02:00", "07:00")),
    follows_calendar=False,
    weekdays=ALL_WEEK,
)
DIRECTED = changed(TWO, id="directed", pairing=Pairing.DIRECTION)
SHIFTS = (ONE, TWO, FOUR, NIGHT, RULES, CHAIN, NIGHTS, DIRECTED)
IDS = [shift.id for shift in SHIFTS]

MINUTES = st.integers(min_value=-24 * 60, max_value=48 * 60)
"""From the midnight before DAY to the end of the day after."""


def moment(minutes: int, seconds: int = 0) -> datetime:
    return at("00:00") + timedelta(minutes=minutes, seconds=seconds)


MOMENTS = st.builds(moment, MINUTES, st.integers(0, 59))
SCHEDULES = st.one_of(
    st.sampled_from(IDS).map(lambda name: schedule(*SHIFTS, postings=[posted(name)])),
    st.lists(st.sampled_from([*IDS, None]), min_size=1, max_size=4).map(
        lambda names: schedule(*SHIFTS, postings=[posted(None, rotation=names)])
    ),
    st.tuples(st.sampled_from(IDS), st.sampled_from(IDS)).map(
        lambda names: schedule(
            *SHIFTS,
            postings=[posted(names[0]), posted(names[1], id="P2", valid_from=DAY)],
        )
    ),
)


@st.composite
def punches(
    draw: st.DrawFn, *, flags: bool = True, largest: int = 12
) -> Sequence[Punch]:
    """Punches over three days, by time."""
    made = [
        Punch(
            id=number,
            user_id="0042",
            time=time,
            direction=draw(st.sampled_from(Direction)),
            device=draw(st.sampled_from(CLOCKS)),
            received=time + timedelta(minutes=draw(st.sampled_from([0, 0, 300]))),
            flags=draw(FLAGS) if flags else (),
            drift_s=draw(st.sampled_from([None, 240, -600])) if flags else None,
        )
        for number, time in enumerate(draw(st.lists(MOMENTS, max_size=largest)), 1)
    ]
    return sorted(made, key=lambda punch: (punch.time, punch.id))


FLAGS = st.sampled_from(
    [(), (), (), (), ("clock_wrong",), ("future",), ("unknown_user",)]
)
GAPS = st.builds(
    lambda start, length, lost: Gap(
        start=start,
        end=None if length is None else start + timedelta(minutes=length),
        reason="",
        lost=lost,
    ),
    MOMENTS,
    st.sampled_from([None, 10, 200]),
    st.booleans(),
)
COVERAGE = st.builds(
    lambda until, gaps: Coverage(until=until, gaps=gaps),
    st.one_of(st.none(), MOMENTS, st.just(at("+3 00:00"))),
    st.one_of(st.just([]), st.lists(GAPS, max_size=2)),
)
COVERAGES = st.fixed_dictionaries(dict.fromkeys(CLOCKS, COVERAGE))
LEAVES = st.builds(
    lambda number, kind, unit, start, length: Leave(
        id=f"L{number}",
        person=LI.id,
        kind=kind,
        unit=unit,
        start=start,
        end=start + timedelta(minutes=length),
    ),
    st.integers(1, 99),
    st.sampled_from(LeaveKind),
    st.sampled_from(LeaveUnit),
    MOMENTS,
    st.sampled_from([30, 120, 240, 1440]),
)
STATES = ["present", "late", "absent", "leave", "field_duty", "rest"]


@st.composite
def corrections(draw: st.DrawFn) -> Correction:
    kind = draw(st.sampled_from(CorrectionKind))
    return Correction(
        id=f"C{draw(st.integers(1, 99))}",
        person=LI.id,
        day=DAY,
        kind=kind,
        reason="停电",
        time=draw(MOMENTS) if kind is CorrectionKind.PUNCH else None,
        direction=draw(st.sampled_from(Direction)),
        punch=draw(st.integers(1, 12)) if kind is CorrectionKind.VOID else None,
        state=draw(st.sampled_from(STATES)) if kind is CorrectionKind.STATE else None,
        session=draw(st.sampled_from([None, 0, 1])),
    )


CONFIRMATIONS = st.dictionaries(
    st.integers(1, 12),
    st.builds(
        lambda counts, time: Confirmation(punch=1, counts=counts, time=time),
        st.booleans(),
        st.one_of(st.none(), MOMENTS),
    ),
    max_size=3,
)
DECIDED = st.builds(
    lambda leaves, pending, corrected, confirmations: Decided(
        leaves=leaves,
        pending_leaves=pending,
        corrections=corrected,
        confirmations=confirmations,
    ),
    st.lists(LEAVES, max_size=2),
    st.lists(LEAVES, max_size=1),
    st.lists(corrections(), max_size=2),
    CONFIRMATIONS,
)
NOTHING = Decided()
DECISIONS = st.one_of(st.just(NOTHING), DECIDED)
WHOLE = dict.fromkeys(CLOCKS, Coverage(until=at("+3 00:00")))


def day_input(
    plan: Schedule,
    seen: Sequence[Punch],
    decided: Decided = NOTHING,
    coverage: Mapping[str, Coverage] = WHOLE,
) -> DayInput:
    return DayInput(
        person=LI,
        day=DAY,
        schedule=plan,
        punches=seen,
        decided=decided,
        coverage=coverage,
    )


INPUTS = st.builds(day_input, SCHEDULES, punches(), DECISIONS, COVERAGES)
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
