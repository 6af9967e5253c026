"""Leave and days of the calendar from tables."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, Final

from bridge.domain.attendance.calendar import CHINA_YEARS
from bridge.domain.attendance.facts import (
    CalendarDay,
    CalendarYear,
    DayKind,
    Decision,
    Leave,
    LeaveKind,
    LeaveUnit,
    Status,
)
from bridge.domain.attendance.leave import barred, required_level
from bridge.domain.attendance.wording import name_of
from bridge.service.attendance.importing.known import (
    Facts,
    KnownIds,
    PaperDecision,
    made_id,
    take_person,
)
from bridge.service.attendance.importing.reading import RowReading
from bridge.service.attendance.importing.values import (
    CellError,
    Moment,
    Part,
    to_choice,
    to_day,
    to_moment,
    to_number,
)
from bridge.service.attendance.told import FactKind

IN_EVERY_LIST: Final = ((1, 1), (10, 1))
"""Month and day of holidays that each year's list of the State Council has."""

_DAY: Final = timedelta(days=1)
_UNITS: Final = {
    "小时": LeaveUnit.HOUR,
    "半天": LeaveUnit.HALF_DAY,
    "天": LeaveUnit.DAY,
    "时": LeaveUnit.HOUR,
    "半日": LeaveUnit.HALF_DAY,
    "日": LeaveUnit.DAY,
    "全天": LeaveUnit.DAY,
    "hours": LeaveUnit.HOUR,
    "hour": LeaveUnit.HOUR,
    "halfday": LeaveUnit.HALF_DAY,
    "days": LeaveUnit.DAY,
    "day": LeaveUnit.DAY,
}
_ALSO: Final = {
    "年假": LeaveKind.ANNUAL,
    "因公外出": LeaveKind.FIELD_DUTY,
    "出差": LeaveKind.FIELD_DUTY,
    "公出": LeaveKind.FIELD_DUTY,
    "补休": LeaveKind.TIME_OFF,
    "外出": LeaveKind.TEMPORARY_OUT,
}
_DAY_KINDS: Final = {
    "工作日": DayKind.WORKDAY,
    "休息": DayKind.REST,
    "节假日": DayKind.HOLIDAY,
    "上班": DayKind.WORKDAY,
    "调休上班": DayKind.WORKDAY,
    "补班": DayKind.WORKDAY,
    "休息日": DayKind.REST,
    "假日": DayKind.HOLIDAY,
    "放假": DayKind.HOLIDAY,
    "workday": DayKind.WORKDAY,
    "rest": DayKind.REST,
    "holiday": DayKind.HOLIDAY,
}


def read_leaves(
    rows: Iterable[RowReading],
    known: KnownIds,
    into: Facts,
    *,
    zone: tzinfo,
    noon: time,
) -> None:
    """Read leaves; one that the hall has already is counted, not told again.

    Where it waits for a decision that stands here, that is told.
    """
    taken: dict[str, list[tuple[Leave, int]]] = {}
    for row in rows:
        leave = _leave(row, known, zone=zone, noon=noon)
        decision = _decision(row, leave, known)
        if leave is None:
            continue
        others = taken.setdefault(leave.person, [])
        for other, number in others:
            if other.start < leave.end and leave.start < other.end:
                row.refuse("start", "overlap", row=number)
                break
        others.append((leave, row.number))
        if row.failed:
            continue
        before = known.leaves.get(leave.id)
        if before is None:
            into.add(leave, row.number)
        elif decision is None or before.status is not Status.PENDING:
            into.same += 1
            continue
        if decision is not None:
            into.decisions.append(decision)


def read_calendar(rows: Iterable[RowReading], into: Facts) -> None:
    """Read days that differ from the national calendar.

    A table that has New Year's Day and the National Day of a year which the national
    calendar does not know is the list of that year: its other days are plain.
    """
    seen: dict[date, int] = {}
    holidays: dict[date, int] = {}
    for row in rows:
        values: dict[str, Any] = {
            "day": row.take("day", to_day),
            "kind": row.take("kind", lambda cell: to_choice(cell, dict(_DAY_KINDS))),
            "name": row.text("name"),
        }
        day = values["day"]
        if day in seen:
            row.refuse("day", "twice", row=seen[day])
        elif day:
            seen[day] = row.number
        if not row.failed:
            fact: CalendarDay | None = row.build(FactKind.CALENDAR_DAY, values, {})
            if fact is not None:
                into.add(fact, row.number)
                if fact.kind is DayKind.HOLIDAY:
                    holidays[fact.day] = row.number
    for year in sorted({day.year for day in holidays}):
        ends = (holidays.get(date(year, *of)) for of in IN_EVERY_LIST)
        rows_of_year = [row for row in ends if row is not None]
        if len(rows_of_year) == len(IN_EVERY_LIST) and year not in CHINA_YEARS:
            into.add(CalendarYear(year=year), *rows_of_year)


