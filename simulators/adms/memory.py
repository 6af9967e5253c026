"""What a simulated push clock keeps: people, logs, what is not sent yet, its time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from devices.adms.operlog import Operation, PushUser

MAX_OPERATIONS: Final = 10_000
"""The oldest operations are overwritten."""


class RowKind(StrEnum):
    """What a row is; TransFlag says which kinds are wanted."""

    PUNCH = "punch"
    OPERATION = "operation"
    USER = "user"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line as the clock sends it; `time` None for one that cannot be read."""

    number: int
    kind: RowKind
    line: bytes
    time: datetime | None = None


@dataclass(slots=True)
class Outbox:
    """Rows that the server has not taken, in order."""

    rows: deque[Row] = field(default_factory=deque)

    def add(self, rows: Iterable[Row]) -> None:
        """Send these, too."""
        self.rows.extend(rows)

    def restart(self, rows: Iterable[Row]) -> None:
        """Send these instead: a server that forgot asks for all of them."""
        self.rows = deque(rows)

    def batch(self, most: int) -> Sequence[Row]:
        """The first rows; they stay until they are `taken`."""
        return [self.rows[index] for index in range(min(most, len(self.rows)))]

    def drop(self, count: int) -> None:
        """The server took so many."""
        for _ in range(min(count, len(self.rows))):
            self.rows.popleft()


@dataclass(slots=True, kw_only=True)
class PushMemory:
    """Kept over power cuts."""

    serial: str
    zone: ZoneInfo
    capacity: int = 100_000
    users: dict[str, PushUser] = field(default_factory=dict)
    log: list[Row] = field(default_factory=list)
    operations: list[Row] = field(default_factory=list)
    punches: Outbox = field(default_factory=Outbox)
    changes: Outbox = field(default_factory=Outbox)
    """Of the operator log and the user list."""
    offset: timedelta = timedelta()
    """How far the clock's display is ahead of the hall's time."""
    settings: dict[str, str] = field(default_factory=dict)
    """What the last handshake told."""
    encoding: str = "utf-8"
    privilege: str = "Pri"

    def time(self, now: datetime) -> datetime:
        """What its display shows: naive, whole seconds."""
        return self.local(now + self.offset)

    def local(self, time: datetime) -> datetime:
        """A moment as the display would show it without any offset."""
        aware = time if time.tzinfo else time.replace(tzinfo=self.zone)
        return aware.astimezone(self.zone).replace(tzinfo=None, microsecond=0)

    def set_time(self, time: datetime, now: datetime) -> None:
        """Show another time from now on."""
        exact = now.astimezone(self.zone).replace(tzinfo=None)
        self.offset = time - exact

    @property
    def is_full(self) -> bool:
        """Whether no punch has room any more."""
        return len(self.log) >= self.capacity

    def punch(self, line: bytes, time: datetime | None) -> None:
        """Append a line to the log, to be sent."""
        number = self.log[-1].number + 1 if self.log else 1
        row = Row(number=number, kind=RowKind.PUNCH, line=line, time=time)
        self.log.append(row)
        self.punches.add([row])

    def operate(self, operation: Operation) -> None:
        """Append to the operator log, to be sent."""
        self.change(RowKind.OPERATION, operation.encode(), operation.time)

    def change(self, kind: RowKind, line: bytes, time: datetime | None = None) -> None:
        """Append a line to the operator log, to be sent."""
        row = self._row(kind, line, time)
        self.operations.append(row)
        del self.operations[:-MAX_OPERATIONS]
        self.changes.add([row])

    def tell_user(self, user: PushUser) -> None:
        """Send a person of the list."""
        self.changes.add([self._user_row(user)])

    def all_changes(self) -> list[Row]:
        """Everything of the operator log and the user list."""
        return [*map(self._user_row, self.users.values()), *self.operations]

    def between(self, start: datetime, end: datetime) -> list[Row]:
        """The punches of a period, both ends included."""
        return [row for row in self.log if row.time and start <= row.time <= end]

    def drop_rows(self, count: int, *, oldest: bool) -> None:
        """Lose so many punches of the log; what is to be sent is sent yet."""
        if oldest:
            del self.log[:count]
        else:
            del self.log[max(len(self.log) - count, 0) :]

    def clear_log(self) -> None:
        """Forget every punch; what was not sent is lost."""
        self.log.clear()
        self.punches.restart(())

    def _user_row(self, user: PushUser) -> Row:
        line = user.encode(self.encoding)
        if self.privilege != "Pri":
            line = line.replace(b"\tPri=", f"\t{self.privilege}=".encode(), 1)
        return self._row(RowKind.USER, line, None)

    def _row(self, kind: RowKind, line: bytes, time: datetime | None) -> Row:
        number = self.operations[-1].number + 1 if self.operations else 1
        return Row(number=number, kind=kind, line=line, time=time)


def changed_user(old: PushUser, told: dict[str, str]) -> PushUser:
    """A person with the fields of a command; what it does not name stays."""
    return replace(
        old,
        name=told.get("name", old.name),
        privilege=int(told["privilege"]) if "privilege" in told else old.privilege,
        card=told.get("card", old.card),
        group=told.get("grp", old.group),
        timezones=told.get("tz", old.timezones),
        has_password=bool(told["passwd"]) if "passwd" in told else old.has_password,
    )
