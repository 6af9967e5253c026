"""What a simulated clock keeps: users, log, options, its time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from devices.zk.events import EVENT_SIZES, NUMBER_SIZE
from devices.zk.packets import Code
from devices.zk.punch import PunchRecord
from devices.zk.records import Layout, encode_row, encode_table
from devices.zk.users import ClockUser, UserLayout, decode_user, encode_user
from devices.zk.values import Sizes

SHOWN_PUNCHES = 50

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
    """Kept over power cuts; `rows` are the log as the clock sends it."""

    serial: str
    firmware: str
    layout: Layout
    zone: ZoneInfo
    encoding: str = "utf-8"
    event_size: int = 0
    capacity: int = 100_000
    users: dict[int, ClockUser] = field(default_factory=dict)
    rows: list[bytes] = field(default_factory=list)
    punches: list[PunchRecord] = field(default_factory=list)
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
    def user_layout(self) -> UserLayout:
        """The size of its user rows."""
        return UserLayout.OLD if self.is_old else UserLayout.NEW

    @property
    def sizes(self) -> Sizes:
        """What it holds and has room for."""
        return Sizes(
            users=len(self.users),
            records=len(self.rows),
            admins=sum(user.privilege == 14 for user in self.users.values()),
            fingers_max=3000,
            users_max=3000,
            records_max=self.capacity,
            faces_max=0,
        )

    def time(self, now: datetime) -> datetime:
        """What its display shows: naive, whole seconds."""
        local = (now + self.offset).astimezone(self.zone)
        return local.replace(tzinfo=None, microsecond=0)

    def set_time(self, time: datetime, now: datetime) -> bool:
        """Take another time."""
        self.offset = time.replace(tzinfo=self.zone) - now
        return True

    def local(self, time: datetime) -> datetime:
        """A time as its log would say it: naive, in the hall's zone."""
        aware = time if time.tzinfo else time.replace(tzinfo=self.zone)
        return aware.astimezone(self.zone).replace(tzinfo=None, microsecond=0)

    def uid_of(self, user_id: str) -> int:
        """The slot of a user id; 0 for one that is not in its list."""
        return next((u.uid for u in self.users.values() if u.user_id == user_id), 0)

    def add(self, record: PunchRecord) -> PunchRecord:
        """Append a punch to the log; gives the record with its row."""
        row = encode_row(record, self.layout, uid=self.uid_of(record.user_id))
        kept = replace(record, raw=row)
        self.rows.append(row)
        self.punches.append(kept)
        del self.punches[:-SHOWN_PUNCHES]
        return kept

    def write_user(self, row: bytes) -> bool:
        """Add a user, or replace the one in that slot; whether the row is one."""
        user = decode_user(row) if len(row) == self.user_layout else None
        if user is not None:
            self.users[user.uid] = user
        return user is not None

    def clear(self, *, users: bool) -> None:
        """Forget every punch, and `users` too."""
        self.rows.clear()
        self.punches.clear()
        if users:
            self.users.clear()

    def table(self, command: int) -> bytes | None:
        """A table as bulk reads give it; None for one that it does not have."""
        rows: Sequence[bytes]
        match command:
            case Code.LOG_READ:
                rows = self.rows
            case Code.USERS_READ:
                rows = [
                    encode_user(user, self.user_layout, encoding=self.encoding)
                    for user in self.users.values()
                ]
            case Code.TEMPLATE_READ:
                rows = ()
            case _:
                return None
        return encode_table(rows)


def specimen_users(count: int) -> dict[int, ClockUser]:
    """测试01, 测试02, …: slots from 1, user ids from 1001, the first an admin."""
    return {
        uid: ClockUser(
            uid=uid,
            user_id=str(1000 + uid),
            name=f"测试{uid:02}",
            privilege=14 if uid == 1 else 0,
        )
        for uid in range(1, count + 1)
    }
