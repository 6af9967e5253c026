"""What leave does to a session: all of it, or its beginning, middle or end."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.domain.attendance.evidence import Mark
from bridge.domain.attendance.leave import Excuse
from bridge.domain.attendance.results import DayState, PunchUse
from bridge.domain.attendance.verdicts import MINUTE, NOTHING, Side, Verdict
from bridge.domain.attendance.windows import DueSession, Windows


def remaining(due: DueSession, excuses: Sequence[Excuse]) -> Windows:
    """What is due outside of leave; windows move inwards with it."""
    start, end = due.start, due.end
    for excuse in excuses:
        if excuse.start <= start:
            start = max(start, excuse.end)
    for excuse in reversed(excuses):
        if excuse.end >= end:
            end = min(end, excuse.start)
    in_from, in_until = due.windows.coming
    out_from, out_until = due.windows.going
    middle = start + (end - start) / 2
    if in_until == out_from:
        in_until = out_from = middle
    else:
        moved_in = min(start + (in_until - due.start), max(middle, start))
        moved_out = max(end - (due.end - out_from), min(middle, end))
        in_until = max(in_until, moved_in) if start > due.start else in_until
        out_from = min(out_from, moved_out) if end < due.end else out_from
    return Windows(start, end, (in_from, in_until), (out_from, out_until))


def excused(
    due: DueSession, marks: Sequence[Mark], excuses: Sequence[Excuse]
) -> Verdict:
    """All of it is leave or field duty: no punch is asked for, none is judged."""
    verdict = Verdict(
        due=due,
        windows=due.windows,
        coming=Side.FREE,
        going=Side.FREE,
        states=[],
        weight=due.weight,
        settled=True,
        measured=True,
        evidence=bool(marks),
    )
    count_excuses(verdict, excuses)
    if verdict.leave:
        verdict.states.append(DayState.LEAVE)
    if verdict.duty:
        verdict.states.append(DayState.FIELD_DUTY)
    for mark in marks:
        mark.use = PunchUse.INSIDE
    if marks:
        verdict.notes.append(f"punched_on_leave:{len(marks)}")
    return verdict


def count_excuses(verdict: Verdict, excuses: Sequence[Excuse]) -> None:
    """Leave counts by its share of the session's time, to a hundredth of a day."""
    due = verdict.due
    whole = due.end - due.start
    left = due.weight
    taken = NOTHING
    for excuse in excuses:
        length = excuse.end - excuse.start
        taken += length
        days = left if taken >= whole else round(due.weight * (length / whole), 2)
        days = min(days, left)
        left -= days
        if excuse.at_work:
            verdict.duty += days
            verdict.worked_min += length // MINUTE
        else:
            verdict.leave += days
            verdict.excused_min += length // MINUTE
            kind = excuse.leave.kind.value
            verdict.kinds[kind] = verdict.kinds.get(kind, 0.0) + days
    verdict.excuses = excuses
