"""The screen's voice in headless Chromium; browser speech and sound are stand-ins."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from support.browsing import Clock, call, chromium, draw, page_at
from support.fake_hall import make_site
from support.serving import serving

from bridge.domain.sound import Sound, write_wav
from bridge.domain.views import CounterAction
from bridge.service.hall import Hall, open_hall
from bridge.service.voice import Speaker

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.asyncio(loop_scope="module"),
]

expect.set_options(timeout=20_000)

SPEECH = """
window.voices = [{lang: "zh-CN", localService: true}];
window.said = [];
window.most = 0;
let active = [];
Object.defineProperty(window, "speechSynthesis", {value: {
  getVoices: () => window.voices,
  cancel: () => {},
  speak: (u) => {
    window.said.push(u.text);
    active.push(u);
    window.most = Math.max(window.most, active.length);
  },
}});
window.SpeechSynthesisUtterance = function (text) { this.text = text; };
window.finish = () => { active.shift().onend(); };
"""
"""Browser speech that ends when the test says so."""

SOUND = """
Object.defineProperty(window, "speechSynthesis", {value: undefined});
window.played = [];
window.most = 0;
let active = 0;
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (when) {
  window.played.push(Math.round(this.buffer.duration * 100) / 100);
  active += 1;
  window.most = Math.max(window.most, active);
  start.call(this, when);
};
const create = BaseAudioContext.prototype.createBufferSource;
BaseAudioContext.prototype.createBufferSource = function () {
  const source = create.call(this);
  // Before the page's own handler, which may begin the next.
  source.addEventListener("ended", () => { active -= 1; });
  return source;
};
"""
"""Tells how long each sound is that begins, and how many at once."""

SILENT = """
let touched = false;
window.addEventListener("click", () => { touched = true; }, true);
window.AudioContext = function () {
  this.state = "suspended";
  this.resume = () => {
    if (touched) {
      this.state = "running";
      this.onstatechange();
    }
  };
};
"""
"""A browser that wants a touch before it sounds."""

ONE, TWO, THREE = (f"请A零零{n}号到{w}号窗口" for n, w in ("一一", "二二", "三一"))
QUICK = {"gong": False, "repeat": 1}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium("--autoplay-policy=no-user-gesture-required") as browser:
        yield browser


@asynccontextmanager
async def open_speaking(
    data: Path, clock: Clock, voice: dict[str, Any], **changes: Any
) -> AsyncIterator[Hall]:
    site = make_site(voice=voice, **changes)
    async with open_hall(site=site, data=data, clock=clock) as hall:
        for _ in range(4):
            await draw(hall)
        yield hall


async def until_said(page: Page, *texts: str) -> None:
    await page.wait_for_function("n => window.said.length >= n", arg=len(texts))
    assert await page.evaluate("window.said") == list(texts)


async def finish(page: Page) -> None:
    await page.evaluate("window.finish()")


async def until_shown(page: Page, number: str) -> None:
    await expect(page.locator("#ticket")).to_have_text(number)


async def next_at_one(hall: Hall) -> None:
    await hall.counter_action("w1", CounterAction.FINISH)
    await call(hall, "w1")


async def test_calls_are_said_one_after_another(
    tmp_path: Path, clock: Clock, browser: Browser
) -> None:
    async with (
        open_speaking(tmp_path, clock, QUICK) as hall,
        serving(hall) as web,
        page_at(browser, f"{web.url}/screen/hall", script=SPEECH) as page,
    ):
        await expect(page.locator("#clock")).to_have_text("09:00")
        await call(hall, "w1")
        await call(hall, "w2")
        await next_at_one(hall)
        await until_shown(page, "A003")
        await until_said(page, ONE)
        await finish(page)
        await until_said(page, ONE, TWO)
        await finish(page)
        await until_said(page, ONE, TWO, THREE)
        await finish(page)
        assert await page.evaluate("window.most") == 1


async def test_a_call_that_is_repeated_takes_the_place_of_the_older_one(
    tmp_path: Path, clock: Clock, browser: Browser
) -> None:
    async with (
        open_speaking(tmp_path, clock, QUICK) as hall,
        serving(hall) as web,
        page_at(browser, f"{web.url}/screen/hall", script=SPEECH) as page,
    ):
        await expect(page.locator("#clock")).to_have_text("09:00")
        await call(hall, "w1")
        await call(hall, "w2")
        await hall.counter_action("w2", CounterAction.RECALL)
        await next_at_one(hall)
        await until_shown(page, "A003")
        for _ in range(3):
            await finish(page)
        await until_said(page, ONE, TWO, THREE)


async def test_a_call_that_waited_too_long_is_not_said(
    tmp_path: Path, clock: Clock, browser: Browser
) -> None:
    address = "/screen/hall"
    async with (
        open_speaking(tmp_path, clock, QUICK) as hall,
        serving(hall) as web,
        page_at(browser, web.url + address, script=SPEECH, timers=True) as page,
    ):
        await expect(page.locator("#clock")).to_have_text("09:00")
        await call(hall, "w1")
        await call(hall, "w2")
        await until_shown(page, "A002")
        # An utterance that never ends is given up; who waited is too old by then.
        await page.clock.fast_forward(35_000)
        clock.advance(seconds=35)
        await next_at_one(hall)
        await until_shown(page, "A003")
        await until_said(page, ONE, THREE)


async def test_calls_of_an_outage_are_said_only_while_fresh(
    tmp_path: Path, clock: Clock, browser: Browser
) -> None:
    async with (
        open_speaking(tmp_path, clock, QUICK) as hall,
        AsyncExitStack() as stack,
    ):
        async with serving(hall) as web:
            address = f"{web.url}/screen/hall"
            page = await stack.enter_async_context(
                page_at(browser, address, outages=True, script=SPEECH)
            )
            await expect(page.locator("#clock")).to_have_text("09:00")
        await call(hall, "w1")
        clock.advance(minutes=2)
        await call(hall, "w2")
        async with serving(hall, port=web.port):
            await until_shown(page, "A002")
            await until_said(page, TWO)
            await finish(page)
            await next_at_one(hall)
            await until_said(page, TWO, THREE)


async def test_a_page_that_was_just_opened_repeats_nothing(
    tmp_path: Path, clock: Clock, browser: Browser
) -> None:
    async with (
        open_speaking(tmp_path, clock, QUICK) as hall,
        serving(hall) as web,
    ):
        await call(hall, "w1")
        address = f"{web.url}/screen/hall"
        async with page_at(browser, address, script=SPEECH) as page:
            await until_shown(page, "A001")
            await call(hall, "w2")
            await until_said(page, TWO)


async def test_the_text_is_repeated_unless_others_wait(
    tmp_path: Path, clock: Clock, browser: Browser
) -> None:
    voice = {"gong": False, "repeat": 2, "english": True}
    async with (
        open_speaking(tmp_path, clock, voice) as hall,
        serving(hall) as web,
        page_at(browser, f"{web.url}/screen/hall", script=SPEECH) as page,
    ):
        await expect(page.locator("#clock")).to_have_text("09:00")
        await call(hall, "w1")
        await call(hall, "w2")
        await until_shown(page, "A002")
        english = [
            f"Number A, zero zero {n}, please go to window {w}."
            for n, w in (("one", 1), ("two", 2))
        ]
        said = [ONE, english[0], TWO, english[1], TWO, english[1]]
        for count in range(1, len(said) + 1):
            await until_said(page, *said[:count])
            await finish(page)


@pytest.mark.parametrize("place", ["hours", "address", "area"])
async def test_who_shall_be_silent_says_nothing(
    tmp_path: Path, clock: Clock, browser: Browser, place: str
) -> None:
    hours = {"from": "09:30", "to": "08:59"}
    voice = {**QUICK, "hours": hours} if place == "hours" else QUICK
    areas = [{"id": "hall", "name": "一楼大厅"}, {"id": "upper"}]
    changes = {}
    if place == "area":
        areas[0]["voice"] = {"enabled": False}  # type: ignore[assignment]
        changes = {"areas": areas}
    query = "?sound=off" if place == "address" else ""
    async with (
        open_speaking(tmp_path, clock, voice, **changes) as hall,
        serving(hall) as web,
        page_at(browser, f"{web.url}/screen/hall{query}", script=SPEECH) as page,
    ):
        await expect(page.locator("#clock")).to_have_text("09:00")
        await call(hall, "w1")
        await until_shown(page, "A001")
        assert await page.evaluate("window.said") == []


async def test_the_halls_machine_speaks_where_the_browser_cannot(
    tmp_path: Path, clock: Clock, browser: Browser
) -> None:
    wav = tmp_path / "said.wav"
    wav.write_bytes(write_wav(Sound(rate_hz=22_050, samples=b"\x01\x00" * 4410)))
    program = tmp_path / "speaks"
    program.write_text(f"#!/bin/sh\ncat > /dev/null\ncat {wav}\n")
    program.chmod(0o755)
    async with (
        open_speaking(tmp_path, clock, {"repeat": 2}) as hall,
        serving(hall) as web,
    ):
        web.app.state.speaker = Speaker(tmp_path / "voice", program=str(program))
        address = f"{web.url}/screen/hall?sound=on"
        async with page_at(browser, address, script=SOUND) as page:
            await expect(page.locator("#clock")).to_have_text("09:00")
            await call(hall, "w1")
            await call(hall, "w2")
            await page.wait_for_function("() => window.played.length >= 5")
            assert await page.evaluate("window.played") == [1.3, 0.2, 1.3, 0.2, 0.2]
            assert await page.evaluate("window.most") == 1


async def test_a_browser_that_wants_a_touch_is_touched(
    tmp_path: Path, clock: Clock, browser: Browser
) -> None:
    async with (
        open_speaking(tmp_path, clock, QUICK) as hall,
        serving(hall) as web,
    ):
        address = f"{web.url}/screen/hall"
        script = SPEECH + SILENT
        async with page_at(browser, address, script=script) as page:
            hint = page.locator("#sound")
            await expect(hint).to_have_text("点一下屏幕打开声音")
            await expect(hint).to_be_visible()
            await call(hall, "w1")
            await until_shown(page, "A001")
            assert await page.evaluate("window.said") == []
            await page.mouse.click(200, 200)
            await expect(hint).to_be_hidden()
            await until_said(page, ONE)
        async with page_at(browser, address, script=script, timers=True) as page:
            await page.clock.fast_forward(2_000)
            await expect(page.locator("#sound")).to_be_visible()
            await page.clock.fast_forward(20_500)
            await expect(page.locator("#sound")).to_be_hidden()
        address += "?sound=on"
        async with page_at(browser, address, script=script, timers=True) as page:
            await page.clock.fast_forward(2_000)
            await expect(page.locator("#clock")).to_have_text("09:00")
            await expect(page.locator("#sound")).to_be_hidden()
