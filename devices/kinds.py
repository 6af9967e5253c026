"""The kinds of device and the states that a device may be in."""

from __future__ import annotations

from enum import StrEnum


class DeviceKind(StrEnum):
    """What a device is to the hall, whatever it speaks."""

    CLOCK = "clock"
    CALLER_BUS = "caller_bus"
    DISPLAY = "display"
    CARD_READER = "card_reader"
    PRINTER = "printer"
    KEYPAD = "keypad"


class DeviceState(StrEnum):
    """A device as its node sees it (`hall/v1/<hall>/dev/<id>/status`)."""

    INIT = "init"
    """Being reached for the first time since the node started."""
    READY = "ready"
    """Works."""
    DEGRADED = "degraded"
    """Works in part; the reason says what is missing."""
    OFFLINE = "offline"
    """Does not work; the reason says why. Tried again for ever."""
    LOCKED = "locked"
    """Taken out of service: by a technician, or by an error no retry heals."""
    LOST = "lost"
    """Its node is gone (the bridge's view only, never published by a node)."""


class NodeState(StrEnum):
    """A node or the bridge as its retained state topic tells it."""

    READY = "ready"
    LOST = "lost"
    STOPPED = "stopped"
    """Ended in good order, as opposed to lost."""
