"""Onbon BX-5K/6K LED font cards: the screen converges to the desired text."""

from __future__ import annotations

import asyncio
import math
import random
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, ClassVar, Final

from pydantic import BaseModel

from bus.backoff import Backoff
from devices.errors import CommandRejectedError, CommandTimeoutError, DeviceError
from devices.kinds import DeviceKind, DeviceState
from devices.onbon.areas import LIMITS
from devices.onbon.frames import Frame
from devices.onbon.messages import (
    BAUDRATES,
    PING,
    ErrorCode,
    Reply,
    Request,
    explain,
    set_time,
)
from devices.site import DeviceEntry, SiteError
from drivers.displays.plan import ScreenPlan
from drivers.displays.wish import ScreenTest, Wish
from drivers.driver import Driver, DriverContext
from drivers.onbon.commands import (
    Errand,
    PingArguments,
    SetTimeArguments,
    ShowTestArguments,
)
from drivers.onbon.layout import OnbonParameters, lay_out
from drivers.onbon.link import CardLink

SETTLE_S: Final = 0.2
"""How long late answers are waited for after one was missed, and how often."""
SETTLE_TRIES: Final = 10
SET_CLOCK_EVERY_S: Final = 24 * 3600.0
REFUSALS: Final = 5
"""A card that is busy, or gets spoiled frames, so often in a row is in trouble."""
_RATE: Final = "baudrate"


