"""What a simulated clock keeps over power cuts: people, logs, options, time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from devices.zk.events import EVENT_SIZES, NUMBER_SIZE
from devices.zk.operations_log import ClockOperation, encode_operations
from devices.zk.packets import Code
from devices.zk.punch import PunchRecord
from devices.zk.records import Layout, encode_row, encode_table
from devices.zk.templates import encode_templates
from devices.zk.users import ClockUser, UserLayout
from devices.zk.values import Sizes
from simulators.zk.people import FINGERS_MAX, USERS_MAX, People

SHOWN_PUNCHES = 50
OPERATIONS_MAX = 16_384
"""Older operations are forgotten."""

_OLD_LAYOUTS = (Layout.SHORT, Layout.TINY, Layout.TINY_OLD)
_EVENT_SIZES = {
    Layout.LONG: 32,
    Layout.FACE: 52,
    Layout.SHORT: NUMBER_SIZE,
    Layout.TINY: EVENT_SIZES[1],
    Layout.TINY_OLD: EVENT_SIZES[1],
}


@dataclass(slots=True, kw_only=True)
class ClockMemory:
    """`rows` are the punches' log as the clock sends it."""

    serial: str
    firmware: str
    layout: Layout
    zone: ZoneInfo
    people: People
    event_size: int = 0
    capacity: int = 100_000
    faces_max: int = 0
    rows: list[bytes] = field(default_factory=list)
    punches: list[PunchRecord] = field(default_factory=list)
    operations: list[ClockOperation] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)
    offset: timedelta = timedelta()
    """How far the clock's time is ahead of the real one."""
    enabled: bool = True

    def __post_init__(self) -> None:
        self.event_size = self.event_size or _EVENT_SIZES[self.layout]
        self.options = {
            "~SerialNumber": self.serial,
            "~Platform": "ZEM560" if self.is_old else "ZMM220_TFT",
            "~DeviceName": "specimen",
            "MAC": "00:17:61:00:00:01",
            "~OEMVendor": "specimen",
            "~ProductTime": "2020-01-01 00:00:00",
            "~ZKFPVersion": "10",
            "~OS": "1",
            "~PIN2Width": "9",
            "~SSR": "1",
            "WorkCode": "0",
            "IPAddress": "192.0.2.1",
            "NetMask": "255.255.255.0",
            "GATEIPAddress": "192.0.2.254",
            **self.options,
        }

    @property
    def is_old(self) -> bool:
        """Whether it is one of the old models: 28-byte users, short rows."""
        return self.layout in _OLD_LAYOUTS

    @property
    def users(self) -> dict[int, ClockUser]:
        """Who it knows, by slot."""
        return self.people.users

    @property
    def sizes(self) -> Sizes:
        """What it holds and has room for."""
        return Sizes(
            users=len(self.users),
            fingers=len(self.people.templates),
            records=len(self.rows),
            operations=len(self.operations),
            admins=self.people.admins,
            passwords=self.people.passwords,
            fingers_max=FINGERS_MAX,
            users_max=USERS_MAX,
            records_max=self.capacity,
            faces=self.people.faces,
            faces_max=self.faces_max,
        )

    def time(self, now: datetime) -> datetime:
        """What its display shows: naive, whole seconds."""
        local = (now + self.offset).astimezone(self.zone)
        return local.replace(tzinfo=None, microsecond=0)

    def set_time(self, time: datetime, now: datetime) -> None:
        """Take another time."""
        self.offset = time.replace(tzinfo=self.zone) - now

    def local(self, time: datetime) -> datetime:
        """A time as its log would say it: naive, in the hall's zone."""
        aware = time if time.tzinfo else time.replace(tzinfo=self.zone)
        return aware.astimezone(self.zone).replace(tzinfo=None, microsecond=0)

    def add(self, record: PunchRecord) -> PunchRecord:
        """Append a punch to the log; gives the record with its row."""
        uid = self.people.uid_of(record.user_id)
        kept = replace(record, raw=encode_row(record, self.layout, uid=uid))
        self.rows.append(kept.raw)
        self.punches.append(kept)
        del self.punches[:-SHOWN_PUNCHES]
        return kept

    def add_past(self, records: Iterable[PunchRecord]) -> None:
        """Append punches of known users that nobody has to see (`uid` is set)."""
        self.rows.extend(
            encode_row(record, self.layout, uid=record.uid or 0) for record in records
        )

    def operate(
        self, number: int, now: datetime, *values: int, operator: int = 0
    ) -> None:
        """Note in the operator log what somebody did; operator 0: no menu."""
        self.operations.append(
            ClockOperation(
                number=number,
                operator=operator,
                time=self.time(now),
                values=(*values, 0, 0, 0, 0)[:4],
            )
        )
        del self.operations[:-OPERATIONS_MAX]

    def clear_log(self) -> None:
        """Forget every punch."""
        self.rows.clear()
        self.punches.clear()

    def clear(self, *, users: bool) -> None:
        """Forget every punch, and with `users` everybody too."""
        self.clear_log()
        if users:
            self.people.clear()

    def table(self, command: int, selector: int = 0) -> bytes | None:
        """A table as bulk reads give it; None for one that it does not have."""
        match command, selector:
            case (Code.LOG_READ, _) | (Code.TEMPLATE_READ, 1):
                return encode_table(self.rows)
            case (Code.USERS_READ, _) | (Code.TEMPLATE_READ, 5):
                return encode_table(self.people.rows())
            case (Code.TEMPLATE_READ, 2 | 0):
                return encode_templates(self.people.table())
            case (Code.OPERATIONS_READ, _) | (Code.TEMPLATE_READ, 4):
                return encode_operations(self.operations)
            case _:
                return None


def user_layout(layout: Layout) -> UserLayout:
    """The size of the user rows of a clock with such a log."""
    return UserLayout.OLD if layout in _OLD_LAYOUTS else UserLayout.NEW
