"""Driver `escpos`: ticket printers on the network, a serial line or USB.

A printer takes one connection at a time, so tickets and status questions share
one. A printer that does not answer is `unknown`, never well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Final

from pydantic import BaseModel, Field

from bus.threads import in_daemon_thread
from devices.errors import (
    CommandRejectedError,
    CommandTimeoutError,
    DeviceError,
    TransportError,
)
from devices.escpos.status import UNKNOWN, Condition, Cover, Fault, Paper
from devices.events import DeviceEvent, EventType
from devices.kinds import DeviceKind, DeviceState
from devices.site import DeviceEntry, SiteError
from drivers.driver import Driver, DriverContext, DriverParameters
from drivers.escpos.jobs import Jobs, JobState, PrintTicket
from drivers.escpos.layout import compose, compose_test, find_font, prepare
from drivers.escpos.link import PrinterLink
from drivers.escpos.settings import Charset, EscposParameters, has_line, printer_url

CONDITION: Final = "condition"
MAX_SILENCES: Final = 3
"""Looks without an answer, after there were some, before the line is opened anew."""
COMPOSE_LIMIT_S: Final = 10.0
SILENT: Final = (
    "it does not tell its status: paper and cover are unknown; check that its cable "
    "carries both ways"
)


class Nothing(BaseModel):
    """A command without arguments."""

    model_config = DriverParameters.model_config


class PrintArguments(BaseModel):
    """A ticket to print; `job` tells repeated requests from new ones."""

    model_config = DriverParameters.model_config

    ticket: PrintTicket
    reprint: bool = False
    """Print it though it was printed."""
    job: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    """Printed once under this name, reprint or not; the ticket's id without."""


class ReprintArguments(BaseModel):
    """A ticket that was printed here, by its id; the last one without."""

    model_config = DriverParameters.model_config

    ticket: Annotated[str, Field(min_length=1, max_length=64)] | None = None


class TestArguments(BaseModel):
    """What stands on the test page."""

    model_config = DriverParameters.model_config

    text: Annotated[str, Field(max_length=200)] = ""


