from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.service.attendance.importing import tables
from bridge.service.attendance.importing.tables import (
    MAX_BYTES,
    Formula,
    Table,
    TableError,
    read_table,
)
from bridge.service.attendance.importing.values import (
    CellError,
    to_day,
    to_moment,
    to_text,
    to_time,
    to_weekdays,
)

HEADINGS = "工号,姓名\r\n0007,测试\r\n"


def cells(table: Table) -> list[list[Any]]:
    return [list(row.cells) for row in table.rows]


def xlsx(rows: Sequence[Sequence[Any]], formats: Sequence[str] = ()) -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row, start=1):
            cell = page.cell(row=number, column=column, value=value)
            if column <= len(formats):
                cell.number_format = formats[column - 1]
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le-bom"]
)
def test_csv_in_each_encoding(encoding: str) -> None:
    if encoding == "utf-16-le-bom":
        data = b"\xff\xfe" + HEADINGS.encode("utf-16-le")
    else:
        data = HEADINGS.encode(encoding)
    assert cells(read_table(data)) == [["工号", "姓名"], ["0007", "测试"]]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_csv_with_each_delimiter_and_line_end(mark: str, end: str) -> None:
    text = HEADINGS.replace(",", mark).replace("\r\n", end)
    assert cells(read_table(text.encode())) == [["工号", "姓名"], ["0007", "测试"]]


def test_csv_with_excels_own_first_line() -> None:
    data = ("sep=;\r\n" + HEADINGS.replace(",", ";")).encode()
    assert cells(read_table(data)) == [["工号", "姓名"], ["0007", "测试"]]


def test_csv_with_quotes_commas_and_lines_in_cells() -> None:
    data = '工号,姓名\r\n1,"a,b"\r\n2,"c\nd"\r\n3,"e""f"\r\n'.encode()
    assert cells(read_table(data))[1:] == [["1", "a,b"], ["2", "c\nd"], ["3", 'e"f']]


def test_text_formulas_and_guards_are_told_apart() -> None:
    (row,) = cells(read_table(b'"=""0012""",=1+1,\'=1+1,\'a,-'))
    assert row == ["0012", "=1+1", "=1+1", "'a", "-"]
    assert [isinstance(cell, Formula) for cell in row] == [False, True] + [False] * 3


def test_empty_rows_are_skipped_and_numbers_stay() -> None:
    rows = read_table(b"a,b\r\n\r\n,\r\n1,2\r\n").rows
    assert [row.number for row in rows] == [1, 4]
    rows = read_table(xlsx([["a"], [None], [None], ["1"]])).rows
    assert [row.number for row in rows] == [1, 4]


def test_ids_that_excel_made_numbers_are_text_again() -> None:
    table = read_table(xlsx([[7, 7.0, 12, "0012", 1.5]], ["0", "0", "0000"]))
    assert [to_text(cell) for cell in cells(table)[0]] == [
        "7",
        "7",
        "0012",
        "0012",
        "1.5",
    ]


def test_a_number_that_excel_has_rounded_is_refused() -> None:
    (row,) = cells(read_table(xlsx([[110105194912310029]])))
    with pytest.raises(CellError, match="long_number"):
        to_text(row[0])


def test_formulas_and_errors_of_workbooks_are_formulas() -> None:
    (row,) = cells(read_table(xlsx([["=1+1", "#N/A", "a"]])))
    assert [isinstance(cell, Formula) for cell in row] == [True, True, False]


def test_dates_and_times_of_workbooks() -> None:
    day, moment = date(2026, 11, 2), datetime(2026, 11, 2, 8, 30)  # noqa: DTZ001 - cells have no zone
    table = read_table(xlsx([[day, moment, time(8, 30), timedelta(hours=8.5)]]))
    (row,) = cells(table)
    assert to_day(row[0]) == day
    assert to_moment(row[1]).time == time(8, 30)
    assert to_time(row[2]) == to_time(row[3]) == time(8, 30)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-02",
        "2026/11/2",
        "2026.11.2",
        "20261102",
        "2026年11月2日",
        "２０２６-11-2",
    ],
)
def test_ways_to_write_a_day(text: str) -> None:
    assert to_day(text) == date(2026, 11, 2)


