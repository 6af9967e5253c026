"""What a journal knows of the numbers that it may have given anew."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from devices.events import Lane
from drivers.node.journal_rows import Draft
from drivers.node.journal_store import JournalStore

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def draft() -> Draft:
    return Draft(
        device="bus-1",
        type="caller.key",
        lane=Lane.DESK,
        source="urn:halld:t:dev:bus-1",
        time=NOW,
        received=NOW,
        data={"key": "call"},
    )


def doubtful_from(store: JournalStore) -> int | None:
    (track,) = store.tracks(Lane.DESK)
    return track.doubtful_from


def test_what_was_journalled_since_the_bridge_was_heard_is_remembered(
    tmp_path: Path,
) -> None:
    path = tmp_path / "journal.db"
    store = JournalStore(path, "main")
    with store.transaction():
        store.append([draft(), draft()], 0.0)
    assert doubtful_from(store) is None  # the epoch began in this run
    store.close()
    for _ in range(2):  # two runs without a bridge
        store = JournalStore(path, "main")
        with store.transaction():
            store.append([draft()], 0.0)
        assert doubtful_from(store) == 3
        store.close()
    store = JournalStore(path, "main")
    with store.transaction():
        store.trust(store.epoch, Lane.DESK)
    with store.transaction():
        store.append([draft()], 0.0)
    assert doubtful_from(store) is None
    store.close()
    store = JournalStore(path, "main")
    assert doubtful_from(store) == 6
    store.close()


def test_a_file_of_before_this_was_remembered_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    store = JournalStore(path, "main")
    with store.transaction():
        store.append([draft(), draft(), draft()], 0.0)
        store.set_acked(store.epoch, Lane.DESK, 2)
    store.close()
    with sqlite3.connect(path) as db:
        db.execute("ALTER TABLE lane DROP COLUMN sure")
    db.close()
    for _ in range(2):
        store = JournalStore(path, "main")
        assert doubtful_from(store) == 3
        store.close()
