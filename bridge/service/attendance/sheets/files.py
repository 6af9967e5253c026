"""A month as management signs it: a workbook and CSV that WPS and Excel open."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date
from typing import Any, Final, Literal

from bridge.domain.attendance.wording import is_english
from bridge.service.attendance.sheets.rows import (
    Column,
    DayTable,
    by_department,
    day_table,
    summary_columns,
    waiting_table,
)
from bridge.service.attendance.sheets.symbols import add_symbols
from bridge.service.attendance.sheets.tops import (
    CENTER,
    HEADING,
    LEFT,
    NOTE,
    TEXT,
    add_top,
    anchor,
)
from bridge.service.attendance.sheets.words import word
from bridge.service.attendance.sheets.workbooks import (
    FORMULA_STARTS,
    Body,
    Book,
    Look,
    Style,
    Value,
    lay_out,
    put,
)
from bridge.service.attendance.views import Sheet

_SUBTOTAL: Final = Look(bold=True, fill="E7EEF7")
_ALARM: Final = Look(bold=True, fill="FDE9D9")
_DATE: Final = {
    "zh": Look(number_format='yyyy"年"m"月"d"日"'),
    "en": Look(number_format="yyyy-mm-dd"),
}


def month_workbook(sheet: Sheet, lang: str = "zh-CN") -> bytes:
    """The XLSX: summary, calendar of symbols, days, what is still to verify.

    The same sheet gives the same bytes.
    """
    book = Book(made=sheet.made)
    _add_summary(book, sheet, lang)
    add_symbols(book, sheet, lang)
    _add_table(book, sheet, lang, name="days", table=day_table(sheet, lang))
    table, not_over = waiting_table(sheet, lang)
    notes = [] if table.rows else [word("line.none", lang)]
    if not_over:
        notes.append(word("line.not_over", lang, n=not_over))
    _add_table(book, sheet, lang, name="waiting", table=table, notes=notes)
    return book.save()


def month_csv(
    sheet: Sheet, part: Literal["summary", "days"], lang: str = "zh-CN"
) -> bytes:
    """UTF-8 with a BOM and CRLF, so that Excel and WPS show Chinese.

    A text that starts like a formula gets an apostrophe before it. Days are
    ISO 8601, hours and days decimal; every kind of leave has its column.
    """
    if part == "summary":
        columns = summary_columns(sheet, lang, all_kinds=True)
        headings: Sequence[str] = [column.heading for column in columns]
        rows: Sequence[Sequence[Value]] = [
            [column.value(row) for column in columns]
            for _, found in by_department(sheet.rows)
            for row in found
        ]
    else:
        table = day_table(sheet, lang)
        headings, rows = table.headings, table.rows
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(headings)
    writer.writerows([_plain(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _plain(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA_STARTS) else value
    if isinstance(value, date):
        return value.isoformat()
    return f"{round(value, 4):g}"


def _add_summary(book: Book, sheet: Sheet, lang: str) -> None:
    columns = summary_columns(sheet, lang, all_kinds=False)
    page = book.add(word("sheet.summary", lang))
    top = add_top(page, sheet, lang, "summary", len(columns))
    for number, column in enumerate(columns, start=1):
        put(page, top, number, column.heading, HEADING)
    rows = _summary_rows(book, columns, sheet, lang)
    book.bodies[page.title] = Body(first=top + 1, rows=rows)
    foot = top + len(rows) + 1
    put(page, foot, 1, word("line.units", lang), NOTE)
    put(page, foot + 2, 1, word("line.sign", lang), NOTE)
    page.freeze_panes = f"C{top + 1}"
    lay_out(
        page,
        widths=[column.width for column in columns],
        heads=f"1:{top}",
        foot=anchor(sheet, lang),
    )


def _summary_rows(
    book: Book, columns: Sequence[Column], sheet: Sheet, lang: str
) -> list[tuple[Sequence[Value], Sequence[Style]]]:
    text, number, alarm = book.style(TEXT), book.style(CENTER), book.style(_ALARM)
    alarming = {word("absent_days", lang), word("unknown_days", lang)}
    rows: list[tuple[Sequence[Value], Sequence[Style]]] = []
    everybody: list[list[Value]] = []

    def style(column: Column, value: Value) -> Style:
        if not column.counts:
            return text
        return alarm if value and column.heading in alarming else number

    def add_sums(people: Sequence[Sequence[Value]], key: str, place: str) -> None:
        count = word("row.people", lang, n=len(people))
        sums = _sums(columns, people)
        styles = [book.style(_SUBTOTAL)] * len(columns)
        rows.append(([word(key, lang), count, place, *sums[3:]], styles))

    for department, people in by_department(sheet.rows):
        values = [[column.value(row) for column in columns] for row in people]
        everybody += values
        for found in values:
            rows.append((found, list(map(style, columns, found))))
        place = department or word("row.no_department", lang)
        add_sums(values, "row.subtotal", place)
    add_sums(everybody, "row.total", "")
    return rows


def _sums(columns: Sequence[Column], people: Sequence[Sequence[Value]]) -> list[Value]:
    sums: list[Value] = []
    for number, column in enumerate(columns):
        figures: list[Any] = [values[number] for values in people]
        sums.append(round(sum(figures), 2) if column.counts else None)
    return sums


def _add_table(
    book: Book,
    sheet: Sheet,
    lang: str,
    *,
    name: Literal["days", "waiting"],
    table: DayTable,
    notes: Sequence[str] = (),
) -> None:
    page = book.add(word(f"sheet.{name}", lang))
    width = len(table.headings)
    top = add_top(page, sheet, lang, name, width)
    for number, heading in enumerate(table.headings, start=1):
        put(page, top, number, heading, HEADING)
    dated = book.style(_DATE["en" if is_english(lang) else "zh"])
    text, figure, long = book.style(TEXT), book.style(CENTER), book.style(LEFT)
    plain: list[Style] = [dated, figure, text, text, text, text]
    plain += [figure] * (width - len(plain) - 1) + [long]
    book.bodies[page.title] = Body(
        first=top + 1,
        rows=[(row, plain) for row in table.rows],
    )
    last = top + len(table.rows)
    for number, note in enumerate(notes, start=last + 1):
        put(page, number, 1, note, NOTE)
    page.auto_filter.ref = (
        f"A{top}:{page.cell(row=top, column=width).column_letter}{last}"
    )
    page.freeze_panes = f"E{top + 1}"
    lay_out(
        page,
        widths=table.widths,
        heads=f"1:{top}",
        foot=anchor(sheet, lang),
    )
