"""pyzk, the public client, off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from zk import ZK


@contextmanager
def pyzk(url: str, password: int = 0) -> Iterator[Any]:
    host_name, _, port = url.partition("://")[2].rpartition(":")
    zk = ZK(
        host_name,
        int(port),
        timeout=5,
        password=password,
        force_udp=url.startswith("udp"),
        ommit_ping=True,
    )
    zk._ZK__sock.close()  # its constructor opens one that it never closes
    try:
        yield zk
    finally:
        zk._ZK__sock.close()


async def in_client(url: str, work: Callable[[Any], Any], password: int = 0) -> Any:
    def body() -> Any:
        with pyzk(url, password) as zk:
            zk.connect()
            result = work(zk)
            zk.disconnect()
            return result

    return await asyncio.to_thread(body)
