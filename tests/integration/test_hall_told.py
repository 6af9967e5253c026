"""What callers and displays are told when nobody waits, and over midnight."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.bridges import IDLE, Clock, make_site, running_hall
from support.intakes import Giver, RecordingBus

from bridge.domain.views import Channel, TicketState
from bridge.service import hall as timers
from bridge.service.displays import RENEW_EVERY_S, VALID_FOR
from bridge.service.hall import Hall
from bridge.service.ports import ListQuery

COUNTERS = [
    {"id": "w1", "number": 1, "services": [], "area": "hall"},
    {"id": "w2", "number": 2, "services": ["reg"], "area": "hall"},
]
NOBODY = {"ticket": None, "waiting": 0}


@asynccontextmanager
async def listening(
    path: Path, clock: Clock | None = None, **more: Any
) -> AsyncIterator[tuple[Hall, Giver, RecordingBus]]:
    async with running_hall(path, clock, make_site(**more)) as hall:
        bus = RecordingBus()
        hall.attach(bus)
        yield hall, Giver(hall), bus


async def draw(hall: Hall, service: str = "reg") -> str:
    ticket = await hall.issue_ticket(service=service, channel=Channel.KIOSK)
    return ticket.id


async def announced(hall: Hall) -> int:
    """How many calls screens are told of."""
    _, state = await hall.snapshot(None)
    return len(state["calls"])


async def reasons(hall: Hall) -> list[str | None]:
    page = await hall.caller_keys(ListQuery())
    return [key.reason for key in page.items]


@pytest.mark.parametrize("key", ["call", "call_or_recall"])
async def test_a_call_while_nobody_waits_is_told_to_the_caller_alone(
    tmp_path: Path, key: str
) -> None:
    async with listening(tmp_path) as (hall, giver, bus):
        bus.shown.clear()
        await giver.key(key)
        await hall.queue()
        assert bus.sent == [("bus-1", "beep", {"address": 1})]
        assert {name for name, _ in bus.shown} == {"bus-1"}
        assert bus.last("bus-1").content["units"]["1"] == NOBODY
        assert await announced(hall) == 0
        assert await reasons(hall) == ["queue-empty"]


async def test_a_window_without_a_service_calls_nobody(tmp_path: Path) -> None:
    async with listening(tmp_path, counters=COUNTERS) as (hall, giver, bus):
        ticket = await draw(hall)
        bus.shown.clear()
        await giver.key("call")
        await hall.queue()
        assert bus.sent == [("bus-1", "beep", {"address": 1})]
        assert {name for name, _ in bus.shown} == {"bus-1"}
        units = bus.last("bus-1").content["units"]
        assert units == {"1": NOBODY, "2": {"ticket": None, "waiting": 1}}
        assert await announced(hall) == 0
        assert await reasons(hall) == ["queue-empty"]
        assert (await hall.ticket(ticket)).state is TicketState.WAITING


async def test_a_press_of_an_unknown_address_is_kept_and_does_nothing(
    tmp_path: Path,
) -> None:
    async with listening(tmp_path) as (hall, giver, bus):
        ticket = await draw(hall)
        bus.shown.clear()
        await giver.key("call", counter=None, address=99)
        await hall.queue()
        # Its driver has shown it 000 and had it beep already.
        assert (bus.shown, bus.sent) == ([], [])
        assert await announced(hall) == 0
        assert await reasons(hall) == ["unknown-address"]
        assert (await hall.ticket(ticket)).state is TicketState.WAITING


async def test_every_caller_is_told_who_waits_for_its_window(tmp_path: Path) -> None:
    async with listening(tmp_path) as (hall, giver, bus):

        def waiting() -> list[int]:
            units = bus.last("bus-1").content["units"]
            return [units[address]["waiting"] for address in ("1", "2")]

        await draw(hall)  # both windows do it
        await hall.queue()
        assert waiting() == [1, 1]
        await draw(hall, "idcard")  # the second alone
        await hall.queue()
        assert waiting() == [1, 2]
        await giver.key("call")
        await hall.queue()
        assert waiting() == [0, 1]
        assert bus.last("bus-1").content["units"]["1"]["ticket"] == "A001"


async def test_after_midnight_displays_greet_again_by_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timers, "TICK_S", 0.01)
    clock = Clock()
    async with listening(tmp_path, clock) as (hall, giver, bus):
        for _ in range(2):
            await draw(hall)
        await giver.key("call")
        await hall.queue()
        for led in ("led-main", "led-w1"):
            assert bus.last(led).content["text"] == "请A001号到1号窗口"
        clock.pass_s(86400)  # nobody draws or presses anything
        async with asyncio.timeout(20), hall.subscribe(None) as changes:
            while bus.last("led-w1").content["text"] != IDLE:
                await anext(aiter(changes))
                await hall.queue()
        assert bus.last("led-main").content["text"] == IDLE
        units = bus.last("bus-1").content["units"]
        assert units == {"1": NOBODY, "2": NOBODY}


async def test_what_displays_show_is_told_again_before_it_is_over(
    tmp_path: Path,
) -> None:
    assert timedelta(seconds=2 * RENEW_EVERY_S) <= VALID_FOR
    clock = Clock()
    async with listening(tmp_path, clock) as (hall, giver, bus):
        await draw(hall)
        await giver.key("call")
        await hall.queue()
        before = bus.last("led-main")
        assert before.valid_until == clock() + VALID_FOR
        clock.pass_s(RENEW_EVERY_S)
        hall.displays.renew()
        after = bus.last("led-main")
        assert after.content == before.content
        assert after.rev > before.rev
        assert after.valid_until == clock() + VALID_FOR
        assert {name for name, _ in bus.shown} >= {"led-main", "led-w1", "bus-1"}
