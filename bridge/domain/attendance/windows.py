"""Sessions as moments, with the windows in which punches count for them.

Where windows of neighbours would overlap, also over midnight, they are cut so that
each moment belongs to one session. Wall-clock time of one zone without summer time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import Final, NamedTuple

from bridge.domain.attendance.facts import Session, Shift

REACH: Final = timedelta(hours=4)
"""How far a window reaches beyond its session unless it is told."""

_DAY: Final = timedelta(days=1)
_HALF_DAY: Final = timedelta(hours=12)


class Stretch(NamedTuple):
    """A session on a day. `claim`: which of the day's shifts it is of."""

    session: Session
    shift: Shift
    claim: int
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Windows:
    """When one is due, and when punches count as coming and going (ends included)."""

    start: datetime
    end: datetime
    coming: tuple[datetime, datetime]
    going: tuple[datetime, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class DueSession:
    """A session that somebody is due for, with its windows."""

    session: Session
    shift: Shift
    claim: int
    start: datetime
    end: datetime
    windows: Windows
    weight: float
    chain: int
    """Equal for sessions between which nobody has to punch."""
    yields_end: bool
    """The last moment of the out window is the next session's."""
    notes: tuple[str, ...]
    """The rules that bear on it (wording.NOTES)."""

    @property
    def opens(self) -> datetime:
        """When the first punch may come."""
        return self.windows.coming[0]

    @property
    def closes(self) -> datetime:
        """When the last punch may come."""
        return self.windows.going[1]

    def holds(self, moment: datetime) -> bool:
        """Whether a punch at that moment is this session's."""
        end = self.windows.going[1]
        if self.windows.coming[0] <= moment <= end:
            return moment != end or not self.yields_end
        return False


def sessions_of(shift: Shift, day: date) -> Sequence[Session]:
    """The hours of a day: those of the first variant that fits, else the plain ones."""
    month_day = f"{day.month:02}-{day.day:02}"
    weekday = day.weekday()
    for variant in shift.variants:
        if variant.weekdays and weekday not in variant.weekdays:
            continue
        if _is_season(month_day, variant.season_from, variant.season_to):
            return variant.sessions
    return shift.sessions


def stretches(shifts: Sequence[Shift], day: date, zone: tzinfo) -> list[Stretch]:
    """The sessions of a day's shifts, the strongest shift first, by start.

    Where sessions of two shifts overlap, that of the stronger one holds.
    """
    held: list[Stretch] = []
    for claim, shift in enumerate(shifts):
        own = _timed(shift, claim, day, zone)
        held += [
            new
            for new in own
            if not any(
                old.claim != claim and old.start < new.end and new.start < old.end
                for old in held
            )
        ]
    return sorted(held, key=lambda stretch: (stretch.start, stretch.end))


def lay_out(
    held: Sequence[Stretch], before: Stretch | None, after: Stretch | None
) -> tuple[DueSession, ...]:
    """The sessions of a day with windows; `before` and `after` are its neighbours."""
    line = [before, *held, after]
    edges = [_edge(left, right) for left, right in pairwise(line)]
    total = sum(stretch.session.weight for stretch in held)
    due: list[DueSession] = []
    chain = 0
    for place, stretch in enumerate(held):
        session = stretch.session
        if place and not _chained(held[place - 1], stretch):
            chain += 1
        in_from, out_until = edges[place][1], edges[place + 1][0]
        assert in_from is not None  # noqa: S101 - it has a right-hand session
        assert out_until is not None  # noqa: S101 - it has a left-hand session
        middle = stretch.start + (stretch.end - stretch.start) / 2
        in_until = _near(session.in_until, stretch.start) or middle
        out_from = _near(session.out_from, stretch.end) or middle
        due.append(
            DueSession(
                session=session,
                shift=stretch.shift,
                claim=stretch.claim,
                start=stretch.start,
                end=stretch.end,
                windows=Windows(
                    stretch.start,
                    stretch.end,
                    (in_from, min(max(in_until, in_from), out_until)),
                    (min(max(out_from, in_from), out_until), out_until),
                ),
                weight=session.weight / total if total > 1 else session.weight,
                chain=chain,
                yields_end=out_until == edges[place + 1][1],
                notes=_notes(stretch),
            )
        )
    return tuple(due)


def _notes(stretch: Stretch) -> tuple[str, ...]:
    session, shift = stretch.session, stretch.shift
    notes: list[str] = []
    if session.needs_in:
        if shift.grace_in_min:
            notes.append(f"grace_in:{shift.grace_in_min}")
    else:
        notes.append("needs_no_in")
    if session.needs_out:
        if shift.grace_out_min:
            notes.append(f"grace_out:{shift.grace_out_min}")
    else:
        notes.append("needs_no_out")
    return tuple(notes)


def _is_season(day: str, first: str | None, last: str | None) -> bool:
    if first is not None and last is not None and first > last:
        return day >= first or day <= last
    return (first is None or day >= first) and (last is None or day <= last)


def _timed(shift: Shift, claim: int, day: date, zone: tzinfo) -> list[Stretch]:
    timed: list[Stretch] = []
    sessions = sessions_of(shift, day)
    crossed = False
    for session in sessions:
        tomorrow = crossed and session.start < sessions[0].start
        start = datetime.combine(day, session.start, zone) + tomorrow * _DAY
        end = datetime.combine(start.date(), session.end, zone)
        if end <= start:
            end += _DAY
            crossed = True
        timed.append(Stretch(session, shift, claim, start, end))
    return timed


def _chained(left: Stretch, right: Stretch) -> bool:
    return (
        left.claim == right.claim
        and not left.session.needs_out
        and not right.session.needs_in
    )


def _edge(
    left: Stretch | None, right: Stretch | None
) -> tuple[datetime | None, datetime | None]:
    """Until when one may go from `left`, and from when one may come to `right`."""
    stay = _near(left.session.out_until, left.end) if left else None
    come = _near(right.session.in_from, right.start) if right else None
    if left is None or right is None:
        return (
            stay or (left.end + REACH if left else None),
            come or (right.start - REACH if right else None),
        )
    middle = left.end + (right.start - left.end) / 2
    if right.start < left.end:
        return min(stay or middle, middle), max(come or middle, middle)
    if stay is None and come is None:
        return min(left.end + REACH, middle), max(right.start - REACH, middle)
    if stay is None and come is not None:
        come = max(come, left.end)
        return min(left.end + REACH, middle, come), come
    if stay is not None and come is None:
        stay = min(stay, right.start)
        return stay, max(right.start - REACH, middle, stay)
    assert stay is not None  # noqa: S101 - both are told
    assert come is not None  # noqa: S101 - both are told
    if stay > come:
        stay = come = min(max(middle, come), stay)
    return stay, come


def _near(told: time | None, anchor: datetime) -> datetime | None:
    """The moment of that time of day nearest to `anchor`."""
    if told is None:
        return None
    moment = datetime.combine(anchor.date(), told, anchor.tzinfo)
    if moment - anchor > _HALF_DAY:
        return moment - _DAY
    if anchor - moment > _HALF_DAY:
        return moment + _DAY
    return moment
