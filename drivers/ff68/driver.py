"""A line of callers and evaluators that speak `FF 68`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Annotated, Any, ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field

from devices.errors import CommandRejectedError, ConfigurationError, TransportError
from devices.events import DeviceEvent, EventType
from devices.ff68.frames import (
    Dialect,
    Digits,
    acknowledgement,
    beep,
    is_rating,
    unit_address,
)
from devices.ff68.keymaps import KeyMap
from devices.ff68.site import BusKeys, UnitAddress
from devices.kinds import DeviceKind, DeviceState
from devices.site import DeviceEntry, SiteError
from drivers.driver import Driver, DriverContext, DriverParameters
from drivers.ff68.digits import Board, Change, UnitContent
from drivers.ff68.echo import EchoFilter, EchoMode
from drivers.ff68.line import Line
from drivers.ff68.noise import NoiseMeter
from drivers.ff68.outbox import Outgoing
from drivers.ff68.presses import Heard, PressBook
from drivers.ff68.sharing import SharedLines

log = logging.getLogger(__name__)

FOUR_KEYS: Final[Mapping[int, int]] = {0: 2, 1: 3, 2: 4, 3: 5}
"""Levels of a four-key evaluator's values (facts: ratings); others are null."""
LONGEST_SLEEP_S: Final = 60.0
"""A `valid_until` is looked at so often: the hall's clock may be set."""

MAX_UNIT: Final = 254

Level = Annotated[int, Field(ge=1, le=5)]
Value = Annotated[int, Field(ge=0, le=255)]


class CallerBusParameters(BusKeys, DriverParameters):
    """The line's own keys of the hall file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    debounce_ms: Annotated[float, Field(ge=0, le=10_000)] = 300
    """Equal frames of one device within this are one press."""
    echo: EchoMode = EchoMode.AUTO
    """Whether the line gives back what is sent."""
    evaluator_map: dict[Value, Level | None] = Field(default_factory=dict)
    """Levels of evaluator values, over those of four keys; null is no rating."""
    frame_gap_ms: Annotated[float, Field(ge=0, le=1000)] = 30
    """Pause behind a frame before digits or a beep; answers do not wait."""
    refresh_s: Annotated[float, Field(ge=0, le=86_400)] = 300
    """Callers are told their digits again so often: one may have lost power.

    0 is off.
    """
    noise_limit: Annotated[int, Field(ge=1, le=10_000)] = 10
    """So many bursts of noise in the window make a line DEGRADED."""
    noise_window_s: Annotated[float, Field(gt=0, le=600)] = 10

    @property
    def levels(self) -> dict[int, int | None]:
        """The level of each evaluator value that has one."""
        return {**FOUR_KEYS, **self.evaluator_map}


class Beep(BaseModel):
    """Have a caller beep."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: UnitAddress


