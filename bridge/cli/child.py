"""A child process of `halld run`: the drivers of a node, or the bridge.

`python -m bridge.cli.child`; started by the parent, which hands over what to do
on stdin and reads progress from the pipe `HALLD_STATUS_FD`.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, Final

from bridge.cli.handover import Handover
from bridge.cli.logs import set_up_logs
from bridge.cli.retrying import answer_retries
from bridge.store.errors import StoreError
from devices.errors import DeviceError

log = logging.getLogger(__name__)

STATUS_FD: Final = "HALLD_STATUS_FD"
READY: Final = b"r"
ALIVE: Final = b"."
ALIVE_EVERY_S: Final = 1.0
SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

Part = Callable[[Handover, Callable[[], None]], Coroutine[Any, Any, None]]


def main() -> None:
    """Run the part that the parent asks for; ends the process."""
    status = int(os.environ.pop(STATUS_FD))
    try:
        handover = Handover.decode(sys.stdin.buffer.read())
    except ValueError:
        sys.exit(0)  # the parent ended while it was handing over
    set_up_logs(level=handover.log_level, as_json=handover.log_json, role=handover.role)
    if os.getppid() != handover.parent_pid:
        sys.exit(0)  # killed before this process could ask to die with it
    part = {"drivers": _drivers, "bridge": _bridge}[handover.role]
    try:
        asyncio.run(_serve(part, handover, status))
    except (DeviceError, StoreError) as error:  # plain enough without a traceback
        log.error("%s ended: %s", handover.role, error)  # noqa: TRY400 - plain
        sys.exit(1)
    except Exception:  # the parent starts it again; the reason must be seen
        log.exception("%s ended by an error", handover.role)
        sys.exit(1)


async def _serve(part: Part, handover: Handover, status: int) -> None:
    loop = asyncio.get_running_loop()

    def ready() -> None:
        # What was loaded stays for good: looking through it again and again would
        # hold presses for a tenth of a second.
        gc.collect()
        gc.freeze()
        _tell(status, READY)

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
    alive = asyncio.create_task(_stay_alive(status))
    try:
        await task
        log.error("%s ended by itself", handover.role)
    except asyncio.CancelledError:
        log.debug("%s ended", handover.role)
    finally:
        alive.cancel()


async def _drivers(handover: Handover, ready: Callable[[], None]) -> None:
    # Only this process needs them.
    from drivers.adms.server import Listening  # noqa: PLC0415
    from drivers.node.node import run_node  # noqa: PLC0415

    push = None
    if handover.push_fd is not None:
        sock = socket.socket(fileno=handover.push_fd)
        push = Listening(socket=sock, secret=handover.push_secret)
    await run_node(
        site=handover.site,
        node=handover.node,
        data=handover.data,
        broker=handover.broker,
        clock=_clock(handover),
        ready=ready,
        push=push,
    )


async def _bridge(handover: Handover, ready: Callable[[], None]) -> None:
    # Only this process needs them, and the other must start fast.
    from bridge.mqtt.link import BridgeLink  # noqa: PLC0415
    from bridge.service.hall import open_hall  # noqa: PLC0415
    from bridge.service.voice import FOLDER, Speaker  # noqa: PLC0415
    from bridge.web.app import create_app  # noqa: PLC0415
    from bridge.web.iclock import PushAddress  # noqa: PLC0415
    from bridge.web.server import serve  # noqa: PLC0415

    assert handover.socket_fd is not None  # noqa: S101 - the bridge's always is
    sock = socket.socket(fileno=handover.socket_fd)
    push = None
    if handover.push_port is not None:
        push = PushAddress(port=handover.push_port, secret=handover.push_secret)
    hall_opening = open_hall(
        site=handover.site, data=handover.data, clock=_clock(handover)
    )
    speaker = Speaker(handover.data / FOLDER)
    async with hall_opening as hall, asyncio.TaskGroup() as tasks:
        tasks.create_task(BridgeLink(hall, handover.broker).run())
        tasks.create_task(
            serve(create_app(hall, speaker=speaker), sock, ready, push=push)
        )
        tasks.create_task(answer_retries(hall.retry_inbox, handover.data))


def _clock(handover: Handover) -> Callable[[], datetime]:
    zone = handover.site.hall.zone
    return lambda: datetime.fromtimestamp(time.time(), zone)


async def _stay_alive(status: int) -> None:
    """Tell the parent that the loop turns."""
    while True:
        _tell(status, ALIVE)
        await asyncio.sleep(ALIVE_EVERY_S)


def _tell(status: int, word: bytes) -> None:
    with contextlib.suppress(OSError):
        os.write(status, word)


if __name__ == "__main__":
    main()
