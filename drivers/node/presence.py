"""What a node tells, retained, about itself and its devices; from its own memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from bus.client import BusClient
from devices.kinds import DeviceState, NodeState
from devices.topics import Topics
from drivers.node.coverage import Coverage

RETAINED_LEAVES: Final = ("info", "status", "value", "desired")
"""The retained topics of a device; all are cleared when it is removed."""


@dataclass(slots=True, kw_only=True)
class Pulpit:
    """Where retained values are told: the bus, the hall's topics, the session.

    Nothing is queued while there is no connection: all is told again on the
    next CONNACK.
    """

    bus: BusClient
    topics: Topics
    node: str
    clock: Callable[[], datetime]
    session: int = 0

    def tell(self, topic: str, body: Mapping[str, Any]) -> bool:
        """Publish a retained object."""
        return self.bus.publish(topic, dump(body), retain=True)

    def clear(self, device: str) -> None:
        """Clear every retained topic of a device."""
        for leaf in RETAINED_LEAVES:
            self.bus.publish(self.topics.device(device, leaf), b"", retain=True)


@dataclass(slots=True, kw_only=True)
class NodePresence:
    """The node's own state."""

    pulpit: Pulpit
    state: NodeState = NodeState.READY

    @property
    def topic(self) -> str:
        """The node's state topic."""
        return self.pulpit.topics.node(self.pulpit.node, "state")

    def will(self) -> bytes:
        """What the broker says when this session is lost."""
        return dump({"state": NodeState.LOST, "session": self.pulpit.session})

    def publish(self) -> None:
        """Tell the state with the session."""
        self.pulpit.tell(
            self.topic,
            {
                "state": self.state,
                "session": self.pulpit.session,
                "ts": self.pulpit.clock().isoformat(),
            },
        )

    def is_mine(self, body: Mapping[str, Any]) -> bool:
        """Whether a state that was read is the one that was told last."""
        return (
            body.get("state") == self.state
            and body.get("session") == self.pulpit.session
        )


@dataclass(slots=True, kw_only=True)
class DevicePresence:
    """A device's state, description and shown value."""

    pulpit: Pulpit
    device: str
    info: dict[str, Any]
    state: DeviceState = DeviceState.INIT
    reason: str = ""
    since: datetime
    value: Mapping[str, Any] | None = None
    coverage: Coverage | None = None
    """Of a clock; it travels within the value."""
    changed: Callable[[DeviceState, str], None] = field(
        default=lambda _state, _reason: None
    )

    def report(self, state: DeviceState, reason: str = "") -> None:
        """Tell a state; a repeated one changes nothing."""
        if (state, reason) == (self.state, self.reason):
            return
        if state is not self.state:
            self.since = self.pulpit.clock()
        self.state, self.reason = state, reason
        self.changed(state, reason)
        self._publish_status()

    def describe(self, info: Mapping[str, Any]) -> None:
        """Merge into the description."""
        merged = {**self.info, **info}
        if merged != self.info:
            self._tell("info", merged)
            self.info = merged

    def show(self, value: Mapping[str, Any]) -> None:
        """Tell what the device shows or holds."""
        self.value = dict(value)
        self._publish_value()

    def cover(self, coverage: Coverage) -> None:
        """Tell how far a clock's log was read; now and then while all is well."""
        if coverage.is_news_after(self.coverage):
            self.coverage = coverage
            self._publish_value()

    def publish(self) -> None:
        """Tell everything again."""
        self._tell("info", self.info)
        self._publish_status()
        if self.value is not None or self.coverage is not None:
            self._publish_value()

    def _publish_value(self) -> None:
        value = dict(self.value or {})
        if self.coverage is not None:
            value["coverage"] = self.coverage.as_json()
        self._tell("value", value)

    def _publish_status(self) -> None:
        self._tell(
            "status",
            {
                "state": self.state,
                "reason": self.reason,
                "since": self.since.isoformat(),
                "session": self.pulpit.session,
            },
        )

    def _tell(self, leaf: str, body: Mapping[str, Any]) -> None:
        self.pulpit.tell(self.pulpit.topics.device(self.device, leaf), body)


def dump(body: Mapping[str, Any]) -> bytes:
    """UTF-8 JSON."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
