"""Events from the bus into the store, and what nodes are asked and told of it."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from bridge.mqtt.arrivals import Arrival, Arrivals, Item, Turn
from bridge.mqtt.envelopes import NoEnvelopeError
from bridge.service.hall import Hall
from bridge.service.intake import Intake, LaneKey, Outcome
from bridge.service.work import Work
from bridge.store.errors import StoreError
from bridge.store.tables import position
from bus.backoff import Backoff
from devices.commands import Ack, Reply, ReplyStatus
from devices.events import CloudEvent, Lane

log = logging.getLogger(__name__)

ASK_TIMEOUT_S: Final = 3.0
UNREADABLE_AFTER: Final = 6
"""Replays in which a node says it has an event that still does not come."""
REOPEN_TRIES: Final = 3
STANDSTILL_S: Final = 1.0
"""A lane with a gap that does not move for this long is asked for again."""


class Nodes(Protocol):
    """The way to the nodes."""

    def acknowledge(self, node: str, lane: str, ack: Ack) -> None:
        """Publish an ack, retained."""

    async def ask_node(
        self, node: str, name: str, args: Mapping[str, Any], timeout_s: float
    ) -> Reply:
        """Send a node a request and wait for its reply."""

    def pause_reading(self) -> None:
        """Leave messages with the broker."""

    def resume_reading(self) -> None:
        """Take messages again."""


@dataclass(slots=True)
class _Taken:
    """What a transaction holds."""

    outcomes: dict[LaneKey, Outcome] = field(default_factory=dict)
    failed: dict[LaneKey, str] = field(default_factory=dict)
    """Lanes that cannot be taken, and why."""
    unreadable: int = 0
    devices: set[str] = field(default_factory=set)
    reached: dict[Arrival, int] = field(default_factory=dict)
    """How many events of each message are in it, with those before."""


class Inbox:
    """One queue a lane; presses go first. `run` until cancelled."""

    def __init__(self, hall: Hall, nodes: Nodes) -> None:
        self._hall = hall
        self._nodes = nodes
        self._intake = Intake()
        self._arrivals = Arrivals(nodes.pause_reading, nodes.resume_reading)
        self._arrived = asyncio.Event()
        self._gaps: dict[LaneKey, tuple[int, int]] = {}
        self._chasing: set[LaneKey] = set()
        self._reopening: set[LaneKey] = set()
        self._current: dict[tuple[str, str], LaneKey] = {}
        self._last: dict[LaneKey, int] = {}
        self._frozen: dict[LaneKey, int] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._complained: set[str] = set()

    def put(self, lane: Lane, arrival: Arrival) -> None:
        """Queue a message; called by the bus, never waits."""
        self._arrivals.put(lane, arrival)
        self._arrived.set()

    async def load(self) -> None:
        """Read where every lane stands."""
        rows = await self._hall.read(
            lambda db: db.execute(
                select(position).order_by(position.c.moved, position.c.id)
            ).all()
        )
        for row in rows:
            key = LaneKey(row.node, row.epoch, row.lane)
            self._last[key] = row.last
            self._current[key.node, key.lane] = key
            if row.rolled_back_from is not None:
                self._frozen[key] = row.rolled_back_from

    def acknowledge_all(self, node: str | None = None) -> None:
        """Publish what is committed of every lane, or of one node's."""
        for key in self._current.values():
            if node in {None, key.node}:
                self._acknowledge(key)

    def ask_again(self) -> None:
        """Ask every known node for what follows: it may have come to nobody."""
        for key in self._current.values():
            self._chase(key)

    def connection_lost(self) -> None:
        """A new connection reads from the start."""
        self._arrivals.reading_anew()

    async def run(self) -> None:
        """Take what comes, until cancelled; after `load`."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            for key, start in self._frozen.items():
                if self._current[key.node, key.lane] == key:
                    self._start_reopening(key, start)
            while True:
                await self._arrived.wait()
                self._arrived.clear()
                while turn := self._arrivals.next():
                    await self._take(turn)

    async def _take(self, turn: Turn) -> None:
        backoff = Backoff(random.random, first_s=0.2, cap_s=5.0)
        while True:
            try:
                taken = await self._hall.transact(lambda work: self._store(work, turn))
            except StoreError:
                # The writer says why; the events are kept until the store works.
                self._intake.forget(list(self._intake.held))
                await asyncio.sleep(backoff.next_s())
                continue
            self._arrivals.settle(turn, taken.reached)
            self._settle(taken)
            return

    def _store(self, work: Work, turn: Turn) -> _Taken:
        """On the writer's thread: read, put in order, store."""
        taken = _Taken()
        for items in turn.slices(work.now):
            self._store_slice(work, items, taken)
            if not turn.presses and (self._arrivals.has_presses or work.others_wait):
                break  # the rest of a log comes next time
        return taken

    def _store_slice(self, work: Work, items: Iterable[Item], taken: _Taken) -> None:
        lanes: dict[LaneKey, list[CloudEvent]] = {}
        for arrival, number, event in items:
            taken.reached[arrival] = number
            taken.devices.add(arrival.device)
            if isinstance(event, NoEnvelopeError):
                taken.unreadable += 1
                self._complain(arrival.device, str(event))
                continue
            place = event.place
            key = LaneKey(place.node, place.epoch, place.lane.value)
            lanes.setdefault(key, []).append(event)
        for key, events in lanes.items():
            if key not in taken.failed:  # what failed comes again from its start
                self._store_lane(work, key, events, taken)

    def _store_lane(
        self, work: Work, key: LaneKey, events: Sequence[CloudEvent], taken: _Taken
    ) -> None:
        try:
            with work.unit.attempt():
                outcome = self._intake.take(work, key, events)
        except OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 - one lane must not stop others
            self._intake.forget([key])
            taken.failed[key] = f"cannot be taken: {error!r}"
            self._complain(str(key), taken.failed[key], trace=True)
            return
        before = taken.outcomes.get(key)
        taken.outcomes[key] = outcome if before is None else outcome.after(before)

    def _complain(self, subject: str, what: str, *, trace: bool = False) -> None:
        if subject not in self._complained:
            self._complained.add(subject)
            log.error("events of %s: %s", subject, what, exc_info=trace)

    def _settle(self, taken: _Taken) -> None:
        """After the commit: acks, and what is missing."""
        counts = self._hall.counts
        now = self._hall.now()
        for device in taken.devices:
            self._hall.directory.saw(device, now)
        _add(counts, "halld_events_unreadable_total", taken.unreadable)
        _add(counts, "halld_lanes_failed_total", len(taken.failed))
        for outcome in taken.outcomes.values():
            self._hall.faults.pop(f"lane {outcome.key}", None)
            self._follow(outcome)
        for key, why in taken.failed.items():
            self._hall.faults[f"lane {key}"] = f"events of {key}: {why}"

    def _follow(self, outcome: Outcome) -> None:
        counts, key = self._hall.counts, outcome.key
        _add(counts, "halld_events_taken_total", outcome.taken)
        _add(counts, "halld_events_duplicate_total", outcome.duplicates)
        _add(counts, "halld_events_quarantined_total", outcome.quarantined)
        self._last[key] = outcome.last
        current = self._current.get((key.node, key.lane))
        if outcome.taken or current is None:
            self._current[key.node, key.lane] = current = key
        self._acknowledge(key)
        if current != key:
            self._acknowledge(current)  # what is retained is the present epoch's
        if outcome.missing is None:
            self._gaps.pop(key, None)
        else:
            self._gaps[key] = outcome.missing
            self._chase(key)
        if outcome.conflict_from is not None:
            self._start_reopening(key, outcome.conflict_from)

    def _acknowledge(self, key: LaneKey) -> None:
        ack = Ack(store=self._hall.store_id, epoch=key.epoch, sequence=self._last[key])
        self._nodes.acknowledge(key.node, key.lane, ack)

    # -- gaps ------------------------------------------------------------------

    def _chase(self, key: LaneKey) -> None:
        if key not in self._chasing and self._tasks is not None:
            self._chasing.add(key)
            self._tasks.create_task(self._close_gap(key))

    async def _close_gap(self, key: LaneKey) -> None:
        """Ask the node for what follows until no gap is left.

        It is asked again only when nothing moves: a long replay takes its time.
        """
        backoff = Backoff(random.random, first_s=STANDSTILL_S, cap_s=30.0)
        promised, start = 0, 0
        try:
            while True:
                if start != self._last[key] + 1:
                    promised, start = 0, self._last[key] + 1
                args = {"epoch": key.epoch, "lane": key.lane, "from": start}
                reply = await self._nodes.ask_node(
                    key.node, "replay", args, ASK_TIMEOUT_S
                )
                if reply.status is ReplyStatus.OK:
                    promised += 1
                    await self._give_up(key, start, reply.data, promised)
                if await self._is_closed(key, backoff):
                    return
        finally:
            self._chasing.discard(key)

    async def _is_closed(self, key: LaneKey, backoff: Backoff) -> bool:
        """Whether a gap closes before its lane stands still."""
        while key in self._gaps:
            before = self._last[key]
            await asyncio.sleep(backoff.next_s())
            if self._last[key] == before:
                return key not in self._gaps
            backoff.reset()
        return True

    async def _give_up(
        self, key: LaneKey, start: int, has: Mapping[str, Any], promised: int
    ) -> None:
        """Write a range off that the node no longer has, or cannot deliver."""
        gap = self._gaps.get(key)
        first = has.get("first")
        first = first if isinstance(first, int) else None
        if has.get("epoch", key.epoch) != key.epoch:
            return
        if first is not None and first <= start:
            if gap is None or promised < UNREADABLE_AFTER:
                return
            last, reason = gap[1], "the node has them, but they never arrive readable"
        else:
            ends = [end for end in (first and first - 1, gap and gap[1]) if end]
            if not ends:
                return
            last, reason = min(ends), "the node no longer has them"
        outcome = await self._repeat(
            lambda work: self._intake.lose(work, key, start, last, reason)
        )
        if outcome is not None:
            self._follow(outcome)

    # -- rolled back journals --------------------------------------------------

    def _start_reopening(self, key: LaneKey, start: int) -> None:
        self._gaps.pop(key, None)
        if key not in self._reopening and self._tasks is not None:
            self._reopening.add(key)
            self._tasks.create_task(self._reopen(key, start))

    async def _reopen(self, key: LaneKey, start: int) -> None:
        """Have the node open a new epoch.

        A node that knows no such request goes on with the old one.
        """
        args = {"epoch": key.epoch, "lane": key.lane, "from": start}
        backoff = Backoff(random.random, first_s=0.5, cap_s=5.0)
        tries = 0
        try:
            while tries < REOPEN_TRIES:
                if not self._hall.directory.is_lost(key.node):
                    tries += 1
                    reply = await self._nodes.ask_node(
                        key.node, "new-epoch", args, ASK_TIMEOUT_S
                    )
                    if reply.status is ReplyStatus.OK:
                        return
                await asyncio.sleep(backoff.next_s())
            await self._repeat(lambda work: self._intake.thaw(work, key))
            self._chase(key)
        finally:
            self._reopening.discard(key)

    async def _repeat(self, job: Callable[[Work], Any]) -> Any:
        """Run a job until the store takes it."""
        backoff = Backoff(random.random, first_s=0.2, cap_s=5.0)
        while True:
            try:
                return await self._hall.transact(job)
            except StoreError:
                # The writer says why; this is worth as many tries as it takes.
                await asyncio.sleep(backoff.next_s())


def _add(counts: dict[str, float], name: str, amount: float) -> None:
    counts[name] = counts.get(name, 0.0) + amount
