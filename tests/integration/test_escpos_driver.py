"""The printer driver on real sockets, against the simulated printer and worse ones."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from support.driving import Driving, RecordingContext, driving

from devices.errors import CommandRejectedError, DeviceError, TransportError
from devices.kinds import DeviceState
from devices.site import DeviceEntry, HallInfo, Site
from drivers.escpos import EscposDriver
from simulators.hosting.host import Hosted, host
from simulators.registry import build_simulator

QUICK = {"timeout_s": 0.5, "poll_s": 0.05, "settle_s": 0.0}
WELL: dict[str, dict[str, Any]] = {
    "paper": {"state": "ok"},
    "cover": {"open": False},
    "fault": {"kind": "none"},
}
TICKET = {"id": "t1", "number": "A001", "service": "企业登记"}


def make_site(url: str, **keys: Any) -> tuple[Site, DeviceEntry]:
    entry = DeviceEntry.model_validate(
        {"id": "p-1", "driver": "escpos", "url": url, **QUICK, **keys}
    )
    return Site(hall=HallInfo(id="t", name="测试大厅"), devices=[entry]), entry


@dataclass(frozen=True, slots=True)
class Pair:
    hosted: Hosted
    context: RecordingContext
    driver: Driving

    @property
    def tickets(self) -> list[str]:
        return list(self.hosted.view()["tickets"])

    @property
    def said(self) -> list[tuple[str, str]]:
        """Paper and cover of each event, oldest first."""
        return [(e.data["paper"], e.data["cover"]) for e in self.context.events]


@asynccontextmanager
async def printer(
    url: str = "tcp://127.0.0.1:0", **keys: Any
) -> AsyncIterator[tuple[Hosted, Site, DeviceEntry]]:
    site, entry = make_site(url)

    def clock() -> datetime:
        return datetime.fromtimestamp(time.time(), site.hall.zone)

    async with host(build_simulator(entry, site), url, clock=clock) as far:
        site, entry = make_site(far.url, **keys)
        yield far, site, entry


@asynccontextmanager
async def paired(
    *,
    remembered: Mapping[str, Any] | None = None,
    prepare: Callable[[Hosted], Awaitable[None]] | None = None,
    url: str = "tcp://127.0.0.1:0",
    **keys: Any,
) -> AsyncIterator[Pair]:
    async with printer(url, **keys) as (far, site, entry):
        if prepare is not None:
            await prepare(far)
        context = RecordingContext(entry, site, remembered=remembered)
        async with driving(EscposDriver, entry, context) as under_way:
            yield Pair(far, context, under_way)


async def test_it_prints_a_ticket_once_and_says_so() -> None:
    async with paired() as pair:
        await pair.context.wait_state(DeviceState.READY)
        done = await pair.driver.execute("print", ticket=TICKET)
        assert done == {"printed": True, "confirmed": True, "again": False}
        again = await pair.driver.execute("print", ticket=TICKET)
        assert again["again"]
        (ticket,) = pair.tickets
        assert ticket.startswith("测试大厅")
        assert "A001" in ticket
        value = await pair.context.wait_value(lambda v: v["paper"] == "ok")
        assert value["last"]["result"] == "printed"
        assert pair.said == [("ok", "closed")]


async def test_one_id_is_printed_once_over_restarts_unless_reprinted() -> None:
    async with paired() as pair:
        await pair.context.wait_state(DeviceState.READY)
        await pair.driver.execute("print", ticket=TICKET)
        kept = dict(pair.context.remembered)
    async with paired(remembered=kept) as pair:
        await pair.context.wait_state(DeviceState.READY)
        assert (await pair.driver.execute("print", ticket=TICKET))["again"]
        assert pair.tickets == []
        assert pair.said == []  # nothing changed since the restart
        await pair.driver.execute("print", ticket=TICKET, reprint=True)
        assert len(pair.tickets) == 1
        await pair.driver.execute("print", ticket=TICKET, reprint=True, job="j1")
        await pair.driver.execute("print", ticket=TICKET, reprint=True, job="j1")
        assert len(pair.tickets) == 2
        await pair.driver.execute("reprint")
        await pair.driver.execute("reprint", ticket="t1")
        assert len(pair.tickets) == 4
        with pytest.raises(CommandRejectedError, match="no such ticket"):
            await pair.driver.execute("reprint", ticket="t2")


async def test_a_job_that_a_crash_cut_off_is_not_printed_by_itself() -> None:
    kept = {"jobs": {"t1": {"state": "started", "ticket": TICKET}}}
    async with paired(remembered=kept) as pair:
        await pair.context.wait_state(DeviceState.READY)
        with pytest.raises(CommandRejectedError, match="broke off") as refused:
            await pair.driver.execute("print", ticket=TICKET)
        assert refused.value.code == "doubtful"
        assert pair.tickets == []
        await pair.driver.execute("print", ticket=TICKET, reprint=True)
        assert len(pair.tickets) == 1


@pytest.mark.parametrize(
    ("action", "arguments", "code"),
    [
        ("paper", {"state": "out"}, "no_paper"),
        ("cover", {}, "cover_open"),
        ("fault", {}, "printer_error"),
    ],
)
async def test_what_cannot_print_refuses_before_anything_is_sent(
    action: str, arguments: dict[str, Any], code: str
) -> None:
    async with paired(poll_s=60) as pair:
        await pair.context.wait_state(DeviceState.READY)
        await pair.hosted.act(action, arguments)  # no poll has seen it yet
        with pytest.raises(CommandRejectedError) as refused:
            await pair.driver.execute("print", ticket=TICKET)
        assert refused.value.code == code
        assert pair.hosted.view()["waiting"] == 0
        assert pair.context.state is DeviceState.DEGRADED
        assert pair.context.reason
        await pair.hosted.act(action, WELL[action])
        await pair.driver.execute("print", ticket=TICKET)
        assert len(pair.tickets) == 1


async def test_paper_and_cover_are_told_as_they_change() -> None:
    async with paired() as pair:
        await pair.context.wait_event(1)
        await pair.hosted.act("paper", {"state": "near_end"})
        await pair.context.wait_event(2)
        assert pair.context.state is DeviceState.READY
        await pair.hosted.act("paper", {"state": "out"})
        await pair.context.wait_event(3)
        await pair.hosted.act("cover")
        await pair.context.wait_event(4)
        await pair.hosted.act("cover", {"open": False})
        await pair.hosted.act("paper", {"state": "ok"})
        await pair.context.wait(lambda: pair.said[-1] == ("ok", "closed"))
        assert pair.said[:4] == [
            ("ok", "closed"),
            ("near_end", "closed"),
            ("out", "closed"),
            ("out", "open"),
        ]


async def test_paper_that_runs_out_in_the_midst_is_a_failed_print() -> None:
    async with paired() as pair:
        await pair.context.wait_state(DeviceState.READY)
        await pair.hosted.act("paper", {"state": "out", "after_lines": 3})
        with pytest.raises(DeviceError, match="no paper"):
            await pair.driver.execute("print", ticket=TICKET)
        assert pair.tickets == []
        value = await pair.context.wait_value(lambda v: v["paper"] == "out")
        assert value["last"]["result"] == "failed"


async def test_a_silent_printer_is_unknown_and_prints_unconfirmed() -> None:
    async with paired(prepare=lambda far: far.act("mute"), timeout_s=0.05) as pair:
        reason = await pair.context.wait_state(DeviceState.DEGRADED)
        assert "unknown" in reason
        done = await pair.driver.execute("print", ticket=TICKET)
        assert done == {"printed": True, "confirmed": False, "again": False}
        assert len(pair.tickets) == 1
        assert pair.said == [("unknown", "unknown")]
        status = await pair.driver.execute("status")
        assert status["paper"] == "unknown"
        assert status["last"]["result"] == "unknown"
        assert pair.driver.errors == []


async def test_one_that_falls_silent_is_reached_anew() -> None:
    async with paired(timeout_s=0.05) as pair:
        await pair.context.wait_state(DeviceState.READY)
        await pair.hosted.act("mute")
        await pair.context.wait(lambda: bool(pair.driver.errors))
        assert "no longer answers" in str(pair.driver.errors[0])
        await pair.context.wait(lambda: ("unknown", "unknown") in pair.said)
        await pair.hosted.act("mute", {"on": False})
        await pair.context.wait_state(DeviceState.READY)


async def test_offline_it_refuses_and_back_it_prints() -> None:
    async with paired() as pair:
        await pair.context.wait_state(DeviceState.READY)
        await pair.hosted.act("unplug")
        await pair.context.wait_state(DeviceState.OFFLINE)
        assert pair.context.value is not None
        assert pair.context.value["paper"] == "unknown"
        with pytest.raises(CommandRejectedError) as refused:
            await pair.driver.execute("print", ticket=TICKET)
        assert refused.value.code == "offline"
        await pair.hosted.act("replug")
        await pair.context.wait_state(DeviceState.READY)
        await pair.driver.execute("print", ticket=TICKET)
        assert len(pair.tickets) == 1


async def test_on_a_serial_line(tmp_path: Path) -> None:
    url = f"serial:{tmp_path}/printer?baudrate=19200"
    async with paired(url=url) as pair:
        await pair.context.wait_state(DeviceState.READY)
        await pair.driver.execute("print", ticket=TICKET)
        assert len(pair.tickets) == 1
        await pair.driver.execute("test", text="一号机")
        assert "一号机" in pair.tickets[-1]


async def test_bitmap_without_a_font_is_a_mistake_of_the_hall_file() -> None:
    async with paired(charset="bitmap", font="/nowhere/a.ttf") as pair:
        reason = await pair.context.wait_state(DeviceState.LOCKED)
        assert "no font /nowhere/a.ttf" in reason


@asynccontextmanager
async def breaking_printer(after: int) -> AsyncIterator[str]:
    """Answers status, and ends the connection once it took so many bytes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken = 0
        with suppress(OSError):
            while taken < after:
                data = await reader.read(64)
                if not data:
                    break
                if data.startswith(b"\x10\x04"):
                    writer.write(b"\x12")
                else:
                    taken += len(data)
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_print_that_breaks_off_half_way_is_told_as_failed() -> None:
    async with breaking_printer(after=100) as url:
        site, entry = make_site(url, settle_s=5.0, poll_s=60)
        context = RecordingContext(entry, site)
        async with driving(EscposDriver, entry, context) as under_way:
            await context.wait_state(DeviceState.READY)
            with pytest.raises(TransportError, match="broke off"):
                await under_way.execute("print", ticket=TICKET)
            assert context.remembered["jobs"]["t1"]["state"] == "broken"
            with pytest.raises(CommandRejectedError) as refused:
                await under_way.execute("print", ticket=TICKET)
            assert refused.value.code == "broken_off"
