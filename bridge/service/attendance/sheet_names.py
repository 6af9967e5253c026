"""Names of states, leaves and reasons on a month sheet."""

from __future__ import annotations

from typing import Final

from bridge.domain.attendance.facts import LeaveKind
from bridge.domain.attendance.results import DayState

_STATES: Final[dict[DayState, tuple[str, str, str]]] = {
    DayState.PENDING: ("·", "待定", "pending"),
    DayState.PRESENT: ("√", "出勤", "present"),
    DayState.LATE: ("▲", "迟到", "late"),
    DayState.EARLY: ("▽", "早退", "left early"),
    DayState.MISSING_IN: ("◁", "缺上班卡", "no punch in"),
    DayState.MISSING_OUT: ("▷", "缺下班卡", "no punch out"),
    DayState.ABSENT: ("×", "旷工", "absent"),
    DayState.LEAVE: ("○", "请假", "leave"),
    DayState.FIELD_DUTY: ("◇", "外勤", "field duty"),
    DayState.HOLIDAY: ("☆", "节假日", "holiday"),
    DayState.REST: ("—", "休息", "rest"),
    DayState.UNKNOWN: ("?", "未判定", "unknown"),
}
_LEAVES: Final[dict[LeaveKind, tuple[str, str]]] = {
    LeaveKind.PERSONAL: ("事假", "personal leave"),
    LeaveKind.SICK: ("病假", "sick leave"),
    LeaveKind.ANNUAL: ("年休假", "annual leave"),
    LeaveKind.OFFICIAL: ("公假", "official leave"),
    LeaveKind.MARRIAGE: ("婚假", "marriage leave"),
    LeaveKind.MATERNITY: ("产假", "maternity leave"),
    LeaveKind.BEREAVEMENT: ("丧假", "bereavement leave"),
    LeaveKind.TIME_OFF: ("调休", "time off"),
    LeaveKind.OTHER: ("其他", "other leave"),
    LeaveKind.TEMPORARY_OUT: ("临时外出", "temporarily out"),
    LeaveKind.FIELD_DUTY: ("外勤", "field duty"),
}
_REASONS: Final[dict[str, tuple[str, str]]] = {
    "clock": ("考勤机 {} 的记录尚未取得", "clock {} was not read"),
    "time": ("时间未到", "not over yet"),
    "calendar": ("{} 年的日历未知", "no calendar of {}"),
    "leave": ("请假单 {}", "leave {}"),
    "correction": ("补签单 {}", "correction {}"),
    "punch": ("打卡 {} 待确认", "punch {} to confirm"),
}


def _english(lang: str) -> bool:
    return lang.lower().startswith("en")


def symbol(state: DayState) -> str:
    """One character for a state."""
    return _STATES[state][0]


def state_name(state: DayState, lang: str) -> str:
    """A state in a word."""
    return _STATES[state][2 if _english(lang) else 1]


def leave_name(kind: LeaveKind, lang: str) -> str:
    """A kind of leave."""
    return _LEAVES[kind][1 if _english(lang) else 0]


def remark(code: str, lang: str) -> str:
    """A code with figures after a colon, in words."""
    name, _, figures = code.partition(":")
    if name not in _REASONS:
        return code
    return _REASONS[name][1 if _english(lang) else 0].format(figures)


def wait(code: str, lang: str) -> str:
    """What a day waits for."""
    return remark(code, lang)
