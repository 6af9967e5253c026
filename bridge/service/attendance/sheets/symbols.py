"""The calendar of symbols: a row for each person, a column for each day."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from bridge.domain.attendance.facts import CalendarDay, DayKind
from bridge.domain.attendance.results import DayState
from bridge.domain.attendance.wording import is_english, name_of, symbol
from bridge.service.attendance.sheets.rows import by_department
from bridge.service.attendance.sheets.tops import HEADING, NOTE, TEXT, add_top, anchor
from bridge.service.attendance.sheets.words import word
from bridge.service.attendance.sheets.workbooks import (
    Body,
    Book,
    Look,
    Style,
    Value,
    lay_out,
    put,
)
from bridge.service.attendance.views import Sheet

_SHADES: Final[Mapping[DayKind, str | None]] = {
    DayKind.WORKDAY: None,
    DayKind.REST: "E4E4E4",
    DayKind.HOLIDAY: "F8D7D2",
    DayKind.UNKNOWN: "FFF2CC",
}
_BEFORE: Final = 3
"""Columns before the first day."""


def add_symbols(book: Book, sheet: Sheet, lang: str) -> None:
    """Add the sheet with its legend."""
    year, month = map(int, sheet.month.split("-"))
    days = calendar.monthrange(year, month)[1]
    page = book.add(word("sheet.calendar", lang))
    top = add_top(page, sheet, lang, "calendar", _BEFORE + days)
    for number, name in enumerate(("person", "name", "department"), start=1):
        put(page, top, number, word(name, lang), HEADING)
        put(page, top + 1, number, None, HEADING)
        page.merge_cells(
            start_row=top, end_row=top + 1, start_column=number, end_column=number
        )
    weekdays = word("weekdays", lang)
    shades = [_shade(sheet.calendar.get(day)) for day in range(1, days + 1)]
    for day, shade in enumerate(shades, start=1):
        look = Look(bold=True, size=9, fill=shade or "D9E2F0")
        put(page, top, _BEFORE + day, day, look)
        weekday = weekdays[date(year, month, day).weekday()]
        put(page, top + 1, _BEFORE + day, weekday, look)
    rows = _rows(book, sheet, shades)
    book.bodies[page.title] = Body(first=top + 2, rows=rows)
    foot = top + 2 + len(rows)
    put(page, foot, 1, _legend(lang), NOTE)
    if told := _calendar(sheet, lang):
        foot += 1
        put(page, foot, 1, told, NOTE)
    put(page, foot + 2, 1, word("line.sign", lang), NOTE)
    page.freeze_panes = f"D{top + 2}"
    lay_out(
        page,
        widths=[12, 12, 18, *([3.8] * days)],
        heads=f"1:{top + 1}",
        foot=anchor(sheet, lang),
    )


def _rows(
    book: Book, sheet: Sheet, shades: list[str | None]
) -> list[tuple[Sequence[Value], Sequence[Style]]]:
    text = book.style(TEXT)
    styles = [text] * _BEFORE + [book.style(Look(fill=shade)) for shade in shades]
    symbols = {state: symbol(state) for state in DayState}
    days = range(1, len(shades) + 1)
    rows: list[tuple[Sequence[Value], Sequence[Style]]] = []
    for _, people in by_department(sheet.rows):
        for row in people:
            marks = [symbols[row.days[d]] if d in row.days else None for d in days]
            rows.append(([row.person, row.name, row.department, *marks], styles))
    return rows


def _shade(day: CalendarDay | None) -> str | None:
    return None if day is None else _SHADES[day.kind]


def _legend(lang: str) -> str:
    marks = (
        f"{symbol(state)} {name_of('state', state, lang)}".strip() for state in DayState
    )
    return word("line.legend", lang, marks="　".join(marks))


def _calendar(sheet: Sheet, lang: str) -> str:
    year, month = map(int, sheet.month.split("-"))
    told = []
    for day, found in sorted(sheet.calendar.items()):
        weekend = date(year, month, day).weekday() >= 5
        plain = DayKind.REST if weekend else DayKind.WORKDAY
        if found.kind is not plain or found.name:
            kind = name_of("day", found.kind, lang)
            text = f"{word('day_of_month', lang, day=day)} {kind} {found.name}"
            told.append(text.strip())
    if not told:
        return ""
    joint = "; " if is_english(lang) else "；"
    return word("line.calendar", lang, days=joint.join(told))
