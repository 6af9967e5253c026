"""What each display shall show: a pure function of the windows and the calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bridge.domain.queue import AT_WINDOW
from bridge.domain.views import CallView, CounterState, CounterView
from devices.kinds import DeviceKind
from devices.site import Counter, DeviceEntry, Site

DISPLAY_DRIVERS: Final = frozenset({"onbon", "strip", "cpower", "eq2013"})
"""Drivers of text displays, until their `info` tells their kind."""
PANEL_DRIVERS: Final = frozenset({"ub485"})
"""Drivers whose units show besides what their window does."""


@dataclass(slots=True, kw_only=True)
class Board:
    """What the hall shows now. `calls` holds the last call of each window."""

    counters: dict[str, CounterView] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    calls: dict[str, CallView] = field(default_factory=dict)


def call_text(site: Site, number: str, counter: Counter) -> str:
    """The text of a call, for displays and screens."""
    return site.queue.call_text.format(number=number, counter=counter.number)


def desired_content(
    site: Site, board: Board, device: DeviceEntry, kind: str | None = None
) -> Mapping[str, Any] | None:
    """What a device shall show; None for a device that shows nothing.

    `kind` is what the device's `info` says of itself, if it spoke yet.
    """
    units = device.parameters.get("units")
    if isinstance(units, list):
        with_state = device.driver in PANEL_DRIVERS
        return {"units": _units(site, board, units, with_state=with_state)}
    if kind == DeviceKind.DISPLAY or device.driver in DISPLAY_DRIVERS:
        return {"text": _text(site, board, device)}
    return None


def _units(
    site: Site, board: Board, units: Sequence[Any], *, with_state: bool
) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for unit in units:
        if not isinstance(unit, Mapping) or "address" not in unit:
            continue
        counter = site.counter(str(unit.get("counter", "")))
        if counter is None:
            continue
        view = board.counters.get(counter.id)
        ticket = view.ticket.number if view is not None and view.ticket else None
        waiting = sum(board.waiting.get(service, 0) for service in counter.services)
        content = {"ticket": ticket, "waiting": waiting}
        if with_state:
            content["state"] = view.state.value if view is not None else None
        shown[str(unit["address"])] = content
    return shown


def _text(site: Site, board: Board, device: DeviceEntry) -> str:
    if device.counter is not None:
        mine = [device.counter]
    else:
        mine = [
            counter.id
            for counter in site.counters
            if device.area is None or counter.area == device.area
        ]
    views = [board.counters.get(name) for name in mine]
    if views and all(v is not None and v.state is CounterState.PAUSED for v in views):
        return site.queue.pause_text
    calls = [call for name in mine if (call := _standing_call(board, name)) is not None]
    newest = max(calls, key=lambda call: (call.at, call.id), default=None)
    return newest.text if newest is not None else site.queue.idle_text


def _standing_call(board: Board, counter: str) -> CallView | None:
    """The last call of a window, while its ticket is still there."""
    view, call = board.counters.get(counter), board.calls.get(counter)
    if view is None or call is None or view.ticket is None:
        return None
    if view.ticket.id != call.ticket.id or view.ticket.state not in AT_WINDOW:
        return None
    return call
