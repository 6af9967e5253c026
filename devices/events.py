"""What devices tell: event types, their lanes, and the CloudEvents envelope."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, datetime
from enum import StrEnum
from typing import Any, Final

from pydantic_core import to_json

from devices.errors import ProtocolError

JsonObject = Mapping[str, Any]

MAX_PAYLOAD: Final = 256 * 1024
"""Largest MQTT payload in bytes; nats-server drops the client at 1 MiB."""

MAX_BATCH: Final = 500
"""Most events in one batch message (delivery: bulk)."""


class Lane(StrEnum):
    """An ordered way from a node to the bridge; a backfill never blocks a press."""

    DESK = "desk"
    CLOCK = "clock"


class EventType(StrEnum):
    """The journalled event types of the contract."""

    ATTENDANCE_PUNCH = "attendance.punch"
    ATTENDANCE_TAMPER = "attendance.tamper"
    CALLER_KEY = "caller.key"
    RATING_PRESS = "rating.press"
    CARD_IN = "card.in"
    CARD_OUT = "card.out"
    PRINTER_STATUS = "printer.status"

    @property
    def lane(self) -> Lane:
        """The lane that events of this type take."""
        return Lane.CLOCK if self.value.startswith("attendance.") else Lane.DESK


class Direction(StrEnum):
    """Where a punch says the person goes."""

    IN = "in"
    OUT = "out"
    BREAK_OUT = "break_out"
    BREAK_IN = "break_in"
    OVERTIME_IN = "overtime_in"
    OVERTIME_OUT = "overtime_out"
    UNKNOWN = "unknown"


class PunchMethod(StrEnum):
    """How a clock recognised the person."""

    FINGERPRINT = "fingerprint"
    FACE = "face"
    CARD = "card"
    PASSWORD = "password"  # noqa: S105 - a word of the contract
    PALM = "palm"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What makes an event the same event whichever way it came.

    `source` is the part after `urn:halld:<hall>:`, such as `zk:<serial>`.
    """

    source: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceEvent:
    """An event as a driver emits it, before the journal gives it a sequence.

    `time` is the device's, `received` the host's, both aware. Without an
    `identity` the event is known by its place in the journal.
    """

    type: EventType
    data: JsonObject
    time: datetime
    received: datetime
    identity: Identity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an event stands: contiguous per (node, epoch, lane), from 1."""

    node: str
    epoch: str
    lane: Lane
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudEvent:
    """A journalled event as it travels (CloudEvents 1.0, structured JSON)."""

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    received: datetime
    place: Place
    data: JsonObject
    simulated: bool = False

    def as_json(self) -> dict[str, Any]:
        """The envelope as JSON-ready values."""
        place = self.place
        body: dict[str, Any] = {
            "specversion": "1.0",
            "id": self.id,
            "source": self.source,
            "type": self.type,
            "subject": self.subject,
            "time": self.time.isoformat(),
            "datacontenttype": "application/json",
            "node": place.node,
            "epoch": place.epoch,
            "lane": place.lane.value,
            "sequence": str(place.sequence),
            "sequencetype": "Integer",
            "receivedtime": self.received.isoformat(),
            "data": self.data,
        }
        if self.simulated:
            body["simulated"] = True
        return body

    def encode(self) -> bytes:
        """The envelope as UTF-8 JSON."""
        return to_json(self.as_json())

    @classmethod
    def from_json(cls, body: object) -> CloudEvent:
        """Read an envelope; raises `ProtocolError` naming what is wrong."""
        if not isinstance(body, dict):
            raise ProtocolError("an event must be a JSON object")
        try:
            return cls(
                id=_text(body, "id"),
                source=_text(body, "source"),
                type=_text(body, "type"),
                subject=_text(body, "subject"),
                time=_time(body, "time"),
                received=_time(body, "receivedtime"),
                place=Place(
                    node=_text(body, "node"),
                    epoch=_text(body, "epoch"),
                    lane=Lane(_text(body, "lane")),
                    sequence=_sequence(body),
                ),
                data=_object(body, "data"),
                simulated=body.get("simulated") is True,
            )
        except ProtocolError:
            raise
        except (KeyError, ValueError, TypeError) as error:
            raise ProtocolError(f"not an event of ours: {error}") from error


def decode_events(payload: bytes) -> list[CloudEvent]:
    """Read an `event` (one object) or `batch` (an array) payload."""
    try:
        body = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"not JSON: {error}") from error
    items = body if isinstance(body, list) else [body]
    return [CloudEvent.from_json(item) for item in items]


def event_id(place: Place) -> str:
    """The id of an event that is known by its place."""
    return f"{place.node}:{place.epoch}:{place.lane}:{place.sequence}"


def device_source(hall: str, device: str) -> str:
    """The source of events that are known by their place."""
    return f"urn:halld:{hall}:dev:{device}"


def identity_source(hall: str, identity: Identity) -> str:
    """The source of events that carry an identity of their own."""
    return f"urn:halld:{hall}:{identity.source}"


def _text(body: JsonObject, key: str) -> str:
    value = body[key]
    if not isinstance(value, str) or not value:
        raise ProtocolError(f"`{key}` must be a text that is not empty")
    return value


def _time(body: JsonObject, key: str) -> datetime:
    value = datetime.fromisoformat(_text(body, key))
    if value.tzinfo is None:
        raise ProtocolError(f"`{key}` must carry an offset")
    if not MINYEAR < value.year < MAXYEAR:  # no other zone can tell such a moment
        raise ProtocolError(f"`{key}` must lie within the calendar of every zone")
    return value


def _sequence(body: JsonObject) -> int:
    value = body["sequence"]
    number = int(value) if isinstance(value, str) and value.isdecimal() else 0
    if number < 1:
        raise ProtocolError("`sequence` must be a decimal text from 1")
    return number


def _object(body: JsonObject, key: str) -> JsonObject:
    value = body.get(key, {})
    if not isinstance(value, dict):
        raise ProtocolError(f"`{key}` must be a JSON object")
    return value
