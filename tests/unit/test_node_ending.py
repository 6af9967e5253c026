"""How a node's devices end."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from drivers.node.running import _end


async def test_a_device_that_missed_its_end_is_told_again() -> None:
    told = 0

    async def deaf_once() -> None:
        nonlocal told
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        told += 1
        await asyncio.Event().wait()

    task = asyncio.create_task(deaf_once())
    await asyncio.sleep(0)
    await _end({task})
    assert told == 1
    assert task.cancelled()


async def test_nothing_to_end_is_fine() -> None:
    await _end(set())
