from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.errors import ConfigurationError, MisuseError
from devices.events import CloudEvent, Lane
from drivers.node.journal import (
    SUSPECT,
    Journal,
    JournalCorruptError,
    JournalInUseError,
)
from drivers.node.journal_rows import Draft, JournalError, Row
from drivers.node.journal_store import JournalStore

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def draft(
    key: str = "a", lane: Lane = Lane.DESK, *, identity: str | None = None
) -> Draft:
    return Draft(
        device="bus-1",
        type="caller.key",
        lane=lane,
        source="urn:halld:t:dev:bus-1",
        id=identity,
        time=NOW,
        received=NOW,
        data={"key": key},
    )


def keys(rows: list[Row]) -> list[str]:
    return [str(CloudEvent.from_json(json.loads(r.body)).data["key"]) for r in rows]


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = await Journal.open(tmp_path, "main", clock=lambda: NOW)
    yield opened
    await opened.close()


async def held(journal: Journal, lane: Lane = Lane.DESK) -> list[Row]:
    return await journal.rows(journal.store.epoch, lane, 1, -1)


async def test_sequences_are_contiguous_per_lane_from_one(journal: Journal) -> None:
    await journal.append([draft("a"), draft("p", Lane.CLOCK), draft("b")])
    await journal.append([draft("c")])
    desk, clock = await held(journal), await held(journal, Lane.CLOCK)
    assert [(row.sequence, key) for row, key in zip(desk, keys(desk), strict=True)] == [
        (1, "a"),
        (2, "b"),
        (3, "c"),
    ]
    assert [row.sequence for row in clock] == [1]


async def test_rows_are_told_in_order_once_they_are_on_disk(journal: Journal) -> None:
    told: list[Row] = []
    journal.committed = told.extend
    await asyncio.gather(*(journal.append([draft(str(n))]) for n in range(500)))
    assert [row.sequence for row in told] == list(range(1, 501))
    assert [row.body for row in await held(journal)] == [row.body for row in told]


async def test_a_body_is_a_ready_cloud_event(journal: Journal) -> None:
    await journal.append([draft("a", identity="7:x"), draft("b")])
    first, second = (
        CloudEvent.from_json(json.loads(row.body)) for row in await held(journal)
    )
    epoch = journal.store.epoch
    assert (first.id, second.id) == ("7:x", f"main:{epoch}:desk:2")
    assert (second.place.node, second.place.epoch) == ("main", epoch)
    assert second.time == NOW


async def test_a_backfill_does_not_hold_up_a_press(journal: Journal) -> None:
    told: list[Row] = []
    journal.committed = told.extend
    backfill = asyncio.create_task(
        journal.append([draft(str(n), Lane.CLOCK) for n in range(5000)])
    )
    await asyncio.sleep(0)
    await journal.append([draft("press")])
    place = [row.lane for row in told].index(Lane.DESK)
    assert place < 5000
    await backfill


async def test_what_is_remembered_comes_with_its_event(journal: Journal) -> None:
    await journal.append([draft()], device="bus-1", remember={"mark": [1, "x"]})
    remembered = await journal.call(JournalStore.remembered)
    assert remembered == {"bus-1": {"mark": [1, "x"]}}