def _leave(
    row: RowReading, known: KnownIds, *, zone: tzinfo, noon: time
) -> Leave | None:
    person = take_person(row, known)
    kind = row.take("kind", lambda cell: to_choice(cell, _kinds()))
    start: Moment | None = row.take("start", to_moment)
    end: Moment | None = row.take("end", to_moment)
    unit = row.take("unit", lambda cell: to_choice(cell, dict(_UNITS)))
    cover = take_person(row, known, "cover") if row.cell("cover") is not None else None
    if cover and cover == person:
        row.refuse("cover", "cover_self")
    if start is None or row.failed:
        return None
    unit = LeaveUnit(unit) if unit else _unit(start, end)
    span = _span(row, unit, start, end, zone=zone, noon=noon)
    if span is None:
        return None
    if span[1] <= span[0]:
        row.refuse("end", "not_after", name=row.reading.title("start"))
        return None
    values: dict[str, Any] = {
        "id": made_id("L", person, kind, *(at.isoformat() for at in span)),
        "person": person,
        "kind": kind,
        "unit": unit,
        "start": span[0],
        "end": span[1],
        "note": row.text("note"),
        "cover": cover,
    }
    leave: Leave | None = row.build(FactKind.LEAVE, values, {})
    return leave


def _unit(start: Moment, end: Moment | None) -> LeaveUnit:
    parts = {start.part, end.part if end else start.part}
    if Part.TIME in parts:
        return LeaveUnit.HOUR
    return LeaveUnit.DAY if parts == {Part.DAY} else LeaveUnit.HALF_DAY


def _span(
    row: RowReading,
    unit: LeaveUnit,
    start: Moment,
    end: Moment | None,
    *,
    zone: tzinfo,
    noon: time,
) -> tuple[datetime, datetime] | None:
    """From when to when. Days and halves that are named are included."""
    moments = {"start": start, "end": end or start}
    if unit is LeaveUnit.HOUR and end is None:
        row.refuse("end", "empty")
    for name, moment in moments.items():
        if unit is LeaveUnit.HOUR and moment.part in {Part.AM, Part.PM}:
            row.refuse(name, "moment")
        elif unit is LeaveUnit.DAY and moment.part is not Part.DAY:
            row.refuse(name, "date")
        elif unit is LeaveUnit.HALF_DAY and (
            moment.part is Part.TIME or (name == "start" and moment.part is Part.DAY)
        ):
            row.refuse(name, "half")
    if row.failed:
        return None
    last = moments["end"]
    begins = noon if start.part is Part.PM else start.time
    begin = datetime.combine(start.day, begins, zone)
    if last.part is Part.TIME or unit is LeaveUnit.HOUR:
        return begin, datetime.combine(last.day, last.time, zone)
    if last.part is Part.AM:
        return begin, datetime.combine(last.day, noon, zone)
    return begin, datetime.combine(last.day + _DAY, time(), zone)


def _decision(
    row: RowReading, leave: Leave | None, known: KnownIds
) -> PaperDecision | None:
    by = row.text("approver")
    level = row.take("level", _level)
    if not by:
        if row.cell("level") is not None:
            row.refuse("approver", "approver")
        return None
    if len(by) > 64 or not by.isprintable():
        row.refuse("approver", "long" if len(by) > 64 else "text", n=64)
    if level is None:
        if row.cell("level") is None:
            row.refuse("level", "level")
        return None
    if leave is None:
        return None
    before = known.leaves.get(leave.id)
    if before is None or before.status is Status.PENDING:
        asked_by = known.by if before is None else before.actor
        person = known.people[leave.person]
        if by in barred(leave.person, person.name, asked_by):
            row.refuse("approver", "own_request")
        needed = required_level(leave, known.levels)
        if level < needed:
            role = known.levels[needed - 1].role if known.levels else ""
            row.refuse("level", "level_low", level=needed, role=role)
    return PaperDecision(
        by=by, decision=Decision(subject=leave.id, approved=True, level=level)
    )


def _level(cell: Any) -> int:
    level = to_number(cell)
    if level != int(level) or not 1 <= level <= 9:
        raise CellError("range", low=1, high=9)
    return int(level)


def _kinds() -> dict[str, str]:
    names = {name_of("leave", kind): kind.value for kind in LeaveKind}
    names |= {name: kind.value for name, kind in _ALSO.items()}
    for kind in LeaveKind:
        names[name_of("leave", kind, "en").replace(" ", "")] = kind.value
        names[kind.value.replace("_", "")] = kind.value
    return names
