"""The socket between the parent and a child: orders one way, signs of life back.

It is the child's stdin. A child is started before its orders are known, so that it
loads its modules meanwhile; they come with the descriptors that it works on.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Sequence
from typing import Final

READY: Final = b"r"
ALIVE: Final = b"."
SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""What ends a child; blocked until it is prepared for them."""
STDIN: Final = 0
MOST_FDS: Final = 16
CHUNK_BYTES: Final = 65_536


async def give_orders(line: socket.socket, orders: bytes, fds: Sequence[int]) -> None:
    """Hand over, once; raises `ConnectionError` when the child has ended."""
    # The descriptors travel with one byte, so that they need not be repeated
    # however many pieces the orders are sent in.
    socket.send_fds(line, [b"o"], fds)
    await asyncio.get_running_loop().sock_sendall(line, orders)
    line.shutdown(socket.SHUT_WR)


def take_orders() -> tuple[bytes, list[int]]:
    """In the child: wait for the orders; empty when the parent ended before."""
    with socket.socket(fileno=os.dup(STDIN)) as line:
        _, fds, _, _ = socket.recv_fds(line, 1, MOST_FDS, socket.MSG_CMSG_CLOEXEC)
        orders = bytearray()
        while part := line.recv(CHUNK_BYTES):
            orders += part
    return bytes(orders), fds


def tell(word: bytes) -> None:
    """In the child: say a word to the parent."""
    with contextlib.suppress(OSError):
        os.write(STDIN, word)
