"""Any day of anybody: schedules, punches, decisions and readings of clocks to draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from support.attending import (
    CLOCKS,
    DAY,
    FOUR,
    LI,
    NIGHT,
    ONE,
    TWO,
    at,
    changed,
    posted,
    schedule,
    stretch,
)

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
