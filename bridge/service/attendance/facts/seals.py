"""Punches sealed into the ledger: none can be changed or taken out unseen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy import Connection, func, insert, select

from bridge.domain.attendance.chain import digest_rows
from bridge.service.attendance.facts import ledger
from bridge.service.work import Store, Work
from bridge.store.tables import microseconds, punch
from bridge.store.tables.attendance import seal

SEALED: Final = "punches.sealed"
ACTOR: Final = "halld"
MOST: Final = 5000
"""Punches under one seal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A seal that is not in the ledger yet, behind the seal that ends at `after`."""

    after: int
    first: int
    last: int
    rows: int
    digest: str


async def seal_beside(store: Store, most: int = MOST) -> int:
    """Seal at most so many; gives how many.

    Punches never change, so that they are read beside the writer: it must be free
    for presses.
    """
    draft = await store.read(lambda db: _draft(db, most))
    if draft is None:
        return 0
    return await store.transact(lambda work: keep_seal(work, draft))


def seal_punches(work: Work) -> int:
    """Seal all that is not sealed yet, now; gives how many."""
    draft = _draft(work.db, None)
    return keep_seal(work, draft) if draft is not None else 0


def keep_seal(work: Work, draft: Draft) -> int:
    """Write a seal; nothing when another came in between."""
    if draft.after != _sealed(work.db):
        return 0
    last, data = draft.last, asdict(draft)
    del data["after"]
    entry = ledger.append(
        work, actor=ACTOR, kind=SEALED, key=str(last), reason="", data=data
    )
    work.db.execute(
        insert(seal).values(
            first=draft.first, last=last, rows=draft.rows, entry=entry.id
        )
    )
    return draft.rows


def _draft(db: Connection, most: int | None) -> Draft | None:
    after = _sealed(db)
    query = select(punch.c.id).where(punch.c.id > after).order_by(punch.c.id)
    if most is not None:
        query = query.limit(most)
    ids = db.execute(query).scalars().all()
    if not ids:
        return None
    digest = punch_digest(db, ids[0], ids[-1])
    return Draft(after=after, first=ids[0], last=ids[-1], rows=len(ids), digest=digest)


def _sealed(db: Connection) -> int:
    """The last punch under a seal."""
    return db.execute(select(func.max(seal.c.last))).scalar() or 0


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
