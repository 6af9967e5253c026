"""Empty tables to fill in and import: headings, an example, and what is meant."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from bridge.domain.attendance.wording import is_english
from bridge.service.attendance.importing.columns import ImportKind
from bridge.service.attendance.importing.fields import FIELDS
from bridge.service.attendance.sheets.workbooks import Book, Look, put

_TITLES: Final = {
    ImportKind.PEOPLE: ("人员", "People"),
    ImportKind.POSTINGS: ("排班", "Postings"),
    ImportKind.SHIFTS: ("班次", "Shifts"),
    ImportKind.LEAVE: ("请假", "Leave"),
    ImportKind.CALENDAR: ("日历", "Calendar"),
}
_NOTES: Final = ("填写说明", "Notes")
_NOTE_HEADS: Final = (
    ("列", "必填", "示例", "说明"),
    ("Column", "Needed", "Example", ""),
)
_YES: Final = ("是", "yes")
_DELETE: Final = (
    "第一张表第 2 行起是示例，导入前请删除。列的顺序可以改变，不需要的列可以删去。",
    (
        "The rows below the headings are examples: delete them before importing. "
        "Columns may stand in any order, and those not needed may go."
    ),
)
_AFTERNOON: Final = {"id": "day", "session": "下午", "start": "13:00", "end": "17:30"}
"""A shift is shown with two sessions."""

_HEADING: Final = Look(bold=True, fill="D9E2F0", wrap=True)
_NEEDED: Final = Look(bold=True, fill="F8D7D2", wrap=True)
_TEXT: Final = Look(number_format="@", align="left")
_LONG: Final = Look(number_format="@", align="left", wrap=True)
_NOTE: Final = Look(align="left", boxed=False)
_MADE: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Of any template: it is the same every day."""


def template_workbook(kind: ImportKind, lang: str = "zh-CN") -> bytes:
    """The XLSX of a kind; every column is text, so that ids keep their zeros."""
    number = 1 if is_english(lang) else 0
    book = Book(made=_MADE)
    page = book.add(_TITLES[kind][number])
    examples = [{field.name: field.example for field in FIELDS[kind]}]
    if kind is ImportKind.SHIFTS:
        examples.append(_AFTERNOON)
    for column, field in enumerate(FIELDS[kind], start=1):
        look = _NEEDED if field.required else _HEADING
        put(page, 1, column, field.heading(lang), look)
        for row, example in enumerate(examples, start=2):
            put(page, row, column, example.get(field.name) or None, _TEXT)
        width = page.column_dimensions[get_column_letter(column)]
        width.width = 16
        width.number_format = "@"
    page.freeze_panes = "A2"
    _add_notes(book.add(_NOTES[number]), kind, lang)
    return book.save()


def _add_notes(page: Worksheet, kind: ImportKind, lang: str) -> None:
    number = 1 if is_english(lang) else 0
    put(page, 1, 1, _DELETE[number], _NOTE)
    for column, text in enumerate(_NOTE_HEADS[number], start=1):
        put(page, 2, column, text, _HEADING)
    for row, field in enumerate(FIELDS[kind], start=3):
        needed = _YES[number] if field.required else None
        values = (field.heading(lang), needed, field.example, field.note(lang))
        for column, value in enumerate(values, start=1):
            put(page, row, column, value or None, _LONG)
    for letter, wide in zip("ABCD", (20, 8, 16, 70), strict=True):
        page.column_dimensions[letter].width = wide
