"""The kiosk's questions in headless Chromium: class, several services, missed calls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from support.browsing import Clock, chromium, page_at
from support.paper_bus import PaperBus
from support.serving import Served, serving
from support.windows import act, draw_for, window_site

from bridge.domain.views import CounterAction
from bridge.service.hall import Hall, open_hall

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.asyncio(loop_scope="module"),
]

expect.set_options(timeout=20_000)

SERVICES = [
    {"id": "reg", "prefix": "A", "name": "企业登记", "name_en": "Companies"},
    {"id": "idcard", "prefix": "B", "name": "身份证", "audience": "换领、补领"},
    {
        "id": "estate",
        "prefix": "C",
        "name": "不动产",
        "quotas": [{"from": "13:30", "to": "17:00", "limit": 1}],
    },
]
QUEUE: dict[str, Any] = {
    "priorities": [
        {
            "id": "elderly",
            "name": "老年人",
            "name_en": "Over 65",
            "ahead_min": 15,
            "kiosk": True,
        },
        {"id": "green", "name": "绿色通道", "ahead_min": 240},
    ],
    "rejoin": {"within_min": 30, "after": 1},
    "at_kiosk": {"several_services": True},
}
PRINTER = {"id": "printer-1", "driver": "escpos", "url": "tcp://127.0.0.1:1"}
SMALL = """() => Array.from(document.querySelectorAll("button"))
  .filter((e) => e.offsetParent)
  .map((e) => [e.textContent, e.getBoundingClientRect()])
  .filter(([, b]) => b.width < 96 || b.height < 96
    || b.right > innerWidth || b.bottom > innerHeight)
  .map(([t]) => t)"""
COVERED = """() => Array.from(document.querySelectorAll("button"))
  .filter((e) => e.offsetParent && !e.disabled)
  .filter((e) => { const b = e.getBoundingClientRect();
    return [[b.left + 9, b.top + 9], [b.right - 9, b.bottom - 9]].some(([x, y]) =>
      !e.contains(document.elementFromPoint(x, y))); })
  .map((e) => e.textContent)"""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture(loop_scope="module")
async def hall(tmp_path: Path, clock: Clock) -> AsyncIterator[Hall]:
    site = window_site(
        services=SERVICES,
        queue=QUEUE,
        devices=[PRINTER],
        kiosks=[{"id": "k1", "printer": "printer-1"}],
    )
    async with open_hall(site=site, data=tmp_path, clock=clock) as hall:
        PaperBus(hall)
        yield hall


@pytest_asyncio.fixture(loop_scope="module")
async def web(hall: Hall) -> AsyncIterator[Served]:
    async with serving(hall) as served:
        yield served


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


async def ask_for(page: Page, number: str) -> None:
    await page.locator("#ask-mine").click()
    for sign in number:
        await page.locator(f'#digits [data-key="{sign}"]').click()
    await page.locator('#digits [data-key="ask"]').click()


async def test_a_class_is_asked_for_once_the_service_is_known(
    hall: Hall, web: Served, browser: Browser
) -> None:
    await draw_for(hall)
    async with page_at(browser, f"{web.url}/kiosk") as page:
        await page.locator('#keys [data-service="reg"]').click()
        keys = page.locator("#classes .key")
        await expect(keys).to_have_text(["没有", "老年人"])
        await page.locator("#back").click()
        await expect(page.locator("#home")).to_be_visible()
        await page.locator('#keys [data-service="reg"]').click()
        await page.locator("#language").click()
        await expect(keys).to_have_text(["No", "Over 65"])
        await keys.nth(1).dblclick()
        await expect(page.locator("#number")).to_have_text("A002")
        await expect(page.locator("#service")).to_have_text("Companies")
        await expect(page.locator("#before")).to_contain_text("Nobody is before you")
        await page.locator("#go-home").click()
        await page.locator('#keys [data-service="reg"]').click()
        await keys.nth(0).click()
        await expect(page.locator("#number")).to_have_text("A003")
    waiting = (await hall.window_line("w1")).waiting
    assert [ticket.priority for ticket in waiting] == ["elderly", None, None]


async def test_several_services_are_one_ticket(
    hall: Hall, web: Served, browser: Browser
) -> None:
    async with page_at(browser, f"{web.url}/kiosk", timers=True) as page:
        await page.locator("#ask-several").click()
        done = page.locator("#several-draw")
        await expect(done).to_be_disabled()
        for service in ("idcard", "estate", "reg", "estate"):
            await page.locator(f'#several [data-service="{service}"]').click()
        await expect(page.locator('#several [data-service="reg"]')).to_contain_text("2")
        await expect(done).to_have_text("取号（2 项）")
        await done.click()
        await page.locator("#back").click()
        await expect(done).to_have_text("取号（2 项）")
        await done.click()
        await page.locator('[data-class=""]').click()
        await expect(page.locator("#number")).to_have_text("B001")
        await expect(page.locator("#then")).to_have_text("接着办：企业登记")
        await page.locator("#go-home").click()
        await page.locator("#ask-several").click()
        await expect(done).to_be_disabled()
        await page.clock.run_for(31_000)
        await expect(page.locator("#home")).to_be_visible()
    assert (await hall.window_line("w1")).waiting[0].next_services == ["reg"]


async def test_one_who_missed_the_call_waits_again_at_the_kiosk(
    hall: Hall, web: Served, browser: Browser, clock: Clock
) -> None:
    for _ in range(3):
        await draw_for(hall)
        clock.advance(minutes=1)
    await act(hall, CounterAction.CALL)
    await act(hall, CounterAction.NO_SHOW)
    async with page_at(browser, f"{web.url}/kiosk", outages=True) as page:
        await ask_for(page, "A001")
        await expect(page.locator("#place")).to_contain_text("已过号")
        await page.locator("#rejoin").dblclick()
        await expect(page.locator("#place")).to_contain_text("已重新排队")
        await expect(page.locator("#place")).to_contain_text("前面还有 1 人")
        await expect(page.locator("#rejoin")).to_be_hidden()
        await act(hall, CounterAction.CALL)
        await expect(page.locator("#place")).to_contain_text("前面没有人")
        await act(hall, CounterAction.FINISH)
        await act(hall, CounterAction.CALL)
        await expect(page.locator("#place")).to_contain_text("请到 1 号窗口")
        await act(hall, CounterAction.NO_SHOW)
        clock.advance(minutes=31)
        await page.locator("#rejoin").click()
        await expect(page.locator("#place")).to_have_text("过号时间太久，请重新取号。")


async def test_a_scanner_finds_a_ticket_by_its_code(
    hall: Hall, web: Served, browser: Browser
) -> None:
    ticket = await draw_for(hall)
    async with page_at(browser, f"{web.url}/kiosk") as page:
        await expect(page.locator(".key .wait span").first).to_be_visible()
        for code in (f"http://hall.example/ticket/{ticket.id}", "a001"):
            await page.keyboard.type(code)
            await page.keyboard.press("Enter")
            await expect(page.locator("#wanted")).to_have_text("A001")
            await expect(page.locator("#place")).to_contain_text("前面没有人")
            await page.locator("#go-home").click()
            await expect(page.locator("#home")).to_be_visible()


async def test_a_quota_tells_when_tickets_are_given(
    hall: Hall, web: Served, browser: Browser, clock: Clock
) -> None:
    async with page_at(browser, f"{web.url}/kiosk", outages=True) as page:
        reason = page.locator("#reason")
        for hours, says in (
            (0, "现在不是取号时间，13:30 起可以取号。"),
            (9, "今天不再取号，请留意取号时间。"),
        ):
            clock.advance(hours=hours)
            await page.locator('#keys [data-service="estate"]').click()
            await page.locator('[data-class=""]').click()
            await expect(reason).to_have_text(says)
            await page.locator("#go-home").click()
    assert (await hall.queue()).services[2].waiting == 0


async def test_the_paper_is_told_before_anybody_draws(
    hall: Hall, web: Served, browser: Browser
) -> None:
    printer = PaperBus(hall)
    printer.condition["paper"] = "near_end"
    async with page_at(browser, f"{web.url}/kiosk", timers=True) as page:
        told = page.locator("#printer")
        await expect(told).to_contain_text("票纸快用完了")
        printer.condition["paper"] = "out"
        await page.clock.run_for(16_000)
        await expect(told).to_contain_text("打印机缺纸")
        await page.locator("#language").click()
        await expect(told).to_contain_text("no paper")
        printer.condition["paper"] = "ok"
        await page.clock.run_for(16_000)
        await expect(told).to_be_hidden()


@pytest.mark.parametrize("size", [(1280, 800), (1024, 768), (1080, 1920)], ids=str)
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_every_page_of_a_visit_can_be_touched_with_gloves(
    hall: Hall, web: Served, browser: Browser, size: tuple[int, int], language: str
) -> None:
    del hall
    url, (width, height) = f"{web.url}/kiosk?lang={language}", size
    async with page_at(browser, url, width=width, height=height) as page:
        await expect(page.locator(".key .wait span").first).to_be_visible()
        for mode in (None, "#contrast", "#large", "#low"):
            if mode is not None:
                await page.locator(mode).click()
            assert await page.evaluate(SMALL) == []
            assert await page.evaluate(COVERED) == []
            await page.locator("#ask-several").click()
            await page.locator('#several [data-service="reg"]').click()
            assert await page.evaluate(SMALL) == []
            assert await page.evaluate(COVERED) == []
            await page.locator("#several-draw").click()
            await expect(page.locator("#classes .key")).to_have_count(2)
            assert await page.evaluate(SMALL) == []
            assert await page.evaluate(COVERED) == []
            await page.locator("#go-home").click()


async def test_a_kiosk_is_worked_by_keyboard(
    hall: Hall, web: Served, browser: Browser
) -> None:
    del hall
    async with page_at(browser, f"{web.url}/kiosk") as page:
        await expect(page.locator(".key .wait span").first).to_be_visible()
        await page.keyboard.press("Tab")
        focused = "document.activeElement.getAttribute('data-service')"
        assert await page.evaluate(focused) == "reg"
        ring = "getComputedStyle(document.activeElement).outlineStyle"
        assert await page.evaluate(ring) == "solid"
        await page.keyboard.press("Enter")
        await expect(page.locator("#class")).to_be_visible()
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.locator("#number")).to_have_text("A001")
