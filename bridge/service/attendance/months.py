"""Months: their sums, how they stand, closing and reopening them."""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, select

from bridge.domain.attendance.calendar import day_kind
from bridge.domain.attendance.chain import digest_rows
from bridge.domain.attendance.facts import Person, Status
from bridge.domain.attendance.months import month_row
from bridge.domain.attendance.results import DayState, MonthRow
from bridge.domain.errors import InvalidRequestError, MonthError
from bridge.service.attendance.closed import closed_months
from bridge.service.attendance.days.dirty import Span, mark_spans
from bridge.service.attendance.facts import ledger
from bridge.service.attendance.facts.book import Book
from bridge.service.attendance.facts.kinds import DECIDED
from bridge.service.attendance.facts.seals import seal_punches
from bridge.service.attendance.labels import read_labels
from bridge.service.attendance.listing import day_view
from bridge.service.attendance.views import DayRow, MonthStatus, Sheet
from bridge.service.work import Work
from bridge.store.tables.attendance import day_row, dirty_day, fact, month_state

CLOSED: Final = "month.closed"
REOPENED: Final = "month.reopened"


def bounds(month: str) -> tuple[date, date]:
    """First and last day of a month; raises `InvalidRequestError`."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError as error:
        raise InvalidRequestError(f"no month {month!r}; want yyyy-mm") from error
    return first, first.replace(day=calendar.monthrange(first.year, first.month)[1])


def month_rows(
    db: Connection,
    book: Book,
    month: str,
    *,
    person: str | None = None,
    department: str | None = None,
) -> list[MonthRow]:
    """Everybody's month, by department, then person."""
    days = _days_of(db, book, month, person=person, department=department)
    return _sums_of(book, month, days)


def _days_of(
    db: Connection,
    book: Book,
    month: str,
    *,
    person: str | None,
    department: str | None,
) -> list[DayRow]:
    """Days of a month by person, then day; each is read once."""
    first, last = bounds(month)
    query = (
        select(day_row)
        .where(day_row.c.day >= first.isoformat(), day_row.c.day <= last.isoformat())
        .order_by(day_row.c.person, day_row.c.day)
    )
    if person is not None:
        query = query.where(day_row.c.person == person)
    labels = read_labels(db, book, month, month)
    if department is not None:
        query = query.where(labels.in_department(department))
    return [day_view(row, labels) for row in db.execute(query)]


def _sums_of(book: Book, month: str, days: Iterable[DayRow]) -> list[MonthRow]:
    held: dict[str, list[DayRow]] = defaultdict(list)
    for day in days:
        held[day.result.person].append(day)
    rows = [
        month_row(_person(book, name, own[0]), month, [day.result for day in own])
        for name, own in held.items()
    ]
    rows.sort(key=lambda row: (row.department, row.person))
    return rows


def _person(book: Book, name: str, row: DayRow) -> Person:
    """Somebody who is on the list, or was, as the rows call them."""
    who = book.people.get(name) or Person(id=name, name=name)
    return replace(who, name=row.name, department=row.department, group=row.group)


def count_days(db: Connection, month: str) -> int:
    """How many rows a month has."""
    first, last = bounds(month)
    return db.execute(
        select(func.count())
        .select_from(day_row)
        .where(day_row.c.day >= first.isoformat(), day_row.c.day <= last.isoformat())
    ).scalar_one()


def status(db: Connection, book: Book, month: str, today: date) -> MonthStatus:
    """How a month stands."""
    first, last = bounds(month)
    within = (day_row.c.day >= first.isoformat(), day_row.c.day <= last.isoformat())
    states = db.execute(
        select(day_row.c.states, day_row.c.final, func.count().label("n"))
        .where(*within)
        .group_by(day_row.c.states, day_row.c.final)
    ).all()
    people = db.execute(
        select(func.count(func.distinct(day_row.c.person))).where(*within)
    ).scalar_one()
    beside = db.execute(
        select(func.count()).where(*within, day_row.c.pending.is_not(None))
    ).scalar_one()
    marked = db.execute(
        select(dirty_day.c.id)
        .where(
            dirty_day.c.first_day <= last.isoformat(),
            dirty_day.c.last_day >= first.isoformat(),
        )
        .limit(1)
    ).first()
    kept = db.execute(select(month_state).where(month_state.c.month == month)).first()
    closed = kept is not None and kept.closed
    unknown = sum(row.n for row in states if DayState.UNKNOWN in row.states.split(","))
    open_days = sum(row.n for row in states if not row.final)
    undecided = undecided_in(db, first, last)
    return MonthStatus(
        month=month,
        state="closed" if closed else "future" if first > today else "open",
        people=people,
        days=sum(row.n for row in states),
        unknown_days=unknown,
        pending_days=open_days,
        undecided=undecided,
        pending_changes=beside,
        final=closed
        or (
            last < today
            and bool(states)
            and not open_days
            and not undecided
            and marked is None
        ),
        closed_at=kept.at.astimezone(book.zone) if kept and closed else None,
        closed_by=kept.actor if kept and closed else None,
        entry=kept.entry if kept else None,
    )


