"""Events on their way into the journal and out of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from devices.errors import DeviceError, MisuseError
from devices.events import MAX_PAYLOAD, CloudEvent, Lane, Place, event_id

MAX_BODY: Final = MAX_PAYLOAD - 2
"""Largest event in bytes: in a batch message it stands between brackets."""


class JournalError(DeviceError):
    """The journal cannot keep an event: the disk is full or broken.

    The device gets no acknowledgement, so that it may tell it again.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An event that lacks only its place. Without `id` its place names it."""

    device: str
    type: str
    lane: Lane
    source: str
    time: datetime
    received: datetime
    data: Mapping[str, Any]
    id: str | None = None
    simulated: bool = False
    bulk: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A journalled event as it is published: `body` is its CloudEvents JSON."""

    epoch: str
    lane: Lane
    sequence: int
    device: str
    type: str
    bulk: bool
    body: bytes


@dataclass(slots=True, kw_only=True)
class Track:
    """A lane of one epoch as its publisher sees it.

    `last` is the newest event that is kept there; a bridge may have acked more.
    From `doubtful_from` on the bridge may have other events under these numbers.
    """

    epoch: str
    last: int
    acked: int
    doubtful_from: int | None = None

    @property
    def is_done(self) -> bool:
        """Whether the bridge has all of it."""
        return self.acked >= self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalSize:
    """How much is kept; `oldest_at` is the oldest event still to be acked."""

    count: int
    unacked: int
    size_bytes: int
    oldest_at: float | None


def _envelope(draft: Draft, place: Place) -> CloudEvent:
    return CloudEvent(
        id=draft.id or event_id(place),
        source=draft.source,
        type=draft.type,
        subject=draft.device,
        time=draft.time,
        received=draft.received,
        place=place,
        data=draft.data,
        simulated=draft.simulated,
    )


def placed(draft: Draft, node: str, epoch: str, sequence: int) -> Row:
    """Give a draft its place; raises `MisuseError` when no message can carry it."""
    place = Place(node=node, epoch=epoch, lane=draft.lane, sequence=sequence)
    body = _envelope(draft, place).encode()
    if len(body) > MAX_BODY:
        raise MisuseError(f"{draft.type}: {len(body)} bytes are over {MAX_BODY}")
    return Row(
        epoch=epoch,
        lane=draft.lane,
        sequence=sequence,
        device=draft.device,
        type=draft.type,
        bulk=draft.bulk,
        body=body,
    )


def moved_to(row: Row, node: str, epoch: str, sequence: int) -> Row:
    """The same event at another place; its id too when its place was its id."""
    body = json.loads(row.body)
    old = Place(node=node, epoch=row.epoch, lane=row.lane, sequence=row.sequence)
    new = Place(node=node, epoch=epoch, lane=row.lane, sequence=sequence)
    if body["id"] == event_id(old):
        body["id"] = event_id(new)
    body["epoch"], body["sequence"] = epoch, str(sequence)
    return Row(
        epoch=epoch,
        lane=row.lane,
        sequence=sequence,
        device=row.device,
        type=row.type,
        bulk=row.bulk,
        body=json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(),
    )
