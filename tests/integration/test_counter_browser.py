"""The window pad in headless Chromium, on the real hall."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from support.browsing import Clock, chromium, page_at
from support.serving import Served, serving
from support.windows import act, draw_for, settle, type_keys, window_site

from bridge.domain.views import CounterAction
from bridge.service.hall import Hall, open_hall

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.asyncio(loop_scope="module"),
]

expect.set_options(timeout=20_000)

TOKEN = "open-sesame"  # noqa: S105 - a specimen


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture(loop_scope="module")
async def hall(tmp_path: Path, clock: Clock) -> AsyncIterator[Hall]:
    async with open_hall(site=window_site(), data=tmp_path, clock=clock) as hall:
        yield hall


@pytest_asyncio.fixture(loop_scope="module")
async def web(hall: Hall) -> AsyncIterator[Served]:
    async with serving(hall) as served:
        yield served


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


async def test_a_window_calls_starts_and_finishes(
    hall: Hall, web: Served, browser: Browser
) -> None:
    await draw_for(hall)
    await draw_for(hall)
    async with page_at(
        browser, f"{web.url}/counter/w1", width=1280, height=800
    ) as page:
        state, primary = page.locator("#state-word"), page.locator("#primary")
        await expect(state).to_have_text("空闲")
        await expect(page.locator('[data-service="reg"]')).to_contain_text("2人")
        await expect(primary).to_contain_text("等候 2 人")
        await primary.click()
        await expect(state).to_have_text("呼叫中")
        await expect(page.locator("#number")).to_have_text("A001")
        await type_keys(page, "r")
        await expect(page.locator("#message")).to_have_text("已重呼 A001")
        await type_keys(page, " ")
        await expect(state).to_have_text("办理中")
        await type_keys(page, "Enter")
        await expect(state).to_have_text("空闲")
        await expect(page.locator("#number")).to_have_text("")
        await expect(page.locator('[data-service="reg"]')).to_contain_text("1人")
        await type_keys(page, "p", "0")
        await expect(state).to_have_text("暂停")
        await expect(primary).to_contain_text("恢复服务")
    views = (await hall.queue()).counters
    assert [view.state for view in views] == ["paused", "idle", "idle"]


async def test_a_double_press_calls_one_and_does_not_start(
    hall: Hall, web: Served, browser: Browser
) -> None:
    await draw_for(hall)
    await draw_for(hall)
    async with page_at(browser, f"{web.url}/counter/w1") as page:
        await expect(page.locator("#state-word")).to_have_text("空闲")
        await page.locator("#primary").dblclick()
        await expect(page.locator("#number")).to_have_text("A001")
        await settle(page)
        await expect(page.locator("#state-word")).to_have_text("呼叫中")
    assert (await hall.queue()).services[0].waiting == 1


async def test_a_window_answers_before_the_hall_does(
    hall: Hall, web: Served, browser: Browser
) -> None:
    await draw_for(hall)
    async with page_at(browser, f"{web.url}/counter/w1") as page:
        await expect(page.locator("#state-word")).to_have_text("空闲")
        at_once = await page.evaluate(
            "() => { document.getElementById('primary').click();"
            " return document.getElementById('state-word').textContent; }"
        )
        assert at_once == "呼叫中"
        await expect(page.locator("#number")).to_have_text("A001")


async def test_a_refusal_is_told_and_taken_back(
    hall: Hall, web: Served, browser: Browser
) -> None:
    del hall
    async with page_at(browser, f"{web.url}/counter/w1", outages=True) as page:
        await expect(page.locator("#state-word")).to_have_text("空闲")
        await page.locator("#primary").click()
        await expect(page.locator("#message")).to_have_text("没有人在等")
        await expect(page.locator("#state-word")).to_have_text("空闲")


async def test_the_line_shows_classes_and_minutes_in_order(
    hall: Hall, web: Served, browser: Browser, clock: Clock
) -> None:
    await draw_for(hall)
    clock.advance(minutes=7)
    await draw_for(hall, "idcard", "elderly")
    async with page_at(browser, f"{web.url}/counter/w1") as page:
        rows = page.locator("#waiting li")
        await expect(rows).to_have_count(2)
        await expect(rows.nth(0)).to_contain_text("B001老年人身份证0分钟")
        await expect(rows.nth(1)).to_contain_text("A001企业登记7分钟")
        await expect(page.locator("#waiting-total")).to_have_text("2人")
        await draw_for(hall)
        await expect(rows).to_have_count(3)


async def test_what_a_window_holds_is_known_to_the_hall(
    hall: Hall, web: Served, browser: Browser
) -> None:
    await draw_for(hall)
    await draw_for(hall)
    for _ in range(2):
        await act(hall, CounterAction.CALL)
        await act(hall, CounterAction.HOLD)
    async with page_at(browser, f"{web.url}/counter/w1") as page:
        held = page.locator("#held li b")
        await expect(page.locator("#held [data-number]")).to_have_count(2)
        await expect(held.first).to_have_text("A002")
        await type_keys(page, "u")
        await expect(page.locator("#number")).to_have_text("A002")
        await type_keys(page, "h")
        await page.locator('#held [data-number="A001"] button').click()
        await expect(page.locator("#number")).to_have_text("A001")
        await expect(page.locator("#state-word")).to_have_text("呼叫中")


async def test_a_ticket_is_sent_on_to_a_service_a_window_and_a_person(
    hall: Hall, web: Served, browser: Browser
) -> None:
    first, second, third = [await draw_for(hall) for _ in range(3)]
    await draw_for(hall, "idcard")
    await hall.counter_action("w3", CounterAction.SIGN_IN, arguments={"staff": "023"})
    async with page_at(browser, f"{web.url}/counter/w1") as page:
        await expect(page.locator("#state-word")).to_have_text("空闲")
        await type_keys(page, " ", "t", "w", "e")
        await expect(page.locator('[data-choice="end"]')).to_have_attribute(
            "aria-pressed", "true"
        )
        await type_keys(page, "1")
        await expect(page.locator("#message")).to_contain_text("A001 已转移")
        await type_keys(page, " ", "t", "p")
        await expect(page.locator("#targets button")).to_contain_text("023 · 3号窗口")
        await type_keys(page, "1")
        await expect(page.locator("#message")).to_contain_text("A002 已转移")
        await type_keys(page, " ", "t")
        await page.locator("#targets button", has_text="身份证").click()
        await expect(page.locator("#message")).to_contain_text("A003 已转移")
        await expect(page.locator("#state-word")).to_have_text("空闲")
    assert (await hall.ticket(first.id)).only_counter == "w2"
    assert (await hall.ticket(second.id)).only_counter == "w3"
    assert (await hall.ticket(third.id)).service == "idcard"


async def test_a_number_is_called_and_one_who_missed_queues_again(
    hall: Hall, web: Served, browser: Browser
) -> None:
    for _ in range(3):
        await draw_for(hall)
    async with page_at(browser, f"{web.url}/counter/w1", outages=True) as page:
        await expect(page.locator("#waiting-total")).to_have_text("3人")
        await type_keys(page, "g", "3", "Enter")
        await expect(page.locator("#number")).to_have_text("A003")
        await type_keys(page, "n")
        await expect(page.locator('#missed [data-number="A003"]')).to_be_visible()
        await type_keys(page, "g", "9", "Enter")
        await expect(page.locator("#message")).to_contain_text("没有这个号")
        await type_keys(page, "j")
        for sign in "A003":
            await page.locator(f'#entry-keys [data-sign="{sign}"]').click()
        await page.locator("#entry-done").click()
        await expect(page.locator("#message")).to_have_text(
            "A003 已重新排队，前面 2 人"
        )
        await expect(page.locator("#missed")).to_contain_text("没有可重排的过号")
        await type_keys(page, "j", "1", "Enter")
        await expect(page.locator("#message")).to_have_text("没有过号的 1")


async def test_a_pause_counts_down_and_ends_by_itself(
    hall: Hall, web: Served, browser: Browser, clock: Clock
) -> None:
    await draw_for(hall)
    async with page_at(browser, f"{web.url}/counter/w1") as page:
        await expect(page.locator("#state-word")).to_have_text("空闲")
        await type_keys(page, " ", " ", "t", "Escape")
        await expect(page.locator("#state-word")).to_have_text("办理中")
        await act(hall, CounterAction.PAUSE, minutes=10)
        await expect(page.locator("#until")).to_contain_text("09:10 自动恢复")
        await expect(page.locator("#number")).to_have_text("A001")
        await type_keys(page, "p", "1")
        await expect(page.locator("#until")).to_contain_text("09:05 自动恢复")
        await type_keys(page, "f")
        await expect(page.locator("#number")).to_have_text("")
        await expect(page.locator("#state-word")).to_have_text("暂停")
        clock.advance(minutes=6)
        await expect(page.locator("#state-word")).to_have_text("空闲")
        await expect(page.locator("#until")).to_be_hidden()


async def test_staff_sign_in_and_out(hall: Hall, web: Served, browser: Browser) -> None:
    async with page_at(browser, f"{web.url}/counter/w1") as page:
        seat = page.locator("#seat b")
        await expect(seat).to_have_text("登录工号")
        await page.locator("#seat").click()
        await page.keyboard.type("012")
        await page.keyboard.press("Enter")
        await expect(seat).to_have_text("工号 012")
        assert (await hall.queue()).counters[0].staff == "012"
        await type_keys(page, "l")
        await page.locator("#entry-other").click()
        await expect(seat).to_have_text("登录工号")
    assert (await hall.queue()).counters[0].staff is None


async def test_a_visit_goes_on_to_its_next_service(
    hall: Hall, web: Served, browser: Browser
) -> None:
    await draw_for(hall, "reg", "green", "idcard")
    async with page_at(browser, f"{web.url}/counter/w1") as page:
        await expect(page.locator("#state-word")).to_have_text("空闲")
        await type_keys(page, " ")
        await expect(page.locator("#visit")).to_contain_text("企业登记 · 绿色通道")
        await expect(page.locator("#visit .next")).to_have_text("还要办：身份证")
        await page.reload()
        await expect(page.locator("#visit .next")).to_have_text("还要办：身份证")
        await type_keys(page, "f")
        await expect(page.locator("#message")).to_have_text("A001 接着排队办理：身份证")


async def test_the_token_is_entered_once(
    tmp_path: Path, clock: Clock, browser: Browser
) -> None:
    public = {"host": "0.0.0.0", "token": TOKEN}  # noqa: S104 - the case tried
    async with (
        open_hall(site=window_site(web=public), data=tmp_path, clock=clock) as hall,
        serving(hall) as web,
        page_at(browser, f"{web.url}/counter/w1", outages=True) as page,
    ):
        await page.locator("#token-text").fill("wrong-token")
        await page.keyboard.press("Enter")
        await expect(page.locator("#state-word")).to_have_text("空闲")
        await type_keys(page, "p", "0")
        await expect(page.locator("#token")).to_contain_text("口令不对")
        await page.locator("#token-text").fill(TOKEN)
        await page.keyboard.press("Enter")
        await expect(page.locator("#token")).to_be_hidden()
        await type_keys(page, "p", "0")
        await expect(page.locator("#state-word")).to_have_text("暂停")
        await page.reload()
        await expect(page.locator("#state-word")).to_have_text("暂停")
        assert await page.locator("#token").is_hidden()


OUTSIDE = """() => Array.from(document.querySelectorAll("button, #state, #number"))
  .filter((e) => e.offsetParent && !e.closest("ol"))
  .map((e) => [e, e.getBoundingClientRect()])
  .filter(([e, b]) => b.left < 0 || b.right > innerWidth + 1
    || e.scrollWidth > e.clientWidth + 2)
  .map(([e]) => e.id + e.textContent)"""


@pytest.mark.parametrize(
    "size", [(1024, 768), (1280, 800), (360, 760), (1280, 300)], ids=str
)
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_pad_fits_its_screen(
    hall: Hall, web: Served, browser: Browser, size: tuple[int, int], language: str
) -> None:
    await draw_for(hall)
    await draw_for(hall)
    url, (width, height) = f"{web.url}/counter/w1?lang={language}", size
    async with page_at(browser, url, width=width, height=height) as page:
        await expect(page.locator("#primary")).to_be_visible()
        await act(hall, CounterAction.CALL)
        await act(hall, CounterAction.HOLD)
        await expect(page.locator('[data-action="resume-ticket"]')).to_be_visible()
        assert await page.evaluate(OUTSIDE) == []
        await act(hall, CounterAction.CALL)
        await expect(page.locator("#number")).to_have_text("A002")
        assert await page.evaluate(OUTSIDE) == []
        for key in ("t", "w"):
            await page.keyboard.press(key)
            assert await page.evaluate(OUTSIDE) == []
        assert await bottom_of(page, "#transfer .close") <= height
        assert await area_of(page, "#primary") > 2 * await area_of(
            page, "#others button"
        )


async def bottom_of(page: Page, key: str) -> float:
    box = await page.locator(key).bounding_box()
    assert box is not None
    return box["y"] + box["height"]


async def area_of(page: Page, key: str) -> float:
    box = await page.locator(key).first.bounding_box()
    assert box is not None
    return box["width"] * box["height"]


async def test_a_second_touch_is_none_on_the_panel_that_opened(
    hall: Hall, web: Served, browser: Browser
) -> None:
    del hall
    async with page_at(browser, f"{web.url}/counter/w1") as page:
        await expect(page.locator("#state-word")).to_have_text("空闲")
        opened = await page.evaluate(
            """() => { document.querySelector('[data-action="pause"]').click();
            const key = document.querySelector('#pauses button');
            key.dispatchEvent(new MouseEvent("click", {bubbles: true, detail: 2,
              cancelable: true}));
            return !document.getElementById("pause").hidden; }"""
        )
        assert opened
        await settle(page)
        await expect(page.locator("#state-word")).to_have_text("空闲")
        await page.locator("#pauses button").first.click()
        await expect(page.locator("#state-word")).to_have_text("暂停")


async def test_a_lost_hall_is_told_and_comes_back_by_itself(
    hall: Hall, browser: Browser
) -> None:
    await draw_for(hall)
    async with AsyncExitStack() as stack:
        async with serving(hall) as web:
            address = f"{web.url}/counter/w1"
            page = await stack.enter_async_context(
                page_at(browser, address, outages=True)
            )
            await expect(page.locator("#state-word")).to_have_text("空闲")
        await expect(page.locator("#lost")).to_contain_text("正在自动重连")
        await act(hall, CounterAction.CALL)
        async with serving(hall, port=web.port):
            await expect(page.locator("#lost")).to_be_hidden()
            await expect(page.locator("#number")).to_have_text("A001")
            await type_keys(page, " ")
            await expect(page.locator("#state-word")).to_have_text("办理中")
