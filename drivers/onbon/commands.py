"""Commands of an Onbon font card, and what they ask of it."""

from __future__ import annotations

import asyncio
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from devices.errors import DeviceError
from devices.onbon.messages import Reply, Request


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
    """A request that a command wants made between the card's own business.

    Whoever asked may leave: the request in flight is not cut off by it.
    """

    def __init__(self, request: Request) -> None:
        self.request = request
        self._reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

    @property
    def is_over(self) -> bool:
        """Whether nobody waits for it any more."""
        return self._reply.done()

    async def reply(self) -> Reply:
        """Wait for the card's answer; raises what it failed with."""
        return await self._reply

    def finish(self, reply: Reply) -> None:
        """The card answered."""
        if not self.is_over:
            self._reply.set_result(reply)

    def fail(self, error: DeviceError) -> None:
        """The card did not answer."""
        if not self.is_over:
            self._reply.set_exception(error)
