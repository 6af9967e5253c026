"""Postings from a table: who works where, by which shift, from when to when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from bridge.domain.attendance.facts import Posting
from bridge.service.attendance.importing.known import (
    Facts,
    KnownIds,
    made_id,
    take_person,
)
from bridge.service.attendance.importing.reading import RowReading
from bridge.service.attendance.importing.values import (
    CellError,
    to_day,
    to_list,
    to_text,
    to_weekdays,
)
from bridge.service.attendance.told import FactKind

_OFF: Final = frozenset({"休", "休息", "off", "-", "—", "x", "×"})


def read_postings(rows: Iterable[RowReading], known: KnownIds, into: Facts) -> None:
    """Read postings; one without an id has the same id each time it is imported."""
    seen: dict[str, int] = {}
    for row in rows:
        posting = _posting(row, known)
        if posting is None or row.failed:
            continue
        if posting.id in seen:
            row.refuse("person", "twice", row=seen[posting.id])
            continue
        seen[posting.id] = row.number
        into.add(posting, row.number)


def _posting(row: RowReading, known: KnownIds) -> Posting | None:
    person = take_person(row, known)
    start: date | None = row.take("valid_from", to_day)
    end: date | None = row.take("valid_to", to_day)
    if start and end and end < start:
        row.refuse("valid_to", "order", name=row.reading.title("valid_from"))
    counter = row.text("counter") or None
    if counter and known.counters is not None and counter not in known.counters:
        row.refuse("counter", "counter")
    weekdays = row.take("weekdays", to_weekdays, ())
    shift = row.take("shift", lambda cell: _shift(to_text(cell), known.shifts))
    rotation = row.take(
        "rotation",
        lambda cell: [
            None if part.casefold() in _OFF else _shift(part, known.shifts)
            for part in to_list(cell)
        ],
        [],
    )
    if row.cell("shift") is not None and row.cell("rotation") is not None:
        row.refuse("rotation", "shift_or_rotation")
    if row.failed:
        return None
    values: dict[str, Any] = {
        "id": row.text("id") or made_id("P", person, start, counter, weekdays),
        "person": person,
        "valid_from": start,
        "valid_to": end,
        "shift": shift,
        "rotation": rotation,
        "counter": counter,
        "weekdays": weekdays,
    }
    posting: Posting | None = row.build(FactKind.POSTING, values, {})
    return posting


def _shift(text: str, shifts: Mapping[str, str]) -> str:
    """The id of a shift, by its id or by a name that only one has."""
    if text in shifts:
        return text
    named = [key for key, name in shifts.items() if name == text]
    if len(named) != 1:
        raise CellError("shift_names" if named else "shift")
    return named[0]
