"""Explanations: every code that may occur has words in both languages."""

from __future__ import annotations

import string
from dataclasses import replace
from enum import StrEnum

import pytest
from support.attending import (
    DAY,
    LI,
    TWO,
    Seen,
    added,
    at,
    changed,
    confirmed,
    dead,
    leave,
    posted,
    punch,
    schedule,
    stated,
    stretch,
    voided,
)

from bridge.domain.attendance.cover import CoverReason, CoverState
from bridge.domain.attendance.explain import Line, explain
from bridge.domain.attendance.facts import (
    CorrectionKind,
    DayKind,
    Finding,
    LeaveKind,
    LeaveUnit,
    Pairing,
    Status,
)
from bridge.domain.attendance.inputs import Decided
from bridge.domain.attendance.names import NAMES, SYMBOLS
from bridge.domain.attendance.punches import PunchFlag
from bridge.domain.attendance.results import DayState, PunchUse
from bridge.domain.attendance.wording import (
    NOTES,
    WAITING,
    WORDS,
    name_of,
    note_text,
    say,
    symbol,
    waiting_text,
)

KINDS: dict[str, type[StrEnum]] = {
    "state": DayState,
    "day": DayKind,
    "leave": LeaveKind,
    "unit": LeaveUnit,
    "correction": CorrectionKind,
    "status": Status,
    "finding": Finding,
    "use": PunchUse,
    "flag": PunchFlag,
    "pairing": Pairing,
    "cover": CoverState,
    "cover_reason": CoverReason,
}


def test_every_value_has_a_name_and_no_name_is_left_over() -> None:
    values = {f"{kind}.{value}" for kind, values in KINDS.items() for value in values}
    assert set(NAMES) == values
    assert all(chinese and english for chinese, english in NAMES.values())


def test_every_state_has_a_symbol_of_its_own() -> None:
    assert set(SYMBOLS) == set(DayState)
    assert len(set(SYMBOLS.values())) == len(DayState)
    assert symbol(DayState.PRESENT) == "√"


def test_both_languages_say_the_same_with_the_same_figures() -> None:
    chinese, english = WORDS["zh-CN"], WORDS["en"]
    assert set(chinese) == set(english)
    for code, text in chinese.items():
        assert gaps(text) == gaps(english[code]), code
        assert english[code].isascii(), code


def gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_names_notes_and_waits_in_words() -> None:
    assert name_of("leave", "sick") == "病假"
    assert name_of("leave", "sick", "en") == "sick leave"
    assert name_of("leave", "odd") == "odd"
    assert note_text("grace_in:5", "en") == "5 minutes of grace for coming"
    assert note_text("no_posting") == "当日没有岗位安排"
    assert note_text("odd:5") == "odd:5"
    assert waiting_text("clock:gate") == "考勤机 gate 的记录尚未取全"
    assert waiting_text("time", "en") == "the day is not over"
    assert waiting_text("odd") == "odd"


