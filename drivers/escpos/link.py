"""A printer on an open line: status asked and answered, tickets sent."""

from __future__ import annotations

import asyncio
from typing import Final

from devices.errors import TransportError
from devices.escpos.status import (
    ERROR,
    Condition,
    Query,
    is_answer,
    query,
    read_condition,
)
from drivers.transports.transport import Transport

PORTION: Final = 1024
"""Bytes sent at once, so that a line that breaks is noticed on the way."""


class PrinterLink:
    """Used for one life of the connection; `listen` runs beside everything else."""

    def __init__(self, line: Transport, *, timeout_s: float) -> None:
        self._line = line
        self._timeout_s = timeout_s
        self._answers: list[int] = []
        self._arrived = asyncio.Event()
        self._ended: TransportError | None = None

    async def listen(self) -> None:
        """Take what comes, until the line ends; raises `TransportError`."""
        try:
            while True:
                data = await self._line.read()
                self._answers += [byte for byte in data if is_answer(byte)]
                self._arrived.set()
        except TransportError as error:
            self._ended = error
            raise
        finally:
            self._ended = self._ended or TransportError(f"{self._line.url}: closed")
            self._arrived.set()

    async def condition(self) -> Condition | None:
        """How the printer is; None when it says nothing.

        Asked once more before it counts as silent. Raises `TransportError`.
        """
        answers: dict[Query, int] = {}
        for number in (Query.PAPER, Query.PRINTER, Query.CAUSE):
            found = await self._ask(number)
            if found is not None:
                answers[number] = found
            elif number is not Query.PAPER and not answers:
                return None
        if answers.get(Query.CAUSE, 0) & ERROR:
            found = await self._ask(Query.ERROR)
            if found is not None:
                answers[Query.ERROR] = found
        return read_condition(answers)

    async def send(self, data: bytes, limit_s: float) -> None:
        """Send a ticket whole; raises `TransportError` when it breaks off."""
        try:
            async with asyncio.timeout(limit_s):
                for start in range(0, len(data), PORTION):
                    await self._line.write(data[start : start + PORTION])
        except TimeoutError as error:
            raise TransportError(
                f"{self._line.url}: the printer did not take the ticket within "
                f"{limit_s:g} s; look whether it has paper and is online"
            ) from error

    async def rest(self, seconds: float) -> None:
        """Wait; raises `TransportError` when the line ends meanwhile."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            self._raise_if_ended()
            self._arrived.clear()
            try:
                async with asyncio.timeout_at(deadline):
                    await self._arrived.wait()
            except TimeoutError:
                self._raise_if_ended()
                return

    async def _ask(self, number: Query) -> int | None:
        """The answer; None when none came in time."""
        self._raise_if_ended()
        self._answers.clear()
        await self._line.write(query(number))
        try:
            async with asyncio.timeout(self._timeout_s):
                while not self._answers:
                    self._raise_if_ended()
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            return None
        return self._answers[-1]

    def _raise_if_ended(self) -> None:
        if self._ended is not None:
            raise TransportError(str(self._ended)) from self._ended
