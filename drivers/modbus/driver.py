"""Digit tubes on one line: each converges to the number that it shall show."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any, ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field

from bus.backoff import Backoff
from devices.errors import CommandRejectedError, CommandTimeoutError, DeviceError
from devices.kinds import DeviceKind, DeviceState
from devices.modbus.rtu import Frame, ReplyFramer, confirmation, explain
from devices.modbus.site import Style, TubeKeys
from devices.modbus.tubes import BLANK, TONGUES, Armfly, Telling, Tongue
from devices.site import DeviceEntry, SiteError
from drivers.driver import Driver, DriverContext, DriverParameters
from drivers.modbus.board import Board, Standing
from drivers.transports.transport import Transport

LOOK_AGAIN_S: Final = 30.0
"""A `valid_until` is looked at so often: the hall's clock may be set."""


class TubeParameters(TubeKeys, DriverParameters):
    """The line's own keys of the hall file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reply_timeout_s: Annotated[float, Field(gt=0, le=60)] = 0.5
    frame_gap_ms: Annotated[float, Field(ge=0, le=1000)] = 20
    """Silence between two frames; RTU wants 3.5 characters, 4 ms at 9600 baud."""
    rewrite_every_s: Annotated[float, Field(ge=0, le=86_400)] = 60
    """Tells the same number again, for a tube may have lost its power; 0 never."""


class ShowNumber(BaseModel):
    """Show a text on one tube until something new is desired of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: Annotated[int, Field(ge=1, le=247)]
    text: Annotated[str, Field(max_length=8)]


class TubeDriver(Driver[TubeParameters]):
    """All digit tubes of one line, by Modbus RTU or a plainer protocol.

    Tubes that answer are asked to confirm each number; those that do not are
    told again at intervals. A tube that fails does not hold up the others.
    """

    kind = DeviceKind.DISPLAY
    parameters_model = TubeParameters
    capabilities = ("digits",)
    commands: ClassVar[Mapping[str, type[BaseModel]]] = {"test": ShowNumber}

    def __init__(self, context: DriverContext, parameters: TubeParameters) -> None:
        super().__init__(context, parameters)
        self._board = Board(
            tubes=parameters.units,
            digits=parameters.digits,
            style=parameters.style,
            rewrite_every_s=parameters.rewrite_every_s,
            backoff=lambda: Backoff(random.random, first_s=2.0),
        )
        self._wake = asyncio.Event()
        self._link: TubeLink | None = None
        self._rev: int | None = None
        self._tests: dict[int, asyncio.Future[None]] = {}

    @classmethod
    def check(cls, device: DeviceEntry, parameters: TubeParameters) -> None:
        """Want a url, each address once, and letters only where there are some."""
        if device.url is None or device.url.startswith("udp:"):
            raise SiteError(
                ("url",),
                "digit tubes want a url: serial:/dev/…?baudrate=9600 or "
                "tcp://host:port of a serial server (RTU over TCP)",
            )
        parameters.check_units()
        if parameters.style is Style.TEXT and TONGUES[parameters.profile].numbers_only:
            raise SiteError(("style",), f"{parameters.profile} tubes show numbers only")

    async def run(self) -> None:
        """See `Driver.run`. A line on which nothing is to be shown is a good line."""
        url = self.context.device.url or ""
        async with await self.context.connect(url) as transport:
            link = TubeLink(transport, self.parameters)
            self._board.connected()
            self._link = link
            self.context.describe(
                model=self.parameters.profile.value, confirms=link.tongue.answers
            )
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(link.listen())
                    tasks.create_task(self._watch_desired())
                    await self._serve(link)
            except ExceptionGroup as group:
                raise _cause(group) from group
            finally:
                self._link = None
                self._fail_tests()

    async def execute(self, name: str, arguments: BaseModel) -> Mapping[str, Any]:
        """See `Driver.execute`."""
        if not isinstance(arguments, ShowNumber):
            return await super().execute(name, arguments)
        if self._link is None:
            raise CommandRejectedError("offline", "the line is not open")
        standing = self._standing(arguments.address)
        newer = CommandRejectedError("replaced", "another test came")
        self._end_test(arguments.address, newer)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tests[arguments.address] = done
        standing.want(arguments.text)
        standing.shown = None
        standing.due_s = 0.0
        self._wake.set()
        await done
        return {"address": arguments.address, "text": arguments.text}

    def _standing(self, address: int) -> Standing:
        for standing in self._board.standings:
            if standing.tube.address == address:
                return standing
        raise CommandRejectedError("unknown_unit", f"no unit {address} in the entry")

    async def _watch_desired(self) -> None:
        known: int | None = None
        while True:
            known = (await self.context.desired_changed(known)).rev
            self._wake.set()

    async def _serve(self, link: TubeLink) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._wake.clear()
            self._take_desired()
            now_s = loop.time()
            standing = self._board.next(now_s)
            if standing is not None:
                await self._tell(link, standing)
                continue
            self._report()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._sleep_s(now_s)):
                    await self._wake.wait()

    def _take_desired(self) -> None:
        """A test stays until a new revision, or the end of the present one."""
        desired = self.context.desired
        if desired is None:
            return
        now = self.context.now()
        is_over = desired.valid_until is not None and now >= desired.valid_until
        if desired.rev != self._rev or is_over:
            self._rev = desired.rev
            self._board.want(desired, now)

    def _sleep_s(self, now_s: float) -> float:
        sleep_s = min(self._board.wait_s(now_s), LOOK_AGAIN_S)
        desired = self.context.desired
        if desired is not None and desired.valid_until is not None:
            left_s = (desired.valid_until - self.context.now()).total_seconds()
            if left_s > 0:
                sleep_s = min(sleep_s, left_s)
        return sleep_s

    async def _tell(self, link: TubeLink, standing: Standing) -> None:
        text = standing.wanted or ""
        address = standing.tube.address
        loop = asyncio.get_running_loop()
        try:
            await link.tell(Telling(unit=address, text=text))
        except (CommandTimeoutError, CommandRejectedError) as error:
            silent = isinstance(error, CommandTimeoutError)
            standing.failed(str(error), loop.time(), silent=silent)
            self._end_test(address, error)
            if self._board.is_silent:
                raise CommandTimeoutError(
                    f"{self.context.device.url}: no unit answers; check power, wires, "
                    "baud rate, addresses and profile"
                ) from error
            return
        changed = standing.shown != text
        standing.told(text, loop.time(), self.parameters.rewrite_every_s)
        self._report()
        if changed:
            self.context.show(self._board.value())
        self._end_test(address)

    def _end_test(self, address: int, error: DeviceError | None = None) -> None:
        test = self._tests.pop(address, None)
        if test is None or test.done():
            return
        if error is None:
            test.set_result(None)
        else:
            test.set_exception(error)

    def _report(self) -> None:
        faults = list(self._board.faults())
        state = DeviceState.DEGRADED if faults else DeviceState.READY
        self.context.report(state, "; ".join(faults))

    def _fail_tests(self) -> None:
        for address in list(self._tests):
            lost = CommandRejectedError("offline", "the line was lost")
            self._end_test(address, lost)


