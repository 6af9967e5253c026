"""Month sheets of any size, without a store."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bridge.domain.attendance.facts import CalendarDay, DayKind
from bridge.domain.attendance.results import (
    DayResult,
    DayState,
    MonthRow,
    SessionResult,
)
from bridge.service.attendance.views import DayRow, MonthStatus, Sheet

ZONE = ZoneInfo("Asia/Shanghai")
HASH = "0123456789abcdef" * 4


def session(day: date, start: time, end: time) -> SessionResult:
    begins = datetime.combine(day, start, ZONE)
    ends = datetime.combine(day, end, ZONE)
    return SessionResult(
        name="",
        start=begins,
        end=ends,
        in_window=(begins - timedelta(hours=1), begins + timedelta(hours=1)),
        out_window=(ends - timedelta(hours=1), ends + timedelta(hours=1)),
        weight=0.5,
        states=(DayState.PRESENT,),
        came=begins - timedelta(minutes=7),
        went=ends + timedelta(minutes=3),
        worked_min=180,
    )


def workday(person: str, day: date) -> DayResult:
    return DayResult(
        person=person,
        day=day,
        states=(DayState.PRESENT,),
        final=True,
        shift="day",
        shift_name="行政班",
        sessions=(
            session(day, time(8, 30), time(12)),
            session(day, time(13), time(17, 30)),
        ),
        due_days=1.0,
        attended_days=1.0,
        worked_min=360,
    )


def rest(person: str, day: date) -> DayResult:
    return DayResult(
        person=person, day=day, states=(DayState.REST,), final=True, day_kind="rest"
    )


def month_row(
    month: str, person: str, name: str, days: Sequence[DayResult]
) -> MonthRow:
    return MonthRow(
        month=month,
        person=person,
        name=name,
        department="市公安局",
        group="一楼综合",
        due_days=sum(day.due_days for day in days),
        attended_days=sum(day.attended_days for day in days),
        absent_days=sum(day.absent_days for day in days),
        unknown_days=sum(DayState.UNKNOWN in day.states for day in days),
        final=all(day.final for day in days),
        days={day.day.day: day.state for day in days},
    )


def month_sheet(
    month: str = "2026-11",
    *,
    people: Sequence[tuple[str, str]] = (("0007", "测试"),),
    change: Callable[[DayResult], DayResult] = lambda result: result,
) -> Sheet:
    """Everybody there on every weekday, but for what `change` makes of a day."""
    year, number = map(int, month.split("-"))
    last = calendar.monthrange(year, number)[1]
    days = [date(year, number, day) for day in range(1, last + 1)]
    rows: list[MonthRow] = []
    shown: list[DayRow] = []
    for person, name in people:
        results = [
            change((workday if day.weekday() < 5 else rest)(person, day))
            for day in days
        ]
        row = month_row(month, person, name, results)
        rows.append(row)
        shown += [
            DayRow(
                name=name,
                department=row.department,
                group=row.group,
                closed=False,
                result=result,
            )
            for result in results
        ]
    unknown = sum(row.unknown_days for row in rows)
    return Sheet(
        hall="测试大厅",
        month=month,
        status=MonthStatus(
            month=month,
            state="open",
            people=len(rows),
            days=len(shown),
            unknown_days=unknown,
            pending_days=0,
            undecided=0,
            pending_changes=0,
            final=not unknown,
        ),
        rows=rows,
        days=shown,
        head=(1234, HASH),
        made=datetime(2026, 12, 1, 9, 30, tzinfo=UTC).astimezone(ZONE),
        calendar={
            day.day: CalendarDay(
                day=day, kind=DayKind.WORKDAY if day.weekday() < 5 else DayKind.REST
            )
            for day in days
        },
    )


def closed(sheet: Sheet) -> Sheet:
    """The same, signed."""
    status = replace(
        sheet.status,
        state="closed",
        closed_at=sheet.made,
        closed_by="测试",
        entry=1200,
    )
    return replace(sheet, status=status)
