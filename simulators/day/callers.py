"""Which keys the staff of a window press, by the caller that stands there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from devices.site import DeviceEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """The keys for each step at a caller, by their names in its key map."""

    call: str = "call"
    recall: str = "recall"
    no_show: str = "no_show"
    begin: str | None = None
    """When the visitor is there."""
    end: str = "finish"
    has_evaluator: bool = False


HABITS: Final[Mapping[str, Habit]] = {
    "ff68": Habit(end="rate", has_evaluator=True),
    "ub485": Habit(
        call="call_or_recall",
        recall="call_or_recall",
        no_show="finish_or_no_show",
        begin="start",
        end="finish_or_no_show",
    ),
    "keypad": Habit(begin="start"),
}
"""Drivers of callers; a window with several uses the first of the hall file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a window's caller is: a device, and the address on its line."""

    device: str
    address: int | None
    habit: Habit


def caller_of(devices: Sequence[DeviceEntry], counter: str) -> Place | None:
    """The caller of a window; None: it has none."""
    for entry in devices:
        habit = HABITS.get(entry.driver)
        if habit is None:
            continue
        if entry.counter == counter:
            return Place(device=entry.id, address=None, habit=habit)
        address = _address(entry.parameters, counter)
        if address is not None:
            return Place(device=entry.id, address=address, habit=habit)
    return None


def _address(parameters: Mapping[str, Any], counter: str) -> int | None:
    units = parameters.get("units")
    for unit in units if isinstance(units, list) else []:
        if isinstance(unit, Mapping) and unit.get("counter") == counter:
            address = unit.get("address")
            return address if isinstance(address, int) else None
    return None
