"""Devices and nodes as the bus tells of them, and what that means together."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bridge.domain.views import DeviceView
from devices.kinds import DeviceState, NodeState
from devices.site import DeviceEntry, Site

NOT_REPORTED: Final = "its node has not reported"
CLOCK_DOUBTFUL: Final = "clock-doubtful"
"""The alarm of a node whose host's clock is not trusted, as nodes call it."""
_SEEN: Final = frozenset({DeviceState.READY.value, DeviceState.DEGRADED.value})
"""States that a device itself brought about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A state with its reason, and since when."""

    state: str
    reason: str
    since: datetime | None


@dataclass(slots=True)
class _Device:
    status: Standing | None = None
    session: int | None = None
    info: Mapping[str, Any] = field(default_factory=dict)
    value: Mapping[str, Any] | None = None
    last_seen: datetime | None = None
    told: Standing | None = None


@dataclass(slots=True)
class _Node:
    state: str | None = None
    session: int | None = None
    since: datetime | None = None
    alarms: Sequence[Mapping[str, Any]] = ()
    clock: str | None = None
    behind: deque[timedelta] = field(default_factory=lambda: deque(maxlen=3))
    """How far its last healths were behind the bridge's time, the way included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceChange:
    """A device went from one effective state to another: kept as history."""

    device: str
    standing: Standing
    session: int | None


class Directory:
    """Every device of the hall file and every node; lives on the event loop.

    A device is `lost` while its node is lost or stopped in the session that the
    device's status is from.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._entries = {entry.id: entry for entry in site.devices}
        self._devices = {entry.id: _Device() for entry in site.devices}
        self._nodes = {entry.node: _Node() for entry in site.devices}

    def remember(self, device: str, standing: Standing) -> None:
        """What history last told of a device; the same is not told again."""
        if (record := self._devices.get(device)) is not None:
            record.told = standing

    @property
    def nodes(self) -> Sequence[str]:
        """Nodes of the hall file and those that spoke."""
        return sorted(self._nodes)

    def take_node_state(
        self, node: str, body: Mapping[str, Any], at: datetime
    ) -> tuple[bool, list[DeviceChange]]:
        """A node's state; whether its session is new, and what changed with it."""
        record = self._nodes.setdefault(node, _Node())
        state, session = str(body.get("state", "")), _number(body.get("session"))
        fresh = state == NodeState.READY and session != record.session
        if state != record.state or session != record.session:
            record.since = at
        record.state, record.session = state, session
        mine = (entry.id for entry in self._site.on_node(node))
        return fresh, self._changes(mine, at)

    def take_health(
        self,
        node: str,
        body: Mapping[str, Any],
        at: datetime | None = None,
    ) -> None:
        """A node's health: its alarms and its clock; `at` when it was just told."""
        record = self._nodes.setdefault(node, _Node())
        alarms = body.get("alarms")
        items = alarms if isinstance(alarms, list) else []
        record.alarms = [item for item in items if isinstance(item, Mapping)]
        clock = body.get("clock")
        record.clock = clock if isinstance(clock, str) else None
        told = _moment(body.get("ts"))
        if at is not None and told is not None:
            record.behind.append(at - told)

    @property
    def skews(self) -> Mapping[str, timedelta]:
        """How far each node's clock is behind the bridge's, where that is known.

        The least of the last few: a message may come late, never early.
        """
        return {name: min(n.behind) for name, n in self._nodes.items() if n.behind}

    def take_status(
        self, device: str, body: Mapping[str, Any], at: datetime, *, retained: bool
    ) -> list[DeviceChange]:
        """A device's status as its node tells it."""
        record = self._devices.get(device)
        if record is None:
            return []
        since = _moment(body.get("since")) or at
        record.status = Standing(
            state=_state(body.get("state")),
            reason=str(body.get("reason") or ""),
            since=since,
        )
        record.session = _number(body.get("session"))
        if record.status.state in _SEEN:
            if not retained:
                record.last_seen = at
            elif record.last_seen is None:
                record.last_seen = since
        return self._changes([device], at)

    def take_info(self, device: str, body: Mapping[str, Any]) -> None:
        """What a device is."""
        if (record := self._devices.get(device)) is not None:
            record.info = body

    def take_value(
        self, device: str, body: Mapping[str, Any], at: datetime, *, retained: bool
    ) -> None:
        """What a device shows or holds now."""
        if (record := self._devices.get(device)) is not None:
            record.value = body
            if not retained:
                record.last_seen = at

    def saw(self, device: str, at: datetime) -> None:
        """An event of a device came."""
        if (record := self._devices.get(device)) is not None:
            record.last_seen = at

    def kind(self, device: str) -> str | None:
        """The device's kind as its `info` tells it."""
        record = self._devices.get(device)
        kind = record.info.get("kind") if record is not None else None
        return kind if isinstance(kind, str) else None

    def standing(self, device: str) -> Standing:
        """The effective state of a device of the hall file."""
        return self._standing(self._entries[device])

    def session(self, device: str) -> int | None:
        """The session of the node that runs a device; None before it spoke."""
        return self._nodes[self._entries[device].node].session

    def value(self, device: str) -> Mapping[str, Any]:
        """What a device last told that it shows or holds; empty before."""
        record = self._devices.get(device)
        return (record.value if record is not None else None) or {}

    def is_lost(self, node: str) -> bool:
        """Whether a node told that it is gone."""
        record = self._nodes.get(node)
        return record is not None and record.state in {
            NodeState.LOST,
            NodeState.STOPPED,
        }

    def views(self, site: Site) -> list[DeviceView]:
        """Every device, by id."""
        zone = site.hall.zone
        views: list[DeviceView] = []
        for entry in sorted(site.devices, key=lambda entry: entry.id):
            record = self._devices[entry.id]
            standing = self._standing(entry)
            views.append(
                DeviceView(
                    id=entry.id,
                    driver=entry.driver,
                    name=entry.label,
                    state=standing.state,
                    reason=standing.reason,
                    since=standing.since.astimezone(zone) if standing.since else None,
                    last_seen=(
                        record.last_seen.astimezone(zone) if record.last_seen else None
                    ),
                    node=entry.node,
                    info=record.info,
                    value=record.value,
                )
            )
        return views

    def troubles(self) -> list[str]:
        """Nodes that do not work."""
        found: list[str] = []
        for name in sorted({entry.node for entry in self._site.devices}):
            state = self._nodes[name].state
            if state is None:
                found.append(f"node {name} has not reported")
            elif state != NodeState.READY:
                found.append(f"node {name} is {state}")
        return found

    def alarms(self) -> list[dict[str, Any]]:
        """What nodes raise in their health."""
        found: list[dict[str, Any]] = []
        for name, record in sorted(self._nodes.items()):
            for item in record.alarms:
                kind = str(item.get("kind", "unknown"))
                message = str(item.get("message", ""))
                found.append(
                    {
                        "id": f"{name}-{kind}",
                        "kind": kind,
                        "since": item.get("since"),
                        "message": f"node {name}: {message}",
                    }
                )
            told = {str(item.get("kind")) for item in record.alarms}
            if record.clock == "doubtful" and CLOCK_DOUBTFUL not in told:
                found.append(
                    {
                        "id": f"{name}-{CLOCK_DOUBTFUL}",
                        "kind": CLOCK_DOUBTFUL,
                        "since": None,
                        "message": f"node {name}: host clock doubtful",
                    }
                )
        return found

    def _standing(self, entry: DeviceEntry) -> Standing:
        record = self._devices[entry.id]
        node = self._nodes[entry.node]
        if record.status is None:
            return Standing(state=DeviceState.OFFLINE, reason=NOT_REPORTED, since=None)
        if self.is_lost(entry.node) and record.session == node.session:
            return Standing(
                state=DeviceState.LOST,
                reason=f"its node {entry.node} is {node.state}",
                since=node.since,
            )
        return record.status

    def _changes(self, devices: Iterable[str], at: datetime) -> list[DeviceChange]:
        changes: list[DeviceChange] = []
        for device in devices:
            record, standing = (
                self._devices[device],
                self._standing(self._entries[device]),
            )
            told = record.told
            if record.status is None or (
                told is not None
                and (told.state, told.reason) == (standing.state, standing.reason)
            ):
                continue
            record.told = standing
            changes.append(
                DeviceChange(
                    device=device,
                    standing=Standing(
                        state=standing.state,
                        reason=standing.reason,
                        since=standing.since or at,
                    ),
                    session=record.session,
                )
            )
        return changes


def _state(value: Any) -> str:
    try:
        return DeviceState(value).value
    except ValueError:
        return DeviceState.OFFLINE.value


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _moment(value: Any) -> datetime | None:
    """A time as text with offset or as seconds since 1970; else None."""
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return moment if moment.tzinfo is not None else None
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None
