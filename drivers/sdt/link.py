"""Question and answer with a resident ID card reader, over any transport."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from devices.errors import CommandTimeoutError, DeviceError, FrameError
from devices.sdt.codes import SUCCESS, SdtError, Sw3
from devices.sdt.frames import (
    SAM_ID_SIZE,
    Answer,
    AnswerFramer,
    Command,
    request,
)
from drivers.transports.transport import Transport

log = logging.getLogger(__name__)

BYTE_GAP_S: Final = 0.5
"""Longest silence within one answer; serial servers send in portions."""
OVERTIME_S: Final = 5.0
"""How far an answer that began in time may run over: 1295 bytes at 9600 baud take
1.4 s, and noise must not hold a question for ever."""
HEADER_SIZE: Final = 7

_LINE_CODES: Final = {Sw3.CHECKSUM, Sw3.LENGTH}


class SdtLink:
    """One question at a time; used for one life of the connection.

    Answers that cannot be to the question (late ones) are passed over and
    wiped. Nothing that is logged holds a byte of an answer's data.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        timeout_s: float,
        read_timeout_s: float,
    ) -> None:
        self._transport = transport
        self._timeout_s = timeout_s
        self._read_timeout_s = read_timeout_s
        self._framer = AnswerFramer()
        self._loop = asyncio.get_running_loop()
        self.late_answers = 0
        """Answers that came after their question was given up."""

    @property
    def skipped_bytes(self) -> int:
        """Bytes that belonged to no answer."""
        return self._framer.skipped_bytes

    @property
    def bad_checksums(self) -> int:
        """Answers damaged on the way."""
        return self._framer.bad_checksums

    async def ask(
        self, command: Command, data: bytes = b"", *, patience: float = 1.0
    ) -> Answer:
        """Ask and give the answer, whatever its code; once more if damaged.

        `patience` stretches the time limit. Raises `CommandTimeoutError`,
        `FrameError` when the answer was damaged again, `TransportError`.
        """
        damage: DeviceError
        try:
            found = await self._exchange(command, data, patience)
            if found.sw3 not in _LINE_CODES:
                return found
            damage = SdtError(found.sw)
        except FrameError as error:
            damage = error
        log.debug("%s: %s; asked again", command.name, damage)
        found = await self._exchange(command, data, patience)
        if command is Command.READ_TEXT and not found.is_success:
            # Content is given twice by some readers only: the damage is to blame.
            raise damage
        return found

    async def demand(
        self, command: Command, data: bytes = b"", *, patience: float = 1.0
    ) -> Answer:
        """As `ask`, but raises `SdtError` for a code that is no success."""
        found = await self.ask(command, data, patience=patience)
        found.raise_for_code()
        return found

    async def _exchange(self, command: Command, data: bytes, patience: float) -> Answer:
        self._transport.discard_input()
        damaged = self._framer.bad_checksums
        log.debug("-> %s", command.name)
        await self._transport.write(request(command, data).encode())
        limit_s = self._limit_s(command) * patience
        deadline = self._loop.time() + limit_s
        try:
            while True:
                data_in = await self._receive(command, deadline)
                found = self._pick(command, self._framer.feed(data_in))
                if found is not None:
                    log.debug("<- %s", found)
                    return found
                if self._framer.bad_checksums > damaged:
                    raise FrameError(
                        f"the answer to {command.name} had a bad checksum; "
                        "check the cable and the baud rate"
                    )
        finally:
            self._framer.reset()

    def _pick(self, command: Command, answers: list[Answer]) -> Answer | None:
        """The first answer that fits; the others are wiped."""
        picked = None
        for found in answers:
            if picked is None and _fits(command, found):
                picked = found
            else:
                found.wipe()
                self.late_answers += 1
        return picked

    async def _receive(self, command: Command, deadline: float) -> bytes:
        """The next bytes; raises when the time for them is over."""
        while True:
            left_s = deadline - self._loop.time()
            if self._framer.pending and left_s > -OVERTIME_S:
                left_s = BYTE_GAP_S
            if left_s <= 0:
                raise CommandTimeoutError(
                    f"the reader gave no answer to {command.name} in time; check its "
                    "power, the cable and the baud rate (most use 115200)"
                )
            try:
                return await self._transport.read(left_s)
            except TimeoutError:
                half = self._framer.pending
                self._framer.reset()
                if half >= HEADER_SIZE:
                    raise FrameError(
                        f"the answer to {command.name} broke off; "
                        "check the cable and the baud rate"
                    ) from None

    def _limit_s(self, command: Command) -> float:
        if command in {Command.READ_TEXT, Command.RESET_SAM}:
            return self._read_timeout_s
        return self._timeout_s


def _fits(command: Command, found: Answer) -> bool:
    """Whether this can be the answer to that, and not a late one to another."""
    if found.sw3 not in SUCCESS:
        return True
    size = len(found.data)
    match command:
        case Command.FIND:
            return found.sw3 == Sw3.FOUND
        case Command.SELECT:
            return found.sw3 == Sw3.OK and 0 < size < SAM_ID_SIZE
        case Command.SAM_ID:
            return found.sw3 == Sw3.OK and size == SAM_ID_SIZE
        case Command.READ_TEXT:
            return found.sw3 == Sw3.OK and size > SAM_ID_SIZE
        case _:
            return found.sw3 == Sw3.OK and size == 0
