"""The ledger: append-only, each row chained to the one before.

Everything that people decide about attendance stands here first; the `fact`
table says what it amounts to now and can be made from the ledger again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from bridge.domain.attendance.chain import GENESIS, canonical, row_hash
from bridge.domain.views import Page
from bridge.service.attendance.told import FactKind
from bridge.service.attendance.views import Entry
from bridge.service.work import Work
from bridge.store.bulk import insert_many
from bridge.store.tables.attendance import ledger


def append(
    work: Work, *, actor: str, kind: str, key: str, reason: str, data: Mapping[str, Any]
) -> Entry:
    """Write a row behind the last one, in the transaction of `work`."""
    pen = Pen(head(work.db), at=work.now, actor=actor, reason=reason)
    entry = pen.note(kind=kind, key=key, data=data)
    pen.write(work.db)
    return entry


class Pen:
    """Rows behind the row `head`, chained in memory and written together."""

    def __init__(
        self, head: tuple[int, str], *, at: datetime, actor: str, reason: str
    ) -> None:
        self.after, self._previous = head
        self._told = {"at": at, "actor": actor, "reason": reason}
        self._rows: list[dict[str, Any]] = []

    @property
    def next_number(self) -> int:
        """The number that the next row will have."""
        return self.after + len(self._rows) + 1

    def note(
        self, *, kind: str, key: str, data: Mapping[str, Any], actor: str | None = None
    ) -> Entry:
        """Chain one more row; `actor`: where it is somebody else."""
        text = canonical(data)
        said: dict[str, Any] = {**self._told, "kind": kind, "key": key}
        if actor is not None:
            said["actor"] = actor
        number, previous = self.next_number, self._previous
        self._previous = row_hash(number=number, previous=previous, data=text, **said)
        row = {"id": number, **said, "previous": previous, "hash": self._previous}
        self._rows.append({**row, "data": text})
        return Entry(**row, data=json.loads(text))

    def write(self, db: Connection) -> None:
        """Write them; nothing may stand behind `head` yet."""
        insert_many(db, ledger, self._rows)


def head(db: Connection) -> tuple[int, str]:
    """Number and hash of the last row."""
    row = db.execute(
        select(ledger.c.id, ledger.c.hash).order_by(ledger.c.id.desc()).limit(1)
    ).first()
    return (row.id, row.hash) if row else (0, GENESIS)


def tells_facts(db: Connection, after: int) -> bool:
    """Whether a row behind `after` is of a fact, and not a seal or a signature."""
    query = select(ledger.c.id).where(
        ledger.c.id > after, ledger.c.kind.in_([kind.value for kind in FactKind])
    )
    return db.execute(query.limit(1)).first() is not None


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
