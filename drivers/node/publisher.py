"""From the journal to the bus: both lanes, the acks, the binding to one bridge."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Self

from bus.client import BusClient, Message
from devices.commands import Ack
from devices.errors import CommandRejectedError, ProtocolError
from devices.events import Lane
from devices.topics import Topics
from drivers.node.alarms import AlarmKind, Alarms
from drivers.node.journal import Journal
from drivers.node.journal_rows import JournalError, Row, Track
from drivers.node.journal_store import JournalStore
from drivers.node.lane_publisher import STAND_STILL_S, LanePublisher

log = logging.getLogger(__name__)

ACK_GRACE_S: Final = 1.0
"""How long a retained ack may take after SUBACK before there is none."""
KEEP: Final = timedelta(days=7)
TRIM_EVERY_S: Final = 600.0
TRIM_CHUNK: Final = 2000
SAVE_EVERY_S: Final = 2.0

BOUND_STORE: Final = "store"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How patient a publisher is, in seconds."""

    ack_grace_s: float = ACK_GRACE_S
    stand_still_s: float = STAND_STILL_S
    save_every_s: float = SAVE_EVERY_S


@dataclass(slots=True, kw_only=True)
class Publisher:
    """Both lanes of a node. `run` sends until cancelled."""

    journal: Journal
    bus: BusClient
    topics: Topics
    node: str
    alarms: Alarms
    store: str | None
    """The bridge's store that this journal is bound to."""
    lanes: Mapping[Lane, LanePublisher]
    timing: Timing
    _subscribed: asyncio.Event = field(default_factory=asyncio.Event)
    _foreign: dict[Lane, Ack] = field(default_factory=dict)
    _work: asyncio.Queue[tuple[Lane, Ack, bool] | None] = field(
        default_factory=asyncio.Queue
    )
    _unsaved: bool = False

    @classmethod
    async def make(
        cls,
        *,
        journal: Journal,
        bus: BusClient,
        topics: Topics,
        node: str,
        alarms: Alarms,
        timing: Timing | None = None,
    ) -> Self:
        """Read where both lanes stand and hear the journal from now on."""
        timing = timing or Timing()

        def read(store: JournalStore) -> tuple[str | None, dict[Lane, list[Track]]]:
            tracks = {lane: store.tracks(lane) for lane in Lane}
            return store.meta(BOUND_STORE), tracks

        bound, tracks = await journal.call(read)
        lanes = {
            lane: LanePublisher(
                lane,
                tracks[lane],
                topics=topics,
                bus=bus,
                read=journal.rows,
                stand_still_s=timing.stand_still_s,
            )
            for lane in Lane
        }
        publisher = cls(
            journal=journal,
            bus=bus,
            topics=topics,
            node=node,
            alarms=alarms,
            store=bound or None,
            lanes=lanes,
            timing=timing,
        )
        journal.committed = publisher.take_rows
        bus.subscribe(topics.ack(node, "+"), publisher.take_ack)
        return publisher

    # What happens on the bus and in the journal (never waits)

    def take_rows(self, rows: Sequence[Row]) -> None:
        """Send rows that were just committed, without reading them again."""
        for lane, publisher in self.lanes.items():
            mine = [row for row in rows if row.lane is lane]
            if mine:
                publisher.committed(mine)

    async def room(self, lane: Lane) -> None:
        """Wait before more of a log is journalled, while the bridge takes it."""
        await self.lanes[lane].room()

    def connected(self) -> None:
        """Send again from the acks on: the connection is a new one."""
        self._subscribed.clear()
        self.restart()

    def subscribed(self) -> None:
        """Note that a retained ack would come now."""
        self._subscribed.set()

    def restart(self) -> None:
        """Send again from the acks on: the bridge may have lost what was sent."""
        for lane in self.lanes.values():
            if lane.is_open:
                lane.restart()

    def take_ack(self, message: Message) -> None:
        """Note what the bridge has of a lane."""
        if not message.payload:
            return
        parsed = self.topics.parse_ack(message.topic)
        try:
            ack = Ack.decode(message.payload)
            lane = Lane(parsed[1] if parsed else "")
        except (ProtocolError, ValueError) as error:
            log.warning("%s: %s", message.topic, error)
            return
        self._judge(lane, ack, is_live=not message.retain)

    def _judge(self, lane: Lane, ack: Ack, *, is_live: bool) -> None:
        publisher = self.lanes[lane]
        if self.store is None:
            if not publisher.knows(ack.epoch):
                publisher.open()
                return  # left on the broker by a bridge that knew another journal
            self._bind(ack.store)
        if ack.store != self.store:
            self._foreign[lane] = ack
            self.alarms.raise_alarm(
                AlarmKind.TWO_BRIDGES,
                f"store {ack.store} acks too, but this journal is bound to store "
                f"{self.store}: end the other bridge, or run `halld node rebind`",
            )
        elif publisher.claims_more(ack.epoch, ack.sequence):
            self._work.put_nowait((lane, ack, is_live))
            return  # it opens when its events have a new epoch
        else:
            publisher.acked(ack.epoch, ack.sequence, is_live=is_live)
            self._unsaved = True
        publisher.open()

    def _bind(self, store: str) -> None:
        self.store = store
        self._work.put_nowait(None)

    # What the bridge asks

    async def replay(self, args: Mapping[str, Any]) -> Mapping[str, Any]:
        """Send a lane again; tells what is still there of it."""
        epoch, lane, first = _asked(args)
        span = await self.journal.call(lambda store: store.span(epoch, lane))
        if span is not None and first <= span[1]:
            self.lanes[lane].open()
            self.lanes[lane].replay(epoch, max(first, span[0]))
        low, high = span or (None, None)
        return {"epoch": epoch, "lane": lane.value, "first": low, "last": high}

    async def new_epoch(self, args: Mapping[str, Any]) -> Mapping[str, Any]:
        """Leave an epoch that was rolled back; its events get new places."""
        epoch, lane, first = _asked(args)
        moved = await self._leave(epoch, lane, first)
        return {"epoch": await self.journal.call(_epoch), "moved": moved}

    async def rebind(self, args: Mapping[str, Any]) -> Mapping[str, Any]:
        """Bind to another store, or to the next that acks when none is named."""
        store = args.get("store")
        if store is not None and not isinstance(store, str):
            raise CommandRejectedError("bad_request", "`store` must be a text")
        self.store = store or None
        await self._keep_binding()
        self.alarms.clear(AlarmKind.TWO_BRIDGES)
        foreign, self._foreign = self._foreign, {}
        for lane, ack in foreign.items():
            if ack.store == self.store:
                self._judge(lane, ack, is_live=False)
        self.restart()
        return {"store": self.store}

    # The work

    async def run(self) -> None:
        """Send both lanes, keep the acks, trim the journal."""
        async with asyncio.TaskGroup() as group:
            for lane in self.lanes.values():
                group.create_task(lane.run())
            group.create_task(self._open_without_ack())
            group.create_task(self._do_work())
            group.create_task(self._save_every())
            group.create_task(self._trim_every())

    async def save(self) -> None:
        """Keep the acks; losing them only sends events twice."""
        if not self._unsaved:
            return
        self._unsaved = False
        acks = [
            (epoch, lane, sequence, is_sure)
            for lane, publisher in self.lanes.items()
            for epoch, sequence, is_sure in publisher.acks()
        ]

        def keep(store: JournalStore) -> None:
            known = {(record.epoch, record.lane) for record in store.lanes()}
            for epoch, lane, sequence, is_sure in acks:
                if (epoch, lane) in known:
                    store.set_acked(epoch, lane, sequence)
                    if is_sure:
                        store.trust(epoch, lane)

        await self.journal.call(keep)

    async def _open_without_ack(self) -> None:
        """A hall whose bridge never acked has no retained ack to wait for."""
        while not all(lane.is_open for lane in self.lanes.values()):
            await self._subscribed.wait()
            await asyncio.sleep(self.timing.ack_grace_s)
            if self._subscribed.is_set() and self._work.empty():
                for lane in self.lanes.values():
                    lane.open()

    async def _do_work(self) -> None:
        """What the acks ask of the journal, in their order."""
        while True:
            work = await self._work.get()
            try:
                if work is None:
                    await self._keep_binding()
                else:
                    await self._roll_back(*work)
            except JournalError as error:
                log.error("cannot note what the bridge says: %s", error)  # noqa: TRY400

    async def _keep_binding(self) -> None:
        bound = self.store or ""
        await self.journal.call(lambda store: store.set_meta(BOUND_STORE, bound))

    async def _roll_back(self, lane: Lane, ack: Ack, is_live: bool) -> None:  # noqa: FBT001 - as queued
        """The journal is older than what the bridge has: begin a new epoch.

        What came since it was opened is new, whatever the bridge has under these
        numbers. What is in doubt of before is left for the bridge to compare.
        """
        publisher = self.lanes[lane]
        await self._leave(ack.epoch, lane, publisher.first_of_this_run(ack.epoch))
        publisher.acked(ack.epoch, ack.sequence, is_live=is_live)
        self._unsaved = True
        publisher.open()

    async def _leave(self, epoch: str, lane: Lane, first: int) -> int:
        at = self.journal.clock().timestamp()

        def leave(store: JournalStore) -> tuple[int, dict[Lane, list[Track]], bool]:
            is_left = epoch != store.epoch
            if not is_left:
                store.open_epoch()
            moved = store.move(epoch, lane, first, at)
            return len(moved), {name: store.tracks(name) for name in Lane}, is_left

        moved, tracks, was_left = await self.journal.call(leave)
        for name, publisher in self.lanes.items():
            publisher.retrack(tracks[name])
        if not was_left or moved:
            await self._tell_rolled_back(epoch, lane, moved)
        return moved

    async def _tell_rolled_back(self, epoch: str, lane: Lane, moved: int) -> None:
        message = (
            f"the journal is older than what the bridge has of it (restored from a "
            f"backup?): epoch {epoch} was left, {moved} events of lane {lane} got "
            "new places"
        )
        log.error("%s", message)
        self.alarms.raise_alarm(AlarmKind.JOURNAL_ROLLED_BACK, message)
        since = self.journal.clock().isoformat()
        await self.journal.call(
            lambda s: s.set_alarm(AlarmKind.JOURNAL_ROLLED_BACK, since, message)
        )

    async def _save_every(self) -> None:
        while True:
            await asyncio.sleep(self.timing.save_every_s)
            try:
                await self.save()
            except JournalError as error:
                log.warning("cannot keep the acks yet: %s", error)
                self._unsaved = True

    async def _trim_every(self) -> None:
        while True:
            await asyncio.sleep(TRIM_EVERY_S)
            await self.trim()

    async def trim(self) -> int:
        """Remove what the bridge has and is older than seven days; how much."""
        older_than = (self.journal.clock() - KEEP).timestamp()
        removed = 0
        try:
            await self.save()
            while True:
                part = await self.journal.call(
                    lambda store: store.trim(older_than, TRIM_CHUNK)
                )
                removed += part
                if not part:
                    return removed
        except JournalError as error:
            log.warning("cannot trim the journal: %s", error)
            return removed


def _epoch(store: JournalStore) -> str:
    return store.epoch


def _asked(args: Mapping[str, Any]) -> tuple[str, Lane, int]:
    epoch, first = args.get("epoch"), args.get("from", 1)
    try:
        lane = Lane(args.get("lane", ""))
    except ValueError as error:
        raise CommandRejectedError(
            "bad_request", "`lane` must be desk or clock"
        ) from error
    if not isinstance(epoch, str) or isinstance(first, bool):
        raise CommandRejectedError("bad_request", "want {epoch, lane, from}")
    if not isinstance(first, int) or first < 1:
        raise CommandRejectedError("bad_request", "`from` must be a number from 1")
    return epoch, lane, first
