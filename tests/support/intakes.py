"""Gives events to a hall as the bridge does, without a bus."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bridge.service.hall import Hall
from bridge.service.intake import Intake, LaneKey, Outcome
from devices.commands import Desired, Reply, ReplyStatus
from devices.events import CloudEvent, EventType, Place, event_id


@dataclass(slots=True)
class Giver:
    """Makes events of one node and gives them to a hall."""

    hall: Hall
    epoch: str = "e1"
    intake: Intake = field(default_factory=Intake)
    last: dict[str, int] = field(default_factory=dict)

    def event(
        self,
        kind: EventType,
        data: dict[str, Any],
        *,
        time: datetime | None = None,
        device: str = "bus-1",
        identity: tuple[str, str] | None = None,
    ) -> CloudEvent:
        """The next event of its lane."""
        sequence = self.last.get(kind.lane, 0) + 1
        self.last[kind.lane] = sequence
        place = Place(node="main", epoch=self.epoch, lane=kind.lane, sequence=sequence)
        when = time or self.hall.now()
        source, name = identity or (f"urn:halld:test:dev:{device}", event_id(place))
        return CloudEvent(
            id=name,
            source=source,
            type=kind,
            subject=device,
            time=when,
            received=self.hall.now(),
            place=place,
            data=data,
        )

    async def give(self, *events: CloudEvent) -> Outcome:
        """Have events of one lane taken in one transaction."""
        place = events[0].place
        key = LaneKey(place.node, place.epoch, place.lane.value)
        return await self.hall.transact(
            lambda work: self.intake.take(work, key, events)
        )

    async def key(self, key: str, digits: str = "", **more: Any) -> Outcome:
        """A caller's key at window w1."""
        data = {"counter": "w1", "key": key, "digits": digits, "address": 1, **more}
        return await self.give(self.event(EventType.CALLER_KEY, data))

    async def rate(self, value: int | None, **more: Any) -> Outcome:
        """A press on the evaluator of window w1."""
        data = {"counter": "w1", "value": value, "key": 3, "address": 1, **more}
        return await self.give(self.event(EventType.RATING_PRESS, data))


@dataclass(slots=True)
class RecordingBus:
    """A bus that keeps what it was told."""

    reason: str = ""
    fault: str = ""
    shown: list[tuple[str, Desired]] = field(default_factory=list)
    sent: list[tuple[str, str, Any]] = field(default_factory=list)

    def show(self, device: str, desired: Desired) -> None:
        self.shown.append((device, desired))

    def send(self, device: str, name: str, args: Any) -> None:
        self.sent.append((device, name, args))

    async def request(
        self, device: str, name: str, args: Any, timeout_s: float
    ) -> Reply:
        data = {"device": device, "name": name, "args": args, "timeout_s": timeout_s}
        return Reply(id="1", status=ReplyStatus.OK, data=data)

    def last(self, device: str) -> Desired:
        """What a device was told last."""
        return next(told for name, told in reversed(self.shown) if name == device)
