"""Random days of three windows, their keys and the web, in the real store."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from support.bridges import Clock, make_site, running_hall

from bridge.domain.errors import RuleError
from bridge.domain.queue import AT_WINDOW, OPEN, QUEUED
from bridge.domain.views import Channel, CounterAction, TicketState
from bridge.service import asking, days, desk, passing
from bridge.service.caller import caller_keys
from bridge.service.hall import Hall
from bridge.service.ports import Errand
from bridge.service.tickets import window
from bridge.service.work import Work
from bridge.store.tables import call, ticket, ticket_interval
from devices.events import CloudEvent, EventType, Lane, Place

DAYS = 40
STEPS = 70
WINDOWS = ("w1", "w2", "w3")
KEYS = ("call", "call", "call", "finish", "rate", "no_show", "hold", "callback")
ACTIONS = [a for a in CounterAction if a not in {"pause", "sign-in", "sign-out"}]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def hall(tmp_path: Path, clock: Clock) -> AsyncIterator[Hall]:
    queue = {
        "priorities": [{"id": "green", "ahead_min": 30}],
        "rejoin": {"after": 1},
        "hold_timeout_min": 2,
        "recall_limit": 1,
    }
    async with running_hall(tmp_path, clock, make_site(queue=queue)) as hall:
        yield hall


def press(work: Work, counter: str, key: str, digits: str) -> None:
    place = Place(node="main", epoch="e", lane=Lane.DESK, sequence=1)
    data = {"counter": counter, "key": key, "digits": digits}
    event = CloudEvent(
        id="1",
        source="s",
        type=EventType.CALLER_KEY,
        subject="bus-1",
        time=work.now,
        received=work.now,
        place=place,
        data=data,
    )
    caller_keys(work, [event])


def step(work: Work, chance: random.Random, drawn: list[str]) -> None:
    """One thing that somebody does; what the rules refuse changes nothing."""
    what, name = chance.random(), chance.choice(WINDOWS)
    services = chance.sample(["reg", "idcard"], 2)[: chance.choice([1, 1, 1, 2])]
    if what < 0.35:
        errand = Errand(
            priority=chance.choice([None, None, "green"]), next_services=services[1:]
        )
        view = desk.issue(work, services[0], Channel.KIOSK, None, errand=errand)
        drawn.append(view.id)
    elif what < 0.65:
        press(work, name, chance.choice(KEYS), chance.choice(["", "", "", "1"]))
    elif what < 0.95:
        arguments: dict[str, Any] = {}
        action = chance.choice(ACTIONS)
        if action is CounterAction.TRANSFER:
            target = chance.choice(["reg", "idcard", *WINDOWS])
            kind = "counter" if target in WINDOWS else "service"
            position = chance.choice(["front", "end", "age"])
            arguments = {kind: target, "position": position}
        asking.act(work, name, action, arguments)
    elif drawn:
        passing.rejoin(work, chance.choice(drawn))


async def test_days_of_random_work_hold_together(hall: Hall, clock: Clock) -> None:
    """No ticket at two windows, none skipped, every state an interval, no gaps."""
    chance = random.Random(20260302)
    for _ in range(DAYS):
        drawn: list[str] = []

        def day(work: Work, drawn: list[str] = drawn) -> None:
            days.keep_time(work)
            for _ in range(STEPS):
                with suppress(RuleError):
                    step(work, chance, drawn)
            check_windows(work)
            serve_all(work)

        await hall.transact(day)
        clock.time += timedelta(days=1)
    await hall.transact(lambda work: work.today)
    await hall.read(lambda db: check_all(db, hall))


def check_windows(work: Work) -> None:
    rows = work.db.execute(
        select(ticket.c.id, ticket.c.counter).where(
            ticket.c.state.in_(sorted(AT_WINDOW))
        )
    ).all()
    at = {name: window(work.db, name).occupying for name in WINDOWS}
    seated = {(t.key, name) for name, t in at.items() if t is not None}
    assert {(row.id, row.counter) for row in rows} == seated


def serve_all(work: Work) -> None:
    """Everybody who waits is called, each by the smallest turn."""
    for name in [*WINDOWS, *WINDOWS, *WINDOWS]:  # visits and transfers go on
        desk.close_rating(work, desk.find_counter(work, name))
        for _ in range(100):
            present = window(work.db, name).occupying
            if present is not None:
                asking.act(work, name, CounterAction.FINISH, {})
            line = waiting_for(work, name)
            try:
                called = asking.act(work, name, CounterAction.CALL, {})
            except RuleError:
                assert line == []
                break
            assert called.id == line[0]
    left = select(ticket.c.id).where(ticket.c.state.in_(sorted(QUEUED)))
    assert work.db.execute(left).all() == []


def waiting_for(work: Work, name: str) -> list[str]:
    counter = desk.find_counter(work, name)
    mine = (ticket.c.only_counter == name) | (
        ticket.c.only_counter.is_(None) & ticket.c.service.in_(counter.service_ids)
    )
    rows = work.db.execute(
        select(ticket.c.ref)
        .where(ticket.c.state.in_(sorted(QUEUED)), mine)
        .order_by(ticket.c.turn, ticket.c.id)
    )
    return [row.ref for row in rows]


def check_all(db: Any, hall: Hall) -> None:
    rows = db.execute(select(ticket).order_by(ticket.c.id)).all()
    assert len(rows) > 10 * DAYS
    numbers: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        numbers[row.day, row.origin_service].append(row.number)
    prefixes = {service.id: service.prefix for service in hall.site.services}
    for (_, service), found in numbers.items():
        prefix = prefixes[service]
        assert found == [f"{prefix}{n + 1:03d}" for n in range(len(found))]
    states: dict[int, list[Any]] = defaultdict(list)
    for interval in db.execute(select(ticket_interval).order_by("id")):
        states[interval.ticket].append(interval)
    for row in rows:
        chain = states[row.id]
        assert chain[0].start == row.issued
        assert all(a.finish == b.start for a, b in pairwise(chain))
        assert (chain[-1].finish, chain[-1].state) == (None, row.state)
        assert row.state not in OPEN
    ended = {TicketState(row.state) for row in rows}
    assert {TicketState.FINISHED, TicketState.NO_SHOW, TicketState.EXPIRED} <= ended
    announced = {row.ticket for row in db.execute(select(call.c.ticket))}
    assert announced >= {row.id for row in rows if row.state == "finished"}
