"""One device's life: reached, served, lost, reached again."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from bus.backoff import Backoff
from devices.errors import CommandRejectedError, ConfigurationError, DeviceError
from devices.kinds import DeviceState
from drivers.driver import Driver
from drivers.node.context import NodeContext
from drivers.registry import check_device, find_driver

log = logging.getLogger(__name__)

FIRST_RETRY_S: Final = 0.5
CAP_S: Final = 30.0
ENDED: Final = "the device ended the connection"


class Supervisor:
    """Runs a device's driver again and again; nothing that it does ends the node."""

    def __init__(
        self,
        context: NodeContext,
        *,
        first_retry_s: float = FIRST_RETRY_S,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.context = context
        self._backoff = Backoff(jitter, first_s=first_retry_s, cap_s=CAP_S)
        self._driver: Driver[Any] | None = None
        self._is_down = False
        self._bugs: set[str] = set()
        context.presence.changed = self._state_changed

    @property
    def device(self) -> str:
        """The device's id."""
        return self.context.device.id

    async def run(self) -> None:
        """Serve the device until cancelled, or until no retry can help it.

        A driver that is not there makes the device OFFLINE (the hall file is
        right), a mistake of the hall file makes it LOCKED.
        """
        try:
            find_driver(self.context.device.driver)
        except ConfigurationError as error:
            log.warning("%s: stays offline: %s", self.device, error)
            self.context.report(DeviceState.OFFLINE, str(error))
            return
        try:
            self._driver = self._make_driver()
        except ConfigurationError as error:
            self._lock(str(error))
            return
        except Exception as error:  # noqa: BLE001 - its constructor must not end us
            self._lock(self._note_bug(error))
            return
        while True:
            try:
                reason = await self._one_life(self._driver)
            except ConfigurationError as error:
                self._lock(str(error))
                return
            self._note_down(reason)
            self.context.report(DeviceState.OFFLINE, reason)
            await asyncio.sleep(self._backoff.next_s())

    async def execute(self, name: str, args: Mapping[str, Any]) -> Mapping[str, Any]:
        """Run a command; raises `DeviceError`."""
        if self._driver is None:
            raise CommandRejectedError(
                "locked", f"{self.device} is out of service: {self._reason()}"
            )
        model = type(self._driver).commands.get(name)
        if model is None:
            known = ", ".join(sorted(type(self._driver).commands)) or "none"
            raise CommandRejectedError(
                "unknown_command",
                f"{self.device} ({self.context.device.driver}) has no command "
                f"{name!r}; it has: {known}",
            )
        return await self._driver.execute(name, _arguments(model, args))

    async def _one_life(self, driver: Driver[Any]) -> str:
        """Run the driver once; gives why it ended."""
        try:
            await driver.run()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            return "the driver gave up (cancelled from within)"
        except Exception as caught:  # a driver must not end the node
            error = plain_error(caught)
            if isinstance(error, ConfigurationError):
                raise error from caught
            if isinstance(error, DeviceError):
                return str(error)
            return self._note_bug(error)
        return ENDED

    def _make_driver(self) -> Driver[Any]:
        entry = self.context.device
        mistakes = check_device(entry)
        if mistakes:
            told = "; ".join(
                f"{'.'.join(str(part) for part in mistake.path)}: {mistake}"
                for mistake in mistakes
            )
            raise ConfigurationError(told)
        driver = find_driver(entry.driver)
        self.context.describe(
            kind=driver.kind.value,
            capabilities=list(driver.capabilities),
            commands=sorted(driver.commands),
        )
        model = driver.parameters_model
        return driver(self.context, model.model_validate(dict(entry.parameters)))

    def _lock(self, reason: str) -> None:
        log.error("%s: out of service: %s", self.device, reason)
        self._driver = None
        self.context.report(DeviceState.LOCKED, reason)

    def _state_changed(self, state: DeviceState, reason: str) -> None:
        if state is DeviceState.READY:
            self._backoff.reset()
            if self._is_down:
                log.info("%s: back", self.device)
            self._is_down = False
        elif state is DeviceState.DEGRADED:
            log.warning("%s: works in part: %s", self.device, reason)

    def _note_down(self, reason: str) -> None:
        if self._is_down:
            log.debug("%s: still down: %s", self.device, reason)
        else:
            log.warning("%s: down: %s; trying again for ever", self.device, reason)
        self._is_down = True

    def _note_bug(self, error: BaseException) -> str:
        reason = f"a mistake in the driver: {type(error).__name__}: {error}"
        if reason not in self._bugs:
            self._bugs.add(reason)
            log.error("%s: %s", self.device, reason, exc_info=error)
        return reason

    def _reason(self) -> str:
        return self.context.presence.reason


def plain_error(error: BaseException) -> BaseException:
    """The error within nested groups that tells most.

    A bug before a mistake of the hall file, that before a failed device.
    """
    if not isinstance(error, BaseExceptionGroup):
        return error
    leaves = [plain_error(part) for part in error.exceptions]
    return min(leaves, key=_weight)


def _weight(error: BaseException) -> int:
    if isinstance(error, ConfigurationError):
        return 1
    return 2 if isinstance(error, DeviceError) else 0


def _arguments(model: type[BaseModel], args: Mapping[str, Any]) -> BaseModel:
    try:
        return model.model_validate(dict(args))
    except ValidationError as error:
        told = "; ".join(
            f"{'.'.join(str(part) for part in item['loc']) or 'args'}: {item['msg']}"
            for item in error.errors()
        )
        raise CommandRejectedError("bad_arguments", told) from error
