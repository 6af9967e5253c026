"""Running one driver in a test, on real transports, without a node."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from devices.commands import Desired
from devices.errors import ConfigurationError, DeviceError
from devices.events import DeviceEvent
from devices.kinds import DeviceState
from devices.site import DeviceEntry, HallInfo, Site
from drivers.driver import Driver, Shared
from drivers.node.subjects import subject_ref
from drivers.node.supervisor import plain_error
from drivers.transports import Transport, open_transport

SUBJECT_KEY = b"the key of tests, no secret"
RETRY_S = 0.01


class SettableClock:
    """A clock that a test moves."""

    def __init__(self, start: datetime) -> None:
        self.time = start

    def __call__(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Emitted:
    """One call of `emit`."""

    events: Sequence[DeviceEvent]
    bulk: bool
    remembered: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Covered:
    """One call of `covered`."""

    until: datetime | None
    serial: str
    suspect: str
    how: str


@dataclass(slots=True)
class _Watch:
    holds: Callable[[], bool]
    future: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class RecordingContext:
    """A `DriverContext` that keeps everything a driver tells.

    `emit_error` makes the next emits fail; `hold_emits()` keeps them waiting
    until `release_emits()`, as a slow disk does: what the device was told
    before then was told too early.
    """

    def __init__(
        self,
        entry: DeviceEntry,
        site: Site | None = None,
        *,
        clock: Callable[[], datetime] | None = None,
        clock_trusted: bool = True,
        remembered: Mapping[str, Any] | None = None,
        shared: dict[type, Any] | None = None,
    ) -> None:
        self._device = entry
        self._site = site or Site(hall=HallInfo(id="test"), devices=[entry])
        self._clock = clock or self._real_clock
        self._trusted = clock_trusted
        self.remembered: dict[str, Any] = dict(remembered or {})
        self.shared: dict[type, Any] = {} if shared is None else shared
        self.events: list[DeviceEvent] = []
        self.emitted: list[Emitted] = []
        self.emitting = 0
        """Emits that are under way now (held ones)."""
        self.emit_error: Exception | None = None
        self.states: list[tuple[DeviceState, str]] = []
        self.info: dict[str, Any] = {}
        self.values: list[Mapping[str, Any]] = []
        self.coverages: list[Covered] = []
        self.cards: list[Mapping[str, Any]] = []
        self._desired: Desired | None = None
        self._desired_told = asyncio.Event()
        self._may_emit = asyncio.Event()
        self._may_emit.set()
        self._watches: list[_Watch] = []

    # What a driver sees.

    @property
    def device(self) -> DeviceEntry:
        return self._device

    @property
    def site(self) -> Site:
        return self._site

    @property
    def clock_trusted(self) -> bool:
        return self._trusted

    @clock_trusted.setter
    def clock_trusted(self, trusted: bool) -> None:
        self._trusted = trusted

    def now(self) -> datetime:
        return self._clock()

    async def emit(
        self,
        events: Sequence[DeviceEvent],
        *,
        bulk: bool = False,
        remember: Mapping[str, Any] | None = None,
    ) -> None:
        self.emitting += 1
        self._tell()
        try:
            await self._may_emit.wait()
        finally:
            self.emitting -= 1
        if self.emit_error is not None:
            raise self.emit_error
        self.events.extend(events)
        self.emitted.append(Emitted(tuple(events), bulk, dict(remember or {})))
        self.remembered.update(remember or {})
        self._tell()

    def recall(self, key: str) -> Any:
        return self.remembered.get(key)

    async def remember(self, values: Mapping[str, Any]) -> None:
        self.remembered.update(values)
        self._tell()

    def report(self, state: DeviceState, reason: str = "") -> None:
        if not self.states or self.states[-1] != (state, reason):
            self.states.append((state, reason))
            self._tell()

    def describe(self, **info: Any) -> None:
        self.info.update(info)
        self._tell()

    def show(self, value: Mapping[str, Any]) -> None:
        self.values.append(dict(value))
        self._tell()

    def covered(
        self,
        until: datetime | None,
        *,
        serial: str = "",
        suspect: str = "",
        how: str = "log",
    ) -> None:
        self.coverages.append(Covered(until, serial, suspect, how))
        self._tell()

    def subject_ref(self, kind: str, identifier: str) -> str:
        return subject_ref(SUBJECT_KEY, kind, identifier)

    def publish_card(self, fields: Mapping[str, Any]) -> None:
        self.cards.append(dict(fields))
        self._tell()

    def share(self, kind: type[Shared], make: Callable[[], Shared]) -> Shared:
        found: Shared = self.shared.setdefault(kind, None) or make()
        self.shared[kind] = found
        return found

    @property
    def desired(self) -> Desired | None:
        return self._desired

    async def desired_changed(self, known_rev: int | None) -> Desired:
        while self._desired is None or self._desired.rev == known_rev:
            self._desired_told.clear()
            await self._desired_told.wait()
        return self._desired

    async def connect(self, url: str, *, timeout_s: float = 5.0) -> Transport:
        return await open_transport(url, timeout_s=timeout_s)

    # What a test does and waits for.

    @property
    def state(self) -> DeviceState | None:
        return self.states[-1][0] if self.states else None

    @property
    def reason(self) -> str:
        return self.states[-1][1] if self.states else ""

    @property
    def value(self) -> Mapping[str, Any] | None:
        return self.values[-1] if self.values else None

    @property
    def coverage(self) -> Covered | None:
        return self.coverages[-1] if self.coverages else None

    def hold_emits(self) -> None:
        self._may_emit.clear()

    def release_emits(self) -> None:
        self._may_emit.set()

    def set_desired(
        self,
        content: Mapping[str, Any],
        *,
        idle: str = "",
        valid_until: datetime | None = None,
        rev: int | None = None,
    ) -> Desired:
        """Tell what the display shall show; `rev` counts by itself."""
        last = self._desired.rev if self._desired else 0
        self._desired = Desired(
            rev=last + 1 if rev is None else rev,
            at=self.now(),
            content=content,
            idle=idle,
            valid_until=valid_until,
        )
        self._desired_told.set()
        return self._desired

    async def wait(self, holds: Callable[[], bool]) -> None:
        """Wait until `holds()`; judged at once and after everything told."""
        if holds():
            return
        watch = _Watch(holds)
        self._watches.append(watch)
        try:
            await watch.future
        finally:
            self._watches.remove(watch)

    async def wait_event(self, count: int = 1) -> list[DeviceEvent]:
        """Wait for `count` events in all; gives all there are."""
        await self.wait(lambda: len(self.events) >= count)
        return self.events

    async def wait_state(self, state: DeviceState) -> str:
        """Wait until the device is in `state`; gives the reason told with it."""
        await self.wait(lambda: self.state is state)
        return self.reason

    async def wait_value(
        self, holds: Callable[[Mapping[str, Any]], bool]
    ) -> Mapping[str, Any]:
        """Wait for a shown value that fits."""
        await self.wait(lambda: self.value is not None and holds(self.value))
        assert self.value is not None
        return self.value

    def fail(self, error: BaseException) -> None:
        """End every wait with `error`: the driver has a bug."""
        for watch in self._watches:
            if not watch.future.done():
                watch.future.set_exception(error)

    def _tell(self) -> None:
        for watch in self._watches:
            if not watch.future.done() and watch.holds():
                watch.future.set_result(None)

    def _real_clock(self) -> datetime:
        return datetime.fromtimestamp(time.time(), self._site.hall.zone)


@dataclass(slots=True)
class Driving:
    """A driver under way."""

    driver: Driver[Any]
    lives: int = 0
    """How often `run` was called."""
    errors: list[DeviceError] = field(default_factory=list)
    """What ended the lives."""

    async def execute(self, name: str, /, **args: Any) -> Mapping[str, Any]:
        """Run a command with validated arguments, as the node does."""
        model = type(self.driver).commands[name]
        return await self.driver.execute(name, model.model_validate(args))


@asynccontextmanager
async def driving(
    driver_class: type[Driver[Any]],
    entry: DeviceEntry,
    context: RecordingContext,
    *,
    retry_s: float = RETRY_S,
) -> AsyncIterator[Driving]:
    """Run a driver as the supervisor does, until the block ends.

    A `DeviceError` makes the device OFFLINE and the next life begins after
    `retry_s`; `ConfigurationError` makes it LOCKED. Any other error is a bug:
    it ends every wait of the context and is raised here.
    """
    parameters = driver_class.parameters_model.model_validate(dict(entry.parameters))
    driver_class.check(entry, parameters)
    under_way = Driving(driver_class(context, parameters))
    task = asyncio.create_task(_live(under_way, context, retry_s))
    try:
        yield under_way
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _live(under_way: Driving, context: RecordingContext, retry_s: float) -> None:
    context.report(DeviceState.INIT)
    while True:
        under_way.lives += 1
        try:
            await under_way.driver.run()
        except Exception as caught:
            error = plain_error(caught)
            if not isinstance(error, DeviceError):
                context.fail(error)
                raise
            under_way.errors.append(error)
            if isinstance(error, ConfigurationError):
                context.report(DeviceState.LOCKED, str(error))
                return
            context.report(DeviceState.OFFLINE, str(error))
        else:
            context.report(DeviceState.OFFLINE, "the device ended the connection")
        await asyncio.sleep(retry_s)
