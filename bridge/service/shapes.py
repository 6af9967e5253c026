"""Views as JSON and back, for the live stream and for kept answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from bridge.domain.views import (
    Channel,
    CounterState,
    CounterView,
    PrintState,
    TicketBrief,
    TicketState,
    TicketView,
)


def as_json(view: Any) -> dict[str, Any]:
    """A view as JSON-ready values; times as RFC 3339 with offset."""
    return {field.name: _value(getattr(view, field.name)) for field in fields(view)}


def _value(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value):
        return as_json(value)
    if isinstance(value, Mapping):
        return {str(key): _value(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_value(item) for item in value]
    return value


def ticket_from_json(body: Mapping[str, Any]) -> TicketView:
    """A ticket as `as_json` gave it."""
    values = dict(body)
    moments = ("issued_at", "called_at", "finished_at", "turn", "appointment")
    for name in moments:
        text = values.get(name)  # kept by an older version without the newer ones
        values[name] = datetime.fromisoformat(text) if text else None
    values["state"] = TicketState(values["state"])
    values["channel"] = Channel(values["channel"])
    state = values.get("print")
    values["print"] = PrintState(state) if state else None
    return TicketView(**values)


def counter_from_json(body: Mapping[str, Any]) -> CounterView:
    """A window as `as_json` gave it."""
    values = dict(body)
    values["state"] = CounterState(values["state"])
    brief = values["ticket"]
    if brief is not None:
        state = TicketState(brief["state"])
        values["ticket"] = TicketBrief(
            id=brief["id"], number=brief["number"], state=state
        )
    until = values.get("paused_until")
    values["paused_until"] = datetime.fromisoformat(until) if until else None
    return CounterView(**values)
