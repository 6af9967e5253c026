"""The server for push clocks as a node keeps it: alarms, and clocks not expected."""

from __future__ import annotations

import asyncio
import logging
import random

from bus.backoff import Backoff
from devices.errors import TransportError
from devices.topics import DEFAULT_NODE
from drivers.adms.reception import Reception, expected_clocks
from drivers.adms.server import Listening, PushServer
from drivers.node.alarms import AlarmKind, Alarms
from drivers.node.context import NodeServices

log = logging.getLogger(__name__)


def make_push_server(
    services: NodeServices, alarms: Alarms, listening: Listening | None
) -> PushServer:
    """The node's server; `listening` where somebody else bound its socket.

    It opens when a clock's driver, or `keep_push_open`, needs it.
    """

    def alarm(kind: str, message: str) -> None:
        if message:
            alarms.raise_alarm(AlarmKind(kind), message)
        else:
            alarms.clear(AlarmKind(kind))

    server = PushServer(
        listening=listening or Listening.of(services.site),
        reception=Reception(
            now=services.now,
            clock_trusted=lambda: services.clock_trusted,
            expected=expected_clocks(services.site),
            alarm=alarm,
        ),
    )
    services.shared[PushServer] = server
    return server


def is_push_wanted(services: NodeServices, node: str, server: PushServer) -> bool:
    """Whether clocks are served though no device of the node asks for it."""
    has_port = services.site.adms is not None and node == DEFAULT_NODE
    return has_port or server.listening.socket is not None


async def keep_push_open(server: PushServer) -> None:
    """Serve clocks until cancelled, so that those not expected are seen."""
    backoff = Backoff(random.random)
    is_down = False
    while True:
        try:
            async with server.open():
                is_down = False
                backoff.reset()
                await asyncio.Event().wait()
        except TransportError as error:
            if not is_down:
                log.warning("%s; trying again for ever", error)
            is_down = True
        await asyncio.sleep(backoff.next_s())
