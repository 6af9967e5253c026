"""A line of button panels that are polled for their keys."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field

from devices.errors import CommandRejectedError, ConfigurationError
from devices.events import DeviceEvent, EventType
from devices.ff68.keymaps import Key, KeyMap
from devices.kinds import DeviceKind, DeviceState
from devices.site import DeviceEntry, SiteError
from devices.ub485.frames import IDLE, Light, Signal
from devices.ub485.site import PanelAddress, PanelKeys, PanelUnit
from drivers.driver import Driver, DriverContext, DriverParameters
from drivers.ff68.echo import EchoMode
from drivers.ff68.noise import NoiseMeter
from drivers.ub485.line import PanelLine
from drivers.ub485.panels import PanelBoard
from drivers.ub485.presses import PanelPresses

log = logging.getLogger(__name__)

BAUDRATE: Final = 57600
NOISE_WINDOW_S: Final = 10.0
IDLE_ANSWERS: Final = 2
"""So many answers without a key prove that a panel answers every poll."""
MOST_BEEPS: Final = 64


class PanelBusParameters(PanelKeys, DriverParameters):
    """The line's own keys of the hall file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    debounce_ms: Annotated[float, Field(ge=0, le=10_000)] = 300
    """Equal answers of one panel within this are one press."""
    poll_ms: Annotated[float, Field(ge=10, le=10_000)] = 100
    """Each panel is asked so often, when there is time for all of them."""
    answer_ms: Annotated[float, Field(ge=2, le=1000)] = 20
    """How long a panel may take to answer; more for slow serial servers."""
    echo: EchoMode = EchoMode.AUTO
    """Whether the line gives back what is sent."""
    lights: bool = True
    texts: bool = True
    """Whether panels have a light, and a display."""
    waiting_text: Annotated[str, Field(max_length=3)] = "CAL"
    """Shown while somebody waits for a window that is free."""
    refresh_s: Annotated[float, Field(ge=0, le=86_400)] = 300
    """Panels are told again so often; 0 is off."""
    silent_s: Annotated[float, Field(gt=0, le=3600)] = 5
    """A panel that answered every poll and is silent for so long is missed."""
    collision_limit: Annotated[int, Field(ge=1, le=10_000)] = 10
    """So many collisions in ten seconds make a line DEGRADED."""


