"""Between a simulated device and its open lines: sessions, time, faults.

Knows no sockets: a line is anything that takes bytes, so that every fault can
be tried in memory.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from pydantic import BaseModel

from devices.errors import MisuseError
from simulators.hosting.faults import Faults
from simulators.simulator import Output, Simulator

log = logging.getLogger(__name__)

GLUE_S: Final = 0.05
"""How long glued outputs wait for company."""
SHORTEST_S: Final = 0.001
"""A timer that is always due must not eat the loop."""


class Line(Protocol):
    """One session's way out."""

    datagrams: bool

    def write(self, data: bytes) -> None:
        """Send one segment or datagram; never blocks, never raises."""

    def close(self) -> None:
        """End the session from the device's side."""


class Hub:
    """Joins one simulator to its sessions.

    A simulator's exception costs that session (or that timer), is logged and
    kept in `failure`; the others go on.
    """

    def __init__(
        self,
        simulator: Simulator[Any],
        *,
        clock: Callable[[], datetime],
        faults: Faults | None = None,
    ) -> None:
        self.simulator = simulator
        self.faults = faults or Faults()
        self.failure = ""
        """The last exception of the simulator; empty when there was none."""
        self.stepped: Callable[[], None] = _nothing
        """Called after every step of the device: it may want its line now."""
        self.riders: list[Callable[[bytes], None]] = []
        """Other devices on the line: they hear what this one hears."""
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._lines: dict[int, Line] = {}
        self._numbers = itertools.count(1)
        self._order = itertools.count()
        self._due: list[tuple[float, int, int, bytes]] = []
        self._floor: dict[int, float] = {}
        self._glued: dict[int, bytearray] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    @property
    def sessions(self) -> list[int]:
        """The open sessions."""
        return list(self._lines)

    def open(self, line: Line) -> int:
        """A line came up; gives its session."""
        session = next(self._numbers)
        self._lines[session] = line
        self._run(session, lambda: self.simulator.connected(session, self._clock()))
        return session

    def received(self, session: int, data: bytes) -> None:
        """Bytes came in on a session."""
        if session not in self._lines or self.faults.hang:
            return
        self._run(
            session, lambda: self.simulator.received(session, data, self._clock())
        )
        for rider in list(self.riders):
            rider(data)

    def say(self, data: bytes) -> None:
        """Another device on the line says something."""
        self._take([Output(data)])

    def closed(self, session: int) -> None:
        """A line went down."""
        if self._lines.pop(session, None) is None:
            return
        self._floor.pop(session, None)
        self._glued.pop(session, None)
        try:
            self.simulator.disconnected(session)
        except Exception as error:  # noqa: BLE001 - its own failure, kept
            self._failed(error)

    def act(self, action: str, arguments: BaseModel) -> None:
        """A person does something at the device; raises `MisuseError`."""
        try:
            outputs = self.simulator.act(action, arguments, self._clock())
        except MisuseError:
            raise
        except Exception as error:
            self._failed(error)
            raise MisuseError(f"the simulator failed: {error!r}") from error
        self._take(outputs)
        self.wake()

    def unreachable(self, reason: str) -> None:
        """A line that the device wanted could not be had."""
        try:
            self.simulator.unreachable(reason, self._clock())
        except Exception as error:  # noqa: BLE001 - its own failure, kept
            self._failed(error)
        self.wake()

    def powercycle(self) -> None:
        """The device loses power; lines are dropped by the caller."""
        self._due.clear()
        self._glued.clear()
        self.simulator.powercycle(self._clock())
        self.wake()

    def drop_all(self) -> None:
        """End every session from the device's side."""
        for session, line in list(self._lines.items()):
            self.closed(session)
            line.close()

    def wake(self) -> None:
        """Let the device do what is due by itself."""
        self._advance()
        self.stepped()

    def stop(self) -> None:
        """End every timer and session."""
        self.stepped = _nothing
        self.drop_all()
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._due.clear()

    def _run(self, session: int, step: Callable[[], Sequence[Output]]) -> None:
        try:
            outputs = step()
        except Exception as error:  # noqa: BLE001 - its own failure, kept
            self._failed(error)
            line = self._lines.get(session)
            self.closed(session)
            if line is not None:
                line.close()
            return
        self._take(outputs)
        self.wake()

    def _advance(self) -> None:
        now = self._clock()
        try:
            outputs, call_at = self.simulator.advance(now)
        except Exception as error:  # noqa: BLE001 - its own failure, kept
            self._failed(error)
            return
        self._take(outputs)
        if call_at is not None:
            wait_s = max((call_at - now).total_seconds(), SHORTEST_S)
            self._later("advance", wait_s, self.wake)
        elif (timer := self._timers.pop("advance", None)) is not None:
            timer.cancel()

    def _take(self, outputs: Sequence[Output]) -> None:
        """Queue outputs: in order within one answer, by due time among them."""
        due = now = self._loop.time()
        for output in self.faults.spoil(outputs):
            due = max(due, now + output.after_s)
            targets = self.sessions if output.session is None else [output.session]
            for session in targets:
                if session not in self._lines:
                    continue
                # What a slow line holds back is not overtaken when it is healed.
                at = max(due, self._floor.get(session, 0.0))
                if self.faults.delay_s:
                    self._floor[session] = now + self.faults.delay_s
                entry = (at, next(self._order), session, output.data)
                heapq.heappush(self._due, entry)
        self._send_due()

    def _send_due(self) -> None:
        while self._due and self._due[0][0] <= self._loop.time():
            _, _, session, data = heapq.heappop(self._due)
            self._send(session, data)
        if self._due:
            self._later("send", self._due[0][0] - self._loop.time(), self._send_due)

    def _send(self, session: int, data: bytes) -> None:
        line = self._lines.get(session)
        if line is None:
            return
        if line.datagrams:
            line.write(data)
        elif self.faults.glue or session in self._glued:
            if not self._glued:
                self._later("glue", GLUE_S, self._flush_glued)
            self._glued.setdefault(session, bytearray()).extend(data)
        else:
            self._write(line, data)

    def _flush_glued(self) -> None:
        glued, self._glued = self._glued, {}
        for session, data in glued.items():
            if (line := self._lines.get(session)) is not None:
                self._write(line, bytes(data))

    def _write(self, line: Line, data: bytes) -> None:
        for segment in self.faults.segments(data):
            line.write(segment)

    def _later(self, name: str, wait_s: float, step: Callable[[], None]) -> None:
        if (timer := self._timers.get(name)) is not None:
            timer.cancel()
        self._timers[name] = self._loop.call_later(max(wait_s, 0.0), step)

    def _failed(self, error: Exception) -> None:
        device = self.simulator.device.id
        log.error("simulated %s failed", device, exc_info=error)
        self.failure = repr(error)


def _nothing() -> None:
    """Nobody waits for steps."""
