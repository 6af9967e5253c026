"""What the bridge tells about itself: shapes of the REST API and the stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from bridge.domain.speech import Spoken

Item = TypeVar("Item")


class TicketState(StrEnum):
    """Where a ticket stands (contract: REST)."""

    WAITING = "waiting"
    CALLED = "called"
    SERVING = "serving"
    HELD = "held"
    WAITING_RATING = "waiting_rating"
    FINISHED = "finished"
    NO_SHOW = "no_show"
    TRANSFERRED = "transferred"
    EXPIRED = "expired"


class CounterState(StrEnum):
    """What a window does now."""

    IDLE = "idle"
    CALLING = "calling"
    SERVING = "serving"
    PAUSED = "paused"


class CounterAction(StrEnum):
    """What can be asked of a window."""

    CALL = "call"
    RECALL = "recall"
    START = "start"
    FINISH = "finish"
    NO_SHOW = "no-show"
    HOLD = "hold"
    RESUME_TICKET = "resume-ticket"
    TRANSFER = "transfer"
    RETURN = "return"
    SIGN_IN = "sign-in"
    SIGN_OUT = "sign-out"
    PAUSE = "pause"
    OPEN = "open"


class Channel(StrEnum):
    """Where a ticket was drawn."""

    KIOSK = "kiosk"
    WEB = "web"
    STAFF = "staff"
    API = "api"


class PrintState(StrEnum):
    """What became of a ticket's paper."""

    PENDING = "pending"
    """Queued or being printed."""
    PRINTED = "printed"
    FAILED = "failed"
    """It did not come out; it can be printed again."""
    UNKNOWN = "unknown"
    """It was sent, but the printer does not tell whether it came out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketView:
    """A ticket. `waiting_before` counts those ahead; 0 once it was called.

    `turn` is its place in the order, `next_services` what the visit is for besides,
    `staff` who called it.
    `print` is None for a ticket that is not for paper.
    """

    id: str
    number: str
    service: str
    state: TicketState
    waiting_before: int
    estimated_wait_s: int | None
    counter: str | None
    channel: Channel
    issued_at: datetime
    called_at: datetime | None
    finished_at: datetime | None
    turn: datetime | None = None
    priority: str | None = None
    appointment: datetime | None = None
    next_services: Sequence[str] = ()
    only_counter: str | None = None
    staff: str | None = None
    print: PrintState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What came of drawing: a new ticket, or the one that the subject has."""

    ticket: TicketView
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketBrief:
    """The ticket that a window has open."""

    id: str
    number: str
    state: TicketState


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterView:
    """A window and what it does. `services` are those of today."""

    id: str
    number: int
    name: str
    area: str | None
    services: Sequence[str]
    state: CounterState
    ticket: TicketBrief | None
    paused_until: datetime | None = None
    staff: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowLineView:
    """Whom a window may call: `total` wait, `waiting` is how it would call them.

    `waiting_before` counts those ahead at this window; no wait is estimated here.
    `held` are those it holds, latest first; `missed` those whose call passed and
    who may still wait again, latest first.
    """

    waiting: Sequence[TicketView]
    total: int
    held: Sequence[TicketView]
    missed: Sequence[TicketView]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceView:
    """A service and how many wait for it."""

    id: str
    prefix: str
    name: str
    audience: str
    waiting: int
    estimated_wait_s: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueView:
    """The whole queue now."""

    services: Sequence[ServiceView]
    counters: Sequence[CounterView]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallView:
    """One announcement: a ticket called, or called again (`repeat` from 1)."""

    id: str
    ticket: TicketBrief
    counter: str
    counter_number: int
    counter_name: str
    area: str | None
    service: str
    at: datetime
    repeat: int
    text: str
    staff: str | None = None
    speech: Sequence[Spoken] = ()
    """What screens say of it, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PunchView:
    """A punch as it was stored; nothing of it ever changes."""

    id: int
    device: str
    user_id: str
    time: datetime
    received_time: datetime
    direction: str
    method: str
    flags: Sequence[str]
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingView:
    """A press on an evaluator. `value` 1..5, null when unknown."""

    id: int
    time: datetime
    counter: str | None
    value: int | None
    linked: bool
    ticket: str | None
    reason: str | None
    staff: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerKeyView:
    """A key pressed at a caller. `reason` tells why it did nothing, if so."""

    id: int
    time: datetime
    received_time: datetime
    device: str
    counter: str | None
    address: str | None
    key: str
    digits: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatView:
    """Who sat at a window, from `time` to `until`; None: sits there still."""

    id: int
    counter: str
    staff: str
    time: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceView:
    """A device as the bridge knows it from the bus and the hall file."""

    id: str
    driver: str
    name: str
    state: str
    reason: str
    since: datetime | None
    last_seen: datetime | None
    node: str
    info: Mapping[str, Any]
    value: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Item]):
    """A part of a list; `total` counts the whole of it."""

    items: Sequence[Item]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One event of the live stream. `id` increases, over restarts too.

    `kind` is `ticket`, `counter`, `call` or `device`; `area` None concerns no
    area (devices) or all of them.
    """

    id: int
    kind: str
    area: str | None
    data: Mapping[str, Any]
