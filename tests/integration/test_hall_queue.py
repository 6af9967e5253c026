from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select
from support.bridges import Clock, make_site, running_hall
from support.queueing import act, draw, window

from bridge.domain.errors import (
    CounterPausedError,
    IdempotencyMismatchError,
    InvalidRequestError,
    NotFoundError,
    NoTicketError,
    QueueEmptyError,
    RuleError,
    TicketOpenError,
)
from bridge.domain.views import (
    Channel,
    CounterAction,
    CounterState,
    CounterView,
    TicketState,
)
from bridge.service.hall import Hall
from bridge.service.ports import Once
from bridge.store.tables import number_sequence, ticket_interval

A, S = CounterAction, TicketState


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def hall(tmp_path: Path, clock: Clock) -> AsyncIterator[Hall]:
    async with running_hall(tmp_path, clock) as hall:
        yield hall


async def test_numbers_count_each_service_and_day(hall: Hall, clock: Clock) -> None:
    drawn = [await draw(hall), await draw(hall), await draw(hall, "idcard")]
    assert [each.number for each in drawn] == ["A001", "A002", "B001"]
    assert [each.waiting_before for each in drawn] == [0, 1, 0]
    assert {each.state for each in drawn} == {S.WAITING}
    clock.pass_s(86400)
    assert (await draw(hall)).number == "A001"


async def test_a1000_follows_a999(hall: Hall) -> None:
    await draw(hall)
    await hall.transact(
        lambda work: work.db.execute(number_sequence.update().values(last=998))
    )
    assert (await draw(hall)).number == "A999"
    assert (await draw(hall)).number == "A1000"


async def test_a_visit_from_draw_to_finish(hall: Hall, clock: Clock) -> None:
    drawn = await draw(hall)
    called = await act(hall, A.CALL)
    assert (called.id, called.state, called.counter) == (drawn.id, S.CALLED, "w1")
    assert (await window(hall)).state is CounterState.CALLING
    clock.pass_s(60)
    assert (await act(hall, A.START)).state is S.SERVING
    assert (await window(hall)).state is CounterState.SERVING
    clock.pass_s(120)
    done = await act(hall, A.FINISH)
    assert done.state is S.FINISHED
    assert done.finished_at == hall.now()
    assert await hall.ticket(drawn.id) == done
    assert (await window(hall)).ticket is None


async def test_every_state_of_a_ticket_is_an_interval(hall: Hall, clock: Clock) -> None:
    await draw(hall)
    for action in (A.CALL, A.RECALL, A.START, A.HOLD, A.RESUME_TICKET, A.FINISH):
        clock.pass_s(10)
        await act(hall, action)
    rows = await hall.read(
        lambda db: db.execute(select(ticket_interval).order_by("id")).all()
    )
    assert [row.state for row in rows] == [
        "waiting",
        "called",
        "serving",
        "held",
        "called",
        "finished",
    ]
    for before, after in pairwise(rows):
        assert before.finish == after.start
    assert rows[-1].finish is None


async def test_refusals(hall: Hall) -> None:
    with pytest.raises(QueueEmptyError):
        await act(hall, A.CALL)
    for action in (A.RECALL, A.START, A.FINISH, A.NO_SHOW, A.HOLD, A.RESUME_TICKET):
        with pytest.raises(NoTicketError):
            await act(hall, action)
    with pytest.raises(NotFoundError):
        await act(hall, A.CALL, "w9")
    with pytest.raises(NotFoundError):
        await draw(hall, "nothing")
    with pytest.raises(NotFoundError):
        await hall.ticket("nothing")
    await draw(hall)
    await draw(hall)
    await act(hall, A.CALL)
    with pytest.raises(TicketOpenError):
        await act(hall, A.CALL)
    with pytest.raises(InvalidRequestError):
        await act(hall, A.TRANSFER)


