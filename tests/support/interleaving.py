"""What people do at three windows and a kiosk, by chance, and what must hold then."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, select, text
from support.bridges import Clock

from bridge.domain.errors import RuleError
from bridge.domain.queue import OPEN
from bridge.domain.views import Channel, CounterAction
from bridge.service import asking, days, desk, passing
from bridge.service.caller import caller_keys
from bridge.service.ports import Errand
from bridge.service.tickets import window
from bridge.service.work import Work
from bridge.store.tables import IS_QUEUED, call, counter, ticket, ticket_interval
from devices.events import CloudEvent, EventType, Lane, Place
from devices.site import Site

WINDOWS: Final = ("w1", "w2", "w3")
KEYS: Final = (
    *("call", "call", "call", "call", "finish", "rate", "no_show", "hold", "callback"),
    *("recall", "finish_or_no_show", "transfer"),
)
ACTIONS: Final = (
    *(CounterAction.CALL, CounterAction.CALL, CounterAction.CALL),
    *(a for a in CounterAction if a not in {"pause", "sign-in", "sign-out"}),
)
PASSES_S: Final = (1, 5, 40, 100)

_ASTRAY = (
    select(ticket.c.id)
    .join_from(
        ticket,
        counter,
        (counter.c.ticket == ticket.c.id) & (counter.c.id == ticket.c.counter),
        isouter=True,
    )
    .where(text("ticket.state IN ('called', 'serving')"), counter.c.id.is_(None))
)
_WAITING = select(ticket).where(IS_QUEUED).order_by(ticket.c.turn, ticket.c.id)
_LAST = select(func.max(ticket.c.id))
_NEW = select(ticket).where(ticket.c.id > bindparam("since")).order_by(ticket.c.id)
_STATES = (
    select(ticket_interval)
    .where(ticket_interval.c.ticket > bindparam("since"))
    .order_by(ticket_interval.c.id)
)
_CALLED = select(call.c.ticket).where(call.c.ticket > bindparam("since"))


@dataclass(slots=True, kw_only=True)
class Interleaving:
    """One day of it. Each `step` is a transaction of its own."""

    chance: random.Random
    clock: Clock
    drawn: list[str] = field(default_factory=list)
    since: int = 0
    """The last ticket before."""

    def begin(self, work: Work) -> None:
        """Note what was there before."""
        days.roll_day(work)
        self.since = work.db.execute(_LAST).scalar() or 0
        assert work.db.execute(_WAITING).first() is None

    def step(self, work: Work) -> None:
        """One thing that somebody does, or midnight; raises `RuleError`."""
        try:
            self._do(work)
            check_windows(work.db)
        finally:
            self.clock.pass_s(self.chance.choice(PASSES_S))

    def _do(self, work: Work) -> None:
        what, name = self.chance.random(), self.chance.choice(WINDOWS)
        if what < 0.3 or not self.drawn:
            self._draw(work)
        elif what < 0.6:
            self._press(work, name)
        elif what < 0.9:
            self._ask(work, name)
        elif what < 0.95:
            passing.rejoin(work, self.chance.choice(self.drawn))
        elif what < 0.985:
            days.keep_time(work)
        else:
            midnight = self.clock.time.replace(hour=16, minute=0, second=1)
            self.clock.time = max(midnight, self.clock.time)

    def _draw(self, work: Work) -> None:
        wanted = self.chance.sample(["reg", "idcard"], 2)
        more = self.chance.random() < 0.25
        errand = Errand(
            priority=self.chance.choice([None, None, "green"]),
            next_services=wanted[1:] if more else [],
        )
        view = desk.issue(work, wanted[0], Channel.KIOSK, None, errand=errand)
        self.drawn.append(view.id)

    def _press(self, work: Work, name: str) -> None:
        key, digits = self.chance.choice(KEYS), self.chance.choice(["", "", "", "1"])
        is_free = window(work.db, name).occupying is None
        line = waiting_for(work, name) if key == "call" and not digits else None
        press(work, name, key, digits)
        if line is not None and is_free:
            present = window(work.db, name).occupying
            assert (present.ref if present else None) == (line[0] if line else None)

    def _ask(self, work: Work, name: str) -> None:
        action = self.chance.choice(ACTIONS)
        arguments: dict[str, Any] = {}
        if action is CounterAction.TRANSFER:
            target = self.chance.choice(["reg", "idcard", *WINDOWS])
            kind = "counter" if target in WINDOWS else "service"
            position = self.chance.choice(["front", "end", "age"])
            arguments = {kind: target, "position": position}
        line = waiting_for(work, name) if action is CounterAction.CALL else []
        answer = asking.act(work, name, action, arguments)
        if action is CounterAction.CALL:
            assert answer.id == line[0]

    def check(self, work: Work) -> None:
        """Numbers without gaps, every state an interval, calls of who was served."""
        rows = work.db.execute(_NEW, {"since": self.since}).all()
        assert [row.ref for row in rows] == self.drawn
        check_numbers(work.site, rows)
        check_states(work.db, rows, self.since)
        called = {row.ticket for row in work.db.execute(_CALLED, {"since": self.since})}
        assert called == {row.id for row in rows if row.calls}
        assert called >= {row.id for row in rows if row.state == "finished"}


def press(work: Work, name: str, key: str, digits: str) -> None:
    """A key of a window's caller."""
    event = CloudEvent(
        id="1",
        source="s",
        type=EventType.CALLER_KEY,
        subject="bus-1",
        time=work.now,
        received=work.now,
        place=Place(node="main", epoch="e", lane=Lane.DESK, sequence=1),
        data={"counter": name, "key": key, "digits": digits},
    )
    caller_keys(work, [event])


