"""A headless Chromium that fails a test when a page complains."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright
from support.fake_hall import START

from bridge.domain.views import Channel, CounterAction
from bridge.service.ports import HallPort

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@asynccontextmanager
async def chromium(*more: str) -> AsyncIterator[Browser]:
    """The system's Chromium, with more arguments perhaps."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program, args=[*ARGUMENTS, *more]
        )
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def page_at(
    browser: Browser,
    url: str,
    *,
    width: int = 1920,
    height: int = 1080,
    reduced_motion: bool = False,
    outages: bool = False,
    timers: bool = False,
    script: str | None = None,
) -> AsyncIterator[Page]:
    """A page of a size; with `outages` failing to load things is no complaint.

    With `timers` the test may move the page's own clock (`page.clock`). `script`
    runs before those of the page.
    """
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        reduced_motion="reduce" if reduced_motion else "no-preference",
    )
    page = await context.new_page()
    said: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error":
            said.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: said.append(str(error)))
    try:
        if timers:
            await page.clock.install()
        if script is not None:
            await page.add_init_script(script)
        await page.goto(url)
        yield page
    finally:
        await context.close()
    if outages:
        said = [text for text in said if "Failed to load resource" not in text]
    assert said == []


class Clock:
    """The time of the hall; the test moves it."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: float) -> None:
        self.now += timedelta(**duration)


async def draw(hall: HallPort, service: str = "reg") -> None:
    """Somebody draws a ticket."""
    await hall.issue_ticket(service=service, channel=Channel.KIOSK)


async def call(hall: HallPort, counter: str = "w1") -> None:
    """A window calls the next."""
    await hall.counter_action(counter, CounterAction.CALL)