class CallerBusDriver(Driver[CallerBusParameters]):
    """Presses and ratings of one line; digits and beeps to its callers."""

    kind = DeviceKind.CALLER_BUS
    parameters_model = CallerBusParameters
    capabilities = (EventType.CALLER_KEY, EventType.RATING_PRESS, "digits", "beep")
    commands: ClassVar[Mapping[str, type[BaseModel]]] = {"beep": Beep}

    def __init__(self, context: DriverContext, parameters: CallerBusParameters) -> None:
        super().__init__(context, parameters)
        self._counters = {unit.address: unit.counter for unit in parameters.units}
        self._levels = parameters.levels
        self._presses = PressBook(parameters.debounce_ms / 1000, context.recall)
        self._echo = EchoFilter(parameters.echo)
        self._noise = NoiseMeter(
            window_s=parameters.noise_window_s, limit=parameters.noise_limit
        )
        self._board = Board()
        self._replan = asyncio.Event()
        self._line: Line | None = None
        self._beeps: set[asyncio.Future[None]] = set()

    @classmethod
    def check(cls, device: DeviceEntry, parameters: CallerBusParameters) -> None:
        """Want a url, a key map that can be read, and each address once."""
        if device.url is None:
            raise SiteError(
                ("url",),
                "a caller line wants a url: serial:/dev/…?baudrate=9600 or "
                "tcp://host:port",
            )
        try:
            keymap = parameters.load_keymap()
        except ConfigurationError as error:
            raise SiteError(("keymap",), str(error)) from error
        parameters.check_units(parameters.dialect or keymap.dialect)

    async def run(self) -> None:
        """See `Driver.run`. A silent line is a good line."""
        keymap = self.parameters.load_keymap()
        dialect = self.parameters.dialect or keymap.dialect
        self.parameters.check_units(dialect)
        url = self.context.device.url
        if url is None:
            raise ConfigurationError("a caller line wants a url")
        shared = self.context.share(SharedLines, SharedLines).line(
            self.context.device.id
        )
        async with await self.context.connect(url) as transport:
            self._presses.line_opened(asyncio.get_running_loop().time())
            self._echo.line_opened()
            self._board = Board()
            line = self._line = Line(
                transport,
                self.context,
                echo=self._echo,
                noise=self._noise,
                frame_gap_s=self.parameters.frame_gap_ms / 1000,
                strip_answered=shared.answered if self._has_strips() else None,
            )
            self.context.report(DeviceState.READY)
            shared.opened(line.outbox)
            self.context.describe(keymap=self.parameters.keymap, dialect=dialect)
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(line.read())
                    tasks.create_task(line.write())
                    tasks.create_task(line.watch_noise(self._tell_all_again))
                    tasks.create_task(self._take_presses(line, keymap, dialect))
                    tasks.create_task(self._follow_desired())
                    tasks.create_task(self._show_digits(line))
            except ExceptionGroup as group:
                raise _cause(group) from group
            finally:
                self._line = None
                shared.closed()
                self._fail_beeps()

    async def execute(self, name: str, arguments: BaseModel) -> Mapping[str, Any]:
        """See `Driver.execute`; a beep ends when it was sent: callers answer none."""
        if not isinstance(arguments, Beep):
            return await super().execute(name, arguments)
        if self._line is None:
            raise CommandRejectedError(
                "offline", "the line is not open; see the device's state for why"
            )
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._beeps.add(written)
        written.add_done_callback(self._beeps.discard)

        def sent(at_s: float) -> None:
            del at_s
            if not written.done():
                written.set_result(None)

        self._line.outbox.beep(Outgoing(message=beep(arguments.address), sent=sent))
        await written
        return {"address": arguments.address}

    def _has_strips(self) -> bool:
        return any(
            device.driver == "strip"
            and device.parameters.get("bus") == self.context.device.id
            for device in self.context.site.devices
        )

    # Presses

    async def _take_presses(self, line: Line, keymap: KeyMap, dialect: Dialect) -> None:
        loop = asyncio.get_running_loop()
        while True:
            batch = await line.frames(self._presses.settles_at_s)
            new = [heard for heard in batch if self._presses.is_new(heard)]
            settled = self._presses.settle(loop.time())
            if new:
                events = [self._event(heard, keymap, dialect) for heard in new]
                await self._journal(new, events, settled)
            elif settled:
                await self.context.remember(settled)
            for heard in batch:
                answer = acknowledgement(heard.frame, dialect)
                line.outbox.answer(
                    Outgoing(
                        message=answer,
                        own=answer != heard.frame,
                        sent=partial(self._presses.acknowledged, heard),
                    )
                )
            for heard in new:
                self._turn_away(line, heard, dialect)

    def _turn_away(self, line: Line, heard: Heard, dialect: Dialect) -> None:
        """Show a caller that is nobody's that nobody will come: 000 and a beep."""
        address = unit_address(heard.frame, dialect)
        known = self._counters.get(address) is not None
        if known or is_rating(heard.frame) or not 1 <= address <= MAX_UNIT:
            return
        nobody = Digits.of(waiting=0, ticket=None).frame(address)
        line.outbox.show(address, Outgoing(message=nobody), urgent=True)
        line.outbox.beep(Outgoing(message=beep(address)))

    async def _journal(
        self,
        new: Sequence[Heard],
        events: Sequence[DeviceEvent],
        settled: Mapping[str, Any],
    ) -> None:
        devices = {heard.device for heard in new}
        memory = {**settled, **self._presses.memory(devices)}
        try:
            await self.context.emit(events, remember=memory)
        except Exception:
            self._presses.failed(devices)
            raise
        except asyncio.CancelledError:
            self._presses.forget(devices)
            raise

    def _event(self, heard: Heard, keymap: KeyMap, dialect: Dialect) -> DeviceEvent:
        frame = heard.frame
        address = unit_address(frame, dialect)
        data: dict[str, Any] = {"counter": self._counters.get(address)}
        if is_rating(frame):
            event_type = EventType.RATING_PRESS
            data |= {"value": self._levels.get(frame.data[0]), "key": frame.data[0]}
        else:
            event_type = EventType.CALLER_KEY
            press = keymap.read(frame.data)
            data |= {"key": press.key.value, "digits": press.digits}
        data |= {"address": address, "raw": frame.encode().hex()}
        return DeviceEvent(
            type=event_type, data=data, time=heard.time, received=heard.time
        )

    # Digits

    async def _follow_desired(self) -> None:
        rev: int | None = None
        while True:
            rev = (await self.context.desired_changed(rev)).rev
            self._replan.set()

    async def _show_digits(self, line: Line) -> None:
        loop = asyncio.get_running_loop()
        refresh_s = self.parameters.refresh_s
        refresh_at_s = loop.time() + refresh_s
        while True:
            self._replan.clear()
            if refresh_s and loop.time() >= refresh_at_s:
                refresh_at_s = loop.time() + refresh_s
                self._board.repeat()
            sleep_s = refresh_at_s - loop.time() if refresh_s else None
            desired = self.context.desired
            if desired is not None:
                now = self.context.now()
                mistake = self._board.mistake
                for change in self._board.plan(desired, now):
                    self._send_digits(line, change)
                if self._board.mistake != mistake:
                    self._note_mistake()
                if desired.valid_until is not None and desired.valid_until > now:
                    left_s = (desired.valid_until - now).total_seconds()
                    sleep_s = min(left_s, LONGEST_SLEEP_S, sleep_s or left_s)
            with suppress(TimeoutError):
                async with asyncio.timeout(sleep_s):
                    await self._replan.wait()

    def _send_digits(self, line: Line, change: Change) -> None:
        message = change.content.digits.frame(change.address)
        sent = partial(self._shown, line, change.address, change.content)
        line.outbox.show(
            change.address,
            Outgoing(message=message, sent=sent),
            urgent=change.urgent,
        )

    def _shown(
        self, line: Line, address: int, content: UnitContent, at_s: float
    ) -> None:
        del at_s
        self._board.shown[address] = content
        if line.outbox.is_idle:
            self.context.show(self._board.value())

    def _note_mistake(self) -> None:
        mistake = self._board.mistake
        if mistake:
            log.warning(
                "%s: desired cannot be shown: %s", self.context.device.id, mistake
            )
        self.context.describe(desired_mistake=mistake or None)

    def _tell_all_again(self) -> None:
        self._board.repeat()
        self._replan.set()

    def _fail_beeps(self) -> None:
        for written in self._beeps:
            if not written.done():
                written.set_exception(TransportError("the line broke before the beep"))


def _cause(group: ExceptionGroup[Exception]) -> Exception:
    """The first error within: the parts of a line fail together."""
    first = group.exceptions[0]
    return _cause(first) if isinstance(first, ExceptionGroup) else first
