"""The `fact` table: what the ledger amounts to now.

`apply` alone writes it, from ledger rows alone, so that it can be made again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, bindparam, delete, select

from bridge.domain.attendance.facts import Leave, Status
from bridge.domain.attendance.leave import ApprovalLevel, required_level
from bridge.service.attendance.facts.kinds import DECIDED, RULES, from_json, from_text
from bridge.service.attendance.told import FactKind
from bridge.service.attendance.views import Entry, Known
from bridge.store.bulk import insert_many
from bridge.store.tables.attendance import fact as table

NOT_FACTS: Final = frozenset({"month.closed", "month.reopened", "punches.sealed"})
"""Kinds of ledger rows that say nothing about a person or a rule."""
AT_ONCE: Final = 500
"""Keys in one query."""

_DELETE: Final = delete(table).where(
    table.c.kind == bindparam("old_kind"), table.c.key == bindparam("old_key")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is needed to read facts: the hall's zone and who must approve what."""

    zone: ZoneInfo
    levels: tuple[ApprovalLevel, ...]


@dataclass(frozen=True, slots=True)
class FactRow:
    """A row of the `fact` table, its columns in their order."""

    kind: str
    key: str
    person: str | None
    first_day: str | None
    last_day: str | None
    status: str | None
    entry: int
    at: datetime
    actor: str
    reason: str
    data: str
    decisions: str

    def columns(self) -> dict[str, Any]:
        """By name."""
        return {name: getattr(self, name) for name in self.__slots__}


Place = tuple[FactKind, str]
"""Kind and key of a fact."""


class FactRows:
    """Rows of the `fact` table in memory: read once, changed, written together.

    Without a connection it starts from nothing.
    """

    def __init__(self, db: Connection | None = None) -> None:
        self._db = db
        self._rows: dict[Place, FactRow | None] = {}
        self._before: set[Place] = set()
        self._changed: dict[Place, None] = {}

    def fetch(self, places: Iterable[Place]) -> None:
        """Read rows that will be asked for, many at once."""
        wanted: dict[FactKind, list[str]] = {}
        for kind, key in places:
            if (kind, key) not in self._rows:
                self._rows[kind, key] = None
                wanted.setdefault(kind, []).append(key)
        if self._db is None:
            return
        for kind, keys in wanted.items():
            for start in range(0, len(keys), AT_ONCE):
                part = keys[start : start + AT_ONCE]
                query = select(table).where(
                    table.c.kind == kind.value, table.c.key.in_(part)
                )
                for row in self._db.execute(query):
                    self._rows[kind, row.key] = FactRow(*row)
                    self._before.add((kind, row.key))

    def get(self, kind: FactKind, key: str) -> FactRow | None:
        """The row of a fact, as changed so far."""
        self.fetch([(kind, key)])
        return self._rows[kind, key]

    def subject(self, key: str) -> FactRow | None:
        """The leave or correction of that id."""
        found = (self.get(kind, key) for kind in sorted(DECIDED))
        return next((row for row in found if row is not None), None)

    def set(self, kind: FactKind, key: str, row: FactRow | None) -> None:
        """Change a row; None takes it out."""
        self.fetch([(kind, key)])
        self._rows[kind, key] = row
        self._changed[kind, key] = None

    def all(self) -> Iterator[FactRow]:
        """Those that were asked for or changed, and are there."""
        return (row for row in self._rows.values() if row is not None)

    def write(self, db: Connection) -> None:
        """Write what changed."""
        old = [
            {"old_kind": kind.value, "old_key": key}
            for kind, key in self._changed
            if (kind, key) in self._before
        ]
        if old:
            db.execute(_DELETE, old)
        new = (self._rows[place] for place in self._changed)
        insert_many(db, table, [row.columns() for row in new if row is not None])


def apply(rows: FactRows, entry: Entry, zone: ZoneInfo) -> None:
    """Let a ledger row change what stands."""
    if entry.kind in NOT_FACTS:
        return
    kind = FactKind(entry.kind)
    match kind:
        case FactKind.DECISION:
            _decide(rows, entry, zone)
        case FactKind.REMOVAL:
            _remove(rows, entry)
        case _:
            rows.set(kind, entry.key, _row(kind, entry, zone))


def _row(kind: FactKind, entry: Entry, zone: ZoneInfo) -> FactRow:
    rule, fact = RULES[kind], from_json(kind, entry.data)
    first, last = rule.days(fact, zone)
    return FactRow(
        kind=kind.value,
        key=entry.key,
        person=rule.person(fact),
        first_day=first.isoformat() if first else None,
        last_day=last.isoformat() if last else None,
        status=Status.PENDING.value if kind in DECIDED else None,
        entry=entry.id,
        at=entry.at,
        actor=entry.actor,
        reason=entry.reason,
        data=json.dumps(entry.data, ensure_ascii=False, sort_keys=True),
        decisions="[]",
    )


def _decide(rows: FactRows, entry: Entry, zone: ZoneInfo) -> None:
    row = rows.subject(str(entry.data["subject"]))
    if row is None:
        return
    decisions = json.loads(row.decisions)
    decisions.append(
        {
            "by": entry.actor,
            "at": entry.at.astimezone(zone).isoformat(),
            "approved": entry.data["approved"],
            "level": entry.data["level"],
            "note": entry.data.get("note", ""),
            "entry": entry.id,
        }
    )
    changed = replace(
        row,
        status=entry.data["status"],
        decisions=json.dumps(decisions, ensure_ascii=False, sort_keys=True),
        entry=entry.id,
    )
    rows.set(FactKind(row.kind), row.key, changed)


def _remove(rows: FactRows, entry: Entry) -> None:
    kind, key = FactKind(entry.data["kind"]), entry.data["key"]
    row = rows.get(kind, key)
    if row is None:
        return
    if kind in DECIDED:
        row = replace(row, status=Status.CANCELLED.value, entry=entry.id)
        rows.set(kind, key, row)
    else:
        rows.set(kind, key, None)


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


def known(row: Row[Any] | FactRow, reading: Reading) -> Known:
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
