"""A simulated Onbon BX-5K/6K font card with its screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from devices.errors import MisuseError, ProtocolError
from devices.onbon.areas import (
    LIMITS,
    REFRESH_MIN_S,
    AreaUpdate,
    DynamicArea,
    Effect,
    Model,
    RunMode,
)
from devices.onbon.frames import (
    BROADCAST,
    BROADCAST_ANSWERED,
    DEFAULT_ADDRESS,
    HOST_ADDRESS,
    FontCardFramer,
    Frame,
)
from devices.onbon.messages import (
    ACK,
    CommandCode,
    ErrorCode,
    Reply,
    Request,
    nack,
    read_time,
)
from devices.onbon.text import decode_text, fonts_used
from devices.site import DeviceEntry, Site
from simulators.framed import FramedSimulator
from simulators.simulator import Output, SimulatorParameters

FONT_FILES = frozenset({"O000", "O001", "O002", "E000", "E001", "E002"})
"""Fonts of the simulated card: 16, 24 and 32 dots, Chinese and Latin."""


class OnbonCardParameters(SimulatorParameters):
    """What matters to the card."""

    model: Model = Model.K6
    width: int = 192
    height: int = 32
    address: int = DEFAULT_ADDRESS


class Busy(BaseModel):
    """Refuse the next `count` updates as busy."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: Annotated[int, Field(ge=0, le=1_000_000)] = 1


@dataclass(slots=True)
class _Ram:
    """What is lost without power."""

    areas: dict[int, DynamicArea] = field(default_factory=dict)
    expires: dict[int, datetime] = field(default_factory=dict)
    is_on: bool = True
    brightness: int = 15
    busy: int = 0


@dataclass(slots=True)
class _Tally:
    """What happened since the card was made."""

    pings: int = 0
    refreshes: int = 0
    too_fast: int = 0
    """Refreshes sooner than a second after the one before."""
    refused: int = 0
    spoiled: int = 0


