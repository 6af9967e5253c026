"""The screens' layouts in headless Chromium, on the real hall and a real socket."""

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
from support.pictures import png
from support.serving import Served, serving

from bridge.domain.views import Channel, CounterAction
from bridge.service.hall import Hall, open_hall
from bridge.service.ports import Errand
from devices.site import Site

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.asyncio(loop_scope="module"),
]

LONG_MS = 20_000
"""Waits end as soon as the page is right; this is for loaded machines."""

expect.set_options(timeout=LONG_MS)

NEW = re.compile("is-new")
TEXTS = ["请携带身份证原件和复印件。", "下午请于16:30前取号。" * 9]

TOO_SMALL = """
() => Array.from(document.querySelectorAll("body *"))
  .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
  .filter((e) => e.offsetParent && e.tagName !== "SCRIPT")
  .filter((e) => parseFloat(getComputedStyle(e).fontSize) < 32)
  .map((e) => e.id || e.className || e.tagName)
"""
CUT_OFF = """
() => Array.from(document.querySelectorAll(
    "#call *, #rows li, #services li, .tile, .tile *, #queues > li, header *"))
  .filter((e) => e.offsetParent && !e.closest(".shape"))
  .filter((e) => {
    const box = e.getBoundingClientRect();
    const room = e.closest("#current, #rows, #waiting, .tile, #lines, header, #tiles")
      .getBoundingClientRect();
    return box.right > room.right + 1 || box.bottom > room.bottom + 1;
  })
  .map((e) => (e.id || e.className || e.tagName) + ": " + e.textContent)
"""
CONTRASTS = """
() => {
  const light = (c) => {
    const part = c.map((v) => (v /= 255) <= 0.03928 ? v / 12.92
      : Math.pow((v + 0.055) / 1.055, 2.4));
    return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2];
  };
  const colour = (e, name) => getComputedStyle(e)[name].match(/[0-9.]+/g).map(Number);
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const c = colour(e, "backgroundColor");
      if (c.length < 4 || c[3] === 1) { return c.slice(0, 3); }
    }
    return [255, 255, 255];
  };
  return Array.from(document.querySelectorAll("body *"))
    .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
    .filter((e) => e.offsetParent && e.tagName !== "SCRIPT")
    .map((e) => {
      const both = [light(colour(e, "color").slice(0, 3)), light(ground(e))].sort();
      return [(both[1] + 0.05) / (both[0] + 0.05), e.id || e.className];
    })
    .filter((pair) => pair[0] < 7);
}
"""


def make_hall(folder: Path, *, windows: int = 3, **screen: object) -> Site:
    counters = [
        {
            "id": f"w{number}",
            "number": number,
            "services": ["reg", "idcard"] if number == 2 else ["reg"],
            "area": "upper" if number == 3 else "hall",
        }
        for number in range(1, windows + 1)
    ]
    tv = {
        "id": "tv",
        "areas": ["hall", "upper"],
        "marquee": TEXTS,
        "media": str(folder / "media"),
        "media_after_s": 60,
        "media_each_s": 3,
    }
    elderly = {"id": "elderly", "ahead_min": 30}
    return make_site(
        counters=counters,
        screens=[{**tv, **screen}],
        queue={"priorities": [elderly]},
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "media").mkdir()
    return make_hall(tmp_path)


@pytest_asyncio.fixture(loop_scope="module")
async def hall(tmp_path: Path, clock: Clock, site: Site) -> AsyncIterator[Hall]:
    async with open_hall(site=site, data=tmp_path, clock=clock) as hall:
        yield hall


@pytest_asyncio.fixture(loop_scope="module")
async def web(hall: Hall) -> AsyncIterator[Served]:
    async with serving(hall) as served:
        yield served


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


def tile(number: int) -> str:
    return f'#tiles [data-counter="w{number}"]'


async def test_windows_tell_what_they_do(
    hall: Hall, clock: Clock, web: Served, browser: Browser
) -> None:
    await hall.counter_action("w2", CounterAction.PAUSE, arguments={"minutes": 5})
    clock.advance(seconds=30)
    async with page_at(browser, f"{web.url}/screen/tv?layout=windows") as page:
        await expect(page.locator(tile(1))).to_have_attribute("data-state", "idle")
        await expect(page.locator(f"{tile(1)} .state-word")).to_have_text("空闲")
        paused = page.locator(f"{tile(2)} .ticket")
        await expect(page.locator(f"{tile(2)} .state-word")).to_have_text("暂停")
        await expect(paused).to_have_text(re.compile(r"^4:[0-3]\d$"))
        await draw(hall)
        await call(hall, "w3")
        await expect(page.locator(f"{tile(3)} .ticket")).to_have_text("A001")
        await expect(page.locator(f"{tile(3)} .state-word")).to_have_text("呼叫中")
        await expect(page.locator(tile(3))).to_have_class(NEW)
        await expect(page.locator("#ticket")).to_have_text("A001")
        await expect(page.locator("#call-area")).to_have_text("二楼")
        await hall.counter_action("w3", CounterAction.START)
        await expect(page.locator(f"{tile(3)} .state-word")).to_have_text("办理中")
        await hall.counter_action("w2", CounterAction.OPEN)
        await expect(paused).to_have_text("")
        await expect(page.locator("#tiles-page")).to_have_text("")