class Beep(BaseModel):
    """Have a panel beep."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: PanelAddress


class _Heard:
    """When a panel was heard last, and whether it answers without a key too."""

    def __init__(self) -> None:
        self.at_s: float | None = None
        self.idle_answers = 0
        self.is_missed = False

    def line_opened(self, now_s: float) -> None:
        """Give it time to answer."""
        self.is_missed = False
        if self.at_s is not None:
            self.at_s = now_s

    def becomes_missed(self, now_s: float, silent_s: float) -> bool:
        """Whether it is missed from now on."""
        if self.is_missed or self.at_s is None or self.idle_answers < IDLE_ANSWERS:
            return False
        self.is_missed = now_s - self.at_s > silent_s
        return self.is_missed


class PanelBusDriver(Driver[PanelBusParameters]):
    """Presses of button panels; lights and texts of their windows."""

    kind = DeviceKind.CALLER_BUS
    parameters_model = PanelBusParameters
    capabilities = (EventType.CALLER_KEY, "lights", "beep")
    commands: ClassVar[Mapping[str, type[BaseModel]]] = {"beep": Beep}

    def __init__(self, context: DriverContext, parameters: PanelBusParameters) -> None:
        super().__init__(context, parameters)
        self._units = {unit.address: unit for unit in parameters.units}
        self._presses = PanelPresses(parameters.debounce_ms / 1000, context.recall)
        self._heard = {address: _Heard() for address in self._units}
        self._board = self._new_board()
        self._noise = self._new_meter()
        self._round_s = parameters.poll_ms / 1000
        self._refresh_at_s = 0.0
        self._mistake = ""
        self._beeps: list[tuple[int, asyncio.Future[None]]] = []
        self._is_open = False

    @classmethod
    def check(cls, device: DeviceEntry, parameters: PanelBusParameters) -> None:
        """Want a url, a key map that can be read, and each address once."""
        if device.url is None or device.url.startswith("udp:"):
            raise SiteError(
                ("url",),
                "a line of panels wants a url: serial:/dev/…?baudrate=57600 or "
                "tcp://host:port",
            )
        try:
            parameters.load_keymap()
        except ConfigurationError as error:
            raise SiteError(("keymap",), str(error)) from error
        parameters.check_units()

    async def run(self) -> None:
        """See `Driver.run`. Panels that never spoke may just have no key pressed."""
        keymap = self.parameters.load_keymap()
        url = self.context.device.url or ""
        if url.startswith("serial:") and "baudrate=" not in url:
            url += f"{'&' if '?' in url else '?'}baudrate={BAUDRATE}"
        async with await self.context.connect(url) as transport:
            line = PanelLine(
                transport,
                answer_s=self.parameters.answer_ms / 1000,
                echo=self.parameters.echo,
            )
            self._presses.line_opened()
            self._board = self._new_board()
            self._noise = self._new_meter()
            for heard in self._heard.values():
                heard.line_opened(_now_s())
            self._refresh_at_s = _now_s() + self.parameters.refresh_s
            self.context.describe(keymap=self.parameters.keymap)
            self._is_open = True
            try:
                self._tell_state(line)
                while True:
                    await self._round(line, keymap)
            finally:
                self._is_open = False
                self._fail_beeps()

    async def execute(self, name: str, arguments: BaseModel) -> Mapping[str, Any]:
        """See `Driver.execute`; a beep ends when it was sent: panels answer none."""
        if not isinstance(arguments, Beep):
            return await super().execute(name, arguments)
        if not self._is_open:
            raise CommandRejectedError(
                "offline", "the line is not open; see the device's state for why"
            )
        if len(self._beeps) >= MOST_BEEPS:
            raise CommandRejectedError("busy", f"{MOST_BEEPS} beeps wait already")
        sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._beeps.append((arguments.address, sent))
        await sent
        return {"address": arguments.address}

    # One round

    async def _round(self, line: PanelLine, keymap: KeyMap) -> None:
        """Ask every panel once; tell one of them something behind each."""
        begun_s = _now_s()
        for address in self._units:
            await self._take(await line.ask(address), keymap)
            await self._show_next(line, keymap)
        if not self._units:
            await self._show_next(line, keymap)
        self._tell_state(line)
        self._plan()
        rest_s = self.parameters.poll_ms / 1000 - (_now_s() - begun_s)
        while rest_s > 0:
            await self._take(await line.listen(rest_s), keymap)
            rest_s = self.parameters.poll_ms / 1000 - (_now_s() - begun_s)
        self._round_s = _now_s() - begun_s

    async def _take(self, answers: Sequence[Signal], keymap: KeyMap) -> None:
        now_s, now = _now_s(), self.context.now()
        for answer in answers:
            self._note_heard(answer, now_s)
            if not self._presses.is_new(answer, now_s, now, round_s=self._round_s):
                continue
            event = self._event(answer, keymap)
            try:
                await self.context.emit(
                    [event], remember=self._presses.memory(answer, now)
                )
            except Exception:
                self._presses.failed(answer)
                raise

    def _event(self, answer: Signal, keymap: KeyMap) -> DeviceEvent:
        unit = self._units.get(answer.address)
        press = keymap.read(bytes((answer.code,)))
        digits = press.digits
        if press.key is Key.TRANSFER and unit is not None:
            digits = self._window_number(unit)
        now = self.context.now()
        return DeviceEvent(
            type=EventType.CALLER_KEY,
            data={
                "counter": unit.counter if unit else None,
                "key": press.key.value,
                "digits": digits,
                "address": answer.address,
                "raw": answer.encode().hex(),
            },
            time=now,
            received=now,
        )

    def _window_number(self, unit: PanelUnit) -> str:
        counter = self.context.site.counter(unit.transfer_to or "")
        return str(counter.number) if counter is not None else ""

    # What panels show

    def _plan(self) -> None:
        desired = self.context.desired
        refresh_s = self.parameters.refresh_s
        if refresh_s and _now_s() >= self._refresh_at_s:
            self._refresh_at_s = _now_s() + refresh_s
            self._board.repeat()
        if desired is None:
            return
        self._board.plan(desired, self.context.now())
        mistake = self._board.mistake
        if mistake != self._mistake:
            self._mistake = mistake
            if mistake:
                log.warning("%s: cannot be shown: %s", self.context.device.id, mistake)
            self.context.describe(desired_mistake=mistake or None)

    async def _show_next(self, line: PanelLine, keymap: KeyMap) -> None:
        pause_s = self.parameters.answer_ms / 1000
        while self._beeps:
            address, sent = self._beeps.pop(0)
            shown = self._board.told.get(address)
            light = shown.light if shown else Light.OFF
            signal = Signal.of(address, light, beep=True)
            try:
                answers = await line.show(signal, pause_s)
            except BaseException:
                self._beeps.insert(0, (address, sent))  # failed with the line
                raise
            if not sent.done():
                sent.set_result(None)
            await self._take(answers, keymap)
        showing = self._board.take()
        if showing is None:
            return
        for message in showing.look.messages(
            showing.address,
            beep=showing.beep,
            lights=self.parameters.lights,
            texts=self.parameters.texts,
        ):
            await self._take(await line.show(message, pause_s), keymap)
        self._publish()

    # How the line does

    def _note_heard(self, answer: Signal, now_s: float) -> None:
        heard = self._heard.get(answer.address)
        if heard is None:
            return
        first = heard.at_s is None
        heard.at_s = now_s
        if answer.code == IDLE:
            heard.idle_answers += 1
        if heard.is_missed:
            heard.is_missed = False
            self._board.repeat(answer.address)
        elif not first:
            return
        self._publish()

    def _tell_state(self, line: PanelLine) -> None:
        now_s = _now_s()
        if new := line.collisions - self._noise.bursts:
            self._noise.note(new, 0, line.last_collision, now_s)
            self.context.describe(collisions=line.collisions)
        for heard in self._heard.values():
            if heard.becomes_missed(now_s, self.parameters.silent_s):
                self._publish()
        missed = [a for a, heard in self._heard.items() if heard.is_missed]
        if self._noise.level(now_s) >= 1:
            self.context.report(
                DeviceState.DEGRADED,
                f"collisions on the line ({self._noise.last}); check wiring and "
                "termination, and for two panels with one address",
            )
        elif missed:
            names = ", ".join(str(address) for address in missed)
            self.context.report(
                DeviceState.DEGRADED,
                f"panel {names} does not answer any more; check its power and wires",
            )
        else:
            self.context.report(DeviceState.READY)

    def _publish(self) -> None:
        units: dict[str, Any] = {}
        for address, heard in self._heard.items():
            shown = self._board.told.get(address)
            says = "nothing yet" if heard.at_s is None else "answers"
            units[str(address)] = {
                **(shown.value() if shown else {"light": None, "text": None}),
                "panel": "silent" if heard.is_missed else says,
            }
        self.context.show({"units": units})

    def _new_board(self) -> PanelBoard:
        return PanelBoard(
            addresses=list(self._units), waiting_text=self.parameters.waiting_text
        )

    def _new_meter(self) -> NoiseMeter:
        limit = self.parameters.collision_limit
        return NoiseMeter(window_s=NOISE_WINDOW_S, limit=limit)

    def _fail_beeps(self) -> None:
        for _, sent in self._beeps:
            if not sent.done():
                sent.set_exception(
                    CommandRejectedError("offline", "the line broke before the beep")
                )
        self._beeps.clear()


def _now_s() -> float:
    return asyncio.get_running_loop().time()