class TubeLink:
    """One open line of tubes; `listen` runs beside every `tell`."""

    def __init__(self, transport: Transport, parameters: TubeParameters) -> None:
        self.tongue: Tongue = TONGUES[parameters.profile]
        self._transport = transport
        self._parameters = parameters
        self._framer = ReplyFramer()
        self._textless: set[int] = set()
        """Units that take values only."""
        self._asked: Frame | None = None
        self._waiting: asyncio.Future[Frame] | None = None

    async def listen(self) -> None:
        """Take what the tubes say, until the transport breaks."""
        while True:
            for frame in self._framer.feed(await self._transport.read()):
                waiting, asked = self._waiting, self._asked
                if waiting is None or waiting.done() or asked is None:
                    continue
                same = (frame.unit, frame.function & 0x7F) == (
                    asked.unit,
                    asked.function,
                )
                if same and (frame.refusal is not None or frame == confirmation(asked)):
                    waiting.set_result(frame)

    async def tell(self, telling: Telling) -> None:
        """Show a text on a tube, and wait for its answer where there is one.

        Raises `CommandTimeoutError` and `CommandRejectedError` as the end of
        "unit 1 ...", or `TransportError`.
        """
        digits = self._parameters.digits
        if isinstance(self.tongue, Armfly):
            await self._tell_armfly(self.tongue, telling)
        else:
            await self._transport.write(self.tongue.tell(telling, digits))
        await asyncio.sleep(self._parameters.frame_gap_ms / 1000)

    async def _tell_armfly(self, tongue: Armfly, telling: Telling) -> None:
        """Dark is 0 on tubes that know no texts, which is found out once."""
        digits = self._parameters.digits
        zero = tongue.frame(Telling(unit=telling.unit, text="0"), digits)
        if telling.text == BLANK and telling.unit in self._textless:
            await self._ask(zero)
            return
        try:
            await self._ask(tongue.frame(telling, digits))
        except (CommandTimeoutError, CommandRejectedError):
            if telling.text != BLANK:
                raise
            await self._ask(zero)
            self._textless.add(telling.unit)

    async def _ask(self, request: Frame) -> None:
        timeout_s = self._parameters.reply_timeout_s
        self._transport.discard_input()
        self._framer.reset()
        self._asked = request
        self._waiting = asyncio.get_running_loop().create_future()
        try:
            await self._transport.write(request.encode())
            async with asyncio.timeout(timeout_s):
                reply = await self._waiting
        except TimeoutError as error:
            raise CommandTimeoutError(
                f"does not answer in {timeout_s:g} s; check its power and address"
            ) from error
        finally:
            self._waiting = None
        if reply.refusal is not None:
            raise CommandRejectedError("refused", explain(reply.refusal))


def _cause(group: ExceptionGroup[Exception]) -> Exception:
    """The one error to tell: a bug before what the line did."""
    errors: list[Exception] = []
    for error in group.exceptions:
        errors.append(_cause(error) if isinstance(error, ExceptionGroup) else error)
    bugs = [error for error in errors if not isinstance(error, DeviceError)]
    return (bugs or errors)[0]
