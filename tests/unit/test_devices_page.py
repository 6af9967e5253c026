"""The page on device types tells of every driver, key, command and action."""

from __future__ import annotations

from pathlib import Path

import pytest

from devices.displays import DISPLAY_KEYS
from drivers.registry import driver_names, find_driver
from simulators.registry import find_simulator

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "devices.md"
TOLD = {"zk", "ff68", "onbon", "cpower", "eq2013", "modbus", "sdt"}
DRIVERS = sorted(TOLD & set(driver_names()))


def _section(driver: str) -> str:
    """What stands between a driver's heading and the next one."""
    text = PAGE.read_text(encoding="utf-8")
    return text.split(f"\n## {driver}:")[1].split("\n## ")[0]


@pytest.mark.parametrize("driver", DRIVERS)
def test_keys_and_commands_of_a_driver_are_told(driver: str) -> None:
    section = _section(driver)
    found = find_driver(driver)
    keys = [k for k in found.parameters_model.model_fields if "simulat" not in k]
    if set(found.parameters_model.model_fields) >= DISPLAY_KEYS:
        page = PAGE.read_text(encoding="utf-8")
        section += page.split("\n## LED text displays\n")[1].split("\n## ")[0]
    assert [k for k in keys if f"`{k}`" not in section] == []
    assert [c for c in found.commands if f"`{c} {{" not in section] == []


@pytest.mark.parametrize("driver", DRIVERS)
def test_actions_of_a_simulated_device_are_told(driver: str) -> None:
    told = PAGE.read_text(encoding="utf-8").split("## Trying without devices")[1]
    line = next(t for t in told.splitlines() if t.startswith(f"| `{driver}` |"))
    assert [a for a in find_simulator(driver).actions if f"`{a}" not in line] == []
