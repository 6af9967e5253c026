"""A simulated line of callers and evaluators.

Every device waits for its acknowledgement and sends its frame again until it
comes, as real ones do; what is pressed meanwhile waits behind it.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from devices.errors import MisuseError, ProtocolError
from devices.ff68.frames import (
    FUNC_BEEP,
    FUNC_RATING_ACK,
    FUNC_SHOW,
    MAX_LENGTH,
    MIN_LENGTH,
    Dialect,
    Digits,
    Ff68Framer,
    Frame,
    Message,
    acknowledgement,
    evaluator_address,
    key_frame,
    rating_frame,
)
from devices.ff68.keymaps import LAST_DIGIT, Key, KeyMap
from devices.ff68.site import BusKeys
from devices.site import DeviceEntry, Site
from simulators.framed import FramedSimulator
from simulators.simulator import Output, SimulatorParameters

MAX_WAITING_FRAMES = 32
_HEX_PAIR = re.compile(r"[0-9a-f]{2}")


class CallerBusParameters(BusKeys, SimulatorParameters):
    """What is on the simulated line."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Press(BaseModel):
    """Press keys of a caller: key names, digits, or raw bytes.

    Raw are "0x0c", "0C", numbers above 9, and all of a list like ["06", "0F"].
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: Annotated[int, Field(ge=0, le=255)]
    keys: Annotated[list[str | int], Field(min_length=1, max_length=64)]


class Rate(BaseModel):
    """Press a key of an evaluator: the raw value, 0 to 3 on four keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: Annotated[int, Field(ge=0, le=255)]
    value: Annotated[int, Field(ge=0, le=255)]


@dataclass(slots=True)
class Sender:
    """One device's frames on their way: one at a time, each until its ACK."""

    frames: deque[Frame] = field(default_factory=deque)
    sent: int = 0
    """How often the first of `frames` was sent."""
    due: datetime | None = None
    """When it is sent (again)."""
    acks: int = 0
    gave_up: int = 0


@dataclass(slots=True)
class Panel:
    """What a caller shows."""

    digits: Digits = field(default_factory=Digits)
    beeps: int = 0


