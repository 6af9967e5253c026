"""Live connection and command sessions side by side, or in turns.

Some clocks refuse a second session while one is live, others drop the live one
for it. Either is found out, and then the live connection gives way.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from devices.errors import TransportError
from drivers.driver import DriverContext
from drivers.zk.client import RefusedError
from drivers.zk.live import LiveConnection, OnEvent, OnSizes
from drivers.zk.session import ClockAddress, ClockSession

log = logging.getLogger(__name__)

PATIENCE_S: Final = (0.1, 0.4, 1.0)
"""A clock needs a moment to see that the session before has ended."""
KICKS: Final = 2
"""Live connections lost to a command session until it is no coincidence."""


class ClockGate:
    """Every connection to one clock goes through here."""

    def __init__(self, context: DriverContext, address: ClockAddress) -> None:
        self.address = address
        self.live: LiveConnection | None = None
        self.one_at_a_time = False
        """Whether the clock serves one session only."""
        self._context = context
        self._turn = asyncio.Lock()
        self._kicks = 0

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[LiveConnection]:
        """A live connection, registered unless it is deaf."""
        if self.one_at_a_time:
            async with self._turn:
                live = await self._register_patiently()
        else:
            live = await self._register()
        self.live = live
        try:
            yield live
        finally:
            self.live = None
            await live.close()

    async def serve(
        self,
        live: LiveConnection,
        on_event: OnEvent,
        on_sizes: OnSizes,
        *,
        probe_s: float,
    ) -> bool:
        """Hear events until the connection gives way to a session.

        False when it was torn away instead, so that something may be missed.
        """
        try:
            await live.serve(on_event, on_sizes, probe_s=probe_s)
        except TransportError:
            if live.ended:
                return True
            if not self._turn.locked():
                raise
            self._kicks += 1
            if self._kicks < KICKS:
                raise
            if not self.one_at_a_time:
                self._tell_turns("it drops the live connection for a command")
            self.one_at_a_time = True
            return False
        return True

    @asynccontextmanager
    async def session(self) -> AsyncIterator[ClockSession]:
        """The only command session there is at a time."""
        async with self._turn:
            live = self.live
            async with await self._open() as session:
                yield session
            if live is not None and live is self.live and not live.ended:
                self._kicks = 0

    async def _open(self) -> ClockSession:
        if self.one_at_a_time and self.live is not None:
            await self.live.close()
            return await self._open_patiently()
        try:
            return await ClockSession.open(self.address)
        except RefusedError:
            if self.live is None:
                raise
        # In turns from here, so that the live connection does not come back first.
        self.one_at_a_time = True
        try:
            await self.live.close()
            session = await self._open_patiently()
        except BaseException:
            self.one_at_a_time = False
            raise
        self._tell_turns("it refuses a command session beside the live connection")
        return session

    async def _open_patiently(self) -> ClockSession:
        for wait_s in PATIENCE_S:
            try:
                return await ClockSession.open(self.address)
            except RefusedError:
                await asyncio.sleep(wait_s)
        return await ClockSession.open(self.address)

    async def _register_patiently(self) -> LiveConnection:
        for wait_s in PATIENCE_S:
            with suppress(RefusedError, TransportError):
                live = await self._register()
                if not live.deaf:
                    return live
                await live.close()
            await asyncio.sleep(wait_s)
        return await self._register()

    async def _register(self) -> LiveConnection:
        address = self.address
        transport = await self._context.connect(
            address.url, timeout_s=address.timeout_s
        )
        return await LiveConnection.open(transport, address)

    def _tell_turns(self, why: str) -> None:
        log.info("%s: %s; from now on in turns", self._context.device.id, why)
