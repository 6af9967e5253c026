"""Who calls, and whether it is let in: by serial number, path, address and key."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from devices.adms.http import HttpRequest, HttpResponse
from devices.adms.requests import (
    BadRequestError,
    PushKind,
    PushRequest,
    parse_request,
)
from devices.adms.text import has_control
from devices.errors import ConfigurationError, DeviceError
from devices.site import Site
from drivers.adms.connection import plain
from drivers.adms.strangers import Alarm, Strangers

log = logging.getLogger(__name__)

PUSH_FAILED: Final = "push-failed"
"""Alarm: a mistake of ours keeps a clock from being served."""
MAX_FAILURES_LOGGED: Final = 50
_METHODS: Final = {"GET", "POST"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request of a clock as it was received."""

    request: PushRequest
    body: bytes
    source: str


class PushClockPort(Protocol):
    """A clock's driver, as the reception sees it."""

    def refusal(self, call: Call) -> str:
        """Why this call is not let in; empty when it is."""

    def note_refused(self, source: str, reason: str) -> None:
        """A request from an address was refused before it was read."""

    async def answer(self, call: Call) -> HttpResponse:
        """Do what is asked; raises whatever the journal raises."""


def no_alarm(kind: str, message: str) -> None:
    """Where nobody listens for alarms."""
    del kind, message


@dataclass(slots=True, kw_only=True)
class Reception:
    """Finds the clock of each request."""

    now: Callable[[], datetime]
    clock_trusted: Callable[[], bool]
    expected: Mapping[str, str] = field(default_factory=dict)
    """Every serial number of the hall file, and the node that serves it."""
    alarm: Alarm = no_alarm
    strangers: Strangers = field(init=False)
    _clocks: dict[str, PushClockPort] = field(default_factory=dict)
    _logged: set[str] = field(default_factory=set)
    _troubles: dict[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.strangers = Strangers(self.alarm)

    def trusted_now(self) -> datetime | None:
        """The time, when it may set a clock."""
        return self.now() if self.clock_trusted() else None

    @contextmanager
    def serving(self, serial: str, clock: PushClockPort) -> Iterator[None]:
        """Let a clock in while the block runs."""
        if serial in self._clocks:
            raise ConfigurationError(f"another device has the serial number {serial}")
        self._clocks[serial] = clock
        self.strangers.accept(serial)
        try:
            yield
        finally:
            del self._clocks[serial]

    def report_trouble(self, kind: str, serial: str, message: str) -> None:
        """Open, change or (with an empty message) close a clock's part of an alarm."""
        if self._troubles.get((kind, serial), "") == message:
            return
        if message:
            self._troubles[kind, serial] = message
        else:
            del self._troubles[kind, serial]
        told = [text for (of, _), text in self._troubles.items() if of == kind]
        self.alarm(kind, "; ".join(sorted(told)))

    def note_refused(self, source: str, reason: str) -> None:
        """Tell of a request that was refused before it was read."""
        self._log_once(f"{source}: a request is refused: {reason}")
        for clock in self._clocks.values():
            clock.note_refused(source, reason)

    def note_failed(self, who: str, error: Exception) -> None:
        """Tell once that what a clock or an address sent could not be kept.

        A mistake of ours is an alarm too, until `note_served`; other failures are
        told by the clock's driver.
        """
        is_plain = isinstance(error, DeviceError)
        if f"failed {who}" not in self._logged:
            log.error(
                "push clock %s: what it sent could not be kept: %s",
                who,
                error,
                exc_info=None if is_plain else error,
            )
        self._note(f"failed {who}")
        if not is_plain:
            self.report_trouble(PUSH_FAILED, who, f"{who} is not served: {error!r}")

    def note_served(self, who: str) -> None:
        """What a clock or an address sent was kept."""
        self._logged.discard(f"failed {who}")
        self.report_trouble(PUSH_FAILED, who, "")

    async def answer(self, http: HttpRequest, source: str) -> HttpResponse:
        """The answer to any request; never raises."""
        try:
            request = parse_request(http.method, http.target)
        except BadRequestError as error:
            self._log_once(f"{source}: a request is refused: {error}")
            return plain(400, str(error))
        if request is None:
            return plain(404, "clocks ask below /iclock")
        if http.method not in _METHODS:
            return plain(405, "GET or POST", ("Allow", "GET, POST"))
        self.strangers.forget(self.now())
        if not request.serial:
            if request.kind in {PushKind.UNKNOWN, PushKind.PING}:
                return plain(200, "OK")
            return plain(400, "SN is missing")
        return await self._answer(Call(request=request, body=http.body, source=source))

    async def _answer(self, call: Call) -> HttpResponse:
        serial = call.request.serial
        clock = self._clocks.get(serial)
        if clock is None:
            return self._absent(call)
        refusal = clock.refusal(call)
        if refusal:
            return plain(403, refusal)
        if call.request.kind is PushKind.UNKNOWN:
            self._log_once(f"{serial} asks for {call.request.endpoint[:40]!a}; OK")
        try:
            response = await clock.answer(call)
        except Exception as error:  # noqa: BLE001 - the clock keeps it, sends it again
            self.note_failed(serial, error)
            return plain(500, "not kept; send it again")
        self.note_served(serial)
        return response

    def _absent(self, call: Call) -> HttpResponse:
        serial = call.request.serial
        if serial in self.expected:
            node = self.expected[serial]
            return plain(503, f"served by node {node} soon", ("Retry-After", "10"))
        self.strangers.note(serial, call.source, self.now())
        return plain(403, "unknown serial number; wait until it is accepted")

    def _log_once(self, text: str) -> None:
        if text not in self._logged and not has_control(text):
            log.warning("%s", text)
        self._note(text)

    def _note(self, text: str) -> None:
        if len(self._logged) >= MAX_FAILURES_LOGGED:
            self._logged.clear()
        self._logged.add(text)


def expected_clocks(site: Site) -> dict[str, str]:
    """Every push clock of the hall file by serial number."""
    return {
        str(device.parameters.get("serial")): device.node
        for device in site.devices
        if device.driver == "adms"
    }
