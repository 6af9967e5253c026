"""A person's month: the sums of the days that management signs."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Sequence
from datetime import date

from bridge.domain.attendance.facts import Person
from bridge.domain.attendance.results import DayResult, DayState, MonthRow


def month_row(person: Person, month: str, results: Sequence[DayResult]) -> MonthRow:
    """The sums of `month` (yyyy-mm); final once every day of it is there and final.

    Its first day is the first of `results`; the last is the person's or the month's.
    Days of other months are passed over. `unknown_days` and `pending_days` are days
    that have such a session, whatever else they have.
    """
    year, number = map(int, month.split("-"))
    own = sorted(
        (
            result
            for result in results
            if (result.day.year, result.day.month) == (year, number)
        ),
        key=lambda result: result.day,
    )
    kinds: dict[str, float] = {}
    for result in own:
        for kind, days in result.leave_days_by_kind.items():
            kinds[kind] = round(kinds.get(kind, 0.0) + days, 4)
    last = date(year, number, monthrange(year, number)[1])
    last = min(last, person.left or last)
    there = {result.day for result in own}
    complete = bool(own) and len(there) == (last - own[0].day).days + 1
    return MonthRow(
        month=month,
        person=person.id,
        name=person.name,
        department=person.department,
        group=person.group,
        due_days=_days(result.due_days for result in own),
        attended_days=_days(result.attended_days for result in own),
        late=sum(result.late for result in own),
        late_min=sum(result.late_min for result in own),
        early=sum(result.early for result in own),
        early_min=sum(result.early_min for result in own),
        missing=sum(result.missing for result in own),
        absent_days=_days(result.absent_days for result in own),
        leave_days=_days(result.leave_days for result in own),
        leave_days_by_kind=kinds,
        field_days=_days(result.field_days for result in own),
        overtime_min=sum(result.overtime_min for result in own),
        worked_min=sum(result.worked_min for result in own),
        unknown_days=sum(DayState.UNKNOWN in result.states for result in own),
        pending_days=sum(DayState.PENDING in result.states for result in own),
        final=complete and all(result.final for result in own),
        days={result.day.day: result.state for result in own},
    )


def _days(days: Iterable[float]) -> float:
    return round(sum(days), 4)
