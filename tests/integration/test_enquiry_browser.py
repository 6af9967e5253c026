"""The kiosk as an enquiry screen in headless Chromium, on the real hall."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from support.browsing import Clock, call, chromium, draw, page_at
from support.fake_hall import make_site
from support.serving import Served, serving

from bridge.service.hall import Hall, open_hall

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.asyncio(loop_scope="module"),
]

expect.set_options(timeout=20_000)

SMALL = """() => Array.from(document.querySelectorAll("button"))
  .filter((e) => e.offsetParent)
  .map((e) => [e.textContent, e.getBoundingClientRect()])
  .filter(([, b]) => b.width < 96 || b.height < 96
    || b.right > innerWidth || b.bottom > innerHeight)
  .map(([t]) => t)"""

LONG = "\n".join(f"{number}. 一步\n" for number in range(1, 80))
GUIDES = {
    "company": ("企业设立登记", "reg", "材料：<script>window.bad = 1</script>"),
    "card": ("身份证换领", "idcard", LONG),
    "other": ("户口迁移", "", "到派出所"),
}


@pytest_asyncio.fixture(loop_scope="module")
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    folder = tmp_path / "guides"
    folder.mkdir()
    for name, (title, service, text) in GUIDES.items():
        of = f"service: {service}\n" if service else ""
        (folder / f"{name}.md").write_text(f"---\ntitle: {title}\n{of}---\n\n{text}\n")
    english = "---\ntitle: New company\nunit: Registry\n---\n\n## Fees\n\nNone.\n"
    (folder / "company.en.md").write_text(english)
    hours = [{"from": "08:30", "to": "12:00"}]
    site = make_site(guides=str(folder), hall={"id": "x", "hours": hours}, devices=[])
    async with open_hall(site=site, data=tmp_path, clock=Clock()) as hall:
        yield hall


@pytest_asyncio.fixture(loop_scope="module")
async def web(hall: Hall) -> AsyncIterator[Served]:
    async with serving(hall) as served:
        yield served


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


async def type_on(page: Page, board: str, signs: str) -> None:
    for sign in signs:
        await page.locator(f'#{board} [data-key="{sign}"]').click()


async def test_a_guide_is_found_by_its_letters_and_leads_to_a_ticket(
    hall: Hall, web: Served, browser: Browser
) -> None:
    async with page_at(browser, f"{web.url}/kiosk", width=1080, height=1920) as page:
        await expect(page.locator("#hours")).to_have_text("正在办公 · 今天 08:30–12:00")
        await page.locator("#ask-guides").click()
        await expect(page.locator("#found .row")).to_have_count(3)
        await type_on(page, "letters", "sldj")
        rows = page.locator("#found .title")
        await expect(rows).to_have_text(["企业设立登记"])
        await type_on(page, "letters", "q")
        await expect(page.locator("#found")).to_contain_text("没有找到")
        await page.locator('#letters [data-key="back"]').click()
        await expect(rows).to_have_text(["企业设立登记"])
        await rows.click()
        await expect(page.locator("#guide-title")).to_have_text("企业设立登记")
        await expect(page.locator("#guide-text")).to_contain_text("<script>")
        assert await page.evaluate("window.bad") is None
        await page.locator("#back").click()
        await expect(rows).to_have_text(["企业设立登记"])
        await rows.click()
        await page.locator("#guide-draw").click()
        await expect(page.locator("#number")).to_have_text("A001")
        await page.locator("#go-home").click()
        await expect(page.locator("#home")).to_be_visible()
    assert (await hall.queue()).services[0].waiting == 1


async def test_hours_are_told_in_the_halls_zone_before_the_stream_speaks(
    tmp_path: Path, browser: Browser
) -> None:
    hours = [{"from": "08:30", "to": "08:45"}]  # it is nine o'clock
    site = make_site(hall={"id": "x", "hours": hours}, devices=[])
    async with (
        open_hall(site=site, data=tmp_path, clock=Clock()) as hall,
        serving(hall) as web,
        page_at(browser, "about:blank", outages=True) as page,
    ):
        await page.route("**/api/v1/stream*", lambda route: route.abort())
        await page.goto(f"{web.url}/kiosk")
        await expect(page.locator("#hours")).to_have_text("现在休息 · 明天 08:30 开门")


async def test_guides_are_read_in_english_and_fall_back_to_chinese(
    hall: Hall, web: Served, browser: Browser
) -> None:
    del hall
    async with page_at(browser, f"{web.url}/kiosk", width=1080, height=1920) as page:
        await page.locator("#ask-guides").click()
        titles = page.locator("#found .title")
        await expect(titles).to_have_text(["企业设立登记", "户口迁移", "身份证换领"])
        await page.locator("#language").click()
        await expect(titles).to_have_text(["New company", "户口迁移", "身份证换领"])
        await titles.first.click()
        await expect(page.locator("#guide-facts")).to_have_text("Registry")
        await expect(page.locator("#guide-text h2")).to_have_text("Fees")
        await page.locator("#language").click()
        await expect(page.locator("#guide-title")).to_have_text("企业设立登记")
        await page.locator("#back").click()
        await expect(titles).to_have_text(["企业设立登记", "户口迁移", "身份证换领"])
        await page.locator("#language").click()
        await type_on(page, "letters", "new")
        await expect(titles).to_have_text(["New company"])
        await page.locator('#letters [data-key="clear"]').click()
        await page.locator('[data-guide="card"]').click()
        await expect(page.locator("#guide-title")).to_have_text("身份证换领")
        await expect(page.locator("#guide-facts")).to_have_text("In Chinese only")


async def test_a_long_guide_is_turned_and_left_alone_goes_home(
    hall: Hall, web: Served, browser: Browser
) -> None:
    del hall
    async with page_at(browser, f"{web.url}/kiosk", timers=True) as page:
        await page.locator("#ask-guides").click()
        await page.locator('[data-guide="card"]').click()
        top = "document.getElementById('guide-text').scrollTop"
        await expect(page.locator("#guide-up")).to_be_disabled()
        await page.locator("#guide-down").click()
        await expect(page.locator("#guide-up")).to_be_enabled()
        assert await page.evaluate(top) > 100
        await page.clock.run_for(60_000)
        await expect(page.locator("#guide")).to_be_visible()
        await page.clock.run_for(31_000)
        await expect(page.locator("#home")).to_be_visible()
        await expect(page.locator("#back")).to_be_hidden()
        await page.locator("#ask-guides").click()
        await page.locator('[data-guide="other"]').click()
        await expect(page.locator("#guide-draw")).to_be_hidden()


async def test_a_number_is_told_its_place(
    hall: Hall, web: Served, browser: Browser
) -> None:
    for _ in range(3):
        await draw(hall)
    await call(hall)
    async with page_at(browser, f"{web.url}/kiosk", timers=True) as page:
        await expect(page.locator("#hours")).to_be_visible()
        place = page.locator("#place")
        for number, says in (
            ("A001", "请到 1 号窗口"),
            ("A003", "前面还有 1 人"),
            ("B009", "今天没有这个号"),
        ):
            await page.locator("#ask-mine").click()
            await type_on(page, "digits", number)
            await page.locator('#digits [data-key="ask"]').click()
            await expect(place).to_contain_text(says)
            await page.locator("#go-home").click()
        await page.locator("#ask-mine").click()
        await expect(page.locator("#wanted")).to_have_text("请输入票上的号码")
        await page.locator("#language").click()
        await expect(page.locator("#mine")).to_contain_text("My number")
        await page.clock.run_for(31_000)
        await expect(page.locator("#home")).to_contain_text("请选择要办理的业务")


@pytest.mark.parametrize(("width", "height"), [(1280, 1024), (1024, 768), (1080, 1920)])
async def test_every_key_can_be_touched_with_gloves(
    hall: Hall, web: Served, browser: Browser, width: int, height: int
) -> None:
    del hall
    async with page_at(browser, f"{web.url}/kiosk", width=width, height=height) as page:
        for mode in (None, "#large", "#low"):
            if mode is not None:
                await page.locator(mode).click()
            await expect(page.locator(".key").first).to_be_visible()
            assert await page.evaluate(SMALL) == []
            await page.locator("#ask-guides").click()
            await expect(page.locator("#found .row").first).to_be_visible()
            assert await page.evaluate(SMALL) == []
            await type_on(page, "letters", "sld")
            await page.locator('[data-guide="company"]').click()
            await expect(page.locator("#guide")).to_be_visible()
            assert await page.evaluate(SMALL) == []
            await page.locator("#go-home").click()
            await page.locator("#ask-mine").click()
            assert await page.evaluate(SMALL) == []
            await page.locator("#go-home").click()


async def test_a_hall_without_guides_offers_none(
    tmp_path: Path, browser: Browser
) -> None:
    async with (
        open_hall(site=make_site(), data=tmp_path, clock=Clock()) as hall,
        serving(hall) as web,
        page_at(browser, f"{web.url}/kiosk") as page,
    ):
        await expect(page.locator("#ask-mine")).to_be_visible()
        assert await page.locator("#ask-guides").is_hidden()
        assert await page.locator("#hours").is_hidden()
