"""The write-ahead log is copied beside the writer, and does not grow for ever."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import insert, text

from bridge.store import checkpoints
from bridge.store.checkpoints import Checkpoints
from bridge.store.database import Database
from bridge.store.tables import meta
from bridge.store.writer import Unit, Writer


async def write(writer: Writer, key: str) -> None:
    def job(unit: Unit) -> None:
        unit.connection.execute(insert(meta).values(key=key, value="x" * 20_000))

    await writer.run(job)


async def test_the_log_is_copied_once_it_is_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "BEGIN_BYTES", 200_000)
    monkeypatch.setattr(checkpoints, "REST_S", 0.0)
    database = Database(tmp_path).open()
    file, log = database.path, tmp_path / "hall.db-wal"
    try:
        async with Writer(database) as writer, asyncio.timeout(30):
            number = 0
            while file.stat().st_size < 400_000 or log.stat().st_size > 200_000:
                await write(writer, f"key-{number}")
                number += 1
            assert writer.commits == number
            rows = await database.read(
                lambda db: db.execute(text("SELECT count(*) FROM meta")).scalar_one()
            )
            assert rows == number + 1  # with the store's own id
    finally:
        database.close()


async def test_a_small_log_is_left_alone(tmp_path: Path) -> None:
    database = Database(tmp_path).open()
    try:
        async with Writer(database) as writer:
            before = database.path.stat().st_size
            for number in range(10):
                await write(writer, f"key-{number}")
            assert database.path.stat().st_size == before
    finally:
        database.close()


def test_what_cannot_be_copied_is_told_once_and_tried_again(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(checkpoints, "BEGIN_BYTES", 0)
    monkeypatch.setattr(checkpoints, "REST_S", 0.0)
    path = tmp_path / "hall.db"
    path.write_bytes(b"no database at all" * 100)
    (tmp_path / "hall.db-wal").touch()
    tried: list[None] = []
    copy = Checkpoints._copy

    def counted(self: Checkpoints) -> None:
        tried.append(None)
        copy(self)

    monkeypatch.setattr(Checkpoints, "_copy", counted)
    own = Checkpoints(path)
    own.start()
    while len(tried) < 3:
        own.committed()
    path.unlink()
    sqlite3.connect(path).close()
    while not own.done:
        own.committed()
    own.stop()
    assert caplog.text.count("cannot copy") == 1
