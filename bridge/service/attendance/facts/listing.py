"""Facts as lists, and one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, func, select

from bridge.domain.views import Page
from bridge.service.attendance.facts.kinds import DECIDED, from_json, to_json
from bridge.service.attendance.facts.ledger import entry_of
from bridge.service.attendance.facts.standing import FactRows, Reading, known
from bridge.service.attendance.port import FactQuery
from bridge.service.attendance.told import FactKind
from bridge.service.attendance.views import Known
from bridge.store.tables.attendance import fact as table
from bridge.store.tables.attendance import ledger

NEWEST_FIRST: Final = DECIDED | {FactKind.SPOT_CHECK, FactKind.CONFIRMATION}


def fact_page(
    db: Connection, reading: Reading, kind: FactKind, query: FactQuery
) -> Page[Known]:
    """Facts of a kind, by key; leaves, corrections and checks the newest first."""
    where = _conditions(kind, query)
    order = (
        (table.c.at.desc(), table.c.key.desc())
        if kind in NEWEST_FIRST
        else (table.c.key,)
    )
    asked = select(table).where(*where).order_by(*order)
    if query.equals:
        # Fields of the fact itself: lists are small, and no index would help.
        every = (known(row, reading) for row in db.execute(asked))
        items = [each for each in every if _fits(kind, each.fact, query.equals)]
        end = query.offset + query.limit
        return Page(items=items[query.offset : end], total=len(items))
    total = db.execute(
        select(func.count()).select_from(table).where(*where)
    ).scalar_one()
    part = db.execute(asked.limit(query.limit).offset(query.offset))
    return Page(items=[known(row, reading) for row in part], total=total)


def _conditions(kind: FactKind, query: FactQuery) -> list[ColumnElement[bool]]:
    where = [table.c.kind == kind.value]
    if query.person is not None:
        where.append(table.c.person == query.person)
    if query.status is not None:
        where.append(table.c.status == query.status.value)
    if query.to_day is not None:
        first = table.c.first_day
        where.append(first.is_(None) | (first < query.to_day.isoformat()))
    if query.from_day is not None:
        last = table.c.last_day
        where.append(last.is_(None) | (last >= query.from_day.isoformat()))
    return where


def _fits(kind: FactKind, fact: Any, equals: Mapping[str, Any]) -> bool:
    values = to_json(kind, fact)
    return all(
        name in values and str(values[name]) == str(wanted)
        for name, wanted in equals.items()
    )


def known_after(
    db: Connection, reading: Reading, told: Sequence[Mapping[str, Any]]
) -> list[Known]:
    """Facts as they stand after they were told; of those taken back, the ledger's."""
    rows = FactRows(db)
    rows.fetch((FactKind(each["kind"]), each["key"]) for each in told)
    return [_after(db, rows, reading, each) for each in told]


def _after(
    db: Connection, rows: FactRows, reading: Reading, told: Mapping[str, Any]
) -> Known:
    kind = FactKind(told["kind"])
    row = rows.get(kind, told["key"])
    if row is not None:
        return known(row, reading)
    entry = entry_of(
        db.execute(select(ledger).where(ledger.c.id == told["entry"])).one()
    )
    is_removal = entry.kind == FactKind.REMOVAL
    gone = FactKind.REMOVAL if is_removal else kind
    return Known(
        id=told["key"],
        kind=kind,
        entry=entry.id,
        at=entry.at.astimezone(reading.zone),
        actor=entry.actor,
        reason=entry.reason,
        fact=from_json(gone, entry.data),
    )
