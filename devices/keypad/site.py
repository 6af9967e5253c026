"""Keys of the hall file that driver and simulator of a keypad share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from devices.ff68.keymaps import KeyMap
from devices.shipped import config_folder, read_choice


class KeypadKeys(BaseModel):
    """Which pad, and what its keys mean."""

    path: Annotated[str, Field(pattern=r"^/[^\s?]+$")]
    """The input device: /dev/input/by-id/…-event-kbd."""
    keymap: str = "keypad"
    """A file of config/keymaps without its suffix, or a path."""

    def load_keymap(self) -> KeyMap:
        """Read the key map; raises `ConfigurationError` in plain words."""
        text = read_choice(config_folder() / "keymaps", self.keymap, "key map")
        return KeyMap.parse(text, self.keymap)
