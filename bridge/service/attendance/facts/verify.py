"""Whether the ledger is whole, and everything that follows from it agrees."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Table, func, select

from bridge.domain.attendance.chain import GENESIS, row_hash
from bridge.service.attendance.facts.ledger import entry_of
from bridge.service.attendance.facts.seals import SEALED, punch_digest
from bridge.service.attendance.facts.standing import FactRow, FactRows, apply
from bridge.service.attendance.months import CLOSED, REOPENED, month_digest
from bridge.store.database import open_for_reading
from bridge.store.tables import punch
from bridge.store.tables.attendance import fact, ledger, month_state

MOST_FAULTS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was checked and what is wrong; `head` belongs on paper."""

    rows: int
    head: str
    facts: int
    punches: int
    sealed_punches: int
    closed_months: int
    faults: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing was found."""
        return not self.faults


def verify(
    path: Path, zone: ZoneInfo, *, anchor: tuple[int, str] | None = None
) -> Verdict:
    """Check a store's ledger; `anchor`: number and hash (or its beginning) from paper.

    Reads alone: the hall may run.
    """
    with open_for_reading(path) as db:
        return _verify(db, zone, anchor)


def _verify(db: Connection, zone: ZoneInfo, anchor: tuple[int, str] | None) -> Verdict:
    faults: list[str] = []
    replay = FactRows()
    last, previous = 0, GENESIS
    closed: dict[str, dict[str, Any]] = {}
    sealed = 0
    anchored = anchor is None
    for row in db.execute(select(ledger).order_by(ledger.c.id)):
        faults.extend(_link(row, last, previous))
        last, previous = row.id, row.hash
        if anchor is not None and row.id == anchor[0]:
            anchored = row.hash.startswith(anchor[1])
        data = json.loads(row.data)
        if row.kind == SEALED:
            sealed += data["rows"]
            if punch_digest(db, data["first"], data["last"]) != data["digest"]:
                faults.append(
                    f"punches {data['first']} to {data['last']} are not as they "
                    f"were sealed (ledger row {row.id})"
                )
        elif row.kind in {CLOSED, REOPENED}:
            closed.pop(row.key, None)
            if row.kind == CLOSED:
                closed[row.key] = data
        else:
            apply(replay, entry_of(row), zone)
    if not anchored and anchor is not None:
        faults.append(f"row {anchor[0]} does not have the hash {anchor[1]}")
    faults.extend(_facts_differ(db, replay))
    faults.extend(_months_differ(db, closed))
    return Verdict(
        rows=last,
        head=previous,
        facts=_count(db, fact),
        punches=_count(db, punch),
        sealed_punches=sealed,
        closed_months=len(closed),
        faults=tuple(faults[:MOST_FAULTS]),
    )


def _link(row: Any, last: int, previous: str) -> Iterator[str]:
    if row.id != last + 1:
        yield f"ledger rows {last + 1} to {row.id - 1} are missing"
    if row.previous != previous:
        yield f"ledger row {row.id} is not chained to row {last}"
    made = row_hash(
        number=row.id,
        at=row.at,
        actor=row.actor,
        kind=row.kind,
        key=row.key,
        reason=row.reason,
        data=row.data,
        previous=row.previous,
    )
    if made != row.hash:
        yield f"ledger row {row.id} was changed after it was written"


def _facts_differ(db: Connection, replay: FactRows) -> Iterator[str]:
    kept = {(row.kind, row.key): FactRow(*row) for row in db.execute(select(fact))}
    made = {(row.kind, row.key): row for row in replay.all()}
    for key in sorted(kept.keys() | made.keys()):
        if key not in made:
            yield f"{key[0]} {key[1]} is not in the ledger"
        elif key not in kept:
            yield f"{key[0]} {key[1]} is in the ledger and was taken out of its table"
        elif kept[key] != made[key]:
            yield f"{key[0]} {key[1]} is not as the ledger says"


def _months_differ(db: Connection, closed: dict[str, dict[str, Any]]) -> Iterator[str]:
    states = {row.month: row.closed for row in db.execute(select(month_state))}
    for month, is_closed in sorted(states.items()):
        if is_closed != (month in closed):
            word = "closed" if is_closed else "open"
            yield f"month {month} is {word}, and the ledger says otherwise"
    for month, data in sorted(closed.items()):
        if month_digest(db, month) != data["digest"]:
            yield f"the days of {month} are not as they were signed"


def _count(db: Connection, table: Table) -> int:
    return db.execute(select(func.count()).select_from(table)).scalar_one()