async def test_a_paused_window_brings_nobody(hall: Hall) -> None:
    await draw(hall)
    paused = await hall.counter_action("w1", A.PAUSE)
    assert isinstance(paused, CounterView)
    assert paused.state is CounterState.PAUSED
    with pytest.raises(CounterPausedError):
        await act(hall, A.CALL)
    opened = await hall.counter_action("w1", A.OPEN)
    assert isinstance(opened, CounterView)
    assert opened.state is CounterState.IDLE
    assert (await act(hall, A.CALL)).state is S.CALLED


async def test_hold_and_resume_in_the_order_held(hall: Hall, clock: Clock) -> None:
    first, second = await draw(hall), await draw(hall)
    for _ in range(2):
        await act(hall, A.CALL)
        clock.pass_s(1)
        assert (await act(hall, A.HOLD)).state is S.HELD
    assert (await act(hall, A.RESUME_TICKET)).id == second.id
    with pytest.raises(TicketOpenError):
        await act(hall, A.RESUME_TICKET, ticket=first.id)
    await act(hall, A.NO_SHOW)
    assert (await act(hall, A.RESUME_TICKET, ticket=first.id)).id == first.id


async def test_a_transferred_ticket_waits_elsewhere_at_its_old_place(
    hall: Hall,
) -> None:
    moved, other = await draw(hall), await draw(hall, "idcard")
    await act(hall, A.CALL)
    sent = await act(hall, A.TRANSFER, service="idcard")
    assert (sent.state, sent.service, sent.counter) == (S.TRANSFERRED, "idcard", None)
    queue = await hall.queue()
    assert {s.id: s.waiting for s in queue.services} == {"reg": 0, "idcard": 2}
    assert (await act(hall, A.CALL, "w3")).id == moved.id
    assert (await act(hall, A.CALL, "w2")).id == other.id


async def test_a_transfer_to_a_window_is_for_it_alone(hall: Hall) -> None:
    moved = await draw(hall)
    await act(hall, A.CALL)
    to_w3 = {"counter": "w3"}
    sent = await hall.counter_action("w1", A.TRANSFER, arguments=to_w3)
    assert sent.state == S.TRANSFERRED
    for name in ("w1", "w2"):
        with pytest.raises(QueueEmptyError):
            await act(hall, A.CALL, name)
    assert (await act(hall, A.CALL, "w3")).id == moved.id


async def test_two_windows_never_get_one_ticket(hall: Hall) -> None:
    drawn = {(await draw(hall)).id for _ in range(20)}
    called: list[str] = []

    async def work(counter: str) -> None:
        while True:
            try:
                called.append((await act(hall, A.CALL, counter)).id)
            except QueueEmptyError:
                return
            await act(hall, A.FINISH, counter)

    await asyncio.gather(work("w1"), work("w2"))
    assert len(called) == 20
    assert set(called) == drawn


async def test_random_work_loses_and_doubles_nothing(hall: Hall) -> None:
    chance = random.Random(7)
    drawn: list[str] = []

    async def step() -> None:
        if chance.random() < 0.3:
            drawn.append((await draw(hall, chance.choice(["reg", "idcard"]))).id)
            return
        try:
            action = chance.choice([a for a in A if a is not A.TRANSFER])
            await hall.counter_action(chance.choice(["w1", "w2", "w3"]), action)
        except RuleError:
            return

    for _ in range(40):
        await asyncio.gather(*(step() for _ in range(8)))
        open_now = [
            each.ticket.id for each in (await hall.queue()).counters if each.ticket
        ]
        assert len(open_now) == len(set(open_now))
    states = {(await hall.ticket(ref)).state for ref in drawn}
    assert states <= {*S}
    queue = await hall.queue()
    waiting = [r for r in drawn if (await hall.ticket(r)).state is S.WAITING]
    assert sum(each.waiting for each in queue.services) == len(waiting)


