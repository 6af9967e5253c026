"""One person's day: the row that says what it was, from which punches and rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from bridge.domain.attendance.coverage import Reading
from bridge.domain.attendance.evidence import Evidence, Mark, touching, weigh
from bridge.domain.attendance.facts import DayKind
from bridge.domain.attendance.inputs import DayInput
from bridge.domain.attendance.leave import excuses
from bridge.domain.attendance.listing import list_punches
from bridge.domain.attendance.plan import CHINA_TIME, DayPlan, plan_day
from bridge.domain.attendance.results import DayResult, DayState
from bridge.domain.attendance.rulings import (
    STATES_BY_CORRECTION,
    agree,
    doubt,
    rule_by_correction,
    rule_on_chains,
    rule_on_hours,
)
from bridge.domain.attendance.sessions import judge
from bridge.domain.attendance.totals import (
    WORST_FIRST,
    session_result,
    total,
    worst_first,
)
from bridge.domain.attendance.verdicts import NOTHING, Verdict
from bridge.domain.attendance.windows import DueSession

__all__ = ["STATES_BY_CORRECTION", "WORST_FIRST", "conclude"]

_DAY: Final = timedelta(days=1)


@dataclass(slots=True)
class _Case:
    """A day that is being judged."""

    given: DayInput
    now: datetime
    plan: DayPlan
    reading: Reading
    first: datetime
    """When the first window opens; `last`: when the last one closes."""
    last: datetime
    midnight: datetime


def conclude(given: DayInput, now: datetime) -> DayResult:
    """The row of a person's day, as far as it can be told at `now`.

    `now`: aware, in the hall's zone. A pure function: equal inputs give equal rows,
    and the row is the same for every moment from `now` until `next_look`.
    """
    zone = now.tzinfo or CHINA_TIME
    plan = plan_day(given.schedule, given.person, given.day, zone)
    midnight = datetime.combine(given.day, time.min, zone)
    if not plan.due:
        return _idle(given, plan, now, midnight)
    first, last = plan.due[0].opens, plan.due[-1].closes
    reading = Reading(plan.clocks, given.coverage, last)
    case = _Case(given, now, plan, reading, first, last, midnight)
    evidence = weigh(given, min(first, midnight), max(last, midnight + _DAY))
    verdicts = _judge(case, evidence.marks)
    doubts: list[str] = []
    notes: list[str] = []
    if evidence.drifting:
        doubts, notes = _allow_for_drift(case, evidence, verdicts)
    if doubtful := touching(evidence.doubtful, first, last):
        doubts += doubt(verdicts, doubtful)
    waiting = [*plan.waiting, *_awaited(case, verdicts), *_undecided(case), *doubts]
    return _row(case, verdicts, evidence, waiting, notes)


def _judge(case: _Case, marks: Sequence[Mark]) -> list[Verdict]:
    decided = case.given.decided
    verdicts: list[Verdict] = []
    chain, flex = -1, NOTHING
    for due in case.plan.due:
        verdict = judge(
            due,
            _own(due, marks),
            excuses(decided.leaves, day=case.given.day, start=due.start, end=due.end)
            if decided.leaves
            else (),
            reading=case.reading,
            now=case.now,
            flex=flex if due.chain == chain else NOTHING,
        )
        chain, flex = due.chain, verdict.flex
        verdicts.append(verdict)
    rule_on_chains(verdicts, case.reading, case.now)
    if decided.corrections:
        rule_by_correction(verdicts, decided.corrections)
    rule_on_hours(verdicts)
    return verdicts


def _own(due: DueSession, marks: Sequence[Mark]) -> list[Mark]:
    opens, closes = due.windows.coming[0], due.windows.going[1]
    own = [mark for mark in marks if opens <= mark.time <= closes]
    if due.yields_end:
        while own and own[-1].time == closes:
            own.pop()
    return own


def _allow_for_drift(
    case: _Case, evidence: Evidence, verdicts: list[Verdict]
) -> tuple[list[str], list[str]]:
    """Judge again at the true times; what is then waited for, and what is noted."""
    corrected = evidence.corrected()
    same = agree(verdicts, _judge(case, corrected))
    drifts = {
        mark.punch.id: evidence.drifting[mark.punch.id]
        for mark in (*evidence.marks, *corrected)
        if mark.punch is not None
        and mark.punch.id in evidence.drifting
        and case.first <= mark.time <= case.last
    }
    if same:
        return [], [f"drift:{drift}" for drift in sorted(set(drifts.values()))]
    return [f"punch:{number}" for number in sorted(drifts)], []


def _awaited(case: _Case, verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Time, and clocks: while it is not over those that were needed by now."""
    clocks: dict[str, None] = {}
    for verdict in verdicts:
        if DayState.UNKNOWN in verdict.states:
            clocks.update(dict.fromkeys(verdict.waiting))
    if case.now < case.last:
        yield "time"
    else:
        asked = [verdict for verdict in verdicts if not verdict.settled]
        if asked:
            start, end = asked[0].windows.coming[0], asked[-1].windows.going[1]
            clocks.update(dict.fromkeys(case.reading.awaited(start, end)))
    for clock in clocks:
        yield f"clock:{clock}"


