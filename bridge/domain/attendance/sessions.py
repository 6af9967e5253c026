"""One session: what is due of it after leave, who came and went, and what follows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bridge.domain.attendance.coverage import Reading
from bridge.domain.attendance.evidence import Mark
from bridge.domain.attendance.excusing import count_excuses, excused, remaining
from bridge.domain.attendance.facts import Shift
from bridge.domain.attendance.leave import Excuse
from bridge.domain.attendance.pairing import pair
from bridge.domain.attendance.results import DayState
from bridge.domain.attendance.verdicts import MINUTE, NOTHING, Side, Verdict
from bridge.domain.attendance.windows import DueSession


def judge(
    due: DueSession,
    marks: Sequence[Mark],
    excuses: Sequence[Excuse],
    *,
    reading: Reading,
    now: datetime,
    flex: timedelta = NOTHING,
) -> Verdict:
    """Judge one session by itself. `flex`: how much later its chain began."""
    windows = remaining(due, excuses) if excuses else due.windows
    shift, session = due.shift, due.session
    if windows.start >= windows.end:
        return excused(due, marks, excuses)
    came, went = pair(marks, windows, shift.pairing, shift.collapse_min * MINUTE)
    verdict = Verdict(
        due=due,
        windows=windows,
        coming=Side.FREE,
        going=Side.FREE,
        states=[],
        came=came.time if came else None,
        went=went.time if went else None,
        flex=flex,
        weight=due.weight,
        evidence=bool(marks),
    )
    if session.needs_in:
        _judge_coming(verdict, came, reading, now)
    if session.needs_out:
        _judge_going(verdict, went, reading, now)
    elif now < windows.end:
        verdict.look = _first(verdict.look, windows.end)
    if excuses:
        count_excuses(verdict, excuses)
    _name_states(verdict, now)
    _measure(verdict)
    if verdict.late_min or verdict.early_min:
        _apply_limits(verdict, shift)
    return verdict


def _judge_coming(
    verdict: Verdict, came: Mark | None, reading: Reading, now: datetime
) -> None:
    windows, shift = verdict.windows, verdict.due.shift
    window = windows.coming
    if came is None:
        if now < window[1]:
            verdict.coming, verdict.look = Side.PENDING, window[1]
        else:
            verdict.waiting = reading.lacking(*window)
            verdict.coming = Side.UNKNOWN if verdict.waiting else Side.MISSING
        return
    late = came.time - windows.start
    if late > NOTHING and shift.flex_min and windows.start == verdict.due.start:
        verdict.flex = min(late, shift.flex_min * MINUTE)
        verdict.notes.append(f"flex:{verdict.flex // MINUTE}")
        late -= verdict.flex
    minutes = late // MINUTE
    verdict.coming = Side.GOOD
    if minutes > shift.grace_in_min:
        verdict.late_min = minutes
        verdict.coming = Side.BAD
        if came.correction is None:
            verdict.waiting = reading.lacking(window[0], came.time)
            if verdict.waiting:
                verdict.coming, verdict.late_min = Side.UNKNOWN, 0


def _judge_going(
    verdict: Verdict, went: Mark | None, reading: Reading, now: datetime
) -> None:
    windows, shift = verdict.windows, verdict.due.shift
    window = windows.going
    if went is None:
        if now < window[1]:
            verdict.going = Side.PENDING
            verdict.look = _first(verdict.look, window[1])
            return
        lacking = reading.lacking(*window)
        verdict.going = Side.UNKNOWN if lacking else Side.MISSING
        verdict.waiting = (*verdict.waiting, *lacking)
        return
    minutes = (windows.end + verdict.flex - went.time) // MINUTE
    verdict.going = Side.GOOD
    if minutes <= shift.grace_out_min:
        return
    if went.correction is None and now < window[1]:
        verdict.going = Side.PENDING
        verdict.look = _first(verdict.look, window[1])
        return
    verdict.early_min = minutes
    verdict.going = Side.BAD
    if went.correction is None:
        start = went.time
        if verdict.flex and verdict.came is not None:
            start = min(start, windows.coming[0])
        lacking = reading.lacking(start, window[1])
        if lacking:
            verdict.going, verdict.early_min = Side.UNKNOWN, 0
            verdict.waiting = (*verdict.waiting, *lacking)


def _name_states(verdict: Verdict, now: datetime) -> None:
    """States by this session alone; nobody there at all is the chain's to say."""
    coming, going, states = verdict.coming, verdict.going, verdict.states
    if Side.UNKNOWN in (coming, going):
        states.append(DayState.UNKNOWN)
    if coming is Side.MISSING and not (going is Side.UNKNOWN and verdict.went is None):
        states.append(DayState.MISSING_IN)
    if going is Side.MISSING and not (coming is Side.UNKNOWN and verdict.came is None):
        states.append(DayState.MISSING_OUT)
    if coming is Side.BAD:
        states.append(DayState.LATE)
    if going is Side.BAD:
        states.append(DayState.EARLY)
    if Side.PENDING in (coming, going) or (
        going is Side.FREE and now < verdict.windows.end
    ):
        states.append(DayState.PENDING)
    if not states:
        states.append(DayState.PRESENT)


def _measure(verdict: Verdict) -> None:
    """Minutes between coming and going, within the hours due, leave left out."""
    if verdict.is_open:
        return
    windows, due = verdict.windows, verdict.due
    missing = Side.MISSING in (verdict.coming, verdict.going)
    verdict.measured = not missing
    start = verdict.came or (due.start if verdict.coming is Side.FREE else None)
    end = verdict.went or (windows.end if verdict.going is Side.FREE else None)
    if start is None or end is None:
        return
    start = max(start, windows.start)
    end = min(end, windows.end + verdict.flex)
    if start >= end:
        return
    worked = end - start
    for excuse in verdict.excuses:
        worked -= max(min(end, excuse.end) - max(start, excuse.start), NOTHING)
    verdict.worked_min += worked // MINUTE


def _apply_limits(verdict: Verdict, shift: Shift) -> None:
    """Too late, or away too early, is half a day absent or the session (旷工)."""
    for side, state, minutes in (
        (verdict.coming, DayState.LATE, verdict.late_min),
        (verdict.going, DayState.EARLY, verdict.early_min),
    ):
        if side is not Side.BAD:
            continue
        if shift.absent_after_min is not None and minutes > shift.absent_after_min:
            verdict.absent = verdict.owed
            verdict.notes.append(f"absent_after:{shift.absent_after_min}")
        elif (
            shift.half_absent_after_min is not None
            and minutes > shift.half_absent_after_min
        ):
            verdict.absent = min(verdict.absent + 0.5, verdict.owed)
            verdict.notes.append(f"half_absent_after:{shift.half_absent_after_min}")
        else:
            continue
        verdict.states.remove(state)
        if DayState.ABSENT not in verdict.states:
            verdict.states.append(DayState.ABSENT)


def _first(one: datetime | None, other: datetime) -> datetime:
    return other if one is None or other < one else one
