"""One life of a caller line: bytes in, presses out, frames paced."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from typing import Final

from devices.ff68.frames import Ff68Framer, Frame, Message
from devices.kinds import DeviceState
from devices.strip.frames import StripReply
from drivers.driver import DriverContext
from drivers.ff68.echo import EchoFilter
from drivers.ff68.noise import NoiseMeter
from drivers.ff68.outbox import Outbox
from drivers.ff68.presses import Heard
from drivers.transports.transport import Transport

log = logging.getLogger(__name__)

BROKEN_OFF_S: Final = 1.0
"""A frame that did not go on for so long never will; serial servers cut frames."""
MOST_HEARD: Final = 64
"""Portions of frames that wait to be journalled; then the line is not read."""
NOISE_CHECK_S: Final = 0.25
BAUDRATE: Final = 9600
BITS_A_BYTE: Final = 10
_BAUDRATE: Final = re.compile(r"[?&]baudrate=(\d{1,7})(?:&|$)")


def byte_s(url: str) -> float:
    """Seconds that a byte takes on the line, 8N1; serial servers have 9600 baud."""
    found = _BAUDRATE.search(url)
    baudrate = int(found.group(1)) if found else 0
    return BITS_A_BYTE / (baudrate or BAUDRATE)


class Line:
    """An open line. The parts run beside each other until the transport breaks."""

    def __init__(
        self,
        transport: Transport,
        context: DriverContext,
        *,
        echo: EchoFilter,
        noise: NoiseMeter,
        frame_gap_s: float,
        strip_answered: Callable[[int], None] | None = None,
    ) -> None:
        """`strip_answered` is told addresses; without it there are no strips."""
        self.outbox = Outbox()
        self._transport = transport
        self._context = context
        self._echo = echo
        self._noise = noise
        self._frame_gap_s = frame_gap_s
        self._byte_s = byte_s(transport.url)
        self._strip_answered = strip_answered
        self._framer = Ff68Framer(strips=strip_answered is not None)
        self._heard: asyncio.Queue[list[Heard]] = asyncio.Queue(MOST_HEARD)
        self._noise_heard = asyncio.Event()
        self._counted = (0, 0)

    async def read(self) -> None:
        """Cut what comes into frames and drop our own echo."""
        loop = asyncio.get_running_loop()
        while True:
            wait_s = BROKEN_OFF_S if self._framer.pending else None
            try:
                messages = self._framer.feed(await self._transport.read(wait_s))
            except TimeoutError:
                messages = self._framer.give_up()
            now_s, time = loop.time(), self._context.now()
            heard = [
                Heard(frame=frame, at_s=now_s, time=time)
                for message in messages
                if (frame := self._from_device(message, now_s)) is not None
            ]
            self._count_noise(now_s)
            if heard:
                await self._heard.put(heard)

    async def write(self) -> None:
        """Send what the outbox holds, with a pause behind each frame."""
        loop = asyncio.get_running_loop()
        free_at_s = loop.time()
        while True:
            outgoing = await self.outbox.take(free_at_s)
            now_s = loop.time()
            for item in outgoing:
                self._echo.sent(item.message, now_s, own=item.own)
            data = b"".join(item.message.encode() for item in outgoing)
            await self._transport.write(data)
            now_s = loop.time()
            # What would only wait in the adapter keeps later answers waiting.
            free_at_s = now_s + max(self._frame_gap_s, len(data) * self._byte_s)
            for item in outgoing:
                item.sent(now_s)

    async def frames(self, until_s: float | None) -> list[Heard]:
        """All frames that came, waiting for one until `until_s` at most."""
        try:
            async with asyncio.timeout_at(until_s):
                heard = await self._heard.get()
        except TimeoutError:
            return []
        while not self._heard.empty():
            heard += self._heard.get_nowait()
        return heard

    async def watch_noise(self, cleared: Callable[[], None]) -> None:
        """Report a bad line DEGRADED, and READY when it is clean again."""
        loop = asyncio.get_running_loop()
        is_bad = False
        while True:
            await self._noise_heard.wait()
            self._noise_heard.clear()
            while (level := self._noise.level(loop.time())) > 0 or is_bad:
                if level >= 1 and not is_bad:
                    is_bad = True
                    self._report_noise()
                elif level == 0:
                    is_bad = False
                    log.info("%s: the line is clean again", self._context.device.id)
                    self._context.report(DeviceState.READY)
                    cleared()
                await asyncio.sleep(NOISE_CHECK_S)
            self._describe_noise()

    def _from_device(self, message: Message, now_s: float) -> Frame | None:
        """Drop echo, and what no device sends: short answers, frames without data."""
        believed = self._echo.believed
        if self._echo.is_echo(message, now_s):
            if believed is not self._echo.believed:
                self._context.describe(echo=True)
            return None
        if isinstance(message, Frame) and message.data:
            return message
        if isinstance(message, StripReply) and self._strip_answered is not None:
            self._strip_answered(message.address)
            return None
        size = len(message.encode())
        self._noise.note(1, size, "a frame that no device sends", now_s)
        self._noise_heard.set()
        return None

    def _count_noise(self, now_s: float) -> None:
        framer = self._framer
        counted = (framer.errors, framer.skipped_bytes)
        if counted != self._counted:
            bursts, size = (n - o for n, o in zip(counted, self._counted, strict=True))
            self._counted = counted
            self._noise.note(bursts, size, framer.last_error, now_s)
            self._noise_heard.set()

    def _report_noise(self) -> None:
        reason = (
            f"noise on the line ({self._noise.last}); check wiring, polarity, "
            "termination and baud rate, and for two devices with one address"
        )
        log.warning("%s: %s", self._context.device.id, reason)
        self._context.report(DeviceState.DEGRADED, reason)
        self._describe_noise()

    def _describe_noise(self) -> None:
        noise = self._noise
        self._context.describe(
            noise={"bursts": noise.bursts, "bytes": noise.bytes, "last": noise.last}
        )
