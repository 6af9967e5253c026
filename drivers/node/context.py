"""The node as one driver sees it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from devices.commands import Desired
from devices.errors import ProtocolError
from devices.events import DeviceEvent, Lane, device_source, identity_source
from devices.kinds import DeviceState
from devices.site import DeviceEntry, Site
from drivers.driver import Shared
from drivers.node.coverage import Coverage
from drivers.node.journal import Journal
from drivers.node.journal_rows import Draft
from drivers.node.presence import DevicePresence, dump
from drivers.node.subjects import subject_ref
from drivers.transports import Transport, open_transport

log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class NodeServices:
    """What all devices of a node share."""

    site: Site
    journal: Journal
    clock: Callable[[], datetime]
    subject_key: bytes
    clock_trusted: bool = False
    room: Callable[[Lane], Awaitable[None]] = lambda _lane: asyncio.sleep(0)
    """Waits, before more of a log is journalled, while the bridge takes it."""
    shared: dict[type, Any] = field(default_factory=dict)
    """What devices share, by its class."""

    def now(self) -> datetime:
        """The time in the hall's zone."""
        return self.clock().astimezone(self.site.hall.zone)


@dataclass(slots=True, kw_only=True)
class NodeContext:
    """The `DriverContext` of one device."""

    device: DeviceEntry
    services: NodeServices
    presence: DevicePresence
    remembered: dict[str, Any]
    desired: Desired | None = None
    _desired_told: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def site(self) -> Site:
        """The hall file."""
        return self.services.site

    @property
    def clock_trusted(self) -> bool:
        """Whether the host's clock may set a device's clock."""
        return self.services.clock_trusted

    def now(self) -> datetime:
        """The time, aware, in the hall's zone."""
        return self.services.now()

    async def emit(
        self,
        events: Sequence[DeviceEvent],
        *,
        bulk: bool = False,
        remember: Mapping[str, Any] | None = None,
    ) -> None:
        """Journal events; returns when they are on disk."""
        if bulk and events:
            await self.services.room(events[0].type.lane)
        drafts = [self._draft(event, bulk=bulk) for event in events]
        await self.services.journal.append(
            drafts, device=self.device.id, remember=remember
        )
        self.remembered.update(remember or {})

    def recall(self, key: str) -> Any:
        """What was last remembered under `key`; None if nothing."""
        return self.remembered.get(key)

    async def remember(self, values: Mapping[str, Any]) -> None:
        """Keep small JSON values over restarts."""
        device = self.device.id
        await self.services.journal.call(lambda store: store.remember(device, values))
        self.remembered.update(values)

    def report(self, state: DeviceState, reason: str = "") -> None:
        """Tell the device's state."""
        self.presence.report(state, reason)

    def describe(self, **info: Any) -> None:
        """Merge into the retained `info`."""
        self.presence.describe(info)

    def show(self, value: Mapping[str, Any]) -> None:
        """Publish the retained `value`."""
        self.presence.show(value)

    def covered(
        self,
        until: datetime | None,
        *,
        serial: str = "",
        suspect: str = "",
        how: str = "log",
    ) -> None:
        """Tell up to which moment a clock's log was read whole and journalled."""
        epoch, sequence = self.services.journal.places[Lane.CLOCK]
        zone = self.site.hall.zone
        self.presence.cover(
            Coverage(
                serial=serial,
                until=until.astimezone(zone) if until else None,
                suspect=suspect,
                how=how,
                epoch=epoch,
                sequence=sequence,
            )
        )

    def subject_ref(self, kind: str, identifier: str) -> str:
        """A keyed reference to a person or card."""
        return subject_ref(self.services.subject_key, kind, identifier)

    def publish_card(self, fields: Mapping[str, Any]) -> None:
        """Masked card fields, to those who listen now; never kept."""
        pulpit = self.presence.pulpit
        topic = pulpit.topics.device(self.device.id, "card")
        pulpit.bus.publish(topic, dump(fields), qos=0)

    def share(self, kind: type[Shared], make: Callable[[], Shared]) -> Shared:
        """The one object of a kind that the node's devices share."""
        if kind not in self.services.shared:
            self.services.shared[kind] = make()
        found: Shared = self.services.shared[kind]
        return found

    async def desired_changed(self, known_rev: int | None) -> Desired:
        """Wait until `desired` has another revision than `known_rev`."""
        while self.desired is None or self.desired.rev == known_rev:
            self._desired_told.clear()
            await self._desired_told.wait()
        return self.desired

    async def connect(self, url: str, *, timeout_s: float = 5.0) -> Transport:
        """Open a transport by URL."""
        return await open_transport(url, timeout_s=timeout_s)

    def take_desired(self, payload: bytes) -> None:
        """Note what the display shall show; an older revision is ignored.

        A cleared topic takes the wish back: what comes next counts anew.
        """
        if not payload:
            self.desired = None
            return
        try:
            desired = Desired.decode(payload)
        except ProtocolError as error:
            log.warning("%s: desired: %s", self.device.id, error)
            return
        if self.desired is None or desired.rev > self.desired.rev:
            self.desired = desired
            self._desired_told.set()

    def _draft(self, event: DeviceEvent, *, bulk: bool) -> Draft:
        hall, zone = self.site.hall, self.site.hall.zone
        identity = event.identity
        return Draft(
            device=self.device.id,
            type=event.type.value,
            lane=event.type.lane,
            source=(
                identity_source(hall.id, identity)
                if identity is not None
                else device_source(hall.id, self.device.id)
            ),
            id=identity.id if identity is not None else None,
            time=event.time.astimezone(zone),
            received=event.received.astimezone(zone),
            data=event.data,
            simulated=hall.simulated,
            bulk=bulk,
        )
