"""A child process of `halld run`: the drivers of a node, or the bridge.

`python -m bridge.cli.child ROLE`, started by the parent. It loads what its role
needs while the parent reads the hall file, and then takes its orders.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Final

from bridge.cli.handover import Handover
from bridge.cli.lifeline import ALIVE, READY, SIGNALS, take_orders, tell
from bridge.cli.logs import set_up_logs
from bridge.store.errors import StoreError
from devices.errors import DeviceError

log = logging.getLogger(__name__)

PARTS: Final = {"drivers": "bridge.cli.driving", "bridge": "bridge.cli.bridging"}
"""Role and the module whose `run` plays it."""
ALIVE_EVERY_S: Final = 1.0
SWITCH_S: Final = 0.001
"""How long a busy thread keeps the others waiting; by default five times that."""

Part = Callable[[Handover, Callable[[], None]], Coroutine[Any, Any, None]]


def main() -> None:
    """Run the part that the parent asks for; ends the process."""
    sys.setswitchinterval(SWITCH_S)
    part = _load(PARTS[sys.argv[1]])
    try:
        handover = Handover.decode(*take_orders())
    except ValueError:
        sys.exit(0)  # the parent ended before it had handed over
    set_up_logs(level=handover.log_level, as_json=handover.log_json, role=handover.role)
    if os.getppid() != handover.parent_pid:
        sys.exit(0)  # killed before this process could ask to die with it
    try:
        asyncio.run(_serve(part, handover))
    except (DeviceError, StoreError) as error:  # plain enough without a traceback
        log.error("%s ended: %s", handover.role, error)  # noqa: TRY400 - plain
        sys.exit(1)
    except Exception:  # the parent starts it again; the reason must be seen
        log.exception("%s ended by an error", handover.role)
        sys.exit(1)


def _load(module: str) -> Part:
    """Import a part. What is loaded stays: looking for garbage in it takes long."""
    gc.disable()
    part: Part = importlib.import_module(module).run
    gc.freeze()
    gc.enable()
    return part


async def _serve(part: Part, handover: Handover) -> None:
    loop = asyncio.get_running_loop()

    def ready() -> None:
        # What was loaded stays for good: looking through it again and again would
        # hold presses for a tenth of a second.
        gc.collect()
        gc.freeze()
        tell(READY)

    task = asyncio.create_task(part(handover, ready))
    stopping = False

    def stop() -> None:
        # Once: a second cancellation would cut short what is being finished.
        nonlocal stopping
        if not stopping:
            stopping = True
            task.cancel()

    for number in SIGNALS:
        # A signal may come twice, from the group and from the parent.
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, stop)
    # The parent blocks signals until here, so that none is met unprepared.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    alive = asyncio.create_task(_stay_alive())
    try:
        await task
        log.error("%s ended by itself", handover.role)
    except asyncio.CancelledError:
        log.debug("%s ended", handover.role)
    finally:
        alive.cancel()


async def _stay_alive() -> None:
    """Tell the parent that the loop turns."""
    while True:
        tell(ALIVE)
        await asyncio.sleep(ALIVE_EVERY_S)


if __name__ == "__main__":
    main()
