"""One connection to an Onbon font card: a request, its answer, then the next."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from devices.errors import CommandTimeoutError, ProtocolError
from devices.onbon.frames import BROADCAST, HOST_ADDRESS, FontCardFramer, Frame
from devices.onbon.messages import (
    PING,
    ErrorCode,
    Reply,
    Request,
    explain,
    set_brightness,
    set_power,
    set_time,
)
from drivers.displays.look import Light, Look
from drivers.displays.panel import Panel, RefusedError, Shown
from drivers.onbon.layout import OnbonParameters, lay_out
from drivers.transports.transport import Transport

_OURS: Final = frozenset({HOST_ADDRESS, BROADCAST})
_PASSING: Final = frozenset({ErrorCode.BUSY, ErrorCode.CHECKSUM})
"""Refusals that may be over soon."""


class CardLink(Panel):
    """Asks a card over an open transport; used once, for one connection.

    The protocol numbers nothing: an ACK does not say what it answers. So there
    is one request at a time, what comes unasked is dropped and counted, and
    after a missing answer the connection must not be used again, because the
    answer may still come. `listen` must run beside every request.
    """

    def __init__(self, transport: Transport, parameters: OnbonParameters) -> None:
        self._transport = transport
        self._parameters = parameters
        self._timeout_s = parameters.reply_timeout_s
        self._framer = FontCardFramer()
        self._waiting: asyncio.Future[Reply] | None = None
        self._unasked = 0

    @property
    def unasked(self) -> int:
        """Answers that came when nothing had been asked."""
        return self._unasked

    async def listen(self) -> None:
        """Take what the card says, until the transport breaks."""
        while True:
            data = await self._transport.read()
            for frame in self._framer.feed(data):
                self._take(frame)

    async def greet(self) -> Mapping[str, Any]:
        """See `Panel.greet`."""
        await self.ask(PING)
        parameters = self._parameters
        return {
            "model": f"BX-{parameters.model.upper()}",
            "width": parameters.width,
            "height": parameters.height,
            "address": parameters.address,
        }

    async def probe(self) -> Mapping[str, Any]:
        """See `Panel.probe`; any answer will do."""
        reply = await self.ask(PING)
        return {"answer": "ack" if reply.is_ack else explain(reply.error)}

    async def write(self, look: Look) -> Shown:
        """See `Panel.write`."""
        layout = lay_out(look, self._parameters)
        await self._order(layout.update.request())
        return Shown(text=layout.shown, lost=layout.lost)

    async def shine(self, light: Light) -> None:
        """See `Panel.shine`."""
        await self._order(set_power(on=light.on))
        if light.level is not None:
            await self._order(set_brightness(light.level))

    async def set_time(self, now: datetime) -> None:
        """See `Panel.set_time`."""
        await self._order(set_time(now))

    async def ask(self, request: Request) -> Reply:
        """Send a request and wait for the card's ACK or NACK.

        Raises `CommandTimeoutError`, or `TransportError` from the transport.
        """
        self._transport.discard_input()
        self._framer.reset()
        errors = self._framer.errors
        frame = Frame(
            data=request.encode(),
            destination=self._parameters.address,
            display_mode=int(self._parameters.cover_programmes),
            device_type=self._parameters.device_type,
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

    async def _order(self, request: Request) -> None:
        """Ask; raises `RefusedError` unless the card did it."""
        reply = await self.ask(request)
        if not reply.is_ack:
            raise RefusedError(
                f"the card {explain(reply.error)}", passing=reply.error in _PASSING
            )

    def _take(self, frame: Frame) -> None:
        if frame.destination not in _OURS:
            return  # the line's echo of our request, or another host's business
        try:
            reply = Reply.decode(frame.data)
        except ProtocolError:
            return
        if not reply.is_answer or self._waiting is None or self._waiting.done():
            self._unasked += 1
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
