"""A simulated device that cuts each session's bytes into frames."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from devices.framing import Framer
from devices.site import DeviceEntry, Site
from simulators.simulator import Output, Parameters, Simulator

AnyFramer = TypeVar("AnyFramer", bound=Framer[Any])


class FramedSimulator(Simulator[Parameters], Generic[Parameters, AnyFramer]):
    """A device with a framer for each session; it says nothing unasked."""

    def __init__(self, device: DeviceEntry, parameters: Parameters, site: Site) -> None:
        super().__init__(device, parameters, site)
        self._framers: dict[int, AnyFramer] = {}

    @abstractmethod
    def new_framer(self) -> AnyFramer:
        """What cuts the bytes of a session."""

    def framer(self, session: int) -> AnyFramer:
        """The framer of a session."""
        if session not in self._framers:
            self._framers[session] = self.new_framer()
        return self._framers[session]

    def connected(self, session: int, now: datetime) -> Sequence[Output]:
        """See `Simulator.connected`; a session of that number begins anew."""
        del now
        self._framers[session] = self.new_framer()
        return ()

    def disconnected(self, session: int) -> None:
        """See `Simulator.disconnected`."""
        self._framers.pop(session, None)

    def powercycle(self, now: datetime) -> None:
        """Lose what was received of a frame."""
        del now
        for framer in self._framers.values():
            framer.reset()
