"""The one writer: adaptive group commit on a thread of its own.

What arrived while the last commit ran goes into the next transaction, each job
in its savepoint; nothing ever waits for more to come.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from bridge.store.checkpoints import Checkpoints
from bridge.store.database import Database
from bridge.store.errors import StoreError

log = logging.getLogger(__name__)

Result = TypeVar("Result")


@dataclass(slots=True)
class Unit:
    """A job's part of a transaction.

    What is in `after` is called on the event loop after the commit, in the
    order of the jobs; nothing of it when the job fails.
    """

    connection: Connection
    after: list[Callable[[], None]] = field(default_factory=list)
    others_wait: Callable[[], bool] = lambda: False
    """Whether another job waits; a long one may end early and ask again."""

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """A savepoint: what raises within leaves no trace, effects included."""
        mark = len(self.after)
        try:
            with self.connection.begin_nested():
                yield
        except BaseException:
            del self.after[mark:]
            raise


@dataclass(slots=True)
class _Job:
    run: Callable[[Unit], Any]
    done: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None
    after: list[Callable[[], None]] = field(default_factory=list)


class Writer:
    """Runs jobs in order; `run` returns after the commit that holds the job.

    `reason` says why the last commit failed; empty when it worked. `fault` says
    which effect of a commit failed by a mistake of ours: what waits for it may
    be told wrong until the next start.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._jobs: deque[_Job] = deque()
        self._wake = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="store-writer")
        self._checkpoints = Checkpoints(database.path)
        self._loop = asyncio.get_running_loop()
        self.reason = ""
        self.fault = ""
        self.commits = 0

    async def __aenter__(self) -> Self:
        """Start the thread."""
        self._checkpoints.start()
        self._thread.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Finish what is queued, then stop."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        await asyncio.shield(asyncio.to_thread(self._end))

    def _end(self) -> None:
        self._thread.join()
        self._checkpoints.stop()

    async def run(self, job: Callable[[Unit], Result]) -> Result:
        """Run a job; its exceptions are raised here, and it left no trace then.

        Raises `StoreError` when the transaction could not be committed.
        """
        entry = _Job(job, self._loop.create_future())
        with self._wake:
            if self._stopping:
                raise StoreError("the store is closing")
            self._jobs.append(entry)
            self._wake.notify()
        result: Result = await entry.done
        return result

    def _work(self) -> None:
        connection: Connection | None = None
        while jobs := self._next():
            try:
                if connection is None:
                    connection = self._database.writer()
                self._commit(connection, jobs)
                self.reason = ""
                self.commits += 1
                self._checkpoints.committed()
            except Exception as error:  # noqa: BLE001 - fails these jobs, visibly
                self._failed(error)
                for job in jobs:
                    job.error = StoreError(self.reason)
                if connection is not None:
                    connection.close()
                    connection = None
            self._loop.call_soon_threadsafe(self._settle, jobs)
        if connection is not None:
            connection.close()

    def _failed(self, error: Exception) -> None:
        was_well = not self.reason
        self.reason = f"cannot write to {self._database.path}: {_words(error)}"
        if was_well:
            # What the disk says is plain enough; a bug is not.
            is_bug = not isinstance(error, OperationalError)
            log.log(
                logging.ERROR, "%s", self.reason, exc_info=error if is_bug else None
            )

    def _next(self) -> list[_Job]:
        """All queued jobs; none when there will be no more."""
        with self._wake:
            while not self._jobs and not self._stopping:
                self._wake.wait()
            jobs = list(self._jobs)
            self._jobs.clear()
            return jobs

    def _has_jobs(self) -> bool:
        return bool(self._jobs)

    def _commit(self, connection: Connection, jobs: list[_Job]) -> None:
        with connection.begin():
            for job in jobs:
                is_last = job is jobs[-1]
                unit = Unit(
                    connection,
                    others_wait=self._has_jobs if is_last else lambda: True,
                )
                try:
                    with connection.begin_nested():
                        job.result = job.run(unit)
                    job.after = unit.after
                except OperationalError as error:  # the disk's fault, not the job's
                    job.error = StoreError(f"cannot write: {_words(error)}")
                    if not _stands(connection):
                        raise  # with it went what the jobs before did
                except Exception as error:  # noqa: BLE001 - raised again in `run`
                    job.error = error

    def _settle(self, jobs: list[_Job]) -> None:
        """On the loop: the effects of each job, then its result."""
        for job in jobs:
            for effect in job.after if job.error is None else ():
                self._take_effect(effect)
            if job.done.done():
                continue
            if job.error is not None:
                job.done.set_exception(job.error)
            else:
                job.done.set_result(job.result)

    def _take_effect(self, effect: Callable[[], None]) -> None:
        try:
            effect()
        except Exception as error:  # a bug in one effect must not stop the others
            fault = f"an effect of a commit failed: {error!r}; start halld again"
            if fault != self.fault:
                log.exception("an effect of a commit failed")
            self.fault = fault


def _stands(connection: Connection) -> bool:
    """Whether the transaction is still there: SQLite drops it on a full disk."""
    return bool(getattr(connection.connection.dbapi_connection, "in_transaction", True))


def _words(error: Exception) -> str:
    """What the database said first: a lost savepoint only follows a full disk."""
    first: BaseException = error
    link: BaseException | None = error
    while link is not None:
        first = link if isinstance(link, OperationalError) else first
        link = link.__context__
    return str(first.orig) if isinstance(first, OperationalError) else str(error)
