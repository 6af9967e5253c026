"""Policies of the hall file at running windows: limits, classes, seats, rosters."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from support.bridges import Clock, make_site, running_hall
from support.intakes import Giver, RecordingBus
from support.queueing import act, draw, window

from bridge.domain.errors import (
    AppointmentError,
    HoldLimitError,
    InvalidRequestError,
    NoTicketError,
    NotSignedInError,
    QueueEmptyError,
    QuotaError,
    TooLateError,
    TooSoonError,
)
from bridge.domain.views import (
    CounterAction,
    CounterState,
    TicketState,
)
from bridge.service import days
from bridge.service.hall import Hall
from bridge.service.ports import ListQuery
from bridge.store.tables import service_rate
from devices.events import EventType

A, S = CounterAction, TicketState


@pytest.fixture
def clock() -> Clock:
    return Clock()


@asynccontextmanager
async def hall_with(tmp_path: Path, clock: Clock, **more: Any) -> AsyncIterator[Hall]:
    async with running_hall(tmp_path, clock, make_site(**more)) as hall:
        yield hall


async def keys(hall: Hall) -> list[tuple[str, str | None]]:
    page = await hall.caller_keys(ListQuery())
    return [(each.key, each.reason) for each in page.items]


CLASSES = {
    "priorities": [
        {"id": "elderly", "name": "老年人", "ahead_min": 15},
        {"id": "appointment", "ahead_min": 5},
        {"id": "green", "name": "绿色通道", "ahead_min": 240},
    ]
}


async def test_classes_and_appointments_decide_the_order(
    tmp_path: Path, clock: Clock
) -> None:
    async with hall_with(tmp_path, clock, queue=CLASSES) as hall:
        plain = await draw(hall)
        clock.pass_s(600)
        old = await draw(hall, priority="elderly")
        later = await draw(hall)
        in_time = await draw(hall, appointment=hall.now() + timedelta(minutes=2))
        green = await draw(hall, priority="green")
        assert (green.waiting_before, in_time.waiting_before) == (0, 2)
        assert (old.priority, in_time.priority) == ("elderly", "appointment")
        order = []
        for _ in range(5):
            order.append((await act(hall, A.CALL)).id)
            await act(hall, A.FINISH)
        assert order == [t.id for t in (green, old, plain, in_time, later)]
        with pytest.raises(AppointmentError):
            await draw(hall, appointment=hall.now() + timedelta(hours=2))
        with pytest.raises(InvalidRequestError, match="nobody"):
            await draw(hall, priority="nobody")
        assert (await draw(hall)).number == "A006"  # a refusal takes no number


async def test_waiting_counts_more_with_a_weight(tmp_path: Path, clock: Clock) -> None:
    windows = [
        {"id": "w1", "number": 1, "services": ["reg", {"id": "idcard", "weight": 3}]}
    ]
    async with hall_with(tmp_path, clock, counters=windows, devices=[]) as hall:
        first = await draw(hall)
        clock.pass_s(60)
        heavy = await draw(hall, "idcard")
        clock.pass_s(60)
        assert (await act(hall, A.CALL)).id == heavy.id
        await act(hall, A.FINISH)
        assert (await act(hall, A.CALL)).id == first.id


async def test_a_recall_beyond_the_limit_is_a_no_show(
    tmp_path: Path, clock: Clock
) -> None:
    async with hall_with(tmp_path, clock, queue={"recall_limit": 2}) as hall:
        first = await draw(hall)
        await act(hall, A.CALL)
        for _ in range(2):
            assert (await act(hall, A.RECALL)).state is S.CALLED
        assert (await act(hall, A.RECALL)).state is S.NO_SHOW
        assert (await window(hall)).ticket is None
        second = await draw(hall)
        await act(hall, A.CALL)
        await act(hall, A.START)
        for _ in range(4):  # who is there can be called to order for ever
            assert (await act(hall, A.RECALL)).state is S.SERVING
        assert (await hall.ticket(first.id)).state is S.NO_SHOW
        assert (await hall.ticket(second.id)).state is S.SERVING


async def test_the_call_key_recalls_to_the_limit_and_goes_on(
    tmp_path: Path, clock: Clock
) -> None:
    rules = {"recall_limit": 1, "on_call_while_open": "recall"}
    async with hall_with(tmp_path, clock, queue=rules) as hall:
        first, second = await draw(hall), await draw(hall)
        giver = Giver(hall)
        for _ in range(3):
            await giver.key("call")
        assert (await hall.ticket(first.id)).state is S.NO_SHOW
        ticket = (await window(hall)).ticket
        assert ticket is not None
        assert ticket.id == second.id


async def test_calls_too_close_together_are_refused(
    tmp_path: Path, clock: Clock
) -> None:
    async with hall_with(tmp_path, clock, queue={"min_between_calls_s": 3}) as hall:
        bus = RecordingBus()
        hall.attach(bus)
        giver = Giver(hall)
        for _ in range(3):
            await draw(hall)
        await giver.key("call")
        clock.pass_s(2)
        await giver.key("call")  # the first one stays
        ticket = (await window(hall)).ticket
        assert ticket is not None
        assert ticket.number == "A001"
        assert bus.sent == [("bus-1", "beep", {"address": 1})]
        assert await keys(hall) == [("call", None), ("call", "too-soon")]
        await act(hall, A.FINISH)
        with pytest.raises(TooSoonError):
            await act(hall, A.CALL)
        assert (await act(hall, A.CALL, "w2")).number == "A002"
        clock.pass_s(1)
        assert (await act(hall, A.CALL)).number == "A003"


async def test_one_who_missed_the_call_waits_again_behind_some(
    tmp_path: Path, clock: Clock
) -> None:
    rules = {"rejoin": {"within_min": 10, "within_tickets": 1, "after": 2}}
    async with hall_with(tmp_path, clock, queue=rules) as hall:
        tickets = []
        for _ in range(5):
            tickets.append(await draw(hall))
            clock.pass_s(1)
        missed = tickets[0]
        await act(hall, A.CALL)
        with pytest.raises(NoTicketError):
            await hall.rejoin_ticket(missed.id)
        await act(hall, A.NO_SHOW)
        clock.pass_s(600)
        back = await hall.rejoin_ticket(missed.id)
        assert (back.state, back.waiting_before, back.counter) == (S.WAITING, 2, None)
        order = []
        for _ in range(5):
            clock.pass_s(1)
            order.append((await act(hall, A.CALL)).number)
            await act(hall, A.NO_SHOW)
        assert order == ["A002", "A003", "A001", "A004", "A005"]
        with pytest.raises(TooLateError, match="after A003"):
            await hall.rejoin_ticket(tickets[2].id)
        alone = await hall.rejoin_ticket(tickets[4].id)
        assert alone.waiting_before == 0
        clock.pass_s(601)
        with pytest.raises(TooLateError, match="10 min"):
            await hall.rejoin_ticket(tickets[3].id)


async def test_a_window_holds_so_many_for_so_long(tmp_path: Path, clock: Clock) -> None:
    rules = {"hold_limit": 1, "hold_timeout_min": 5}
    async with hall_with(tmp_path, clock, queue=rules) as hall:
        first, second = await draw(hall), await draw(hall)
        await act(hall, A.CALL)
        await act(hall, A.HOLD)
        await act(hall, A.CALL)
        with pytest.raises(HoldLimitError):
            await act(hall, A.HOLD)
        held = await hall.tickets(ListQuery(equals={"state": "held", "counter": "w1"}))
        assert [each.id for each in held.items] == [first.id]
        clock.pass_s(299)
        await hall._tick()
        assert (await hall.ticket(first.id)).state is S.HELD
        clock.pass_s(1)
        newest = await draw(hall)
        await hall._tick()
        back = await hall.ticket(first.id)
        assert (back.state, back.turn) == (S.WAITING, first.turn)
        assert (await hall.ticket(newest.id)).waiting_before == 1
        assert (await act(hall, A.HOLD)).id == second.id


@pytest.mark.parametrize(
    ("position", "order"),
    [
        ("front", ["A001", "B001", "B002"]),
        ("age", ["B001", "A001", "B002"]),
        ("end", ["B001", "B002", "A001"]),
    ],
)
async def test_where_a_transferred_ticket_stands(
    tmp_path: Path, clock: Clock, position: str, order: list[str]
) -> None:
    for target in ({"service": "idcard"}, {"counter": "w3"}):
        path = tmp_path / next(iter(target))
        async with hall_with(path, clock) as hall:
            await draw(hall, "idcard")
            clock.pass_s(1)
            await draw(hall)
            clock.pass_s(1)
            await draw(hall, "idcard")
            await act(hall, A.CALL)
            arguments = {**target, "position": position}
            await hall.counter_action("w1", A.TRANSFER, arguments=arguments)
            found = []
            for _ in range(3):
                found.append((await act(hall, A.CALL, "w3")).number)
                await act(hall, A.FINISH, "w3")
            assert found == order


async def test_a_ticket_for_a_person_follows_them(tmp_path: Path, clock: Clock) -> None:
    async with hall_with(tmp_path, clock) as hall:
        await hall.counter_action("w3", A.SIGN_IN, arguments={"staff": "007"})
        sent = await draw(hall)
        await act(hall, A.CALL)
        with pytest.raises(NotSignedInError):
            await act(hall, A.TRANSFER, staff="008")
        waits = await act(hall, A.TRANSFER, staff="007")
        assert waits.only_counter == "w3"
        await hall.counter_action("w2", A.SIGN_IN, arguments={"staff": "007"})
        assert (await window(hall, "w3")).staff is None
        with pytest.raises(QueueEmptyError):
            await act(hall, A.CALL, "w3")
        called = await act(hall, A.CALL, "w2")
        assert (called.id, called.staff) == (sent.id, "007")


async def test_several_services_in_one_visit(tmp_path: Path, clock: Clock) -> None:
    async with hall_with(tmp_path, clock) as hall:
        visit = await draw(hall, next_services=["idcard"])
        assert (visit.number, visit.next_services) == ("A001", ["idcard"])
        clock.pass_s(1)
        other = await draw(hall, "idcard")
        await act(hall, A.CALL)
        clock.pass_s(60)
        done = await act(hall, A.FINISH)
        assert (done.state, done.service, done.finished_at) == (
            S.WAITING,
            "idcard",
            None,
        )
        assert (done.turn, list(done.next_services)) == (visit.turn, [])
        assert (await act(hall, A.CALL, "w3")).id == visit.id
        assert (await act(hall, A.FINISH, "w3")).state is S.FINISHED
        assert (await act(hall, A.CALL, "w3")).id == other.id


async def test_a_visit_goes_on_after_its_rating(tmp_path: Path, clock: Clock) -> None:
    async with hall_with(tmp_path, clock) as hall:
        giver = Giver(hall)
        visit = await draw(hall, next_services=["idcard"])
        await giver.key("login", "12")
        await giver.key("call")
        await giver.key("rate")
        clock.pass_s(3)
        await giver.rate(5)
        assert (await hall.ticket(visit.id)).state is S.WAITING
        page = await hall.ratings(ListQuery())
        assert [(r.linked, r.ticket, r.staff) for r in page.items] == [
            (True, visit.id, "12")
        ]
        assert (await act(hall, A.CALL, "w3")).id == visit.id


async def test_a_pause_ends_by_itself(tmp_path: Path, clock: Clock) -> None:
    async with hall_with(tmp_path, clock) as hall:
        await hall.counter_action("w1", A.PAUSE, arguments={"minutes": 15})
        view = await window(hall)
        assert view.paused_until == hall.now() + timedelta(minutes=15)
        clock.pass_s(899)
        await hall._tick()
        assert (await window(hall)).state is CounterState.PAUSED
        clock.pass_s(1)
        await hall._tick()
        view = await window(hall)
        assert (view.state, view.paused_until) == (CounterState.IDLE, None)
        await hall.counter_action("w1", A.PAUSE, arguments={"minutes": 15})
        await hall.counter_action("w1", A.PAUSE)
        assert (await window(hall)).paused_until is None
        for wrong in (0, -1, True, "x", 1e9):
            with pytest.raises(InvalidRequestError):
                await hall.counter_action("w1", A.PAUSE, arguments={"minutes": wrong})


async def test_who_sat_where_is_kept(tmp_path: Path, clock: Clock) -> None:
    async with hall_with(tmp_path, clock) as hall:
        giver = Giver(hall)
        start = hall.now()
        await giver.key("login", "0012")
        await draw(hall)
        await giver.key("call")
        clock.pass_s(60)
        await giver.key("login", "34")
        clock.pass_s(60)
        await hall.counter_action("w2", A.SIGN_IN, arguments={"staff": "34"})
        await giver.key("login")  # no number typed
        await giver.key("logout")
        clock.pass_s(86400)
        await hall.transact(lambda work: work.today)
        page = await hall.seats(ListQuery())
        found = [
            (s.counter, s.staff, (s.time - start).seconds, s.until) for s in page.items
        ]
        midnight = start.replace(hour=0) + timedelta(days=1)
        assert found == [
            ("w1", "0012", 0, start + timedelta(seconds=60)),
            ("w1", "34", 60, start + timedelta(seconds=120)),
            ("w2", "34", 120, midnight),
        ]
        assert (await window(hall, "w2")).staff is None
        assert ("login", "refused") in await keys(hall)
        _, state = await hall.snapshot(None)
        ticket = (await hall.tickets(ListQuery())).items[0]
        assert (ticket.staff, ticket.state) == ("0012", S.EXPIRED)
        assert state["calls"] == []


async def test_quotas_give_so_many_tickets_in_their_time(
    tmp_path: Path, clock: Clock
) -> None:
    services = [
        {
            "id": "reg",
            "prefix": "A",
            "quotas": [{"from": "09:00", "to": "09:30", "limit": 2}],
        },
        {"id": "idcard", "prefix": "B"},
    ]
    async with hall_with(tmp_path, clock, services=services) as hall:
        numbers = [(await draw(hall)).number for _ in range(2)]
        with pytest.raises(QuotaError) as full:
            await draw(hall)
        with pytest.raises(QuotaError):
            await draw(hall, "idcard", next_services=["reg"])
        assert full.value.reason == "full"
        assert (await draw(hall, "idcard")).number == "B001"
        promised = await draw(hall, appointment=hall.now())
        assert [*numbers, promised.number] == ["A001", "A002", "A003"]
        clock.pass_s(1800)
        with pytest.raises(QuotaError) as closed:
            await draw(hall)
        assert closed.value.reason == "closed"
        clock.pass_s(86400 - 1800)
        assert (await draw(hall)).number == "A001"


async def test_a_roster_changes_what_a_window_serves(
    tmp_path: Path, clock: Clock
) -> None:
    windows = [
        {
            "id": "w1",
            "number": 1,
            "services": ["reg"],
            "roster": [{"weekdays": [2], "services": ["idcard"]}],
        }
    ]
    async with hall_with(tmp_path, clock, counters=windows, devices=[]) as hall:
        await draw(hall, "idcard")
        with pytest.raises(QueueEmptyError):
            await act(hall, A.CALL)
        assert (await window(hall)).services == ["reg"]
        clock.pass_s(86400)  # a Tuesday
        await draw(hall)
        other = await draw(hall, "idcard")
        assert (await act(hall, A.CALL)).id == other.id
        assert (await window(hall)).services == ["idcard"]
        assert other.estimated_wait_s is None


async def test_a_call_key_that_comes_too_late_calls_nobody(
    tmp_path: Path, clock: Clock
) -> None:
    async with hall_with(tmp_path, clock) as hall:
        giver = Giver(hall)
        first = await draw(hall)
        pressed = clock()
        for after_s, key in ((31, "call"), (31, "pause"), (30, "call")):
            clock.time = pressed + timedelta(seconds=after_s)
            data = {"counter": "w1", "key": key, "digits": "", "address": 1}
            await giver.give(giver.event(EventType.CALLER_KEY, data, time=pressed))
            state = (await hall.ticket(first.id)).state
            assert (state is S.CALLED) is (after_s == 30)
        assert await keys(hall) == [("call", "stale"), ("pause", None), ("call", None)]


async def test_a_nodes_wrong_clock_makes_no_key_stale(
    tmp_path: Path, clock: Clock
) -> None:
    async with hall_with(tmp_path, clock) as hall:
        giver = Giver(hall)
        first = await draw(hall)
        behind = timedelta(minutes=3)
        for delay_s in (40, 1, 25):  # the least is nearest to the truth
            told = hall.now() - behind - timedelta(seconds=delay_s)
            hall.directory.take_health("main", {"ts": told.isoformat()}, hall.now())
        for age_s, state in ((32, S.WAITING), (28, S.CALLED)):
            pressed = clock() - behind - timedelta(seconds=age_s)
            data = {"counter": "w1", "key": "call", "digits": "", "address": 1}
            await giver.give(giver.event(EventType.CALLER_KEY, data, time=pressed))
            assert (await hall.ticket(first.id)).state is state


async def test_a_ticket_called_by_mistake_goes_back(
    tmp_path: Path, clock: Clock
) -> None:
    async with hall_with(tmp_path, clock) as hall:
        first, _ = await draw(hall), await draw(hall)
        await act(hall, A.CALL)
        back = await act(hall, A.RETURN)
        assert (back.state, back.waiting_before) == (S.WAITING, 0)
        assert (await act(hall, A.CALL, "w2")).id == first.id
        await act(hall, A.START, "w2")
        with pytest.raises(NoTicketError):
            await act(hall, A.RETURN, "w2")


async def test_a_number_is_called_where_its_ticket_waits_now(
    tmp_path: Path, clock: Clock
) -> None:
    async with hall_with(tmp_path, clock) as hall:
        giver = Giver(hall)
        moved = await draw(hall)
        await giver.key("call", "1")
        await giver.key("transfer", "3")
        await giver.key("call", "1")
        assert (await window(hall)).ticket is None
        await giver.key("call", "1", counter="w3")
        ticket = (await window(hall, "w3")).ticket
        assert ticket is not None
        assert ticket.id == moved.id


async def test_timers_do_nothing_when_nothing_is_due(
    tmp_path: Path, clock: Clock
) -> None:
    async with hall_with(tmp_path, clock) as hall:
        await draw(hall)
        before = await hall.queue()
        await hall.transact(days.keep_time)
        assert await hall.queue() == before


async def test_a_mean_time_moves_with_each_visit_and_not_with_outliers(
    tmp_path: Path, clock: Clock
) -> None:
    async with hall_with(tmp_path, clock) as hall:
        waits = []
        for seconds in (100, 200, 300, 9000, 1, 0, 200):
            await draw(hall)
            await act(hall, A.CALL)
            clock.pass_s(seconds)
            await act(hall, A.FINISH)
            rate = select(service_rate.c.mean_ms, service_rate.c.samples)
            row = await hall.read(lambda db, q=rate: db.execute(q).one())  # type: ignore[misc]
            waits.append((row.mean_ms // 1000, row.samples))
        assert waits[:3] == [(100, 1), (150, 2), (200, 3)]
        assert waits[3:6] == [(200, 3)] * 3
        assert waits[6] == (200, 4)
    async with hall_with(tmp_path, clock) as hall:
        row = await hall.read(lambda db: db.execute(select(service_rate)).one())
        assert (row.mean_ms // 1000, row.samples) == (200, 4)
    clock.pass_s(15 * 86400)
    async with hall_with(tmp_path, clock) as hall:
        rows = await hall.read(lambda db: db.execute(select(service_rate)).all())
        assert rows == []
