"""Window pads in a browser: a hall for them, and pressing their keys."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Page, expect
from support.fake_hall import make_site

from bridge.domain.views import Channel, CounterAction, TicketView
from bridge.service.ports import Errand, HallPort
from devices.site import Site

SERVICES = [
    {"id": "reg", "prefix": "A", "name": "企业登记", "audience": "企业和个体户"},
    {"id": "idcard", "prefix": "B", "name": "身份证"},
]
COUNTERS = [
    {"id": f"w{n}", "number": n, "name": f"{n}号窗口", "services": ["reg", "idcard"]}
    for n in (1, 2, 3)
]
QUEUE = {
    "priorities": [
        {"id": "elderly", "name": "老年人", "ahead_min": 15, "kiosk": True},
        {"id": "green", "name": "绿色通道", "ahead_min": 240},
    ],
    "rejoin": {"within_min": 30, "after": 0},
}


def window_site(**more: Any) -> Site:
    """Three windows alike, with classes."""
    parts = {"services": SERVICES, "counters": COUNTERS, "areas": [], "queue": QUEUE}
    return make_site(**{**parts, **more})


async def draw_for(
    hall: HallPort, service: str = "reg", priority: str | None = None, *more: str
) -> TicketView:
    """Somebody draws a ticket, of a class or for more services perhaps."""
    return await hall.issue_ticket(
        service=service,
        channel=Channel.KIOSK,
        errand=Errand(priority=priority, next_services=more),
    )


async def act(hall: HallPort, action: CounterAction, **details: Any) -> None:
    """What another device does at window w1."""
    await hall.counter_action("w1", action, arguments=details)


async def settle(page: Page) -> None:
    """Until the hall has answered and a press is no second press."""
    ready = page.locator("body:not(.is-sending):not(.is-settling):not(.is-opening)")
    await expect(ready).to_be_visible()


async def type_keys(page: Page, *keys: str) -> None:
    """Press keys, each once the one before has had its effect."""
    for key in keys:
        await settle(page)
        await page.keyboard.press(key)
    await settle(page)
