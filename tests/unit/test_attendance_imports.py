from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, time

import pytest
from support.importing import KNOWN, ZONE, bad, only, read

from bridge.domain.attendance.facts import (
    CalendarDay,
    CalendarYear,
    DayKind,
    Enrolment,
    Person,
    Posting,
    Shift,
)
from bridge.service.attendance.importing.parsing import ImportKind, parse, read_table
from bridge.service.attendance.importing.templates import template_workbook


def test_people_in_chinese() -> None:
    result = read(
        "people",
        "工号,姓名,派驻单位,部门,科室,指纹号,入职日期,离岗日期",
        "0009,测试,市公安局,户政,一楼,7,2026年11月2日,",
    )
    assert only(result) == Person(
        id="0009",
        name="测试",
        department="市公安局",
        group="户政 一楼",
        enrolments=[Enrolment(user_id="7")],
        joined=date(2026, 11, 2),
    )
    assert (result.rows, result.good, result.same) == (1, 1, 0)


def test_people_in_english_below_a_title() -> None:
    result = read(
        "people",
        "List of people,,",
        "ID*,name,Section",
        "a-1,Test,Police",
        lang="en",
    )
    assert only(result) == Person(id="a-1", name="Test", department="Police")


def test_a_column_that_is_not_there_leaves_what_is() -> None:
    before = Person(
        id="0007",
        name="测试",
        department="市公安局",
        enrolments=[Enrolment(user_id="70")],
        joined=date(2020, 1, 1),
    )
    known = replace(KNOWN, people={"0007": before})
    person = only(read("people", "工号,姓名,科室", "0007,测试,二楼", known=known))
    assert person == replace(before, group="二楼")


def test_a_new_number_from_a_day_ends_the_old_one() -> None:
    line = "0007,测试,71,2026-11-02"
    person = only(read("people", "工号,姓名,考勤机编号,编号启用日期", line))
    assert list(person.enrolments) == [
        Enrolment(user_id="0007", valid_to=date(2026, 11, 1)),
        Enrolment(user_id="71", valid_from=date(2026, 11, 2)),
    ]


def test_two_people_with_one_number_at_the_same_time_are_refused() -> None:
    head = "工号,姓名,考勤机编号,入职日期,离岗日期"
    result = read("people", head, "11,甲,0008,,", "12,乙,5,,", "13,丙,5,,")
    assert bad(result) == [(2, "考勤机编号", "0008"), (4, "考勤机编号", "5")]
    assert "证件样本" in result.bad[0].message
    assert [person.id for person in result.facts if isinstance(person, Person)] == [
        "12"
    ]
    after = read("people", head, "11,甲,5,,2026-10-31", "12,乙,5,2026-11-01,")
    assert after.bad == []


def test_an_update_that_frees_a_number_lets_another_have_it() -> None:
    head = "工号,姓名,考勤机编号"
    assert read("people", head, "0007,测试,70", "11,甲,0007").bad == []


@pytest.mark.parametrize(
    ("line", "column", "word"),
    [
        (",甲,,", "工号", "不能为空"),
        ("11,,,", "姓名", "不能为空"),
        ("1 1,甲,,", "工号", "字母"),
        ("1\x011,甲,,", "工号", "字母"),
        ("11,甲\t乙,,", "姓名", "控制字符"),
        (f"11,{'甲' * 65},,", "姓名", "64"),
        ("11,甲,2026-02-30,", "入职日期", "有效日期"),
        ("11,甲,2026-13-01,", "入职日期", "有效日期"),
        ("11,甲,46328,", "入职日期", "有效日期"),
        ("11,甲,0001-01-01,", "入职日期", "有效日期"),
        ("11,甲,2026-11-02,2026-11-01", "离岗日期", "早于"),
        ("11,=A1,,", "姓名", "公式"),
    ],
)
def test_bad_people(line: str, column: str, word: str) -> None:
    result = read("people", "工号,姓名,入职日期,离岗日期", line, "12,乙,,")
    assert [(found.row, found.column) for found in result.bad] == [(2, column)]
    assert word in result.bad[0].message
    assert [getattr(fact, "id", "") for fact in result.facts] == ["12"]
    assert (result.rows, result.good) == (2, 1)


