"""The one place that builds and reads topic names (facts: MQTT tree)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from devices.errors import MisuseError

ID_PATTERN: Final = r"^[A-Za-z0-9_-]{1,64}$"
"""Ids that become topic levels; nats-server disconnects on a space in a topic."""

DEFAULT_NODE: Final = "main"
"""The node of devices that name none."""

_ID = re.compile(ID_PATTERN)
_TYPE = re.compile(r"^[a-z]+\.[a-z_]+$")


def checked_id(value: str) -> str:
    """Give `value` back if it may be a topic level, else raise `MisuseError`."""
    if not _ID.fullmatch(value):
        raise MisuseError(f"not an id: {value!r} (want 1-64 of A-Z a-z 0-9 _ -)")
    return value


@dataclass(frozen=True, slots=True)
class DeviceTopic:
    """A topic below `dev/<id>/`, taken apart: `kind` and what follows it."""

    device: str
    kind: str
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Topics:
    """Topic names of one hall."""

    hall: str

    def __post_init__(self) -> None:
        checked_id(self.hall)

    @property
    def root(self) -> str:
        """The root of the hall's tree."""
        return f"hall/v1/{self.hall}"

    def node(self, node: str, leaf: str) -> str:
        """`state` or `health` of a node (`+` for all)."""
        return f"{self.root}/node/{_level(node)}/{leaf}"

    def node_command(self, node: str, name: str) -> str:
        """A request to a node: `replay`, `republish`, `new-epoch`, `rebind`."""
        return f"{self.root}/node/{_level(node)}/cmd/{_level(name)}"

    def node_reply(self, node: str, request: str) -> str:
        """A node's answer to a request."""
        return f"{self.root}/node/{_level(node)}/reply/{_level(request)}"

    def device(self, device: str, leaf: str) -> str:
        """`info`, `status`, `value`, `desired` or `card` of a device."""
        return f"{self.root}/dev/{_level(device)}/{leaf}"

    def event(self, device: str, event_type: str) -> str:
        """Events of one type of a device."""
        return f"{self.root}/dev/{_level(device)}/event/{_type(event_type)}"

    def batch(self, device: str, event_type: str) -> str:
        """Arrays of events of one type of a device (backfill)."""
        return f"{self.root}/dev/{_level(device)}/batch/{_type(event_type)}"

    def command(self, device: str, name: str) -> str:
        """A command to a device."""
        return f"{self.root}/dev/{_level(device)}/cmd/{_level(name)}"

    def reply(self, device: str, request: str) -> str:
        """A device's answer to a command."""
        return f"{self.root}/dev/{_level(device)}/reply/{_level(request)}"

    @property
    def bridge_state(self) -> str:
        """The bridge's retained state, with its store id."""
        return f"{self.root}/bridge/state"

    def bridge_command(self, name: str) -> str:
        """A request to the bridge: `republish`."""
        return f"{self.root}/bridge/cmd/{_level(name)}"

    def ack(self, node: str, lane: str) -> str:
        """What the bridge has committed of a lane of a node."""
        return f"{self.root}/bridge/ack/{_level(node)}/{_level(lane)}"

    def parse_device(self, topic: str) -> DeviceTopic | None:
        """Take a topic below `dev/` apart; None for any other topic."""
        prefix = f"{self.root}/dev/"
        if not topic.startswith(prefix):
            return None
        device, _, tail = topic[len(prefix) :].partition("/")
        kind, _, rest = tail.partition("/")
        return DeviceTopic(device, kind, rest) if kind else None

    def parse_node(self, topic: str) -> tuple[str, str] | None:
        """(node, leaf) of a topic below `node/`; None for any other topic."""
        prefix = f"{self.root}/node/"
        if not topic.startswith(prefix):
            return None
        node, _, leaf = topic[len(prefix) :].partition("/")
        return (node, leaf) if leaf else None

    def parse_ack(self, topic: str) -> tuple[str, str] | None:
        """(node, lane) of an ack topic; None for any other topic."""
        prefix = f"{self.root}/bridge/ack/"
        if not topic.startswith(prefix):
            return None
        node, _, lane = topic[len(prefix) :].partition("/")
        return (node, lane) if lane else None


def _level(value: str) -> str:
    return value if value == "+" else checked_id(value)


def _type(value: str) -> str:
    if value != "+" and not _TYPE.fullmatch(value):
        raise MisuseError(f"not an event type: {value!r}")
    return value
