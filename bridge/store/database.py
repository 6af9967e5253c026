"""Opening the store: lock, database file, migrations, connections."""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, insert, select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import QueuePool

from bridge.store.checkpoints import BACKSTOP_PAGES
from bridge.store.errors import StoreCorruptError, StoreError, StoreInUseError
from bridge.store.tables import meta, metadata

MIGRATIONS: Final = Path(__file__).parent / "migrations"
HEAD: Final = "0006"
"""The newest migration; a test holds it against the scripts."""
_VERSION_TABLE: Final = (
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
    "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)
"""As Alembic makes it."""
READERS: Final = 4
CHECK_BELOW_BYTES: Final = 64 * 1024 * 1024
"""Databases up to this size are checked whole when they are opened."""

Result = TypeVar("Result")


class Database:
    """The store of one hall, opened for this process alone.

    `writer` is a connection for the one writer; readers get their own.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock: int | None = None
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")
        self.path = directory / "hall.db"
        self.store_id = ""
        self._writing = _engine(self.path, begin="BEGIN IMMEDIATE")
        self._reading = _engine(self.path, begin="BEGIN")

    def open(self) -> Self:
        """Lock, create or migrate, and check.

        Raises `StoreInUseError`, `StoreCorruptError` or `StoreError`.
        """
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            self._take_lock()
            if not self.path.exists():
                self._create()
            self._check()
            migrate(self._writing)
            with self._writing.begin() as connection:
                self.store_id = _store_id(connection)
        except (DatabaseError, sqlite3.DatabaseError) as error:
            self.close()
            cause = error.__cause__ or error
            if getattr(cause, "sqlite_errorname", "") == "SQLITE_FULL":
                raise StoreError(f"cannot write to {self.path}: {cause}") from error
            raise StoreCorruptError(
                f"{self.path} cannot be used: {cause}; "
                "restore a backup, or move the file away to start "
                "with an empty hall"
            ) from error
        except OSError as error:
            self.close()
            raise StoreError(f"cannot open {self._directory}: {error}") from error
        except BaseException:
            self.close()
            raise
        return self

    def writer(self) -> Connection:
        """A connection that may write; for one thread at a time."""
        return self._writing.connect()

    async def read(self, query: Callable[[Connection], Result]) -> Result:
        """Run a query on a thread, in a read transaction of its own."""

        def run() -> Result:
            with self._reading.begin() as connection:
                return query(connection)

        return await asyncio.get_running_loop().run_in_executor(self._pool, run)

    def read_now(self, query: Callable[[Connection], Result]) -> Result:
        """Run a query on this thread; for the start, not for the event loop."""
        with self._reading.begin() as connection:
            return query(connection)

    def close(self) -> None:
        """Close every connection and give the lock back."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._reading.dispose()
        self._writing.dispose()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _take_lock(self) -> None:
        lock = os.open(self._directory / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise StoreInUseError(
                f"another halld has {self._directory} open; stop it, or give --data "
                "another directory"
            ) from error
        self._lock = lock

    def _create(self) -> None:
        """Make the database aside, then give it its name: an empty file is damage."""
        draft = self.path.with_name("new.db")
        for leaf in ("new.db", "new.db-wal", "new.db-shm"):
            self.path.with_name(leaf).unlink(missing_ok=True)
        engine = _engine(draft, begin="BEGIN IMMEDIATE")
        try:
            build(engine)
            with engine.begin() as connection:
                connection.execute(
                    insert(meta).values(key="store", value=str(uuid.uuid4()))
                )
        finally:
            engine.dispose()
        _sync(draft)
        draft.rename(self.path)
        _sync(self._directory)

    def _check(self) -> None:
        if self.path.stat().st_size == 0:
            raise StoreCorruptError(
                f"{self.path} is empty; restore a backup, or move "
                "the file away to start with an empty hall"
            )
        if self.path.stat().st_size > CHECK_BELOW_BYTES:
            return
        with self._reading.connect() as connection:
            found = connection.execute(text("PRAGMA quick_check(1)")).scalar_one()
        if found != "ok":
            raise StoreCorruptError(
                f"{self.path} is damaged: {found}; restore a backup"
            )


@contextmanager
def open_for_reading(path: Path) -> Iterator[Connection]:
    """A store's database for reading alone, in one transaction; the hall may run.

    Raises `StoreError` when there is none or another version made it.
    """
    if not path.is_file():
        raise StoreError(f"there is no store at {path}; has a hall run there?")
    engine = _engine(path, begin="BEGIN")
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql("PRAGMA query_only=ON")
            if (found := _revision(connection)) != HEAD:
                raise StoreError(
                    f"{path} is of another version ({found}); run the hall once "
                    "with this one"
                )
            yield connection
    except (DatabaseError, sqlite3.DatabaseError) as error:
        raise StoreError(
            f"{path} cannot be read: {error.__cause__ or error}"
        ) from error
    finally:
        engine.dispose()


def build(engine: Engine) -> None:
    """Make all tables of the newest migration in an empty database.

    A test holds them against what the migrations make: those take their time, and
    a new hall should not wait for its own history.
    """
    with engine.begin() as connection:
        metadata.create_all(connection)
        connection.execute(text(_VERSION_TABLE))
        connection.execute(
            text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD}
        )


def migrate(engine: Engine) -> None:
    """Bring a database to the newest migration."""
    with engine.begin() as connection:
        if _revision(connection) == HEAD:
            return
        # Slow to import, and needed only when the tables change.
        from alembic import command  # noqa: PLC0415
        from alembic.config import Config  # noqa: PLC0415

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    known = connection.dialect.has_table(connection, "alembic_version")
    if not known:
        return None
    return connection.execute(
        text("SELECT version_num FROM alembic_version")
    ).scalar_one_or_none()


def _store_id(connection: Connection) -> str:
    found = connection.execute(
        select(meta.c.value).where(meta.c.key == "store")
    ).scalar_one_or_none()
    if found is None:
        raise StoreCorruptError("the database has no store id; restore a backup")
    return str(found)


def _engine(path: Path, *, begin: str) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=QueuePool,
        pool_size=READERS + 1,
        connect_args={"check_same_thread": False, "timeout": 30.0},
    )

    @event.listens_for(engine, "connect")
    def connected(raw: sqlite3.Connection, _record: Any) -> None:
        raw.isolation_level = None  # transactions are begun below, by name
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "busy_timeout=30000",
            "cache_size=-16000",
            f"wal_autocheckpoint={BACKSTOP_PAGES}",
            "journal_size_limit=0",  # its size then tells what waits in it
        ):
            raw.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
