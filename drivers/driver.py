"""What a driver is, and what the node gives it to work with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from devices.commands import Desired
from devices.errors import CommandRejectedError
from devices.events import DeviceEvent
from devices.kinds import DeviceKind, DeviceState
from devices.site import DeviceEntry, Site, SiteError
from drivers.transports.transport import Transport

Shared = TypeVar("Shared")


class DriverParameters(BaseModel):
    """A driver's own keys of the hall file; a misspelt key is an error.

    `url`, `counter`, `area`, `name` and `node` are the entry's, not repeated
    here. A driver that cannot work without one of them checks it in
    `Driver.check`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


class DriverContext(Protocol):
    """The node, as one driver sees it. The supervisor fills this."""

    @property
    def device(self) -> DeviceEntry:
        """The device's entry in the hall file."""

    @property
    def site(self) -> Site:
        """The hall file."""

    @property
    def clock_trusted(self) -> bool:
        """Whether the host's clock may set a device's clock."""

    def now(self) -> datetime:
        """The time, aware, in the hall's zone."""

    async def emit(
        self,
        events: Sequence[DeviceEvent],
        *,
        bulk: bool = False,
        remember: Mapping[str, Any] | None = None,
    ) -> None:
        """Journal events; returns when they are on disk.

        Only then may the device get its acknowledgement. `bulk` events travel
        in batch messages. `remember` is kept in the same transaction.
        """

    def recall(self, key: str) -> Any:
        """What was last remembered under `key`, over restarts; None if nothing."""

    async def remember(self, values: Mapping[str, Any]) -> None:
        """Keep small JSON values over restarts, without an event."""

    def report(self, state: DeviceState, reason: str = "") -> None:
        """Tell the device's state; a repeated one changes nothing.

        READY also tells the supervisor that the device was reached: back-off
        starts anew after the next failure.
        """

    def describe(self, **info: Any) -> None:
        """Merge into the retained `info`: model, firmware, serial, and so on."""

    def show(self, value: Mapping[str, Any]) -> None:
        """Publish the retained `value`: what the device shows or holds now."""

    def covered(
        self,
        until: datetime | None,
        *,
        serial: str = "",
        suspect: str = "",
        how: str = "log",
    ) -> None:
        """Tell up to which moment a clock's log was read whole and journalled.

        `until`: the host's time when the read that found everything began; None
        when there was none yet. While there is a `suspect` (why the log is not
        to be believed) it stands still. `how`: "log" the log was read or its
        count fits, "sum" the clock confirmed a sum, "contact" it told all it
        had. May be told often: it is published at most about once a minute.
        """

    def subject_ref(self, kind: str, identifier: str) -> str:
        """A keyed reference to a person or card: `<key id>.<32 hex digits>`.

        HMAC-SHA-256 cut to 128 bits; the identifier cannot be had back.
        """

    def publish_card(self, fields: Mapping[str, Any]) -> None:
        """Masked card fields, to those who listen now; never kept."""

    def share(self, kind: type[Shared], make: Callable[[], Shared]) -> Shared:
        """The one object of a kind that the node's devices share.

        Made by whoever asks first; opened and closed by those who use it.
        """

    @property
    def desired(self) -> Desired | None:
        """What the display shall show now, newest revision; None if never told."""

    async def desired_changed(self, known_rev: int | None) -> Desired:
        """Wait until `desired` has another revision than `known_rev`."""

    async def connect(self, url: str, *, timeout_s: float = 5.0) -> Transport:
        """Open a transport by URL; raises `TransportError` in plain words."""


Parameters = TypeVar("Parameters", bound=DriverParameters)


class Driver(ABC, Generic[Parameters]):
    """One device type. `drivers/<name>` holds exactly one subclass.

    The supervisor calls `run` again and again with back-off; each call is one
    life of the connection. Cancellation is the only stop.
    """

    kind: ClassVar[DeviceKind]
    parameters_model: ClassVar[type[DriverParameters]]
    capabilities: ClassVar[Sequence[str]] = ()
    """What the device type can do, for `info`: event types and the like."""
    commands: ClassVar[Mapping[str, type[BaseModel]]] = {}
    """Commands by name, with the model of their arguments."""

    def __init__(self, context: DriverContext, parameters: Parameters) -> None:
        self.context = context
        self.parameters = parameters

    @classmethod
    def check(cls, device: DeviceEntry, parameters: Parameters) -> None:
        """Raise `SiteError(path_within_entry, message)` for what the model misses."""

    @classmethod
    def advise(
        cls, device: DeviceEntry, parameters: Parameters, site: Site
    ) -> Sequence[SiteError]:
        """What is allowed but hardly meant, as warnings; paths as in `check`."""
        del device, parameters, site
        return ()

    @abstractmethod
    async def run(self) -> None:
        """Reach the device, `report(READY)`, serve it until it breaks.

        Raises `DeviceError` whose message becomes the state's reason;
        `ConfigurationError` when no retry can heal it. Returning counts as the
        device having ended the connection. Must free every resource.
        """

    async def execute(self, name: str, arguments: BaseModel) -> Mapping[str, Any]:
        """Run one command of `commands`; returns JSON-ready data.

        Called while `run` is under way or not; raises `CommandRejectedError`
        or another `DeviceError`. The time limit is the supervisor's.
        """
        del arguments
        raise CommandRejectedError("unknown_command", f"no command {name!r}")