def test_every_bad_row_is_listed_and_control_characters_are_shown() -> None:
    lines = ["1,甲", "1,乙", "\x02,丙", "x y,"]
    result = read("people", "工号,姓名", *lines)
    assert bad(result) == [
        (3, "工号", "1"),
        (4, "工号", "\\x02"),
        (5, "姓名", ""),
    ]
    assert "第 2 行" in result.bad[0].message


@pytest.mark.parametrize("key", ["7", "00007", "007"])
def test_an_id_that_lost_its_zeros_is_not_somebody_new(key: str) -> None:
    result = read("people", "工号,姓名", f"{key},测试")
    assert bad(result) == [(2, "工号", key)]
    assert "0007" in result.bad[0].message


def test_english_messages() -> None:
    result = read("people", "ID,Name,Joined", "1,Test,2026-02-30", lang="en")
    (found,) = result.bad
    assert (found.column, found.value) == ("Joined", "2026-02-30")
    assert "no date" in found.message


def test_headings_that_are_missing_twice_or_unknown() -> None:
    assert "工号、姓名" in read("people", "一,二").bad[0].message
    lacking = read("people", "姓名,备注", "甲,1")
    assert (lacking.bad[0].column, lacking.rows, lacking.good) == ("工号", 1, 0)
    assert read("people", "工号,工号,姓名", "1,2,甲").bad[0].column == "工号"
    assert read("people", "工号,姓名,血型", "1,甲,A").ignored == ["血型"]
    assert read("people", "").bad != []


def test_postings() -> None:
    result = read(
        "postings",
        "工号,姓名,窗口,班次,起始日期,截止日期,星期,轮班",
        "0007,测试,1,行政班,2026/11/2,2026/12/31,一至三,",
        '0008,证件样本,,,20261102,,,"day,day,休"',
    )
    assert result.bad == []
    first, second = result.facts
    assert isinstance(first, Posting)
    assert isinstance(second, Posting)
    assert (first.person, first.counter, first.shift) == ("0007", "1", "day")
    assert (first.valid_from, first.valid_to) == (date(2026, 11, 2), date(2026, 12, 31))
    assert first.weekdays == (0, 1, 2)
    assert list(second.rotation) == ["day", "day", None]
    assert second.shift is None


def test_the_same_posting_has_the_same_id_each_time() -> None:
    head = "工号,窗口,班次,起始日期,截止日期"
    once = only(read("postings", head, "0007,1,day,2026-11-02,"))
    again = only(read("postings", head, "0007,1,noon,2026-11-02,2026-12-31"))
    other = only(read("postings", head, "0007,2,day,2026-11-02,"))
    assert once.id == again.id != other.id


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("9999,测试,1,day,2026-11-02,,,", "工号"),
        ("0007,证件样本,1,day,2026-11-02,,,", "姓名"),
        ("0007,,9,day,2026-11-02,,,", "窗口"),
        ("0007,,1,night,2026-11-02,,,", "班次"),
        ("0007,,1,值班,2026-11-02,,,", "班次"),
        ("0007,,1,day,,,,", "起始日期"),
        ("0007,,1,day,2026-11-02,2026-11-01,,", "截止日期"),
        ("0007,,1,day,2026-11-02,,八,", "星期"),
        ("0007,,1,,2026-11-02,,,day 夜", "轮班"),
        ("0007,,1,day,2026-11-02,,,day", "轮班"),
    ],
)
def test_bad_postings(line: str, column: str) -> None:
    head = "工号,姓名,窗口,班次,起始日期,截止日期,星期,轮班"
    result = read("postings", head, line)
    assert [(found.row, found.column) for found in result.bad] == [(2, column)]
    assert result.facts == []


def test_a_posting_twice_is_refused() -> None:
    line = "0007,1,2026-11-02"
    result = read("postings", "工号,窗口,起始日期", line, "", line)
    assert bad(result) == [(4, "工号", "0007")]


