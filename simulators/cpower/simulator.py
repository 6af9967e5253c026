"""A simulated C-Power (CP5200) card with its screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from devices.cpower.messages import (
    FONT_SIZES,
    MAX_WINDOWS,
    Call,
    Code,
    Effect,
    PureText,
    StaticText,
    Window,
    read_call,
    read_split,
    read_time,
)
from devices.cpower.packets import (
    ANY_CARD,
    DEFAULT_ID_CODE,
    NetworkFramer,
    Packet,
    SerialFramer,
)
from devices.errors import MisuseError, ProtocolError
from devices.site import DeviceEntry, Site
from simulators.framed import FramedSimulator
from simulators.simulator import Output, SimulatorParameters

BAD_SUM = 1
SEQUENCE = 2
NO_WINDOW = 0x12
UNKNOWN = 0xFF
VERSION = bytes((0, 0x52, 0x21, 0x14, 0, 0, 0, 0x33))
"""What the simulated card says it is; firmware 3.3."""


class CPowerCardParameters(SimulatorParameters):
    """What matters to the card."""

    card: int = 1
    id_code: int = DEFAULT_ID_CODE
    framing: Literal["auto", "serial", "network"] = "auto"
    width: int = 128
    height: int = 32


class Refuse(BaseModel):
    """Refuse the next `count` texts with an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: Annotated[int, Field(ge=0, le=1_000_000)] = 1
    error: Annotated[int, Field(ge=1, le=255)] = BAD_SUM


@dataclass(slots=True)
class _Ram:
    """What is lost without power."""

    windows: list[Window] = field(default_factory=list)
    texts: dict[int, PureText | StaticText] = field(default_factory=dict)
    is_on: bool = True
    brightness: int | None = None
    refusals: int = 0
    error: int = BAD_SUM


@dataclass(slots=True)
class _Tally:
    """What happened since the card was made."""

    pings: int = 0
    splits: int = 0
    texts: int = 0
    refused: int = 0
    spoiled: int = 0


