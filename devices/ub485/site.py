"""Keys of the hall file that driver and simulator of button panels share."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from devices.ff68.keymaps import KeyMap
from devices.shipped import config_folder, read_choice
from devices.site import Id, SiteError
from devices.ub485.frames import MAX_ADDRESS, MIN_ADDRESS

PanelAddress = Annotated[int, Field(ge=MIN_ADDRESS, le=MAX_ADDRESS)]
MOST_PANELS = 64
"""Panels of one line; each silent one costs the others its time to answer."""


def _none_is_empty(value: Any) -> Any:
    return [] if value is None else value


class PanelUnit(BaseModel):
    """A panel on the line, and whose window it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: PanelAddress
    counter: Id | None = None
    transfer_to: Id | None = None
    """The window to which its redirect key sends a ticket."""


class PanelKeys(BaseModel):
    """What is on the line and how it speaks."""

    keymap: str = "ub485"
    """A file of config/keymaps without its suffix, or a path."""
    units: Annotated[
        list[PanelUnit], BeforeValidator(_none_is_empty), Field(max_length=MOST_PANELS)
    ] = []

    simulated_answers_idle: bool = False
    """Simulated panels answer polls without a key too."""
    simulated_repeats: Annotated[int, Field(ge=1, le=1000)] = 3
    """To so many polls a simulated panel tells the same press."""
    simulated_echo: bool = False
    """The simulated line gives back every byte, as some RS-485 adapters do."""

    def load_keymap(self) -> KeyMap:
        """Read the key map; raises `ConfigurationError` in plain words."""
        text = read_choice(config_folder() / "keymaps", self.keymap, "key map")
        return KeyMap.parse(text, self.keymap)

    def check_units(self) -> None:
        """Raise `SiteError` for an address that stands twice."""
        seen: set[int] = set()
        for index, unit in enumerate(self.units):
            if unit.address in seen:
                path = ("units", index, "address")
                raise SiteError(path, f"address {unit.address} stands twice")
            seen.add(unit.address)
