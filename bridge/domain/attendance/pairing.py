"""Coming and going: which punches of a session are the first and the last.

Repeats are judged within a session: of a burst the first is the coming, the last the
going, and one burst is never both. A punch before a cut between two windows and one
after it are two acts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from bridge.domain.attendance.evidence import Mark
from bridge.domain.attendance.facts import Pairing
from bridge.domain.attendance.results import PunchUse
from bridge.domain.attendance.windows import Windows
from devices.events import Direction

COMING: Final = frozenset({Direction.IN, Direction.BREAK_IN, Direction.OVERTIME_IN})
GOING: Final = frozenset({Direction.OUT, Direction.BREAK_OUT, Direction.OVERTIME_OUT})

_TOLD: Final = COMING | GOING


def pair(
    marks: Sequence[Mark], windows: Windows, pairing: Pairing, collapse: timedelta
) -> tuple[Mark | None, Mark | None]:
    """The coming and the going among a session's marks; the use of all is set.

    `marks`: by time, all within the session's windows or between them.
    """
    came = went = None
    by_direction = pairing is Pairing.DIRECTION
    for mark in marks:
        mark.use = PunchUse.INSIDE
        told = mark.direction if by_direction or mark.punch is None else ""
        if came is None and told not in GOING and _is_in(mark, windows.coming, told):
            came = mark
        if told not in COMING and _is_in(mark, windows.going, told):
            went = mark
    if came is not None and went is not None:
        told_both = by_direction or came.punch is None or went.punch is None
        came, went = _one_act(came, went, windows, collapse, told=told_both)
    if came is not None:
        came.use = PunchUse.IN
    if went is not None:
        went.use = PunchUse.OUT
    if len(marks) > (came is not None) + (went is not None):
        _name_repeats(marks, collapse)
    return came, went


def _is_in(mark: Mark, window: tuple[datetime, datetime], told: str) -> bool:
    """What a correction calls coming or going needs no window."""
    if mark.punch is None and told in _TOLD:
        return True
    return window[0] <= mark.time <= window[1]


def _one_act(
    came: Mark, went: Mark, windows: Windows, collapse: timedelta, *, told: bool
) -> tuple[Mark | None, Mark | None]:
    if went.time < came.time:
        return came, None
    if went.time - came.time > collapse:
        return came, went
    if told and came.direction in COMING and went.direction in GOING:
        return came, went
    if came.time - windows.start <= windows.end - went.time:
        return came, None
    return None, went


def _name_repeats(marks: Sequence[Mark], collapse: timedelta) -> None:
    kept: datetime | None = None
    for mark in marks:
        repeats = kept is not None and mark.time - kept <= collapse
        if mark.use is PunchUse.INSIDE and repeats:
            mark.use = PunchUse.REPEATED
        else:
            kept = mark.time
    going = next((mark for mark in marks if mark.use is PunchUse.OUT), None)
    for mark in marks:
        if (
            going is not None
            and mark.use is PunchUse.INSIDE
            and timedelta() <= going.time - mark.time <= collapse
        ):
            mark.use = PunchUse.REPEATED
