"""Simulators by name: `simulators/<name>` holds one subclass of `Simulator`."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Any

from pydantic import ValidationError

import simulators
from devices.errors import ConfigurationError
from devices.site import DeviceEntry, Site
from simulators.simulator import Simulator

AnySimulator = Simulator[Any]


def simulator_names() -> list[str]:
    """The drivers that have a simulator, sorted."""
    names = (module.name for module in pkgutil.iter_modules(simulators.__path__))
    return sorted(name for name in names if _class_in(name) is not None)


def find_simulator(name: str) -> type[AnySimulator]:
    """The simulator of a driver; `ConfigurationError` names those there are."""
    names = simulator_names()
    found = _class_in(name) if name in names else None
    if found is None:
        raise ConfigurationError(
            f"no simulator for driver {name!r}; there are: {', '.join(names) or 'none'}"
        )
    return found


def _class_in(name: str) -> type[AnySimulator] | None:
    module = importlib.import_module(f"simulators.{name}")
    for found in vars(module).values():
        if (
            inspect.isclass(found)
            and issubclass(found, Simulator)
            and f"{found.__module__}.".startswith(f"{module.__name__}.")
            and not inspect.isabstract(found)
        ):
            return found
    return None


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
