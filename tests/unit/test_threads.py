"""What a thread made reaches the caller or is let go of: never neither, nor both."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress

import pytest

from bus.threads import in_daemon_thread

NAME = "made-beside"


class Maker:
    """Makes one thing when it is let, and knows what was let go of."""

    def __init__(self) -> None:
        self.may = threading.Event()
        self.discarded: list[str] = []

    def __call__(self) -> str:
        self.may.wait(10)
        return "socket"

    async def result(self) -> str:
        """What the thread made."""
        return await in_daemon_thread(self, name=NAME, discard=self.discarded.append)

    def finish(self) -> None:
        """Let the thread end while the loop stands still."""
        threads = [each for each in threading.enumerate() if each.name == NAME]
        self.may.set()
        for thread in threads:
            thread.join(10)


async def test_the_result_is_the_callers() -> None:
    maker = Maker()
    maker.may.set()
    assert await maker.result() == "socket"
    assert maker.discarded == []


async def test_an_error_is_the_callers() -> None:
    def fails() -> None:
        raise OSError("no such host")

    with pytest.raises(OSError, match="no such host"):
        await in_daemon_thread(fails, name=NAME)


@pytest.mark.parametrize("turns", range(4))
async def test_a_cancelled_caller_leaves_nothing_behind(turns: int) -> None:
    """Also when the result is there already and only the caller's turn is missing."""
    maker = Maker()
    waiting = asyncio.create_task(maker.result())
    await asyncio.sleep(0)
    maker.finish()
    for _ in range(turns):
        await asyncio.sleep(0)
    waiting.cancel()
    got = ""
    with suppress(asyncio.CancelledError):
        got = await waiting
    assert [got, *maker.discarded] in (["socket"], ["", "socket"])


async def test_what_comes_after_the_cancelling_is_let_go_of() -> None:
    maker = Maker()
    waiting = asyncio.create_task(maker.result())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    maker.finish()
    await asyncio.sleep(0)
    assert maker.discarded == ["socket"]


@pytest.mark.parametrize("turns", range(3))
def test_a_loop_that_ends_meanwhile_leaves_nothing_behind(turns: int) -> None:
    maker = Maker()
    loop = asyncio.new_event_loop()
    coroutine = maker.result()

    def step() -> None:
        loop.call_soon(loop.stop)
        loop.run_forever()

    waiting = loop.create_task(coroutine)
    step()
    maker.finish()
    for _ in range(turns):
        step()
    loop.close()
    if not waiting.done():
        coroutine.close()
        waiting._log_destroy_pending = False  # type: ignore[attr-defined]
    made = [waiting.result()] if waiting.done() else []
    assert [*made, *maker.discarded] == ["socket"]
