"""Workbooks with long tables: openpyxl makes the frame, rows are filled in as XML.

openpyxl writes some 50,000 cells a second, which is too slow for a year of day
rows. So it writes everything around a table (styles, headings, print set-up), and
the rows of the table are put between as text. Strings are inline strings: no
reader takes them for formulas. No macros, no links, no formulas.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

Value = str | float | date | None

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
"""Programs take a cell that starts so for a formula (CSV, or when it is edited)."""

_DAY_ZERO: Final = date(1899, 12, 30)
"""Serial number 0 of workbooks, so that 1900 is as Excel counts (ECMA-376 18.17.4)."""
_THIN: Final = Side(style="thin", color="999999")
_BOX: Final = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_NOT_XML: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LOOKS_ESCAPED: Final = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_ROW: Final = re.compile(r'<row [^>]*?\br="(\d+)"')
_DIMENSION: Final = re.compile(r"<dimension [^>]*/>")
_MODIFIED: Final = re.compile(r"(<dcterms:modified[^>]*>)[^<]*")
_SPECIAL: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_PAPER_A4: Final = 9


class Style(NamedTuple):
    """A cell's style by number, and its twin for text that starts like a formula."""

    plain: int
    quoted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The rows of a table, from `first` (1 is the top) on: values and their styles."""

    first: int
    rows: Sequence[tuple[Sequence[Value], Sequence[Style]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a cell looks."""

    number_format: str = "General"
    bold: bool = False
    size: int = 10
    align: str = "center"
    fill: str | None = None
    boxed: bool = True
    wrap: bool = False


@dataclass(slots=True)
class Book:
    """A workbook that is being made at an aware time."""

    made: datetime
    workbook: Workbook = field(default_factory=Workbook)
    bodies: dict[str, Body] = field(default_factory=dict)
    _styles: dict[Look, Style] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Nothing in it says which machine or program made it, or depends on them."""
        self.workbook.remove(self.workbook.active)
        self.workbook.properties.creator = "halld"
        self.workbook.properties.created = self.made.astimezone(UTC)

    def add(self, title: str) -> Worksheet:
        """An empty sheet."""
        return self.workbook.create_sheet(title)

    def style(self, look: Look) -> Style:
        """The numbers of a look, for the rows of a body."""
        if look not in self._styles:
            sheet = self.workbook.worksheets[0]
            numbers = []
            for quoted in (False, True):
                cell = Cell(sheet, row=1, column=1)
                dress(cell, look)
                cell.quotePrefix = quoted
                numbers.append(int(cell.style_id))
            self._styles[look] = Style(*numbers)
        return self._styles[look]

    def save(self) -> bytes:
        """The XLSX; the same for the same content."""
        frame = io.BytesIO()
        self.workbook.save(frame)
        filled = io.BytesIO()
        parts = {
            f"xl/worksheets/sheet{number}.xml": self.bodies[sheet.title]
            for number, sheet in enumerate(self.workbook.worksheets, start=1)
            if sheet.title in self.bodies
        }
        moment = self.made.timetuple()[:6]
        with (
            zipfile.ZipFile(frame) as source,
            zipfile.ZipFile(filled, "w", zipfile.ZIP_DEFLATED) as target,
        ):
            for name in source.namelist():
                text = source.read(name).decode()
                if name in parts:
                    text = _fill(text, parts[name])
                elif name == "docProps/core.xml":
                    made = f"{self.made.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
                    text = _MODIFIED.sub(rf"\g<1>{made}", text)
                info = zipfile.ZipInfo(name, moment)
                info.compress_type = zipfile.ZIP_DEFLATED
                target.writestr(info, text, compresslevel=5)
        return filled.getvalue()


def dress(cell: Any, look: Look) -> None:
    """Give a cell its look."""
    cell.number_format = look.number_format
    cell.font = Font(name="宋体", size=look.size, bold=look.bold)
    cell.alignment = Alignment(
        horizontal=look.align, vertical="center", wrap_text=look.wrap
    )
    if look.fill:
        cell.fill = PatternFill("solid", fgColor=look.fill)
    if look.boxed:
        cell.border = _BOX


def put(sheet: Worksheet, row: int, column: int, value: Value, look: Look) -> None:
    """Set a cell of the frame; text is text, whatever it starts with."""
    cell = sheet.cell(row=row, column=column)
    if isinstance(value, str):
        cell.value = _clean(value)
        cell.data_type = "s"
        cell.quotePrefix = value.startswith(FORMULA_STARTS)
    else:
        cell.value = value
    dress(cell, look)


def lay_out(
    sheet: Worksheet, *, widths: Sequence[float], heads: str, foot: str
) -> None:
    """Widths in characters; A4 landscape, `heads` (`1:4`) repeated on each page."""
    for number, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = _PAPER_A4
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.page_margins.top = sheet.page_margins.bottom = 0.6
    sheet.print_options.horizontalCentered = True
    sheet.print_title_rows = heads
    left, _, right = foot.partition("|")
    sheet.oddFooter.left.text = left.replace("&", "&&")
    sheet.oddFooter.right.text = right  # has &P and &N, the page and their number


def serial(day: date) -> int:
    """A day as workbooks count it."""
    return (day - _DAY_ZERO).days


def _fill(text: str, body: Body) -> str:
    width = max((len(values) for values, _ in body.rows), default=1)
    last = body.first + len(body.rows) - 1
    place = text.index("</sheetData>")
    for found in _ROW.finditer(text):
        if int(found[1]) >= body.first:
            place = min(place, found.start())
        last = max(last, int(found[1]))
    edge = f"{get_column_letter(width)}{max(last, 1)}"
    head = _DIMENSION.sub(f'<dimension ref="A1:{edge}"/>', text[:place], count=1)
    return "".join((head, *_rows(body, width), text[place:]))


def _rows(body: Body, width: int) -> Iterable[str]:
    letters = [get_column_letter(number) for number in range(1, width + 1)]
    known: dict[str, str] = {}
    for number, (values, styles) in enumerate(body.rows, start=body.first):
        cells = [f'<row r="{number}">']
        for letter, value, style in zip(letters, values, styles, strict=False):
            start = f'<c r="{letter}{number}" s="'
            if value is None or value == "":
                cells.append(f'{start}{style.plain}"/>')
            elif isinstance(value, str):
                inner = known.get(value)
                if inner is None:
                    inner = known[value] = _inline(value)
                quoted = value.startswith(FORMULA_STARTS)
                kind = style.quoted if quoted else style.plain
                cells.append(f'{start}{kind}" t="inlineStr">{inner}</c>')
            else:
                shown = serial(value) if isinstance(value, date) else _number(value)
                cells.append(f'{start}{style.plain}"><v>{shown}</v></c>')
        cells.append("</row>")
        yield "".join(cells)


def _inline(value: str) -> str:
    return f'<is><t xml:space="preserve">{_clean(value).translate(_SPECIAL)}</t></is>'


def _clean(value: str) -> str:
    # _x0041_ in a string means the character 0041 (ECMA-376 22.9.2.19, ST_Xstring).
    return _LOOKS_ESCAPED.sub("_x005F_", _NOT_XML.sub("", value))


def _number(value: float) -> str:
    rounded = round(value, 4)
    return str(int(rounded)) if rounded == int(rounded) else repr(rounded)
