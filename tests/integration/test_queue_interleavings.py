"""A thousand random interleavings of windows, keys, kiosk and midnight."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select
from support.bridges import Clock, make_site, running_hall
from support.interleaving import Interleaving, next_morning, open_left, serve_all

from bridge.domain.errors import RuleError
from bridge.domain.views import TicketState
from bridge.service.hall import Hall
from bridge.service.work import Work
from bridge.store.tables import ticket

DAYS = 25
A_DAY = 40
"""Interleavings; each goes on where the one before left the hall."""
STEPS = 8
RESTART_EVERY = 16
SITE = make_site(
    queue={
        "priorities": [{"id": "green", "ahead_min": 30}],
        "rejoin": {"after": 1},
        "hold_timeout_min": 2,
        "recall_limit": 1,
    },
    devices=[],
)

Step = Callable[[Work], None]


async def do(hall: Hall, *steps: Step) -> None:
    """Steps that are all asked for at once, each to be done whole or not at all."""
    asked = [hall.transact(step) for step in steps]
    for answer in await asyncio.gather(*asked, return_exceptions=True):
        if isinstance(answer, BaseException) and not isinstance(answer, RuleError):
            raise answer


async def run(folder: Path, clock: Clock, seed: int) -> None:
    """One day, from an empty hall until everybody is served; restarts come between."""
    next_morning(clock)
    day = Interleaving(chance=random.Random(seed), clock=clock)
    for first in range(0, A_DAY, RESTART_EVERY):
        async with running_hall(folder, clock, SITE) as hall:
            if first == 0:
                await hall.transact(day.begin)
            for number in range(first, min(first + RESTART_EVERY, A_DAY)):
                try:
                    await do(hall, *[day.step] * STEPS)
                except Exception as error:
                    error.add_note(f"day {seed}, interleaving {number}")
                    raise
            if first + RESTART_EVERY >= A_DAY:
                await do(hall, serve_all, day.check)


@pytest.mark.parametrize("part", range(5))
async def test_a_thousand_interleavings_hold_together(
    tmp_path: Path, part: int
) -> None:
    """No ticket at two windows, none skipped, every state an interval, no gaps."""
    clock = Clock()
    for seed in range(part, DAYS, 5):
        await run(tmp_path, clock, seed)
    next_morning(clock)
    async with running_hall(tmp_path, clock, SITE) as hall:
        assert await hall.read(open_left) == []
        rows = await hall.read(lambda db: db.execute(select(ticket.c.state)).all())
    ended = [TicketState(row.state) for row in rows]
    assert len(ended) > 200
    for state in (TicketState.FINISHED, TicketState.NO_SHOW, TicketState.EXPIRED):
        assert ended.count(state) > 5
