"""The tables. Portable SQL; those of attendance by their own name."""

from __future__ import annotations

from bridge.store.tables import attendance
from bridge.store.tables.columns import Instant, metadata, microseconds
from bridge.store.tables.delivery import apart, inbox, lost_range, position
from bridge.store.tables.queueing import (
    IS_QUEUED,
    call,
    counter,
    number_sequence,
    print_job,
    seat,
    service_rate,
    ticket,
    ticket_interval,
    visit,
)
from bridge.store.tables.records import (
    caller_key,
    card,
    device_event,
    printer,
    punch,
    rating,
    tamper,
)
from bridge.store.tables.running import alarm, change, idempotency, meta

__all__ = [
    "IS_QUEUED",
    "Instant",
    "alarm",
    "apart",
    "attendance",
    "call",
    "caller_key",
    "card",
    "change",
    "counter",
    "device_event",
    "idempotency",
    "inbox",
    "lost_range",
    "meta",
    "metadata",
    "microseconds",
    "number_sequence",
    "position",
    "print_job",
    "printer",
    "punch",
    "rating",
    "seat",
    "service_rate",
    "tamper",
    "ticket",
    "ticket_interval",
    "visit",
]
