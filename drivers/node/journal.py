"""The journal of a node: an event is on disk before anybody hears of it.

One thread owns the file. It commits what arrived while its last commit ran
(adaptive group commit), so that a single press waits for one fsync and a
thousand of them share it.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from bus.threads import in_daemon_thread
from devices.errors import DeviceError
from devices.events import Lane
from drivers.node.journal_rows import Draft, JournalError, Row
from drivers.node.journal_store import JournalStore

log = logging.getLogger(__name__)

Result = TypeVar("Result")

GROUP_LIMIT: Final = 256
"""Most jobs in one transaction."""
CHUNK: Final = 100
"""Most events of one job: a press never waits behind a whole backfill."""
REST_S: Final = 0.001
"""Between two chunks of a log the disk is there for others' commits."""
LOCK_PATIENCE_S: Final = 3.0
"""A node that is being restarted gets so long to let go of its journal."""
SUSPECT: Final = "suspect"
"""A file of this name makes the next opening put the journal aside."""


class JournalInUseError(DeviceError):
    """Another process runs this node on this data directory."""


class JournalCorruptError(JournalError):
    """The file is damaged; opening again puts it aside and begins a new one."""


@dataclass(slots=True)
class _Job(Generic[Result]):
    run: Callable[[JournalStore], Result]
    future: asyncio.Future[Result]
    publishes: bool = False
    result: Result | None = None
    error: Exception | None = None


Group = list[_Job[Any]]


@dataclass(slots=True)
class Journal:
    """An open journal. `committed` is called with rows in order, on the loop.

    `quarantined` is where a damaged predecessor was put when it was opened.
    """

    store: JournalStore
    lock: int
    clock: Callable[[], datetime]
    quarantined: Path | None = None
    committed: Callable[[Sequence[Row]], None] = lambda _rows: None
    places: Mapping[Lane, tuple[str, int]] = field(init=False)
    """The last place on disk of each lane: (epoch, sequence)."""
    broken: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the file turned out to be damaged: it must be opened again."""
    _jobs: queue.SimpleQueue[_Job[Any] | None] = field(
        default_factory=queue.SimpleQueue
    )
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    _closing: bool = False

    def __post_init__(self) -> None:
        self.places = self.store.places()

    @classmethod
    async def open(
        cls,
        directory: Path,
        node: str,
        *,
        clock: Callable[[], datetime],
        patience_s: float | None = None,
    ) -> Journal:
        """Lock the directory and open its journal, or a new one.

        Raises `JournalInUseError`. A damaged file is kept aside.
        """
        patience = LOCK_PATIENCE_S if patience_s is None else patience_s
        lock = await _lock(_lock_file(directory), directory, patience)
        try:
            store, aside = await in_daemon_thread(
                lambda: _open_store(directory, node, clock()),
                name="journal-open",
                discard=lambda opened: opened[0].close(),
            )
        except BaseException:
            os.close(lock)
            raise
        journal = cls(store, lock, clock, aside)
        threading.Thread(target=journal._write, name="journal", daemon=True).start()
        return journal

    async def append(
        self,
        drafts: Sequence[Draft],
        *,
        device: str = "",
        remember: Mapping[str, Any] | None = None,
    ) -> None:
        """Journal events; returns when they are on disk.

        `remember` is kept for `device` in the transaction of the last of them.
        Raises `JournalError`, or `MisuseError` for an event too big to travel.
        """
        for chunk, is_last in _chunks(drafts):
            await self._append(chunk, device, remember if is_last else None)
            if not is_last:
                await asyncio.sleep(REST_S)

    async def call(self, work: Callable[[JournalStore], Result]) -> Result:
        """Run `work` on the store, within a transaction of the writer's thread."""
        return await self._submit(work, publishes=False)

    async def rows(self, epoch: str, lane: Lane, first: int, limit: int) -> list[Row]:
        """A page of events, in order."""
        return await self.call(lambda store: store.rows(epoch, lane, first, limit))

    async def close(self) -> None:
        """Finish what was handed over, close the file and unlock it."""
        if self._closing:
            return
        self._closing = True
        closed: asyncio.Future[None] = self._loop.create_future()
        self._jobs.put(_Job(lambda _store: None, closed))
        self._jobs.put(None)
        with suppress(JournalError):
            await closed
        await in_daemon_thread(self.store.close, name="journal-close")
        os.close(self.lock)

    async def _append(
        self, drafts: Sequence[Draft], device: str, remember: Mapping[str, Any] | None
    ) -> None:
        at = self.clock().timestamp()

        def work(store: JournalStore) -> list[Row]:
            rows = store.append(drafts, at)
            if remember:
                store.remember(device, remember)
            return rows

        await self._submit(work, publishes=True)

    async def _submit(
        self, work: Callable[[JournalStore], Result], *, publishes: bool
    ) -> Result:
        if self._closing:
            raise JournalError("the journal is closed: the node is stopping")
        future: asyncio.Future[Result] = self._loop.create_future()
        self._jobs.put(_Job(work, future, publishes))
        return await future

    # The writer's thread

    def _write(self) -> None:
        is_open = True
        while is_open:
            group, is_open = self._next_group()
            if group:
                self._commit(group)
                with suppress(RuntimeError):  # the loop is gone: so is who waited
                    self._loop.call_soon_threadsafe(self._deliver, group)

    def _next_group(self) -> tuple[Group, bool]:
        group: Group = []
        job = self._jobs.get()
        while job is not None:
            group.append(job)
            if len(group) >= GROUP_LIMIT:
                return group, True
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return group, True
        return group, False

    def _commit(self, group: Group) -> None:
        try:
            with self.store.transaction():
                for job in group:
                    job.result = job.run(self.store)
            self.places = self.store.places()
        except Exception as error:  # noqa: BLE001 - handed to whoever waits
            if len(group) == 1:
                group[0].result, group[0].error = None, error
                return
            # One bad job must not spoil the others: each alone.
            for job in group:
                self._commit([job])

    # Back on the loop

    def _deliver(self, group: Group) -> None:
        rows = [row for job in group if job.publishes for row in job.result or ()]
        if rows:
            self.committed(rows)
        for job in group:
            if job.future.done():
                continue
            if job.error is not None:
                job.future.set_exception(self._explained(job.error))
            else:
                job.future.set_result(job.result)

    def _explained(self, error: Exception) -> Exception:
        if not isinstance(error, sqlite3.Error):
            return error
        if isinstance(error, sqlite3.OperationalError):
            return JournalError(f"cannot write {self.store.path}: {error}")
        self.store.path.with_name(SUSPECT).touch()
        self.broken.set()
        return JournalCorruptError(f"{self.store.path} is damaged: {error}")


