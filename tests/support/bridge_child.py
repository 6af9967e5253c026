"""A bridge in a process of its own, to be killed: `bridge_child DATA PORT HALL`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from support.bridges import make_site, running_bridge

from bus.address import BrokerAddress


async def main(data: Path, port: int, hall: str) -> None:
    broker = BrokerAddress(host="127.0.0.1", port=port)
    async with running_bridge(data, broker, site=make_site(hall={"id": hall})):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
