"""The ledger: append-only, each row chained to the one before.

Everything that people decide about attendance stands here first; the `fact`
table says what it amounts to now and can be made from the ledger again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from bridge.domain.attendance.chain import GENESIS, canonical, row_hash
from bridge.domain.views import Page
from bridge.service.attendance.port import Entry
from bridge.service.work import Work
from bridge.store.attendance_tables import ledger


def append(
    work: Work, *, actor: str, kind: str, key: str, reason: str, data: Mapping[str, Any]
) -> Entry:
    """Write a row behind the last one, in the transaction of `work`."""
    number, previous = head(work.db)
    text = canonical(data)
    made = row_hash(
        number=number + 1,
        at=work.now,
        actor=actor,
        kind=kind,
        key=key,
        reason=reason,
        data=text,
        previous=previous,
    )
    row: dict[str, Any] = {
        "id": number + 1,
        "at": work.now,
        "actor": actor,
        "kind": kind,
        "key": key,
        "reason": reason,
        "previous": previous,
        "hash": made,
    }
    work.db.execute(insert(ledger).values(**row, data=text))
    return Entry(**row, data=json.loads(text))


def next_number(db: Connection) -> int:
    """The number that the next row will have."""
    return head(db)[0] + 1


def head(db: Connection) -> tuple[int, str]:
    """Number and hash of the last row."""
    row = db.execute(
        select(ledger.c.id, ledger.c.hash).order_by(ledger.c.id.desc()).limit(1)
    ).first()
    return (row.id, row.hash) if row else (0, GENESIS)


def entry_of(row: Row[Any]) -> Entry:
    """A row as an entry; its time in UTC."""
    return Entry(
        id=row.id,
        at=row.at,
        actor=row.actor,
        kind=row.kind,
        key=row.key,
        reason=row.reason,
        data=json.loads(row.data),
        previous=row.previous,
        hash=row.hash,
    )


def page(
    db: Connection, *, limit: int, offset: int, kind: str | None, key: str | None
) -> Page[Entry]:
    """Rows, newest first."""
    conditions = []
    if kind is not None:
        conditions.append(ledger.c.kind == kind)
    if key is not None:
        conditions.append(ledger.c.key == key)
    total = db.execute(
        select(func.count()).select_from(ledger).where(*conditions)
    ).scalar_one()
    rows = db.execute(
        select(ledger)
        .where(*conditions)
        .order_by(ledger.c.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return Page(items=[entry_of(row) for row in rows], total=total)
