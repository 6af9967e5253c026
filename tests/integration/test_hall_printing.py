"""Tickets and their paper: orphan-free, printed once, told to the kiosk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from support.bridges import Clock, make_site, running_hall
from support.intakes import Giver
from support.paper_bus import PaperBus, refused

from bridge.domain.errors import NotFoundError, NoTicketError, PrinterError
from bridge.domain.views import Channel, CounterAction, Drawn, PrintState, TicketView
from bridge.service import printing
from bridge.service.hall import Hall
from bridge.service.ports import Once
from bridge.service.printing import Printing
from bridge.store.tables import number_sequence, print_job
from devices.events import EventType
from devices.site import Site

P = PrintState
PRINTERS = [
    {"id": "printer-1", "driver": "escpos", "url": "tcp://127.0.0.1:1"},
    {"id": "printer-2", "driver": "escpos", "url": "tcp://127.0.0.1:2"},
]


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printing, "RETRY_S", 0.01)


def site(**more: Any) -> Site:
    return make_site(devices=PRINTERS, web={"public_url": "http://h.example/"}, **more)


@dataclass(slots=True)
class Office:
    hall: Hall
    bus: PaperBus
    clock: Clock

    async def draw(self, **wish: Any) -> Drawn:
        body = {"service": "reg", "channel": Channel.KIOSK, **wish}
        return await self.hall.draw_ticket(**body)

    async def until(self, ticket: TicketView, state: PrintState) -> TicketView:
        """The ticket once its paper is so."""
        async with asyncio.timeout(20), self.hall.subscribe(None) as changes:
            view = await self.hall.ticket(ticket.id)
            if view.print is state:
                return view
            async for change in changes:
                told = change.data if change is not None else {}
                if (told.get("id"), told.get("print")) == (ticket.id, state.value):
                    break
        return await self.hall.ticket(ticket.id)

    async def last_number(self) -> int:
        found = await self.hall.read(
            lambda db: db.execute(select(number_sequence.c.last)).scalar_one_or_none()
        )
        return found or 0


@asynccontextmanager
async def open_office(path: Path, clock: Clock, **more: Any) -> AsyncIterator[Office]:
    async with running_hall(path, clock, site(**more)) as hall:
        yield Office(hall, PaperBus(hall), clock)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with open_office(tmp_path, Clock()) as office:
        yield office


async def test_a_ticket_is_printed_after_it_was_drawn(office: Office) -> None:
    await office.draw()
    drawn = await office.draw()
    assert drawn.is_new
    assert drawn.ticket.print is P.PENDING
    view = await office.until(drawn.ticket, P.PRINTED)
    assert view.number == "A002"
    assert office.bus.tickets[-1] == {
        "id": view.id,
        "number": "A002",
        "service": "企业登记",
        "waiting_before": 1,
        "estimated_wait_s": None,
        "time": view.issued_at.isoformat(timespec="seconds"),
        "hall": "测试大厅",
        "qr": f"http://h.example/ticket/{view.id}",
        "reprint": False,
    }
    assert len(office.bus.tickets) == 2


@pytest.mark.parametrize("channel", [Channel.WEB, Channel.STAFF, Channel.API])
async def test_other_channels_are_not_for_paper(
    office: Office, channel: Channel
) -> None:
    office.bus.condition["paper"] = "out"
    drawn = await office.draw(channel=channel)
    assert drawn.ticket.print is None
    assert office.bus.asked == []


@pytest.mark.parametrize(
    ("condition", "obstacle"),
    [
        ({"paper": "out"}, "paper"),
        ({"cover": "open"}, "cover"),
        ({"error": "cutter"}, "error"),
    ],
)
async def test_no_number_is_drawn_that_cannot_be_printed(
    office: Office, condition: dict[str, str], obstacle: str
) -> None:
    office.bus.condition |= condition  # nobody was told yet: the printer is asked
    with pytest.raises(PrinterError) as refusal:
        await office.draw()
    assert refusal.value.obstacle == obstacle
    assert await office.last_number() == 0
    office.bus.condition = {"paper": "ok", "cover": "closed", "error": "none"}
    assert (await office.draw()).ticket.number == "A001"


async def test_an_offline_printer_is_an_obstacle_until_it_is_back(
    office: Office,
) -> None:
    office.bus.told("offline", "unplugged")
    with pytest.raises(PrinterError, match="unplugged") as refusal:
        await office.draw()
    assert refusal.value.obstacle == "offline"
    assert await office.last_number() == 0
    office.bus.told("ready")
    drawn = await office.draw()
    await office.until(drawn.ticket, P.PRINTED)


async def test_a_printer_of_which_nothing_is_known_yet_is_asked(
    tmp_path: Path,
) -> None:
    async with running_hall(tmp_path, Clock(), site()) as hall:
        with pytest.raises(PrinterError, match="broker"):
            await hall.draw_ticket(service="reg", channel=Channel.KIOSK)
        bus = PaperBus(hall, told=False)
        bus.silent = True
        with pytest.raises(PrinterError, match="offline"):
            await hall.draw_ticket(service="reg", channel=Channel.KIOSK)
        bus.silent = False
        drawn = await hall.draw_ticket(service="reg", channel=Channel.KIOSK)
        assert drawn.ticket.number == "A001"


async def test_a_silent_printer_is_unknown_not_out(office: Office) -> None:
    office.bus.condition = dict.fromkeys(office.bus.condition, "unknown")
    office.bus.confirms = False
    office.bus.told("degraded", "tells nothing")
    drawn = await office.draw()
    await office.until(drawn.ticket, P.UNKNOWN)
    assert len(office.bus.tickets) == 1


async def test_what_was_told_before_counts_when_the_status_question_fails(
    office: Office,
) -> None:
    office.bus.condition["paper"] = "out"
    office.bus.told("degraded", "no paper")
    office.bus.silent = True
    with pytest.raises(PrinterError, match="no paper"):
        await office.draw()


async def test_what_an_event_told_counts_when_there_is_no_value(
    office: Office,
) -> None:
    office.hall.directory.take_value("printer-1", {}, office.hall.now(), retained=True)
    office.bus.silent = True
    data = {"paper": "out", "cover": "closed", "error": "none"}
    giver = Giver(office.hall)
    event = giver.event(EventType.PRINTER_STATUS, data, device="printer-1")
    await giver.give(event)
    with pytest.raises(PrinterError, match="no paper"):
        await office.draw()


async def test_a_mistake_of_ours_is_told_and_the_next_try_prints(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Printing._arguments
    told: list[list[str]] = []

    def arguments(*given: Any) -> Any:
        told.append([each for each in office.hall.troubles() if "printing" in each])
        if len(told) == 1:
            raise ValueError("a specimen")
        return asked(*given)

    monkeypatch.setattr(Printing, "_arguments", arguments)
    drawn = await office.draw()
    await office.until(drawn.ticket, P.PRINTED)
    assert told == [[], ["printing on printer-1 failed: a specimen"]]
    assert len(office.bus.tickets) == 1


async def test_an_optional_kiosk_draws_all_the_same(tmp_path: Path) -> None:
    kiosks = [{"id": "k1", "printer": "printer-1", "print": "optional"}]
    async with open_office(tmp_path, Clock(), kiosks=kiosks) as office:
        office.bus.condition["paper"] = "out"
        drawn = await office.draw()
        assert (drawn.ticket.number, drawn.ticket.print) == ("A001", P.FAILED)
        office.bus.condition["paper"] = "ok"
        await office.hall.reprint_ticket(drawn.ticket.id)
        await office.until(drawn.ticket, P.PRINTED)
        assert len(office.bus.tickets) == 1


async def test_a_kiosk_without_printer_shows_numbers_alone(tmp_path: Path) -> None:
    async with open_office(tmp_path, Clock(), kiosks=[{"id": "k1"}]) as office:
        drawn = await office.draw(kiosk="k1")
        assert drawn.ticket.print is None
        with pytest.raises(PrinterError) as refusal:
            await office.hall.reprint_ticket(drawn.ticket.id)
        assert refusal.value.obstacle == "none"


async def test_a_failed_print_leaves_a_valid_ticket_and_is_printed_again(
    office: Office,
) -> None:
    office.bus.refusals = [refused("no_paper")]
    drawn = await office.draw()
    failed = await office.until(drawn.ticket, P.FAILED)
    assert failed.state == "waiting"
    office.bus.hold()
    again = await office.hall.reprint_ticket(drawn.ticket.id)
    assert again.print is P.PENDING
    same = await office.hall.reprint_ticket(drawn.ticket.id)  # under way already
    assert same.print is P.PENDING
    office.bus.release()
    await office.until(drawn.ticket, P.PRINTED)
    assert [t["reprint"] for t in office.bus.tickets] == [True]


async def test_a_doubtful_print_is_unknown(office: Office) -> None:
    office.bus.refusals = [refused("doubtful")]
    drawn = await office.draw()
    await office.until(drawn.ticket, P.UNKNOWN)


async def test_a_printer_that_goes_and_comes_back_prints_it_once(
    office: Office,
) -> None:
    office.bus.refusals = [refused("offline"), refused("offline")]
    drawn = await office.draw()
    await office.until(drawn.ticket, P.PRINTED)
    assert len(office.bus.tickets) == 1


async def test_reprint_is_refused_when_it_is_of_no_use(office: Office) -> None:
    drawn = await office.draw()
    await office.until(drawn.ticket, P.PRINTED)
    office.bus.condition["paper"] = "out"
    with pytest.raises(PrinterError):
        await office.hall.reprint_ticket(drawn.ticket.id)
    office.bus.condition["paper"] = "ok"
    for action in (CounterAction.CALL, CounterAction.FINISH):
        await office.hall.counter_action("w1", action)
    with pytest.raises(NoTicketError, match="A001 is over"):
        await office.hall.reprint_ticket(drawn.ticket.id)
    with pytest.raises(NotFoundError):
        await office.hall.reprint_ticket("nothing")


async def test_the_same_subject_gets_the_same_ticket_again(office: Office) -> None:
    first = await office.draw(subject_ref="k.1")
    await office.until(first.ticket, P.PRINTED)
    again = await office.draw(subject_ref="k.1")
    assert (again.is_new, again.ticket.id) == (False, first.ticket.id)
    await office.until(first.ticket, P.PRINTED)
    assert [t["reprint"] for t in office.bus.tickets] == [False, True]
    other = await office.draw(subject_ref="k.1", service="idcard")
    assert (other.is_new, other.ticket.number) == (True, "B001")
    somebody = await office.draw(subject_ref="k.2")
    assert somebody.ticket.number == "A002"
    await office.hall.counter_action("w1", CounterAction.CALL)
    assert (await office.draw(subject_ref="k.1")).ticket.number == "A003"


async def test_the_same_subject_is_shown_its_number_without_paper(
    office: Office,
) -> None:
    first = await office.draw(subject_ref="k.1")
    await office.until(first.ticket, P.PRINTED)
    office.bus.condition["paper"] = "out"
    again = await office.draw(subject_ref="k.1")
    assert (again.is_new, again.ticket.number) == (False, "A001")
    assert again.ticket.print is P.FAILED


async def test_another_day_is_another_visit(office: Office) -> None:
    await office.draw(subject_ref="k.1")
    office.clock.pass_s(86400)
    again = await office.draw(subject_ref="k.1")
    assert (again.is_new, again.ticket.number) == (True, "A001")


async def test_a_request_sent_again_is_answered_alike_without_paper(
    office: Office,
) -> None:
    once = Once(key="k", fingerprint="f")
    first = await office.draw(once=once)
    await office.until(first.ticket, P.PRINTED)
    office.bus.condition["paper"] = "out"
    assert await office.draw(once=once) == first
    assert len(office.bus.tickets) == 1


async def test_what_a_restart_finds_fresh_is_printed_once(tmp_path: Path) -> None:
    clock = Clock()
    async with open_office(tmp_path, clock) as office:
        office.bus.hold()
        drawn = await office.draw()
    clock.pass_s(59)
    async with open_office(tmp_path, clock) as office:
        view = await office.until(drawn.ticket, P.PRINTED)
        assert (view.number, view.state) == ("A001", "waiting")
        assert len(office.bus.tickets) == 1
        assert (await office.draw()).ticket.number == "A002"


async def test_what_a_restart_finds_late_is_offered_again(tmp_path: Path) -> None:
    clock = Clock()
    async with open_office(tmp_path, clock) as office:
        office.bus.hold()
        drawn = await office.draw()
    clock.pass_s(61)
    async with open_office(tmp_path, clock) as office:
        view = await office.until(drawn.ticket, P.FAILED)
        assert view.state == "waiting"
        assert office.bus.tickets == []
        await office.hall.reprint_ticket(drawn.ticket.id)
        await office.until(drawn.ticket, P.PRINTED)
        assert len(office.bus.tickets) == 1


async def test_a_node_that_began_anew_in_the_midst_is_asked_again_at_once(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printing, "LOOK_S", 0.01)
    tell = office.hall.directory.take_node_state
    tell("main", {"state": "ready", "session": 1}, office.hall.now())
    office.bus.hold()
    drawn = await office.draw()
    await office.bus.waits.wait()
    office.bus.forget()
    tell("main", {"state": "ready", "session": 2}, office.hall.now())
    await office.until(drawn.ticket, P.PRINTED)
    assert len(office.bus.tickets) == 1


async def test_each_kiosk_has_its_printer(tmp_path: Path) -> None:
    kiosks = [
        {"id": "k1", "printer": "printer-2"},
        {"id": "k2", "printer": "printer-1"},
    ]
    async with open_office(tmp_path, Clock(), kiosks=kiosks) as office:
        broken = {"state": "offline", "reason": "unplugged", "session": 1}
        office.hall.directory.take_status(
            "printer-2", broken, office.hall.now(), retained=True
        )
        with pytest.raises(PrinterError, match="printer-2"):
            await office.draw(kiosk="k1")
        drawn = await office.draw(kiosk="k2")
        await office.until(drawn.ticket, P.PRINTED)
        jobs = await office.hall.read(lambda db: db.execute(select(print_job)).all())
        assert [(j.kiosk, j.printer, j.state) for j in jobs] == [
            ("k2", "printer-1", "printed")
        ]
