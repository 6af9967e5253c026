"""Kiosk with a printer and the ticket's page in headless Chromium."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect
from support.browsing import Clock, chromium, page_at
from support.fake_hall import make_site
from support.paper_bus import PaperBus, refused
from support.serving import Served, serving

from bridge.domain.views import Channel, CounterAction
from bridge.service.hall import Hall, open_hall

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.asyncio(loop_scope="module"),
]

expect.set_options(timeout=20_000)

PRINTER = {"id": "printer-1", "driver": "escpos", "url": "tcp://127.0.0.1:1"}


@pytest_asyncio.fixture(loop_scope="module")
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    site = make_site(devices=[PRINTER], kiosks=[{"id": "k1", "printer": "printer-1"}])
    async with open_hall(site=site, data=tmp_path, clock=Clock()) as hall:
        yield hall


@pytest_asyncio.fixture(loop_scope="module")
async def printer(hall: Hall) -> PaperBus:
    return PaperBus(hall)


@pytest_asyncio.fixture(loop_scope="module")
async def web(hall: Hall) -> AsyncIterator[Served]:
    async with serving(hall) as served:
        yield served


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


async def test_a_kiosk_says_what_becomes_of_the_paper(
    web: Served, printer: PaperBus, browser: Browser
) -> None:
    printer.hold()
    printer.refusals = [refused("no_paper")]
    async with page_at(browser, f"{web.url}/kiosk/k1", outages=True) as page:
        await page.locator('.key[data-service="reg"]').click()
        await expect(page.locator("#number")).to_have_text("A001")
        await expect(page.locator("#paper")).to_contain_text("正在打印")
        await expect(page.locator("#again")).to_be_hidden()
        printer.condition["paper"] = "out"
        printer.release()
        await expect(page.locator("#paper")).to_contain_text("号码有效")
        await page.locator("#again").click()
        await expect(page.locator("#paper")).to_contain_text("打印机缺纸")
        await expect(page.locator("#number")).to_have_text("A001")
        printer.condition["paper"] = "ok"
        await page.locator("#again").click()
        await expect(page.locator("#paper")).to_have_text("请取走票据")
        await expect(page.locator("#again")).to_be_hidden()
    assert [ticket["number"] for ticket in printer.tickets] == ["A001"]


async def test_a_kiosk_without_paper_says_what_to_do(
    hall: Hall, web: Served, printer: PaperBus, browser: Browser
) -> None:
    printer.condition["paper"] = "out"
    async with page_at(browser, f"{web.url}/kiosk", outages=True) as page:
        await page.locator('.key[data-service="reg"]').click()
        await expect(page.locator("#failed")).to_contain_text("打印机缺纸")
        await page.locator("#language").click()
        await expect(page.locator("#failed")).to_contain_text("no paper")
    assert (await hall.queue()).services[0].waiting == 0


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1024, 768), (1080, 1920)])
async def test_a_ticket_that_failed_fits_the_screen(
    web: Served, printer: PaperBus, browser: Browser, width: int, height: int
) -> None:
    printer.refusals = [refused("no_paper")]
    outside = """() => Array.from(document.querySelectorAll("#drawn > *"))
      .filter((e) => e.offsetParent)
      .filter((e) => { const b = e.getBoundingClientRect();
        const m = document.querySelector("main").getBoundingClientRect();
        return b.top < m.top || b.bottom > m.bottom || b.right > innerWidth; })
      .map((e) => e.textContent)"""
    url = f"{web.url}/kiosk"
    async with page_at(browser, url, width=width, height=height) as page:
        await page.locator('.key[data-service="reg"]').click()
        await expect(page.locator("#again")).to_be_visible()
        assert await page.evaluate(outside) == []
        box = await page.locator("#again").bounding_box()
        assert box is not None
        assert box["height"] >= 96


async def test_a_phone_sees_where_its_ticket_stands(
    hall: Hall, web: Served, browser: Browser
) -> None:
    drawn = await hall.issue_ticket(service="reg", channel=Channel.API)
    url = f"{web.url}/ticket/{drawn.id}"
    async with page_at(browser, url, width=390, height=844, timers=True) as page:
        await expect(page.locator("#number")).to_have_text("A001")
        await expect(page.locator("#place")).to_contain_text("前面没有人")
        await hall.counter_action("w1", CounterAction.CALL)
        await page.clock.run_for(6_000)
        await expect(page.locator("#place")).to_have_text("请到 1 号窗口")
