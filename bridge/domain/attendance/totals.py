"""From verdicts to figures: what a session shows, what a day adds up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bridge.domain.attendance.results import DayState, SessionResult
from bridge.domain.attendance.verdicts import MINUTE, Verdict

WORST_FIRST: Final = (
    DayState.UNKNOWN,
    DayState.ABSENT,
    DayState.MISSING_IN,
    DayState.MISSING_OUT,
    DayState.LATE,
    DayState.EARLY,
    DayState.PENDING,
    DayState.LEAVE,
    DayState.FIELD_DUTY,
    DayState.PRESENT,
    DayState.HOLIDAY,
    DayState.REST,
)
"""What cannot be told stands before what is wrong, that before what is not over."""

_PLAIN: Final = [DayState.PRESENT]
_RANK: Final = {state: rank for rank, state in enumerate(WORST_FIRST)}


@dataclass(slots=True)
class Totals:
    """A day's figures: days to four places, minutes whole."""

    due: float = 0.0
    attended: float = 0.0
    absent: float = 0.0
    leave: float = 0.0
    kinds: dict[str, float] = field(default_factory=dict)
    duty: float = 0.0
    late: int = 0
    late_min: int = 0
    early: int = 0
    early_min: int = 0
    missing: int = 0
    worked_min: int = 0
    overtime_min: int = 0


def worst_first(states: Sequence[DayState]) -> tuple[DayState, ...]:
    """Each state once, the worst first."""
    if states.count(states[0]) == len(states):
        return (states[0],)
    return tuple(sorted(set(states), key=_RANK.__getitem__))


def total(verdicts: Sequence[Verdict]) -> Totals:
    """The sums of a day.

    What is due is attended, absent or leave, unless it cannot be counted yet; field
    duty is attended. Lateness that counts as absence is not counted as late too.
    """
    sums = Totals()
    for verdict in verdicts:
        states = verdict.states
        sums.due += verdict.weight
        if states == _PLAIN and not verdict.excuses and not verdict.absent:
            sums.attended += verdict.weight
            sums.worked_min += verdict.worked_min
            continue
        sums.attended += verdict.duty
        if not verdict.is_open:
            sums.attended += verdict.owed - verdict.absent
        sums.absent += verdict.absent
        sums.leave += verdict.leave
        sums.duty += verdict.duty
        for kind, days in verdict.kinds.items():
            sums.kinds[kind] = round(sums.kinds.get(kind, 0.0) + days, 4)
        if DayState.LATE in states:
            sums.late += 1
            sums.late_min += verdict.late_min
        if DayState.EARLY in states:
            sums.early += 1
            sums.early_min += verdict.early_min
        sums.missing += DayState.MISSING_IN in states
        sums.missing += DayState.MISSING_OUT in states
        sums.worked_min += verdict.worked_min
    sums.overtime_min = _overtime(verdicts[-1])
    sums.due = round(sums.due, 4)
    sums.attended = round(sums.attended, 4)
    sums.absent = round(sums.absent, 4)
    sums.leave = round(sums.leave, 4)
    sums.duty = round(sums.duty, 4)
    return sums


def _overtime(last: Verdict) -> int:
    """Of the last session of the day: from so long after its end until the going."""
    after = last.due.shift.overtime_after_min
    if after is None or last.went is None or last.is_open:
        return 0
    return max((last.went - last.due.end - last.flex) // MINUTE - after, 0)


def session_result(verdict: Verdict) -> SessionResult:
    """What is kept of a session."""
    due, states = verdict.due, verdict.states
    excuses = verdict.excuses
    return SessionResult(
        name=due.session.name,
        start=due.start,
        end=due.end,
        in_window=verdict.windows.coming,
        out_window=verdict.windows.going,
        weight=verdict.weight,
        states=tuple(states) if len(states) == 1 else worst_first(states),
        came=verdict.came,
        went=verdict.went,
        late_min=verdict.late_min,
        early_min=verdict.early_min,
        worked_min=verdict.worked_min,
        absent_days=verdict.absent,
        leave_days=verdict.leave,
        field_days=verdict.duty,
        leaves=tuple(dict.fromkeys(each.leave.id for each in excuses))
        if excuses
        else (),
        away=tuple((each.start, each.end) for each in excuses) if excuses else (),
        notes=(*due.notes, *verdict.notes) if verdict.notes else due.notes,
    )
