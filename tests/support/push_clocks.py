"""A simulated push clock in memory, and the least hall that it can push to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from devices.adms.commands import (
    CommandResult,
    encode_commands,
    parse_results,
)
from devices.adms.handshake import HandshakeOptions
from devices.adms.http import HttpRequest, HttpResponse, RequestReader
from devices.adms.requests import PushKind, PushRequest, parse_request
from devices.adms.text import split_lines
from devices.errors import ProtocolError
from devices.site import DeviceEntry, Site
from simulators.adms import PushClock
from simulators.adms.settings import PushClockParameters

SERIAL = "SPECIMEN9"
START = datetime(2026, 3, 2, 0, 30, tzinfo=UTC)
"""08:30 in the hall."""


def push_clock(*, site: dict[str, Any] | None = None, **simulation: Any) -> PushClock:
    device = {
        "id": "push-1",
        "driver": "adms",
        "serial": SERIAL,
        "simulation": simulation,
    }
    body = {
        "hall": {"id": "test", "timezone": "Asia/Shanghai"},
        "devices": [device],
        **(site or {}),
    }
    hall = Site.model_validate(body)
    entry: DeviceEntry = hall.devices[0]
    parameters = PushClockParameters.model_validate(dict(entry.parameters))
    return PushClock(entry, parameters, hall)


@dataclass
class PushHall:
    """Takes everything, answers as a good server; faults are switches."""

    clock: Callable[[], datetime] = lambda: START
    zone: str = "8"
    stamps: dict[str, str] = field(default_factory=dict)
    options: bytes = b""
    """Lines that stand after those of the handshake."""
    delay_s: int = 10
    error_delay_s: int = 30
    status: int = 200
    """Of every answer."""
    acknowledge: str = "OK:{n}"
    has_date: bool = True
    closes: bool = False
    commands: list[str] = field(default_factory=list)
    """Told at the next poll; their ids are c1, c2 ..."""
    requests: list[HttpRequest] = field(default_factory=list)
    uploads: dict[str, list[bytes]] = field(default_factory=dict)
    """Lines by table, those of requests that were taken."""
    results: list[CommandResult] = field(default_factory=list)
    _ids: int = 0

    def answer(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        headers = [("Content-Type", "text/plain")]
        if self.has_date:
            headers.append(
                ("Date", format_datetime(self.clock().astimezone(UTC), usegmt=True))
            )
        if self.closes:
            headers.append(("Connection", "close"))
        ok = self.status == 200
        body = self._body(request) if ok else b"busy"
        return HttpResponse(status=self.status, headers=tuple(headers), body=body)

    def lines(self, table: str) -> list[bytes]:
        return self.uploads.get(table, [])

    def _body(self, request: HttpRequest) -> bytes:
        asked = told(request)
        match asked.kind:
            case PushKind.HANDSHAKE:
                options = HandshakeOptions(
                    serial=asked.serial,
                    timezone=self.zone,
                    stamps=self.stamps,
                    delay_s=self.delay_s,
                    error_delay_s=self.error_delay_s,
                )
                return options.encode() + self.options
            case PushKind.UPLOAD:
                lines = split_lines(request.body)
                if lines[:1] == [b"TABLE=ATTLOG"]:
                    del lines[0]
                table = asked.table or "ATTLOG"
                self.uploads.setdefault(table, []).extend(lines)
                return self.acknowledge.format(n=len(lines)).encode()
            case PushKind.POLL:
                commands = []
                for text in self.commands:
                    self._ids += 1
                    commands.append(f"C:c{self._ids}:{text}")
                self.commands.clear()
                return "\n".join(commands).encode() or encode_commands([])
            case PushKind.RESULT:
                self.results += parse_results(request.body)
        return b"OK"


def told(request: HttpRequest) -> PushRequest:
    asked = parse_request(request.method, request.target)
    if asked is None:
        raise ProtocolError(f"not the push protocol: {request.target[:80]}")
    return asked


class Wire:
    """Plays line and time between a clock and its hall; nothing waits."""

    def __init__(self, clock: PushClock, hall: PushHall | None = None) -> None:
        self.clock = clock
        self.now = START
        self.hall = hall or PushHall()
        self.hall.clock = lambda: self.now
        self.up = True
        self.mute = False
        """The hall takes requests and answers nothing."""
        self.lines = 0
        """How many were made."""
        self.session: int | None = None
        self.wake_at: datetime | None = None

    def run(self, seconds: float = 0) -> list[PushRequest]:
        """Let time pass; gives what the clock asked meanwhile."""
        until = self.now + timedelta(seconds=seconds)
        before = len(self.hall.requests)
        self._settle()
        while self.wake_at is not None and self.wake_at <= until:
            self.now = max(self.now, self.wake_at)
            self._settle()
        self.now = until
        self._settle()
        return [told(request) for request in self.hall.requests[before:]]

    def act(self, action: str, **arguments: Any) -> None:
        model = self.clock.actions[action]
        self.clock.act(action, model.model_validate(arguments), self.now)

    def _settle(self) -> None:
        for _ in range(1000):
            if not self._step():
                return
        raise AssertionError("the clock asks and asks")

    def _step(self) -> bool:
        outputs, self.wake_at = self.clock.advance(self.now)
        data = b"".join(output.data for output in outputs)
        if data:
            self._deliver(data)
            return True
        if self.session is not None and not self.clock.wants_line:
            self._end()
            return True
        if self.session is None and self.clock.wants_line:
            if not self.up:
                self.clock.unreachable("refused", self.now)
                return True
            self.lines += 1
            self.session = self.lines
            outputs = self.clock.connected(self.session, self.now)
            self._deliver(b"".join(output.data for output in outputs))
            return True
        return False

    def _deliver(self, data: bytes) -> None:
        assert self.session is not None
        for request in RequestReader().feed(data):
            if self.mute:
                self.hall.requests.append(request)
                continue
            answer = self.hall.answer(request)
            self.clock.received(self.session, answer.encode(), self.now)

    def _end(self) -> None:
        assert self.session is not None
        self.clock.disconnected(self.session)
        self.session = None

    def cut(self) -> None:
        """The line goes down."""
        if self.session is not None:
            self._end()


def booted(hall: PushHall | None = None, **simulation: Any) -> Wire:
    """A clock that has greeted and sent what it sends at boot."""
    wire = Wire(push_clock(**simulation), hall)
    wire.run()
    return wire


def kinds(requests: list[PushRequest]) -> list[str]:
    return [
        request.table.lower() if request.kind is PushKind.UPLOAD else request.kind.value
        for request in requests
    ]


def punch(wire: Wire, user_id: str = "1001", **more: Any) -> None:
    wire.act("punch", user_id=user_id, **more)


def request_line(wire: Wire, index: int = -1) -> str:
    request = wire.hall.requests[index]
    return f"{request.method} {request.target}"