async def test_many_windows_take_turns_and_a_call_turns_to_its_window(
    tmp_path: Path, clock: Clock, browser: Browser
) -> None:
    site = make_hall(tmp_path, windows=200)
    async with (
        open_hall(site=site, data=tmp_path, clock=clock) as hall,
        serving(hall) as web,
        page_at(browser, f"{web.url}/screen/tv?layout=windows", timers=True) as page,
    ):
        await expect(page.locator(tile(1))).to_be_visible()
        shown = await page.locator("#tiles > li").count()
        assert shown >= 12
        assert await page.evaluate(CUT_OFF) == []
        pages = await page.locator("#tiles-page").inner_text()
        assert pages == f"1 / {-(-200 // shown)}"
        await page.clock.fast_forward(9_000)
        await expect(page.locator(tile(shown + 1))).to_be_visible()
        await draw(hall)
        await call(hall, "w190")
        await expect(page.locator(f"{tile(190)} .ticket")).to_have_text("A001")
        await expect(page.locator(tile(190))).to_have_class(NEW)
        await page.clock.fast_forward(6_000)
        await expect(page.locator(tile(190))).to_be_visible()
        await page.clock.fast_forward(3_000)
        await expect(page.locator(tile(190))).to_have_count(0)


async def line(page: Page, service: str) -> list[str]:
    """The numbers that wait for a service, as the screen shows them."""
    where = f'#queues [data-service="{service}"] .numbers li'
    return await page.locator(where).all_inner_texts()


async def test_the_numbers_that_wait_stand_in_their_order(
    hall: Hall, clock: Clock, web: Served, browser: Browser
) -> None:
    for _ in range(3):
        await draw(hall)
    async with page_at(browser, f"{web.url}/screen/tv?layout=waiting") as page:
        head = page.locator('#queues [data-service="reg"] .count')
        first = page.locator('#queues [data-service="reg"] .next')
        await expect(head).to_have_text("3人")
        assert await line(page, "reg") == ["A001", "A002", "A003"]
        assert await line(page, "idcard") == ["无人等候"]
        await expect(first).to_have_text("A001")
        clock.advance(seconds=1)
        await hall.issue_ticket(
            service="reg",
            channel=Channel.KIOSK,
            errand=Errand(priority="elderly"),
        )
        await expect(first).to_have_text("A004")
        assert await line(page, "reg") == ["A004", "A001", "A002", "A003"]
        await call(hall)
        await expect(first).to_have_text("A001")
        await hall.counter_action(
            "w1", CounterAction.TRANSFER, arguments={"service": "idcard"}
        )
        await expect(
            page.locator('#queues [data-service="idcard"] .next')
        ).to_have_text("A004")
        assert await line(page, "reg") == ["A001", "A002", "A003"]


SIZES = [(1920, 1080), (1280, 720), (3840, 2160), (1080, 1920)]


@pytest.mark.parametrize("layout", ["windows", "waiting", "mixed"])
async def test_every_layout_is_readable_in_every_size(
    hall: Hall, clock: Clock, web: Served, browser: Browser, layout: str
) -> None:
    for counter in ("w1", "w2", "w3"):
        await draw(hall)
        await call(hall, counter)
    await hall.counter_action("w1", CounterAction.PAUSE, arguments={"minutes": 15})
    for _ in range(12):
        await draw(hall)
    clock.advance(seconds=31)  # nothing blinks
    for language in ("", "&lang=en"):
        address = f"{web.url}/screen/tv?layout={layout}{language}"
        async with page_at(browser, address) as page:
            await expect(page.locator("#ticket")).to_have_text("A003")
            assert await page.evaluate(TOO_SMALL) == []
            assert await page.evaluate(CONTRASTS) == []
            for width, height in SIZES:
                await page.set_viewport_size({"width": width, "height": height})
                await until_fitted(page)
                assert await page.evaluate(CUT_OFF) == [], (width, height)
                for digits in ("#ticket", "#window-number"):
                    size = "e => parseFloat(getComputedStyle(e).fontSize)"
                    high = await page.locator(digits).evaluate(size) * 0.72
                    assert high >= 160 * min(width, height) / 1080


