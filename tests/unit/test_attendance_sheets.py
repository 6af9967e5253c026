from __future__ import annotations

import csv
import io
import re
import zipfile
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.month_sheets import HASH, closed, month_sheet

from bridge.domain.attendance.facts import CalendarDay, DayKind, LeaveKind
from bridge.domain.attendance.results import DayResult, DayState
from bridge.domain.attendance.wording import name_of, symbol
from bridge.service.attendance.sheets.files import month_csv, month_workbook
from bridge.service.attendance.sheets.tops import TEXT
from bridge.service.attendance.sheets.workbooks import Body, Book, put
from bridge.service.attendance.views import Sheet

LITERAL = (
    "工号 姓名 部门 应出勤天数 实际出勤天数 迟到次数 早退次数 旷工天数 请假天数 "
    "加班时长"
)
HOSTILE = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1")


def opened(data: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(data))


def lines(page: Any) -> list[list[Any]]:
    return [list(row) for row in page.iter_rows(values_only=True)]


def table(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def named(name: str, person: str = "0007") -> Sheet:
    return month_sheet(people=[(person, name)])


def test_the_workbook_has_the_four_sheets_in_order() -> None:
    book = opened(month_workbook(month_sheet()))
    assert book.sheetnames == ["月考勤汇总", "符号日历", "考勤明细", "待核实"]


def test_the_summary_has_the_headings_of_the_halls() -> None:
    page = opened(month_workbook(month_sheet()))["月考勤汇总"]
    assert lines(page)[3][:10] == LITERAL.split()
    assert {"缺卡次数", "外勤天数", "未判定天数"} <= set(lines(page)[3])


def test_the_summary_counts_each_department_and_everybody() -> None:
    sheet = month_sheet(people=[("2", "甲"), ("10", "乙"), ("3", "丙")])
    rows = [
        replace(row, department=name, late=number)
        for number, (row, name) in enumerate(
            zip(sheet.rows, ("民政局", "公安局", "民政局"), strict=True), start=1
        )
    ]
    page = opened(month_workbook(replace(sheet, rows=rows)))["月考勤汇总"]
    shown = [(row[0], row[1], row[2], row[5]) for row in lines(page)[4:10]]
    assert shown == [
        ("10", "乙", "公安局", 2),
        ("小计", "1 人", "公安局", 2),
        ("2", "甲", "民政局", 1),
        ("3", "丙", "民政局", 3),
        ("小计", "2 人", "民政局", 4),
        ("合计", "3 人", None, 6),
    ]


def test_the_top_says_hall_month_state_time_and_ledger() -> None:
    for page in opened(month_workbook(month_sheet())):
        assert "测试大厅2026年11月" in page["A1"].value
        assert "未结账" in page["A2"].value
        assert "2026-12-01 17:30:00" in page["A3"].value
        assert "第 1234 行" in page["A3"].value
        assert HASH[:16] in page["A3"].value
        assert HASH[:16] in page.oddFooter.left.text
        assert "&P" in page.oddFooter.right.text


def test_a_signed_month_says_who_closed_it() -> None:
    page = opened(month_workbook(closed(month_sheet())))["月考勤汇总"]
    assert page["A2"].value == "状态：已结账（测试，2026-12-01 17:30，台账第 1200 行）"


def test_there_is_a_line_to_sign() -> None:
    book = opened(month_workbook(month_sheet()))
    for name in ("月考勤汇总", "符号日历"):
        last = lines(book[name])[-1][0]
        for role in ("制表人", "审核人", "分管领导", "签字日期"):
            assert role in last


def test_ids_are_text_with_their_zeros() -> None:
    for page in opened(month_workbook(month_sheet())):
        cells = [cell for row in page.iter_rows() for cell in row]
        ids = [cell for cell in cells if cell.value == "0007"]
        assert all(cell.number_format == "@" for cell in ids)
        assert all(cell.data_type == "s" for cell in ids)
        assert ids or page.title == "待核实"


def test_days_are_dates_and_times_are_text() -> None:
    page = opened(month_workbook(month_sheet()))["考勤明细"]
    monday = [row for row in page.iter_rows(min_row=5) if row[0].value.day == 2]
    assert [row[0].value for row in monday] == [datetime(2026, 11, 2)] * 2  # noqa: DTZ001 - cells have no zone
    assert monday[0][0].number_format == 'yyyy"年"m"月"d"日"'
    assert [(row[6].value, row[7].value, row[8].value) for row in monday] == [
        ("08:30-12:00", "08:23", "12:03"),
        ("13:00-17:30", "12:53", "17:33"),
    ]


def test_a_night_that_ends_tomorrow_says_so() -> None:
    def change(result: DayResult) -> DayResult:
        if not result.sessions:
            return result
        late = replace(result.sessions[1], went=_next(result))
        return replace(result, sessions=(late,))

    page = opened(month_workbook(month_sheet(change=change)))["考勤明细"]
    assert lines(page)[5][8] == "次日06:02"


def _next(result: DayResult) -> datetime:
    start = result.sessions[0].start
    return start.replace(hour=6, minute=2) + timedelta(days=1)


def test_the_calendar_shades_what_the_calendar_says() -> None:
    sheet = month_sheet()
    days = dict(sheet.calendar)
    days[7] = CalendarDay(day=date(2026, 11, 7), kind=DayKind.WORKDAY)
    days[9] = CalendarDay(day=date(2026, 11, 9), kind=DayKind.HOLIDAY, name="院庆")
    page = opened(month_workbook(replace(sheet, calendar=days)))["符号日历"]
    marks = page[6]

    def shaded(day: int) -> bool:
        return bool(marks[2 + day].fill.fill_type)

    assert (shaded(1), shaded(2), shaded(7), shaded(9)) == (True, False, False, True)
    told = [row[0] for row in lines(page) if str(row[0]).startswith("日历")]
    assert told == ["日历：7日 工作日；9日 节假日 院庆"]


def test_the_calendar_has_a_column_for_each_day_and_explains_each_mark() -> None:
    page = opened(month_workbook(month_sheet("2028-02")))["符号日历"]
    head, weekdays = lines(page)[3:5]
    assert head[3:] == list(range(1, 30))
    assert weekdays[3:6] == ["二", "三", "四"]
    legend = next(row[0] for row in lines(page) if str(row[0]).startswith("图例"))
    used = {mark for mark in lines(page)[5][3:] if mark}
    assert all(mark in legend for mark in used)


def test_unknown_days_are_listed_with_what_they_wait_for() -> None:
    def change(result: DayResult) -> DayResult:
        if result.day.day != 3:
            return result
        return replace(
            result,
            states=(DayState.UNKNOWN,),
            final=False,
            waiting=("clock:clock-1", "leave:L9"),
        )

    book = opened(month_workbook(month_sheet(change=change)))
    (row,) = lines(book["待核实"])[4:]
    assert row[0].day == 3
    assert row[2] == "0007"
    assert "clock-1" in row[-1]
    assert "L9" in row[-1]
    assert "含未判定 1 人日" in book["月考勤汇总"]["A2"].value


def test_days_that_are_not_over_are_counted_and_not_listed() -> None:
    def change(result: DayResult) -> DayResult:
        if result.day.day < 29:
            return result
        return replace(
            result, states=(DayState.PENDING,), final=False, waiting=("time",)
        )

    page = opened(month_workbook(month_sheet(change=change)))["待核实"]
    said = [row[0] for row in lines(page)[4:]]
    assert said == ["没有待核实的记录。", "另有 2 人日尚未结束，未列出。"]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_becomes_a_formula(name: str) -> None:
    data = month_workbook(replace(named(name), hall=name))
    book = opened(data)
    for page in book:
        for row in page.iter_rows():
            assert all(cell.data_type != "f" for cell in row)
    cell = book["月考勤汇总"]["B5"]
    assert cell.value == name
    assert cell.quotePrefix


@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_of_csv_becomes_a_formula(name: str) -> None:
    for part in ("summary", "days"):
        rows = table(month_csv(named(name), part))
        found = {cell for row in rows for cell in row if cell.endswith(name)}
        assert found == {f"'{name}"}


def test_the_parts_hold_no_formula_macro_or_link() -> None:
    data = month_workbook(month_sheet(people=[("1", "=A1<&>\"'")]))
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        names = parts.namelist()
        assert not [name for name in names if "vba" in name or "external" in name]
        for name in names:
            root = ET.fromstring(parts.read(name))  # noqa: S314 - our own
            tags = {element.tag.rpartition("}")[2] for element in root.iter()}
            assert not tags & {"f", "hyperlink", "oleObject", "externalReference"}
            if name.endswith(".rels"):
                assert b'TargetMode="External"' not in parts.read(name)


def test_rows_and_cells_stand_in_order() -> None:
    data = month_workbook(month_sheet(people=[("1", "甲"), ("2", "乙")]))
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        for name in [name for name in parts.namelist() if "worksheets/" in name]:
            text = parts.read(name).decode()
            rows = [int(number) for number in re.findall(r'<row [^>]*?r="(\d+)"', text)]
            assert rows == sorted(set(rows))
            cells = re.findall(r'<c r="([A-Z]+\d+)"', text)
            assert len(cells) == len(set(cells))


def test_pages_are_a4_landscape_with_repeated_headings() -> None:
    for page in opened(month_workbook(month_sheet())):
        assert page.page_setup.orientation == "landscape"
        assert int(page.page_setup.paperSize) == 9
        assert page.sheet_properties.pageSetUpPr.fitToPage
        assert int(page.page_setup.fitToHeight) == 0
        assert page.print_title_rows.startswith("$1:")
        assert page.freeze_panes


def test_the_same_sheet_gives_the_same_bytes() -> None:
    assert month_workbook(month_sheet()) == month_workbook(month_sheet())


def test_kinds_of_leave_that_occur_have_columns_and_csv_has_all() -> None:
    sheet = month_sheet()
    taken = {LeaveKind.SICK.value: 1.5}
    rows = [replace(sheet.rows[0], leave_days=1.5, leave_days_by_kind=taken)]
    sheet = replace(sheet, rows=rows)
    head, row = lines(opened(month_workbook(sheet))["月考勤汇总"])[3:5]
    assert row[head.index("病假天数")] == 1.5
    assert "事假天数" not in head
    head, row = table(month_csv(sheet, "summary"))
    assert row[head.index("病假天数")] == "1.5"
    assert row[head.index("事假天数")] == "0"


def test_csv_has_a_bom_crlf_and_iso_days() -> None:
    data = month_csv(month_sheet(), "days")
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\n") == data.count(b"\r\n")
    assert table(data)[1][0] == "2026-11-01"
    assert table(month_csv(month_sheet(), "summary"))[0][:10] == LITERAL.split()


def test_english_has_no_chinese_but_names() -> None:
    sheet = month_sheet(people=[("1", "Test")])
    rows = [replace(row, department="Police", group="") for row in sheet.rows]
    days = [
        replace(row, department="Police", result=replace(row.result, shift_name="Day"))
        for row in sheet.days
    ]
    sheet = replace(sheet, hall="Hall", rows=rows, days=days)
    book = opened(month_workbook(sheet, lang="en"))
    texts = [str(cell) for page in book for row in lines(page) for cell in row]
    texts += book.sheetnames
    texts += [cell for row in table(month_csv(sheet, "days", "en")) for cell in row]
    assert not [text for text in texts if re.search("[\u4e00-\u9fff]", text)]


def test_a_month_without_anybody_is_a_workbook_too() -> None:
    sheet = month_sheet(people=[])
    page = opened(month_workbook(sheet))["月考勤汇总"]
    assert lines(page)[4][:2] == ["合计", "0 人"]
    assert len(table(month_csv(sheet, "summary"))) == 1


names = st.text(
    st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20
).filter(
    lambda text: "_x" not in text and "\ufffe" not in text and "\uffff" not in text
)


@settings(max_examples=50, deadline=None)
@given(
    person=st.from_regex(r"[0-9A-Za-z][0-9A-Za-z._-]{0,31}", fullmatch=True),
    name=names,
)
def test_any_id_and_name_come_back_as_they_went(person: str, name: str) -> None:
    book = Book(made=month_sheet(people=[]).made)
    page = book.add("1")
    put(page, 1, 1, name, TEXT)
    book.bodies["1"] = Body(first=2, rows=[([person, name], [book.style(TEXT)] * 2)])
    page = opened(book.save())["1"]
    assert [page[place].value for place in ("A1", "A2", "B2")] == [name, person, name]
    assert {page[place].data_type for place in ("A1", "A2", "B2")} == {"s"}
    row = table(month_csv(replace(named(name, person), days=[]), "summary"))[1]
    assert row[0] == person
    assert row[1] == (f"'{name}" if name[0] in "=+-@" else name)


def test_text_that_looks_like_an_escape_is_escaped() -> None:
    data = month_workbook(named("_x0041_ a\x0bb"))
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        assert "_x005F_x0041_ ab<" in parts.read("xl/worksheets/sheet1.xml").decode()


def test_remarks_say_rules_leaves_and_corrections_in_words() -> None:
    def change(result: DayResult) -> DayResult:
        if not result.sessions:
            return result
        told = replace(
            result.sessions[0], notes=("grace_in:5", "strange"), leaves=("L1",)
        )
        return replace(
            result,
            sessions=(told, result.sessions[1]),
            corrections=("C2",),
            day_name="节后",
        )

    page = opened(month_workbook(month_sheet(change=change)))["考勤明细"]
    first, second = (row[-1] for row in lines(page)[5:7])
    assert first == "节后；补签单 C2；上班宽限 5 分钟；strange；请假单 L1"
    assert second is None


def test_the_reference_tells_every_symbol() -> None:
    page = Path(__file__).parents[2] / "docs/reference/month-sheet.md"
    rows = page.read_text(encoding="utf-8")
    for state in DayState:
        assert f"| {symbol(state)} | {name_of('state', state)} " in rows