def undecided_in(db: Connection, first: date, last: date) -> int:
    """Leaves and corrections of a time that wait for a decision."""
    return db.execute(
        select(func.count())
        .select_from(fact)
        .where(
            fact.c.kind.in_(sorted(kind.value for kind in DECIDED)),
            fact.c.status == Status.PENDING.value,
            fact.c.first_day <= last.isoformat(),
            fact.c.last_day >= first.isoformat(),
        )
    ).scalar_one()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What is signed: the digest of a month's rows, and everybody's sums."""

    digest: str
    sums: Sequence[Mapping[str, Any]]


def sign(db: Connection, book: Book, month: str) -> Signature:
    """The signature of a month as it is now."""
    sums = [_sums(row) for row in month_rows(db, book, month)]
    return Signature(digest=month_digest(db, month), sums=sums)


def check_closable(it: MonthStatus, today: date) -> None:
    """Raise `MonthError` while anything of a month is open, or it is closed."""
    if it.state == "closed":
        raise MonthError(f"{it.month} is closed already, by {it.closed_by}")
    if not it.final:
        raise MonthError(_why_open(it, bounds(it.month)[1], today))


def close(
    work: Work, book: Book, month: str, signature: Signature, *, by: str, reason: str
) -> None:
    """Let a month stand as it was signed; raises `MonthError` as `check_closable`.

    No row of the month may have been written since it was signed.
    """
    today = work.now.date()
    standing = status(work.db, book, month, today)
    check_closable(standing, today)
    seal_punches(work)
    data = {
        "month": month,
        "digest": signature.digest,
        "days": standing.days,
        "unknown_days": standing.unknown_days,
        "rows": signature.sums,
    }
    entry = ledger.append(
        work, actor=by, kind=CLOSED, key=month, reason=reason, data=data
    )
    _set(work, month, closed=True, by=by, entry=entry.id)


def reopen(work: Work, month: str, *, by: str, reason: str) -> None:
    """Take a signature back: what came since is taken up."""
    first, last = bounds(month)
    if month not in closed_months(work.db):
        raise MonthError(f"{month} is not closed")
    entry = ledger.append(
        work, actor=by, kind=REOPENED, key=month, reason=reason, data={"month": month}
    )
    _set(work, month, closed=False, by=by, entry=entry.id)
    mark_spans(work, [Span(None, first, min(last, work.now.date()))])


def month_digest(db: Connection, month: str) -> str:
    """SHA-256 over the rows of a month, as they are kept."""
    first, last = bounds(month)
    rows = db.execute(
        select(day_row.c.day, day_row.c.person, day_row.c.states, day_row.c.data)
        .where(day_row.c.day >= first.isoformat(), day_row.c.day <= last.isoformat())
        .order_by(day_row.c.day, day_row.c.person)
    )
    return digest_rows(
        {
            "day": row.day,
            "person": row.person,
            "states": row.states,
            "data": row.data.hex(),
        }
        for row in rows
    )


def sheet(
    db: Connection,
    book: Book,
    now: datetime,
    hall: str,
    month: str,
    *,
    person: str | None,
    department: str | None,
) -> Sheet:
    """A month as management signs it."""
    first, last = bounds(month)
    days = _days_of(db, book, month, person=person, department=department)
    kinds = book.schedule().calendar
    return Sheet(
        hall=hall,
        month=month,
        status=status(db, book, month, now.date()),
        rows=_sums_of(book, month, days),
        days=days,
        head=ledger.head(db),
        made=now,
        calendar={
            day.day: day_kind(kinds, day)
            for day in (first + timedelta(days=n) for n in range(last.day))
        },
    )


def _set(work: Work, month: str, *, closed: bool, by: str, entry: int) -> None:
    work.db.execute(delete(month_state).where(month_state.c.month == month))
    work.db.execute(
        insert(month_state).values(
            month=month, closed=closed, at=work.now, actor=by, entry=entry
        )
    )


def _why_open(it: MonthStatus, last: date, today: date) -> str:
    reasons = []
    if last >= today:
        reasons.append("it is not over")
    if not it.days:
        reasons.append("nobody has a day in it")
    if it.unknown_days:
        reasons.append(f"{it.unknown_days} days cannot be told yet")
    if it.pending_days > it.unknown_days:
        reasons.append(f"{it.pending_days - it.unknown_days} days are not final")
    if it.undecided:
        reasons.append(f"{it.undecided} leaves or corrections are undecided")
    if not reasons:
        reasons.append("some of its days are being worked out; try again in a moment")
    return f"{it.month} cannot be closed: {'; '.join(reasons)}"


def _sums(row: MonthRow) -> dict[str, Any]:
    return {
        "person": row.person,
        "name": row.name,
        "department": row.department,
        "group": row.group,
        "due": row.due_days,
        "attended": row.attended_days,
        "late": row.late,
        "early": row.early,
        "missing": row.missing,
        "absent": row.absent_days,
        "leave": row.leave_days,
        "field": row.field_days,
        "overtime_min": row.overtime_min,
        "unknown": row.unknown_days,
    }
