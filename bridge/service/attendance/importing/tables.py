"""Tables that people send: CSV as Excel and WPS write it, and XLSX.

Nothing in a file is trusted: sizes are bounded before anything is unpacked,
formulas are told apart and never computed.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from xml.etree.ElementTree import ParseError

from bridge.domain.errors import InvalidRequestError
from bridge.service.attendance.importing.words import say

MAX_BYTES: Final = 5 * 1024 * 1024
MAX_ROWS: Final = 20_001
"""Rows with something in them: the headings, and 20,000 below."""
MAX_COLUMNS: Final = 64
MAX_UNPACKED: Final = 64 * 1024 * 1024
"""Bytes of all parts of a workbook: 20,000 rows of 20 columns need half of it."""
MAX_RATIO: Final = 200
"""Unpacked to packed; sheets of one value reach 100."""
MAX_PARTS: Final = 500
MAX_CELL: Final = 2000
"""Characters; what is longer is cut, unless the reader allows more."""

_LAST_ROW: Final = 1_048_576
"""Of any sheet (ECMA-376)."""
_ZIP: Final = b"PK\x03\x04"
_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"
_EXACT_DIGITS: Final = 15
"""Excel rounds numbers beyond these digits: an id would be another."""
_DAY: Final = timedelta(days=1)
_MIDNIGHT: Final = datetime(2000, 1, 1)  # noqa: DTZ001 - only its time is read
_DELIMITERS: Final = (",", ";", "\t")
_AS_TEXT: Final = re.compile(r'="([^"]*)"')
_GUARDED: Final = re.compile(r"'[=+\-@\t\r]")
_ZEROS: Final = re.compile(r"0+")
_DOCTYPE: Final = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)


_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    ParseError,
    KeyError,
    ValueError,
    TypeError,
    IndexError,
    AttributeError,
    OSError,
    EOFError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
)
"""What openpyxl and zipfile raise over files that are not what they seem."""


class Formula(str):
    """A cell that would be computed; it is refused where its value matters."""

    __slots__ = ()


Cell = str | int | float | bool | datetime | date | time | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row that is not empty, by its number in the file (from 1)."""

    number: int
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The rows of the first sheet, or of a CSV."""

    rows: Sequence[Row]


class TableError(InvalidRequestError):
    """The file as a whole cannot be read; the message is in the asked language."""


def read_table(data: bytes, lang: str = "zh-CN", *, max_cell: int = MAX_CELL) -> Table:
    """Read CSV or XLSX, told apart by their first bytes. Raises `TableError`."""
    if len(data) > MAX_BYTES:
        raise TableError(say("file.large", lang, n=MAX_BYTES // 1024 // 1024))
    if data.startswith(_OLD_EXCEL):
        raise TableError(say("file.old", lang))
    read = _xlsx if data.startswith(_ZIP) else _csv
    rows = read(data, lang, max_cell)
    found: list[Row] = []
    for number, cells in enumerate(rows, start=1):
        if all(cell is None or cell == "" for cell in cells):
            continue
        if len(found) >= MAX_ROWS:
            raise TableError(say("file.rows", lang, n=MAX_ROWS - 1))
        found.append(Row(number=number, cells=cells))
    return Table(rows=found)


def _csv(data: bytes, lang: str, max_cell: int) -> Iterator[list[Cell]]:
    text = _decode(data, lang)
    if "\x00" in text:
        raise TableError(say("file.unreadable", lang))
    lines = text.splitlines()
    first = next((line for line in lines if line.strip()), "")
    named = re.fullmatch(r"sep=(.)", first.strip("\n\r"))
    if named:  # Excel's own first line
        delimiter = named[1]
        text = text[text.index(first) + len(first) :].lstrip("\r\n")
    else:
        delimiter = max(
            _DELIMITERS, key=lambda mark: sum(line.count(mark) for line in lines[:5])
        )
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            yield [_of_text(cell[:max_cell]) for cell in cells[:MAX_COLUMNS]]
    except csv.Error as error:
        raise TableError(say("file.line", lang, n=reader.line_num)) from error


def _decode(data: bytes, lang: str) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise TableError(say("file.encoding", lang))


def _of_text(cell: str) -> Cell:
    cell = cell.strip(" \u3000\ufeff")
    if text := _AS_TEXT.fullmatch(cell):  # how programs keep 0012 as it is
        return text[1]
    if cell.startswith("="):
        return Formula(cell)
    if _GUARDED.match(cell):
        return cell[1:]
    return cell


def _xlsx(data: bytes, lang: str, max_cell: int) -> list[list[Cell]]:
    _check_parts(data, lang)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of features that we do not read
            return list(_first_sheet(data, max_cell))
    except _BROKEN as error:
        raise TableError(say("file.workbook", lang)) from error


def _first_sheet(data: bytes, max_cell: int) -> Iterator[list[Cell]]:
    # Much memory and time, and only who sends a workbook needs it.
    from openpyxl import load_workbook  # noqa: PLC0415
    from openpyxl.cell.read_only import EMPTY_CELL  # noqa: PLC0415
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415

    try:
        book = load_workbook(
            io.BytesIO(data), read_only=True, data_only=False, keep_links=False
        )
    except InvalidFileException as error:
        raise ValueError(str(error)) from error
    with closing(book):
        page = book.worksheets[0]
        page.reset_dimensions()
        used, nothing = 0, None
        for row in page.iter_rows(max_row=_LAST_ROW, max_col=MAX_COLUMNS):
            # Rows that are not in the file come as one and the same row of nothing.
            if row is nothing or all(cell is EMPTY_CELL for cell in row):
                nothing = row
                yield []
                continue
            cells = [_of_cell(cell, max_cell) for cell in row]
            while cells and cells[-1] is None:
                cells.pop()
            yield cells
            used += any(cell not in (None, "") for cell in cells)
            if used > MAX_ROWS:
                return


def _check_parts(data: bytes, lang: str) -> None:
    """Refuse bombs before anything is unpacked whole."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            found = parts.infolist()
            unpacked = sum(part.file_size for part in found)
            if (
                len(found) > MAX_PARTS
                or unpacked > MAX_UNPACKED
                or unpacked > MAX_RATIO * max(len(data), 5000)
            ):
                raise TableError(say("file.bomb", lang))
            for part in found:
                if part.filename.lower().endswith((".xml", ".rels")):
                    with parts.open(part) as content:
                        head = content.read(4096)
                    if _DOCTYPE.search(head):
                        raise TableError(say("file.workbook", lang))
    except _BROKEN as error:
        raise TableError(say("file.workbook", lang)) from error


def _of_cell(cell: Any, max_cell: int) -> Cell:
    value = cell.value
    if value is None or isinstance(value, bool | datetime | date | time):
        return value
    if cell.data_type in {"f", "e"}:  # e: #N/A, #REF!
        return Formula(str(value)[:max_cell])
    if isinstance(value, timedelta):  # a time in the format [h]:mm
        return (_MIDNIGHT + value).time() if timedelta() <= value < _DAY else str(value)
    if isinstance(value, int | float):
        return _of_number(value, str(cell.number_format or ""))
    text = str(value)[:max_cell].strip(" \u3000\ufeff")
    return text[1:] if _GUARDED.match(text) else text


def _of_number(value: float, number_format: str) -> Cell:
    if value == int(value) and abs(value) < 10**_EXACT_DIGITS:
        whole = int(value)
        if _ZEROS.fullmatch(number_format) and whole >= 0:  # 12 shown as 0012
            return str(whole).zfill(len(number_format))
        return whole
    return float(value)
