"""The tables of a month sheet, cell by cell: the same for XLSX and CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final

from bridge.domain.attendance.facts import LeaveKind
from bridge.domain.attendance.results import (
    DayResult,
    DayState,
    MonthRow,
    SessionResult,
)
from bridge.domain.attendance.wording import (
    is_english,
    name_of,
    note_text,
    waiting_text,
)
from bridge.service.attendance.sheets.words import word
from bridge.service.attendance.sheets.workbooks import Value
from bridge.service.attendance.views import DayRow, Sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of the month's summary."""

    heading: str
    width: float
    value: Callable[[MonthRow], Value]
    counts: bool = True
    """It is a number that subtotals add up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTable:
    """A table of days: headings, widths in characters, rows."""

    headings: Sequence[str]
    widths: Sequence[float]
    rows: Sequence[Sequence[Value]]


_FIGURES: Final = (
    "due_days",
    "attended_days",
    "late",
    "early",
    "absent_days",
    "leave_days",
    "overtime_h",
    "missing",
    "field_days",
    "unknown_days",
    "pending_days",
)


def summary_columns(sheet: Sheet, lang: str, *, all_kinds: bool) -> list[Column]:
    """The columns of the summary; kinds of leave that occur, or all of them."""
    columns = [
        _label("person", 12, lang),
        _label("name", 12, lang),
        _label("department", 18, lang),
        *(
            Column(heading=word(name, lang), width=9, value=_figure(name))
            for name in _FIGURES
        ),
    ]
    taken = {kind for row in sheet.rows for kind in row.leave_days_by_kind}
    for kind in LeaveKind:
        if kind is not LeaveKind.FIELD_DUTY and (all_kinds or kind in taken):
            heading = word("leave_kind_days", lang, kind=name_of("leave", kind, lang))
            columns.append(Column(heading=heading, width=8, value=_leave_figure(kind)))
    columns.append(_label("group", 14, lang))
    return columns


def by_department(rows: Sequence[MonthRow]) -> Iterator[tuple[str, list[MonthRow]]]:
    """The rows of each department, by id; departments by name."""
    ordered = sorted(rows, key=lambda row: (row.department, row.person))
    for department, found in groupby(ordered, key=lambda row: row.department):
        yield department, list(found)


def ordered_days(sheet: Sheet) -> list[DayRow]:
    """The days by department, person, day."""
    return sorted(
        sheet.days, key=lambda row: (row.department, row.result.person, row.result.day)
    )


def day_table(sheet: Sheet, lang: str) -> DayTable:
    """A row for each person, day and session; one for a day without sessions."""
    heads = {
        "day": 15,
        "weekday_head": 8,
        "person": 12,
        "name": 12,
        "department": 18,
        "shift": 12,
        "session": 16,
        "came": 11,
        "went": 11,
        "late_min": 9,
        "early_min": 9,
        "worked_h": 9,
        "absent_days": 9,
        "leave_days": 9,
        "state": 16,
        "remark": 44,
    }
    weekdays = _weekdays(lang)
    rows = [
        cells for row in ordered_days(sheet) for cells in _day_rows(row, weekdays, lang)
    ]
    return DayTable(
        headings=[word(name, lang) for name in heads],
        widths=list(heads.values()),
        rows=rows,
    )


def waiting_table(sheet: Sheet, lang: str) -> tuple[DayTable, int]:
    """Days that are unknown or not final, and how many are merely not over yet."""
    heads = {
        "day": 15,
        "weekday_head": 8,
        "person": 12,
        "name": 12,
        "department": 18,
        "shift": 12,
        "state": 16,
        "waits": 60,
    }
    weekdays = _weekdays(lang)
    rows: list[list[Value]] = []
    not_over = 0
    for row in ordered_days(sheet):
        result = row.result
        if result.final and DayState.UNKNOWN not in result.states:
            continue
        if set(result.waiting) <= {"time"} and result.state is DayState.PENDING:
            not_over += 1
            continue
        reasons = [waiting_text(code, lang) for code in result.waiting]
        reasons += _remarks(result, None, lang)
        rows.append(
            [
                result.day,
                weekdays[result.day.weekday()],
                result.person,
                row.name,
                row.department,
                result.shift_name,
                _states(result.states, lang),
                _joined(reasons, lang),
            ]
        )
    table = DayTable(
        headings=[word(name, lang) for name in heads],
        widths=list(heads.values()),
        rows=rows,
    )
    return table, not_over


def _label(name: str, width: float, lang: str) -> Column:
    def value(row: MonthRow) -> Value:
        text: str = getattr(row, name)
        return text

    return Column(heading=word(name, lang), width=width, value=value, counts=False)


def _figure(name: str) -> Callable[[MonthRow], Value]:
    if name == "overtime_h":
        return lambda row: _hours(row.overtime_min)

    def value(row: MonthRow) -> Value:
        figure: float = getattr(row, name)
        return figure

    return value


def _leave_figure(kind: LeaveKind) -> Callable[[MonthRow], Value]:
    return lambda row: row.leave_days_by_kind.get(kind, 0)


def _day_rows(row: DayRow, weekdays: Sequence[str], lang: str) -> Iterator[list[Value]]:
    result = row.result
    start: list[Value] = [
        result.day,
        weekdays[result.day.weekday()],
        result.person,
        row.name,
        row.department,
        result.shift_name,
    ]
    if not result.sessions:
        states = _states(result.states, lang)
        said = _joined(_remarks(result, None, lang), lang)
        nothing: list[Value] = [None] * 8
        nothing[-1] = result.leave_days or None
        nothing[-2] = result.absent_days or None
        yield [*start, *nothing, states, said]
    for number, session in enumerate(result.sessions):
        told = result if number == 0 else None
        yield [
            *start,
            f"{session.start:%H:%M}-{session.end:%H:%M}",
            _clock(result, session.came, lang),
            _clock(result, session.went, lang),
            session.late_min or None,
            session.early_min or None,
            _hours(session.worked_min) or None,
            session.absent_days or None,
            session.leave_days or None,
            _states(session.states, lang),
            _joined(_remarks(told, session, lang), lang),
        ]


def _remarks(
    result: DayResult | None, session: SessionResult | None, lang: str
) -> list[str]:
    said = []
    if result is not None:
        if result.day_name:
            said.append(result.day_name)
        if session is not None:
            said += [
                waiting_text(code, lang) for code in result.waiting if code != "time"
            ]
        said += [note_text(note, lang) for note in result.notes]
        said += [word("remark.correction", lang, key=key) for key in result.corrections]
    if session is not None:
        said += [note_text(note, lang) for note in session.notes]
        said += [word("remark.leave", lang, key=key) for key in session.leaves]
    return said


def _joined(said: Sequence[str], lang: str) -> str:
    return ("; " if is_english(lang) else "；").join(dict.fromkeys(said))


def _states(states: Sequence[DayState], lang: str) -> str:
    return (" + " if is_english(lang) else "、").join(
        name_of("state", state, lang) for state in states
    )


def _clock(result: DayResult, moment: datetime | None, lang: str) -> str | None:
    if moment is None:
        return None
    time = f"{moment:%H:%M}"
    if moment.date() > result.day:
        return word("next_day", lang, time=time)
    if moment.date() < result.day:
        return word("day_before", lang, time=time)
    return time


def _hours(minutes: int) -> float:
    return round(minutes / 60, 2)


def _weekdays(lang: str) -> list[str]:
    return [word("weekday", lang, day=day) for day in word("weekdays", lang)]
