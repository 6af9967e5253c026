"""The child that runs the drivers of a node."""

from __future__ import annotations

import socket
from collections.abc import Callable

from bridge.cli.handover import Handover
from drivers.adms.server import Listening
from drivers.node.node import run_node


async def run(handover: Handover, ready: Callable[[], None]) -> None:
    """Run the node until cancelled."""
    push = None
    if handover.push_fd is not None:
        sock = socket.socket(fileno=handover.push_fd)
        push = Listening(socket=sock, secret=handover.push_secret)
    await run_node(
        site=handover.site,
        node=handover.node,
        data=handover.data,
        broker=handover.broker,
        clock=handover.clock,
        ready=ready,
        push=push,
    )
