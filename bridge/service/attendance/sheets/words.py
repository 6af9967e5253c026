"""The words of month sheets alone, in Chinese and English.

Names of states, leaves and reasons are `bridge.domain.attendance.wording`.
"""

from __future__ import annotations

from typing import Final

from bridge.domain.attendance.wording import is_english

WORDS: Final[dict[str, tuple[str, str]]] = {
    "sheet.summary": ("月考勤汇总", "Month"),
    "sheet.calendar": ("符号日历", "Calendar"),
    "sheet.days": ("考勤明细", "Days"),
    "sheet.waiting": ("待核实", "To verify"),
    "title.summary": ("{hall}{month}考勤汇总表", "{hall}: attendance of {month}"),
    "title.calendar": ("{hall}{month}考勤符号日历", "{hall}: calendar of {month}"),
    "title.days": ("{hall}{month}考勤明细表", "{hall}: attendance days of {month}"),
    "title.waiting": ("{hall}{month}待核实清单", "{hall}: to verify in {month}"),
    "month": ("{year}年{month}月", "{year}-{month:02}"),
    "state.closed": ("已结账", "closed"),
    "state.closed_by": (
        "已结账（{by}，{at}，台账第 {entry} 行）",
        "closed ({by}, {at}, ledger row {entry})",
    ),
    "state.open": ("未结账", "not closed"),
    "state.future": ("未开始", "not begun"),
    "state.unknown": ("含未判定 {n} 人日", "with {n} days unknown"),
    "state.pending": ("待定 {n} 人日", "{n} days pending"),
    "state.undecided": (
        "未审批的请假、补签 {n} 件",
        "{n} leaves and corrections undecided",
    ),
    "state.changed": (
        "结账后有变动 {n} 人日（未计入）",
        "{n} days changed after closing (not taken in)",
    ),
    "line.state": ("状态：{state}", "State: {state}"),
    "line.made": (
        "制表时间：{made}　台账：第 {row} 行，哈希前16位 {hash}",
        "Made: {made}   Ledger: row {row}, hash {hash}…",
    ),
    "line.sign": (
        (
            "制表人：____________　　审核人：____________　　分管领导：____________"
            "　　签字日期：______年____月____日"
        ),
        (
            "Made by: ____________   Checked by: ____________   "
            "Approved by: ____________   Date: ____________"
        ),
    ),
    "line.units": (
        (
            "说明：天数按应出勤时段折算；加班时长单位为小时；未判定天数为打卡机数据未取得等"
            "原因无法判定的天数，不计旷工。"
        ),
        (
            "Days count by sessions due; overtime is in hours; unknown days could "
            "not be judged (a clock was not read) and are never absences."
        ),
    ),
    "line.legend": ("图例：{marks}", "Legend: {marks}"),
    "line.calendar": ("日历：{days}", "Calendar: {days}"),
    "line.none": ("没有待核实的记录。", "Nothing is to be verified."),
    "line.not_over": (
        "另有 {n} 人日尚未结束，未列出。",
        "{n} more days are not over yet; they are not listed.",
    ),
    "footer.anchor": ("台账 {row} · {hash}", "Ledger {row} · {hash}"),
    "footer.page": ("第 &P 页，共 &N 页", "Page &P of &N"),
    "row.subtotal": ("小计", "Subtotal"),
    "row.total": ("合计", "Total"),
    "row.people": ("{n} 人", "{n} people"),
    "row.no_department": ("（未填单位）", "(no unit)"),
    "day_of_month": ("{day}日", "{day}"),
    "next_day": ("次日{time}", "{time} next day"),
    "day_before": ("前日{time}", "{time} day before"),
    "weekdays": ("一二三四五六日", "MTWTFSS"),
    "weekday": ("星期{day}", "{day}"),
    "remark.leave": ("请假单 {key}", "leave {key}"),
    "remark.correction": ("补签单 {key}", "correction {key}"),
    "person": ("工号", "ID"),
    "name": ("姓名", "Name"),
    "department": ("部门", "Department"),
    "group": ("科室", "Group"),
    "due_days": ("应出勤天数", "Days due"),
    "attended_days": ("实际出勤天数", "Days attended"),
    "late": ("迟到次数", "Times late"),
    "early": ("早退次数", "Times early"),
    "absent_days": ("旷工天数", "Days absent"),
    "leave_days": ("请假天数", "Days of leave"),
    "overtime_h": ("加班时长", "Overtime (h)"),
    "missing": ("缺卡次数", "Punches missing"),
    "field_days": ("外勤天数", "Days of field duty"),
    "unknown_days": ("未判定天数", "Days unknown"),
    "pending_days": ("待定天数", "Days pending"),
    "leave_kind_days": ("{kind}天数", "{kind} (days)"),
    "day": ("日期", "Date"),
    "weekday_head": ("星期", "Weekday"),
    "shift": ("班次", "Shift"),
    "session": ("时段", "Session"),
    "came": ("上班时间", "Came"),
    "went": ("下班时间", "Went"),
    "late_min": ("迟到分钟", "Late (min)"),
    "early_min": ("早退分钟", "Early (min)"),
    "worked_h": ("工作时长", "Worked (h)"),
    "state": ("出勤状态", "State"),
    "remark": ("说明", "Remark"),
    "waits": ("等待", "Waits for"),
}


def word(key: str, lang: str, /, **figures: object) -> str:
    """The text of a key with its figures; Chinese unless `lang` is English."""
    text = WORDS[key][1 if is_english(lang) else 0]
    return text.format(**figures) if figures else text
