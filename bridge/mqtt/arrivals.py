"""Messages with events that wait for the store: presses first, logs in slices."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from typing import Final

from bridge.mqtt.envelopes import NoEnvelopeError, read_events
from devices.events import CloudEvent, Lane

MAX_TAKEN: Final = 1000
"""Most messages of a lane in one transaction."""
MAX_TAKEN_BYTES: Final = {Lane.DESK: 512 * 1024, Lane.CLOCK: 128 * 1024}
"""Most bytes of a lane in one transaction, but for its last message.

What a press waits for is the commit of a log's part that is not ended yet.
"""
SLICE: Final = 25
"""After so many events of a log whoever waits for the writer is next."""
MOST_PASSED_OVER: Final = 20
"""So often presses go alone; then a message of a log comes along once."""
HIGH_WATER_BYTES: Final = 32 * 1024 * 1024
"""Beyond this nothing more is read from the broker."""


@dataclass(slots=True, eq=False)
class Arrival:
    """A message with events, unread; `done` of them are committed."""

    device: str
    payload: bytes
    done: int = 0
    events: Sequence[CloudEvent | NoEnvelopeError] | None = None

    @property
    def is_done(self) -> bool:
        """Whether all of its events are committed."""
        return self.events is not None and self.done >= len(self.events)

    def rest(self, received: datetime) -> Iterator[Item]:
        """Its events that are not committed yet."""
        if self.events is None:
            self.events = list(read_events(self.device, self.payload, received))
        for index in range(self.done, len(self.events)):
            yield self, index + 1, self.events[index]


Item = tuple[Arrival, int, CloudEvent | NoEnvelopeError]
"""An event, its message, and how many of the message are done with it."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Messages that go to the writer together."""

    presses: Sequence[Arrival]
    logs: Sequence[Arrival]

    def slices(self, received: datetime) -> Iterator[list[Item]]:
        """All presses at once, then the logs' events, some at a time."""
        if presses := list(_items(self.presses, received)):
            yield presses
        items = _items(self.logs, received)
        while part := list(islice(items, SLICE)):
            yield part


@dataclass(slots=True)
class Arrivals:
    """One queue a lane, in the order that messages came.

    `pause` and `resume` keep what is held below `HIGH_WATER_BYTES`.
    """

    pause: Callable[[], None]
    resume: Callable[[], None]
    _queues: Mapping[Lane, deque[Arrival]] = field(
        default_factory=lambda: {lane: deque() for lane in Lane}
    )
    _size_bytes: int = 0
    _is_paused: bool = False
    _passed_over: int = 0

    @property
    def has_presses(self) -> bool:
        """Whether a press waits; may be asked on any thread."""
        return bool(self._queues[Lane.DESK])

    def put(self, lane: Lane, arrival: Arrival) -> None:
        """Have a message wait."""
        self._queues[lane].append(arrival)
        self._size_bytes += len(arrival.payload)
        if self._size_bytes > HIGH_WATER_BYTES and not self._is_paused:
            self._is_paused = True
            self.pause()

    def reading_anew(self) -> None:
        """A new connection is not paused."""
        self._is_paused = False

    def next(self) -> Turn | None:
        """What goes to the writer next: presses do not wait for a log."""
        presses = self._pop(Lane.DESK, MAX_TAKEN)
        if presses and self._passed_over < MOST_PASSED_OVER:
            self._passed_over += 1
            return Turn(presses, [])
        self._passed_over = 0
        logs = self._pop(Lane.CLOCK, 1 if presses else MAX_TAKEN)
        return Turn(presses, logs) if presses or logs else None

    def settle(self, turn: Turn, reached: Mapping[Arrival, int]) -> None:
        """After the commit of what each message `reached`; the rest is next again."""
        for arrival, count in reached.items():
            arrival.done = count
        for lane, arrivals in ((Lane.DESK, turn.presses), (Lane.CLOCK, turn.logs)):
            rest = [arrival for arrival in reversed(arrivals) if not arrival.is_done]
            self._queues[lane].extendleft(rest)
            self._size_bytes -= sum(len(a.payload) for a in arrivals if a.is_done)
        if self._is_paused and self._size_bytes < HIGH_WATER_BYTES // 2:
            self._is_paused = False
            self.resume()

    def _pop(self, lane: Lane, most: int) -> list[Arrival]:
        taken: list[Arrival] = []
        queue, size_bytes = self._queues[lane], 0
        while queue and len(taken) < most and size_bytes < MAX_TAKEN_BYTES[lane]:
            taken.append(queue.popleft())
            size_bytes += len(taken[-1].payload)
        return taken


def _items(arrivals: Iterable[Arrival], received: datetime) -> Iterator[Item]:
    return chain.from_iterable(arrival.rest(received) for arrival in arrivals)
