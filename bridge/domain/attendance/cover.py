"""A/B cover (顶岗): while A is away, B has to be there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from bridge.domain.attendance.facts import Cover
from bridge.domain.attendance.results import (
    DayResult,
    DayState,
    PunchUse,
    SessionResult,
)

_COUNTS: Final = frozenset(
    {PunchUse.IN, PunchUse.OUT, PunchUse.INSIDE, PunchUse.OUTSIDE, PunchUse.REPEATED}
)


class CoverReason(StrEnum):
    """Why B was not there."""

    LEAVE = "leave"
    FIELD_DUTY = "field_duty"
    ABSENT = "absent"
    """Nobody saw B in that time, though B was due."""
    NOT_DUE = "not_due"
    """B was not due in that time, and did not come."""
    UNKNOWN = "unknown"
    """It cannot be told yet: no alarm."""
    PENDING = "pending"
    """B may still come: no alarm."""


class CoverState(StrEnum):
    """How a stand-in that was wanted turned out."""

    COVERED = "covered"
    UNCOVERED = "uncovered"
    UNKNOWN = "unknown"
    DUE = "due"
    """B may still come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverGap:
    """A time in which A is away, and whether B is there."""

    cover: str
    place: str
    day: date
    a: str
    b: str
    start: datetime
    end: datetime
    away: DayState
    """What A is."""
    reason: CoverReason | None
    """Why B is not there; None: B, or another stand-in of A's there, is."""

    @property
    def state(self) -> CoverState:
        """Only UNCOVERED is worth an alarm."""
        if self.reason is None:
            return CoverState.COVERED
        return _STATES.get(self.reason, CoverState.UNCOVERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Away:
    """A time in which A is away: a session, or the part that leave excuses."""

    start: datetime
    end: datetime
    state: DayState


_STATES: Final = {
    CoverReason.UNKNOWN: CoverState.UNKNOWN,
    CoverReason.PENDING: CoverState.DUE,
}


def stand_ins(
    covers: Iterable[Cover], results_by_person: Mapping[str, Sequence[DayResult]]
) -> list[CoverGap]:
    """Every time in which somebody with a stand-in was away, by day, place, start.

    With several stand-ins for one person and place, one who is there is enough.
    Results of the days around help with work over midnight.
    """
    gaps: list[CoverGap] = []
    kept = list(covers)
    for cover in kept:
        for result in results_by_person.get(cover.a, ()):
            if _holds(cover, result.day):
                gaps += _stand_ins(cover, result, kept, results_by_person)
    return sorted(gaps, key=lambda gap: (gap.day, gap.place, gap.start, gap.cover))


def _stand_ins(
    cover: Cover,
    result: DayResult,
    covers: Sequence[Cover],
    results_by_person: Mapping[str, Sequence[DayResult]],
) -> Iterator[CoverGap]:
    day = result.day
    others = [
        other.b
        for other in covers
        if (other.a, other.place) == (cover.a, cover.place) and _holds(other, day)
    ]
    for away in away_times(result):
        stood = [_stand(away, results_by_person.get(b, ()), day) for b in others]
        reason = _stand(away, results_by_person.get(cover.b, ()), day)
        if None in stood:
            reason = None
        elif reason not in _STATES:
            # another of them may be there
            reason = next((each for each in stood if each in _STATES), reason)
        yield CoverGap(
            cover=cover.id,
            place=cover.place,
            day=day,
            a=cover.a,
            b=cover.b,
            start=away.start,
            end=away.end,
            away=away.state,
            reason=reason,
        )


def away_times(result: DayResult) -> Iterator[Away]:
    """When somebody is away: on leave, on field duty, or absent without any punch."""
    for session in result.sessions:
        states = set(session.states)
        if DayState.ABSENT in states and not session.came and not session.went:
            yield Away(start=session.start, end=session.end, state=DayState.ABSENT)
        elif states <= {DayState.LEAVE, DayState.FIELD_DUTY}:
            state = session.states[0]
            yield Away(start=session.start, end=session.end, state=state)
        else:
            for start, end in session.away:
                yield Away(start=start, end=end, state=DayState.LEAVE)


def _holds(cover: Cover, day: date) -> bool:
    return cover.valid_from <= day and (cover.valid_to is None or day <= cover.valid_to)


def _stand(away: Away, results: Sequence[DayResult], day: date) -> CoverReason | None:
    """None: B was there."""
    near = [result for result in results if abs((result.day - day).days) <= 1]
    if any(_was_there(result, away) for result in near):
        return None
    own = next((result for result in near if result.day == day), None)
    if own is None:
        return CoverReason.UNKNOWN
    due = [
        session
        for result in near
        for session in result.sessions
        if session.start < away.end and away.start < session.end
    ]
    if not due:
        unknown = DayState.UNKNOWN in own.states
        return CoverReason.UNKNOWN if unknown else CoverReason.NOT_DUE
    states = {state for session in due for state in session.states}
    for state, reason in (
        (DayState.UNKNOWN, CoverReason.UNKNOWN),
        (DayState.ABSENT, CoverReason.ABSENT),
        (DayState.MISSING_IN, CoverReason.ABSENT),
        (DayState.PENDING, CoverReason.PENDING),
        (DayState.LEAVE, CoverReason.LEAVE),
        (DayState.FIELD_DUTY, CoverReason.FIELD_DUTY),
    ):
        if state in states:
            return reason
    return CoverReason.ABSENT


def _was_there(result: DayResult, away: Away) -> bool:
    """By the stretch between coming and going, or by any punch in that time."""
    return any(_covers_some(session, away) for session in result.sessions) or any(
        punch.use in _COUNTS and away.start <= punch.time <= away.end
        for punch in result.punches
    )


def _covers_some(session: SessionResult, away: Away) -> bool:
    span = _presence(session)
    if span is None:
        return False
    start, end = max(span[0], away.start), min(span[1], away.end)
    return start < end and not any(
        gone <= start and end <= back for gone, back in session.away
    )


def _presence(session: SessionResult) -> tuple[datetime, datetime] | None:
    if session.came is not None:
        return session.came, session.went or session.end
    if session.went is not None:
        return session.start, session.went
    if tuple(session.states) == (DayState.PRESENT,):
        return session.start, session.end
    return None
