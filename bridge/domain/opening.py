"""Whether the hall is open, by its hours and the holidays of the calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from bridge.domain.attendance.calendar import day_kind
from bridge.domain.attendance.facts import DayKind
from bridge.domain.attendance.inputs import Calendar
from devices.hours import OpeningHours, spans_on

FRIDAY: Final = 5
LOOK_AHEAD_DAYS: Final = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From when to when, of one day."""

    start: time
    end: time


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A day of the hall and the moment in it; `open` is None without hours."""

    day: date
    time: datetime
    open: bool | None
    spans: Sequence[Span]
    note: str = ""
    """The holiday or adjusted workday, by name."""


def next_opening(
    hours: Sequence[OpeningHours], calendar: Calendar, now: datetime
) -> datetime | None:
    """When the hall opens next, within two weeks of a moment in its zone."""
    for ahead in range(LOOK_AHEAD_DAYS):
        day = datetime.combine(now.date() + timedelta(days=ahead), time(), now.tzinfo)
        for span in opening_at(hours, calendar, day).spans:
            start = datetime.combine(day.date(), span.start, now.tzinfo)
            if start > now:
                return start
    return None


def opening_at(
    hours: Sequence[OpeningHours], calendar: Calendar, now: datetime
) -> Opening:
    """How the hall stands at a moment given in its zone.

    Closed on holidays; a worked weekend (调休) has the hours of a Friday.
    """
    day = now.date()
    known = day_kind(calendar, day)
    weekday = day.isoweekday()
    spans = spans_on(hours, weekday)
    if known.kind is DayKind.HOLIDAY:
        spans = []
    elif known.kind is DayKind.WORKDAY and weekday > FRIDAY and not spans:
        spans = spans_on(hours, FRIDAY)
    clock = now.time()
    return Opening(
        day=day,
        time=now,
        open=any(start <= clock < end for start, end in spans) if hours else None,
        spans=[Span(start=start, end=end) for start, end in spans],
        note=known.name,
    )
