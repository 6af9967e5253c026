from __future__ import annotations

import sys
from types import ModuleType
from typing import Annotated, Any

import pytest
from pydantic import Field

from devices.errors import ConfigurationError
from devices.kinds import DeviceKind
from devices.site import DeviceEntry, SiteError
from drivers.driver import Driver, DriverParameters
from drivers.registry import check_device, driver_names, find_driver


class LampParameters(DriverParameters):
    watts: Annotated[int, Field(ge=1)] = 40


class Lamp(Driver[LampParameters]):
    kind = DeviceKind.DISPLAY
    parameters_model = LampParameters

    @classmethod
    def check(cls, device: DeviceEntry, parameters: LampParameters) -> None:
        if device.url is None:
            raise SiteError(("url",), f"a lamp of {parameters.watts} W needs a url")

    async def run(self) -> None:
        return


@pytest.fixture(autouse=True)
def _lamp_module(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("drivers.lamp")
    module.Lamp = Lamp  # type: ignore[attr-defined]
    monkeypatch.setattr(Lamp, "__module__", "drivers.lamp")
    monkeypatch.setitem(sys.modules, "drivers.lamp", module)


def entry(**keys: Any) -> DeviceEntry:
    return DeviceEntry.model_validate(
        {"id": "lamp-1", "driver": "lamp", "url": "tcp://h:1", **keys}
    )


def paths(mistakes: list[SiteError]) -> list[tuple[tuple[str | int, ...], str]]:
    return [(mistake.path, str(mistake)) for mistake in mistakes]


def test_a_driver_is_found_by_its_module_name() -> None:
    assert find_driver("lamp") is Lamp


def test_an_unknown_driver_names_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match="no driver 'nope'; there are: "):
        find_driver("nope")


@pytest.mark.parametrize("name", ["node", "registry", "transports", "driver"])
def test_other_modules_of_the_room_are_no_drivers(name: str) -> None:
    assert name not in driver_names()
    with pytest.raises(ConfigurationError, match="no driver"):
        find_driver(name)


def test_a_good_entry_has_no_mistakes() -> None:
    assert check_device(entry(watts=60)) == []


def test_every_mistake_of_an_entry_is_told_with_its_key() -> None:
    told = paths(check_device(entry(watts=0, colour="red", url="http://h")))
    assert [path for path, _ in told] == [("url",), ("watts",), ("colour",)]
    assert "it knows: watts" in told[2][1]


def test_what_only_the_driver_knows_is_checked() -> None:
    told = paths(check_device(entry(url=None)))
    assert told == [(("url",), "a lamp of 40 W needs a url")]


def test_an_unknown_driver_is_a_mistake_of_its_key() -> None:
    assert paths(check_device(entry(driver="nope")))[0][0] == ("driver",)