async def until_fitted(page: Page) -> None:
    """Wait until the page has taken a new size: two frames after its event."""
    await page.evaluate(
        "() => new Promise((done) => requestAnimationFrame("
        "() => requestAnimationFrame(done)))"
    )


async def test_high_contrast_is_black_and_white(
    hall: Hall, clock: Clock, web: Served, browser: Browser
) -> None:
    await draw(hall)
    await call(hall)
    clock.advance(seconds=31)
    address = f"{web.url}/screen/tv?layout=mixed&contrast=high"
    async with page_at(browser, address) as page:
        await expect(page.locator("#ticket")).to_have_text("A001")
        ground = "getComputedStyle(document.body).backgroundColor"
        assert await page.evaluate(ground) == "rgb(0, 0, 0)"
        colour = "getComputedStyle(document.querySelector('#hall')).color"
        assert await page.evaluate(colour) == "rgb(255, 255, 255)"
        assert await page.evaluate(CONTRASTS) == []


async def test_texts_pass_along_the_foot_or_take_turns(
    web: Served, browser: Browser
) -> None:
    address = f"{web.url}/screen/tv"
    async with page_at(browser, address) as page:
        await expect(page.locator("#marquee .text").first).to_have_text(TEXTS[0])
        moves = "getComputedStyle(document.getElementById('track')).animationName"
        assert await page.evaluate(moves) == "pass"
        # Half of it fills the strip, so that the other half follows without a gap.
        wide = "at => at.offsetWidth / 2 >= at.parentNode.clientWidth - 1"
        assert await page.locator("#track").evaluate(wide)
    async with page_at(browser, address, reduced_motion=True, timers=True) as page:
        text = page.locator("#marquee .text")
        await expect(text).to_have_text(TEXTS[0])
        assert await page.evaluate(moves) == "none"
        await page.clock.fast_forward(6_500)
        await expect(text).to_have_text(TEXTS[1])
        row = "at => getComputedStyle(at).transform"
        before = await page.locator("#track").evaluate(row)
        await page.clock.fast_forward(30_000)
        assert await page.locator("#track").evaluate(row) != before
    async with page_at(browser, f"{web.url}/screen/hall") as page:
        await expect(page.locator("#idle")).to_be_visible()
        await expect(page.locator("#marquee")).to_be_hidden()


async def test_pictures_show_while_nobody_is_called_and_go_at_once(
    hall: Hall, tmp_path: Path, clock: Clock, web: Served, browser: Browser
) -> None:
    folder = tmp_path / "media"
    (folder / "1.png").write_bytes(png(64, 36))
    (folder / "2.png").write_bytes(b"no picture at all")
    (folder / "3.webm").write_bytes(b"no video at all")
    (folder / "4.png").write_bytes(png(36, 64, (200, 20, 20)))
    await draw(hall)
    await draw(hall)
    await call(hall)
    address = f"{web.url}/screen/tv"
    async with page_at(browser, address, timers=True, outages=True) as page:
        await expect(page.locator("#ticket")).to_have_text("A001")
        await expect(page.locator("#media")).to_be_hidden()
        clock.advance(seconds=65)
        await page.clock.fast_forward(65_000)
        picture = page.locator("#media img.is-shown")
        await expect(picture).to_have_attribute("src", re.compile(r"/1\.png\?v="))
        await expect(page.locator("#clock")).to_be_visible()
        await page.clock.fast_forward(3_500)
        # What cannot be shown is passed over, and the calls never give way to it.
        await expect(picture).to_have_attribute("src", re.compile(r"/4\.png\?v="))
        assert await page.locator("#media img").count() == 1
        await call(hall, "w2")
        await expect(page.locator("#media")).to_be_hidden()
        await expect(page.locator("#ticket")).to_have_text("A002")
        assert await page.locator("#media > *").count() == 0
        (folder / "1.png").unlink()
        (folder / "4.png").unlink()
        clock.advance(seconds=65)
        await page.clock.fast_forward(65_000)
        await expect(page.locator("#media")).to_be_hidden()
        await expect(page.locator("#ticket")).to_be_visible()


async def test_a_lost_hall_takes_the_pictures_away(
    hall: Hall, tmp_path: Path, browser: Browser
) -> None:
    (tmp_path / "media" / "1.png").write_bytes(png(64, 36))
    async with AsyncExitStack() as stack:
        async with serving(hall) as web:
            page = await stack.enter_async_context(
                page_at(browser, f"{web.url}/screen/tv", outages=True)
            )
            await expect(page.locator("#media img.is-shown")).to_be_visible()
        await expect(page.locator("#lost")).to_be_visible()
        await expect(page.locator("#media")).to_be_hidden()
