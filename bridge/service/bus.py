"""What the service asks of the bus. `bridge.mqtt.link.BridgeLink` fills it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from devices.commands import Desired, Reply


class Bus(Protocol):
    """The way to the devices. Nothing here waits for a disk."""

    @property
    def reason(self) -> str:
        """Why there is no connection; empty while connected."""

    @property
    def fault(self) -> str:
        """What came and could not be handled, by a mistake of ours; empty: nothing."""

    def show(self, device: str, desired: Desired) -> None:
        """Publish what a display shall show."""

    def send(self, device: str, name: str, args: Mapping[str, Any]) -> None:
        """Send a command whose reply nobody waits for."""

    async def request(
        self, device: str, name: str, args: Mapping[str, Any], timeout_s: float
    ) -> Reply:
        """Send a command and wait for its reply."""
