"""What each display shall show: a pure function of the windows and the calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from bridge.domain.queue import AT_WINDOW
from bridge.domain.views import CallView, CounterState, CounterView
from devices.displays import DISPLAY_KEYS, DisplayKeys, DisplayState
from devices.kinds import DeviceKind
from devices.site import Counter, DeviceEntry, Site

DISPLAY_DRIVERS: Final = frozenset({"onbon", "strip", "cpower", "eq2013"})
"""Drivers of text displays, until their `info` tells their kind."""
PANEL_DRIVERS: Final = frozenset({"ub485"})
"""Drivers whose units show besides what their window does."""
_HALLS_OWN: Final = DisplayKeys()


@dataclass(slots=True, kw_only=True)
class Board:
    """What the hall shows now. `calls` holds the last call of each window."""

    counters: dict[str, CounterView] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    calls: dict[str, CallView] = field(default_factory=dict)


class Followers:
    """Which devices may show something else when a window or a waiting line changes."""

    def __init__(self, site: Site) -> None:
        self._own: dict[str, list[str]] = {}
        self._of_area: dict[str, list[str]] = {}
        self._general: list[str] = []
        self._lines: list[str] = []
        for device in site.devices:
            if isinstance(device.parameters.get("units"), list):
                self._lines.append(device.id)
            elif device.counter is not None:
                self._own.setdefault(device.counter, []).append(device.id)
            elif device.area is not None:
                self._of_area.setdefault(device.area, []).append(device.id)
            else:
                self._general.append(device.id)

    def of_window(self, counter: str, area: str | None) -> Iterator[str]:
        """Devices that may show what a window does."""
        yield from self._own.get(counter, ())
        yield from self._of_area.get(area or "", ())
        yield from self._general
        yield from self._lines

    def of_waiting(self) -> Sequence[str]:
        """Devices that may show how many wait."""
        return self._lines


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
        return _screen(site, board, device)
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
            elsewhere = _unit_elsewhere(site, board, unit)
            if elsewhere is not None:
                shown[str(unit["address"])] = elsewhere
            continue
        view = board.counters.get(counter.id)
        ticket = view.ticket.number if view is not None and view.ticket else None
        served = view.services if view is not None else counter.service_ids
        waiting = sum(board.waiting.get(service, 0) for service in served)
        content = {"ticket": ticket, "waiting": waiting}
        if with_state:
            content["state"] = view.state.value if view is not None else None
        shown[str(unit["address"])] = content
    return shown


def _unit_elsewhere(
    site: Site, board: Board, unit: Mapping[str, Any]
) -> dict[str, Any] | None:
    """What a unit of a service or an area shows: who waits, and the newest call."""
    service, area = unit.get("service"), unit.get("area")
    if service is not None:
        services = {str(service)} & {each.id for each in site.services}
    elif area is not None and site.area(str(area)) is not None:
        mine = [each for each in site.counters if each.area == area]
        services = {name for each in mine for name in each.service_ids}
    else:
        return None
    calls = [
        call
        for each in site.counters
        if (call := _standing_call(board, each.id)) is not None
        and (call.service in services if service is not None else each.area == area)
    ]
    newest = max(calls, key=lambda call: (call.at, call.id), default=None)
    return {
        "ticket": newest.ticket.number if newest is not None else None,
        "waiting": sum(board.waiting.get(name, 0) for name in services),
    }


def display_keys(device: DeviceEntry) -> DisplayKeys:
    """A display's own texts and ways; those of the hall where they make no sense."""
    own = {k: v for k, v in device.parameters.items() if k in DISPLAY_KEYS}
    if not own:
        return _HALLS_OWN
    try:
        return DisplayKeys.model_validate(own)
    except ValidationError:
        return _HALLS_OWN


def idle_text(site: Site, device: DeviceEntry) -> str:
    """What a display shows when nothing is called."""
    own = display_keys(device).idle_text
    return site.queue.idle_text if own is None else own


def _screen(site: Site, board: Board, device: DeviceEntry) -> dict[str, Any]:
    """`text` is all that old drivers need; the rest is for those that can."""
    keys = display_keys(device)
    if device.counter is not None:
        mine = [device.counter]
    else:
        mine = [c.id for c in site.counters if device.area in {None, c.area}]
    look = {"color": keys.color.value} if keys.color is not None else {}
    views = [board.counters.get(name) for name in mine]
    if views and all(v is not None and v.state is CounterState.PAUSED for v in views):
        own = keys.pause_text
        text = site.queue.pause_text if own is None else own
        return {"text": text, "state": DisplayState.PAUSE.value, **look}
    calls = [call for name in mine if (call := _standing_call(board, name)) is not None]
    calls.sort(key=lambda call: (call.at, call.id), reverse=True)
    if not calls:
        text = idle_text(site, device)
        return {"text": text, "state": DisplayState.IDLE.value, **look}
    texts = [_call_text(keys, call) for call in calls[: keys.lines]]
    content = {
        "text": "\n".join(texts),
        "state": DisplayState.CALL.value,
        "blink": keys.blink,
        "call": calls[0].id,
        **look,
    }
    if keys.lines > 1:
        texts += [""] * (keys.lines - len(texts))
        content["areas"] = [{"id": n, "text": text} for n, text in enumerate(texts)]
    return content


def _call_text(keys: DisplayKeys, call: CallView) -> str:
    if keys.call_text is None:
        return call.text
    return keys.call_text.format(number=call.ticket.number, counter=call.counter_number)


def _standing_call(board: Board, counter: str) -> CallView | None:
    """The last call of a window, while its ticket is still there."""
    view, call = board.counters.get(counter), board.calls.get(counter)
    if view is None or call is None or view.ticket is None:
        return None
    if view.ticket.id != call.ticket.id or view.ticket.state not in AT_WINDOW:
        return None
    return call
