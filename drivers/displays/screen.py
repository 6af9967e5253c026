"""The driver of a text display: its screen converges to what is desired."""

from __future__ import annotations

import asyncio
import math
import random
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar, Final, TypeVar

from pydantic import BaseModel

from bus.backoff import Backoff
from devices.displays import is_off_at, level_at
from devices.errors import CommandRejectedError, CommandTimeoutError, DeviceError
from devices.kinds import DeviceKind, DeviceState
from devices.site import DeviceEntry, Site, SiteError
from drivers.displays.commands import Errand, ShowTestArguments
from drivers.displays.fits import advise
from drivers.displays.keys import ScreenParameters
from drivers.displays.look import Light, Look, read_level
from drivers.displays.panel import Panel, RefusedError, Shown
from drivers.displays.plan import ScreenPlan
from drivers.displays.wish import ScreenTest, Wish, expires_in_s
from drivers.driver import Driver, DriverContext
from drivers.transports.transport import Transport

SETTLE_S: Final = 0.2
"""How long late answers are waited for after one was missed, and how often."""
SETTLE_TRIES: Final = 10
SET_CLOCK_EVERY_S: Final = 24 * 3600.0
RELIGHT_EVERY_S: Final = 300.0
"""How often power and brightness are set again."""
LOOK_AGAIN_S: Final = 30.0
"""How often hours of the day are looked at."""
REFUSALS: Final = 5
"""A card that is busy, or gets spoiled frames, so often in a row is in trouble."""

Parameters = TypeVar("Parameters", bound=ScreenParameters)


