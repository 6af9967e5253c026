"""The journal's SQL: events with their places, and what a node remembers.

Synchronous and owned by one thread; `drivers.node.journal` is the way to it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from devices.errors import ConfigurationError
from devices.events import Lane
from drivers.node.journal_rows import Draft, JournalSize, Row, Track, moved_to, placed

SCHEMA_VERSION: Final = 1
CHECKED_BYTES: Final = 64 * 1024 * 1024
"""A larger file is not read through when it is opened, for a quick start."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS lane (
    id INTEGER PRIMARY KEY, epoch TEXT NOT NULL, name TEXT NOT NULL,
    last INTEGER NOT NULL DEFAULT 0, acked INTEGER NOT NULL DEFAULT 0,
    sure INTEGER NOT NULL DEFAULT 0,
    UNIQUE (epoch, name));
CREATE TABLE IF NOT EXISTS event (
    lane INTEGER NOT NULL, sequence INTEGER NOT NULL, at REAL NOT NULL,
    bulk INTEGER NOT NULL, device TEXT NOT NULL, type TEXT NOT NULL,
    body BLOB NOT NULL, PRIMARY KEY (lane, sequence)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS remembered (
    device TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (device, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS published_device (id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alarm (
    kind TEXT PRIMARY KEY, since TEXT NOT NULL, message TEXT NOT NULL)
    WITHOUT ROWID;
"""


@dataclass(slots=True, kw_only=True)
class LaneRecord:
    """A lane of one epoch: `last` given, `acked` by the bridge.

    Beyond `sure` a journal that was put back may have given numbers anew.
    """

    id: int
    epoch: str
    lane: Lane
    last: int
    acked: int
    sure: int


class JournalStore:
    """One journal file. Methods that write need `transaction`."""

    def __init__(self, path: Path, node: str) -> None:
        self.path = path
        self.node = node
        self._trusted: set[tuple[str, Lane]] = set()
        self._lanes: dict[tuple[str, Lane], LaneRecord] = {}
        self._db = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        try:
            self._prepare()
        except BaseException:
            self._db.close()
            raise

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA journal_size_limit=16777216")
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise ConfigurationError(
                f"{self.path} was written by a newer halld; install that one again"
            )
        if self.path.stat().st_size <= CHECKED_BYTES:
            found = self._db.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                raise sqlite3.DatabaseError(found)
        self._db.executescript(_SCHEMA)
        self._db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        self._add_sure()
        with self.transaction():
            self.epoch = self.meta("epoch") or self.open_epoch()
        self.reload()

    def _add_sure(self) -> None:
        """Mend a file of before `sure`; an older halld can still use it."""
        columns = self._db.execute("PRAGMA table_info(lane)")
        if "sure" not in {column[1] for column in columns}:
            with self.transaction():
                self._db.execute(
                    "ALTER TABLE lane ADD COLUMN sure INTEGER NOT NULL DEFAULT 0"
                )
                self._db.execute("UPDATE lane SET sure=acked")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit at the end, durably, or roll everything back."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            if self._lanes:
                self.reload()
            raise

    def reload(self) -> None:
        """Read again what is kept in memory."""
        self.epoch = self.meta("epoch") or self.epoch
        rows = self._db.execute("SELECT id, epoch, name, last, acked, sure FROM lane")
        self._lanes = {
            (epoch, Lane(name)): LaneRecord(
                id=key, epoch=epoch, lane=Lane(name), last=last, acked=acked, sure=sure
            )
            for key, epoch, name, last, acked, sure in rows
        }

    # Events

    def append(self, drafts: Iterable[Draft], at: float) -> list[Row]:
        """Give each draft its place, in order."""
        rows: list[Row] = []
        values = []
        touched: dict[int, LaneRecord] = {}
        for draft in drafts:
            lane = self._lanes[self.epoch, draft.lane]
            row = placed(draft, self.node, self.epoch, lane.last + 1)
            lane.last += 1
            touched[lane.id] = lane
            rows.append(row)
            values.append(_values(lane.id, row, at))
        self._insert(values)
        for lane in touched.values():
            self._update(lane)
        return rows

    def _update(self, lane: LaneRecord) -> None:
        """Write how far a lane came."""
        if (lane.epoch, lane.lane) in self._trusted:
            lane.sure = lane.last
        self._db.execute(
            "UPDATE lane SET last=?, sure=? WHERE id=?", (lane.last, lane.sure, lane.id)
        )

    def trust(self, epoch: str, lane: Lane) -> None:
        """Note that a lane is the only one of its name, until the file is closed.

        It began just now, or the bridge was heard and has nothing else of it. A
        copy of the file that is put back later is opened first, and not trusted.
        """
        self._trusted.add((epoch, lane))
        self._update(self._lanes[epoch, lane])

    def rows(self, epoch: str, lane: Lane, first: int, limit: int) -> list[Row]:
        """Up to `limit` events of a lane from sequence `first` on, in order."""
        record = self._lanes.get((epoch, lane))
        return [] if record is None else self._page(record, first, limit)

    def _page(self, lane: LaneRecord, first: int, limit: int) -> list[Row]:
        found = self._db.execute(
            "SELECT sequence, device, type, bulk, body FROM event "
            "WHERE lane=? AND sequence>=? ORDER BY sequence LIMIT ?",
            (lane.id, first, limit),
        )
        return [
            Row(
                epoch=lane.epoch,
                lane=lane.lane,
                sequence=sequence,
                device=device,
                type=kind,
                bulk=bool(bulk),
                body=body,
            )
            for sequence, device, kind, bulk, body in found
        ]

    def span(self, epoch: str, lane: Lane) -> tuple[int, int] | None:
        """First and last sequence still kept of a lane; None when nothing is."""
        record = self._lanes.get((epoch, lane))
        if record is None:
            return None
        low, high = self._db.execute(
            "SELECT (SELECT min(sequence) FROM event WHERE lane=?1), "
            "(SELECT max(sequence) FROM event WHERE lane=?1)",
            (record.id,),
        ).fetchone()
        return None if low is None else (low, high)

    def lanes(self) -> list[LaneRecord]:
        """Every lane of every epoch, oldest epoch first (live objects)."""
        return sorted(self._lanes.values(), key=lambda record: record.id)

    def places(self) -> dict[Lane, tuple[str, int]]:
        """The last place of each lane: (epoch, sequence)."""
        return {lane: (self.epoch, self._lanes[self.epoch, lane].last) for lane in Lane}

    def tracks(self, lane: Lane) -> list[Track]:
        """What each epoch of a lane holds, oldest epoch first."""
        found = []
        for record in self.lanes():
            if record.lane is not lane:
                continue
            span = self.span(record.epoch, lane)
            is_current = record.epoch == self.epoch
            held = record.last if is_current else (span[1] if span else 0)
            is_trusted = (record.epoch, lane) in self._trusted
            found.append(
                Track(
                    epoch=record.epoch,
                    last=held,
                    acked=record.acked,
                    doubtful_from=None if is_trusted else record.sure + 1,
                )
            )
        return found

    def set_acked(self, epoch: str, lane: Lane, sequence: int) -> None:
        """Note up to where the bridge has a lane."""
        record = self._lanes[epoch, lane]
        record.acked = min(sequence, record.last)
        self._db.execute(
            "UPDATE lane SET acked=? WHERE id=?", (record.acked, record.id)
        )

    def trim(self, older_than: float, limit: int) -> int:
        """Remove acked events journalled before `older_than`; how many."""
        removed = 0
        for record in self.lanes():
            span = self.span(record.epoch, record.lane)
            if span is None:
                continue
            end = min(record.acked + 1, span[0] + limit)
            kept = self._db.execute(
                "SELECT sequence FROM event WHERE lane=? AND sequence<? AND at>=? "
                "ORDER BY sequence LIMIT 1",
                (record.id, end, older_than),
            ).fetchone()
            removed += self._db.execute(
                "DELETE FROM event WHERE lane=? AND sequence<?",
                (record.id, kept[0] if kept else end),
            ).rowcount
        return removed

    def last_at(self) -> float | None:
        """When the newest event was journalled."""
        found = [
            at
            for record in self.lanes()
            for span in [self.span(record.epoch, record.lane)]
            if span is not None
            for at in self._at(record, span[1])
        ]
        return max(found, default=None)

    # Epochs

    def open_epoch(self) -> str:
        """Begin a new epoch: both lanes count from 1 again."""
        self.epoch = str(uuid4())
        self._trusted |= {(self.epoch, lane) for lane in Lane}
        self._set_meta("epoch", self.epoch)
        self._db.executemany(
            "INSERT INTO lane (epoch, name) VALUES (?, ?)",
            [(self.epoch, lane.value) for lane in Lane],
        )
        self.reload()
        return self.epoch

    def move(self, epoch: str, lane: Lane, first: int, at: float) -> list[Row]:
        """Journal the events of a left epoch from `first` on again, now.

        They get places of the current epoch, and ids where a place is the id;
        their old rows go, so that moving twice moves nothing twice.
        """
        record = self._lanes.get((epoch, lane))
        if record is None or epoch == self.epoch:
            return []
        target = self._lanes[self.epoch, lane]
        moved: list[Row] = []
        for row in self._page(record, first, -1):
            target.last += 1
            moved.append(moved_to(row, self.node, self.epoch, target.last))
        self._insert([_values(target.id, row, at) for row in moved])
        self._db.execute(
            "DELETE FROM event WHERE lane=? AND sequence>=?", (record.id, first)
        )
        self._update(target)
        return moved

    # What a node remembers

    def meta(self, key: str) -> str | None:
        """A word kept under `key`."""
        found = self._db.execute(
            "SELECT value FROM meta WHERE key=?", (key,)
        ).fetchone()
        return None if found is None else str(found[0])

    def set_meta(self, key: str, value: str) -> None:
        """Keep a word under `key`."""
        self._set_meta(key, value)

    def remember(self, device: str, values: Mapping[str, Any]) -> None:
        """Keep small values of a device."""
        self._db.executemany(
            "INSERT OR REPLACE INTO remembered VALUES (?, ?, ?)",
            [(device, key, json.dumps(value)) for key, value in values.items()],
        )

    def remembered(self) -> dict[str, dict[str, Any]]:
        """What every device remembers."""
        found: dict[str, dict[str, Any]] = {}
        for device, key, value in self._db.execute("SELECT * FROM remembered"):
            found.setdefault(device, {})[key] = json.loads(value)
        return found

    def published_devices(self) -> set[str]:
        """Devices that have retained topics of this node."""
        return {row[0] for row in self._db.execute("SELECT id FROM published_device")}

    def set_published_devices(self, ids: Iterable[str]) -> None:
        """Note which devices have retained topics of this node."""
        self._db.execute("DELETE FROM published_device")
        self._db.executemany(
            "INSERT OR IGNORE INTO published_device VALUES (?)", [(i,) for i in ids]
        )

    def alarms(self) -> list[tuple[str, str, str]]:
        """(kind, since, message) of the alarms that outlive a restart."""
        return list(self._db.execute("SELECT kind, since, message FROM alarm"))

    def set_alarm(self, kind: str, since: str, message: str | None) -> None:
        """Keep an alarm, or clear it (message None)."""
        self._db.execute("DELETE FROM alarm WHERE kind=?", (kind,))
        if message is not None:
            self._db.execute(
                "INSERT INTO alarm VALUES (?, ?, ?)", (kind, since, message)
            )

    def size(self) -> JournalSize:
        """How much is kept and waits (events of a lane have no holes)."""
        count = unacked = 0
        oldest: list[float] = []
        for record in self.lanes():
            span = self.span(record.epoch, record.lane)
            if span is None:
                continue
            low, high = span
            count += high - low + 1
            waiting = max(low, record.acked + 1)
            if waiting <= high:
                unacked += high - waiting + 1
                oldest += self._at(record, waiting)
        return JournalSize(
            count=count,
            unacked=unacked,
            size_bytes=_file_bytes(self.path),
            oldest_at=min(oldest, default=None),
        )

    def _at(self, record: LaneRecord, sequence: int) -> list[float]:
        found = self._db.execute(
            "SELECT at FROM event WHERE lane=? AND sequence=?", (record.id, sequence)
        ).fetchone()
        return [found[0]] if found else []

    def _insert(self, values: Sequence[tuple[Any, ...]]) -> None:
        self._db.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?)", values)

    def _set_meta(self, key: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))


def _values(lane: int, row: Row, at: float) -> tuple[Any, ...]:
    return (lane, row.sequence, at, row.bulk, row.device, row.type, row.body)


def _file_bytes(path: Path) -> int:
    files = (path, path.with_name(path.name + "-wal"))
    return sum(file.stat().st_size for file in files if file.exists())
