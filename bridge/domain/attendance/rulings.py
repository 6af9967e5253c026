"""What is decided over the sessions of a day together: chains, limits, corrections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Final

from bridge.domain.attendance.coverage import Reading
from bridge.domain.attendance.evidence import Mark
from bridge.domain.attendance.facts import Correction, CorrectionKind, LeaveKind
from bridge.domain.attendance.results import DayState
from bridge.domain.attendance.verdicts import Side, Verdict

STATES_BY_CORRECTION: Final = frozenset(
    {
        DayState.PRESENT,
        DayState.LATE,
        DayState.EARLY,
        DayState.MISSING_IN,
        DayState.MISSING_OUT,
        DayState.ABSENT,
        DayState.LEAVE,
        DayState.FIELD_DUTY,
        DayState.REST,
    }
)
"""What a correction may say a day or a session was. REST: nothing was due."""

EXCEPTIONS: Final = frozenset(
    {
        DayState.ABSENT,
        DayState.MISSING_IN,
        DayState.MISSING_OUT,
        DayState.LATE,
        DayState.EARLY,
    }
)


def rule_on_chains(
    verdicts: Sequence[Verdict], reading: Reading, now: datetime
) -> None:
    """Where nobody was seen in a whole chain of sessions: absent, or not known."""
    if all(verdict.evidence for verdict in verdicts):
        return
    judged = (verdict for verdict in verdicts if not verdict.settled)
    for _, chain in groupby(judged, key=lambda verdict: verdict.due.chain):
        held = list(chain)
        if any(verdict.evidence for verdict in held):
            continue
        sides = {side for verdict in held for side in (verdict.coming, verdict.going)}
        sides.discard(Side.FREE)
        if sides and sides <= {Side.MISSING, Side.UNKNOWN}:
            _rule_on_nobody(held, reading, now)


def _rule_on_nobody(chain: Sequence[Verdict], reading: Reading, now: datetime) -> None:
    end = chain[-1].windows.going[1]
    if now < end:
        last = chain[-1]
        last.look = end if last.look is None else min(last.look, end)
        if DayState.PENDING not in last.states:
            last.states.append(DayState.PENDING)
        return
    lacking = reading.lacking(chain[0].windows.coming[0], end)
    for verdict in chain:
        verdict.waiting = lacking
        if lacking:
            verdict.states = [DayState.UNKNOWN]
        else:
            verdict.states = [DayState.ABSENT]
            verdict.absent = verdict.owed
            verdict.measured = True


def rule_on_hours(verdicts: Sequence[Verdict]) -> None:
    """Too little work in the day is half a day absent, or the day (by shift)."""
    for verdict in verdicts:
        shift = verdict.due.shift
        if shift.absent_below_min is not None or shift.half_day_below_min is not None:
            break
    else:
        return
    ordered = sorted(verdicts, key=lambda verdict: verdict.due.claim)
    for _, own in groupby(ordered, key=lambda verdict: verdict.due.claim):
        _rule_on_shift(list(own))


def _rule_on_shift(verdicts: list[Verdict]) -> None:
    if any(not verdict.measured or verdict.is_open for verdict in verdicts):
        return
    shift = verdicts[0].due.shift
    work = sum(verdict.worked_min + verdict.excused_min for verdict in verdicts)
    owed = sum(verdict.owed for verdict in verdicts)
    absent = sum(verdict.absent for verdict in verdicts)
    if shift.absent_below_min is not None and work < shift.absent_below_min:
        wanted, note = owed, f"absent_below:{shift.absent_below_min}"
    elif shift.half_day_below_min is not None and work < shift.half_day_below_min:
        wanted, note = min(0.5, owed), f"half_day_below:{shift.half_day_below_min}"
    else:
        return
    more = wanted - absent
    for verdict in sorted(verdicts, key=lambda verdict: verdict.worked_min):
        given = min(more, verdict.owed - verdict.absent)
        if given <= 0:
            continue
        more -= given
        verdict.absent += given
        verdict.notes.append(note)
        gone = {DayState.PRESENT, DayState.ABSENT}
        if verdict.absent >= verdict.owed:
            gone |= {DayState.LATE, DayState.EARLY}
        kept = [state for state in verdict.states if state not in gone]
        verdict.states = [DayState.ABSENT, *kept]


def rule_by_correction(
    verdicts: Sequence[Verdict], corrections: Iterable[Correction]
) -> DayState | None:
    """Let corrections say what sessions were, the last one holds.

    What they say of the whole day.
    """
    whole: DayState | None = None
    for each in corrections:
        if each.kind is not CorrectionKind.STATE:
            continue
        if each.state is None or each.state not in STATES_BY_CORRECTION:
            continue
        state = DayState(each.state)
        if each.session is None:
            whole = state
            for verdict in verdicts:
                _set(verdict, state, each.id)
        elif each.session < len(verdicts):
            _set(verdicts[each.session], state, each.id)
    return whole


def _set(verdict: Verdict, state: DayState, correction: str) -> None:
    days = verdict.due.weight
    kinds = list(verdict.kinds)
    verdict.states = [state]
    verdict.settled, verdict.measured = True, False
    verdict.waiting, verdict.look = (), None
    verdict.weight = 0.0 if state is DayState.REST else days
    verdict.absent = days if state is DayState.ABSENT else 0.0
    verdict.leave = days if state is DayState.LEAVE else 0.0
    verdict.duty = days if state is DayState.FIELD_DUTY else 0.0
    kind = kinds[0] if kinds else LeaveKind.OTHER.value
    verdict.kinds = {kind: days} if state is DayState.LEAVE else {}
    if state is not DayState.LATE:
        verdict.late_min = 0
    if state is not DayState.EARLY:
        verdict.early_min = 0
    verdict.notes = [
        note for note in verdict.notes if not note.startswith("corrected:")
    ]
    verdict.notes.append(f"corrected:{correction}")


def doubt(verdicts: Sequence[Verdict], doubtful: Sequence[Mark]) -> list[str]:
    """Take back what a doubtful punch may refute. What is waited for."""
    waiting = [f"punch:{mark.punch.id}" for mark in doubtful if mark.punch]
    for verdict in verdicts:
        held = [state for state in verdict.states if state in EXCEPTIONS]
        if not held or verdict.settled:
            continue
        unsay(verdict)
        verdict.notes += [f"doubtful:{code.partition(':')[2]}" for code in waiting]
    return waiting


def unsay(verdict: Verdict) -> None:
    """Make a session UNKNOWN; what leave says of it stays."""
    pending = DayState.PENDING in verdict.states
    verdict.states = [DayState.UNKNOWN]
    if pending:
        verdict.states.append(DayState.PENDING)
    verdict.absent = 0.0
    verdict.late_min = verdict.early_min = verdict.worked_min = 0


def agree(one: Sequence[Verdict], other: Sequence[Verdict]) -> bool:
    """Whether two judgements come to the same states and counts.

    `one` is changed: sessions that differ become UNKNOWN, and what may change either
    with time may change it.
    """
    same = True
    for left, right in zip(one, other, strict=True):
        looks = [look for look in (left.look, right.look) if look is not None]
        left.look = min(looks, default=None)
        if _essence(left) != _essence(right):
            same = False
            unsay(left)
    return same


def _essence(verdict: Verdict) -> tuple[object, ...]:
    return (sorted(verdict.states), verdict.absent, verdict.leave, verdict.duty)
