"""Those who wait, in the store: who is next, who stands ahead, how long it takes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, or_, select, true

from bridge.domain.queue import AT_WINDOW
from bridge.domain.roster import services_on
from bridge.domain.turns import Queued, next_ticket
from bridge.domain.waiting import Desk, Line, Rate, estimated_wait_s
from bridge.store import tables
from devices.site import Counter, Site

_T, _C, _R = tables.ticket, tables.counter, tables.service_rate


def _line(condition: Any) -> Select[Any]:
    return (
        select(_T.c.id, _T.c.service, _T.c.turn, _T.c.only_counter)
        .where(tables.IS_QUEUED, condition)
        .order_by(_T.c.turn, _T.c.id)
    )


# Built once: building a statement costs more than SQLite takes to run it.
_OF_SERVICE = _line(
    (_T.c.service == bindparam("b_service")) & _T.c.only_counter.is_(None)
)
_OF_COUNTER = _line(_T.c.only_counter == bindparam("b_counter"))
_IN_ORDER = _line(true())
_FIRST_OF_SERVICE = _OF_SERVICE.limit(1)
_FIRST_OF_COUNTER = _OF_COUNTER.limit(1)
_EVERYBODY = (
    select(_T.c.service, _T.c.only_counter, func.count())
    .where(tables.IS_QUEUED)
    .group_by(_T.c.service, _T.c.only_counter)
)
_AHEAD = _EVERYBODY.where(
    or_(
        _T.c.turn < bindparam("b_turn"),
        (_T.c.turn == bindparam("b_turn")) & (_T.c.id < bindparam("b_key")),
    )
)
_DESKS = (
    select(_C.c.id, _C.c.paused, _T.c.state, _T.c.service)
    .join_from(_C, _T, _T.c.id == _C.c.ticket, isouter=True)
    .where(_C.c.paused | _C.c.ticket.is_not(None))
)
_RATES = select(_R.c.service, _R.c.mean_ms, _R.c.samples)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a wait depends on besides the people: open windows and service times."""

    desks: Sequence[Desk]
    rates: Mapping[str, Rate]

    def wait_s(self, line: Line, ahead: Mapping[Line, int]) -> int | None:
        """Seconds that somebody will wait in a line; None when unknown."""
        return estimated_wait_s(line, ahead, self.desks, self.rates)


def outlook(db: Connection, site: Site, day: date) -> Outlook:
    """The windows that are open and the service times known now."""
    closed: set[str] = set()
    serving: dict[str, str] = {}
    for name, paused, state, service in db.execute(_DESKS).all():
        if paused:
            closed.add(name)
        if state in AT_WINDOW:
            serving[name] = service
    desks = [
        Desk(
            id=counter.id,
            services=frozenset(services_on(counter, day)),
            serving=serving.get(counter.id),
        )
        for counter in site.counters
        if counter.id not in closed
    ]
    rates = {
        service: Rate(mean_s=mean_ms / 1000, samples=samples)
        for service, mean_ms, samples in db.execute(_RATES).all()
    }
    return Outlook(desks=desks, rates=rates)


def next_key(
    db: Connection, counter: Counter, weights: Mapping[str, float], now: datetime
) -> int | None:
    """The key of the ticket whose turn it is at a window; None: nobody waits."""
    firsts = [
        row
        for service in weights
        for row in db.execute(_FIRST_OF_SERVICE, {"b_service": service})
    ]
    firsts += db.execute(_FIRST_OF_COUNTER, {"b_counter": counter.id})
    chosen = next_ticket(
        [_queued(row) for row in firsts], counter=counter.id, weights=weights, now=now
    )
    return None if chosen is None else chosen.key


def turns_of_service(db: Connection, service: str) -> list[datetime]:
    """Turns of those who wait for a service at any window, in order."""
    rows = db.execute(_OF_SERVICE, {"b_service": service})
    return [row.turn for row in rows]


def turns_of_counter(
    db: Connection, counter: Counter, weights: Mapping[str, float]
) -> list[datetime]:
    """Turns of all that a window may call, in order."""
    own = db.execute(_OF_COUNTER, {"b_counter": counter.id})
    turns = [row.turn for row in own]
    for service in weights:
        turns += turns_of_service(db, service)
    return sorted(turns)


def everybody(db: Connection) -> dict[Line, int]:
    """How many wait, by line."""
    return {(row[0], row[1]): row[2] for row in db.execute(_EVERYBODY)}


def ahead_of(db: Connection, turn: datetime, key: int) -> dict[Line, int]:
    """How many stand before a turn, by line; `key` decides between equal turns."""
    rows = db.execute(_AHEAD, {"b_turn": turn, "b_key": key})
    return {(row[0], row[1]): row[2] for row in rows}


def places(db: Connection, keys: Collection[int]) -> dict[int, dict[Line, int]]:
    """For each of these tickets how many stand before it, by line."""
    if not keys:
        return {}
    found: dict[int, dict[Line, int]] = {}
    before: dict[Line, int] = {}
    for row in db.execute(_IN_ORDER):
        if row.id in keys:
            found[row.id] = dict(before)
        line = (row.service, row.only_counter)
        before[line] = before.get(line, 0) + 1
    return found


def waiting(db: Connection) -> dict[str, int]:
    """How many wait for each service; one that nobody waits for is missing."""
    counts: dict[str, int] = {}
    for (service, _), people in everybody(db).items():
        counts[service] = counts.get(service, 0) + people
    return counts


def _queued(row: Row[Any]) -> Queued:
    return Queued(
        key=row.id, service=row.service, turn=row.turn, only_counter=row.only_counter
    )
