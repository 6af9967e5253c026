"""What one push clock asks, and what it is answered."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any, Final, TypeVar

from bus.threads import in_daemon_thread
from devices.adms.attlog import BadLine, named_table, parse_attlog
from devices.adms.commands import encode_commands, parse_results
from devices.adms.handshake import (
    STAMPED,
    HandshakeOptions,
    agreed_version,
    timezone_text,
)
from devices.adms.http import HttpResponse
from devices.adms.operlog import Operation, PushUser, parse_operlog, parse_people
from devices.adms.options import parse_info, parse_options
from devices.adms.requests import PushKind
from devices.adms.text import split_lines
from drivers.adms.audit import Audit
from drivers.adms.connection import plain, plain_bytes
from drivers.adms.door import Door
from drivers.adms.ledger import PushLedger
from drivers.adms.parameters import AdmsParameters
from drivers.adms.people import People
from drivers.adms.queue import CommandQueue
from drivers.adms.reception import Call
from drivers.driver import DriverContext

log = logging.getLogger(__name__)

Read = TypeVar("Read")

LARGE_BODY: Final = 64 * 1024
"""Larger bodies are read beside the event loop."""
BELIEVED: Final = timedelta(days=1)
"""A punch further ahead than this is none."""
KEEP_STAMPS_EVERY: Final = timedelta(minutes=1)
CHINESE: Final = {"83", "86"}
"""`language`: names travel as GB2312."""
USER_DELETED: Final = 9
UNSUPPORTED_MODE: Final = (
    "unsupported mode: it speaks the protocol of access controllers (Security PUSH); "
    "set its device type to time attendance (考勤) in its menu"
)
_STAMP: Final = re.compile(r"[0-9A-Za-z]{1,32}")
_PLAIN_TABLES: Final = {"OPTIONS", "ATTPHOTO"}
_INFO_NAMES: Final = {
    "FWVersion": "firmware",
    "DeviceName": "model",
    "OEMVendor": "vendor",
    "MAC": "mac",
    "Platform": "platform",
}


@dataclass(slots=True)
class PushClock:
    """A clock that calls; `told` is called after each call that was let in."""

    context: DriverContext
    parameters: AdmsParameters
    told: Callable[[], None] = lambda: None
    calls: int = 0
    """How often it was let in."""
    heard: datetime | None = None
    """When it was let in last."""
    unsupported: bool = False
    failing: str = ""
    """Why what it sends cannot be kept."""
    refused: str = ""
    """Why what it sent last from its address was refused unread."""
    door: Door = field(init=False)
    ledger: PushLedger = field(init=False)
    queue: CommandQueue = field(init=False)
    people: People = field(init=False)
    audit: Audit = field(init=False)
    _dropped: Counter[str] = field(default_factory=Counter)
    _language: str = ""
    _stamps: dict[str, str] = field(default_factory=dict)
    _stamps_kept: datetime | None = None

    def __post_init__(self) -> None:
        context, serial = self.context, self.parameters.serial
        self.door = Door(context, self.parameters)
        self.ledger = PushLedger(context, serial, self._zone())
        self.queue = CommandQueue(context, serial)
        self.people = People(context, serial)
        self.audit = Audit(
            context=context,
            ledger=self.ledger,
            every=timedelta(seconds=self.parameters.audit_s),
        )
        kept = context.recall(self._kept("stamps"))
        self._stamps = dict(kept) if isinstance(kept, Mapping) else {}
        self._language = str(context.recall(f"adms:{serial}:language") or "")

    @property
    def trouble(self) -> str:
        """What keeps it from working as it should; empty when nothing does."""
        return (
            self.door.trouble
            or self.failing
            or self.refused
            or self.ledger.trouble
            or self.audit.suspect
        )

    @property
    def encoding(self) -> str:
        """Of names in commands."""
        if self.parameters.encoding != "auto":
            return self.parameters.encoding
        return "gb18030" if self._language in CHINESE else "utf-8"

    def refusal(self, call: Call) -> str:
        """See `PushClockPort`."""
        refusal = self.door.refusal(call)
        if refusal:
            self.told()
        return refusal

    def note_refused(self, source: str, reason: str) -> None:
        """See `PushClockPort`."""
        if source != self.door.bound:
            return
        self.refused = (
            f"what it sends is refused: {reason}; the clock keeps it and sends it "
            "again. Look whether its server setting is for time attendance, else "
            "restart it"
        )
        self.told()

    async def answer(self, call: Call) -> HttpResponse:
        """See `PushClockPort`."""
        try:
            await self.door.enter(call)
            response = await self._answer(call)
        except Exception as error:
            self.failing = f"what it sends cannot be kept: {error}"
            self.told()
            raise
        self.failing = ""
        self.calls, self.heard = self.calls + 1, self.context.now()
        self.told()
        return response

    async def _answer(self, call: Call) -> HttpResponse:
        kind = call.request.kind
        if kind is PushKind.SECURITY:
            self.unsupported = True
            return plain(403, "unsupported mode")
        self.unsupported = self.unsupported and kind is not PushKind.UPLOAD
        match kind:
            case PushKind.HANDSHAKE:
                return await self._greet(call)
            case PushKind.UPLOAD:
                return await self._take(call)
            case PushKind.POLL:
                return await self._poll(call)
            case PushKind.RESULT:
                return await self._settle(call)
            case PushKind.FILE:
                self._drop("photographs", 1)
        return plain(200, "OK")

    # The handshake

    async def _greet(self, call: Call) -> HttpResponse:
        request, told = call.request, call.request.get("pushver")
        self.context.describe(push_version=told[:32] or None)
        language = request.get("language")
        if language.isdigit() and language != self._language and len(language) < 4:
            await self.context.remember({self._kept("language"): language})
            self._language = language
        offset = self.context.now().astimezone(self.ledger.zone).utcoffset()
        options = HandshakeOptions(
            serial=self.parameters.serial,
            timezone=timezone_text(offset),
            stamps=self._stamps,
            delay_s=self.parameters.delay_s,
            error_delay_s=self.parameters.error_delay_s,
            version=agreed_version(told),
            old_names=not told,
        )
        return plain_bytes(200, options.encode())

    async def _note_stamp(self, table: str, stamp: str) -> None:
        """Echoed at the next handshake; a text that could be something else is not.

        Kept now and then: after a crash an older one has the clock send more.
        """
        if table not in STAMPED or not _STAMP.fullmatch(stamp):
            return
        is_first, now = table not in self._stamps, self.context.now()
        if self._stamps.get(table) == stamp:
            return
        self._stamps[table] = stamp
        kept = self._stamps_kept
        if is_first or kept is None or abs(now - kept) >= KEEP_STAMPS_EVERY:
            self._stamps_kept = now
            await self.context.remember({self._kept("stamps"): dict(self._stamps)})

    # Uploads

    async def _take(self, call: Call) -> HttpResponse:
        table = call.request.table or named_table(call.body) or "ATTLOG"
        match table:
            case "ATTLOG":
                lines = await self._take_punches(call)
            case "OPERLOG":
                lines = await self._take_operations(call)
            case "USERINFO" | "USER":
                lines = await self._take_people(call)
            case "OPTIONS":
                self._describe(parse_options(call.body))
                lines = 0
            case _:
                is_photo = table == "ATTPHOTO"
                lines = 1 if is_photo else len(split_lines(call.body))
                self._drop("photographs" if is_photo else "other", lines)
        self.refused = ""
        await self._note_stamp(table, call.request.stamp)
        return plain(200, "OK" if table in _PLAIN_TABLES else f"OK:{lines}")

    async def _take_punches(self, call: Call) -> int:
        latest = self._latest()
        reading = await _aside(
            call.body, lambda: parse_attlog(call.body, latest=latest)
        )
        await self.ledger.enter(reading.punches, call.source)
        await self._quarantine(reading.bad)
        self.audit.uploaded()
        return reading.lines

    async def _take_operations(self, call: Call) -> int:
        latest = self._latest()
        reading = await _aside(
            call.body, lambda: parse_operlog(call.body, latest=latest)
        )
        await self.ledger.audit(reading.operations)
        await self._quarantine(reading.bad)
        await self._take_users(reading.users)
        await self.people.remove(_deleted(reading.operations))
        self._drop("templates", len(reading.templates))
        return reading.lines

    async def _take_people(self, call: Call) -> int:
        users, bad = parse_people(call.body)
        await self._take_users(users)
        await self._quarantine(bad)
        return len(users) + len(bad)

    async def _take_users(self, users: Sequence[PushUser]) -> None:
        if users:
            await self.people.take(users)
            self.context.describe(users=len(self.people))

    async def _quarantine(self, bad: Sequence[BadLine]) -> None:
        if bad:
            await self.ledger.quarantine(bad)
            log.info("%s: %d lines could not be read", self._name, len(bad))
            self._show()

    # Commands

    async def _poll(self, call: Call) -> HttpResponse:
        if info := call.request.get("info"):
            self._describe_holdings(parse_info(info))
        commands = await self.queue.hand_out()
        if commands:
            self._show()
        commands += self.audit.polled(self.context.now())
        return plain_bytes(200, encode_commands(commands, self.encoding))

    async def _settle(self, call: Call) -> HttpResponse:
        results = parse_results(call.body)
        for result in results:
            self.audit.settle(result, self.context.now())
            if result.command.upper() == "INFO" and result.fields:
                names = {name.lower(): name for name in _INFO_NAMES}
                self._describe(
                    {names.get(k, k): value for k, value in result.fields.items()}
                )
        for settled in await self.queue.settle(results):
            log.info("%s: %s: %s", self._name, settled.summary, settled.state)
        self._show()
        return plain(200, "OK")

    # What is told of it

    @property
    def _name(self) -> str:
        return self.context.device.id

    def _kept(self, name: str) -> str:
        return f"adms:{self.parameters.serial}:{name}"

    def _zone(self) -> tzinfo:
        hours = self.parameters.timezone_h
        if hours is None:
            return self.context.site.hall.zone
        return timezone(timedelta(hours=hours))

    def _latest(self) -> datetime | None:
        """The last moment that a punch may have; None when nobody knows the time."""
        if not self.context.clock_trusted:
            return None
        now = self.context.now().astimezone(self.ledger.zone)
        return now.replace(tzinfo=None) + BELIEVED

    def _describe(self, options: Mapping[str, str]) -> None:
        known = {
            ours: options[theirs]
            for theirs, ours in _INFO_NAMES.items()
            if options.get(theirs)
        }
        if known:
            self.context.describe(**known)

    def _describe_holdings(self, info: Mapping[str, str]) -> None:
        held = {
            name: int(info[name])
            for name in ("users", "fingers", "records", "faces")
            if re.fullmatch(r"[0-9]{1,7}", info.get(name, ""))
        }
        firmware = info.get("firmware")
        self.context.describe(
            capacity=held, **({"firmware": firmware} if firmware else {})
        )

    def _drop(self, what: str, count: int) -> None:
        if count:
            self._dropped[what] += count
            self._show()

    def _show(self) -> None:
        value: dict[str, Any] = {
            "bad_lines": self.ledger.bad_lines,
            "dropped": dict(self._dropped),
            "waiting_commands": self.queue.waiting,
        }
        self.context.show(value)


async def _aside(body: bytes, work: Callable[[], Read]) -> Read:
    if len(body) <= LARGE_BODY:
        return work()
    return await in_daemon_thread(work, name="adms")


def _deleted(operations: Sequence[Operation]) -> list[str]:
    return [
        op.values[0] for op in operations if op.number == USER_DELETED and op.values
    ]