class OnbonCard(FramedSimulator[OnbonCardParameters, FontCardFramer]):
    """The card: answers with ACK or NACK and shows dynamic areas."""

    parameters_model = OnbonCardParameters
    actions: ClassVar[Mapping[str, type[BaseModel]]] = {"busy": Busy}

    def __init__(
        self, device: DeviceEntry, parameters: OnbonCardParameters, site: Site
    ) -> None:
        super().__init__(device, parameters, site)
        self._ram = _Ram()
        self._tally = _Tally()
        self._refreshed: datetime | None = None
        self._time: datetime | None = None

    def new_framer(self) -> FontCardFramer:
        """See `FramedSimulator.new_framer`."""
        return FontCardFramer(unchecked=True)

    def received(self, session: int, data: bytes, now: datetime) -> Sequence[Output]:
        """Answer each frame, and each spoiled one with a checksum error."""
        framer = self.framer(session)
        spoiled = framer.checksum_errors
        outputs = []
        for frame in framer.feed(data):
            reply = self._take(frame, now)
            if reply is not None:
                outputs.append(self._output(session, reply, frame))
        for _ in range(framer.checksum_errors - spoiled):
            self._tally.spoiled += 1
            outputs.append(self._output(session, nack(ErrorCode.CHECKSUM), None))
        return outputs

    def act(self, action: str, arguments: BaseModel, now: datetime) -> Sequence[Output]:
        """`busy {count}`."""
        del now
        if not isinstance(arguments, Busy):
            raise MisuseError(f"an LED card cannot {action}")
        self._ram.busy = arguments.count
        return ()

    def powercycle(self, now: datetime) -> None:
        """Lose the dynamic areas; the clock has a battery."""
        super().powercycle(now)
        self._ram = _Ram()

    def advance(self, now: datetime) -> tuple[Sequence[Output], datetime | None]:
        """Delete areas that were to be written again and were not."""
        ram = self._ram
        for number in [n for n, at in ram.expires.items() if at <= now]:
            del ram.expires[number], ram.areas[number]
        return (), min(ram.expires.values(), default=None)

    def view(self) -> Mapping[str, Any]:
        """What is to be read on the screen, and what a technician may ask."""
        ram, tally = self._ram, self._tally
        areas = [ram.areas[number] for number in sorted(ram.areas)]
        return {
            "texts": [decode_text(area.text) for area in areas] if ram.is_on else [],
            "areas": [_describe(area) for area in areas],
            "on": ram.is_on,
            "brightness": ram.brightness,
            "time": self._time.isoformat() if self._time else None,
            "pings": tally.pings,
            "refreshes": tally.refreshes,
            "too_fast": tally.too_fast,
            "refused": tally.refused,
            "spoiled": tally.spoiled,
        }

    def _take(self, frame: Frame, now: datetime) -> Reply | None:
        own = {self.parameters.address, HOST_ADDRESS, BROADCAST, BROADCAST_ANSWERED}
        if frame.destination not in own:
            return None
        try:
            request = Request.decode(frame.data)
        except ProtocolError:
            return nack(ErrorCode.GROUP)
        reply = self._do(request, now)
        self._tally.refused += not reply.is_ack
        is_silent = frame.destination == BROADCAST or not request.wants_reply
        return None if is_silent else reply

    def _do(self, request: Request, now: datetime) -> Reply:
        ram = self._ram
        match request.code, request.payload:
            case CommandCode.PING, b"":
                self._tally.pings += 1
            case CommandCode.SET_TIME, payload:
                try:
                    self._time = read_time(payload, self.site.hall.zone)
                except ProtocolError:
                    return nack(ErrorCode.TIME_FORMAT)
            case CommandCode.POWER, (b"\x01" | b"\x02") as flag:
                ram.is_on = flag == b"\x01"
            case CommandCode.BRIGHTNESS, bytes() as value if _is_fixed_level(value):
                ram.brightness = value[1]
            case CommandCode.CLEAR, b"":
                ram.areas.clear()
                ram.expires.clear()
            case CommandCode.DYNAMIC_AREAS, _:
                return self._refresh(request, now)
            case code, _ if code >> 8 in {0xA2, 0xA3}:
                return nack(ErrorCode.COMMAND)
            case _:
                return nack(ErrorCode.GROUP)
        return ACK

    def _refresh(self, request: Request, now: datetime) -> Reply:
        ram, tally = self._ram, self._tally
        tally.refreshes += 1
        if self._refreshed is not None:
            too_soon = now - self._refreshed < timedelta(seconds=REFRESH_MIN_S)
            tally.too_fast += too_soon
        self._refreshed = now
        if ram.busy:
            ram.busy -= 1
            return nack(ErrorCode.BUSY)
        try:
            update = AreaUpdate.read(request)
        except ProtocolError:
            return nack(ErrorCode.MEMORY)
        deleted = set(ram.areas) if update.delete_all else set(update.delete)
        areas = {n: area for n, area in ram.areas.items() if n not in deleted}
        areas |= {area.id: area for area in update.areas}
        error = self._judge(areas)
        if error is not ErrorCode.NONE:
            return nack(error)
        ram.areas = areas
        ram.expires = {
            number: now + timedelta(seconds=area.timeout_s)
            if area in update.areas
            else ram.expires[number]
            for number, area in areas.items()
            if area.run_mode == RunMode.EXPIRE
        }
        return ACK

    def _judge(self, areas: Mapping[int, DynamicArea]) -> ErrorCode:
        limits = LIMITS[self.parameters.model]
        if len(areas) > limits.areas or any(n >= limits.areas for n in areas):
            return ErrorCode.MEMORY
        for area in areas.values():
            if len(area.encode()) > limits.area_bytes or not self._is_on_screen(area):
                return ErrorCode.MEMORY
            if not fonts_used(area.text) <= FONT_FILES:
                return ErrorCode.NO_FONT
        return ErrorCode.NONE

    def _is_on_screen(self, area: DynamicArea) -> bool:
        return (
            area.x + area.width <= self.parameters.width
            and area.y + area.height <= self.parameters.height
        )

    def _output(self, session: int, reply: Reply, frame: Frame | None) -> Output:
        is_any = frame is not None and frame.destination == BROADCAST_ANSWERED
        answer = Frame(
            data=reply.encode(),
            destination=frame.source if frame else HOST_ADDRESS,
            source=BROADCAST_ANSWERED if is_any else self.parameters.address,
        )
        return Output(answer.encode(), session)


def _is_fixed_level(value: bytes) -> bool:
    return len(value) == 2 and value[0] == 1 and value[1] <= 15


def _describe(area: DynamicArea) -> dict[str, Any]:
    effects = {effect.value: effect.name.lower() for effect in Effect}
    return {
        "id": area.id,
        "x": area.x,
        "y": area.y,
        "width": area.width,
        "height": area.height,
        "effect": effects.get(area.effect, str(area.effect)),
        "align": area.align,
        "bytes": len(area.text),
    }
