"""The order of a lane: which events are next, known, or beyond a gap (delivery)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

from devices.events import CloudEvent, event_id

MAX_HELD: Final = 2000
"""Most events kept beyond a gap, a lane; the rest comes again with the replay."""

_IDENTITY_EXTRAS: Final = frozenset({"raw", "live", "known_user", "drift_s"})
"""Differs between the ways that one punch may take, live and backfill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """A lane's arrivals put in order.

    `taken` follow the last one without a gap; `known` are at or below it;
    `missing` is the gap that stands before the rest, inclusive.
    """

    taken: list[CloudEvent]
    known: list[CloudEvent]
    missing: tuple[int, int] | None


@dataclass(slots=True)
class Held:
    """Events of one lane that wait beyond a gap, by sequence."""

    events: dict[int, CloudEvent] = field(default_factory=dict)

    def sort(self, last: int, arrivals: Iterable[CloudEvent]) -> Sorted:
        """Put arrivals in order after `last`, with what was held before.

        Two different events at one place end it: what comes behind them is of
        a journal that was rolled back.
        """
        start = last
        taken: list[CloudEvent] = []
        known: list[CloudEvent] = []
        held = self.events
        while (follower := held.pop(last + 1, None)) is not None:
            taken.append(follower)
            last += 1
        for event in arrivals:
            sequence = event.place.sequence
            if sequence <= last:
                known.append(event)
                if sequence > start and not is_same(taken[sequence - start - 1], event):
                    break
                continue
            if sequence > last + 1:
                held[sequence] = event
                continue
            taken.append(event)
            last = sequence
            while held and (follower := held.pop(last + 1, None)) is not None:
                taken.append(follower)
                last += 1
        for sequence in [number for number in held if number <= last]:
            known.append(held.pop(sequence))
        if len(held) > MAX_HELD:
            for sequence in sorted(held)[MAX_HELD:]:
                del held[sequence]
        missing = (last + 1, min(held) - 1) if held else None
        return Sorted(taken=taken, known=known, missing=missing)


def is_same(one: CloudEvent, other: CloudEvent) -> bool:
    """Whether two events of one place are the same event."""
    if (one.source, one.id) != (other.source, other.id):
        return False
    return has_identity(one) or digest(one) == digest(other)


def has_identity(event: CloudEvent) -> bool:
    """Whether the event is known by an identity of its own, not by its place."""
    return event.id != event_id(event.place)


def digest(event: CloudEvent) -> str:
    """What tells two events of one id apart: the content, not the way it took."""
    content = sorted(event.data.items())
    if has_identity(event):
        content = [item for item in content if item[0] not in _IDENTITY_EXTRAS]
        text = f"{event.type} {content}"
    else:
        text = f"{event.type} {event.time.isoformat()} {content}"
    return blake2b(text.encode(errors="backslashreplace"), digest_size=16).hexdigest()
