"""One connection to a C-Power card: a request, its answer, then the next."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from devices.cpower.messages import (
    BRIGHTEST,
    PASSING,
    Code,
    ask_power,
    ask_version,
    call,
    explain,
    read_version,
    set_brightness,
    set_power,
    set_time,
    split,
)
from devices.cpower.packets import ANY_CARD, NetworkFramer, Packet, SerialFramer
from devices.displays import FULL
from devices.errors import CommandTimeoutError
from drivers.cpower.layout import CPowerParameters, Framing, lay_out
from drivers.displays.look import Light, Look
from drivers.displays.panel import Panel, RefusedError, Shown
from drivers.transports.transport import Transport

_FAILED: Final = b"\0"


class CardLink(Panel):
    """Asks a card over an open transport; used once, for one connection.

    An answer names the code that it answers, and no more: there is one request
    at a time. Sum and card id of every answer are checked by the framer and here.
    """

    def __init__(self, transport: Transport, parameters: CPowerParameters) -> None:
        self._transport = transport
        self._parameters = parameters
        self._on_serial = parameters.framing is Framing.SERIAL or (
            parameters.framing is Framing.AUTO and not transport.url.startswith("tcp:")
        )
        self._framer = SerialFramer() if self._on_serial else NetworkFramer()
        self._asked: Packet | None = None
        self._waiting: asyncio.Future[Packet] | None = None
        self._unasked = 0
        self._tells_version = True
        self._drawn: tuple[Look, object] | None = None
        """The look, without flashing, and the windows that the card was given."""

    @property
    def unasked(self) -> int:
        """Answers that came when nothing had been asked."""
        return self._unasked

    async def listen(self) -> None:
        """See `Panel.listen`."""
        while True:
            data = await self._transport.read()
            for packet in self._framer.feed(data):
                self._take(packet)

    async def greet(self) -> Mapping[str, Any]:
        """See `Panel.greet`."""
        parameters = self._parameters
        version: Mapping[str, str] = {}
        try:
            answer = await self.ask(ask_version(card=parameters.card))
            version = read_version(answer.data)
        except CommandTimeoutError:
            # Some cards do not tell their version; a late answer names its code.
            await self.ask(ask_power(card=parameters.card))
            self._tells_version = False
        return {
            "model": "C-Power",
            "width": parameters.width,
            "height": parameters.height,
            "address": parameters.card,
            **version,
        }

    async def probe(self) -> Mapping[str, Any]:
        """See `Panel.probe`."""
        card = self._parameters.card
        if not self._tells_version:
            await self.ask(ask_power(card=card))
            return {"answer": "power"}
        answer = await self.ask(ask_version(card=card))
        return {"answer": "version", **read_version(answer.data)}

    async def write(self, look: Look) -> Shown:
        """See `Panel.write`.

        The screen is divided anew with each new text, in case the card lost its
        power unseen, but not when the same text is written again.
        """
        layout = lay_out(look, self._parameters)
        card = self._parameters.card
        steady = Look(text=look.text, lines=look.lines, color=look.color)
        if self._drawn != (steady, layout.windows):
            self._drawn = None
            await self._call(split(layout.windows, card=card))
        for text in layout.texts:
            await self._call(call(text.encode(), card=card))
        self._drawn = (steady, layout.windows)
        return layout.shown

    async def shine(self, light: Light) -> None:
        """See `Panel.shine`."""
        card = self._parameters.card
        await self._set(set_power(on=light.on, card=card))
        if light.level is not None:
            level = round(light.level * BRIGHTEST / FULL)
            await self._set(set_brightness(level, card=card))

    async def set_time(self, now: datetime) -> None:
        """See `Panel.set_time`."""
        await self._set(set_time(now, card=self._parameters.card))

    async def ask(self, packet: Packet) -> Packet:
        """Send a packet and wait for the answer to its code.

        Raises `CommandTimeoutError`, or `TransportError` from the transport.
        """
        self._transport.discard_input()
        self._framer.reset()
        errors, timeout_s = self._framer.errors, self._parameters.reply_timeout_s
        self._asked = packet
        self._waiting = asyncio.get_running_loop().create_future()
        wire = (
            packet.on_serial()
            if self._on_serial
            else packet.on_network(self._parameters.id_code)
        )
        try:
            await self._transport.write(wire)
            async with asyncio.timeout(timeout_s):
                return await self._waiting
        except TimeoutError as error:
            raise CommandTimeoutError(self._silence(errors)) from error
        finally:
            self._waiting = None

    async def _call(self, packet: Packet) -> None:
        answer = await self.ask(packet)
        if answer.mark:
            raise RefusedError(
                f"the card {explain(answer.mark)}", passing=answer.mark in PASSING
            )

    async def _set(self, packet: Packet) -> None:
        answer = await self.ask(packet)
        if answer.data[:1] == _FAILED:
            name = Code(packet.code).name.lower()
            raise RefusedError(f"the card could not set its {name}")

    def _take(self, packet: Packet) -> None:
        if packet == self._asked and not packet.is_reply:
            return  # the line's echo of our request
        cards = {self._parameters.card, ANY_CARD}
        if packet.card not in cards and self._parameters.card != ANY_CARD:
            return  # another card's business
        if (
            self._waiting is None
            or self._waiting.done()
            or self._asked is None
            or packet.code != self._asked.code
        ):
            self._unasked += 1
            return
        self._waiting.set_result(packet)

    def _silence(self, errors: int) -> str:
        url, timeout_s = self._transport.url, self._parameters.reply_timeout_s
        text = f"{url}: no answer in {timeout_s:g} s"
        if self._framer.errors > errors:
            return (
                f"{text}, only spoiled bytes ({self._framer.last_error}); check "
                "framing, baud rate and line"
            )
        return f"{text}; check the card's power, cable, card id and network id code"