def waiting_for(work: Work, name: str) -> list[str]:
    """Whom a window may call, in the order in which it must."""
    served = desk.find_counter(work, name).service_ids
    return [
        row.ref
        for row in work.db.execute(_WAITING)
        if row.only_counter == name
        or (row.only_counter is None and row.service in served)
    ]


def serve_all(work: Work) -> None:
    """Everybody who waits is called, each by the smallest turn."""
    for name in [*WINDOWS, *WINDOWS, *WINDOWS]:  # visits and transfers go on
        desk.close_rating(work, desk.find_counter(work, name))
        while True:
            if window(work.db, name).occupying is not None:
                asking.act(work, name, CounterAction.FINISH, {})
            line = waiting_for(work, name)
            try:
                called = asking.act(work, name, CounterAction.CALL, {})
            except RuleError:
                assert line == []
                break
            assert called.id == line[0]
    assert work.db.execute(_WAITING).first() is None


def check_windows(db: Connection) -> None:
    """Whoever is called or served is at one window, and alone there."""
    assert db.execute(_ASTRAY).first() is None


def check_numbers(site: Site, rows: Sequence[Any]) -> None:
    """Each service counts its tickets of a day from 1."""
    numbers: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        numbers[row.day, row.origin_service].append(row.number)
    for (_, name), found in numbers.items():
        service = site.service(name)
        assert service is not None
        assert found == [f"{service.prefix}{n + 1:03d}" for n in range(len(found))]


def check_states(db: Connection, rows: Sequence[Any], since: int) -> None:
    """The intervals of a ticket follow one another without a gap."""
    chains: dict[int, list[Any]] = defaultdict(list)
    for interval in db.execute(_STATES, {"since": since}):
        chains[interval.ticket].append(interval)
    assert len(chains) == len(rows)
    for row in rows:
        chain = chains[row.id]
        assert chain[0].start == row.issued
        assert all(a.finish == b.start for a, b in pairwise(chain))
        assert (chain[-1].finish, chain[-1].state) == (None, row.state)


def open_left(db: Connection) -> list[Any]:
    """Tickets that nothing has ended."""
    return list(
        db.execute(select(ticket.c.ref).where(ticket.c.state.in_(sorted(OPEN))))
    )


def next_morning(clock: Clock) -> None:
    """Nine o'clock of a day that nothing happened on, in the hall."""
    tomorrow = clock.time + timedelta(days=2)  # midnight may be over already
    clock.time = tomorrow.replace(hour=1, minute=0, second=0, microsecond=0)
