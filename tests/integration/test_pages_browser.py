"""The screens in headless Chromium, on the real hall and a real socket."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from support.browsing import Clock, call, chromium, draw, page_at
from support.fake_hall import make_site
from support.serving import Served, serving

from bridge.domain.views import CounterAction
from bridge.service.hall import Hall, open_hall

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.asyncio(loop_scope="module"),
]

LONG_MS = 20_000
"""Waits end as soon as the page is right; this is for loaded machines."""

expect.set_options(timeout=LONG_MS)

NEW = re.compile("is-new")

TOO_SMALL = """
() => Array.from(document.querySelectorAll("body *"))
  .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
  .filter((e) => e.offsetParent && e.tagName !== "SCRIPT")
  .filter((e) => parseFloat(getComputedStyle(e).fontSize) < 32)
  .map((e) => e.id || e.className || e.tagName)
"""
CUT_OFF = """
() => Array.from(document.querySelectorAll("#call *, #rows li, #services li, header *"))
  .filter((e) => e.offsetParent)
  .filter((e) => {
    const box = e.getBoundingClientRect();
    const room = e.closest("#current, #rows, #waiting, header").getBoundingClientRect();
    return box.right > room.right + 1 || box.bottom > room.bottom + 1
      || e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== "inline";
  })
  .map((e) => (e.id || e.className || e.tagName) + ": " + e.textContent)
"""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture(loop_scope="module")
async def hall(tmp_path: Path, clock: Clock) -> AsyncIterator[Hall]:
    async with open_hall(site=make_site(), data=tmp_path, clock=clock) as hall:
        yield hall


@pytest_asyncio.fixture(loop_scope="module")
async def web(hall: Hall) -> AsyncIterator[Served]:
    async with serving(hall) as served:
        yield served


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


def waiting(service: str = "reg") -> str:
    return f'#services [data-service="{service}"] .count'


async def numbers(page: Page) -> list[str]:
    """Ticket numbers on the screen, from the top."""
    return await page.locator("#ticket, #rows .digits").all_inner_texts()


async def stop_timers(page: Page) -> None:
    """Let the page's time pass only when the test says so."""
    await page.clock.pause_at(await page.evaluate("Date.now() + 1000"))


async def until_on_top(page: Page, number: str) -> None:
    """Wait for a number on a page whose time stands; its timers get a few ms."""
    for _ in range(400):
        await page.clock.run_for(2)
        if (await numbers(page))[0] == number:
            return
    raise AssertionError(f"{number} did not come on top: {await numbers(page)}")


async def test_a_called_number_appears_and_blinks(
    hall: Hall, web: Served, browser: Browser
) -> None:
    await draw(hall)
    async with page_at(browser, f"{web.url}/screen/hall", timers=True) as page:
        await expect(page.locator(waiting())).to_have_text("1人")
        await expect(page.locator("#idle")).to_be_visible()
        await expect(page.locator("#clock")).to_have_text("09:00")
        await expect(page.locator("#area")).to_have_text("一楼大厅")
        await stop_timers(page)
        await call(hall)
        await until_on_top(page, "A001")
        await expect(page.locator("#ticket")).to_have_text("A001")
        await expect(page.locator("#window-number")).to_have_text("1")
        await expect(page.locator("#current")).to_have_class(NEW)
        await expect(page.locator(waiting())).to_have_text("0人")
        blink = await page.locator("#ticket").evaluate(
            "e => { const s = getComputedStyle(e);"
            " return [s.animationDuration, s.animationIterationCount]; }"
        )
        assert blink == ["0.9s", "3"]
        await page.clock.fast_forward(6_000)
        await expect(page.locator("#current")).to_have_class(NEW)
        await page.clock.fast_forward(1_500)
        await expect(page.locator("#current")).not_to_have_class(NEW)
        await expect(page.locator("#ticket")).to_have_text("A001")