def _chunks(drafts: Sequence[Draft]) -> Iterator[tuple[Sequence[Draft], bool]]:
    for start in range(0, max(len(drafts), 1), CHUNK):
        yield drafts[start : start + CHUNK], start + CHUNK >= len(drafts)


def _lock_file(directory: Path) -> int:
    directory.mkdir(parents=True, exist_ok=True)
    return os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)


async def _lock(lock: int, directory: Path, patience_s: float) -> int:
    loop = asyncio.get_running_loop()
    end = loop.time() + patience_s
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if loop.time() >= end:
                os.close(lock)
                raise JournalInUseError(
                    f"another process runs this node on {directory}; end it first, "
                    "or give this one another --data or --node"
                ) from error
        except BaseException:
            os.close(lock)
            raise
        else:
            return lock
        try:
            await asyncio.sleep(0.05)
        except BaseException:
            os.close(lock)
            raise


def _open_store(
    directory: Path, node: str, now: datetime
) -> tuple[JournalStore, Path | None]:
    path = directory / "journal.db"
    suspect = directory / SUSPECT
    aside: Path | None = None
    if suspect.exists():
        aside = _put_aside(path, now)
        suspect.unlink()
    try:
        return JournalStore(path, node), aside
    except sqlite3.OperationalError as error:
        raise JournalError(f"cannot open {path}: {error}") from error
    except sqlite3.DatabaseError as error:
        log.exception("%s is damaged: %s", path, error)  # noqa: TRY401 - the cause
        aside = _put_aside(path, now)
        return JournalStore(path, node), aside


def _put_aside(path: Path, now: datetime) -> Path:
    stamp = now.strftime("%Y%m%dT%H%M%S")
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.damaged-{stamp}-{number}")
    for tail in ("-wal", "-shm", ""):
        with suppress(FileNotFoundError):
            path.with_name(path.name + tail).rename(aside.with_name(aside.name + tail))
    return aside