class EscposDriver(Driver[EscposParameters]):
    """One printer."""

    kind = DeviceKind.PRINTER
    parameters_model = EscposParameters
    capabilities = (EventType.PRINTER_STATUS, "print")
    commands: ClassVar[Mapping[str, type[BaseModel]]] = {
        "print": PrintArguments,
        "reprint": ReprintArguments,
        "status": Nothing,
        "test": TestArguments,
    }

    def __init__(self, context: DriverContext, parameters: EscposParameters) -> None:
        super().__init__(context, parameters)
        self._jobs = Jobs(context)
        self._link: PrinterLink | None = None
        self._turn = asyncio.Lock()
        self._condition = UNKNOWN
        self._last: Mapping[str, Any] | None = None
        self._answered = False
        self._silences = 0

    @classmethod
    def check(cls, device: DeviceEntry, parameters: EscposParameters) -> None:
        """A printer needs a line."""
        del parameters
        if not has_line(device):
            raise SiteError(
                ("url",),
                "a ticket printer needs a url: tcp://host:9100, "
                "serial:/dev/…?baudrate=19200 or usb:vendor:product",
            )

    async def run(self) -> None:
        """Serve the printer until the line breaks or it falls silent."""
        if self.parameters.charset is Charset.BITMAP:
            find_font(self.parameters.font)
        await in_daemon_thread(prepare, name="escpos-load")
        self._answered, self._silences = False, 0
        async with await self.context.connect(printer_url(self.context.device)) as line:
            link = PrinterLink(line, timeout_s=self.parameters.timeout_s)
            listening = asyncio.create_task(link.listen())
            try:
                self._link = link
                await self._watch(link)
            finally:
                self._link = None
                self._condition = UNKNOWN
                self._show()
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)

    async def execute(self, name: str, arguments: BaseModel) -> Mapping[str, Any]:
        """Print a ticket or a test page, print one again, or tell the status."""
        del name  # the arguments tell
        async with self._turn:
            match arguments:
                case PrintArguments():
                    key = arguments.job or arguments.ticket.id
                    again = arguments.reprint and arguments.job is None
                    return await self._print(key, arguments.ticket, again=again)
                case ReprintArguments(ticket=wanted):
                    ticket = self._jobs.ticket(wanted)
                    if ticket is None:
                        raise CommandRejectedError(
                            "unknown_ticket", "no such ticket was printed here lately"
                        )
                    return await self._print(ticket.id, ticket, again=True)
                case TestArguments(text=text):
                    told = text or self.context.device.label
                    link = await self._ready_link()
                    data = await _composed(lambda: compose_test(told, self.parameters))
                    return {"confirmed": await self._send(link, data)}
                case _:
                    return await self._status()

    # Looking after it.

    async def _watch(self, link: PrinterLink) -> None:
        while True:
            async with self._turn:
                await self._look(link)
            if self._silences >= MAX_SILENCES and self._answered:
                raise CommandTimeoutError(
                    "it no longer answers; check its power and its cable"
                )
            await link.rest(self.parameters.poll_s)

    async def _look(self, link: PrinterLink) -> Condition:
        """Ask how it is, and tell what changed."""
        found = await link.condition()
        if found is None:
            self._silences += 1
        else:
            self._answered, self._silences = True, 0
        condition = found or UNKNOWN
        data = condition.as_data()
        if self.context.recall(CONDITION) != data:
            now = self.context.now()
            event = DeviceEvent(
                type=EventType.PRINTER_STATUS, time=now, received=now, data=data
            )
            await self.context.emit([event], remember={CONDITION: data})
        self._condition = condition
        self._show()
        state, reason = _standing(condition, silent=found is None)
        self.context.report(state, reason)
        return condition

    async def _status(self) -> Mapping[str, Any]:
        if self._link is None:
            raise CommandRejectedError(*_OFFLINE)
        if self._answered or not self._silences:
            await self._look(self._link)
        return self._value()

    def _show(self) -> None:
        self.context.show(self._value())

    def _value(self) -> dict[str, Any]:
        return {**self._condition.as_data(), "last": self._last}

    # Printing.

    async def _print(
        self, key: str, ticket: PrintTicket, *, again: bool
    ) -> Mapping[str, Any]:
        known = None if again else self._jobs.state(key)
        if known is JobState.PRINTED:
            return {"printed": True, "confirmed": True, "again": True}
        if known is not None:
            raise CommandRejectedError(
                "doubtful" if known is JobState.STARTED else "broken_off",
                f"ticket {ticket.number} broke off when it was printed; look whether "
                "it came out, and print it again with reprint",
            )
        link = await self._ready_link()
        hall = self.context.site.hall.name or self.context.site.hall.id
        stamped = _stamped(ticket, self.context.now().isoformat())
        data = await _composed(lambda: compose(stamped, self.parameters, hall))
        await self._jobs.note(key, JobState.STARTED, stamped)
        self._tell_last(ticket, "printing")
        try:
            confirmed = await self._send(link, data)
        except DeviceError:
            await self._jobs.note(key, JobState.BROKEN, stamped)
            self._tell_last(ticket, "failed")
            raise
        await self._jobs.note(key, JobState.PRINTED, stamped)
        self._tell_last(ticket, "printed" if confirmed else "unknown")
        return {"printed": True, "confirmed": confirmed, "again": False}

    async def _ready_link(self) -> PrinterLink:
        """The line to a printer that can print; raises before anything is sent."""
        if self._link is None:
            raise CommandRejectedError(*_OFFLINE)
        condition = self._condition
        if self._answered or not self._silences:
            condition = await self._look(self._link)
        trouble = _trouble(condition)
        if trouble is not None:
            raise CommandRejectedError(*trouble)
        return self._link

    async def _send(self, link: PrinterLink, data: bytes) -> bool:
        """Print; whether it confirmed that all was well. Raises `DeviceError`."""
        try:
            await link.send(data, self.parameters.send_timeout_s)
            await link.rest(self.parameters.settle_s)
            if not self._answered:
                return False
            condition = await self._look(link)
        except TransportError as error:
            raise TransportError(f"the print broke off: {error}") from error
        trouble = _trouble(condition)
        if trouble is not None:
            raise DeviceError(f"the print broke off: {trouble[1]}")
        return condition != UNKNOWN

    def _tell_last(self, ticket: PrintTicket, result: str) -> None:
        self._last = {
            "id": ticket.id,
            "number": ticket.number,
            "result": result,
            "at": self.context.now().isoformat(),
        }
        self._show()


_OFFLINE: Final = ("offline", "the printer is not connected; see the device's state")


def _standing(condition: Condition, *, silent: bool) -> tuple[DeviceState, str]:
    """The device's state with its reason."""
    if silent:
        return DeviceState.DEGRADED, SILENT
    trouble = _trouble(condition)
    if trouble is not None:
        return DeviceState.DEGRADED, trouble[1]
    if condition.paper is Paper.NEAR_END:
        return DeviceState.READY, "the roll is near its end; have a new one at hand"
    return DeviceState.READY, ""


def _trouble(condition: Condition) -> tuple[str, str] | None:
    """Why nothing can be printed: a word and what to do; None when it can."""
    if condition.cover is Cover.OPEN:
        return "cover_open", "the cover is open; close it"
    if condition.paper is Paper.OUT:
        return "no_paper", "there is no paper; put in a new roll"
    if condition.error not in {Fault.NONE, Fault.UNKNOWN}:
        return "printer_error", (
            f"the printer has an error ({condition.error}); clear a paper jam, switch "
            "it off and on"
        )
    return None


def _stamped(ticket: PrintTicket, now: str) -> PrintTicket:
    """With a time."""
    return ticket if ticket.time else ticket.model_copy(update={"time": now})


async def _composed(work: Callable[[], bytes]) -> bytes:
    """Build a ticket off the event loop."""
    try:
        async with asyncio.timeout(COMPOSE_LIMIT_S):
            return await in_daemon_thread(work, name="escpos-compose")
    except TimeoutError as error:
        raise CommandTimeoutError("the ticket could not be built in time") from error
