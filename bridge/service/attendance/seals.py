"""Punches sealed into the ledger: none can be changed or taken out unseen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, func, insert, select

from bridge.domain.attendance.chain import digest_rows
from bridge.service.attendance import ledger
from bridge.service.work import Work
from bridge.store.attendance_tables import seal
from bridge.store.tables import microseconds, punch

SEALED: Final = "punches.sealed"
ACTOR: Final = "halld"
MOST: Final = 5000
"""Punches under one seal: the writer must be free for presses."""


def seal_punches(work: Work, most: int | None = None) -> int:
    """Seal what is not sealed yet, at most so many; gives how many."""
    last = work.db.execute(select(func.max(seal.c.last))).scalar() or 0
    query = select(punch.c.id).where(punch.c.id > last).order_by(punch.c.id)
    if most is not None:
        query = query.limit(most)
    ids = work.db.execute(query).scalars().all()
    if not ids:
        return 0
    digest = punch_digest(work.db, ids[0], ids[-1])
    data = {"first": ids[0], "last": ids[-1], "rows": len(ids), "digest": digest}
    entry = ledger.append(
        work, actor=ACTOR, kind=SEALED, key=str(ids[-1]), reason="", data=data
    )
    work.db.execute(
        insert(seal).values(first=ids[0], last=ids[-1], rows=len(ids), entry=entry.id)
    )
    return len(ids)


def punch_digest(db: Connection, first: int, last: int) -> str:
    """SHA-256 over stored punches, by id."""
    return digest_rows(_rows(db, first, last))


def _rows(db: Connection, first: int, last: int) -> Iterator[dict[str, Any]]:
    rows = db.execute(
        select(punch)
        .where(punch.c.id >= first, punch.c.id <= last)
        .order_by(punch.c.id)
    )
    for row in rows:
        yield {
            "id": row.id,
            "source": row.source,
            "event": row.event,
            "device": row.device,
            "user_id": row.user_id,
            "time": microseconds(row.time),
            "received": microseconds(row.received),
            "direction": row.direction,
            "method": row.method,
            "flags": row.flags,
            "raw": row.raw,
            "drift_s": row.drift_s,
            "origin": row.origin,
        }