async def test_the_newest_call_is_on_top_and_a_repeated_one_comes_back(
    hall: Hall, web: Served, browser: Browser
) -> None:
    for _ in range(3):
        await draw(hall)
    async with page_at(browser, f"{web.url}/screen/hall") as page:
        await expect(page.locator("#idle")).to_be_visible()
        await call(hall, "w1")
        await call(hall, "w2")
        await expect(page.locator("#ticket")).to_have_text("A002")
        assert await numbers(page) == ["A002", "A001"]
        await expect(page.locator("#rows li").first).to_have_class(NEW)
        await hall.counter_action("w1", CounterAction.RECALL)
        await expect(page.locator("#ticket")).to_have_text("A001")
        assert await numbers(page) == ["A001", "A002"]


async def test_in_a_burst_every_call_stays_for_seven_seconds(
    hall: Hall, web: Served, browser: Browser
) -> None:
    async with page_at(browser, f"{web.url}/screen/hall", timers=True) as page:
        await expect(page.locator("#idle")).to_be_visible()
        for _ in range(9):
            await draw(hall)
            await call(hall)
            await hall.counter_action("w1", CounterAction.FINISH)
        await expect(page.locator(waiting())).to_have_text("0人")
        first = [f"A00{number}" for number in range(7, 0, -1)]
        assert await numbers(page) == first
        await page.clock.fast_forward(7_000)
        await expect(page.locator("#ticket")).to_have_text("A009")
        last = [f"A00{number}" for number in range(9, 2, -1)]
        assert await numbers(page) == last


async def test_a_screen_shows_its_own_area_only(
    hall: Hall, web: Served, browser: Browser
) -> None:
    await draw(hall, "idcard")
    async with page_at(browser, f"{web.url}/screen/upper") as page:
        await expect(page.locator(waiting("idcard"))).to_have_text("1人")
        await expect(page.locator(waiting())).to_have_count(0)
        await call(hall, "w2")
        await expect(page.locator(waiting("idcard"))).to_have_text("0人")
        assert await page.locator("#idle").is_visible()


async def test_a_lost_hall_is_told_and_comes_back_without_a_reload(
    hall: Hall, clock: Clock, browser: Browser
) -> None:
    for _ in range(3):
        await draw(hall)
    async with AsyncExitStack() as stack:
        async with serving(hall) as web:
            address = f"{web.url}/screen/hall"
            page = await stack.enter_async_context(
                page_at(browser, address, outages=True)
            )
            await page.evaluate("window.isTheSamePage = true")
            await expect(page.locator(waiting())).to_have_text("3人")
            await call(hall, "w1")
            await expect(page.locator("#current")).to_have_class(NEW)
        lost = page.locator("#lost")
        await expect(lost).to_be_visible()
        await expect(lost).to_contain_text("显示暂停更新 · 请留意广播")
        await expect(lost).to_contain_text(re.compile(r"最后更新 09:0\d:\d\d"))
        dimmed = "e => parseFloat(getComputedStyle(e).opacity)"
        assert await page.locator("#current").evaluate(dimmed) < 0.5
        # Called while nobody could see it, and too long ago to be announced.
        await call(hall, "w2")
        clock.advance(minutes=2)
        async with serving(hall, port=web.port):
            await expect(lost).to_be_hidden()
            await expect(page.locator("#ticket")).to_have_text("A002")
            assert await numbers(page) == ["A002", "A001"]
            assert await page.locator(".is-new").count() == 0
            assert await page.locator("#current").evaluate(dimmed) == 1
            await expect(page.locator("#clock")).to_have_text("09:02")
            assert await page.evaluate("window.isTheSamePage") is True
            await hall.counter_action("w1", CounterAction.FINISH)
            await call(hall, "w1")
            await expect(page.locator("#ticket")).to_have_text("A003")
            await expect(page.locator("#current")).to_have_class(NEW)


