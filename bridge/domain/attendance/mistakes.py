"""What is wrong with a fact that somebody tells, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bridge.domain.attendance.wording import is_english

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "no_person": ("no person {person!r}", "没有工号“{person}”"),
    "left_early": (
        "left {left} is before joined {joined}",
        "离岗日期 {left} 早于入职日期 {joined}",
    ),
    "number_order": (
        "number {number} ends before it begins",
        "考勤机编号 {number} 的停用早于启用",
    ),
    "number_twice": ("number {number} stands twice", "考勤机编号 {number} 写了两次"),
    "number_taken": (
        "number {number} belongs to {person} {name} at that time; end that first",
        "考勤机编号 {number} 在该时段属于 {person}（{name}），请先停用",
    ),
    "season": (
        "variant {variant}: a season needs season_from and season_to",
        "第 {variant} 组例外：季节起止要成对填写",
    ),
    "variant_when": (
        "variant {variant}: needs weekdays or a season",
        "第 {variant} 组例外：要有星期或季节",
    ),
    "weekdays": (
        "without the calendar it needs weekdays",
        "不按日历的班次要有星期",
    ),
    "weights": (
        (
            "the weights of its sessions add up to {sum:g}, more than a day; give each "
            "its part (weight: 0.5)"
        ),
        "各时段折算天数合计 {sum:g}，超过一天，请分别填写（如 0.5）",
    ),
    "weights_variant": (
        (
            "variant {variant}: the weights of its sessions add up to {sum:g}, more "
            "than a day; give each its part (weight: 0.5)"
        ),
        "第 {variant} 组例外：各时段折算天数合计 {sum:g}，超过一天",
    ),
    "sessions": (
        "session {start:%H:%M} begins before the one before it ends",
        "{start:%H:%M} 的时段与前一时段重叠",
    ),
    "sessions_variant": (
        "variant {variant}: session {start:%H:%M} begins before the one before it ends",
        "第 {variant} 组例外：{start:%H:%M} 的时段与前一时段重叠",
    ),
    "shift_in_use": (
        (
            "shift {shift!r} is named by {count} postings, such as {posting}; change "
            "or remove those first"
        ),
        "班次“{shift}”还有 {count} 条岗位安排在用（如 {posting}），请先改掉",
    ),
    "no_shift": ("no shift {shift!r}", "没有班次“{shift}”"),
    "shift_or_rotation": ("needs a shift or a rotation", "要有班次或轮班"),
    "no_counter": (
        "no window {counter!r} in the hall file",
        "大厅配置中没有窗口“{counter}”",
    ),
    "no_clock": (
        "no clock {clock!r} in the hall file",
        "大厅配置中没有考勤机“{clock}”",
    ),
    "order": ("it ends before it begins", "结束早于开始"),
    "range": ("ends {last}, before it begins {first}", "截止 {last} 早于起始 {first}"),
    "day_far": ("{day} is no day that a hall plans for", "{day} 不在可用的日期范围内"),
    "offset": ("start and end need an offset", "开始和结束要带时区"),
    "time_offset": ("its time needs an offset", "时间要带时区"),
    "long": ("longer than {days} days", "超过 {days} 天"),
    "overlap": ("overlaps {key}, which is {status}", "与 {key} 的时间重叠"),
    "self": ("nobody stands in for themselves", "顶岗人不能是本人"),
    "again": (
        "{kind} {key!r} is there already; withdraw it and write a new one",
        "{key} 已有记录，请先撤回再重新填写",
    ),
    "closed": (
        "month {month} is closed; reopen it first",
        "{month} 已结账，请先反审该月",
    ),
    "not_over": (
        "{day} is not over; a plan is a leave or a posting",
        "{day} 尚未到来，计划请用请假或岗位安排",
    ),
    "punch_time": (
        "needs the `time` of the punch, with offset",
        "要有打卡时间，并带时区",
    ),
    "punch_day": ("its time is not of that day", "时间不在当日"),
    "not_come": ("its time has not come yet", "时间尚未到来"),
    "needs_punch": ("needs the id of a `punch` that there is", "没有这条打卡记录"),
    "not_theirs": (
        "punch {punch} is not of {person}",
        "打卡记录 {punch} 不是 {person} 的",
    ),
    "no_punch": ("no punch {punch}", "没有打卡记录 {punch}"),
    "no_state": (
        "no state {state!r}; one of {known}",
        "不认识“{state}”，可填：{known}",
    ),
    "no_session": (
        "no session {session}: that day has {count}, counted from 0",
        "没有第 {session} 时段：当天有 {count} 个，从 0 数起",
    ),
    "no_gap": (
        "clock {device!r} has no gap that begins then",
        "考勤机 {device} 没有从该时刻开始的缺口",
    ),
    "no_fact": ("no {kind} {key!r}", "没有 {key}"),
}
"""By code: English, Chinese; `{...}` are the figures of a mistake."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong. `field`: of the fact, where one is to blame."""

    code: str
    field: str
    figures: Mapping[str, object]

    def text(self, lang: str = "en") -> str:
        """In a language: English, else Chinese."""
        return WORDS[self.code][0 if is_english(lang) else 1].format(**self.figures)


def mistake(code: str, field: str = "", /, **figures: object) -> Mistake:
    """A mistake of a code."""
    return Mistake(code, field, figures)
