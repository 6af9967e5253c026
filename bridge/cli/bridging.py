"""The child that runs the bridge: queue, attendance, API and pages."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from bridge.cli.handover import Handover
from bridge.cli.retrying import answer_retries
from bridge.mqtt.link import BridgeLink
from bridge.service.hall import open_hall
from bridge.service.voice import FOLDER, Speaker
from bridge.web.app import create_app
from bridge.web.iclock import PushAddress
from bridge.web.server import serve


async def run(handover: Handover, ready: Callable[[], None]) -> None:
    """Run the bridge until cancelled."""
    assert handover.socket_fd is not None  # noqa: S101 - the bridge's always is
    sock = socket.socket(fileno=handover.socket_fd)
    push = None
    if handover.push_port is not None:
        push = PushAddress(port=handover.push_port, secret=handover.push_secret)
    hall_opening = open_hall(
        site=handover.site, data=handover.data, clock=handover.clock
    )
    speaker = Speaker(handover.data / FOLDER)
    async with hall_opening as hall, asyncio.TaskGroup() as tasks:
        tasks.create_task(BridgeLink(hall, handover.broker).run())
        tasks.create_task(
            serve(create_app(hall, speaker=speaker), sock, ready, push=push)
        )
        tasks.create_task(answer_retries(hall.retry_inbox, handover.data))