async def test_the_wait_is_known_once_something_was_finished(
    hall: Hall, clock: Clock
) -> None:
    await draw(hall)
    assert (await draw(hall)).estimated_wait_s is None
    await act(hall, A.CALL)
    clock.pass_s(100)
    await act(hall, A.FINISH)
    # One waits, 100 s each, two windows serve it.
    assert (await draw(hall)).estimated_wait_s == 50
    await hall.counter_action("w2", A.PAUSE)
    assert (await draw(hall)).estimated_wait_s == 200


async def test_a_request_with_a_key_is_done_once(hall: Hall) -> None:
    once = Once(key="k1", fingerprint="draw reg")
    first = await hall.issue_ticket(service="reg", channel=Channel.WEB, once=once)
    again = await hall.issue_ticket(service="reg", channel=Channel.WEB, once=once)
    assert again == first
    assert (await hall.queue()).services[0].waiting == 1
    other = Once(key="k1", fingerprint="draw idcard")
    with pytest.raises(IdempotencyMismatchError):
        await hall.issue_ticket(service="idcard", channel=Channel.WEB, once=other)


async def test_answers_of_windows_are_kept_too(hall: Hall, clock: Clock) -> None:
    await draw(hall)
    await draw(hall)
    once = Once(key="k", fingerprint="call")
    first = await hall.counter_action("w1", A.CALL, once=once)
    await act(hall, A.FINISH)
    assert await hall.counter_action("w1", A.CALL, once=once) == first
    pause = Once(key="p", fingerprint="pause")
    paused = await hall.counter_action("w1", A.PAUSE, once=pause)
    assert await hall.counter_action("w1", A.PAUSE, once=pause) == paused
    clock.pass_s(1)
    assert (await window(hall)).ticket is None


async def test_a_refusal_is_not_kept(hall: Hall) -> None:
    once = Once(key="k", fingerprint="call")
    with pytest.raises(QueueEmptyError):
        await hall.counter_action("w1", A.CALL, once=once)
    drawn = await draw(hall)
    called = await hall.counter_action("w1", A.CALL, once=once)
    assert called.id == drawn.id


async def test_open_tickets_of_another_day_expire(tmp_path: Path, clock: Clock) -> None:
    async with running_hall(tmp_path, clock) as hall:
        waiting, held, open_one = [await draw(hall) for _ in range(3)]
        assert (await act(hall, A.CALL)).id == waiting.id
        await act(hall, A.HOLD)
        assert (await act(hall, A.CALL)).id == held.id
    clock.pass_s(86400)
    async with running_hall(tmp_path, clock) as hall:  # by date, whatever was missed
        for ticket in (waiting, held, open_one):
            assert (await hall.ticket(ticket.id)).state is S.EXPIRED
        assert (await window(hall)).ticket is None
        assert {each.waiting for each in (await hall.queue()).services} == {0}
        with pytest.raises(QueueEmptyError):
            await act(hall, A.CALL)
        assert (await draw(hall)).number == "A001"


async def test_a_hall_that_runs_over_midnight_turns_the_day(
    hall: Hall, clock: Clock
) -> None:
    old = await draw(hall)
    clock.pass_s(86400)
    new = await draw(hall)
    assert (await hall.ticket(old.id)).state is S.EXPIRED
    assert new.number == "A001"
    assert new.waiting_before == 0


async def test_a_restart_brings_everything_back(tmp_path: Path, clock: Clock) -> None:
    async with running_hall(tmp_path, clock) as hall:
        for _ in range(3):
            await draw(hall)
        await act(hall, A.CALL)
        await hall.counter_action("w2", A.PAUSE)
        before = await hall.queue()
        _, state = await hall.snapshot(None)
    async with running_hall(tmp_path, clock, make_site()) as hall:
        assert await hall.queue() == before
        _, again = await hall.snapshot(None)
        assert again["calls"] == state["calls"]
        assert len(state["calls"]) == 1
