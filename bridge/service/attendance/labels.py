"""What people are called in a row: as they are now, or as a month was signed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, String, and_, func, or_, select

from bridge.service.attendance.facts.book import Book
from bridge.store.tables.attendance import day_row, ledger, month_state

MONTH: Final[ColumnElement[str]] = func.substr(day_row.c.day, 1, 7, type_=String)


@dataclass(frozen=True, slots=True)
class Label:
    """Name, unit and place in the centre."""

    name: str
    department: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Labels:
    """Whose a row is. `signed`: closed months, with people as they were signed."""

    book: Book
    signed: Mapping[str, Mapping[str, Label]]

    def of(self, person: str, month: str) -> Label:
        """What somebody is called in a month."""
        signed = self.signed.get(month)
        if signed is not None and person in signed:
            return signed[person]
        who = self.book.people.get(person)
        return Label(who.name, who.department, who.group) if who else Label(person)

    def in_department(self, department: str) -> ColumnElement[bool]:
        """Rows of a unit: of a closed month, as it was signed."""
        people = self.book.people.values()
        now = [who.id for who in people if who.department == department]
        parts = [
            and_(
                day_row.c.day.startswith(f"{month}-"),
                day_row.c.person.in_(
                    [who for who, at in held.items() if at.department == department]
                ),
            )
            for month, held in self.signed.items()
        ]
        is_open = and_(MONTH.not_in(list(self.signed)), day_row.c.person.in_(now))
        return or_(is_open, *parts)


def read_labels(
    db: Connection, book: Book, first: str = "", last: str = "9999-12"
) -> Labels:
    """Labels for the months from `first` to `last` (yyyy-mm)."""
    rows = db.execute(
        select(month_state.c.month, ledger.c.data)
        .join(ledger, ledger.c.id == month_state.c.entry)
        .where(
            month_state.c.closed,
            month_state.c.month >= first,
            month_state.c.month <= last,
        )
    )
    return Labels(book, {row.month: _signed(row.data) for row in rows})


@lru_cache(maxsize=48)
def _signed(data: str) -> Mapping[str, Label]:
    rows: list[Mapping[str, Any]] = json.loads(data)["rows"]
    return {
        row["person"]: Label(row["name"], row["department"], row.get("group", ""))
        for row in rows
    }
