"""Long work beside the event loop: in a process that comes and goes."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing import resource_tracker
from typing import Final, TypeVar

from bus.broker import die_with_parent

Result = TypeVar("Result")

IDLE_S: Final = 20.0
"""A process that had nothing to do for so long is ended: it costs memory."""


class Workers:
    """One process for long work; made when it is needed, gone when it is not."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._busy = 0
        self._ending: asyncio.TimerHandle | None = None

    async def run(self, work: Callable[..., Result], *arguments: object) -> Result:
        """Run a function of a module in the process; tries once more if it dies."""
        self._busy += 1
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None
        loop = asyncio.get_running_loop()
        try:
            with suppress(BrokenProcessPool):
                return await self._begin(work, *arguments)
            self._end()
            return await self._begin(work, *arguments)
        finally:
            self._busy -= 1
            if not self._busy:
                self._ending = loop.call_later(IDLE_S, self._end)

    def close(self) -> None:
        """End the process now."""
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None
        self._end()

    def _begin(
        self, work: Callable[..., Result], *arguments: object
    ) -> asyncio.Future[Result]:
        """Hand work over; a process that begins has SIGINT blocked from the first.

        It would end with a traceback if one came before it can ignore it.
        """
        loop = asyncio.get_running_loop()
        resource_tracker.ensure_running()  # it unblocks the signal when it begins
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return loop.run_in_executor(self._ready(), work, *arguments)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _ready(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                max_workers=1,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_prepare,
            )
        return self._pool

    def _end(self) -> None:
        self._ending = None
        pool, self._pool = self._pool, None
        if pool is None:
            return
        for process in list(pool._processes.values()):  # noqa: SLF001 - no other way to end work that runs
            process.terminate()
        pool.shutdown(wait=False, cancel_futures=True)


def _prepare() -> None:
    """Die with the hall; a signal to the whole group is its business."""
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
