"""A long log on its way into the store, and who comes meanwhile."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select
from support.bridges import Clock, running_hall
from support.intakes import Giver

from bridge.mqtt.arrivals import SLICE, Arrival
from bridge.mqtt.inbox import Inbox
from bridge.service.hall import Hall
from bridge.service.intake import Intake, Outcome
from bridge.service.work import Work
from bridge.store.tables import meta, punch, rating
from devices.commands import Ack, Reply, ReplyStatus
from devices.events import EventType, Lane

ROWS = 10 * SLICE


class Nodes:
    """Nodes that only keep what they are told."""

    def __init__(self) -> None:
        self.acks: list[tuple[str, int]] = []
        self.told = asyncio.Event()

    def acknowledge(self, node: str, lane: str, ack: Ack) -> None:
        del node
        self.acks.append((lane, ack.sequence))
        self.told.set()

    async def ask_node(
        self, node: str, name: str, args: Mapping[str, Any], timeout_s: float
    ) -> Reply:
        del node, name, args, timeout_s
        return Reply(id="1", status=ReplyStatus.OK)

    def pause_reading(self) -> None:
        raise AssertionError("nothing is too much here")

    def resume_reading(self) -> None:
        raise AssertionError("nothing was too much here")

    async def until(self, *ack: object) -> None:
        """Wait for an ack."""
        async with asyncio.timeout(30):
            while ack not in self.acks:
                self.told.clear()
                await self.told.wait()


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with running_hall(tmp_path, Clock()) as hall:
        yield hall


def log(giver: Giver) -> Arrival:
    """A clock's log of `ROWS` rows in one message."""
    events = []
    for number in range(ROWS):
        time = giver.hall.now() - timedelta(minutes=ROWS - number)
        name = ("urn:halld:test:zk:OGT1", f"{number % 7}:{time:%Y%m%dT%H%M%S}")
        data = {"user_id": str(number % 7), "raw": "00"}
        event = giver.event(
            EventType.ATTENDANCE_PUNCH,
            data,
            time=time,
            device="clock-1",
            identity=name,
        )
        events.append(event.encode())
    return Arrival("clock-1", b"[" + b",".join(events) + b"]")


def press(giver: Giver) -> Arrival:
    """A press on an evaluator."""
    data = {"counter": "w1", "value": 4, "key": 3, "address": 1, "raw": "00"}
    return Arrival("bus-1", giver.event(EventType.RATING_PRESS, data).encode())


@pytest.fixture
def in_the_first_slice(
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[Callable[[], None]], None]:
    """Have something happen while the first part of a log is being stored."""
    take = Intake.take

    def have(act: Callable[[], None]) -> None:
        pending = [act]

        def taken(*args: Any) -> Outcome:
            if pending:
                pending.pop()()
            return take(*args)

        monkeypatch.setattr(Intake, "take", taken)

    return have


async def counted(hall: Hall) -> tuple[int, int]:
    """Punches and ratings that are committed."""
    return await hall.read(
        lambda db: (
            db.execute(select(func.count()).select_from(punch)).scalar_one(),
            db.execute(select(func.count()).select_from(rating)).scalar_one(),
        )
    )


async def run_until(inbox: Inbox, nodes: Nodes, *ack: object) -> None:
    running = asyncio.create_task(inbox.run())
    await nodes.until(*ack)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_press_goes_before_the_rest_of_a_log(
    hall: Hall, in_the_first_slice: Callable[[Callable[[], None]], None]
) -> None:
    giver, nodes = Giver(hall), Nodes()
    inbox = Inbox(hall, nodes)
    inbox.put(Lane.CLOCK, log(giver))
    in_the_first_slice(lambda: inbox._arrivals.put(Lane.DESK, press(giver)))
    await run_until(inbox, nodes, "clock", ROWS)
    clock, desk = ("clock", SLICE), ("desk", 1)
    order = [ack for ack in dict.fromkeys(nodes.acks) if ack in {clock, desk}]
    assert order == [clock, desk]
    assert nodes.acks.index(desk) < nodes.acks.index(("clock", ROWS))
    assert await counted(hall) == (ROWS, 1)


async def test_another_job_goes_before_the_rest_of_a_log(
    hall: Hall, in_the_first_slice: Callable[[Callable[[], None]], None]
) -> None:
    giver, nodes = Giver(hall), Nodes()
    inbox = Inbox(hall, nodes)
    inbox.put(Lane.CLOCK, log(giver))
    loop, queued = asyncio.get_running_loop(), threading.Event()
    found: list[int] = []

    def job(work: Work) -> None:
        work.db.execute(insert(meta).values(key="other", value="x"))
        rows = work.db.execute(select(func.count()).select_from(punch))
        found.append(rows.scalar_one())

    jobs: list[asyncio.Task[None]] = []

    async def other() -> None:
        await hall.transact(job)

    def start() -> None:
        jobs.append(asyncio.create_task(other()))
        loop.call_soon(queued.set)  # by then it is with the writer

    def wait() -> None:
        loop.call_soon_threadsafe(start)
        assert queued.wait(30)

    in_the_first_slice(wait)
    await run_until(inbox, nodes, "clock", ROWS)
    await asyncio.gather(*jobs)
    assert found == [SLICE]
    assert await counted(hall) == (ROWS, 0)