@pytest.mark.parametrize("cell", ["2026-02-29", "26-11-02", "11/2/2026", "", True, "x"])
def test_what_is_no_day(cell: Any) -> None:
    with pytest.raises(CellError):
        to_day(cell)


def test_a_number_that_excel_keeps_for_a_day_is_refused_by_name() -> None:
    with pytest.raises(CellError, match="serial"):
        to_day(46328)
    assert to_day(20261102) == date(2026, 11, 2)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("一二三四五", (0, 1, 2, 3, 4)),
        ("1-5", (0, 1, 2, 3, 4)),
        ("周一至周三", (0, 1, 2)),
        ("星期六、星期天", (5, 6)),
        ("Mon, Wed", (0, 2)),
        ("135", (0, 2, 4)),
    ],
)
def test_weekdays(text: str, days: tuple[int, ...]) -> None:
    assert to_weekdays(text) == days


@pytest.mark.parametrize("text", ["8", "5-1", "-5", "1-", "1--", "每天"])
def test_what_is_no_weekday(text: str) -> None:
    with pytest.raises(CellError, match="weekdays"):
        to_weekdays(text)


def _damaged() -> bytes:
    data = bytearray(xlsx([["a"]]))
    data[60:200] = b"\x00" * 140
    return bytes(data)


def _with(name: str, content: bytes) -> bytes:
    data = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsx([["a"]]))) as source,
        zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for part in source.namelist():
            if part != name:
                target.writestr(part, source.read(part))
        target.writestr(name, content)
    return data.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><worksheet>&b;</worksheet>'
)


@pytest.mark.parametrize(
    "data",
    [
        b"a\x00b,c\r\n",
        b"\xff\xff\xff\x80,\x80",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"PK\x03\x04 and nothing more",
        b"a" * (MAX_BYTES + 1),
        b'"' + b"a" * 200_000 + b'"',
        _damaged(),
        _with(SHEET, b"<worksheet><sheetData><row>"),
        _with(SHEET, LAUGHS),
        _with("xl/media/bomb.bin", b"\x00" * 20_000_000),
        _with("xl/workbook.xml", b"<workbook/>"),
    ],
    ids=[
        "nul",
        "encoding",
        "xls",
        "stub",
        "large",
        "cell",
        "damaged",
        "cut",
        "entities",
        "bomb",
        "sheetless",
    ],
)
def test_files_that_cannot_be_read_are_refused_in_words(data: bytes) -> None:
    with pytest.raises(TableError) as refusal:
        read_table(data)
    assert len(str(refusal.value)) > 4
    with pytest.raises(TableError, match=r"[a-z]{3}"):
        read_table(data, "en")


def test_more_rows_than_allowed_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_ROWS", 3)
    assert len(read_table(xlsx([["1"]] * 3)).rows) == 3
    for data in (xlsx([["1"]] * 4), b"1\r\n" * 4):
        with pytest.raises(TableError, match="超过 2 行"):
            read_table(data)


def test_formatted_rows_without_content_do_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tables, "MAX_ROWS", 3)
    far = b'<row r="900000"><c r="A900000"/></row>'
    text = (
        b"<worksheet xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'>"
    )
    text += b"<dimension ref='A1'/><sheetData><row r='1'><c r='A1'><v>1</v></c></row>"
    data = _with(SHEET, text + far + b"</sheetData></worksheet>")
    assert cells(read_table(data)) == [[1]]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_do_harm(data: bytes) -> None:
    for start in (b"", b"PK\x03\x04"):
        try:
            table = read_table(start + data)
        except TableError:
            continue
        assert all(row.cells for row in table.rows)


@settings(max_examples=40, deadline=None)
@given(st.from_regex(r"[0-9A-Za-z][0-9A-Za-z._-]{0,31}", fullmatch=True))
def test_an_id_as_text_comes_back_from_both(key: str) -> None:
    for data in (
        f"工号\r\n{key}\r\n".encode("utf-8-sig"),
        xlsx([["工号"], [key]], "@"),
    ):
        assert [to_text(cell) for cell in cells(read_table(data))[1]] == [key]
