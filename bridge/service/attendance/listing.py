"""Days, unknown numbers and clock events as lists."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, func, or_, select

from bridge.domain.attendance.results import DayState
from bridge.domain.views import Page
from bridge.service.attendance.days.rows import unpack
from bridge.service.attendance.facts.book import Book, day_start
from bridge.service.attendance.labels import Labels, read_labels
from bridge.service.attendance.port import DayQuery
from bridge.service.attendance.views import DayRow, Tamper, UnknownUser
from bridge.store.tables import punch, tamper
from bridge.store.tables.attendance import day_row

EXCEPTIONS: Final = (
    DayState.UNKNOWN,
    DayState.ABSENT,
    DayState.MISSING_IN,
    DayState.MISSING_OUT,
    DayState.LATE,
    DayState.EARLY,
)
MOST_UNKNOWN: Final = 1000
UNKNOWN_SINCE: Final = timedelta(days=400)


def day_page(db: Connection, book: Book, query: DayQuery) -> Page[DayRow]:
    """Days by day, then person."""
    labels = read_labels(
        db,
        book,
        f"{query.from_day:%Y-%m}" if query.from_day else "",
        f"{query.to_day:%Y-%m}" if query.to_day else "9999-12",
    )
    where = _conditions(labels, query)
    total = db.execute(
        select(func.count()).select_from(day_row).where(*where)
    ).scalar_one()
    rows = db.execute(
        select(day_row)
        .where(*where)
        .order_by(day_row.c.day, day_row.c.person)
        .limit(query.limit)
        .offset(query.offset)
    )
    return Page(items=[day_view(row, labels) for row in rows], total=total)


def _conditions(labels: Labels, query: DayQuery) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if query.from_day is not None:
        where.append(day_row.c.day >= query.from_day.isoformat())
    if query.to_day is not None:
        where.append(day_row.c.day < query.to_day.isoformat())
    if query.person is not None:
        where.append(day_row.c.person == query.person)
    if query.department is not None:
        where.append(labels.in_department(query.department))
    if query.state is not None:
        where.append(_has(query.state))
    if query.final is not None:
        where.append(day_row.c.final.is_(query.final))
    if query.exceptions:
        where.append(or_(*(_has(state) for state in EXCEPTIONS)))
    return where


def _has(state: DayState) -> ColumnElement[bool]:
    """States are words between commas."""
    return ("," + day_row.c.states + ",").contains(f",{state.value},")


def day_view(row: Row[Any], labels: Labels) -> DayRow:
    """A row with whose it is."""
    month = row.day[:7]
    label = labels.of(row.person, month)
    return DayRow(
        name=label.name,
        department=label.department,
        group=label.group,
        closed=month in labels.signed,
        result=unpack(row.data),
    )


def unknown_users(db: Connection, book: Book, today: date) -> list[UnknownUser]:
    """Numbers that punched and were nobody's then, the newest first."""
    since = today - UNKNOWN_SINCE
    start = day_start(since, book.zone)
    groups = db.execute(
        select(
            punch.c.user_id,
            punch.c.device,
            func.count().label("punches"),
            func.min(punch.c.time).label("first"),
            func.max(punch.c.time).label("last"),
        )
        .where(punch.c.time >= start)
        .group_by(punch.c.user_id, punch.c.device)
    ).all()
    by_number: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in groups:
        by_number[row.user_id].append(row)
    found = []
    for number, rows in by_number.items():
        last = max(row.last for row in rows)
        owners = book.owners(number)
        if book.owner(number, last.astimezone(book.zone).date()) is not None:
            continue
        ended = [(end, who) for who, _, end in owners if end < date.max]
        left = max(ended, key=lambda pair: pair[0]) if ended else None
        count = sum(row.punches for row in rows)
        found.append(
            UnknownUser(
                user_id=number,
                punches=_after(db, book, number, left[0]) if left else count,
                first=min(row.first for row in rows).astimezone(book.zone),
                last=last.astimezone(book.zone),
                devices=sorted({row.device for row in rows}),
                left=left[1].id if left else None,
            )
        )
    found.sort(key=lambda each: each.last, reverse=True)
    return found[:MOST_UNKNOWN]


def _after(db: Connection, book: Book, number: str, last_day: date) -> int:
    """How many punches came after the number's last owner had left."""
    start = day_start(last_day + timedelta(days=1), book.zone)
    return db.execute(
        select(func.count())
        .select_from(punch)
        .where(punch.c.time >= start, punch.c.user_id == number)
    ).scalar_one()


def tamper_page(
    db: Connection,
    book: Book,
    *,
    limit: int,
    offset: int,
    device: str | None,
    kind: str | None,
) -> Page[Tamper]:
    """What clocks said about being opened or changed, newest first."""
    where = []
    if device is not None:
        where.append(tamper.c.device == device)
    if kind is not None:
        where.append(tamper.c.kind == kind)
    total = db.execute(
        select(func.count()).select_from(tamper).where(*where)
    ).scalar_one()
    rows = db.execute(
        select(tamper)
        .where(*where)
        .order_by(tamper.c.time.desc(), tamper.c.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return Page(
        items=[
            Tamper(
                id=row.id,
                device=row.device,
                kind=row.kind,
                time=row.time.astimezone(book.zone),
                received_time=row.received.astimezone(book.zone),
                raw=row.raw,
                text=row.told,
            )
            for row in rows
        ],
        total=total,
    )
