"""Up to which moment everything is here: the clock's own count against ours.

Now and then the clock is asked to count its punches from yesterday 00:00 to now
(VERIFY SUM). If it has others than we, it is asked for the period, twice; if
that does not help, the log is suspect. Firmware that cannot count is taken at
its silence: it asked for commands three times and had nothing to send.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from devices.adms.commands import (
    CommandResult,
    PushCommand,
    count_of,
    query_attlog,
    verify_sum,
)
from drivers.adms.ledger import PushLedger
from drivers.adms.queue import new_id
from drivers.driver import DriverContext

log = logging.getLogger(__name__)

QUIET_POLLS: Final = 3
"""So many polls without punches between them: nothing waits at the clock."""
CONTACT_SLACK: Final = timedelta(minutes=2)
FETCHES: Final = 2
PATIENT_POLLS: Final = 6
"""So many polls after a command without an answer: it is ignored."""
UNANSWERED_LIMIT: Final = 3
"""So many counts that were ignored: the firmware cannot count."""
ASK_AGAIN: Final = timedelta(days=1)
"""Whether firmware that could not count can now."""


class _Step(Enum):
    IDLE = auto()
    COUNTING = auto()
    FETCHING = auto()


@dataclass(slots=True, kw_only=True)
class Audit:
    """The audit of one clock; commands go out with its polls.

    `suspect` says what is wrong with its log; empty while all is well.
    """

    context: DriverContext
    ledger: PushLedger
    every: timedelta
    suspect: str = ""
    _step: _Step = _Step.IDLE
    _began: datetime | None = None
    """When this audit did; what came before is in its period."""
    _id: str = ""
    """Of the command that was sent; empty when one is to be sent."""
    _polls: int = 0
    """Since then."""
    _answered: bool = False
    _fetches: int = 0
    _unanswered: int = 0
    _quiet: int = 0
    _next: datetime | None = None
    _cannot_until: datetime | None = None
    _good: datetime | None = None

    def uploaded(self) -> None:
        """Punches came: more may follow."""
        self._quiet = 0

    def polled(self, now: datetime) -> list[PushCommand]:
        """The clock asks for commands; gives ours."""
        self._quiet += 1
        if self._step is _Step.IDLE:
            self._begin(now)
        elif self._id:
            self._wait(now)
        if self._step is _Step.IDLE or self._id:
            return []
        start, end = self._period()
        last = end - timedelta(seconds=1)  # the clock's periods have both ends
        is_count = self._step is _Step.COUNTING
        text = verify_sum(start, last) if is_count else query_attlog(start, last)
        self._id, self._polls, self._answered = new_id(), 0, False
        return [PushCommand(id=self._id, text=text)]

    def settle(self, result: CommandResult, now: datetime) -> None:
        """Take an answer of the clock, if it is to our command."""
        if not self._id or result.id != self._id:
            return
        self._answered = True
        if self._step is _Step.COUNTING:
            count = None if result.is_unsupported else count_of(result)
            if count is None:
                self._cannot(now)
            else:
                self._unanswered = 0
                self._compare(count, now)

    def _begin(self, now: datetime) -> None:
        if self._cannot_until is not None and now < self._cannot_until:
            if self._quiet >= QUIET_POLLS:
                self._cover(now - CONTACT_SLACK, "contact")
            return
        late = self._next is not None and now >= self._next + self.every
        is_due = self._next is None or now >= self._next
        if is_due and (late or self._quiet > 1):
            self._step, self._began = _Step.COUNTING, now

    def _wait(self, now: datetime) -> None:
        self._polls += 1
        if self._step is _Step.FETCHING:
            if (self._answered and self._quiet > 1) or self._polls >= PATIENT_POLLS:
                self._step, self._id = _Step.COUNTING, ""
        elif self._polls >= PATIENT_POLLS:
            self._unanswered += 1
            self._id = ""
            if self._unanswered >= UNANSWERED_LIMIT:
                self._cannot(now)

    def _period(self) -> tuple[datetime, datetime]:
        """Yesterday 00:00 to when the audit began, as the clock tells time."""
        assert self._began is not None  # noqa: S101 - set when an audit begins
        end = self._began.astimezone(self.ledger.zone)
        end = end.replace(tzinfo=None, microsecond=0)
        return end.replace(hour=0, minute=0, second=0) - timedelta(days=1), end

    def _compare(self, count: int, now: datetime) -> None:
        start, end = self._period()
        punches, bad = self.ledger.count(start, end)
        began = self._began
        if count in {punches, punches + bad}:
            if self.suspect:
                log.info("%s: its log is whole again", self.context.device.id)
            self.suspect = ""
            self._end(now)
            self._cover(began or now, "sum")
        elif self._fetches < FETCHES:
            self._step, self._id = _Step.FETCHING, ""
            self._fetches += 1
        else:
            self.suspect = (
                f"the clock counts {count} punches since {start:%Y-%m-%d} and "
                f"{punches} came, though it was asked for all of them twice; look at "
                "its log, and whether another server takes its punches"
            )
            log.warning("%s: %s", self.context.device.id, self.suspect)
            self._end(now)
            self._cover(self._good, "sum")

    def _cannot(self, now: datetime) -> None:
        if self._cannot_until is None:
            log.info(
                "%s: its firmware cannot count its punches; it is taken as read while "
                "it calls and has nothing to send",
                self.context.device.id,
            )
        self._cannot_until = now + ASK_AGAIN
        self._end(now)

    def _end(self, now: datetime) -> None:
        self._step, self._began, self._id = _Step.IDLE, None, ""
        self._fetches = self._unanswered = 0
        self._next = now + self.every

    def _cover(self, until: datetime | None, how: str) -> None:
        self._good = until
        self.context.covered(
            until, serial=self.ledger.serial, suspect=self.suspect, how=how
        )
