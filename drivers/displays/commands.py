"""Commands of text displays, and what they ask between a driver's own business."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from devices.errors import DeviceError


class Arguments(BaseModel):
    """Arguments of a command; a misspelt key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PingArguments(Arguments):
    """`ping`: asks the card whether it is there."""


class SetTimeArguments(Arguments):
    """`set_time`: sets the card's clock to the host's."""


class ShowTestArguments(Arguments):
    """`test`: shows a text for some seconds, then what is desired again."""

    text: Annotated[str, Field(min_length=1, max_length=500)]
    seconds: Annotated[float, Field(gt=0, le=600)] = 5.0


class Errand:
    """Something that a command wants asked between the driver's own business.

    Whoever asked may leave: the request in flight is not cut off by it.
    """

    def __init__(self, work: Callable[[Any], Awaitable[Any]]) -> None:
        self._work = work
        self._result: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    @property
    def is_over(self) -> bool:
        """Whether nobody waits for it any more."""
        return self._result.done()

    async def result(self) -> Any:
        """Wait for the answer; raises what it failed with."""
        return await self._result

    async def run(self, panel: Any) -> None:
        """Ask; raises what failed, after telling it to whoever waits."""
        try:
            result = await self._work(panel)
        except DeviceError as error:
            self.fail(error)
            raise
        if not self.is_over:
            self._result.set_result(result)

    def fail(self, error: DeviceError) -> None:
        """It will not be asked, or was not answered."""
        if not self.is_over:
            self._result.set_exception(error)
