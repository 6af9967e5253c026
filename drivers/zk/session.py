"""One command session with a clock: pyzk in worker threads, never on the loop."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self, TypeVar

from zk.exception import ZKErrorConnection, ZKErrorResponse, ZKNetworkError

from bus.threads import in_daemon_thread
from devices.errors import (
    DeviceError,
    ProtocolError,
    TransportError,
)
from devices.zk.packets import Code
from devices.zk.templates import FingerTemplate, decode_templates
from devices.zk.users import UserTable, decode_user_table
from devices.zk.values import Sizes
from drivers.transports.sockets import SocketAddress, plain_words
from drivers.zk.client import ClockClient, RefusedError
from drivers.zk.line import CheckedLine

Result = TypeVar("Result")

CLOSE_TIMEOUT_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockAddress:
    """Where a clock is and how to speak to it."""

    url: str
    comm_key: int = 0
    timeout_s: float = 5.0
    strict: bool = True

    @property
    def datagrams(self) -> bool:
        """Whether it is spoken to by UDP."""
        return self.url.startswith("udp:")


class ClockSession:
    """An open session, used once: any failure ends it for good.

    `async with await ClockSession.open(address)`. Raises `TransportError` when
    the line fails, `ProtocolError` when the answers make no sense.
    """

    def __init__(self, address: ClockAddress, line: CheckedLine) -> None:
        self._address = address
        self._line = line
        self._client = ClockClient(
            line, comm_key=address.comm_key, timeout_s=address.timeout_s
        )

    @classmethod
    async def open(cls, address: ClockAddress) -> ClockSession:
        """Connect; raises `RefusedError` where another session may be the reason.

        `WrongKeyError` when the comm key is wrong.
        """
        try:
            line = await _dial(address)
            session = cls(address, line)
            try:
                await session.call(session._client.connect)
            except BaseException:
                line.abort()
                raise
        except (TransportError, ProtocolError) as error:
            raise RefusedError(str(error)) from error
        return session

    async def __aenter__(self) -> Self:
        """The session itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the session, politely when it still works."""
        try:
            if not self._line.is_over:
                with suppress(DeviceError, TimeoutError):
                    async with asyncio.timeout(CLOSE_TIMEOUT_S):
                        await self.call(self._client.disconnect)
        finally:
            self._line.abort()

    @property
    def is_over(self) -> bool:
        """Whether a failure ended it."""
        return self._line.is_over

    async def serial(self) -> str:
        """Serial number or MAC address; empty when the clock tells neither."""
        return await self.call(self._client.serial)

    async def description(self) -> dict[str, str]:
        """Firmware, platform, model."""
        return await self.call(self._client.description)

    async def sizes(self) -> Sizes | None:
        """What it holds and has room for; None when it does not tell."""
        return await self.call(self._client.sizes)

    async def time(self) -> datetime | None:
        """Its time, naive; None when it tells none."""
        return await self.call(self._client.time)

    async def set_time(self, time: datetime) -> bool:
        """Set its time (naive); whether it took it."""
        return await self.call(lambda: self._client.set_time(time))

    async def option(self, name: str) -> str:
        """One of its settings; empty when it has none of that name."""
        return await self.call(lambda: self._client.option(name))

    async def users(self, sizes: Sizes | None, encoding: str | None) -> UserTable:
        """Its user list."""
        if sizes is not None and not sizes.users:
            return UserTable()
        blob = await self.call(self._client.users)
        return decode_user_table(
            blob, expected=sizes.users if sizes else None, encoding=encoding
        )

    async def log(self, rows: int) -> bytes:
        """Its whole raw log; `rows` stretches the time limit."""
        return await self.call(lambda: self._client.log(rows))

    async def operations(self, rows: int) -> bytes | None:
        """Its raw operator log; None when it does not give it."""
        return await self.call(lambda: self._client.operations(rows))

    async def templates(self, fingers: int) -> Sequence[FingerTemplate] | None:
        """Everybody's finger templates; None when it does not give them."""
        blob = await self.call(lambda: self._client.templates(fingers))
        return None if blob is None else decode_templates(blob)

    async def change(self, code: Code, data: bytes) -> None:
        """A command that changes what it keeps; `ProtocolError` when refused."""
        await self.call(lambda: self._client.change(code, data))

    async def upload(self, data: bytes) -> None:
        """People and fingers; raises `ProtocolError` when refused."""
        await self.call(lambda: self._client.upload(data))

    async def call(self, work: Callable[[], Result]) -> Result:
        """Run one step in a worker thread; a failure or cancellation ends all."""

        def body() -> Result:
            with self._line:
                return work()

        try:
            return await in_daemon_thread(body, name="zk")
        except BaseException as error:
            trouble = self._line.trouble
            self._line.abort()
            if (told := _translated(error, trouble)) is not None:
                raise told from error
            raise


async def _dial(address: ClockAddress) -> CheckedLine:
    """A connected socket; raises `TransportError` in plain words."""
    url = address.url
    kind = socket.SOCK_DGRAM if address.datagrams else socket.SOCK_STREAM
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(address.timeout_s):
            found = await SocketAddress.parse(url).resolve(url, kind)
            family, kind_found, protocol, _, target = found[0]
            sock = socket.socket(family, kind_found, protocol)
            try:
                sock.settimeout(0)
                if not address.datagrams:
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                await loop.sock_connect(sock, target)
            except BaseException:
                sock.close()
                raise
    except TimeoutError as error:
        raise TransportError(
            f"{url}: no answer in {address.timeout_s:g} s; check the power, the cable "
            "and the address"
        ) from error
    except OSError as error:
        raise TransportError(f"{url}: {plain_words(error)}") from error
    return CheckedLine(sock, datagrams=address.datagrams, strict=address.strict)


def _translated(error: BaseException, trouble: str) -> DeviceError | None:
    """Our error for one of pyzk's or the socket's; None to leave it as it is."""
    match error:
        case DeviceError():
            return None
        case ZKNetworkError() | ZKErrorConnection() | OSError():
            # pyzk wraps what happened; the socket's own error says more.
            real = error if isinstance(error, OSError) else error.__context__
            words = plain_words(real) if isinstance(real, OSError) else str(error)
            seen = f" (what came was no packet: {trouble})" if trouble else ""
            return TransportError(f"{words or 'no answer'}{seen}")
        case ZKErrorResponse():
            return ProtocolError(f"the clock refuses: {error}")
        case struct.error() | ValueError() | TypeError() | IndexError() | KeyError():
            # pyzk unpacks what comes without a look at its length.
            return ProtocolError(f"the clock's answer makes no sense: {error}")
        case _:
            return None
