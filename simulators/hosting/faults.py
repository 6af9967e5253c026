"""How a simulated line misbehaves. Pure: outputs in, spoiled outputs out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from simulators.simulator import Output

GARBLE_MASK: Final = 0x55
"""XORed into one byte: every sum, XOR or CRC over it then differs."""


class Arguments(BaseModel):
    """Arguments of a control action; a misspelt key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Nothing(Arguments):
    """An action without arguments."""


class Switch(Arguments):
    """A fault that lasts until switched off with `{"on": false}`."""

    on: bool = True


class Garble(Arguments):
    """Spoil the next `n` outputs; 0 ends it."""

    n: Annotated[int, Field(ge=0, le=1_000_000)] = 1


class Delay(Arguments):
    """Send every output `ms` later; 0 ends it."""

    ms: Annotated[float, Field(ge=0, le=600_000)]


class PowerCycle(Arguments):
    """Off for `off_ms`, then on again."""

    off_ms: Annotated[float, Field(ge=0, le=600_000)] = 0


FAULT_ACTIONS: Final[Mapping[str, type[BaseModel]]] = {
    "unplug": Nothing,
    "replug": Nothing,
    "powercycle": PowerCycle,
    "garble": Garble,
    "delay": Delay,
    "split": Switch,
    "glue": Switch,
    "hang": Switch,
    "heal": Nothing,
}
"""What the control API can do to any device's line; `heal` ends every fault."""


@dataclass(slots=True, kw_only=True)
class Faults:
    """The faults in force on one device's line."""

    garble: int = 0
    """Outputs still to be spoiled."""
    delay_s: float = 0.0
    split: bool = False
    """One byte a segment; datagrams stay whole, as networks leave them."""
    glue: bool = False
    """Outputs wait a moment for each other and travel as one segment."""
    hang: bool = False
    """Bytes are taken, nothing is understood, nothing is answered."""

    def set(self, arguments: BaseModel) -> None:
        """Take the arguments of `garble` or `delay`."""
        match arguments:
            case Garble(n=n):
                self.garble = n
            case Delay(ms=ms):
                self.delay_s = ms / 1000

    def heal(self) -> None:
        """End every fault of the line."""
        self.garble, self.delay_s = 0, 0.0
        self.split = self.glue = self.hang = False

    def spoil(self, outputs: Sequence[Output]) -> list[Output]:
        """What really leaves the device, in order."""
        if self.hang:
            return []
        return [
            replace(self._garbled(output), after_s=output.after_s + self.delay_s)
            for output in outputs
        ]

    def segments(self, data: bytes) -> list[bytes]:
        """One output as the segments of a stream."""
        if not self.split:
            return [data]
        return [data[at : at + 1] for at in range(len(data))]

    def in_force(self) -> dict[str, bool | int | float]:
        """The faults in force, JSON-ready; empty on a good line."""
        all_faults: dict[str, bool | int | float] = {
            "garble": self.garble,
            "delay_ms": self.delay_s * 1000,
            "split": self.split,
            "glue": self.glue,
            "hang": self.hang,
        }
        return {name: value for name, value in all_faults.items() if value}

    def _garbled(self, output: Output) -> Output:
        if not self.garble or not output.data:
            return output
        self.garble -= 1
        spoiled = bytearray(output.data)
        spoiled[len(spoiled) // 2] ^= GARBLE_MASK
        return replace(output, data=bytes(spoiled))
