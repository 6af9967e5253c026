"""What is known of the clock that answers now."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from devices.zk.records import Layout
from devices.zk.templates import FingerTemplate
from devices.zk.users import ClockUser, UserLayout, UserTable
from devices.zk.values import Sizes
from drivers.zk.ledger import PunchNotes
from drivers.zk.operations import TOLD_KEPT, Told

NEARLY_FULL: Final = 0.8
STARVED: Final = 3
"""Log reads in a row that found punches which no live event had told."""


@dataclass(slots=True)
class ClockFacts:
    """What is known of the clock that answers now."""

    users: Sequence[ClockUser] = ()
    user_layout: UserLayout | None = None
    known_ids: frozenset[str] | None = None
    uids: Mapping[int, str] = field(default_factory=dict)
    sizes: Sizes | None = None
    layout: Layout | None = None
    """Of its log's rows, when there were any."""
    rows: int | None = None
    """Rows that its log had when it was read last; None before."""
    heard: list[str] = field(default_factory=list)
    """Punches journalled live since then, by their keys."""
    drift_s: float | None = None
    """How far it is ahead of the host; None when it cannot be told."""
    right_at: datetime | None = None
    """When its time was seen right last (naive)."""
    doubtful_at: Sequence[int] = ()
    """Rows of its log that are left out, as they were found last."""
    doubtful_raw: Sequence[str] = ()
    """The first of them, as hex."""
    doubtful_events: int = 0
    is_nearly_full: bool = False
    """Whether that was logged."""
    unread: Mapping[str, Any] | None = None
    """The beginning of a log whose layout is unknown; None when it was read."""
    templates: Sequence[FingerTemplate] | None = None
    """Everybody's, while they are exported page by page."""
    told: deque[Told] = field(default_factory=lambda: deque(maxlen=TOLD_KEPT))
    """Operations that its operator log need not tell again."""
    operations_read: int | None = None
    """Operations that it counted when its operator log was read last."""
    operations: str = "unread"
    """What became of its operator log, in a word."""
    unheard: int = 0
    """Log reads in a row that found what the live connection should have told."""

    @property
    def expected(self) -> int | None:
        """Rows that its log should have now."""
        return None if self.rows is None else self.rows + len(self.heard)

    @property
    def doubtful_rows(self) -> int:
        """How many rows of its log are left out."""
        return len(self.doubtful_at)

    @property
    def is_full(self) -> bool:
        """Whether its log drops the oldest row for a new one: no count tells."""
        sizes = self.sizes
        return sizes is not None and 0 < sizes.records_max <= sizes.records

    @property
    def is_starved(self) -> bool:
        """Whether it seems to tell its live events to somebody else."""
        return self.unheard >= STARVED

    def operations_wanted(self, sizes: Sizes | None) -> int | None:
        """How many operations are to be read; None when there is nothing new."""
        if sizes is None or self.operations in {"refused", "unreadable"}:
            return None
        counted = sizes.operations
        return None if counted in {0, self.operations_read} else counted

    def tell(self, number: int, now: datetime) -> None:
        """Note an operation that is journalled; `now` is the host's, naive."""
        self.told.append(Told(number, now + timedelta(seconds=self.drift_s or 0.0)))

    def take_users(self, table: UserTable) -> None:
        """Take its user list."""
        self.users, self.user_layout = table.users, table.layout
        self.known_ids = frozenset(user.user_id for user in table.users)
        self.uids = {user.uid: user.user_id for user in table.users}

    def notes(self, drift_limit_s: float, now: datetime) -> PunchNotes:
        """What is said about punches besides what the clock says; `now` naive."""
        drift_s = self.drift_s
        over = drift_s is not None and abs(drift_s) > drift_limit_s
        return PunchNotes(
            known_ids=self.known_ids,
            drift_s=drift_s if over else None,
            right_at=self.right_at,
            now=now,
        )

    @property
    def fullness(self) -> Sequence[str]:
        """What is nearly full, in words for a technician."""
        sizes = self.sizes
        if sizes is None:
            return ()
        told = (
            ("log", sizes.records, sizes.records_max),
            ("user list", sizes.users, sizes.users_max),
            ("room for fingers", sizes.fingers, sizes.fingers_max),
        )
        return [
            f"{what} {100 * used // room} % full: {used} of {room}"
            for what, used, room in told
            if 0 < NEARLY_FULL * room <= used
        ]

    def notices(self, drift_limit_s: float) -> Sequence[str]:
        """What a technician should see while all works."""
        found = list(self.fullness)
        if self.drift_s is not None and abs(self.drift_s) > drift_limit_s:
            side = "ahead" if self.drift_s > 0 else "behind"
            found.append(
                f"its time is {abs(self.drift_s):.0f} s {side}: punches are marked "
                "until it is set; set_clock is off, or this machine's own time is not "
                "trusted"
            )
        if count := self.doubtful_rows:
            found.append(
                f"rows of its log with an impossible date or user id, left out: {count}"
            )
        return found


def capacity_of(sizes: Sizes) -> dict[str, Any]:
    """What it holds and has room for, JSON-ready."""
    return {
        "users": sizes.users,
        "users_max": sizes.users_max,
        "records": sizes.records,
        "records_max": sizes.records_max,
        "fingers": sizes.fingers,
        "fingers_max": sizes.fingers_max,
        "faces": sizes.faces,
        "operations": sizes.operations,
    }