class CPowerCard(FramedSimulator[CPowerCardParameters, SerialFramer | NetworkFramer]):
    """The card: answers each packet and shows a text in each window."""

    parameters_model = CPowerCardParameters
    actions: ClassVar[Mapping[str, type[BaseModel]]] = {"refuse": Refuse}

    def __init__(
        self, device: DeviceEntry, parameters: CPowerCardParameters, site: Site
    ) -> None:
        super().__init__(device, parameters, site)
        is_tcp = (device.url or "").startswith("tcp:")
        self._on_serial = parameters.framing == "serial" or (
            parameters.framing == "auto" and not is_tcp
        )
        self._ram = _Ram()
        self._tally = _Tally()
        self._time: datetime | None = None

    def new_framer(self) -> SerialFramer | NetworkFramer:
        """See `FramedSimulator.new_framer`."""
        return SerialFramer() if self._on_serial else NetworkFramer()

    def received(self, session: int, data: bytes, now: datetime) -> Sequence[Output]:
        """Answer each packet; a spoiled one gets no answer."""
        del now
        framer = self.framer(session)
        spoiled = framer.checksum_errors
        packets = framer.feed(data)
        self._tally.spoiled += framer.checksum_errors - spoiled
        outputs = []
        for packet in packets:
            if packet.is_reply or packet.card not in {self.parameters.card, ANY_CARD}:
                continue
            answer = self._answer(packet)
            if packet.mark & 1:
                outputs.append(Output(self._wrap(answer), session))
        return outputs

    def act(self, action: str, arguments: BaseModel, now: datetime) -> Sequence[Output]:
        """`refuse {count, error}`."""
        del now
        if not isinstance(arguments, Refuse):
            raise MisuseError(f"an LED card cannot {action}")
        self._ram.refusals, self._ram.error = arguments.count, arguments.error
        return ()

    def powercycle(self, now: datetime) -> None:
        """Lose the windows; the clock has a battery."""
        super().powercycle(now)
        self._ram = _Ram()

    def view(self) -> Mapping[str, Any]:
        """What is to be read on the screen, and what a technician may ask."""
        ram, tally = self._ram, self._tally
        shown = [_describe(n, ram.texts[n]) for n in sorted(ram.texts)]
        texts = [window["text"] for window in shown if window["text"].strip()]
        return {
            "texts": texts if ram.is_on else [],
            "windows": shown,
            "on": ram.is_on,
            "brightness": ram.brightness,
            "time": self._time.isoformat() if self._time else None,
            "pings": tally.pings,
            "splits": tally.splits,
            "refreshes": tally.texts,
            "refused": tally.refused,
            "spoiled": tally.spoiled,
        }

    def _answer(self, packet: Packet) -> Packet:
        if packet.code == Code.WINDOWS:
            error = self._draw(packet)
            self._tally.refused += bool(error)
            head = packet.data[4:5]
            return self._reply(packet, b"\x01\0\0\0" + head, mark=error)
        return self._reply(packet, self._basic(packet))

    def _basic(self, packet: Packet) -> bytes:
        data, is_done = packet.data, True
        match packet.code, data[:1]:
            case Code.VERSION, _:
                self._tally.pings += 1
                return VERSION
            case Code.POWER, b"\x01":
                return bytes((1, int(self._ram.is_on), *(0,) * 8))
            case Code.POWER, b"\0" if len(data) >= 2:
                self._ram.is_on = data[1] == 1
            case Code.BRIGHTNESS, b"\0" if len(data) == 25:
                self._ram.brightness = data[1]
            case Code.TIME, b"\0":
                is_done = self._set_time(data)
            case _:
                is_done = False
        self._tally.refused += not is_done
        return bytes((is_done,))

    def _set_time(self, data: bytes) -> bool:
        try:
            self._time = read_time(data, self.site.hall.zone)
        except ProtocolError:
            return False
        return True

    def _draw(self, packet: Packet) -> int:
        """Do an external call; gives its return value."""
        try:
            data = read_call(packet)
            match data[0]:
                case Call.SPLIT:
                    return self._split(read_split(data))
                case Call.EXIT:
                    self._ram.windows, self._ram.texts = [], {}
                    return 0
                case Call.STATIC_TEXT:
                    return self._put(StaticText.decode(data))
                case Call.PURE_TEXT:
                    return self._put(PureText.decode(data))
                case _:
                    return UNKNOWN
        except ProtocolError:
            return SEQUENCE

    def _split(self, windows: list[Window]) -> int:
        if not all(self._is_on_screen(window) for window in windows):
            return NO_WINDOW
        self._ram.windows, self._ram.texts = windows, {}
        self._tally.splits += 1
        return 0

    def _put(self, text: PureText | StaticText) -> int:
        ram = self._ram
        if ram.refusals:
            ram.refusals -= 1
            return ram.error
        if text.window >= max(len(ram.windows), 1) or text.window >= MAX_WINDOWS:
            return NO_WINDOW
        ram.texts[text.window] = text
        self._tally.texts += 1
        return 0

    def _is_on_screen(self, window: Window) -> bool:
        return (
            window.x + window.width <= self.parameters.width
            and window.y + window.height <= self.parameters.height
        )

    def _reply(self, packet: Packet, data: bytes, *, mark: int = 1) -> Packet:
        return Packet(
            code=packet.code,
            data=data,
            card=self.parameters.card,
            mark=mark,
            is_reply=True,
        )

    def _wrap(self, packet: Packet) -> bytes:
        if self._on_serial:
            return packet.on_serial()
        return packet.on_network(self.parameters.id_code)


def _describe(number: int, text: PureText | StaticText) -> dict[str, Any]:
    effect = text.effect if isinstance(text, PureText) else Effect.DRAW
    known = {each.value: each.name.lower() for each in Effect}
    return {
        "window": number,
        "text": text.text.decode("gbk", "replace").replace("\r", "\n"),
        "effect": known.get(effect, str(effect)),
        "font_size": FONT_SIZES.get(text.font & 15),
        "color": list(text.color),
    }
