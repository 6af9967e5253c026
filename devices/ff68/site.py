"""Keys of the hall file that the driver and the simulator of an FF 68 bus share."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from devices.ff68.frames import EVALUATOR_BIT, Dialect
from devices.ff68.keymaps import KeyMap
from devices.shipped import config_folder, read_choice
from devices.site import Id, SiteError

UnitAddress = Annotated[int, Field(ge=1, le=254)]


def _none_is_empty(value: Any) -> Any:
    return [] if value is None else value


class Unit(BaseModel):
    """A caller on the line, perhaps with an evaluator, and whose window it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: UnitAddress
    counter: Id | None = None
    evaluator: bool = False


class BusKeys(BaseModel):
    """What is on the line and how it speaks."""

    keymap: str = "classic"
    """A file of config/keymaps without its suffix, or a path."""
    dialect: Dialect | None = None
    """How evaluators speak; as the key map says when left out."""
    units: Annotated[list[Unit], BeforeValidator(_none_is_empty)] = []

    simulated_echo: bool = False
    """The simulated line gives back every byte, as some RS-485 adapters do."""
    simulated_resend_ms: Annotated[float, Field(ge=10, le=60_000)] = 200
    """How long a simulated caller waits for an acknowledgement."""
    simulated_resends: Annotated[int, Field(ge=0, le=10_000)] = 5
    """How often a simulated caller sends a frame again before it gives up."""

    def load_keymap(self) -> KeyMap:
        """Read the key map; raises `ConfigurationError` in plain words."""
        text = read_choice(config_folder() / "keymaps", self.keymap, "key map")
        return KeyMap.parse(text, self.keymap)

    def check_units(self, dialect: Dialect) -> None:
        """Raise `SiteError` for an address that stands twice or cannot be."""
        seen: set[int] = set()
        for index, unit in enumerate(self.units):
            path = ("units", index, "address")
            if unit.address in seen:
                raise SiteError(path, f"address {unit.address} stands twice")
            if dialect is Dialect.B and unit.address & EVALUATOR_BIT:
                raise SiteError(
                    path,
                    f"address {unit.address} is an evaluator's in dialect b; "
                    f"callers have 1 to {EVALUATOR_BIT - 1}",
                )
            seen.add(unit.address)
