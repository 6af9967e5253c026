"""What a wire does, whatever carries the bytes."""

from __future__ import annotations

from abc import ABC, abstractmethod

from simulators.hosting.hub import Hub


class Wire(ABC):
    """How a simulated device is reached, or dials; plugged in and out at will."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    @property
    @abstractmethod
    def url(self) -> str:
        """Where a driver reaches it, with the real port; or what it dials."""

    @property
    @abstractmethod
    def plugged(self) -> bool:
        """Whether the plug is in."""

    @abstractmethod
    async def plug(self) -> None:
        """Listen or dial; harmless when it does. Raises OSError in plain words."""

    @abstractmethod
    async def unplug(self) -> None:
        """Stop that and end every session; harmless when it is."""