async def test_one_bad_event_does_not_spoil_the_others(journal: Journal) -> None:
    huge = draft("x" * 300_000)
    results = await asyncio.gather(
        *(journal.append([d]) for d in (draft("a"), huge, draft("b"))),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [type(None), MisuseError, type(None)]
    rows = await held(journal)
    assert (keys(rows), [row.sequence for row in rows]) == (["a", "b"], [1, 2])


async def test_a_full_disk_fails_the_append_and_gives_no_place(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:

        def full(*_: object) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        patch.setattr(JournalStore, "_insert", full)
        with pytest.raises(JournalError, match="disk is full"):
            await journal.append([draft("a")], device="d", remember={"x": 1})
    await journal.append([draft("b")])
    (row,) = await held(journal)
    assert (row.sequence, keys([row])) == (1, ["b"])
    assert await journal.call(JournalStore.remembered) == {}


async def test_everything_outlives_a_restart(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path, "main", clock=lambda: NOW)
    epoch = journal.store.epoch
    await journal.append([draft("a"), draft("b")])
    await journal.call(lambda store: store.set_acked(epoch, Lane.DESK, 1))
    await journal.call(lambda store: store.set_meta("store", "s-1"))
    await journal.close()
    journal = await Journal.open(tmp_path, "main", clock=lambda: NOW)
    assert journal.store.epoch == epoch
    (track,) = await journal.call(lambda store: store.tracks(Lane.DESK))
    assert (track.last, track.acked) == (2, 1)
    assert await journal.call(lambda store: store.meta("store")) == "s-1"
    await journal.append([draft("c")])
    assert (await held(journal))[-1].sequence == 3
    await journal.close()


async def test_two_never_share_a_journal(journal: Journal, tmp_path: Path) -> None:
    del journal
    with pytest.raises(JournalInUseError):
        await Journal.open(tmp_path, "main", clock=lambda: NOW, patience_s=0)


async def test_a_restarting_node_is_waited_for(tmp_path: Path) -> None:
    first = await Journal.open(tmp_path, "main", clock=lambda: NOW)
    opening = asyncio.create_task(Journal.open(tmp_path, "main", clock=lambda: NOW))
    await first.close()
    await (await opening).close()


async def test_a_damaged_file_is_put_aside_with_a_new_epoch(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path, "main", clock=lambda: NOW)
    epoch = journal.store.epoch
    await journal.append([draft(str(n)) for n in range(200)])
    await journal.close()
    path = tmp_path / "journal.db"
    data = bytearray(path.read_bytes())
    data[8192:12288] = os.urandom(4096)
    path.write_bytes(data)
    journal = await Journal.open(tmp_path, "main", clock=lambda: NOW)
    assert journal.quarantined == tmp_path / "journal.db.damaged-20260302T090000"
    assert journal.quarantined.read_bytes() == data
    assert journal.store.epoch != epoch
    assert await held(journal) == []
    await journal.close()


async def test_damage_found_while_running_asks_to_be_opened_again(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def torn(*_: object) -> None:
        raise sqlite3.DatabaseError("database disk image is malformed")

    monkeypatch.setattr(JournalStore, "_insert", torn)
    with pytest.raises(JournalCorruptError, match="malformed"):
        await journal.append([draft("a")])
    assert journal.broken.is_set()
    assert (tmp_path / SUSPECT).exists()
    await journal.close()
    monkeypatch.undo()
    again = await Journal.open(tmp_path, "main", clock=lambda: NOW)
    assert again.quarantined is not None
    assert not (tmp_path / SUSPECT).exists()
    await again.close()


async def test_a_newer_file_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "journal.db") as db:
        db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(ConfigurationError, match="newer halld"):
        await Journal.open(tmp_path, "main", clock=lambda: NOW)


async def test_a_closed_journal_says_so(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path, "main", clock=lambda: NOW)
    await journal.close()
    await journal.close()
    with pytest.raises(JournalError, match="closed"):
        await journal.append([draft()])


def test_trimming_takes_what_is_acked_and_old_and_nothing_else(tmp_path: Path) -> None:
    store = JournalStore(tmp_path / "journal.db", "main")
    day = timedelta(days=1)
    with store.transaction():
        for age in (9, 8, 8, 6, 1):
            store.append([draft(str(age))], (NOW - age * day).timestamp())
        limit = (NOW - 7 * day).timestamp()
        assert store.trim(limit, 100) == 0  # nothing is acked
        store.set_acked(store.epoch, Lane.DESK, 2)
        assert store.trim(limit, 100) == 2
        store.set_acked(store.epoch, Lane.DESK, 5)
        assert store.trim(limit, 100) == 1
        assert store.span(store.epoch, Lane.DESK) == (4, 5)  # seven days are kept
    size = store.size()
    assert (size.count, size.unacked, size.oldest_at) == (2, 0, None)
    store.close()


def test_a_clock_that_jumped_leaves_no_hole(tmp_path: Path) -> None:
    store = JournalStore(tmp_path / "journal.db", "main")
    with store.transaction():
        for at in (1000.0, 9e9, 1000.0):
            store.append([draft()], at)
        store.set_acked(store.epoch, Lane.DESK, 3)
        assert store.trim(5000.0, 100) == 1
        assert store.span(store.epoch, Lane.DESK) == (2, 3)
    store.close()


def test_size_counts_what_waits_and_how_long(tmp_path: Path) -> None:
    store = JournalStore(tmp_path / "journal.db", "main")
    with store.transaction():
        store.append([draft(), draft()], 100.0)
        store.append([draft(lane=Lane.CLOCK)], 200.0)
        store.set_acked(store.epoch, Lane.DESK, 2)
    size = store.size()
    assert (size.count, size.unacked, size.oldest_at) == (3, 1, 200.0)
    assert size.size_bytes > 4096
    store.close()


Step = tuple[str, Lane, int]
ACTIONS = ("append", "ack", "trim", "leave", "fail")
STEPS = st.lists(
    st.tuples(st.sampled_from(ACTIONS), st.sampled_from(Lane), st.integers(1, 12)),
    max_size=25,
)


class Model:
    """What a journal must hold, whatever was done with it."""

    def __init__(self) -> None:
        self.written: dict[Lane, list[str]] = {lane: [] for lane in Lane}
        self.acked: dict[Lane, set[str]] = {lane: set() for lane in Lane}
        self._count = 0

    def take(self, store: JournalStore, step: Step) -> None:
        action, lane, number = step
        if action == "fail":
            with pytest.raises(MisuseError), store.transaction():
                store.append([draft("x", lane), draft("x" * 300_000, lane)], 0.0)
            return
        with store.transaction():
            getattr(self, f"_{action}")(store, lane, number)

    def _append(self, store: JournalStore, lane: Lane, number: int) -> None:
        names = [str(self._count + offset) for offset in range(number)]
        self._count += number
        self.written[lane] += names
        store.append([draft(name, lane) for name in names], 0.0)

    def _ack(self, store: JournalStore, lane: Lane, number: int) -> None:
        store.set_acked(store.epoch, lane, number)
        rows = store.rows(store.epoch, lane, 1, -1)
        self.acked[lane] |= set(keys([row for row in rows if row.sequence <= number]))

    def _trim(self, store: JournalStore, _lane: Lane, number: int) -> None:
        store.trim(1.0, number)

    def _leave(self, store: JournalStore, lane: Lane, number: int) -> None:
        epoch = store.epoch
        store.open_epoch()
        store.move(epoch, lane, number, 0.0)
        assert store.move(epoch, lane, number, 0.0) == []

    def check(self, store: JournalStore, lane: Lane) -> None:
        found: list[str] = []
        for track in store.tracks(lane):
            rows = store.rows(track.epoch, lane, 1, -1)
            first = rows[0].sequence if rows else 1
            assert [row.sequence for row in rows] == list(
                range(first, first + len(rows))
            )
            assert not rows or rows[-1].sequence == track.last
            assert all(self._is_in_place(row) for row in rows)
            found += keys(rows)
        assert len(found) == len(set(found))
        assert set(self.written[lane]) - self.acked[lane] <= set(found)
        assert set(found) <= set(self.written[lane])

    def _is_in_place(self, row: Row) -> bool:
        event = CloudEvent.from_json(json.loads(row.body))
        place = (event.place.epoch, event.place.lane, event.place.sequence)
        name = f"main:{row.epoch}:{row.lane}:{row.sequence}"
        return place == (row.epoch, row.lane, row.sequence) and event.id == name


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(STEPS)
def test_no_event_that_is_not_acked_is_ever_lost_or_doubled(
    tmp_path: Path, steps: list[Step]
) -> None:
    path = tmp_path / "journal.db"
    for file in tmp_path.glob("journal.db*"):
        file.unlink()
    model, store = Model(), JournalStore(path, "main")
    for step in steps:
        model.take(store, step)
    for lane in Lane:
        model.check(store, lane)
    store.close()
    store = JournalStore(path, "main")
    for lane in Lane:
        model.check(store, lane)
    store.close()


APPENDER = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from devices.events import Lane
from drivers.node.journal import Journal
from drivers.node.journal_rows import Draft

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

async def one(journal, number):
    for count in range(10**9):
        name = f"{number}-{count}"
        await journal.append([Draft(
            device="d", type="caller.key", lane=Lane.DESK, source="s", time=NOW,
            received=NOW, data={"key": name})],
            device="d", remember={str(number): name})
        print(name, flush=True)

async def main():
    journal = await Journal.open(Path(sys.argv[1]), "main", clock=lambda: NOW)
    await asyncio.gather(*(one(journal, number) for number in range(8)))

asyncio.run(main())
"""


@pytest.mark.parametrize("lines", [1, 50, 300])
def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path, lines: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", APPENDER, str(tmp_path)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        text=True,
    ) as process:
        assert process.stdout is not None
        told = [process.stdout.readline().strip() for _ in range(lines)]
        process.send_signal(signal.SIGKILL)
        told += [line.strip() for line in process.stdout if line.endswith("\n")]
    store = JournalStore(tmp_path / "journal.db", "main")
    rows = store.rows(store.epoch, Lane.DESK, 1, -1)
    names = keys(rows)
    assert set(told) <= set(names)
    assert len(names) == len(set(names))
    assert [row.sequence for row in rows] == list(range(1, len(rows) + 1))
    remembered = store.remembered()["d"]
    for number, name in remembered.items():
        mine = [found for found in names if found.startswith(f"{number}-")]
        assert mine[-1] == name
    store.close()
