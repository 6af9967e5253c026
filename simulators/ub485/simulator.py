"""A simulated line of button panels: they speak when they are asked."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field

from devices.errors import MisuseError, ProtocolError
from devices.ff68.keymaps import Key, KeyMap
from devices.site import DeviceEntry, Site
from devices.ub485.frames import (
    BLINKING,
    IDLE,
    Light,
    Message,
    PanelFramer,
    Poll,
    SetAddress,
    Signal,
    Text,
)
from devices.ub485.site import PanelAddress, PanelKeys
from simulators.framed import FramedSimulator
from simulators.simulator import Output, SimulatorParameters

RELEASED: Final = timedelta(milliseconds=400)
"""How long a finger takes from one press to the next."""
MOST_KEYS: Final = 32


class PanelBusParameters(PanelKeys, SimulatorParameters):
    """What is on the simulated line."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Press(BaseModel):
    """Press keys of a panel: key names, or raw bytes such as "0x31"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: PanelAddress
    keys: Annotated[list[str | int], Field(min_length=1, max_length=MOST_KEYS)]


class Collide(BaseModel):
    """Have another panel speak into the next `n` answers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    n: Annotated[int, Field(ge=0, le=1_000_000)] = 1


class PullOut(BaseModel):
    """Pull one panel's plug, or put it back."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: PanelAddress
    out: bool = True


@dataclass(slots=True)
class Panel:
    """A panel: what it shows, and its keys on their way."""

    light: Light = Light.OFF
    text: str = ""
    blinks: bool = False
    beeps: int = 0
    polls: int = 0
    keys: deque[int] = field(default_factory=deque)
    told: int = 0
    """To how many polls the first of `keys` was told."""
    free_at: datetime | None = None
    is_out: bool = False


class PanelBus(FramedSimulator[PanelBusParameters, PanelFramer]):
    """All panels of one line."""

    parameters_model = PanelBusParameters
    actions: ClassVar[Mapping[str, type[BaseModel]]] = {
        "press": Press,
        "collide": Collide,
        "pull": PullOut,
    }

    def __init__(
        self, device: DeviceEntry, parameters: PanelBusParameters, site: Site
    ) -> None:
        super().__init__(device, parameters, site)
        self.keymap: KeyMap = parameters.load_keymap()
        self._panels = {unit.address: Panel() for unit in parameters.units}
        self._collisions = 0

    def new_framer(self) -> PanelFramer:
        """See `FramedSimulator.new_framer`."""
        return PanelFramer()

    def received(self, session: int, data: bytes, now: datetime) -> Sequence[Output]:
        """Take what the host says."""
        outputs = [Output(data, session)] if self.parameters.simulated_echo else []
        for message in self.framer(session).feed(data):
            answer = self._obey(message, now)
            if answer is not None and self._collisions:
                self._collisions -= 1
                twice = bytes(byte for byte in answer.encode() for _ in range(2))
                outputs.append(Output(twice, session))
            elif answer is not None:
                outputs.append(Output(answer.encode(), session))
        return outputs

    def act(self, action: str, arguments: BaseModel, now: datetime) -> Sequence[Output]:
        """Press keys, told when the panel is polled; or make trouble."""
        del action, now
        match arguments:
            case Collide(n=n):
                self._collisions = n
            case PullOut(address=address, out=out):
                self._panel(address).is_out = out
            case Press(address=address, keys=keys):
                panel, codes = self._panel(address), [self._code(key) for key in keys]
                if len(panel.keys) + len(codes) > MOST_KEYS:
                    raise MisuseError(f"nobody asks panel {address} for its keys")
                panel.keys.extend(codes)
            case _:
                raise MisuseError(f"panels cannot do {arguments!r}")
        return ()

    def powercycle(self, now: datetime) -> None:
        """Go dark; keys that were not asked for are forgotten."""
        super().powercycle(now)
        for panel in self._panels.values():
            panel.light, panel.text, panel.blinks = Light.OFF, "", False
            panel.keys.clear()
            panel.told, panel.free_at = 0, None

    def view(self) -> Mapping[str, Any]:
        """What the panels show."""
        return {
            "units": {
                str(address): {
                    "light": panel.light.name.lower(),
                    "text": panel.text.strip(),
                    "blinks": panel.blinks,
                    "beeps": panel.beeps,
                    "polls": panel.polls,
                    "keys_waiting": len(panel.keys),
                }
                for address, panel in sorted(self._panels.items())
            }
        }

    def _obey(self, message: Message, now: datetime) -> Signal | None:
        panel = self._panels.get(message.address)
        if panel is None or panel.is_out:
            return None
        match message:
            case Poll():
                panel.polls += 1
                return self._answer(message.address, panel, now)
            case Text(text=text, mode=mode):
                panel.text, panel.blinks = text, mode >= BLINKING
            case Signal():
                try:
                    panel.light, beeps = message.light
                except ProtocolError:
                    return None  # a panel does nothing for what it does not know
                panel.beeps += beeps
            case SetAddress(new=new) if new not in self._panels:
                self._panels[new] = self._panels.pop(message.address)
        return None

    def _answer(self, address: int, panel: Panel, now: datetime) -> Signal | None:
        idle = Signal(address, IDLE) if self.parameters.simulated_answers_idle else None
        if not panel.keys or (panel.free_at is not None and now < panel.free_at):
            return idle
        code = panel.keys[0]
        panel.told += 1
        if panel.told >= self.parameters.simulated_repeats:
            panel.keys.popleft()
            panel.told, panel.free_at = 0, now + RELEASED
        return Signal(address, code)

    def _panel(self, address: int) -> Panel:
        if address not in self._panels:
            known = ", ".join(str(address) for address in sorted(self._panels))
            raise MisuseError(f"no panel {address}; there are: {known}")
        return self._panels[address]

    def _code(self, key: str | int) -> int:
        word = str(key).strip().lower()
        if word in set(Key):
            return self.keymap.data(Key(word))[-1]
        try:
            code = int(word, 0)
        except ValueError:
            code = -1
        if not 0 < code <= 0xFF:
            known = ", ".join(dict.fromkeys(rule.key for rule in self.keymap.keys))
            raise MisuseError(f"no key {key!r}; want raw as 0x31, or one of {known}")
        return code
