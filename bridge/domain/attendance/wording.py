"""The words of attendance in Chinese and English: one catalogue for sheets, CLI, pages.

`{...}` are the params of `explain.Line`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bridge.domain.attendance.explain import Line, split
from bridge.domain.attendance.names import NAMES, SYMBOLS
from bridge.domain.attendance.results import DayState

LANGUAGES: Final = ("zh-CN", "en")

NOTES: Final[Mapping[str, tuple[str, str]]] = {
    "not_employed": ("当日不在职", "not employed on that day"),
    "no_posting": ("当日没有岗位安排", "no posting on that day"),
    "no_shift": ("没有适用的班次，也没有默认班次", "no shift, and no default shift"),
    "day_off": ("按轮班当日休息", "a day off by rotation"),
    "not_this_weekday": ("星期几不在安排之内", "not on this day of the week"),
    "grace_in": ("上班宽限 {what} 分钟", "{what} minutes of grace for coming"),
    "grace_out": ("下班宽限 {what} 分钟", "{what} minutes of grace for going"),
    "flex": (
        "弹性上班：晚到 {what} 分钟，下班相应顺延",
        "flexible hours: came {what} minutes later, so goes as much later",
    ),
    "needs_no_in": ("上班不要求打卡", "no punch needed for coming"),
    "needs_no_out": ("下班不要求打卡", "no punch needed for going"),
    "absent_after": (
        "超过 {what} 分钟，本段按旷工计",
        "more than {what} minutes: the session counts as absent",
    ),
    "half_absent_after": (
        "超过 {what} 分钟，按旷工半天计",
        "more than {what} minutes: counts as half a day absent",
    ),
    "absent_below": (
        "全天工作不足 {what} 分钟，按旷工一天计",
        "less than {what} minutes of work in the day: counts as absent",
    ),
    "half_day_below": (
        "全天工作不足 {what} 分钟，按旷工半天计",
        "less than {what} minutes of work in the day: counts as half a day absent",
    ),
    "punched_on_leave": (
        "请假或外勤期间有 {what} 次打卡，不作迟到早退",
        "{what} punches while on leave or field duty; never late or early",
    ),
    "corrected": ("依补签单 {what} 认定", "as correction {what} says"),
    "doubtful": (
        "打卡记录 {what} 存疑未确认，暂不判定",
        "punch {what} is doubtful and not confirmed, so nothing is concluded",
    ),
    "drift": (
        "考勤机时钟偏差 {what} 秒；按校正时间结论相同，打卡计入",
        "the clock was {what} s ahead; the true time changes nothing, punches count",
    ),
}
"""Codes of `SessionResult.notes` and `DayResult.notes`; what follows the colon."""

WAITING: Final[Mapping[str, tuple[str, str]]] = {
    "time": ("当日尚未结束", "the day is not over"),
    "clock": ("考勤机 {what} 的记录尚未取全", "clock {what} was not read completely"),
    "calendar": ("{what} 年的日历未知", "the calendar of {what} is not known"),
    "shift": ("班次 {what} 当日没有规定", "shift {what} says nothing for that day"),
    "leave": ("请假单 {what} 未审批", "leave {what} is not decided"),
    "correction": ("补签单 {what} 未审批", "correction {what} is not decided"),
    "punch": ("打卡记录 {what} 待确认", "punch {what} is to be confirmed"),
}
"""Codes of `DayResult.waiting`; what follows the colon."""

_LINES: Final[Mapping[str, tuple[str, str]]] = {
    "day.workday": ("{day} 为工作日", "{day} is a workday"),
    "day.workday_named": ("{day} 为工作日（{name}）", "{day} is a workday ({name})"),
    "day.rest": ("{day} 为休息日", "{day} is a rest day"),
    "day.rest_named": ("{day} 为休息日（{name}）", "{day} is a rest day ({name})"),
    "day.holiday": ("{day} 为节假日", "{day} is a holiday"),
    "day.holiday_named": ("{day} 为节假日（{name}）", "{day} is a holiday ({name})"),
    "day.unknown": ("{day} 的日历未知", "the calendar does not know {day}"),
    "day.unknown_named": (
        "{day} 的日历未知（{name}）",
        "the calendar does not know {day} ({name})",
    ),
    "shift": ("班次 {shift}（{name}）", "shift {shift} ({name})"),
    "default_shift": ("无岗位安排，按默认班次", "by the default shift: no posting"),
    "postings": ("岗位安排 {postings}", "posting {postings}"),
    "counter": ("窗口 {counter}", "counter {counter}"),
    "session.due": (
        "{session}：{start} 上班，{end} 下班",
        "{session}: due from {start} to {end}",
    ),
    "session.windows": (
        "{session}：{in_from}–{in_until} 打卡算上班，{out_from}–{out_until} 算下班",
        "{session}: coming {in_from}-{in_until}, going {out_from}-{out_until}",
    ),
    "session.away": (
        "{session}：{start} 至 {end} 有假或外勤（{leaves}）",
        "{session}: excused from {start} to {end} ({leaves})",
    ),
    "session.absent_days": (
        "{session}：计旷工 {days} 天",
        "{session}: {days} days absent",
    ),
    "punch.in": (
        "{session}：{time} 在 {device} 打卡，作上班",
        "{session}: the punch at {time} on {device} is coming",
    ),
    "punch.out": (
        "{session}：{time} 在 {device} 打卡，作下班",
        "{session}: the punch at {time} on {device} is going",
    ),
    "punch.in_by_correction": (
        "{session}：{time} 上班，依补签单 {correction}",
        "{session}: came at {time} by correction {correction}",
    ),
    "punch.out_by_correction": (
        "{session}：{time} 下班，依补签单 {correction}",
        "{session}: went at {time} by correction {correction}",
    ),
    "punch.repeated": (
        "{time} 在 {device} 的打卡为重复，不计",
        "the punch at {time} on {device} repeats another",
    ),
    "punch.inside": (
        "{time} 在 {device} 的打卡不是首末次，不计",
        "the punch at {time} on {device} is neither first nor last",
    ),
    "punch.outside": (
        "{time} 在 {device} 的打卡不在任何时段内，不计",
        "the punch at {time} on {device} is in no window",
    ),
    "punch.other_day": (
        "{time} 在 {device} 的打卡属于另一天",
        "the punch at {time} on {device} is another day's",
    ),
    "punch.doubtful": (
        "{time} 在 {device} 的打卡存疑未确认，不计",
        "the punch at {time} on {device} is doubtful and not confirmed",
    ),
    "punch.void": (
        "{time} 在 {device} 的打卡经确认不计",
        "the punch at {time} on {device} was confirmed not to count",
    ),
    "punch.void_by_correction": (
        "{time} 在 {device} 的打卡依补签单 {correction} 作废",
        "the punch at {time} on {device} is void by correction {correction}",
    ),
    "punch.repeated_by_correction": (
        "补签单 {correction} 的 {time} 与另一次打卡重复",
        "{time} of correction {correction} repeats another punch",
    ),
    "punch.inside_by_correction": (
        "补签单 {correction} 的 {time} 不是首末次，不计",
        "{time} of correction {correction} is neither first nor last",
    ),
    "punch.outside_by_correction": (
        "补签单 {correction} 的 {time} 不在任何时段内，不计",
        "{time} of correction {correction} is in no window",
    ),
    "punch.other_day_by_correction": (
        "补签单 {correction} 的 {time} 属于另一天",
        "{time} of correction {correction} is another day's",
    ),
    "state.pending": ("{session}：尚未结束", "{session}: not over yet"),
    "state.present": ("{session}：出勤", "{session}: present"),
    "state.late": (
        "{session}：迟到 {minutes} 分钟",
        "{session}: {minutes} minutes late",
    ),
    "state.early": (
        "{session}：早退 {minutes} 分钟",
        "{session}: left {minutes} minutes early",
    ),
    "state.missing_in": ("{session}：缺上班卡", "{session}: no punch in"),
    "state.missing_out": ("{session}：缺下班卡", "{session}: no punch out"),
    "state.absent": ("{session}：旷工", "{session}: absent"),
    "state.leave": ("{session}：请假 {days} 天", "{session}: {days} days of leave"),
    "state.field_duty": (
        "{session}：外勤 {days} 天",
        "{session}: {days} days of field duty",
    ),
    "state.rest": ("{session}：不应出勤", "{session}: nothing was due"),
    "state.unknown": (
        "{session}：无法判定，不作任何不利认定",
        "{session}: cannot be told, so nothing is held against anybody",
    ),
    "leave_unused": (
        "请假单 {leave} 不占用当日天数",
        "leave {leave} uses nothing of that day",
    ),
    "correction": ("已采用补签单 {correction}", "correction {correction} is taken"),
    "clock.past_end": (
        "考勤机 {device} 的记录已取至 {until}，覆盖全天",
        "clock {device} was read up to {until}, past the end of the day",
    ),
    "clock.until": (
        "考勤机 {device} 的记录只取至 {until}",
        "clock {device} was read only up to {until}",
    ),
    "clock.never": (
        "考勤机 {device} 的记录从未取得",
        "clock {device} was never read",
    ),
    "totals": (
        "应出勤 {due} 天，实际出勤 {attended} 天，旷工 {absent} 天，请假 {leave} 天",
        "due {due} days, attended {attended}, absent {absent}, leave {leave}",
    ),
    "final": ("结论已定", "this is final"),
    "not_final": ("结论未定", "this is not final"),
}


def is_english(language: str) -> bool:
    """Whether words are wanted in English (`en`, `en-GB`); else they are Chinese."""
    return language.lower().startswith("en")


def _all_words() -> dict[str, tuple[str, str]]:
    words = {**_LINES, **{f"name.{key}": names for key, names in NAMES.items()}}
    for code, (chinese, english) in NOTES.items():
        words[f"note.{code}"] = (chinese, english)
    for code, (chinese, english) in WAITING.items():
        words[f"waiting.{code}"] = (f"等待：{chinese}", f"waiting: {english}")
    for state in DayState:
        words[f"whole.{state.value}"] = NAMES[f"state.{state.value}"]
    return words


WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    language: {code: texts[place] for code, texts in _all_words().items()}
    for place, language in enumerate(LANGUAGES)
}
"""By language: code of a line, or `name.<kind>.<value>`, to its text."""


def say(line: Line, language: str = "zh-CN") -> str:
    """A line of an explanation as a sentence."""
    text = WORDS[_known(language)][line.code].format_map(line.params)
    session = line.params.get("session")
    if session and line.code.startswith("note."):
        return f"{session}{'：' if _known(language) == 'zh-CN' else ': '}{text}"
    return text


def note_text(code: str, language: str = "zh-CN") -> str:
    """A note such as `grace_in:5` in words; an unknown one as it is."""
    kind, what = split(code)
    texts = NOTES.get(kind)
    return texts[_place(language)].format(what=what) if texts else code


def waiting_text(code: str, language: str = "zh-CN") -> str:
    """What a day waits for, such as `clock:gate`, in words."""
    kind, what = split(code)
    texts = WAITING.get(kind)
    return texts[_place(language)].format(what=what) if texts else code


def name_of(kind: str, value: str, language: str = "zh-CN") -> str:
    """The name of a value of `state`, `leave`, `unit`, `finding`, `correction`, ...

    See `names.NAMES`; an unknown one as it is.
    """
    texts = NAMES.get(f"{kind}.{value}")
    return texts[_place(language)] if texts else value


def symbol(state: DayState) -> str:
    """One character for a state, for the month's calendar."""
    return SYMBOLS[state]


def _known(language: str) -> str:
    return LANGUAGES[_place(language)]


def _place(language: str) -> int:
    return 1 if is_english(language) else 0
