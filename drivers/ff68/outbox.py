"""What waits to be written to the line: answers first, waiting counts last.

One line serves many callers, and a frame takes its time: answers overtake
everything, a changed number or a beep overtakes what window strips show, and
that waiting counts. Of several digits for one caller, or texts for one strip,
only the newest is sent (facts: caller bus, last section).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from devices.ff68.frames import Message

MOST_ANSWERS: Final = 64
"""Answers that may wait before equal ones are answered together."""


def _nothing(_: float) -> None:
    """Nobody waits for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A frame to send; `sent` is told the monotonic second when it was written."""

    message: Message
    own: bool = True
    """Whether no device ever sends such a frame (echo)."""
    sent: Callable[[float], None] = _nothing


class Outbox:
    """A line's write queue, for one writer."""

    def __init__(self) -> None:
        self._answers: deque[Outgoing] = deque()
        self._answered: set[Message] = set()
        self._urgent: dict[object, Outgoing] = {}
        self._strips: dict[object, Outgoing] = {}
        self._later: dict[object, Outgoing] = {}
        self._changed = asyncio.Event()
        self._beeps = 0

    @property
    def is_idle(self) -> bool:
        """Whether no digits and no beep wait."""
        return not self._urgent and not self._later

    def answer(self, outgoing: Outgoing) -> None:
        """Send an acknowledgement before anything else."""
        if len(self._answers) >= MOST_ANSWERS and outgoing.message in self._answered:
            return
        self._answers.append(outgoing)
        self._answered.add(outgoing.message)
        self._changed.set()

    def beep(self, outgoing: Outgoing) -> None:
        """Send a beep; each one counts."""
        self._beeps += 1
        self._urgent[self._beeps, "beep"] = outgoing
        self._changed.set()

    def show(self, address: int, outgoing: Outgoing, *, urgent: bool) -> None:
        """Send digits to a caller, in place of those that still wait for it."""
        if urgent and address not in self._urgent:
            self._later.pop(address, None)
        queue = self._urgent if urgent or address in self._urgent else self._later
        queue[address] = outgoing
        self._changed.set()

    def strip(self, key: object, outgoing: Outgoing) -> None:
        """Send something to a strip, in place of what still waits under `key`."""
        self._strips[key] = outgoing
        self._changed.set()

    async def take(self, free_at_s: float) -> list[Outgoing]:
        """What to write next: all answers at once, or one other frame.

        Other frames wait until `free_at_s`, the end of the pause behind the
        last one (monotonic seconds).
        """
        loop = asyncio.get_running_loop()
        while True:
            self._changed.clear()
            if self._answers:
                answers = list(self._answers)
                self._answers.clear()
                self._answered.clear()
                return answers
            queue = self._urgent or self._strips or self._later
            pause_s = free_at_s - loop.time()
            if queue and pause_s <= 0:
                return [queue.pop(next(iter(queue)))]
            try:
                async with asyncio.timeout(pause_s if queue else None):
                    await self._changed.wait()
            except TimeoutError:
                continue
