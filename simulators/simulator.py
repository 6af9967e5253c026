"""What a simulated device is: behaviour on given time, no I/O.

Hosting moves the bytes (TCP, UDP, PTY), faults spoil them, the control API
calls `act`. One device object outlives its connections, as a real one does.
Most devices are reached by their driver; one that `dials` calls its hall.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from devices.errors import ConfigurationError
from devices.site import DeviceEntry, Site


class SimulatorParameters(BaseModel):
    """The driver's keys that matter to the simulated device; others are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


@dataclass(frozen=True, slots=True)
class Output:
    """Bytes that the device sends.

    `session` None means every open session. Each output is one segment (or
    datagram) unless a fault says otherwise; `after_s` delays it.
    """

    data: bytes
    session: int | None = None
    after_s: float = 0.0


Parameters = TypeVar("Parameters", bound=SimulatorParameters)


class Simulator(ABC, Generic[Parameters]):
    """One simulated device. `simulators/<name>` holds exactly one subclass.

    A serial line has one session for ever; TCP one a connection; UDP one a
    peer address. `now` is aware, in the hall's zone.
    """

    parameters_model: ClassVar[type[SimulatorParameters]]
    actions: ClassVar[Mapping[str, type[BaseModel]]] = {}
    """Actions of the control API that the device itself knows, by name."""
    dials: ClassVar[bool] = False
    """Whether it calls its hall at `server` instead of being reached."""

    def __init__(self, device: DeviceEntry, parameters: Parameters, site: Site) -> None:
        self.device = device
        self.parameters = parameters
        self.site = site

    @property
    def server(self) -> str:
        """What a device that dials calls, `http://host:port`.

        Raises `ConfigurationError` when that cannot be known.
        """
        raise ConfigurationError(f"{self.device.id} listens; it calls nobody")

    @property
    def place(self) -> str | None:
        """Where it is reached when its entry names no url; None: nowhere."""
        return None

    @property
    def rides(self) -> str | None:
        """The device on whose line it is; None for a line of its own.

        It hears everything that is said on that line, as real ones do.
        """
        return None

    @property
    def wants_line(self) -> bool:
        """Whether a device that dials needs its line; read after every step.

        While it does, the line is made; when it no longer does, it is ended.
        """
        return True

    def unreachable(self, reason: str, now: datetime) -> None:
        """Note that the line that it wanted could not be had."""

    def connected(self, session: int, now: datetime) -> Sequence[Output]:
        """Note that a session opened; gives what the device says unasked."""
        del session, now
        return ()

    def disconnected(self, session: int) -> None:
        """Note that a session ended."""

    @abstractmethod
    def received(self, session: int, data: bytes, now: datetime) -> Sequence[Output]:
        """Take bytes as they came, in any portions; give the answers."""

    @abstractmethod
    def act(self, action: str, arguments: BaseModel, now: datetime) -> Sequence[Output]:
        """Do one of `actions`, as a person at the device would.

        Raises `MisuseError` when the device cannot do it now.
        """

    def powercycle(self, now: datetime) -> None:
        """Lose what a real device loses without power."""

    def advance(self, now: datetime) -> tuple[Sequence[Output], datetime | None]:
        """What is due by itself at `now`, and when to call again (None: never)."""
        del now
        return (), None

    @abstractmethod
    def view(self) -> Mapping[str, Any]:
        """What the device shows, JSON-ready (`GET /devices/<id>`)."""
