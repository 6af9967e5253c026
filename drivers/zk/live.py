"""The live connection to a clock: registers for events and hears them.

Ours, on the shared codec: pyzk's live reader ends or loses punches on glued or
split frames, odd dates and unknown lengths (facts: ZKTeco clocks, pyzk 0.9
behaviour). It carries no commands besides its handshake and its probe.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Self

from devices.errors import DeviceError, ProtocolError, TransportError
from devices.zk.packets import (
    Code,
    DatagramFramer,
    EventMask,
    Packet,
    PacketFramer,
    ReplyFilter,
    scramble_key,
)
from devices.zk.values import Sizes, decode_option
from drivers.transports.transport import Transport
from drivers.zk.client import RefusedError, WrongKeyError, refusal, wrong_key
from drivers.zk.session import ClockAddress

CLOSE_TIMEOUT_S: Final = 0.5
LISTEN_AGAIN_S: Final = 60.0
"""So long a clock that refuses to tell events is left alone."""
_SERIAL_OPTIONS: Final = ("~SerialNumber", "MAC")

OnEvent = Callable[[Packet], Awaitable[None]]
OnSizes = Callable[[Sizes, float], Awaitable[None]]
"""Takes a count, and how many seconds ago it was asked for."""


class StaleError(TransportError):
    """The connection is open, but the clock says nothing any more."""


class LiveConnection:
    """One registered connection, used once."""

    def __init__(self, transport: Transport, address: ClockAddress) -> None:
        self.serial = ""
        """Serial number or MAC address; empty when the clock tells neither."""
        self.has_key = False
        """Whether the clock asked for a comm key."""
        self.deaf = ""
        """Why it hears no events; it still tells how many punches there are."""
        self._transport = transport
        self._address = address
        self._framer: PacketFramer | DatagramFramer = (
            DatagramFramer(strict=address.strict)
            if address.datagrams
            else PacketFramer(strict=address.strict)
        )
        self._filter = ReplyFilter()
        self._session = 0
        self._number = 0xFFFF
        self._early: list[Packet] = []
        self._ended = False

    @classmethod
    async def open(cls, transport: Transport, address: ClockAddress) -> Self:
        """Connect, prove the key, register; closes `transport` on failure.

        Raises `WrongKeyError`, `RefusedError`, `TransportError`, and
        `ProtocolError` when what answers is no clock. One that refuses to
        tell events is `deaf`.
        """
        live = cls(transport, address)
        try:
            await live._shake_hands()
        except BaseException:
            await transport.close()
            raise
        return live

    @property
    def ended(self) -> bool:
        """Whether `close` was called."""
        return self._ended

    async def serve(
        self, on_event: OnEvent, on_sizes: OnSizes, *, probe_s: float
    ) -> None:
        """Hear events until `close`; each is acknowledged after `on_event`.

        Asks for the sizes every `probe_s`, which shows that the clock still
        lives and how many punches it holds. Raises `StaleError` when it does
        not answer, `TransportError` when it ends the connection. A deaf one
        ends by itself, so that the next may hear.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + LISTEN_AGAIN_S if self.deaf else float("inf")
        for packet in self._take_early():
            await self._hear(packet, on_event)
        asked, due, asked_at = False, loop.time(), loop.time()
        while not self._ended and loop.time() < until:
            try:
                data = await self._read(max(due - loop.time(), 0.0))
            except TimeoutError:
                if asked:
                    limit_s = self._address.timeout_s
                    raise StaleError(
                        f"stale: no answer to a probe in {limit_s:g} s; the clock "
                        "lost power or hangs"
                    ) from None
                asked, asked_at = True, loop.time()
                await self._send(Code.SIZES)
                due = loop.time() + self._address.timeout_s
                continue
            for packet in self._framer.feed(data):
                if packet.is_event:
                    await self._hear(packet, on_event)
                elif asked and self._filter.fits(packet):
                    await self._judge(packet, on_sizes, loop.time() - asked_at)
                    asked, due = False, loop.time() + probe_s

    async def close(self) -> None:
        """End the session, politely if that works at once."""
        if self._ended:
            return
        self._ended = True
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._send(Code.EXIT)
        except (DeviceError, TimeoutError):
            pass  # it is going down anyway
        finally:
            await self._transport.close()

    async def _read(self, timeout_s: float) -> bytes:
        try:
            return await self._transport.read(timeout_s)
        except TransportError:
            if self._ended:
                return b""
            raise

    async def _judge(self, packet: Packet, on_sizes: OnSizes, age_s: float) -> None:
        """Take a probe's answer; any answer shows life, but for one."""
        if packet.code == Code.UNAUTHORIZED:
            raise TransportError("the clock lost the session, it was restarted")
        if packet.code == Code.OK:
            try:
                sizes = Sizes.decode(packet.data)
            except ProtocolError:
                return  # firmware that tells no sizes still lives
            await on_sizes(sizes, age_s)

    def _take_early(self) -> list[Packet]:
        early, self._early = self._early, []
        return early

    async def _hear(self, packet: Packet, on_event: OnEvent) -> None:
        await on_event(packet)
        # The clock may forget the event now: it is on disk.
        reply = Packet(code=Code.OK, session=self._session, number=0)
        await self._write(reply)

    async def _shake_hands(self) -> None:
        answer = await self._ask(Code.CONNECT, connecting=True)
        if answer.code == Code.CONNECT:
            raise ProtocolError(_no_clock("it sends back what it gets"))
        self._session = answer.session
        if answer.code == Code.UNAUTHORIZED:
            self.has_key = True
            key = self._address.comm_key
            answer = await self._ask(Code.AUTH, scramble_key(key, self._session))
        if answer.code == Code.UNAUTHORIZED:
            raise WrongKeyError(wrong_key(self._address.comm_key))
        if answer.code != Code.OK:
            raise RefusedError(refusal(answer.code))
        for name in _SERIAL_OPTIONS:
            answer = await self._ask(Code.OPTION_READ, name.encode() + b"\0")
            told, value = decode_option(answer.data)
            if answer.code == Code.OK and told == name and value:
                self.serial = value.replace("=", "").replace(":", "").strip()
                break
        for mask in (EventMask.ATTENDANCE | EventMask.ALARM, EventMask.ATTENDANCE):
            answer = await self._ask(Code.REGISTER, mask.to_bytes(4, "little"))
            if answer.code == Code.OK:
                return
        self.deaf = (
            f"the clock refuses to tell events (answer {answer.code}); another "
            "program may hold it, and one program at a time may listen"
        )

    async def _ask(
        self, code: Code, data: bytes = b"", *, connecting: bool = False
    ) -> Packet:
        """One request of the handshake; events that come meanwhile are kept."""
        await self._send(code, data)
        try:
            async with asyncio.timeout(self._address.timeout_s):
                answer = None
                while answer is None:
                    for packet in self._framer.feed(await self._transport.read()):
                        if packet.is_event:
                            self._early.append(packet)
                        elif answer is None and self._filter.fits(packet):
                            answer = packet
                return answer
        except TimeoutError:
            raise self._silence(connecting=connecting) from None
        except TransportError as error:
            if connecting and self._framer.last_error:
                raise ProtocolError(_no_clock(self._framer.last_error)) from error
            if connecting and not self._address.datagrams:
                raise RefusedError(
                    f"{error} when asked for a session; another program may hold it"
                ) from error
            raise

    def _silence(self, *, connecting: bool) -> DeviceError:
        seen = self._framer.last_error
        if seen or self._framer.pending:
            return ProtocolError(_no_clock(seen or "half a frame"))
        if connecting and not self._address.datagrams:
            return TransportError(
                "connected, but no answer; not a clock, or it hangs: check address "
                "and port, else switch it off and on"
            )
        return TransportError("no answer; check the power, the cable and the address")

    async def _send(self, code: Code, data: bytes = b"") -> None:
        self._number = (self._number + 1) % 0xFFFF
        self._filter.sent(self._number)
        await self._write(
            Packet(code=code, session=self._session, number=self._number, data=data)
        )

    async def _write(self, packet: Packet) -> None:
        frame = packet.encode() if self._address.datagrams else packet.encode_frame()
        await self._transport.write(frame)


def _no_clock(seen: str) -> str:
    """What to tell of something else that answers."""
    return (
        "not a clock: what answers there does not speak the clocks' protocol "
        f"({seen}); check address and port"
    )
