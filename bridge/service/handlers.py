"""Which function takes which event type."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bridge.domain.errors import UnfitEventError
from bridge.service.caller import caller_keys
from bridge.service.ratings import rating_presses
from bridge.service.records import cards, printer_states, punches, tampers
from bridge.service.work import Work
from devices.events import CloudEvent, EventType

Handler = Callable[[Work, Sequence[CloudEvent]], None]
"""Takes events of its type, in order; raises when one of them is unfit."""

HANDLERS: Final[Mapping[str, Handler]] = {
    EventType.ATTENDANCE_PUNCH: punches,
    EventType.ATTENDANCE_TAMPER: tampers,
    EventType.CALLER_KEY: caller_keys,
    EventType.RATING_PRESS: rating_presses,
    EventType.CARD_IN: cards,
    EventType.CARD_OUT: cards,
    EventType.PRINTER_STATUS: printer_states,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DefectiveEvent(CloudEvent):
    """An event of which only the place could be read; `data` is what came."""

    defect: str


def handle(work: Work, event_type: str, events: Sequence[CloudEvent]) -> None:
    """Give events of one type to their handler."""
    handler = HANDLERS.get(event_type)
    for event in events:
        if isinstance(event, DefectiveEvent):
            raise UnfitEventError(event.defect)
    if handler is None:
        raise UnfitEventError(f"no rule for events of type {event_type!r}")
    handler(work, events)
