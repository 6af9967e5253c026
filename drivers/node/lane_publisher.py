"""One lane on its way to the bridge: in order, again until it is acked."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from devices.events import MAX_BATCH, Lane
from devices.topics import Topics
from drivers.node.journal_rows import JournalError, Row, Track
from drivers.node.lane_messages import is_batch, messages_of, payload_of

WINDOW: Final = 5000
"""Most events beyond the ack that were published; the rest waits in the journal."""
BULK_WINDOW: Final = 3 * MAX_BATCH
"""Fewer of a backfill, so that a press never stands behind much of it."""
BULK_BYTES: Final = 512 * 1024
"""Payload without PUBACK beyond which a backfill waits."""
PAGE: Final = 500
LAGGING: Final = 500
"""So many events that wait to be sent travel together, as a backfill does."""
FRESH_LIMIT: Final = 5000
"""Events kept in memory for their first publication."""
STAND_STILL_S: Final = 5.0
STAND_STILL_CAP_S: Final = 20.0
AHEAD: Final = 2000
"""Events of a log that are journalled ahead of the bridge while it takes them."""
TAKES_S: Final = 0.5
"""A bridge that acks nothing for so long is not waited for."""
STUCK: Final = 1000
"""So many messages without PUBACK need no second copy."""
RETRY_S: Final = 1.0


class Outlet(Protocol):
    """What a lane needs of the bus client."""

    @property
    def connected(self) -> bool:
        """Whether publishing works now."""

    @property
    def inflight(self) -> int:
        """Messages without PUBACK."""

    def publish(self, topic: str, payload: bytes) -> bool:
        """Hand a message over; False when there is no connection."""

    async def drained(self, *, size_bytes: int = ...) -> None:
        """Wait for room."""


Reader = Callable[[str, Lane, int, int], Awaitable[list[Row]]]
"""Reads a page of events: epoch, lane, first sequence, how many."""


@dataclass(frozen=True, slots=True)
class Position:
    """The next event to publish."""

    epoch: str
    sequence: int


class LanePublisher:
    """Publishes one lane. Until `open` nothing is sent.

    The next epoch's events are sent only when the bridge has all of the epoch
    before; so an ack in one epoch says that those before are complete.
    """

    def __init__(
        self,
        lane: Lane,
        tracks: Sequence[Track],
        *,
        topics: Topics,
        bus: Outlet,
        read: Reader,
        stand_still_s: float = STAND_STILL_S,
    ) -> None:
        self.lane = lane
        self._topics = topics
        self._bus = bus
        self._read = read
        self._first_still_s = self._still_s = stand_still_s
        self._tracks = list(tracks)
        self._last_at_open = {track.epoch: track.last for track in tracks}
        self._comparing: set[str] = set()
        self._highest: dict[str, int] = {}
        self._fresh: deque[Row] = deque()
        self._is_open = False
        self._wake = asyncio.Event()
        self._taken = asyncio.Event()
        self._is_taken = True
        self._moved_at = 0.0
        self._base = 0
        self._next = self._first_unacked()

    # What happens to it (on the loop, never waits)

    @property
    def is_open(self) -> bool:
        """Whether it may send."""
        return self._is_open

    def open(self) -> None:
        """Begin to send."""
        if not self._is_open:
            self._is_open = True
            self.restart()

    def restart(self) -> None:
        """Send again from the ack on: a new connection, or a new bridge."""
        self._still_s = self._first_still_s
        self._rewind()

    def committed(self, rows: Sequence[Row]) -> None:
        """Take rows that the journal has just committed."""
        for row in rows:
            track = self._track(row.epoch)
            if track is None:
                track = Track(epoch=row.epoch, last=0, acked=0)
                self._tracks.append(track)
            track.last = row.sequence
        self._fresh.extend(rows)
        if len(self._fresh) > FRESH_LIMIT:
            self._fresh.clear()
        self._wake.set()

    def acked(self, epoch: str, sequence: int, *, is_live: bool = True) -> None:
        """Take the bridge's word for what it has; it may also have less.

        An ack that the broker kept (not `is_live`) may be older than the bridge.
        """
        track = self._track(epoch)
        if track is None:
            return
        sequence = self._proven(track, sequence, is_live=is_live)
        for older in self._tracks[: self._tracks.index(track)]:
            older.acked = max(older.acked, older.last)
        if sequence > track.acked:
            self._still_s = self._first_still_s
            self._is_taken = True
            self._taken.set()
        went_back = sequence < track.acked
        track.acked = self._base = sequence
        self._moved_at = self._now()
        at = self._next
        is_behind = at.epoch == epoch and at.sequence <= sequence
        is_before = at.epoch != epoch and self._is_older(at.epoch, epoch)
        if went_back or is_behind or is_before:
            self._next = self._first_unacked()
        self._wake.set()

    async def room(self) -> None:
        """Wait, before a log is journalled on, while the bridge takes what is.

        What another device tells meanwhile is then not far behind. A bridge that
        is away, or takes nothing, is not waited for.
        """
        while (
            self._is_taken
            and self._is_open
            and self._bus.connected
            and sum(max(t.last - t.acked, 0) for t in self._tracks) > AHEAD
        ):
            self._taken.clear()
            try:
                async with asyncio.timeout(TAKES_S):
                    await self._taken.wait()
            except TimeoutError:
                self._is_taken = False

    def knows(self, epoch: str) -> bool:
        """Whether this journal has, or had, an epoch."""
        return self._track(epoch) is not None

    def claims_more(self, epoch: str, sequence: int) -> bool:
        """Whether an ack covers what this journal never sent: it was rolled back."""
        track = self._track(epoch)
        if track is None:
            return False
        opened = self._last_at_open.get(epoch, 0)
        is_used = track is self._tracks[-1] or track.last > opened
        return is_used and sequence > max(opened, self._highest.get(epoch, 0))

    def first_of_this_run(self, epoch: str) -> int:
        """The first sequence that was given since the journal was opened."""
        return self._last_at_open.get(epoch, 0) + 1

    def replay(self, epoch: str, first: int) -> None:
        """Send a lane again from `first` on, then go on."""
        track = self._track(epoch)
        if track is not None:
            first = self._proven(track, first - 1, is_live=False) + 1
        self._next = Position(epoch, first)
        self._base = min(self._base, first - 1)
        self._moved_at = self._now()
        self._wake.set()

    def retrack(self, tracks: Sequence[Track]) -> None:
        """Take the journal's lanes anew: epochs were opened or events moved."""
        known = {track.epoch: track for track in self._tracks}
        last = {track.epoch: track.last for track in self._tracks[-1:]}
        self._tracks = list(tracks)
        for track in self._tracks:
            before = known.get(track.epoch)
            if before is not None:
                track.acked = before.acked
                track.doubtful_from = before.doubtful_from
        newest = self._tracks[-1]
        newest.last = max(newest.last, last.get(newest.epoch, 0))
        self.restart()

    def acks(self) -> list[tuple[str, int, bool]]:
        """(epoch, acked, whether nothing of it is in doubt) of every epoch."""
        return [(t.epoch, t.acked, t.doubtful_from is None) for t in self._tracks]

    # The sending

    async def run(self) -> None:
        """Send what there is, for ever."""
        while True:
            self._wake.clear()
            try:
                rows = await self._take()
            except JournalError:  # the journal tells it; the disk may be freed
                await asyncio.sleep(RETRY_S)
                continue
            if rows and self._send(rows):
                is_bulk = rows[0].bulk
                await (
                    self._bus.drained(size_bytes=BULK_BYTES)
                    if is_bulk
                    else self._bus.drained()
                )
                continue
            await self._wait()

    async def _wait(self) -> None:
        """Wait for something new; send again when the ack stands still."""
        if not self._has_unacked():
            await self._wake.wait()
            return
        try:
            async with asyncio.timeout_at(self._moved_at + self._still_s):
                await self._wake.wait()
        except TimeoutError:
            if self._bus.connected and self._bus.inflight < STUCK:
                self._still_s = min(self._still_s * 2, STAND_STILL_CAP_S)
                self._rewind()
            else:
                self._moved_at = self._now()

    async def _take(self) -> list[Row]:
        """The next rows that may be sent now."""
        if not (self._is_open and self._bus.connected):
            return []
        self._step_over()
        track, at = self._track(self._next.epoch), self._next
        room = WINDOW - (at.sequence - 1 - self._base)
        if track is None or at.sequence > track.last or room <= 0:
            return []
        limit = min(room, PAGE)
        fresh = self._from_memory(limit)
        if fresh:
            return self._fitting(fresh)
        rows = await self._read(at.epoch, self.lane, at.sequence, limit)
        if self._next != at:
            self._wake.set()
            return []
        if not rows:  # a hole at the end: those events were moved
            track.last = at.sequence - 1
            self._wake.set()
            return []
        self._next = Position(at.epoch, rows[0].sequence)
        return self._fitting(rows)

    def _from_memory(self, limit: int) -> list[Row]:
        fresh, at = self._fresh, self._next
        while fresh and (fresh[0].epoch != at.epoch or fresh[0].sequence < at.sequence):
            if fresh[0].epoch != at.epoch and self._is_older(at.epoch, fresh[0].epoch):
                return []
            fresh.popleft()
        if not fresh or fresh[0].sequence != at.sequence:
            return []
        count = min(limit, len(fresh))
        rows = []
        for index in range(count):
            row = fresh[index]
            if row.epoch != at.epoch or row.sequence != at.sequence + index:
                break
            rows.append(row)
        return rows

    def _fitting(self, rows: list[Row]) -> list[Row]:
        if not rows[0].bulk:
            return rows
        room = BULK_WINDOW - (rows[0].sequence - 1 - self._base)
        return rows[: max(room, 0)]

    def _send(self, rows: Sequence[Row]) -> bool:
        """Hand rows to the bus in order; whether all were taken."""
        track = self._track(rows[0].epoch)
        lags = track is not None and track.last - rows[0].sequence >= LAGGING
        for message in messages_of(rows, together=lags):
            head, final = message[0], message[-1]
            topic = (
                self._topics.batch(head.device, head.type)
                if is_batch(message)
                else self._topics.event(head.device, head.type)
            )
            if not self._bus.publish(topic, payload_of(message)):
                return False
            if not self._has_unacked():
                self._moved_at = self._now()
            self._next = Position(final.epoch, final.sequence + 1)
            highest = self._highest.get(final.epoch, 0)
            self._highest[final.epoch] = max(highest, final.sequence)
        return True

    def _step_over(self) -> None:
        """Go on to the next epoch when this one is complete."""
        track = self._track(self._next.epoch)
        if track is None:
            self._next = self._first_unacked()
        elif self._next.sequence > track.last and track.is_done:
            index = self._tracks.index(track) + 1
            if index < len(self._tracks):
                following = self._tracks[index]
                self._next = Position(following.epoch, following.acked + 1)
                self._base = following.acked

    def _proven(self, track: Track, sequence: int, *, is_live: bool) -> int:
        """How much of what the bridge says it has is this journal's for sure.

        What was journalled before the bridge was heard may have met others under
        the same numbers, which it has from before the journal was put back. Once it
        is there, that is sent again, in front of all that follows, so that the
        bridge compares it.
        """
        first = track.doubtful_from
        if first is None:
            return sequence
        if is_live and track.epoch in self._comparing:
            first = max(first, self._sent(track) + 1)
        is_doubtful = first <= min(sequence, track.last)
        if is_live and not is_doubtful:
            track.doubtful_from = None
        elif is_live:
            track.doubtful_from = first
            if track.epoch not in self._comparing:
                self._comparing.add(track.epoch)
                self._next = Position(track.epoch, first)
        return first - 1 if is_doubtful else sequence

    def _sent(self, track: Track) -> int:
        """Up to where a lane was sent since it was begun anew."""
        at = self._next
        if at.epoch == track.epoch:
            return at.sequence - 1
        return 0 if self._is_older(at.epoch, track.epoch) else track.last

    def _rewind(self) -> None:
        self._next = self._first_unacked()
        self._moved_at = self._now()
        self._wake.set()

    def _first_unacked(self) -> Position:
        """The first event to send; sets the window's base to it."""
        track = next((t for t in self._tracks if not t.is_done), self._tracks[-1])
        self._base = track.acked
        return Position(track.epoch, track.acked + 1)

    def _has_unacked(self) -> bool:
        """Whether something was sent that the bridge has not acked since."""
        return self._next.sequence - 1 > self._base

    def _track(self, epoch: str) -> Track | None:
        return next((t for t in reversed(self._tracks) if t.epoch == epoch), None)

    def _is_older(self, epoch: str, other: str) -> bool:
        order = [track.epoch for track in self._tracks]
        return (
            epoch in order
            and other in order
            and order.index(epoch) < order.index(other)
        )

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
