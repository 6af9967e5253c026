"""What a window serves on a day: its services, or the row of its roster."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from devices.queueing import RosterRow, weights_of
from devices.site import Counter


def services_on(counter: Counter, day: date) -> Mapping[str, float]:
    """Service to weight, in the file's order; empty while the window has none."""
    for row in counter.roster:
        if _stands(row, day):
            return weights_of(row.services)
    return counter.weights


def _stands(row: RosterRow, day: date) -> bool:
    if row.weekdays and day.isoweekday() not in row.weekdays:
        return False
    if not _within(row.from_day, row.to_day, day):
        return False
    if row.every_weeks is None or row.from_day is None:
        return True
    weeks = (_monday(day) - _monday(date.fromisoformat(row.from_day))).days // 7
    return weeks % row.every_weeks == 0


def _within(first: str | None, last: str | None, day: date) -> bool:
    """Texts of one length compare as their days do; a season may span new year."""
    given = first or last
    if given is None:
        return True
    today = day.isoformat() if len(given) == 10 else day.strftime("%m-%d")
    after, before = first is None or first <= today, last is None or today <= last
    if first is not None and last is not None and first > last:
        return after or before
    return after and before


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
