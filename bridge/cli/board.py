"""What the demo shows: the hall now, and what happened last."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from rich.console import Console, ConsoleOptions, RenderableType
from rich.table import Table
from rich.text import Text

from devices.events import CloudEvent

LATEST: Final = 40
FEWEST: Final = 5
"""Latest lines on a terminal that is too low for all."""
HEADINGS: Final = 4
"""Lines of headings, and the last line."""
COLOURS: Final = {
    "ready": "green",
    "degraded": "yellow",
    "init": "yellow",
    "offline": "red",
    "lost": "red",
    "locked": "magenta",
}


@dataclass(slots=True)
class Board:
    """Everything on show; `say` gets each news as one plain line."""

    links: Sequence[tuple[str, str]]
    say: Callable[[str], None]
    devices: list[Mapping[str, Any]] = field(default_factory=list)
    services: list[Mapping[str, Any]] = field(default_factory=list)
    counters: list[Mapping[str, Any]] = field(default_factory=list)
    calls: deque[str] = field(default_factory=lambda: deque(maxlen=5))
    latest: deque[str] = field(default_factory=lambda: deque(maxlen=LATEST))
    counts: dict[str, int] = field(default_factory=dict)
    day: str = ""

    def take_devices(self, items: list[Mapping[str, Any]]) -> None:
        """The devices now; changes of state are news."""
        before = {item["id"]: item["state"] for item in self.devices}
        for item in items:
            if before.get(item["id"]) != item["state"]:
                reason = f" ({item['reason']})" if item["reason"] else ""
                self.news(f"{item['id']} is {item['state']}{reason}")
        self.devices = items

    def take_queue(self, queue: Mapping[str, Any]) -> None:
        """Services and windows now."""
        self.services = list(queue["services"])
        self.counters = list(queue["counters"])

    def take_call(self, call: Mapping[str, Any]) -> None:
        """A ticket is called."""
        number, window = call["ticket"]["number"], call["counter_number"]
        again = " (again)" if call.get("repeat", 1) > 1 else ""
        self.calls.appendleft(f"{number} → window {window}{again}")
        self.news(f"call {number} to window {window}{again}")

    def take_event(self, event: CloudEvent) -> None:
        """A device told something."""
        self.counts[event.type] = self.counts.get(event.type, 0) + 1
        self.news(f"{event.subject}: {summary(event)}")

    def news(self, text: str) -> None:
        """Something happened."""
        line = f"{time.strftime('%H:%M:%S')}  {text}"
        self.latest.appendleft(line)
        self.say(line)

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        """All of it, with as much of the latest as the terminal has lines for."""
        del console
        for name, url in self.links:
            yield Text(f"{name:<9}{url}", style="bold")
        yield self._devices()
        yield self._windows()
        used = len(self.links) + len(self.devices) + len(self.counters) + HEADINGS
        yield self._lists(max(FEWEST, (options.max_height or 0) - used))
        yield Text("Ctrl-C ends everything", style="dim")

    def _devices(self) -> Table:
        table = _table("device", "what", "state", "shows, or why not")
        for item in self.devices:
            colour = COLOURS.get(item["state"], "white")
            table.add_row(
                item["id"],
                item["name"],
                Text(item["state"], style=colour),
                item["reason"] or shown(item.get("value")),
            )
        return table

    def _windows(self) -> Table:
        table = _table("window", "state", "ticket", "waiting for")
        waiting = {each["id"]: each for each in self.services}
        for item in self.counters:
            ticket = item["ticket"]
            served = [waiting[s] for s in item.get("services", []) if s in waiting]
            lines = [f"{s['name'] or s['id']} {s['waiting']}" for s in served]
            table.add_row(
                item.get("name") or item["id"],
                item["state"],
                f"{ticket['number']} {ticket['state']}" if ticket else "",
                ", ".join(lines),
            )
        return table

    def _lists(self, count: int) -> Table:
        table = _table("last calls", f"so far {self.day}".rstrip(), "latest")
        counts = [f"{name} {n}" for name, n in sorted(self.counts.items())]
        columns = (list(self.calls), counts, list(self.latest))
        table.add_row(*("\n".join(column[:count]) for column in columns))
        return table


def _table(*headings: str) -> Table:
    """Without lines; the last column takes what is left."""
    table = Table(*headings, box=None, expand=True, header_style="bold cyan")
    for column in table.columns:
        column.no_wrap = True
        column.overflow = "ellipsis"
    table.columns[-1].ratio = 1
    return table


def shown(value: Mapping[str, Any] | None) -> str:
    """What a display or a caller line shows, in a few words."""
    if not value:
        return ""
    units = value.get("units")
    if isinstance(units, Mapping):
        parts = [
            f"{address}: {unit['text'] or '-'}"
            if "text" in unit
            else f"{address}: {unit.get('ticket') or '-'} ({unit.get('waiting') or 0})"
            for address, unit in sorted(units.items())
            if isinstance(unit, Mapping)
        ]
        return "  ".join(parts)
    return " / ".join(str(value.get("text", "")).split("\n"))


def summary(event: CloudEvent) -> str:
    """An event in a few words."""
    data = event.data
    match event.type:
        case "attendance.punch":
            who, way = data.get("user_id"), data.get("direction")
            return f"punch of {who}, {way}, {data.get('method')}"
        case "caller.key":
            return f"key {data.get('key')} at {data.get('counter') or 'no window'}"
        case "rating.press":
            value = data.get("value")
            return f"rating {value if value is not None else '?'} at " + str(
                data.get("counter") or "no window"
            )
        case "card.in" | "card.out":
            way = "put on" if event.type == "card.in" else "taken off"
            return f"{data.get('kind') or 'a'} card {way}"
        case _:
            return event.type
