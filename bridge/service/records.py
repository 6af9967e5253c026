"""Events that are kept as they are: punches, tamper alarms, cards, printers.

They come in bulk: each function stores many with one statement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from bridge.domain.attendance.punches import punch_flags
from bridge.domain.errors import UnfitEventError
from bridge.domain.queue import hall_day
from bridge.service.attendance.days.dirty import mark_user_days
from bridge.service.work import Work
from bridge.store import tables
from bridge.store.bulk import insert_many
from devices.events import CloudEvent, Direction, PunchMethod

QUARTER_S: Final = 900
MAX_DRIFT_S: Final = 2**31
MAX_TOLD: Final = 2000

_DIRECTIONS = frozenset(Direction)
_METHODS = frozenset(PunchMethod)


def punches(work: Work, events: Sequence[CloudEvent]) -> None:
    """Store punches and mark their days for recomputing."""
    insert_many(work.db, tables.punch, [_punch(event) for event in events])
    # Zones differ by quarters of an hour: one conversion for each quarter is enough.
    quarters = {
        (str(event.data["user_id"]), int(event.time.timestamp() // QUARTER_S))
        for event in events
    }
    zone = work.site.hall.zone
    days = {
        (user, hall_day(datetime.fromtimestamp(quarter * QUARTER_S, zone)))
        for user, quarter in quarters
    }
    mark_user_days(work, sorted(days))


def _punch(event: CloudEvent) -> dict[str, Any]:
    data = event.data
    user = data.get("user_id")
    direction = data.get("direction", Direction.UNKNOWN)
    method = data.get("method", PunchMethod.UNKNOWN)
    if isinstance(user, bool) or not isinstance(user, str | int) or user == "":
        raise UnfitEventError("attendance.punch needs a `user_id`")
    if direction not in _DIRECTIONS or method not in _METHODS:
        raise UnfitEventError(f"no direction {direction!r} or no method {method!r}")
    flags = punch_flags(
        event.time,
        event.received,
        known_user=data.get("known_user") is not False,
        clock_drifts=bool(data.get("drift_s")) or data.get("set_back") is True,
    )
    return {
        "source": event.source,
        "event": event.id,
        "device": event.subject,
        "user_id": str(user),
        "time": event.time,
        "received": event.received,
        "direction": direction,
        "method": method,
        "flags": ",".join(flags),
        "raw": _word(data.get("raw")) or "",
        "drift_s": _whole(data.get("drift_s")),
        "origin": _word(data.get("source_ip")),
    }


def _whole(value: Any) -> int | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return round(value) if is_number and abs(value) < MAX_DRIFT_S else None


def tampers(work: Work, events: Sequence[CloudEvent]) -> None:
    """Store what clocks say about being opened or moved."""
    rows = [
        {
            **_common(event),
            "kind": _needed(event, "kind"),
            "raw": _raw(event),
            "told": _told(event.data),
        }
        for event in events
    ]
    insert_many(work.db, tables.tamper, rows)


def cards(work: Work, events: Sequence[CloudEvent]) -> None:
    """Store cards put on and taken off; references only, no card fields."""
    rows = [
        {
            **_common(event),
            "reader": _needed(event, "reader"),
            "presence": event.type.partition(".")[2],
            "subject_ref": _word(event.data.get("subject_ref")),
            "kind": _word(event.data.get("kind")),
            "confidence": _word(event.data.get("confidence")),
        }
        for event in events
    ]
    insert_many(work.db, tables.card, rows)


def printer_states(work: Work, events: Sequence[CloudEvent]) -> None:
    """Store what printers say about paper, cover and errors."""
    rows = [
        {
            **_common(event),
            "paper": _needed(event, "paper"),
            "cover": _word(event.data.get("cover")),
            "error": _word(event.data.get("error")),
        }
        for event in events
    ]
    insert_many(work.db, tables.printer, rows)


def _common(event: CloudEvent) -> dict[str, Any]:
    return {"device": event.subject, "time": event.time, "received": event.received}


def _told(data: Mapping[str, Any]) -> str:
    """Why, who and with what values, as far as the clock or its driver told."""
    values = data.get("values")
    words = {
        "": _word(data.get("text")),
        "by ": _word(data.get("operator")) or _word(data.get("by")),
        "values ": ", ".join(str(value) for value in values)
        if isinstance(values, list | tuple)
        else None,
    }
    parts = [f"{before}{word}" for before, word in words.items() if word]
    return "; ".join(parts)[:MAX_TOLD]


def _raw(event: CloudEvent) -> str:
    return _word(event.data.get("raw")) or ""


def _needed(event: CloudEvent, name: str) -> str:
    value = event.data.get(name)
    if not isinstance(value, str) or not value:
        raise UnfitEventError(f"{event.type} needs the text `{name}`")
    return value


def _word(value: Any) -> str | None:
    return None if value is None else str(value)
