"""Draws tickets and says so, until it is killed: `store_child DATA COUNT`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from support.bridges import Clock, make_site

from bridge.domain.views import Channel
from bridge.service.hall import open_hall


async def main(data: Path) -> None:
    async with open_hall(site=make_site(), data=data, clock=Clock()) as hall:
        while True:
            drawn = await hall.issue_ticket(service="reg", channel=Channel.KIOSK)
            sys.stdout.write(f"{drawn.id} {drawn.number}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
