"""What the web may ask of the hall. `bridge.service.hall.Hall` fills it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from bridge.domain.views import (
    CallerKeyView,
    Change,
    Channel,
    CounterAction,
    CounterView,
    DeviceView,
    Drawn,
    Page,
    PunchView,
    QueueView,
    RatingView,
    SeatView,
    TicketView,
    WindowLineView,
)
from bridge.service.stream import Areas
from devices.commands import Reply
from devices.site import Site

if TYPE_CHECKING:  # it asks with `Once`, which stands here
    from bridge.service.attendance.port import AttendancePort


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """An Idempotency-Key with the fingerprint of the request that carried it."""

    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What somebody who draws a ticket has besides a service.

    `priority` is a class of the hall file, `appointment` the time they were given,
    `next_services` what else the visit is for.
    """

    priority: str | None = None
    appointment: datetime | None = None
    next_services: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """Which part of a list, in its own stable order (time, then id).

    `equals` filters columns by value; a time filter means
    `from_time <= time < to_time`.
    """

    limit: int = 100
    offset: int = 0
    equals: Mapping[str, str | int | bool | None] | None = None
    from_time: datetime | None = None
    to_time: datetime | None = None


class Subscription(Protocol):
    """One reader of the live stream."""

    def __aiter__(self) -> AsyncIterator[Change | None]:
        """Changes in order; None when the reader was too slow and must start anew."""

    def rest(self) -> Sequence[Change | None]:
        """What else is there already, taken at once."""


class HallPort(Protocol):
    """The hall as the web sees it. Mutators return after the commit.

    They raise `bridge.domain.errors.RuleError`.
    """

    @property
    def site(self) -> Site:
        """The hall file."""

    @property
    def attendance(self) -> AttendancePort:
        """Attendance: days, months, what people tell and decide."""

    def now(self) -> datetime:
        """The time, aware, in the hall's zone."""

    async def issue_ticket(
        self,
        *,
        service: str,
        channel: Channel,
        subject_ref: str | None = None,
        errand: Errand | None = None,
        once: Once | None = None,
    ) -> TicketView:
        """Draw a ticket."""

    async def rejoin_ticket(
        self, ticket_id: str, *, once: Once | None = None
    ) -> TicketView:
        """Let one who missed the call wait again."""

    async def draw_ticket(
        self,
        *,
        service: str,
        channel: Channel,
        subject_ref: str | None = None,
        kiosk: str | None = None,
        errand: Errand | None = None,
        once: Once | None = None,
    ) -> Drawn:
        """Draw a ticket and print it, or give the one that the subject has.

        Raises `PrinterError` before any number is drawn. `kiosk` None is the
        first one; it matters with channel kiosk alone.
        """

    async def reprint_ticket(
        self, ticket_id: str, *, kiosk: str | None = None, once: Once | None = None
    ) -> TicketView:
        """Print a ticket again, at this kiosk or where it was printed last.

        Raises `NotFoundError`, `NoTicketError` when it is over, `PrinterError`.
        """

    async def counter_action(
        self,
        counter: str,
        action: CounterAction,
        *,
        arguments: Mapping[str, Any] | None = None,
        once: Once | None = None,
    ) -> TicketView | CounterView:
        """Do what a window asks; the ticket concerned, or the window.

        `arguments`: perhaps {"number": such as A005 or 5} or {"ticket": id} for
        call; {"ticket": id} for resume-ticket; {"service": id}, {"counter":
        id} or {"staff": number} and perhaps {"position": front, end or age} for
        transfer; {"staff": number} for sign-in; perhaps {"minutes": n} for pause.
        """

    async def ticket(self, ticket_id: str) -> TicketView:
        """One ticket; raises `NotFoundError`."""

    async def tickets(self, query: ListQuery) -> Page[TicketView]:
        """Tickets as drawn. `equals`: state, service, counter, day, number, staff."""

    async def caller_keys(self, query: ListQuery) -> Page[CallerKeyView]:
        """Keys of callers by time, then id. `equals`: device, counter, key, reason."""

    async def seats(self, query: ListQuery) -> Page[SeatView]:
        """Who sat where, by time, then id. `equals`: counter, staff."""

    async def queue(self) -> QueueView:
        """Services and windows now."""

    async def window_line(self, counter: str) -> WindowLineView:
        """Whom a window may call, holds and missed; raises `NotFoundError`."""

    async def punches(self, query: ListQuery) -> Page[PunchView]:
        """Punches by time, then id. `equals`: device, user_id."""

    async def ratings(self, query: ListQuery) -> Page[RatingView]:
        """Presses by time, then id. `equals`: counter, linked, value, reason."""

    def devices(self) -> Sequence[DeviceView]:
        """Every device of the hall file, by id."""

    async def command(
        self, device: str, name: str, args: Mapping[str, Any], timeout_s: float
    ) -> Reply:
        """Send a command to a device and wait for its reply."""

    async def snapshot(self, areas: Areas) -> tuple[int, Mapping[str, Any]]:
        """(id of the last change in it, the whole state) for the live stream.

        `{"time", "hall", "services", "counters", "calls", "tickets", "devices"}`;
        of areas alone: without devices, narrowed to them, and with `"areas":
        [{"id", "name"}]` (and `"area"` when it is one). `calls` newest first, at
        most 20, of today; `tickets` those who wait, in their order.
        """

    async def changes_since(
        self, last_id: int, areas: Areas
    ) -> Sequence[Change] | None:
        """Changes after `last_id`; None when unknown or too old: snapshot then."""

    def subscribe(self, areas: Areas) -> AbstractAsyncContextManager[Subscription]:
        """Changes from now on, narrowed to areas; bounded."""

    def troubles(self) -> Sequence[str]:
        """Why the hall is not ready (store, broker, nodes); empty when it is."""

    def alarms(self) -> Sequence[Mapping[str, Any]]:
        """Open alarms: `{"id", "kind", "since", "message"}`."""

    async def close_alarm(self, alarm_id: str) -> None:
        """End an alarm about what is past, once a technician has seen it.

        Raises `NotFoundError`, or `InvalidRequestError` for an alarm that ends
        by itself when its cause is gone.
        """

    def metrics(self) -> Mapping[str, float]:
        """Gauges and counters by Prometheus name, without labels."""
