"""Leave: how long it is, who must approve it, what of a session it excuses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from bridge.domain.attendance.facts import ApprovalLevel, Leave, LeaveKind, LeaveUnit

__all__ = [
    "DEFAULT_LEVELS",
    "ApprovalLevel",
    "Excuse",
    "barred",
    "excuses",
    "length_days",
    "length_h",
    "required_level",
    "whole_days",
]

HOURS_PER_DAY: Final = 8.0
"""What a day of leave is in hours, for its length alone."""
DEFAULT_LEVELS: Final = (
    ApprovalLevel(role="窗口负责人", up_to_h=2),
    ApprovalLevel(role="中心", up_to_days=1),
    ApprovalLevel(role="派驻单位与分管领导"),
)
"""As the halls' own rules have it (请销假制度)."""

_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)
_AM_UNTIL: Final = time(14)
_PM_FROM: Final = time(11)
"""Noon differs from hall to hall; a half day ends before the one or starts after the
other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Excuse:
    """A time of a session that a leave excuses."""

    start: datetime
    end: datetime
    leave: Leave

    @property
    def at_work(self) -> bool:
        """Whether it is work elsewhere."""
        return self.leave.kind is LeaveKind.FIELD_DUTY


def length_days(leave: Leave) -> float:
    """Length in calendar days: by days, halves of days, or hours (8 are a day)."""
    if leave.unit is LeaveUnit.DAY:
        first, last = whole_days(leave, leave.start.tzinfo)
        return float((last - first).days + 1)
    if leave.unit is LeaveUnit.HALF_DAY:
        halves = sum(
            1 if start >= _PM_FROM or _ends_by(end, _AM_UNTIL) else 2
            for start, end in _by_day(leave)
        )
        return max(halves, 1) / 2
    return length_h(leave) / HOURS_PER_DAY


def length_h(leave: Leave) -> float:
    """Length in hours, at most 8 on each day."""
    if leave.unit is not LeaveUnit.HOUR:
        return length_days(leave) * HOURS_PER_DAY
    return sum(
        min((_after(end) - _after(start, begins=True)) / _HOUR, HOURS_PER_DAY)
        for start, end in _by_day(leave)
    )


def required_level(leave: Leave, levels: Sequence[ApprovalLevel]) -> int:
    """The level, from 1, that may approve a leave of this length; else the last."""
    hours, days = length_h(leave), length_days(leave)
    for number, level in enumerate(levels, start=1):
        if level.up_to_h is None and level.up_to_days is None:
            return number
        if level.up_to_h is not None and hours <= level.up_to_h:
            return number
        if level.up_to_days is not None and days <= level.up_to_days:
            return number
    return max(len(levels), 1)


def barred(person: str, name: str, asked_by: str) -> frozenset[str]:
    """Who may not approve it: whose it is, by id and name, and who asked for it."""
    return frozenset({person, name, asked_by}) - {""}


def whole_days(leave: Leave, zone: tzinfo | None) -> tuple[date, date]:
    """First and last day of a leave by the day; an end at midnight is exclusive."""
    start, end = leave.start.astimezone(zone), leave.end.astimezone(zone)
    if end > start and end.time() == time.min:
        end -= _DAY
    return start.date(), max(start.date(), end.date())


def excuses(
    leaves: Sequence[Leave], *, day: date, start: datetime, end: datetime
) -> list[Excuse]:
    """What of a session of `day` from `start` to `end` is excused, in order of time.

    Leave by the day excuses sessions that belong to its days, over midnight as well;
    other leave what it overlaps. Where two overlap, the one that began first holds.
    """
    found: list[Excuse] = []
    covered = start
    for leave in sorted(leaves, key=lambda leave: (leave.start, leave.id)):
        begin, until = leave.start, leave.end
        if leave.unit is LeaveUnit.DAY:
            first, last = whole_days(leave, start.tzinfo)
            if not first <= day <= last:
                continue
            begin, until = start, end
        begin = max(begin.astimezone(start.tzinfo), covered)
        until = min(until.astimezone(start.tzinfo), end)
        if begin < until:
            found.append(Excuse(start=begin, end=until, leave=leave))
            covered = until
    return found


def _by_day(leave: Leave) -> Iterator[tuple[time, time]]:
    """The times of each day it touches; an end of 00:00 is midnight after."""
    at, end = leave.start, leave.end.astimezone(leave.start.tzinfo)
    while at < end:
        midnight = datetime.combine(at.date() + _DAY, time.min, at.tzinfo)
        until = min(midnight, end)
        yield at.time(), until.time()
        at = until


def _ends_by(end: time, limit: time) -> bool:
    return time.min < end <= limit


def _after(at: time, *, begins: bool = False) -> timedelta:
    since = timedelta(
        hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond
    )
    return since if since or begins else _DAY