def test_shifts_are_gathered_from_their_sessions() -> None:
    result = read(
        "shifts",
        "编号,名称,时段,上班,下班,仅星期,季节起,季节止,迟到宽限分钟,默认班次",
        "day,行政班,上午,8:30,12:00,,,,5,是",
        "day,,下午,13:00,17：30,,,,,",
        "night,夜班,,22:00,6:00,,,,,",
        "day,,,8:30,16:00,五,,,5,",
        "day,,,8:00,17:00,,05-01,9月30日,,",
    )
    assert result.bad == []
    day, night = result.facts
    assert isinstance(day, Shift)
    assert isinstance(night, Shift)
    assert [(s.name, s.start, s.end, s.weight) for s in day.sessions] == [
        ("上午", time(8, 30), time(12), 0.5),
        ("下午", time(13), time(17, 30), 0.5),
    ]
    assert (day.grace_in_min, day.is_default, day.follows_calendar) == (5, True, True)
    friday, summer = day.variants
    assert friday.weekdays == (4,)
    assert (summer.season_from, summer.season_to) == ("05-01", "09-30")
    assert (night.sessions[0].end, night.sessions[0].weight) == (time(6), 1.0)


@pytest.mark.parametrize(
    ("lines", "place"),
    [
        (["day,行政班,25:00,12:00,,,"], (2, "上班")),
        (["day,行政班,8:30,,,,"], (2, "下班")),
        (["day,,8:30,12:00,,,"], (2, "名称")),
        (["day,行政班,8:30,12:00,5.5,,"], (2, "迟到宽限分钟")),
        (["day,行政班,8:30,12:00,-1,,"], (2, "迟到宽限分钟")),
        (["day,甲,8:30,12:00,,,", "day,乙,13:00,17:00,,,"], (3, "名称")),
        (["day,行政班,8:30,12:00,,08:00,"], (2, "上班打卡止")),
        (["d y,行政班,8:30,12:00,,,"], (2, "编号")),
    ],
)
def test_bad_shifts(lines: Sequence[str], place: tuple[int, str]) -> None:
    head = "编号,名称,上班,下班,迟到宽限分钟,上班打卡起,上班打卡止"
    result = read("shifts", head, *lines)
    assert [(found.row, found.column) for found in result.bad] == [place]
    assert result.facts == []


def test_a_shift_for_fridays_alone_is_refused() -> None:
    head = "编号,名称,上班,下班,仅星期"
    result = read("shifts", head, "day,行政班,8:30,12:00,五")
    assert [found.column for found in result.bad] == ["仅星期"]


def test_calendar() -> None:
    result = read(
        "calendar",
        "日期,类型,名称",
        "2027-10-01,节假日,国庆节",
        "2027/10/9,工作日,国庆节调休",
        "2027-10-01,休息,",
        "2027-10-02,也许,",
    )
    assert result.facts == [
        CalendarDay(day=date(2027, 10, 1), kind=DayKind.HOLIDAY, name="国庆节"),
        CalendarDay(day=date(2027, 10, 9), kind=DayKind.WORKDAY, name="国庆节调休"),
    ]
    assert bad(result) == [(4, "日期", "2027-10-01"), (5, "类型", "也许")]


def test_a_list_of_a_whole_year_says_that_it_is_complete() -> None:
    head = "日期,类型,名称"
    new_year, national_day = "2099-01-01,节假日,元旦", "2099-10-01,节假日,国庆节"
    whole = read("calendar", head, new_year, national_day)
    assert whole.facts[2:] == [CalendarYear(year=2099)]
    assert list(whole.sources)[2:] == [(2, 3)]
    known = read("calendar", head, "2026-01-01,休息,", "2026-10-01,节假日,国庆节")
    for part in (
        known,
        read("calendar", head, new_year),
        read("calendar", head, "2099-01-01,工作日,", national_day),
        read("calendar", head, "2026-01-01,节假日,元旦", "2026-10-01,节假日,国庆节"),
    ):
        assert all(isinstance(fact, CalendarDay) for fact in part.facts)


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
@pytest.mark.parametrize("kind", list(ImportKind))
def test_the_example_of_every_template_can_be_imported(
    kind: ImportKind, lang: str
) -> None:
    table = read_table(template_workbook(kind, lang))
    people = {"0007": Person(id="0007", name="测试")}
    result = parse(kind, table, replace(KNOWN, people=people), zone=ZONE, lang=lang)
    assert result.bad == []
    assert result.ignored == []
    assert len(result.facts) == 1
