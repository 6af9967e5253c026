"""Events into the store: each lane in sequence, exactly once (delivery: Bridge)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import Row, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError, OperationalError

from bridge.domain.order import Held, digest, has_identity
from bridge.service.copies import (
    CHUNK,
    DUPLICATE,
    known_copies,
    safe_text,
    split_copies,
)
from bridge.service.handlers import DefectiveEvent, handle
from bridge.service.work import Work
from bridge.store import tables
from bridge.store.bulk import insert_many
from bridge.store.tables.delivery import ending
from devices.events import CloudEvent

DONE: Final = "done"
QUARANTINED: Final = "quarantined"
ROLLED_BACK: Final = "journal-rolled-back"
LOST_RANGE: Final = "lost-range"
OTHER_CONTENT: Final = "other-content"
ASIDE: Final = " (quarantined)"
"""Behind an identity: it is free for a good copy of the event."""

_P = tables.position
_POSITION = select(_P).where(
    _P.c.node == bindparam("b_node"),
    _P.c.epoch == bindparam("b_epoch"),
    _P.c.lane == bindparam("b_lane"),
)
_SET_POSITION = update(_P).where(_P.c.id == bindparam("b_id"))


@dataclass(frozen=True, slots=True)
class LaneKey:
    """One lane of one journal."""

    node: str
    epoch: str
    lane: str

    def __str__(self) -> str:
        """For alarms and logs."""
        return f"{self.node}/{self.lane} (epoch {self.epoch})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a lane's arrivals.

    `last` is committed; `missing` the gap that stands before what is held;
    `conflict_from` where the journal was found rolled back, just now.
    """

    key: LaneKey
    last: int
    taken: int = 0
    duplicates: int = 0
    quarantined: int = 0
    missing: tuple[int, int] | None = None
    conflict_from: int | None = None

    def after(self, before: Outcome) -> Outcome:
        """This and what became of the arrivals before them."""
        return replace(
            self,
            taken=before.taken + self.taken,
            duplicates=before.duplicates + self.duplicates,
            quarantined=before.quarantined + self.quarantined,
            conflict_from=before.conflict_from or self.conflict_from,
        )


@dataclass(slots=True)
class Intake:
    """Takes lanes in sequence. Lives on the writer's thread alone."""

    held: dict[LaneKey, Held] = field(default_factory=dict)

    def take(self, work: Work, key: LaneKey, events: Iterable[CloudEvent]) -> Outcome:
        """Take what is next, drop what is known, keep what lies beyond a gap.

        A lane found rolled back takes nothing new until its node opened another
        epoch or showed that it does not understand (`thaw`).
        """
        row = _position(work, key)
        held = self.held.setdefault(key, Held())
        events = list(events)
        past = [event for event in events if event.place.sequence <= row.last]
        conflict = _compare(work, key, row, past)
        if conflict is not None or row.rolled_back_from is not None:
            held.events.clear()
            return Outcome(
                key=key, last=row.last, duplicates=len(past), conflict_from=conflict
            )
        if past:
            events = [event for event in events if event.place.sequence > row.last]
        arrived = held.sort(row.last, events)
        last = row.last + len(arrived.taken)
        quarantined = 0
        if arrived.taken:
            quarantined = _store(work, row.id, arrived.taken)
            _update_position(work, row.id, last=last, moved=work.now)
        conflict = _compare(work, key, row, arrived.known)
        if conflict is not None:
            held.events.clear()
        return Outcome(
            key=key,
            last=last,
            taken=len(arrived.taken),
            duplicates=len(past) + len(arrived.known),
            quarantined=quarantined,
            missing=None if conflict is not None else arrived.missing,
            conflict_from=conflict,
        )

    def lose(
        self, work: Work, key: LaneKey, first: int, last: int, reason: str
    ) -> Outcome | None:
        """Go on behind a range that will not come; None when it came meanwhile."""
        row = _position(work, key)
        if row.last != first - 1 or last < first:
            return None
        work.db.execute(
            insert(tables.lost_range).values(
                node=key.node,
                epoch=key.epoch,
                lane=key.lane,
                first=first,
                last=last,
                reason=reason,
                at=work.now,
            )
        )
        _update_position(work, row.id, last=last, moved=work.now)
        work.raise_alarm(
            LOST_RANGE,
            str(key),
            f"{key}: events {first} to {last} are lost: {reason}",
        )
        return self.take(work, key, [])

    def thaw(self, work: Work, key: LaneKey) -> None:
        """Take events of a rolled back journal again: its node knows no better."""
        _update_position(work, _position(work, key).id, rolled_back_from=None)

    def forget(self, keys: Iterable[LaneKey]) -> None:
        """Drop what is held; it comes again with the replay."""
        for key in keys:
            self.held.pop(key, None)


def _position(work: Work, key: LaneKey) -> Row[Any]:
    values = {"node": key.node, "epoch": key.epoch, "lane": key.lane}
    place = {f"b_{name}": value for name, value in values.items()}
    row = work.db.execute(_POSITION, place).first()
    if row is None:
        work.db.execute(insert(_P), {**values, "last": 0, "moved": work.now})
        row = work.db.execute(_POSITION, place).one()
    return row


def _update_position(work: Work, key: int, **values: Any) -> None:
    work.db.execute(_SET_POSITION, {"b_id": key, **values})


