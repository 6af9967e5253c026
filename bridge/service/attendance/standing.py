"""The `fact` table: what the ledger amounts to now.

`apply` alone writes it, from ledger rows alone, so that it can be made again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, delete, insert, select, update

from bridge.domain.attendance.facts import Leave, Status
from bridge.domain.attendance.leave import ApprovalLevel, required_level
from bridge.service.attendance.kinds import DECIDED, RULES, from_json, from_text
from bridge.service.attendance.port import Entry, FactKind, Known
from bridge.store.attendance_tables import fact as table

NOT_FACTS: Final = frozenset({"month.closed", "month.reopened", "punches.sealed"})
"""Kinds of ledger rows that say nothing about a person or a rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is needed to read facts: the hall's zone and who must approve what."""

    zone: ZoneInfo
    levels: tuple[ApprovalLevel, ...]


def apply(db: Connection, entry: Entry, zone: ZoneInfo) -> None:
    """Let a ledger row change what stands."""
    if entry.kind in NOT_FACTS:
        return
    kind = FactKind(entry.kind)
    match kind:
        case FactKind.DECISION:
            _decide(db, entry)
        case FactKind.REMOVAL:
            _remove(db, entry)
        case _:
            _set(db, kind, entry, zone)


def _set(db: Connection, kind: FactKind, entry: Entry, zone: ZoneInfo) -> None:
    rule, fact = RULES[kind], from_json(kind, entry.data)
    first, last = rule.days(fact, zone)
    db.execute(
        delete(table).where(table.c.kind == kind.value, table.c.key == entry.key)
    )
    db.execute(
        insert(table).values(
            kind=kind.value,
            key=entry.key,
            person=rule.person(fact),
            first_day=first.isoformat() if first else None,
            last_day=last.isoformat() if last else None,
            status=Status.PENDING.value if kind in DECIDED else None,
            data=json.dumps(entry.data, ensure_ascii=False, sort_keys=True),
            decisions="[]",
            **_told(entry),
        )
    )


def _decide(db: Connection, entry: Entry) -> None:
    row = subject_row(db, str(entry.data["subject"]))
    if row is None:
        return
    decisions = json.loads(row.decisions)
    decisions.append(
        {
            "by": entry.actor,
            "at": entry.at.isoformat(),
            "approved": entry.data["approved"],
            "level": entry.data["level"],
            "note": entry.data.get("note", ""),
            "entry": entry.id,
        }
    )
    db.execute(
        update(table)
        .where(table.c.kind == row.kind, table.c.key == row.key)
        .values(
            status=entry.data["status"],
            decisions=json.dumps(decisions, ensure_ascii=False, sort_keys=True),
            entry=entry.id,
        )
    )


def _remove(db: Connection, entry: Entry) -> None:
    kind, key = FactKind(entry.data["kind"]), entry.data["key"]
    here = (table.c.kind == kind.value, table.c.key == key)
    if kind in DECIDED:
        values = {"status": Status.CANCELLED.value, "entry": entry.id}
        db.execute(update(table).where(*here).values(**values))
    else:
        db.execute(delete(table).where(*here))


def _told(entry: Entry) -> dict[str, Any]:
    return {
        "entry": entry.id,
        "at": entry.at,
        "actor": entry.actor,
        "reason": entry.reason,
    }


def subject_row(db: Connection, key: str) -> Row[Any] | None:
    """The leave or correction of that id."""
    return db.execute(
        select(table).where(
            table.c.kind.in_(sorted(kind.value for kind in DECIDED)),
            table.c.key == key,
        )
    ).first()


def find_row(db: Connection, kind: FactKind, key: str) -> Row[Any] | None:
    """The row of a fact."""
    return db.execute(
        select(table).where(table.c.kind == kind.value, table.c.key == key)
    ).first()


def all_of(db: Connection, kind: FactKind) -> Iterator[tuple[Row[Any], Any]]:
    """Every fact of a kind that stands, by key."""
    rows = db.execute(
        select(table).where(table.c.kind == kind.value).order_by(table.c.key)
    )
    for row in rows:
        yield row, from_text(kind, row.data)


def known(row: Row[Any], reading: Reading) -> Known:
    """A row as the web sees it."""
    kind = FactKind(row.kind)
    fact = from_text(kind, row.data)
    level, role = _level(kind, fact, reading)
    decisions: list[Mapping[str, Any]] = json.loads(row.decisions)
    return Known(
        id=row.key,
        kind=kind,
        entry=row.entry,
        at=row.at.astimezone(reading.zone),
        actor=row.actor,
        reason=row.reason,
        fact=fact,
        status=Status(row.status) if row.status else None,
        level=level,
        role=role,
        decisions=decisions,
    )


def _level(
    kind: FactKind, fact: Any, reading: Reading
) -> tuple[int | None, str | None]:
    if kind is FactKind.CORRECTION:
        return 1, reading.levels[0].role if reading.levels else ""
    if not isinstance(fact, Leave):
        return None, None
    number = required_level(fact, reading.levels)
    return number, reading.levels[number - 1].role if reading.levels else ""
