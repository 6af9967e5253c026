"""The driver of a text display that answers: it is asked, and keeps a clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel

from devices.errors import CommandRejectedError
from drivers.displays.commands import (
    PingArguments,
    SetTimeArguments,
    ShowTestArguments,
)
from drivers.displays.keys import AskedScreenParameters
from drivers.displays.screen import ScreenDriver, now_s
from drivers.driver import DriverContext

Parameters = TypeVar("Parameters", bound=AskedScreenParameters)


class AskedScreenDriver(ScreenDriver[Parameters]):
    """One text display that can be asked whether it is there, and what time it has."""

    commands: ClassVar[Mapping[str, type[BaseModel]]] = {
        "ping": PingArguments,
        "set_time": SetTimeArguments,
        "test": ShowTestArguments,
    }

    def __init__(self, context: DriverContext, parameters: Parameters) -> None:
        super().__init__(context, parameters)
        self.probe_every_s = parameters.ping_every_s
        self.sets_clock = parameters.set_clock

    async def execute(self, name: str, arguments: BaseModel) -> Mapping[str, Any]:
        """See `Driver.execute`; knows `ping` and `set_time` too."""
        match arguments:
            case PingArguments():
                return await self.ping()
            case SetTimeArguments():
                return await self.set_time()
            case _:
                return await super().execute(name, arguments)

    async def ping(self) -> Mapping[str, Any]:
        """The command `ping`."""
        begun_s = now_s()
        told = await self.ask(lambda panel: panel.probe())
        return {"ms": round((now_s() - begun_s) * 1000, 1), **told}

    async def set_time(self) -> Mapping[str, Any]:
        """The command `set_time`."""
        if not self.context.clock_trusted:
            raise CommandRejectedError(
                "clock_doubtful",
                "the host's own clock is doubtful; synchronise or confirm it first",
            )
        now = self.context.now()
        await self.ask(lambda panel: panel.set_time(now))
        return {"time": now.isoformat(timespec="seconds")}
