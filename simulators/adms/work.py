"""What a simulated push clock asks next, and what it makes of the answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final

from devices.adms.commands import CommandResult, parse_commands
from devices.adms.http import HttpRequest, HttpResponse
from devices.adms.operlog import Operation
from simulators.adms.asking import Asking
from simulators.adms.memory import Outbox, PushMemory, Row
from simulators.adms.obeying import Obedience
from simulators.adms.orders import Orders, read_orders
from simulators.adms.settings import PushExtras

FIRST_RETRY_S: Final = 1.0
"""Doubled after each failure, up to the ErrorDelay."""
BOOT: Final = 0
NOTICEABLE: Final = timedelta(seconds=2)
"""A `Date` is cut to seconds: a difference below this is none."""


class TaskKind(StrEnum):
    """What a request is for."""

    GREET = "handshake"
    OPTIONS = "options"
    RESULTS = "devicecmd"
    PUNCHES = "attlog"
    CHANGES = "operlog"
    POLL = "getrequest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A request and how many rows it carries."""

    kind: TaskKind
    request: HttpRequest
    rows: int = 0


@dataclass(slots=True, kw_only=True)
class Work:
    """The clock's own program: greet, send what is not sent, poll, obey."""

    memory: PushMemory
    asking: Asking
    obedience: Obedience
    extras: PushExtras
    orders: Orders = field(default_factory=Orders)
    greeted: bool = False
    failures: int = 0
    """In a row."""
    last_answer: str = ""
    results: list[CommandResult] = field(default_factory=list)
    not_before: datetime | None = None
    poll_at: datetime | None = None
    _push_from: datetime | None = None
    """On the clock's display; None while rows are sent at once."""
    _has_options: bool = False
    _tells_info: bool = True
    _sent: int = 0
    """How often the batch at hand was taken."""

    def boot(self, now: datetime) -> None:
        """Begin anew; what is not sent stays."""
        self.greeted, self.results, self.orders = False, [], Orders()
        self.not_before = self.poll_at = self._push_from = None
        self.failures = self._sent = 0
        self.operate(BOOT, now)

    def operate(
        self,
        number: int,
        now: datetime,
        *,
        operator: str = "0",
        values: Sequence[int] = (0, 0, 0, 0),
    ) -> None:
        """Note what somebody did."""
        self.memory.operate(
            Operation(
                number=number,
                operator=operator,
                time=self.memory.time(now),
                values=tuple(str(value) for value in values),
            )
        )

    def next_task(self, now: datetime) -> Task | None:
        """The next request, when one is due."""
        if self.not_before is not None and now < self.not_before:
            return None
        return self._first_things() or self._upload(now) or self._poll(now)

    def due_at(self, now: datetime) -> datetime | None:
        """When `next_task` may have one; asked when it has none now."""
        if self.not_before is not None and now < self.not_before:
            return self.not_before
        due = [self.poll_at] if self.poll_at is not None else []
        if self._push_from is not None and self._push_from != datetime.max:  # noqa: DTZ901
            due.append(now + (self._push_from - self.memory.time(now)))
        return min(due, default=None)

    def failed(self, reason: str, now: datetime) -> None:
        """A request had no good answer: wait, longer each time."""
        self.last_answer = reason
        self.failures += 1
        longest_s = self.extras.retry_s or self.orders.error_delay_s
        wait_s = min(FIRST_RETRY_S * 2 ** min(self.failures - 1, 20), longest_s)
        self.not_before = now + timedelta(seconds=wait_s)

    def answered(self, task: Task, answer: HttpResponse, now: datetime) -> None:
        """An answer came: good ones are obeyed, others make the clock wait."""
        text = answer.body[:60].decode("utf-8", "replace").strip()
        said = (
            f"{task.kind.value}: {answer.status} {text.splitlines()[0] if text else ''}"
        )
        if answer.status != 200:
            self.failed(said.strip(), now)
            return
        if not self._take(task, answer, now):
            self.failed(f"{said} is not understood", now)
            return
        self.last_answer, self.failures, self.not_before = said.strip(), 0, None

    def _first_things(self) -> Task | None:
        asking = self.asking
        if not self.greeted:
            return Task(kind=TaskKind.GREET, request=asking.greet())
        if self._has_options:
            options = asking.options(self.obedience.info)
            return Task(kind=TaskKind.OPTIONS, request=options)
        if self.results:
            return Task(kind=TaskKind.RESULTS, request=asking.results(self.results))
        return None

    def _poll(self, now: datetime) -> Task | None:
        if self.poll_at is not None and now < self.poll_at:
            return None
        info = self._info() if self._tells_info else ""
        return Task(kind=TaskKind.POLL, request=self.asking.poll(info))

    def _take(self, task: Task, answer: HttpResponse, now: datetime) -> bool:
        """Obey a good answer; whether it is one."""
        always = self.extras.sync == "always"
        match task.kind:
            case TaskKind.GREET:
                if b"GET OPTION FROM" not in answer.body:
                    return False
                self._greeted(answer.body, now)
                always = self.extras.sync != "never"
            case TaskKind.PUNCHES | TaskKind.CHANGES:
                if not self._is_acknowledged(answer.body, task.rows):
                    return False
                self._taken(task)
            case TaskKind.POLL:
                self._polled(answer.body, now)
            case TaskKind.OPTIONS:
                self._has_options = False
            case TaskKind.RESULTS:
                self.results = []
        if always:
            self._follow(answer.header("date"), now)
        return True

    def _greeted(self, body: bytes, now: datetime) -> None:
        self.greeted, self.orders = True, read_orders(body)
        self._has_options = self.asking.dialect.device_type
        self._tells_info = True
        self.poll_at = None
        shown = self.memory.time(now)
        realtime = self.orders.realtime
        self._push_from = None if realtime else self._window(shown)
        self._obey_stamps()

    def _obey_stamps(self) -> None:
        memory, stamps = self.memory, self.orders.stamps
        if stamps.get("OPERLOG") == "0":
            memory.changes.restart(memory.all_changes())
        stamp = stamps.get("ATTLOG", "")
        if stamp == "0":
            memory.punches.restart(memory.log)
        elif self.asking.dialect.honours_stamps and stamp.isdecimal():
            newer = [row for row in memory.log if row.number > int(stamp)]
            if len(newer) > len(memory.punches.rows):
                memory.punches.restart(newer)

    def _is_acknowledged(self, body: bytes, rows: int) -> bool:
        text = body.strip()
        if not self.asking.dialect.needs_count:
            return text[:2].upper() == b"OK"
        word, colon, count = text.partition(b":")
        return word == b"OK" and colon == b":" and count.strip() == b"%d" % rows

    def _taken(self, task: Task) -> None:
        self._sent += 1
        if self._sent >= self.extras.resend:
            self._sent = 0
            self._outbox(task.kind).drop(task.rows)

    def _polled(self, body: bytes, now: datetime) -> None:
        poll_s = self.extras.poll_s or self.orders.delay_s
        self.poll_at = now + timedelta(seconds=poll_s)
        self._tells_info = False
        for command in parse_commands(body):
            result = self.obedience.obey(command, now)
            if result is not None:
                self.results.append(result)
        if self.obedience.greets:
            self.obedience.greets = self.greeted = False

    def _follow(self, date: str, now: datetime) -> None:
        """Set the time from `Date`, as the time zone that was told has it."""
        try:
            told = parsedate_to_datetime(date)
        except ValueError:
            return
        utc = told.astimezone(UTC).replace(tzinfo=None)
        zone = self.orders.timezone
        usual = now.astimezone(self.memory.zone).utcoffset() or timedelta()
        shown = utc + (usual if zone is None else zone)
        if abs(shown - self.memory.time(now)) >= NOTICEABLE:
            self.memory.set_time(shown, now)

    def _upload(self, now: datetime) -> Task | None:
        if self._push_from is not None:
            shown = self.memory.time(now)
            if shown < self._push_from:
                return None
        for kind in (TaskKind.PUNCHES, TaskKind.CHANGES):
            rows = self._wanted_rows(self._outbox(kind))
            if rows:
                asking = self.asking
                build = asking.punches if kind is TaskKind.PUNCHES else asking.changes
                return Task(kind=kind, request=build(rows), rows=len(rows))
        if self._push_from is not None:
            self._push_from = self._window(shown)
        return None

    def _window(self, shown: datetime) -> datetime:
        return self.orders.next_push(shown) or datetime.max  # noqa: DTZ901 - never

    def _wanted_rows(self, outbox: Outbox) -> list[Row]:
        """The next batch; rows that the server does not want are never sent."""
        wanted = self.orders.wanted
        while outbox.rows and outbox.rows[0].kind not in wanted:
            outbox.drop(1)
        rows = []
        for row in outbox.batch(self.extras.batch_rows):
            if row.kind not in wanted:
                break
            rows.append(row)
        return rows

    def _outbox(self, kind: TaskKind) -> Outbox:
        memory = self.memory
        return memory.punches if kind is TaskKind.PUNCHES else memory.changes

    def _info(self) -> str:
        memory, info = self.memory, self.obedience.info
        firmware, address = info["FirmVer"], info["IPAddress"]
        counts = f"{len(memory.users)},0,{len(memory.log)}"
        return f"{firmware},{counts},{address},10,7,15,0,11100"