class CallerBus(FramedSimulator[CallerBusParameters, Ff68Framer]):
    """All devices of one line; they outlive connections as real ones do."""

    parameters_model = CallerBusParameters
    actions: ClassVar[Mapping[str, type[BaseModel]]] = {"press": Press, "rate": Rate}

    def __init__(
        self, device: DeviceEntry, parameters: CallerBusParameters, site: Site
    ) -> None:
        super().__init__(device, parameters, site)
        self.keymap: KeyMap = parameters.load_keymap()
        self.dialect: Dialect = parameters.dialect or self.keymap.dialect
        self._resend = timedelta(milliseconds=parameters.simulated_resend_ms)
        self._senders: dict[tuple[int, bool], Sender] = {}
        self._panels: dict[int, Panel] = {u.address: Panel() for u in parameters.units}

    def new_framer(self) -> Ff68Framer:
        """See `FramedSimulator.new_framer`."""
        return Ff68Framer()

    def received(self, session: int, data: bytes, now: datetime) -> Sequence[Output]:
        """Take what the host says."""
        echo = [Output(data, session)] if self.parameters.simulated_echo else []
        framer = self.framer(session)
        for message in framer.feed(data):
            if not self._acknowledged(message, now) and isinstance(message, Frame):
                self._obey(message)
        return echo

    def act(self, action: str, arguments: BaseModel, now: datetime) -> Sequence[Output]:
        """Press keys; the frames leave at once or behind those under way."""
        del action
        match arguments:
            case Press(address=address, keys=keys):
                sender = self._senders.setdefault((address, False), Sender())
                frames = [key_frame(address, data) for data in self._typed(keys)]
                self._panels.setdefault(address, Panel())
            case Rate(address=address, value=value):
                sender = self._senders.setdefault((address, True), Sender())
                wire = evaluator_address(address, self.dialect)
                frames = [rating_frame(wire, value)]
            case _:
                raise MisuseError(f"a caller bus cannot do {arguments!r}")
        if len(sender.frames) + len(frames) > MAX_WAITING_FRAMES:
            raise MisuseError(f"{address} still waits for {len(sender.frames)} ACKs")
        sender.frames.extend(frames)
        if sender.due is None:
            sender.due = now
        return self.advance(now)[0]

    def powercycle(self, now: datetime) -> None:
        """Go dark; what was not acknowledged is forgotten."""
        super().powercycle(now)
        for sender in self._senders.values():
            sender.frames.clear()
            sender.sent, sender.due = 0, None
        for panel in self._panels.values():
            panel.digits = Digits()

    def advance(self, now: datetime) -> tuple[Sequence[Output], datetime | None]:
        """Send what is due, again when it is not acknowledged."""
        outputs = [
            Output(sender.frames[0].encode())
            for sender in self._senders.values()
            if self._send(sender, now)
        ]
        due = [sender.due for sender in self._senders.values() if sender.due]
        return outputs, min(due, default=None)

    def view(self) -> Mapping[str, Any]:
        """What the callers show; "" is a dark field."""
        acks: dict[str, int] = {}
        gave_up: dict[str, int] = {}
        for (address, _), sender in sorted(self._senders.items()):
            name = str(address)
            acks[name] = acks.get(name, 0) + sender.acks
            gave_up[name] = gave_up.get(name, 0) + sender.gave_up
        return {
            "units": {
                str(address): {
                    "waiting": panel.digits.waiting,
                    "ticket": panel.digits.ticket,
                    "beeps": panel.beeps,
                }
                for address, panel in sorted(self._panels.items())
            },
            "acks": acks,
            "gave_up": gave_up,
        }

    def _send(self, sender: Sender, now: datetime) -> bool:
        """Note that the first frame goes out now; False when it does not."""
        if sender.due is None or sender.due > now:
            return False
        if sender.sent > self.parameters.simulated_resends:
            sender.gave_up += 1
            self._next(sender, now)
        if not sender.frames:
            return False
        sender.sent += 1
        sender.due = now + self._resend
        return True

    def _next(self, sender: Sender, now: datetime) -> None:
        sender.frames.popleft()
        sender.sent = 0
        sender.due = now if sender.frames else None

    def _acknowledged(self, message: Message, now: datetime) -> bool:
        for sender in self._senders.values():
            if not sender.frames or not sender.sent:
                continue
            if message == self._ack_of(sender.frames[0], message):
                sender.acks += 1
                self._next(sender, now)
                return True
        return False

    def _ack_of(self, frame: Frame, message: Message) -> Message:
        ack = acknowledgement(frame, self.dialect)
        # Noise before a short ACK may be the very FF that makes it a frame.
        if self.dialect is Dialect.B and isinstance(message, Frame) and ack != frame:
            return Frame(frame.address, FUNC_RATING_ACK)
        return ack

    def _obey(self, frame: Frame) -> None:
        panel = self._panels.setdefault(frame.address, Panel())
        if frame.function == FUNC_BEEP:
            panel.beeps += 1
        elif frame.function == FUNC_SHOW:
            try:
                panel.digits = Digits.read(frame)
            except ProtocolError:
                return  # a caller shows nothing for what it does not understand

    def _typed(self, keys: Sequence[str | int]) -> list[bytes]:
        """The data of each frame: digits collect until a key sends them."""
        frames: list[bytes] = []
        data = b""
        for word in _words(keys):
            data += self._bytes_of(word)
            if len(data) > MAX_LENGTH - MIN_LENGTH:
                raise MisuseError("more keys than a frame holds")
            if data[-1] > LAST_DIGIT:
                frames.append(data)
                data = b""
        return [*frames, data] if data else frames

    def _bytes_of(self, key: str) -> bytes:
        if key.isascii() and key.isdecimal():
            return bytes(int(digit) for digit in key)
        if key.startswith("0x"):
            try:
                data = bytes.fromhex(key.removeprefix("0x"))
            except ValueError:
                data = b""
            if data:
                return data
        if key in set(Key):
            return self.keymap.data(Key(key))
        known = ", ".join(dict.fromkeys(rule.key for rule in self.keymap.keys))
        raise MisuseError(
            f"no key {key!r}; want a digit, raw bytes such as 0x0c, or one of {known}"
        )


def _words(keys: Sequence[str | int]) -> list[str]:
    """Keys as `_bytes_of` takes them."""
    words = [
        f"0x{key:02x}" if isinstance(key, int) and 9 < key < 256 else str(key)
        for key in keys
    ]
    words = [word.strip().lower() for word in words]
    pairs = [_HEX_PAIR.fullmatch(word) is not None for word in words]
    raw = [
        pair and not word.isdecimal() for pair, word in zip(pairs, words, strict=True)
    ]
    if all(pairs) and any(raw):
        raw = pairs
    return [f"0x{w}" if is_raw else w for w, is_raw in zip(words, raw, strict=True)]
