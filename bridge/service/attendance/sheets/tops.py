"""What stands above and below each table of a month sheet."""

from __future__ import annotations

from typing import Final

from openpyxl.worksheet.worksheet import Worksheet

from bridge.domain.attendance.wording import is_english
from bridge.service.attendance.sheets.words import word
from bridge.service.attendance.sheets.workbooks import Look, put
from bridge.service.attendance.views import MonthStatus, Sheet

TITLE: Final = Look(bold=True, size=16, boxed=False)
NOTE: Final = Look(align="left", boxed=False)
HEADING: Final = Look(bold=True, fill="D9E2F0", wrap=True)
TEXT: Final = Look(number_format="@")
"""Ids and names: text, so that leading zeros stay."""
CENTER: Final = Look()
LEFT: Final = Look(number_format="@", align="left", wrap=True)

HASH_DIGITS: Final = 16


def add_top(page: Worksheet, sheet: Sheet, lang: str, name: str, width: int) -> int:
    """Title, state, and when it was made from which ledger; gives the next row."""
    title = word(f"title.{name}", lang, hall=sheet.hall, month=_month(sheet, lang))
    lines = (
        word("line.state", lang, state=_state(sheet, lang)),
        word(
            "line.made",
            lang,
            row=sheet.head[0],
            hash=sheet.head[1][:HASH_DIGITS],
            made=f"{sheet.made:%Y-%m-%d %H:%M:%S}",
        ),
    )
    put(page, 1, 1, title, TITLE)
    page.row_dimensions[1].height = 28
    for row, line in enumerate(lines, start=2):
        put(page, row, 1, line, NOTE)
    for row in range(1, 4):
        page.merge_cells(start_row=row, end_row=row, start_column=1, end_column=width)
    return 4


def anchor(sheet: Sheet, lang: str) -> str:
    """The foot of every page: the ledger's head and the page's number."""
    head = word(
        "footer.anchor", lang, row=sheet.head[0], hash=sheet.head[1][:HASH_DIGITS]
    )
    return f"{head}|{word('footer.page', lang)}"


def _month(sheet: Sheet, lang: str) -> str:
    year, month = sheet.month.split("-")
    return word("month", lang, year=year, month=int(month))


def _state(sheet: Sheet, lang: str) -> str:
    status = sheet.status
    said = [_closing(status, lang)]
    unknown = sum(row.unknown_days for row in sheet.rows)
    pending = sum(row.pending_days for row in sheet.rows)
    for key, figure in (
        ("state.unknown", unknown),
        ("state.pending", pending),
        ("state.undecided", status.undecided),
        ("state.changed", status.pending_changes),
    ):
        if figure:
            said.append(word(key, lang, n=figure))
    return (", " if is_english(lang) else "，").join(said)


def _closing(status: MonthStatus, lang: str) -> str:
    if status.state == "closed" and status.closed_at is not None:
        return word(
            "state.closed_by",
            lang,
            by=status.closed_by,
            at=f"{status.closed_at:%Y-%m-%d %H:%M}",
            entry=status.entry,
        )
    return word(f"state.{status.state}", lang)
