from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, insert, select, text

from bridge.store.bulk import insert_many
from bridge.store.database import HEAD, MIGRATIONS, Database, build, migrate
from bridge.store.errors import StoreCorruptError, StoreError, StoreInUseError
from bridge.store.tables import change, meta, metadata, number_sequence


def shape(engine: Engine) -> tuple[set[str], dict[str, set[str]]]:
    """Tables with their columns and indexes, as SQLite keeps them."""
    with engine.connect() as connection:
        indexes = connection.execute(
            text("SELECT name FROM sqlite_master WHERE type = 'index'")
        ).scalars()
        tables = connection.execute(
            text("SELECT name FROM sqlite_master WHERE type = 'table'")
        ).scalars()
        return set(indexes), {
            name: {
                str(tuple(row)[1:4])
                for row in connection.execute(text(f'PRAGMA table_info("{name}")'))
            }
            for name in tables
        }


def test_migrations_and_tables_agree(tmp_path: Path) -> None:
    migrated = create_engine(f"sqlite:///{tmp_path / 'migrated.db'}")
    built = create_engine(f"sqlite:///{tmp_path / 'built.db'}")
    migrate(migrated)
    build(built)
    with migrated.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == HEAD
    with built.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == HEAD
    assert shape(built) == shape(migrated)
    migrated.dispose()
    built.dispose()


def test_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_the_store_keeps_its_id(tmp_path: Path) -> None:
    first = Database(tmp_path / "a").open()
    first.close()
    again = Database(tmp_path / "a").open()
    again.close()
    other = Database(tmp_path / "b").open()
    other.close()
    assert uuid.UUID(first.store_id).version == 4
    assert again.store_id == first.store_id != other.store_id


def test_what_is_committed_is_on_disk(tmp_path: Path) -> None:
    database = Database(tmp_path).open()
    try:
        with database.writer() as connection:
            found = {
                name: connection.execute(text(f"PRAGMA {name}")).scalar_one()
                for name in ("journal_mode", "synchronous", "foreign_keys")
            }
        assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    finally:
        database.close()


def test_two_never_share_a_store(tmp_path: Path) -> None:
    first = Database(tmp_path).open()
    try:
        with pytest.raises(StoreInUseError, match="another halld"):
            Database(tmp_path).open()
    finally:
        first.close()
    Database(tmp_path).open().close()


@pytest.mark.parametrize("damage", [b"", b"no database at all" * 100])
def test_a_damaged_store_is_refused_and_left_alone(
    tmp_path: Path, damage: bytes
) -> None:
    database = Database(tmp_path).open()
    database.close()
    for path in tmp_path.glob("hall.db*"):
        path.unlink()
    database.path.write_bytes(damage)
    with pytest.raises(StoreCorruptError, match="restore a backup"):
        Database(tmp_path).open()
    assert database.path.read_bytes() == damage


def test_damage_in_the_middle_is_found(tmp_path: Path) -> None:
    database = Database(tmp_path).open()
    with database.writer() as connection, connection.begin():
        rows = [
            {"service": f"s{n}", "day": "2026-03-02", "last": n} for n in range(5000)
        ]
        insert_many(connection, number_sequence, rows)
    database.close()
    body = bytearray(database.path.read_bytes())
    middle = len(body) // 2 // 4096 * 4096
    body[middle : middle + 4096] = b"\xa5" * 4096
    database.path.write_bytes(bytes(body))
    with pytest.raises(StoreCorruptError):
        Database(tmp_path).open()


def test_a_creation_that_was_cut_short_starts_again(tmp_path: Path) -> None:
    (tmp_path / "new.db").write_bytes(b"half a database")
    database = Database(tmp_path).open()
    database.close()
    assert database.store_id


async def test_readers_see_one_moment_and_never_block(tmp_path: Path) -> None:
    database = Database(tmp_path).open()
    try:
        with database.writer() as connection, connection.begin():
            connection.execute(insert(meta).values(key="a", value="1"))
            # Not committed: a reader neither waits for it nor sees it.
            query = select(meta.c.value).where(meta.c.key == "a")
            unseen = await database.read(lambda db: db.execute(query).scalar())
            assert unseen is None
        assert await database.read(lambda db: db.execute(query).scalar()) == "1"
    finally:
        database.close()


def test_ids_of_changes_are_never_given_twice(tmp_path: Path) -> None:
    database = Database(tmp_path).open()
    row = {"kind": "ticket", "area": None, "data": "{}"}
    sql = text(
        "INSERT INTO change (kind, area, data, at) VALUES (:kind, :area, :data, 0)"
    )
    try:
        with database.writer() as connection, connection.begin():
            connection.execute(sql, [row, row, row])
            connection.execute(change.delete())
            connection.execute(sql, row)
            assert connection.execute(select(change.c.id)).scalar_one() == 4
    finally:
        database.close()


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 125])
def test_many_rows_arrive_as_they_were(tmp_path: Path, count: int) -> None:
    database = Database(tmp_path).open()
    rows = [{"service": f"s{n}", "day": "d", "last": n} for n in range(count)]
    try:
        with database.writer() as connection, connection.begin():
            insert_many(connection, number_sequence, rows)
            found = connection.execute(select(number_sequence)).mappings().all()
            assert sorted(found, key=lambda row: row["last"]) == rows
    finally:
        database.close()


def test_a_full_disk_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(engine: Engine) -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1")
            connection.exec_driver_sql("CREATE TABLE large AS SELECT zeroblob(99999)")

    with monkeypatch.context() as patch:
        patch.setattr("bridge.store.database.build", fill)
        with pytest.raises(StoreError, match="disk is full") as failure:
            Database(tmp_path).open()
    assert type(failure.value) is StoreError
    Database(tmp_path).open().close()
