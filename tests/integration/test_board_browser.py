"""The board of waiting figures in headless Chromium, on the real hall."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect
from support.browsing import Clock, call, chromium, draw, page_at
from support.fake_hall import make_site
from support.serving import serving

from bridge.domain.views import CounterAction
from bridge.service.estimates import Estimates
from bridge.service.hall import Hall, open_hall

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.asyncio(loop_scope="module"),
]

expect.set_options(timeout=20_000)

HOURS = [{"weekdays": [1], "from": "08:30", "to": "12:00"}]
SIDEWAYS = """
() => getComputedStyle(document.documentElement).overflow !== "hidden"
  && document.documentElement.scrollWidth > window.innerWidth
"""
CUT_OFF = """
() => Array.from(document.querySelectorAll("#services .value, #services b, header *"))
  .filter((e) => e.offsetParent)
  .filter((e) => {
    const box = e.getBoundingClientRect();
    const room = e.closest("li, header").getBoundingClientRect();
    const cell = e.closest("li") && e.parentNode.nextElementSibling;
    const next = cell && cell.lastElementChild.getBoundingClientRect();
    return box.right > room.right + 1 || box.bottom > room.bottom + 1
      || next && next.top < box.bottom && box.right > next.left
        && next.left > box.left;
  })
  .map((e) => e.textContent)
"""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture(loop_scope="module")
async def hall(tmp_path: Path, clock: Clock) -> AsyncIterator[Hall]:
    site = make_site(hall={"id": "h", "name": "便民服务大厅", "hours": HOURS})
    async with open_hall(site=site, data=tmp_path, clock=clock) as hall:
        yield hall


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


def cell(page: Page, name: str, service: str = "reg") -> Locator:
    return page.locator(f'#services [data-service="{service}"] .{name} .value')


async def test_the_board_follows_the_hall(
    hall: Hall, clock: Clock, browser: Browser
) -> None:
    async with serving(hall) as web, page_at(browser, f"{web.url}/board") as page:
        await expect(page.locator("#hours")).to_have_text("正在办公 · 今天 08:30–12:00")
        await expect(cell(page, "waiting")).to_have_text("0人")
        await expect(cell(page, "wait")).to_have_text("无需等候")
        await expect(cell(page, "windows")).to_have_text("2个")
        await expect(cell(page, "last")).to_have_text("未叫号")
        for _ in range(2):
            await draw(hall)
            await call(hall)
            await hall.counter_action("w1", CounterAction.START)
            clock.advance(minutes=6)
            await hall.counter_action("w1", CounterAction.FINISH)
        await expect(cell(page, "last")).to_have_text("A002")
        for _ in range(5):
            await draw(hall)
        await expect(cell(page, "waiting")).to_have_text("5人")
        await Estimates(hall.site, hall).look()
        await expect(cell(page, "wait")).to_contain_text("分钟")
        await hall.counter_action("w2", CounterAction.PAUSE)
        await expect(cell(page, "windows")).to_have_text("1个")
        await expect(cell(page, "windows", "idcard")).to_have_text("1个")


async def test_the_board_of_an_area_and_in_english(
    hall: Hall, browser: Browser
) -> None:
    async with (
        serving(hall) as web,
        page_at(
            browser, f"{web.url}/board/upper?lang=en", width=1280, height=720
        ) as page,
    ):
        await expect(cell(page, "waiting", "idcard")).to_have_text("0")
        await expect(page.locator("#services > li")).to_have_count(1)
        await expect(page.locator("#area")).to_have_text("二楼")
        await expect(page.locator("#head")).to_contain_text("Service")


@pytest.mark.parametrize(
    ("width", "height"), [(360, 740), (768, 1024), (1920, 1080), (1080, 1920)]
)
async def test_the_board_fits_phones_and_walls(
    hall: Hall, browser: Browser, width: int, height: int
) -> None:
    await draw(hall)
    async with (
        serving(hall) as web,
        page_at(browser, f"{web.url}/board", width=width, height=height) as page,
    ):
        await expect(cell(page, "waiting")).to_have_text("1人")
        assert not await page.evaluate(SIDEWAYS)
        assert await page.evaluate(CUT_OFF) == []
        size = "e => parseFloat(getComputedStyle(e).fontSize)"
        least = 32 if width >= 1000 else 15
        for part in (".value", ".name b", "footer"):
            assert await page.locator(part).first.evaluate(size) >= least


async def test_a_board_that_lost_the_hall_says_so_and_comes_back(
    hall: Hall, browser: Browser
) -> None:
    async with AsyncExitStack() as stack:
        async with serving(hall) as web:
            page = await stack.enter_async_context(
                page_at(browser, f"{web.url}/board", width=400, outages=True)
            )
            await expect(cell(page, "waiting")).to_have_text("0人")
        await expect(page.locator("#lost")).to_contain_text("数据暂停更新")
        await draw(hall)
        async with serving(hall, port=web.port):
            await expect(page.locator("#lost")).to_be_hidden()
            await expect(cell(page, "waiting")).to_have_text("1人")