class OnbonDriver(Driver[OnbonParameters]):
    """One LED card with one text, written into one dynamic area.

    The text is in the card's RAM only, so it is written after each connection
    and again at intervals. Until a first desired text comes the card keeps what
    it has, for `idle_after_s`; then the idle text is shown.
    """

    kind = DeviceKind.DISPLAY
    parameters_model = OnbonParameters
    capabilities = ("text",)
    commands: ClassVar[Mapping[str, type[BaseModel]]] = {
        "ping": PingArguments,
        "set_time": SetTimeArguments,
        "test": ShowTestArguments,
    }

    def __init__(self, context: DriverContext, parameters: OnbonParameters) -> None:
        super().__init__(context, parameters)
        self._plan = ScreenPlan(
            refresh_min_s=parameters.refresh_min_s,
            rewrite_every_s=parameters.rewrite_every_s,
            backoff=Backoff(random.random, first_s=2.0),
        )
        idle = parameters.idle_text
        self._wish = Wish(
            context,
            idle=context.site.queue.idle_text if idle is None else idle,
            idle_after_s=parameters.idle_after_s,
        )
        self._wake = asyncio.Event()
        self._errands: deque[Errand] = deque()
        self._is_connected = False
        self._answered_s = 0.0
        self._refusals = 0
        """Passing refusals of the text in a row."""
        self._clock_set_s = -math.inf
        self._clock_ignored = False
        """Whether the card left a set-time request unanswered."""
        self._note = ""
        """What a technician should know of the text shown."""
        self._value: Mapping[str, str] = {}

    @classmethod
    def check(cls, device: DeviceEntry, parameters: OnbonParameters) -> None:
        """Want a url that a card can have and an area that the model has."""
        if device.url is None or device.url.startswith("udp:"):
            raise SiteError(
                ("url",),
                "an Onbon card wants a url: tcp://host:5005 or "
                "serial:/dev/…?baudrate=57600 (or 9600)",
            )
        areas = LIMITS[parameters.model].areas
        if parameters.dynamic_area >= areas:
            raise SiteError(
                ("dynamic_area",),
                f"a {parameters.model} card has the areas 0 to {areas - 1}",
            )
        if parameters.font_size and parameters.font_size > parameters.height:
            raise SiteError(
                ("font_size",),
                f"{parameters.font_size} dots do not fit {parameters.height} pixels",
            )

    async def run(self) -> None:
        """See `Driver.run`. Without a baud rate in the url, finds it by ping."""
        urls = list(self._urls())
        for url in urls:
            try:
                await self._live(url)
            except CommandTimeoutError:
                if self._is_connected or len(urls) == 1:
                    raise
            finally:
                self._is_connected = False
                self._drop_waiting()
        rates = " nor ".join(str(rate) for rate in BAUDRATES)
        raise CommandTimeoutError(
            f"{self.context.device.url}: no answer at {rates} baud; check the card's "
            "power, the wires and its address"
        )

    async def execute(self, name: str, arguments: BaseModel) -> Mapping[str, Any]:
        """See `Driver.execute`."""
        match arguments:
            case PingArguments():
                begun_s = _now_s()
                reply = await self._ask_between(PING)
                return {
                    "ms": round((_now_s() - begun_s) * 1000, 1),
                    "answer": "ack" if reply.is_ack else explain(reply.error),
                }
            case SetTimeArguments():
                return await self._execute_set_time()
            case ShowTestArguments():
                return await self._execute_test(arguments)
            case _:
                return await super().execute(name, arguments)

    async def _execute_set_time(self) -> Mapping[str, Any]:
        if not self.context.clock_trusted:
            raise CommandRejectedError(
                "clock_doubtful",
                "the host's own clock is doubtful; synchronise or confirm it first",
            )
        now = self.context.now()
        reply = await self._ask_between(set_time(now))
        if not reply.is_ack:
            raise CommandRejectedError("refused", f"the card {explain(reply.error)}")
        return {"time": now.isoformat(timespec="seconds")}

    async def _execute_test(self, arguments: ShowTestArguments) -> Mapping[str, Any]:
        self._check_connected()
        test = ScreenTest(arguments.text, arguments.seconds)
        self._wish.test(test)
        self._wake.set()
        await test.shown()
        return {"text": test.text, "seconds": arguments.seconds}

    def _urls(self) -> Iterator[str]:
        url = self.context.device.url or ""
        if not url.startswith("serial:") or f"{_RATE}=" in url:
            yield url
            return
        known = self.context.recall(_RATE)
        joint = "&" if "?" in url else "?"
        for rate in sorted(BAUDRATES, key=lambda rate: rate != known):
            yield f"{url}{joint}{_RATE}={rate}"

    async def _live(self, url: str) -> None:
        parameters = self.parameters
        async with await self.context.connect(url) as transport:
            link = CardLink(
                transport,
                template=Frame(
                    data=b"",
                    destination=parameters.address,
                    display_mode=int(parameters.cover_programmes),
                    device_type=parameters.device_type,
                ),
                timeout_s=parameters.reply_timeout_s,
            )
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(link.listen())
                    tasks.create_task(self._watch_desired())
                    await self._greet(link, url)
                    await self._serve(link)
            except ExceptionGroup as group:
                raise _cause(group) from group

    async def _watch_desired(self) -> None:
        known: int | None = None
        while True:
            known = (await self.context.desired_changed(known)).rev
            self._wake.set()

    async def _greet(self, link: CardLink, url: str) -> None:
        await link.ask(PING)
        for _ in range(SETTLE_TRIES if self._plan.is_in_doubt else 0):
            unasked = link.unasked
            await asyncio.sleep(SETTLE_S)
            if link.unasked == unasked:
                break
        self._is_connected = True
        self._answered_s = _now_s()
        self._plan.connected(self._answered_s)
        self._wish.begin(self._answered_s)
        self._note = ""
        self._refusals = 0
        self.context.report(DeviceState.READY)
        parameters = self.parameters
        self.context.describe(
            model=f"BX-{parameters.model.upper()}",
            width=parameters.width,
            height=parameters.height,
            address=parameters.address,
        )
        _, found, rate = url.partition(f"{_RATE}=")
        if found and f"{_RATE}=" not in (self.context.device.url or ""):
            self.context.describe(baudrate=int(rate))
            await self.context.remember({_RATE: int(rate)})

    async def _serve(self, link: CardLink) -> None:
        parameters = self.parameters
        while True:
            self._wake.clear()
            now_s = _now_s()
            self._plan.want(self._wish.text(now_s))
            self._note_settled(now_s)
            due_s = self._plan.due_s(now_s)
            ping_s = self._answered_s + parameters.ping_every_s - now_s
            if due_s == 0:
                await self._write(link)
            elif self._errands:
                await self._run_errand(link)
            elif self._is_clock_due(now_s):
                await self._set_clock(link)
            elif ping_s <= 0:
                await self._ask(link, PING)
            else:
                waits = (due_s, ping_s, self._wish.changes_in_s(now_s))
                await self._sleep(min(wait for wait in waits if wait is not None))

    async def _sleep(self, wait_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._wake.wait()

    async def _write(self, link: CardLink) -> None:
        wanted = self._plan.wanted or ""
        layout = lay_out(wanted, self.parameters)
        self._plan.sent()
        reply = await self._ask(link, layout.update.request())
        if not reply.is_ack:
            self._refused(reply, wanted)
            return
        self._refusals = 0
        self._plan.written(wanted, _now_s())
        lost = layout.text.lost
        self._note = f"not shown as given: {lost!r}" if lost else ""
        value = {"text": layout.text.shown} | ({"lost": lost} if lost else {})
        if value != self._value:
            self._value = value
            self.context.show(value)

    def _refused(self, reply: Reply, wanted: str) -> None:
        passing = {ErrorCode.BUSY, ErrorCode.CHECKSUM}
        self._refusals += 1
        soon = reply.error in passing and self._refusals < REFUSALS
        self._plan.refused(_now_s(), soon=soon)
        if soon:
            return
        message = f"the card {explain(reply.error)}"
        if self._wish.is_test(wanted):
            self._wish.end_test(CommandRejectedError("refused", message))
        else:
            self.context.report(DeviceState.DEGRADED, message)

    def _note_settled(self, now_s: float) -> None:
        if self._plan.is_settled:
            self.context.report(DeviceState.READY, self._note)
            self._wish.shown(self._plan.shown or "", now_s)

    def _is_clock_due(self, now_s: float) -> bool:
        return (
            self.parameters.set_clock
            and not self._clock_ignored
            and self.context.clock_trusted
            and now_s - self._clock_set_s >= SET_CLOCK_EVERY_S
        )

    async def _set_clock(self, link: CardLink) -> None:
        try:
            reply = await self._ask(link, set_time(self.context.now()))
        except CommandTimeoutError:
            self._clock_ignored = True
            raise
        self._clock_set_s = _now_s()
        self.context.describe(
            clock="set" if reply.is_ack else f"not set: {explain(reply.error)}"
        )

    async def _ask(self, link: CardLink, request: Request) -> Reply:
        reply = await link.ask(request)
        self._answered_s = _now_s()
        return reply

    async def _ask_between(self, request: Request) -> Reply:
        """Have `_serve` ask, for commands."""
        self._check_connected()
        errand = Errand(request)
        self._errands.append(errand)
        self._wake.set()
        return await errand.reply()

    async def _run_errand(self, link: CardLink) -> None:
        errand = self._errands[0]  # left there, to be dropped if we are cut off
        try:
            if not errand.is_over:
                errand.finish(await self._ask(link, errand.request))
        except CommandTimeoutError as error:
            errand.fail(error)
            raise
        self._errands.popleft()

    def _check_connected(self) -> None:
        if not self._is_connected:
            raise CommandRejectedError("offline", "the card is not connected")

    def _drop_waiting(self) -> None:
        lost = CommandRejectedError("offline", "the connection to the card was lost")
        while self._errands:
            self._errands.popleft().fail(lost)
        self._wish.end_test(lost)


def _now_s() -> float:
    return asyncio.get_running_loop().time()


def _cause(group: ExceptionGroup[Exception]) -> Exception:
    """The one error to tell: a bug before what the device did."""
    errors: list[Exception] = []
    for error in group.exceptions:
        errors.append(_cause(error) if isinstance(error, ExceptionGroup) else error)
    bugs = [error for error in errors if not isinstance(error, DeviceError)]
    return (bugs or errors)[0]
