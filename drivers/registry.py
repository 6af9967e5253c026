"""Drivers by name: `drivers/<name>` holds one subclass of `Driver`."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

import drivers
from devices.errors import ConfigurationError
from devices.site import DeviceEntry, Site, SiteError
from drivers.driver import Driver
from drivers.transports import check_url

_PREFIX: Final = "Value error, "


def driver_names() -> list[str]:
    """Every driver there is, sorted."""
    names = (module.name for module in pkgutil.iter_modules(drivers.__path__))
    return sorted(name for name in names if _class_in(name) is not None)


def find_driver(name: str) -> type[Driver[Any]]:
    """The driver of that name; raises `ConfigurationError` naming those there are."""
    try:
        found = _class_in(name)
    except ModuleNotFoundError as error:
        if error.name != f"drivers.{name}":
            raise ConfigurationError(
                f"driver {name!r} needs the Python package {error.name!r}; install it"
            ) from error
        found = None
    if found is None:
        raise ConfigurationError(
            f"no driver {name!r}; there are: {', '.join(driver_names())}"
        )
    return found


def check_device(entry: DeviceEntry) -> list[SiteError]:
    """Every mistake of an entry; paths lead to the key within the entry."""
    try:
        driver = find_driver(entry.driver)
    except ConfigurationError as error:
        return [SiteError(("driver",), str(error))]
    mistakes = _check_url(entry)
    try:
        parameters = driver.parameters_model.model_validate(dict(entry.parameters))
    except ValidationError as error:
        known = driver.parameters_model.model_fields
        return mistakes + [
            SiteError(item["loc"], _message(item, entry.driver, known))
            for item in error.errors()
        ]
    try:
        driver.check(entry, parameters)
    except SiteError as error:
        mistakes.append(error)
    except ConfigurationError as error:
        mistakes.append(SiteError((), str(error)))
    return mistakes


def advise_device(entry: DeviceEntry, site: Site) -> list[SiteError]:
    """Warnings about an entry that `check_device` found sound."""
    driver = find_driver(entry.driver)
    parameters = driver.parameters_model.model_validate(dict(entry.parameters))
    return list(driver.advise(entry, parameters, site))


def _class_in(name: str) -> type[Driver[Any]] | None:
    module = importlib.import_module(f"drivers.{name}")
    found = [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, Driver)
        and f"{value.__module__}.".startswith(f"{module.__name__}.")
        and not inspect.isabstract(value)
    ]
    if len(found) > 1:
        raise ConfigurationError(f"drivers/{name} holds more than one driver")
    return found[0] if found else None


def _check_url(entry: DeviceEntry) -> list[SiteError]:
    if entry.url is None:
        return []
    try:
        check_url(entry.url)
    except ConfigurationError as error:
        return [SiteError(("url",), str(error))]
    return []


def _message(item: Mapping[str, Any], driver: str, known: Mapping[str, Any]) -> str:
    if item["type"] == "extra_forbidden" and len(item["loc"]) == 1:
        keys = ", ".join(sorted(known)) or "no key of its own"
        return f"driver {driver} has no such key; it knows: {keys}"
    return str(item["msg"]).removeprefix(_PREFIX)
