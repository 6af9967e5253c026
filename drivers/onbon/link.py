"""One connection to an Onbon font card: a request, its answer, then the next."""

from __future__ import annotations

import asyncio
from typing import Final

from devices.errors import CommandTimeoutError, ProtocolError
from devices.onbon.frames import BROADCAST, HOST_ADDRESS, FontCardFramer, Frame
from devices.onbon.messages import Reply, Request
from drivers.transports.transport import Transport

_OURS: Final = frozenset({HOST_ADDRESS, BROADCAST})


class CardLink:
    """Asks a card over an open transport; used once, for one connection.

    The protocol numbers nothing: an ACK does not say what it answers. So there
    is one request at a time, what comes unasked is dropped and counted, and
    after a missing answer the connection must not be used again, because the
    answer may still come. `listen` must run beside every request.
    """

    def __init__(
        self, transport: Transport, *, template: Frame, timeout_s: float
    ) -> None:
        self._transport = transport
        self._template = template
        self._timeout_s = timeout_s
        self._framer = FontCardFramer()
        self._waiting: asyncio.Future[Reply] | None = None
        self.unasked = 0
        """Answers that came when nothing had been asked."""

    async def listen(self) -> None:
        """Take what the card says, until the transport breaks."""
        while True:
            data = await self._transport.read()
            for frame in self._framer.feed(data):
                self._take(frame)

    async def ask(self, request: Request) -> Reply:
        """Send a request and wait for the card's ACK or NACK.

        Raises `CommandTimeoutError`, or `TransportError` from the transport.
        """
        self._transport.discard_input()
        self._framer.reset()
        errors = self._framer.errors
        template = self._template
        frame = Frame(
            data=request.encode(),
            destination=template.destination,
            display_mode=template.display_mode,
            device_type=template.device_type,
        )
        self._waiting = asyncio.get_running_loop().create_future()
        try:
            await self._transport.write(frame.encode())
            async with asyncio.timeout(self._timeout_s):
                return await self._waiting
        except TimeoutError as error:
            raise CommandTimeoutError(self._silence(errors)) from error
        finally:
            self._waiting = None

    def _take(self, frame: Frame) -> None:
        if frame.destination not in _OURS:
            return  # the line's echo of our request, or another host's business
        try:
            reply = Reply.decode(frame.data)
        except ProtocolError:
            return
        if not reply.is_answer or self._waiting is None or self._waiting.done():
            self.unasked += 1
            return
        self._waiting.set_result(reply)

    def _silence(self, errors: int) -> str:
        text = f"{self._transport.url}: no answer in {self._timeout_s:g} s"
        if self._framer.errors > errors:
            return (
                f"{text}, only spoiled bytes ({self._framer.last_error}); check the "
                "baud rate and the line"
            )
        return f"{text}; check the card's power, cable and address"
