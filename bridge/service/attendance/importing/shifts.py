"""Shifts from a table: one row for each session of a shift."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from bridge.domain.attendance.facts import Shift
from bridge.service.attendance.importing.known import Facts
from bridge.service.attendance.importing.reading import RowReading
from bridge.service.attendance.importing.values import (
    to_day,
    to_minutes,
    to_month_day,
    to_number,
    to_text,
    to_time,
    to_weekdays,
    to_yes,
)
from bridge.service.attendance.told import FactKind

_WINDOW: Final = ("in_from", "in_until", "out_from", "out_until")
_RULES: Final = {
    "name": to_text,
    "weekdays": to_weekdays,
    "is_default": to_yes,
    "grace_in_min": to_minutes,
    "grace_out_min": to_minutes,
    "flex_min": to_minutes,
    "half_absent_after_min": to_minutes,
    "absent_after_min": to_minutes,
    "overtime_after_min": to_minutes,
}
"""Columns about the shift as a whole: in its first row, or the same in each."""

_Season = tuple[tuple[int, ...], str | None, str | None]
_ALWAYS: Final[_Season] = ((), None, None)


@dataclass(slots=True)
class _Gathering:
    """The rows of one shift so far."""

    first: RowReading
    rows: list[int] = field(default_factory=list)
    rules: dict[str, tuple[Any, int]] = field(default_factory=dict)
    sessions: dict[_Season, list[dict[str, Any]]] = field(default_factory=dict)
    failed: bool = False


def read_shifts(rows: Iterable[RowReading], into: Facts) -> None:
    """Read shifts; a shift with a bad row is bad as a whole."""
    found: dict[tuple[str, date | None], _Gathering] = {}
    for row in rows:
        key = (row.text("id"), row.take("valid_from", to_day))
        shift = found.setdefault(key, _Gathering(first=row))
        shift.rows.append(row.number)
        _add_session(shift, row)
        for rule, convert in _RULES.items():
            _add_rule(shift, row, rule, convert)
        shift.failed |= row.failed
    for (name, valid_from), shift in found.items():
        built = _build(shift, name, valid_from)
        if built is not None:
            into.add(built, *shift.rows)


def _add_rule(shift: _Gathering, row: RowReading, name: str, convert: Any) -> None:
    if row.cell(name) is None:
        return
    value = row.take(name, convert)
    told, number = shift.rules.setdefault(name, (value, row.number))
    if told != value:
        row.refuse(name, "differs", row=number)


def _add_session(shift: _Gathering, row: RowReading) -> None:
    session: dict[str, Any] = {
        "name": row.text("session"),
        "start": row.take("start", to_time),
        "end": row.take("end", to_time),
        "needs_in": row.take("needs_in", to_yes, default=True),
        "needs_out": row.take("needs_out", to_yes, default=True),
        "weight": row.take("weight", to_number),
    }
    weight = session["weight"]
    if weight is not None and not 0 < weight <= 1:
        row.refuse("weight", "range", low=0, high=1)
    for name in _WINDOW:
        session[name] = row.take(name, to_time)
    for start, end in (_WINDOW[:2], _WINDOW[2:]):
        if (row.cell(start) is None) != (row.cell(end) is None):
            row.refuse(start if row.cell(start) is None else end, "window")
    season = (
        row.take("on_weekdays", to_weekdays, ()),
        row.take("season_from", to_month_day),
        row.take("season_to", to_month_day),
    )
    if (row.cell("season_from") is None) != (row.cell("season_to") is None):
        missing = "season_from" if row.cell("season_from") is None else "season_to"
        row.refuse(missing, "window")
    shift.sessions.setdefault(season, []).append(session)


def _build(shift: _Gathering, key: str, since: date | None) -> Shift | None:
    row = shift.first
    rules = {name: value for name, (value, _) in shift.rules.items()}
    if not rules.get("name"):
        row.refuse("name", "empty")
    if _ALWAYS not in shift.sessions:
        row.refuse("on_weekdays", "base")
    if shift.failed or row.failed:
        return None
    for sessions in shift.sessions.values():
        for session in sessions:
            if session["weight"] is None:
                session["weight"] = 1 / len(sessions)
    values: dict[str, Any] = {
        "id": key,
        "sessions": shift.sessions[_ALWAYS],
        "valid_from": since,
        "variants": [
            {
                "sessions": sessions,
                "weekdays": season[0],
                "season_from": season[1],
                "season_to": season[2],
            }
            for season, sessions in shift.sessions.items()
            if season != _ALWAYS
        ],
        **rules,
    }
    if rules.get("weekdays"):
        values["follows_calendar"] = False
    columns = {"sessions": "start", "variants": "on_weekdays"}
    built: Shift | None = row.build(FactKind.SHIFT, values, columns)
    return built
