"""One life of a line of panels: one asks, then one answers."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from devices.errors import FrameError
from devices.ub485.frames import (
    POLL,
    POLL_SIZE,
    SIGNAL_SIZE,
    TAIL,
    Message,
    Poll,
    Signal,
    read_answers,
)
from drivers.ff68.echo import EchoMode
from drivers.transports.transport import Transport

REST_S: Final = 0.03
"""How long the rest of a broken answer may take: adapters send every 16 ms."""
QUIET_S: Final = 0.004
"""Silence behind a whole answer; a byte takes 0.2 ms."""
MOST_BYTES: Final = 256
"""More than that in one breath is noise."""
ECHO_S: Final = 1.0
"""An adapter gives back what was sent within this."""


class PanelLine:
    """An open line, for one user at a time.

    Lights and keys look alike on the wire, so on a line that gives back what is
    sent our own lights would be presses. Whether it does shows with the first
    poll: no panel ever sends one.
    """

    def __init__(
        self, transport: Transport, *, answer_s: float, echo: EchoMode
    ) -> None:
        self.collisions = 0
        """Answers that were none, since the line was opened."""
        self.last_collision = ""
        self.echoes = echo is EchoMode.ON
        """Whether the line gives back what is sent, as far as is known."""
        self._transport = transport
        self._answer_s = answer_s
        self._mode = echo
        self._sent: deque[tuple[bytes, float]] = deque()

    async def ask(self, address: int) -> list[Signal]:
        """Poll a panel; gives what was said until it had its time."""
        await self._send(Poll(address))
        return await self.listen(self._answer_s)

    async def show(self, message: Message, pause_s: float) -> list[Signal]:
        """Have a panel show something, and leave it its time."""
        await self._send(message)
        return await self.listen(pause_s)

    async def listen(self, wait_s: float) -> list[Signal]:
        """What panels say within `wait_s`; returns behind the first breath."""
        burst = await self._hear(wait_s)
        try:
            return read_answers(self._without_echo(burst)) if burst else []
        except FrameError as error:
            self.collisions += 1
            self.last_collision = str(error)
            return []

    async def _send(self, message: Message) -> None:
        data = message.encode()
        now_s = asyncio.get_running_loop().time()
        while self._sent and now_s - self._sent[0][1] > ECHO_S:
            self._sent.popleft()
        self._sent.append((data, now_s))
        await self._transport.write(data)

    async def _hear(self, wait_s: float) -> bytes:
        loop = asyncio.get_running_loop()
        ends_s = loop.time() + wait_s
        data = b""
        while len(data) < MOST_BYTES:
            left_s = max(ends_s - loop.time(), 0.0)
            try:
                data += await self._transport.read(self._patience_s(data, left_s))
            except TimeoutError:
                break
        return data

    def _patience_s(self, data: bytes, left_s: float) -> float:
        if not data or self._is_poll(data):
            return left_s
        return REST_S if len(data) % SIGNAL_SIZE else QUIET_S

    def _is_poll(self, data: bytes) -> bool:
        return len(data) <= POLL_SIZE and data[0] == POLL

    def _without_echo(self, burst: bytes) -> bytes:
        """Drop what we sent ourselves from the head of a burst."""
        if self._mode is EchoMode.OFF:
            return burst
        while burst:
            own = burst[:POLL_SIZE]
            if (own[0], own[-1]) == (POLL, TAIL) and len(own) == POLL_SIZE:
                self.echoes = True
            elif not self.echoes or not (own := self._own_head(burst)):
                break
            self._forget(own)
            burst = burst[len(own) :]
        return burst

    def _own_head(self, burst: bytes) -> bytes:
        return next((data for data, _ in self._sent if burst.startswith(data)), b"")

    def _forget(self, data: bytes) -> None:
        for entry in self._sent:
            if entry[0] == data:
                self._sent.remove(entry)
                return
