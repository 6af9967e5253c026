"""What every transport does, whatever carries the bytes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Transport(ABC):
    """One open connection; used once, closed once. `async with` closes it."""

    def __init__(self, url: str) -> None:
        self.url = url

    @abstractmethod
    async def read(self, timeout_s: float | None = None) -> bytes:
        """The next bytes, at least one; for datagrams, one datagram.

        Raises `TransportError` when the other side is gone and `TimeoutError`
        when nothing came within `timeout_s`.
        """

    @abstractmethod
    async def write(self, data: bytes) -> None:
        """Send all of `data` (one datagram); raises `TransportError`."""

    @abstractmethod
    def discard_input(self) -> None:
        """Throw away bytes that came and were not read (stale answers)."""

    @abstractmethod
    async def close(self) -> None:
        """Close; harmless when closed."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
