"""Clocks that push: they call the hall, one driver answers one serial number.

Facts: push protocol (ADMS); delivery, identity of an event and clocks.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from devices.events import EventType
from devices.kinds import DeviceKind, DeviceState
from devices.site import DeviceEntry, SiteError
from drivers.adms.clock import UNSUPPORTED_MODE, PushClock
from drivers.adms.commands import COMMANDS, run_command
from drivers.adms.door import CLOCK_MOVED
from drivers.adms.parameters import AdmsParameters
from drivers.adms.reception import Reception, expected_clocks
from drivers.adms.server import Listening, PushServer
from drivers.driver import Driver, DriverContext

log = logging.getLogger(__name__)


class AdmsDriver(Driver[AdmsParameters]):
    """One clock that pushes, known by its serial number."""

    kind = DeviceKind.CLOCK
    parameters_model = AdmsParameters
    capabilities = (EventType.ATTENDANCE_PUNCH.value, EventType.ATTENDANCE_TAMPER.value)
    commands = COMMANDS

    def __init__(self, context: DriverContext, parameters: AdmsParameters) -> None:
        super().__init__(context, parameters)
        self._news = asyncio.Event()
        self._clock = PushClock(context, parameters, told=self._news.set)
        self._silent_told = False

    @classmethod
    def check(cls, device: DeviceEntry, parameters: AdmsParameters) -> None:
        """A push clock has no URL: it calls us."""
        del parameters
        if device.url is not None:
            raise SiteError(
                ("url",),
                "a push clock has no url, it calls the hall; give its `serial`, or "
                "use driver zk for tcp://address:4370",
            )

    async def run(self) -> None:
        """See `Driver.run`."""
        server = self.context.share(PushServer, self._make_server)
        async with server.open():
            self.context.describe(serial=self.parameters.serial, server=server.place)
            reception = server.reception
            with reception.serving(self.parameters.serial, self._clock):
                await self._watch(reception, server.place)

    async def execute(self, name: str, arguments: BaseModel) -> Mapping[str, Any]:
        """See `COMMANDS`."""
        if name not in self.commands:
            return await super().execute(name, arguments)
        return await run_command(self._clock, name, arguments)

    def _make_server(self) -> PushServer:
        context = self.context
        return PushServer(
            listening=Listening.of(context.site),
            reception=Reception(
                now=context.now,
                clock_trusted=lambda: context.clock_trusted,
                expected=expected_clocks(context.site),
            ),
        )

    async def _watch(self, reception: Reception, place: str) -> None:
        """Tell the state after each call, and when calls stay away."""
        loop = asyncio.get_running_loop()
        patience_s = self.parameters.patience_s
        calls, deadline = self._clock.calls, loop.time() + patience_s
        while True:
            self._news.clear()
            if self._clock.calls != calls:
                calls, deadline = self._clock.calls, loop.time() + patience_s
            is_silent = loop.time() >= deadline
            self._tell(place, is_silent=is_silent, is_new=not calls)
            reception.report_trouble(
                CLOCK_MOVED, self.parameters.serial, self._moved_message()
            )
            try:
                async with asyncio.timeout(
                    None if is_silent else max(0.0, deadline - loop.time())
                ):
                    await self._news.wait()
            except TimeoutError:
                continue

    def _tell(self, place: str, *, is_silent: bool, is_new: bool) -> None:
        clock = self._clock
        if clock.unsupported:
            self.context.report(DeviceState.OFFLINE, UNSUPPORTED_MODE)
        elif is_silent:
            self._tell_silence(place)
        elif trouble := clock.trouble:
            self.context.report(DeviceState.DEGRADED, trouble)
        elif not is_new:
            if self._silent_told:
                log.info("%s: back", self.context.device.id)
            self._silent_told = False
            self.context.report(DeviceState.READY)

    def _tell_silence(self, place: str) -> None:
        heard = self._clock.heard
        if self._clock.door.trouble:
            reason = self._clock.door.trouble
        elif heard is None:
            reason = (
                f"has not called yet; set this machine's address as its server "
                f"({place}) in its menu, and look at its network"
            )
        else:
            reason = f"silent since {heard:%Y-%m-%d %H:%M:%S}"
        if not self._silent_told:
            log.warning("%s: %s", self.context.device.id, reason)
        self._silent_told = True
        self.context.report(DeviceState.OFFLINE, reason)

    def _moved_message(self) -> str:
        door = self._clock.door
        return door.trouble if door.moved_to else ""
