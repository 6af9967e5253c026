"""Drawing again: what somebody waits for already is printed again, once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.bridges import Clock, make_site, running_hall
from support.paper_bus import PaperBus

from bridge.domain.errors import NotFoundError, QuotaError
from bridge.domain.views import (
    Channel,
    CounterAction,
    Drawn,
    PrintState,
    TicketState,
)
from bridge.service.hall import Hall
from bridge.service.ports import Errand

A = CounterAction
PRINTER = {"id": "printer-1", "driver": "escpos", "url": "tcp://127.0.0.1:1"}
FULL = {"from": "00:00", "to": "00:01", "limit": 1}
"""No number is given at the hour of the tests."""


@asynccontextmanager
async def kiosk_hall(path: Path, *, quota: bool = False) -> AsyncIterator[Hall]:
    idcard = {"id": "idcard", "prefix": "B", "name": "身份证"}
    services = [
        {"id": "reg", "prefix": "A", "name": "企业登记"},
        {**idcard, "quotas": [FULL]} if quota else idcard,
    ]
    site = make_site(devices=[PRINTER], services=services)
    async with running_hall(path, Clock(), site) as hall:
        yield hall


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with kiosk_hall(tmp_path) as hall:
        yield hall


async def draw(hall: Hall, *services: str, subject: str | None = "k.1") -> Drawn:
    """One person draws for services at the kiosk; their paper comes out."""
    first, *others = services
    drawn = await hall.draw_ticket(
        service=first,
        channel=Channel.KIOSK,
        subject_ref=subject,
        errand=Errand(next_services=others),
    )
    async with asyncio.timeout(20), hall.subscribe(None) as changes:
        view = await hall.ticket(drawn.ticket.id)
        while view.print is PrintState.PENDING:
            await anext(aiter(changes))
            view = await hall.ticket(drawn.ticket.id)
    return drawn


async def test_a_visit_that_waits_for_a_service_later_is_the_same_visit(
    hall: Hall,
) -> None:
    bus = PaperBus(hall)
    await draw(hall, "reg", "idcard")
    again = await draw(hall, "idcard")
    assert (again.is_new, again.ticket.number) == (False, "A001")
    await hall.counter_action("w1", A.CALL)
    await hall.counter_action("w1", A.START)
    again = await draw(hall, "idcard")  # while the first service is done
    assert (again.is_new, again.ticket.number) == (False, "A001")
    assert again.ticket.state is TicketState.SERVING
    assert [t["reprint"] for t in bus.tickets] == [False, True, True]
    await hall.counter_action("w1", A.FINISH)
    again = await draw(hall, "reg")  # that is done
    assert (again.is_new, again.ticket.number) == (True, "A002")


async def test_what_is_wanted_besides_is_added_to_the_visit(hall: Hall) -> None:
    bus = PaperBus(hall)
    first = await draw(hall, "reg")
    async with asyncio.timeout(20), hall.subscribe(None) as changes:
        again = await draw(hall, "idcard", "reg")
        told = await anext(aiter(changes))
    assert told is not None
    assert told.data["next_services"] == ["idcard"]
    assert (again.is_new, again.ticket.id) == (False, first.ticket.id)
    assert list(again.ticket.next_services) == ["idcard"]
    assert again.ticket.turn == first.ticket.turn
    assert [t["number"] for t in bus.tickets] == ["A001", "A001"]
    for window in ("w1", "w3"):  # it is called for both, in that order
        await hall.counter_action(window, A.CALL)
        ended = await hall.counter_action(window, A.FINISH)
    assert ended.id == first.ticket.id
    assert ended.state is TicketState.FINISHED
    assert (await draw(hall, "reg")).ticket.number == "A002"


async def test_another_person_and_nobody_in_particular_get_numbers(
    hall: Hall,
) -> None:
    PaperBus(hall)
    await draw(hall, "reg", "idcard")
    for subject, number in (("k.2", "B001"), (None, "B002"), (None, "B003")):
        drawn = await draw(hall, "idcard", subject=subject)
        assert (drawn.is_new, drawn.ticket.number) == (True, number)


async def test_what_is_not_to_be_had_is_added_to_no_visit(tmp_path: Path) -> None:
    async with kiosk_hall(tmp_path, quota=True) as hall:
        PaperBus(hall)
        first = await draw(hall, "reg")
        with pytest.raises(QuotaError):
            await draw(hall, "reg", "idcard")
        with pytest.raises(NotFoundError):
            await draw(hall, "reg", "nothing")
        kept = await hall.ticket(first.ticket.id)
        assert list(kept.next_services) == []
        again = await draw(hall, "reg")
        assert (again.is_new, again.ticket.number) == (False, "A001")
