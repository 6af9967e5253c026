"""Kiosk and index in headless Chromium, on the real hall."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect
from support.browsing import Clock, chromium, page_at
from support.fake_hall import make_site
from support.serving import Served, serving

from bridge.service.hall import Hall, open_hall

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.asyncio(loop_scope="module"),
]

LONG_MS = 20_000
"""Waits end as soon as the page is right; this is for loaded machines."""

expect.set_options(timeout=LONG_MS)


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


async def test_a_double_touch_draws_one_ticket(
    hall: Hall, web: Served, browser: Browser
) -> None:
    async with page_at(browser, f"{web.url}/kiosk", width=1080, height=1920) as page:
        key = page.locator('.key[data-service="reg"]')
        await expect(key).to_contain_text("企业登记")
        await expect(key).to_contain_text("企业和个体户")
        await expect(key).to_contain_text("无需等候")
        await key.dblclick()
        await expect(page.locator("#number")).to_have_text("A001")
        await expect(page.locator("#drawn")).to_contain_text("企业登记")
        await expect(page.locator("#drawn")).to_contain_text("请在大厅等候叫号")
        await page.locator("#go-home").click()
        await expect(key).to_contain_text("等候 1 人")
        await key.click()
        await expect(page.locator("#number")).to_have_text("A002")
        await expect(page.locator("#before")).to_contain_text("前面还有 1 人")
    services = (await hall.queue()).services
    assert [service.waiting for service in services] == [2, 0]


async def test_a_touch_whose_answer_is_lost_draws_one_ticket(
    hall: Hall, web: Served, browser: Browser
) -> None:
    lost = asyncio.Event()
    async with page_at(browser, f"{web.url}/kiosk", outages=True) as page:

        async def lose_the_first_answer(route: object, request: object) -> None:
            del request
            if lost.is_set():
                await route.continue_()  # type: ignore[attr-defined]
            else:
                lost.set()
                await route.fetch()  # type: ignore[attr-defined]
                await route.abort()  # type: ignore[attr-defined]

        await page.route("**/api/v1/tickets", lose_the_first_answer)
        await page.locator('.key[data-service="reg"]').click()
        await expect(page.locator("#number")).to_have_text("A001")
    assert lost.is_set()
    assert (await hall.queue()).services[0].waiting == 1


async def test_a_kiosk_that_gets_no_ticket_says_what_to_do(
    hall: Hall, web: Served, browser: Browser
) -> None:
    del hall
    async with page_at(browser, f"{web.url}/kiosk", outages=True) as page:
        await page.route("**/api/v1/tickets", lambda route: route.abort())
        await page.locator('.key[data-service="reg"]').click()
        await expect(page.locator("#failed")).to_contain_text("到服务台取号")
        await page.locator("#go-home").click()
        await expect(page.locator("#home")).to_be_visible()


async def test_a_kiosk_goes_home_by_itself(
    hall: Hall, web: Served, browser: Browser
) -> None:
    del hall
    async with page_at(browser, f"{web.url}/kiosk", timers=True) as page:
        await page.locator("#language").click()
        await expect(page.locator("#home")).to_contain_text("What would you like")
        await page.locator('.key[data-service="reg"]').click()
        await expect(page.locator("#number")).to_have_text("A001")
        await expect(page.locator("#drawn")).to_contain_text("Your number")
        await page.clock.run_for(31_000)
        await expect(page.locator("#home")).to_be_visible()
        await expect(page.locator("#home")).to_contain_text("请选择要办理的业务")


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1024, 768), (1080, 1920)])
async def test_what_a_kiosk_offers_can_be_touched_with_gloves(
    hall: Hall, web: Served, browser: Browser, width: int, height: int
) -> None:
    del hall
    small = """() => Array.from(document.querySelectorAll("button"))
      .filter((e) => e.offsetParent)
      .map((e) => [e.textContent, e.getBoundingClientRect()])
      .filter(([, b]) => b.width < 96 || b.height < 96
        || b.right > innerWidth || b.bottom > innerHeight)
      .map(([t]) => t)"""
    async with page_at(browser, f"{web.url}/kiosk", width=width, height=height) as page:
        await expect(page.locator(".key .wait span").first).to_be_visible()
        assert await page.evaluate(small) == []
        await page.locator("#large").click()
        assert await page.evaluate(small) == []
        await page.locator("#low").click()
        assert await page.evaluate(small) == []
        top = "Math.min(...[...document.querySelectorAll('button')]"
        top += ".filter(e => e.offsetParent).map(e => e.getBoundingClientRect().top))"
        assert await page.evaluate(top) >= height * 0.4


async def test_the_index_leads_to_every_page(
    hall: Hall, web: Served, browser: Browser
) -> None:
    del hall
    async with page_at(browser, web.url) as page:
        await page.get_by_text("3号窗口").or_(page.get_by_text("w3")).first.click()
        await expect(page.locator("#state-word")).to_have_text("空闲")
