"""Finds the simulator of a driver by name: `simulators/<driver>.py`."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Any, Final

from pydantic import ValidationError

import simulators
from devices.errors import ConfigurationError
from devices.site import DeviceEntry, Site
from simulators.simulator import Simulator

AnySimulator = Simulator[Any]

_NO_DEVICE: Final = frozenset(
    {"simulator", "registry", "faults", "hosting", "hub", "control", "day", "day_plan"}
)
"""Modules of this room that are no device type."""


def simulator_names() -> list[str]:
    """The drivers that have a simulator, sorted."""
    return sorted(
        module.name
        for module in pkgutil.iter_modules(simulators.__path__)
        if not module.ispkg
        and module.name not in _NO_DEVICE
        and not module.name.startswith("_")
        and "__" not in module.name
    )


def find_simulator(name: str) -> type[AnySimulator]:
    """The simulator of a driver; `ConfigurationError` names those there are."""
    names = simulator_names()
    if name not in names:
        raise ConfigurationError(
            f"no simulator for driver {name!r}; there are: {', '.join(names) or 'none'}"
        )
    module = importlib.import_module(f"simulators.{name}")
    for _, found in inspect.getmembers(module, inspect.isclass):
        if issubclass(found, Simulator) and found.__module__ == module.__name__:
            return found
    raise ConfigurationError(f"simulators/{name}.py holds no simulator")


def build_simulator(device: DeviceEntry, site: Site) -> AnySimulator:
    """The simulator of a device of the hall file, not hosted yet."""
    model = find_simulator(device.driver)
    try:
        parameters = model.parameters_model.model_validate(dict(device.parameters))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"{key}: {first['msg']}") from error
    return model(device, parameters, site)