async def test_a_fresh_call_missed_in_a_short_outage_is_announced(
    hall: Hall, browser: Browser
) -> None:
    await draw(hall)
    async with AsyncExitStack() as stack:
        async with serving(hall) as web:
            page = await stack.enter_async_context(
                page_at(browser, f"{web.url}/screen/hall", outages=True)
            )
            await expect(page.locator(waiting())).to_have_text("1人")
        await call(hall)
        async with serving(hall, port=web.port):
            await expect(page.locator("#ticket")).to_have_text("A001")
            await expect(page.locator("#current")).to_have_class(NEW)


async def test_an_old_call_is_shown_but_does_not_blink(
    hall: Hall, clock: Clock, web: Served, browser: Browser
) -> None:
    await draw(hall)
    await call(hall)
    clock.advance(seconds=31)
    async with page_at(browser, f"{web.url}/screen/hall") as page:
        await expect(page.locator("#ticket")).to_have_text("A001")
        assert await page.locator(".is-new").count() == 0


@pytest.mark.parametrize(
    ("width", "height"), [(1920, 1080), (1280, 720), (3840, 2160), (1080, 1920)]
)
async def test_a_screen_is_readable_from_afar(
    hall: Hall, web: Served, browser: Browser, width: int, height: int
) -> None:
    for counter in ("w1", "w2"):
        await draw(hall)
        await call(hall, counter)
    await draw(hall, "idcard")
    share = min(width, height) / 1080
    for language in ("", "?lang=en") if (width, height) == (1920, 1080) else ("",):
        address = f"{web.url}/screen/hall{language}"
        async with page_at(browser, address, width=width, height=height) as page:
            await expect(page.locator("#ticket")).to_have_text("A002")
            if share == 1:
                assert await page.evaluate(TOO_SMALL) == []
            for digits in ("#ticket", "#window-number"):
                # Capitals and digits of these fonts are 0.72 em high and more.
                size = "e => parseFloat(getComputedStyle(e).fontSize)"
                assert await page.locator(digits).evaluate(size) * 0.72 >= 160 * share
            await page.locator("#rows li").first.evaluate(
                "e => Promise.all(e.getAnimations().map(a => a.finished))"
            )
            assert await page.evaluate(CUT_OFF) == []
            # The stage moves a little each minute, so its box may stick out: what
            # counts is that nobody sees a scroll bar.
            hides = "getComputedStyle(document.documentElement).overflow"
            assert await page.evaluate(hides) == "hidden"
            style = "getComputedStyle(document.body).cursor"
            assert await page.evaluate(style) == "none"


async def test_long_numbers_fit_and_stay_high(
    tmp_path: Path, clock: Clock, browser: Browser
) -> None:
    services = [{"id": "reg", "prefix": "WMQ", "name": "不动产抵押登记和查询"}]
    counters = [{"id": "w1", "number": 9999, "services": ["reg"], "area": "hall"}]
    site = make_site(services=services, counters=counters, devices=[])
    async with open_hall(site=site, data=tmp_path, clock=clock) as hall:
        await draw(hall)
        await call(hall)
        async with (
            serving(hall) as web,
            page_at(browser, f"{web.url}/screen/hall") as page,
        ):
            await expect(page.locator("#ticket")).to_have_text("WMQ001")
            assert await page.evaluate(CUT_OFF) == []


async def test_who_wants_no_motion_gets_a_colour(
    hall: Hall, web: Served, browser: Browser
) -> None:
    await draw(hall)
    address = f"{web.url}/screen/hall"
    async with page_at(browser, address, reduced_motion=True) as page:
        await expect(page.locator("#idle")).to_be_visible()
        ground = "getComputedStyle(document.getElementById('current')).backgroundColor"
        before = await page.evaluate(ground)
        await call(hall)
        await expect(page.locator("#current")).to_have_class(NEW)
        assert await page.evaluate(ground) != before
        name = "getComputedStyle(document.getElementById('ticket')).animationName"
        assert await page.evaluate(name) == "none"
