"""What a wire does, whatever carries the bytes."""

from __future__ import annotations

from abc import ABC, abstractmethod

from simulators.hosting.hub import Hub


class Wire(ABC):
    """A place where a simulated device listens; plugged in and out at will."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    @property
    @abstractmethod
    def url(self) -> str:
        """Where a driver reaches it, with the real port."""

    @property
    @abstractmethod
    def plugged(self) -> bool:
        """Whether it listens now."""

    @abstractmethod
    async def plug(self) -> None:
        """Listen; harmless when it does. Raises OSError in plain words."""

    @abstractmethod
    async def unplug(self) -> None:
        """Stop listening and end every session; harmless when it is."""
