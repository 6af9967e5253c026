"""Checkpoints beside the writer: a commit never waits for one.

SQLite copies its write-ahead log into the database within a commit, once the
log has grown; a press in that commit would wait for all of it.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

BEGIN_BYTES: Final = 16 * 1024 * 1024
"""Size of the write-ahead log from which on it is copied.

The more of it at once, the fewer pages twice: a copy takes the disk from commits.
"""
BACKSTOP_PAGES: Final = 16_384
"""Where a writer that never rests copies it itself: 64 MiB."""
REST_S: Final = 0.1


class Checkpoints:
    """A thread that copies what was committed. `start`, then `stop` once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log_path = path.with_name(path.name + "-wal")
        self._committed = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="store-checkpoints")
        self.done = 0
        """How often the log was copied."""

    def start(self) -> None:
        """Begin to look after the log."""
        self._thread.start()

    def committed(self) -> None:
        """A commit was made; called on any thread, never waits."""
        self._committed.set()

    def stop(self) -> None:
        """End the thread; waits for a copy that runs."""
        self._stopping.set()
        self._committed.set()
        self._thread.join()

    def _work(self) -> None:
        is_well = True
        while not self._stopping.is_set():
            self._committed.wait()
            self._committed.clear()
            if not self._is_due():
                continue
            try:
                self._copy()
            except sqlite3.Error as error:
                # The writer meets the same disk and tells; the log waits meanwhile.
                if is_well:
                    log.warning("cannot copy %s: %s", self._log_path, error)
                is_well = False
            else:
                is_well = True
                self.done += 1
            self._stopping.wait(REST_S)

    def _is_due(self) -> bool:
        try:
            return self._log_path.stat().st_size >= BEGIN_BYTES
        except FileNotFoundError:
            return False

    def _copy(self) -> None:
        with closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