def _undecided(case: _Case) -> Iterator[str]:
    decided, day = case.given.decided, case.given.day
    for leave in decided.pending_leaves:
        if any(
            excuses((leave,), day=day, start=due.start, end=due.end)
            for due in case.plan.due
        ):
            yield f"leave:{leave.id}"
    for correction in decided.pending_corrections:
        yield f"correction:{correction.id}"


def _row(
    case: _Case,
    verdicts: Sequence[Verdict],
    evidence: Evidence,
    waiting: list[str],
    notes: list[str],
) -> DayResult:
    given, plan = case.given, case.plan
    states = [state for verdict in verdicts for state in verdict.states]
    if plan.uncertain:
        states.append(DayState.UNKNOWN)
    looks = [verdict.look for verdict in verdicts if verdict.look is not None]
    if case.now < case.last:
        looks.append(case.last)
    sums = total(verdicts)
    return DayResult(
        person=given.person.id,
        day=given.day,
        states=worst_first(states),
        final=not waiting,
        waiting=tuple(waiting),
        next_look=min(looks, default=None),
        day_kind=plan.calendar.kind.value,
        day_name=plan.calendar.name,
        shift=plan.claims[0].shift.id,
        shift_name=plan.shift_name,
        postings=plan.postings,
        counter=plan.counter,
        sessions=tuple([session_result(verdict) for verdict in verdicts]),
        punches=list_punches(given, evidence, case.midnight, (case.first, case.last)),
        leaves=_used(verdicts) if given.decided.leaves else (),
        corrections=tuple([each.id for each in given.decided.corrections]),
        coverage=case.reading.until(),
        ends=case.last,
        due_days=sums.due,
        attended_days=sums.attended,
        absent_days=sums.absent,
        leave_days=sums.leave,
        leave_days_by_kind=sums.kinds,
        field_days=sums.duty,
        late=sums.late,
        late_min=sums.late_min,
        early=sums.early,
        early_min=sums.early_min,
        missing=sums.missing,
        worked_min=sums.worked_min,
        overtime_min=sums.overtime_min,
        notes=tuple(notes),
    )


def _used(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    found = (excuse for verdict in verdicts for excuse in verdict.excuses)
    return tuple(dict.fromkeys(excuse.leave.id for excuse in found))


def _idle(
    given: DayInput, plan: DayPlan, now: datetime, midnight: datetime
) -> DayResult:
    """Nothing is due, or it is not known what: punches are listed and count nothing."""
    decided, over = given.decided, midnight + _DAY
    evidence = weigh(given, midnight, over)
    said = rule_by_correction((), decided.corrections)
    state = DayState.REST
    if said is not None:
        state = said
    elif plan.uncertain:
        state = DayState.UNKNOWN
    elif plan.calendar.kind is DayKind.HOLIDAY and plan.note != "day_off":
        state = DayState.HOLIDAY
    waiting = [*plan.waiting, *(["time"] if now < over else [])]
    waiting += [f"correction:{each.id}" for each in decided.pending_corrections]
    touched = excuses(decided.leaves, day=given.day, start=midnight, end=over)
    return DayResult(
        person=given.person.id,
        day=given.day,
        states=(state,),
        final=not waiting,
        waiting=tuple(waiting),
        next_look=over if now < over else None,
        day_kind=plan.calendar.kind.value,
        day_name=plan.calendar.name,
        punches=list_punches(given, evidence, midnight, (midnight, midnight)),
        leaves=tuple(dict.fromkeys(excuse.leave.id for excuse in touched)),
        corrections=tuple([each.id for each in decided.corrections]),
        notes=(plan.note,) if plan.note else (),
    )