class ScreenDriver(Driver[Parameters]):
    """One text display.

    The text may be lost with the card's power, so it is written after each
    connection and again at intervals. Until a first desired text comes the card
    keeps what it has, for `idle_after_s`; then the idle text is shown.
    """

    kind = DeviceKind.DISPLAY
    capabilities = ("text",)
    can_flash: ClassVar[bool] = False
    can_light: ClassVar[bool] = True
    """Whether the card can be switched off and dimmed; else off is no text."""
    repeat_after_s: ClassVar[float] = 0.0
    """Writes each new text once more so soon after, for cards that are mute."""
    probe_every_s: float = math.inf
    sets_clock: bool = False

    def __init__(self, context: DriverContext, parameters: Parameters) -> None:
        super().__init__(context, parameters)
        self._plan: ScreenPlan[Look] = ScreenPlan(
            refresh_min_s=parameters.refresh_min_s,
            rewrite_every_s=parameters.rewrite_every_s,
            backoff=Backoff(random.random, first_s=2.0),
            repeat_after_s=self.repeat_after_s,
        )
        idle = parameters.idle_text
        self._wish = Wish(
            context,
            idle=context.site.queue.idle_text if idle is None else idle,
            idle_after_s=parameters.idle_after_s,
            color=parameters.color,
            can_flash=self.can_flash,
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
        self._lit: Light | None = None
        """What the card was told last; None when that is not known."""
        self._lit_s = -math.inf
        self._light_touched = False
        self._note = ""
        """What a technician should know of the text shown."""
        self._light_note = ""
        self._value: Mapping[str, str] = {}

    @classmethod
    def advise(
        cls, device: DeviceEntry, parameters: Parameters, site: Site
    ) -> Sequence[SiteError]:
        """Texts that will not fit the screen."""
        return advise(device, parameters, site)

    @abstractmethod
    def panel(self, transport: Transport) -> Panel:
        """The card behind an open transport."""

    def urls(self) -> Sequence[str]:
        """Where the card may be, tried one after the other."""
        return [self.context.device.url or ""]

    async def open(self, url: str) -> Transport:
        """Open the way to the card at one of `urls`."""
        return await self.context.connect(url)

    async def reached(self, url: str) -> None:
        """Note that the card answers at `url`."""
        del url

    async def run(self) -> None:
        """See `Driver.run`."""
        urls = list(self.urls())
        for url in urls:
            try:
                await self._live(url)
            except CommandTimeoutError:
                if self._is_connected or len(urls) == 1:
                    raise
            finally:
                self._is_connected = False
                self._drop_waiting()
        raise CommandTimeoutError(
            f"{self.context.device.url}: no answer at "
            f"{' nor '.join(url.rpartition('=')[2] for url in urls)} baud; check the "
            "card's power, the wires and its address"
        )

    async def execute(self, name: str, arguments: BaseModel) -> Mapping[str, Any]:
        """See `Driver.execute`; knows `test`."""
        if isinstance(arguments, ShowTestArguments):
            return await self.test(arguments)
        return await super().execute(name, arguments)

    async def ask(self, work: Callable[[Any], Any]) -> Any:
        """Have something asked of the panel between the texts, for commands."""
        self._check_connected()
        errand = Errand(work)
        self._errands.append(errand)
        self._wake.set()
        return await errand.result()

    async def test(self, arguments: ShowTestArguments) -> Mapping[str, Any]:
        """The command `test`."""
        self._check_connected()
        test = ScreenTest(arguments.text, arguments.seconds)
        self._wish.test(test)
        self._wake.set()
        await test.shown()
        return {"text": test.text, "seconds": arguments.seconds}

    # One life

    async def _live(self, url: str) -> None:
        async with await self.open(url) as transport:
            panel = self.panel(transport)
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(panel.listen())
                    tasks.create_task(self._watch_desired())
                    await self._greet(panel, url)
                    await self._serve(panel)
            except ExceptionGroup as group:
                raise _cause(group) from group

    async def _watch_desired(self) -> None:
        known: int | None = None
        while True:
            known = (await self.context.desired_changed(known)).rev
            self._wake.set()

    async def _greet(self, panel: Panel, url: str) -> None:
        info = await panel.greet()
        for _ in range(SETTLE_TRIES if self._plan.is_in_doubt else 0):
            unasked = panel.unasked
            await asyncio.sleep(SETTLE_S)
            if panel.unasked == unasked:
                break
        self._is_connected = True
        self._answered_s = now_s()
        self._plan.connected(self._answered_s)
        self._wish.begin(self._answered_s)
        self._lit = None
        self._note = self._light_note = ""
        self._refusals = 0
        self.context.report(DeviceState.READY)
        self.context.describe(**info)
        await self.reached(url)

    async def _serve(self, panel: Panel) -> None:
        while True:
            self._wake.clear()
            at_s = now_s()
            light = self._wanted_light()
            self._plan.want(self._wanted_look(light, at_s))
            self._note_settled(at_s)
            due_s = self._plan.due_s(at_s)
            probe_s = self._answered_s + self.probe_every_s - at_s
            if due_s == 0:
                await self._write(panel)
            elif self._errands:
                await self._run_errand(panel)
            elif self._is_light_due(light, at_s):
                await self._shine(panel, light)
            elif self._is_clock_due(at_s):
                await self._set_clock(panel)
            elif probe_s <= 0:
                await panel.probe()
                self._answered_s = now_s()
            else:
                waits = (due_s, probe_s, self._wish.changes_in_s(at_s), LOOK_AGAIN_S)
                await self._sleep(min(wait for wait in waits if wait is not None))

    async def _sleep(self, wait_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._wake.wait()

    def _wanted_look(self, light: Light, at_s: float) -> Look | None:
        look = self._wish.look(at_s)
        if not light.on and not self.can_light:
            return Look()
        return look

    # Texts

    async def _write(self, panel: Panel) -> None:
        wanted = self._plan.wanted or Look()
        self._plan.sent()
        try:
            shown = await panel.write(wanted)
        except RefusedError as refusal:
            self._refused(refusal, wanted)
            return
        self._answered_s = now_s()
        self._refusals = 0
        self._plan.written(wanted, self._answered_s)
        self._note = f"not shown as given: {shown.lost!r}" if shown.lost else ""
        self._show(shown)

    def _show(self, shown: Shown) -> None:
        value = {"text": shown.text} | ({"lost": shown.lost} if shown.lost else {})
        if value != self._value:
            self._value = value
            self.context.show(value)

    def _refused(self, refusal: RefusedError, wanted: Look) -> None:
        self._answered_s = now_s()
        self._refusals += 1
        soon = refusal.passing and self._refusals < REFUSALS
        self._plan.refused(self._answered_s, soon=soon)
        if soon:
            return
        if self._wish.is_test(wanted.text):
            self._wish.end_test(CommandRejectedError("refused", str(refusal)))
        else:
            self.context.report(DeviceState.DEGRADED, str(refusal))

    def _note_settled(self, at_s: float) -> None:
        if self._plan.is_settled:
            notes = [note for note in (self._note, self._light_note) if note]
            self.context.report(DeviceState.READY, "; ".join(notes))
            self._wish.shown((self._plan.shown or Look()).text, at_s)

    # Light and clock

    def _wanted_light(self) -> Light:
        now, desired = self.context.now(), self.context.desired
        content: Mapping[str, Any] = {}
        if desired is not None and expires_in_s(desired, now) > 0:
            content = desired.content
        off = is_off_at(self.parameters.off, now.time())
        level = read_level(content.get("brightness"))
        if level is None:
            level = level_at(self.parameters.brightness, now.time())
        return Light(on=not off and content.get("state") != "off", level=level)

    def _is_light_due(self, light: Light, at_s: float) -> bool:
        if not self.can_light:
            return False
        if light == Light() and not self._light_touched:
            return bool(self.parameters.off) and self._lit != light
        return light != self._lit or at_s - self._lit_s >= RELIGHT_EVERY_S

    async def _shine(self, panel: Panel, light: Light) -> None:
        self._light_touched = True
        try:
            await panel.shine(light)
        except RefusedError as refusal:
            self._light_note = f"brightness or power: {refusal}"
        else:
            self._light_note = ""
        self._answered_s = self._lit_s = now_s()
        self._lit = light

    def _is_clock_due(self, at_s: float) -> bool:
        return (
            self.sets_clock
            and not self._clock_ignored
            and self.context.clock_trusted
            and at_s - self._clock_set_s >= SET_CLOCK_EVERY_S
        )

    async def _set_clock(self, panel: Panel) -> None:
        told = "set"
        try:
            await panel.set_time(self.context.now())
        except RefusedError as refusal:
            told = f"not set: {refusal}"
        except CommandTimeoutError:
            self._clock_ignored = True
            raise
        self._clock_set_s = self._answered_s = now_s()
        self.context.describe(clock=told)

    # Commands

    async def _run_errand(self, panel: Panel) -> None:
        errand = self._errands[0]  # left there, to be dropped if we are cut off
        if not errand.is_over:
            with suppress(CommandRejectedError):  # told to whoever asked
                await errand.run(panel)
            self._answered_s = now_s()
        self._errands.popleft()

    def _check_connected(self) -> None:
        if not self._is_connected:
            raise CommandRejectedError("offline", "the card is not connected")

    def _drop_waiting(self) -> None:
        lost = CommandRejectedError("offline", "the connection to the card was lost")
        while self._errands:
            self._errands.popleft().fail(lost)
        self._wish.end_test(lost)


def now_s() -> float:
    """Monotonic seconds."""
    return asyncio.get_running_loop().time()


def _cause(group: ExceptionGroup[Exception]) -> Exception:
    """The one error to tell: a bug before what the device did."""
    errors: list[Exception] = []
    for error in group.exceptions:
        errors.append(_cause(error) if isinstance(error, ExceptionGroup) else error)
    bugs = [error for error in errors if not isinstance(error, DeviceError)]
    return (bugs or errors)[0]
