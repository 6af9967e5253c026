"""Blocking calls beside the event loop that never hold up the program's end."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")


async def in_daemon_thread(
    work: Callable[[], Result],
    *,
    name: str,
    discard: Callable[[Result], object] | None = None,
) -> Result:
    """Run `work` in a thread of its own, as daemon.

    asyncio's executor joins its threads when the loop ends, so a name server
    that does not answer would hold up a shutdown; this does not. When the
    caller is cancelled, or its loop ends, a result that it does not get goes
    to `discard`, in whatever thread notices; also one that was there already
    while the caller's turn had not come.
    """
    handover = _Handover(discard)
    thread = threading.Thread(target=handover.do, args=(work,), name=name, daemon=True)
    thread.start()
    return await handover.taken()


class _Handover(Generic[Result]):
    """A thread's result on its way to the one who waits for it on the loop."""

    def __init__(self, discard: Callable[[Result], object] | None) -> None:
        self._discard = discard
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._results: deque[Result] = deque()
        self._given_up = threading.Event()

    def do(self, work: Callable[[], Result]) -> None:
        """The thread's part."""
        try:
            self._results.append(work())
        except BaseException as error:  # noqa: BLE001 - handed to the caller
            self._tell(error)
        else:
            self._tell(None)
        if self._given_up.is_set():
            self._drop()

    async def taken(self) -> Result:
        """The caller's part; raises what `work` raised."""
        try:
            await self._ended
        except BaseException:
            self._given_up.set()
            self._drop()
            raise
        return self._results.pop()

    def _tell(self, failure: BaseException | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._wake, failure)
        except RuntimeError:  # the loop is closed: nobody waits any more
            self._given_up.set()

    def _wake(self, failure: BaseException | None) -> None:
        if self._ended.done():
            return
        if failure is None:
            self._ended.set_result(None)
        else:
            self._ended.set_exception(failure)

    def _drop(self) -> None:
        try:
            result = self._results.pop()  # atomic: one of the threads gets it
        except IndexError:
            return
        if self._discard is not None:
            self._discard(result)
