"""What the hall file says about an ID card reader."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from devices.sdt.idnumber import MaskStyle
from devices.site import DeviceEntry
from drivers.driver import DriverParameters

BAUDRATE: Final = 115200
"""What readers leave the factory with."""

_SCHEMES: Final = ("serial:", "tcp://", "memory:")


class SdtParameters(DriverParameters):
    """Keys of the hall file."""

    poll_ms: Annotated[int, Field(ge=300, le=10_000)] = 400
    """Between two looks for a card; vendors ask for 300 ms at least."""
    debounce_s: Annotated[float, Field(ge=0, le=60)] = 3.0
    """The same card put back within this is one visit."""
    relocate_required: bool | None = None
    """Whether the reader finds a card that was read only after it was lifted.

    Unset: told by what the reader does with each card.
    """
    presume_out_s: Annotated[float, Field(ge=1, le=3600)] = 5.0
    """After this a card that is not found again counts as gone."""
    find_timeout_s: Annotated[float, Field(ge=0.1, le=30)] = 1.0
    read_timeout_s: Annotated[float, Field(ge=0.1, le=30)] = 3.0
    status_every_s: Annotated[float, Field(ge=30, le=60)] = 45.0
    """How often the security module is asked how it is."""
    mask: MaskStyle = MaskStyle.STANDARD
    """standard: the first 6 and last 4 of a number are shown; strict: 1 and 1."""
    max_rf_bytes: Annotated[int, Field(ge=24, le=255)] | None = None
    """Largest radio frame, set once at open; most readers need none (80 if so)."""


def has_line(device: DeviceEntry) -> bool:
    """Whether the entry's URL is of a kind that a reader can be on."""
    return (device.url or "").startswith(_SCHEMES)


def reader_url(device: DeviceEntry) -> str:
    """The entry's URL, with the readers' own baud rate when it names none."""
    url = device.url or ""
    if url.startswith("serial:") and "baudrate=" not in url:
        return f"{url}{'&' if '?' in url else '?'}baudrate={BAUDRATE}"
    return url
