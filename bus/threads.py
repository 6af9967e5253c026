"""Blocking calls beside the event loop that never hold up the program's end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

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
    caller is cancelled meanwhile, a result that comes late goes to `discard`.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def drop(result: Result) -> None:
        if discard is not None:
            discard(result)

    def deliver(result: Result) -> None:
        if future.done():
            drop(result)
        else:
            future.set_result(result)

    def fail(error: BaseException) -> None:
        if not future.done():
            future.set_exception(error)

    def body() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - handed to the caller
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(fail, error)
            return
        try:
            loop.call_soon_threadsafe(deliver, result)
        except RuntimeError:  # the loop is closed: nobody waits any more
            drop(result)

    threading.Thread(target=body, name=name, daemon=True).start()
    return await future