def _store(work: Work, position: int, events: Sequence[CloudEvent]) -> int:
    """Inbox rows and effects; how many were quarantined.

    All at once. When anything raises, those that came before are sorted out;
    then the rest at once, then one by one, each in its savepoint.
    """
    if _store_together(work, position, events):
        return 0
    taken = known_copies(work, events)
    fresh, again = split_copies(events, taken)
    quarantined = 0
    are_done = bool(again) and _store_together(work, position, fresh)
    for event in fresh:
        if are_done or _store_one(work, position, event):
            taken[event.source, event.id] = digest(event)
        else:
            quarantined += 1
    doubles: list[CloudEvent] = []
    for event in again:
        first = taken.get((event.source, event.id))
        if first is not None:
            doubles.append(event)
            if first != digest(event):
                _set_apart(work, event, OTHER_CONTENT)
        elif _store_one(work, position, event):  # the copy before had no effect
            taken[event.source, event.id] = digest(event)
        else:
            quarantined += 1
    _insert(work, position, doubles, DUPLICATE)
    return quarantined


def _store_together(work: Work, position: int, events: Sequence[CloudEvent]) -> bool:
    try:
        with work.unit.attempt():
            _insert(work, position, events, DONE)
            for event_type, run in groupby(events, attrgetter("type")):
                handle(work, event_type, list(run))
    except OperationalError:
        raise
    except Exception:  # noqa: BLE001 - the culprit is found and named one by one
        return False
    return True


def _store_one(work: Work, position: int, event: CloudEvent) -> bool:
    try:
        with work.unit.attempt():
            _insert(work, position, [event], DONE)
            handle(work, event.type, [event])
    except OperationalError:
        raise
    except Exception as error:  # noqa: BLE001 - a poison event never stops a node
        reason = reason_of(error)
        _quarantine(work, position, event, reason)
        work.raise_alarm(
            "quarantined",
            "inbox",
            f"an event of {event.subject} could not be applied: {reason}; mend the "
            "cause, then run `halld inbox retry`",
        )
        return False
    return True


def _quarantine(work: Work, position: int, event: CloudEvent, reason: str) -> None:
    row = _row(position, event, QUARANTINED)
    row |= {"reason": reason, "envelope": _envelope(event)}
    name = safe_text(event.id) + (ASIDE if has_identity(event) else "")
    row |= {"source": safe_text(event.source), "event": name, "ending": ending(name)}
    try:
        with work.unit.attempt():
            work.db.execute(insert(tables.inbox).values(**row))
    except IntegrityError:  # a copy of it is quarantined: it is a duplicate of that
        row["status"] = DUPLICATE
        work.db.execute(insert(tables.inbox).values(**row))


def _insert(
    work: Work, position: int, events: Sequence[CloudEvent], status: str
) -> None:
    rows = [_row(position, event, status) for event in events]
    insert_many(work.db, tables.inbox, rows)


def _row(position: int, event: CloudEvent, status: str) -> dict[str, Any]:
    return {
        "position": position,
        "sequence": event.place.sequence,
        "source": event.source,
        "event": event.id,
        "ending": ending(event.id),
        "digest": digest(event),
        "received": event.received,
        "status": status,
    }


def _compare(
    work: Work, key: LaneKey, position: Row[Any], known: Sequence[CloudEvent]
) -> int | None:
    """Drop duplicates; set apart what is another event, and say from where on."""
    conflicts: list[int] = []
    late: set[int] = set()
    for start in range(0, len(known), CHUNK):
        part = known[start : start + CHUNK]
        rows = work.db.execute(
            select(tables.inbox)
            .where(tables.inbox.c.position == position.id)
            .where(tables.inbox.c.sequence.in_([e.place.sequence for e in part]))
        )
        stored = {row.sequence: row for row in rows}
        for event in part:
            row = stored.get(event.place.sequence)
            if row is None:  # was given up as lost, and came after all
                if event.place.sequence not in late:
                    _store(work, position.id, [event])
                    late.add(event.place.sequence)
            elif not _same(row, event):
                _set_apart(work, event, ROLLED_BACK)
                conflicts.append(event.place.sequence)
    if not conflicts:
        return None
    first = min(conflicts)
    before = position.rolled_back_from
    if before is None or first < before:
        _update_position(work, position.id, rolled_back_from=first)
    work.raise_alarm(
        ROLLED_BACK,
        str(key),
        f"{key}: the journal was rolled back: event {first} is not the one that was "
        "committed; it is kept apart and the node opens a new epoch",
    )
    return first


def _same(row: Row[Any], event: CloudEvent) -> bool:
    name = row.event
    if row.status in {QUARANTINED, DUPLICATE}:
        name = name.removesuffix(ASIDE)
    if row.source != safe_text(event.source) or name != safe_text(event.id):
        return False
    return has_identity(event) or row.digest == digest(event)


def _set_apart(work: Work, event: CloudEvent, reason: str) -> None:
    place, table = event.place, tables.apart
    row = {
        "node": place.node,
        "epoch": place.epoch,
        "lane": place.lane.value,
        "sequence": place.sequence,
        "digest": digest(event),
        "reason": reason,
    }
    same = [table.c[name] == value for name, value in row.items()]
    found = work.db.execute(
        select(func.count()).select_from(table).where(*same)
    ).scalar_one()
    if not found:
        work.db.execute(
            insert(table).values(
                **row, received=event.received, envelope=_envelope(event)
            )
        )


def _envelope(event: CloudEvent) -> str:
    body = event.data if isinstance(event, DefectiveEvent) else event.as_json()
    return json.dumps(body)  # ASCII: any text can be kept


def reason_of(error: Exception) -> str:
    """Why an event is quarantined, for people."""
    return safe_text(f"{type(error).__name__}: {error}")[:500]
