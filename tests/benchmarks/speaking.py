"""A hall screen with sound in headless Chromium, and when it begins to speak."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from playwright.async_api import Page, async_playwright

ARGUMENTS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)
STARTING_MS: Final = 30_000
_HEAR: Final = """
window.begun = [];
const note = () => window.begun.push(performance.timeOrigin + performance.now());
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (when) {
  note();
  start.call(this, when, 0, 0.05);
};
if (window.speechSynthesis) {
  const speak = SpeechSynthesis.prototype.speak;
  SpeechSynthesis.prototype.speak = function (utterance) {
    note();
    speak.call(this, utterance);
  };
}
"""
"""Notes each sound's beginning and cuts it short, so that the next may begin."""


class Speech:
    """The page, and what it has begun to say."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def begun_after(self, at: float) -> list[float]:
        """When sounds began since a moment, both by the loop's time."""
        offset_s = time.time() - asyncio.get_running_loop().time()
        moments_ms: list[float] = await self._page.evaluate("window.begun")
        since = [moment / 1000 - offset_s for moment in moments_ms]
        return [moment for moment in since if moment >= at]


def can_speak() -> bool:
    """Whether there is a browser, and a program that makes the sound."""
    return _browser() is not None and shutil.which("espeak-ng") is not None


def _browser() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


@asynccontextmanager
async def speech(url: str) -> AsyncIterator[Speech]:
    """Open a screen that may sound, while the block runs."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=_browser(), args=list(ARGUMENTS)
        )
        try:
            page = await browser.new_page()
            await page.add_init_script(_HEAR)
            await page.goto(url, timeout=STARTING_MS)
            await page.wait_for_selector("#services > *", timeout=STARTING_MS)
            yield Speech(page)
        finally:
            await browser.close()
