"""What the live stream tells of a day's tickets, held against the rules."""

from __future__ import annotations

import asyncio
import json
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

WAITING: Final = frozenset({"waiting", "transferred"})
AT_WINDOW: Final = frozenset({"called", "serving"})
_EVENT: Final = re.compile(rb"id: (\d+)\nevent: (\w+)\ndata: ([^\n]*)\n\n")
_LONGEST: Final = 16 * 1024 * 1024


@dataclass(slots=True)
class Ledger:
    """Every ticket in the order of the commits; mistakes are counted.

    `serves` tells what each window serves. All windows weigh services alike, so the
    smallest turn is next.
    """

    serves: Mapping[str, Sequence[str]]
    states: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, dict[str, datetime]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    """Tickets and their turns, by service."""
    at: dict[str, str | None] = field(default_factory=dict)
    """The ticket at each window."""
    places: dict[str, str] = field(default_factory=dict)
    """The window that called each ticket last."""
    announced: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """First announcements of each ticket."""
    skipped: int = 0
    """Calls of somebody while one who came before waited for the same window."""
    doubled: int = 0
    """Tickets called at one window while another one had them."""
    changed: dict[str, asyncio.Event] = field(
        default_factory=lambda: defaultdict(asyncio.Event)
    )
    """Set when something changed at a window."""
    _last: int = 0

    @property
    def lost(self) -> int:
        """Tickets that were never called."""
        return sum(name not in self.announced for name in self.states)

    def somebody_waits(self, window: str) -> bool:
        """Whether a window has anybody to call."""
        return any(self.waiting.get(service) for service in self.serves[window])

    def take(self, number: int, kind: str, data: Mapping[str, Any]) -> None:
        """Take one change of the stream."""
        if number != self._last + 1 and self._last and kind != "snapshot":
            raise RuntimeError(f"the stream lost changes before {number}")
        self._last = number
        if kind == "ticket":
            self._ticket(data)
        elif kind == "counter":
            ticket = data["ticket"]
            self.at[data["id"]] = ticket["id"] if ticket else None
            self.changed[data["id"]].set()
        elif kind == "call" and data["repeat"] == 1:
            self.announced[data["ticket"]["id"]] += 1

    def _ticket(self, data: Mapping[str, Any]) -> None:
        name, service, state = data["id"], data["service"], data["state"]
        before = self.states.get(name)
        self.states[name] = state
        if state in WAITING:
            self.waiting[service][name] = datetime.fromisoformat(data["turn"])
            return
        turn = self.waiting[service].pop(name, None)
        if state in AT_WINDOW:
            place = self.places.get(name)
            self.doubled += before in AT_WINDOW and place != data["counter"]
            self.places[name] = data["counter"]
        if state == "called" and turn is not None:
            self.skipped += any(
                other < turn
                for each in self.serves[data["counter"]]
                for other in self.waiting[each].values()
            )


async def changes(http: str) -> AsyncIterator[tuple[int, str, Any]]:
    """The hall's stream of everything: number, kind and data of each change."""
    place = urlsplit(http)
    reader, writer = await asyncio.open_connection(
        place.hostname, place.port, limit=_LONGEST
    )
    try:
        head = "GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        writer.write(head.encode())
        while True:
            found = _EVENT.search(await reader.readuntil(b"\n\n"))
            if found is not None:
                yield int(found[1]), found[2].decode(), json.loads(found[3])
    finally:
        writer.close()