SHIFT = changed(
    TWO,
    grace_in_min=5,
    grace_out_min=5,
    half_absent_after_min=30,
    absent_after_min=90,
    half_day_below_min=300,
    absent_below_min=60,
)
BELOW = changed(TWO, half_day_below_min=300, absent_below_min=180)
FLEX = changed(TWO, flex_min=30)
FREE = changed(
    TWO,
    sessions=(
        stretch("08:30", "12:00", needs_in=False),
        stretch("14:00", "17:30", needs_out=False),
    ),
)
FINE = ("08:25", "12:03", "13:55", "17:31")
DAYS = {
    "fine": Seen(punches=FINE),
    "grace": Seen(punches=("08:33", *FINE[1:]), shift=SHIFT),
    "half": Seen(punches=("09:05", *FINE[1:]), shift=SHIFT),
    "too late": Seen(punches=("10:05", *FINE[1:]), shift=SHIFT),
    "little": Seen(punches=("08:25", "12:00", "15:00", "16:29"), shift=BELOW),
    "less": Seen(punches=("10:00", "11:00", "15:00", "16:00"), shift=BELOW),
    "flexible": Seen(punches=("08:50", "12:20", *FINE[2:]), shift=FLEX),
    "free": Seen(punches=("12:03", "13:55"), shift=FREE),
    "late": Seen(punches=("08:50", "08:51", "09:30", "11:00", "13:55", "23:00")),
    "missing": Seen(punches=("08:25", "17:31")),
    "absent": Seen(),
    "pending": Seen(now="09:00"),
    "dead": Seen(coverage=dead("08:00")),
    "never": Seen(coverage=dead(None)),
    "rest": Seen(punches=("08:25",), day=DAY.replace(day=14)),
    "holiday": Seen(day=DAY.replace(month=10, day=1)),
    "made up": Seen(day=DAY.replace(month=4, day=27)),
    "unknown": Seen(day=DAY.replace(year=2099)),
    "other day": Seen(
        plan=schedule(
            changed(TWO, id="n", sessions=(stretch("22:00", "06:00"),)),
            postings=[posted(None, rotation=("n", None), valid_from=DAY)],
        ),
        punches=("05:59",),
        day=DAY.replace(day=12),
    ),
    "leave": Seen(
        punches=("09:00", "13:55", "17:31"),
        decided=Decided(
            leaves=(leave("08:30", "12:00"), leave("16:00", "17:00", key="L2"))
        ),
    ),
    "field duty": Seen(
        decided=Decided(leaves=(leave("08:30", "17:30", kind=LeaveKind.FIELD_DUTY),))
    ),
    "leave on a rest day": Seen(
        day=DAY.replace(day=14),
        decided=Decided(
            leaves=(leave("+3 00:00", "+4 00:00", unit=LeaveUnit.DAY),),
        ),
    ),
    "undecided": Seen(
        decided=Decided(
            pending_leaves=(leave("08:30", "12:00"),),
            pending_corrections=(stated("present"),),
        )
    ),
    "corrected": Seen(
        punches=FINE,
        decided=Decided(
            corrections=(
                voided(1),
                added("08:20", "C2"),
                added("08:21", "C3"),
                added("09:00", "C4"),
                added("02:00", "C5"),
                stated("present", 1, "C6"),
            )
        ),
    ),
    "corrected out": Seen(
        punches=FINE[:3], decided=Decided(corrections=(added("17:40"),))
    ),
    "stated": Seen(decided=Decided(corrections=(stated("rest"),))),
    "doubtful": Seen(punches=(punch(1, "08:25", flags=("future",)),)),
    "void": Seen(punches=FINE, decided=confirmed(1, counts=False)),
    "drift": Seen(
        punches=(punch(1, "08:25", flags=("clock_wrong",), drift_s=60), *FINE[1:])
    ),
    "no shift": Seen(plan=schedule(postings=[posted("gone")])),
    "no posting": Seen(plan=schedule(postings=[posted(valid_to=DAY.replace(day=1))])),
    "no default": Seen(plan=schedule(postings=[])),
    "day off": Seen(plan=schedule(postings=[posted(None, rotation=(None,))])),
    "weekday": Seen(plan=schedule(postings=[posted(weekdays=(0,))])),
    "gone": Seen(person=replace(LI, left=DAY.replace(day=1))),
    "default": Seen(
        plan=schedule(changed(TWO, is_default=True), postings=[]), punches=FINE
    ),
    "counter": Seen(plan=schedule(postings=[posted("day", counter="7")])),
}


@pytest.mark.parametrize("case", sorted(DAYS))
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_day_can_be_explained(case: str, language: str) -> None:
    lines = explain(DAYS[case].result())
    assert all(say(line, language) for line in lines)
    assert lines[-1].code in {"final", "not_final"}


def test_all_notes_and_waits_occur() -> None:
    codes = {line.code for seen in DAYS.values() for line in explain(seen.result())}
    assert {f"note.{code}" for code in NOTES} <= codes
    assert {f"waiting.{code}" for code in WAITING} <= codes
    assert {f"punch.{use.value}" for use in PunchUse} <= codes
    ended = {f"state.{state.value}" for state in DayState}
    assert ended - codes <= {"state.holiday", "state.rest"}


def test_an_explanation_leads_from_the_shift_to_the_state() -> None:
    result = Seen(punches=("08:50", "12:03", "13:55"), shift=SHIFT).result()
    said = [say(line, "en") for line in explain(result)]
    assert said == [
        "2025-06-11 is a workday",
        "shift day (行政班)",
        "posting P1",
        "上午: due from 08:30 to 12:00",
        "上午: coming 04:30-10:15, going 10:15-13:00",
        "上午: 5 minutes of grace for coming",
        "上午: 5 minutes of grace for going",
        "上午: the punch at 08:50:00 on gate is coming",
        "上午: the punch at 12:03:00 on gate is going",
        "上午: 20 minutes late",
        "下午: due from 14:00 to 17:30",
        "下午: coming 13:00-15:45, going 15:45-21:30",
        "下午: 5 minutes of grace for coming",
        "下午: 5 minutes of grace for going",
        "下午: the punch at 13:55:00 on gate is coming",
        "下午: no punch out",
        "clock gate was read up to 2025-06-14 00:00, past the end of the day",
        "clock hall was read up to 2025-06-14 00:00, past the end of the day",
        "due 1.0 days, attended 1.0, absent 0.0, leave 0.0",
        "this is final",
    ]


def test_in_chinese_too() -> None:
    result = Seen(punches=("08:50", "12:03", "13:55"), shift=SHIFT).result()
    said = [say(line) for line in explain(result)]
    assert said[3:6] == [
        "上午：08:30 上班，12:00 下班",
        "上午：04:30–10:15 打卡算上班，10:15–13:00 算下班",
        "上午：上班宽限 5 分钟",
    ]
    assert say(Line(code="final"), "zh") == "结论已定"
    assert at("08:50") == result.punches[0].time
