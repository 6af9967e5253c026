"""The managers' pages in headless Chromium, on a month of specimen people."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, expect
from support.browsing import chromium, page_at
from support.fake_hall import FakeHall
from support.serving import Served, serving
from support.specimen_month import specimen_hall

from bridge.domain.attendance.facts import Correction, Person, Status
from bridge.service.attendance.told import FactKind
from bridge.web import managing

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.asyncio(loop_scope="module"),
]

LONG_MS = 20_000
"""Waits end as soon as the page is right; this is for loaded machines."""

expect.set_options(timeout=LONG_MS)

TOKEN = "open-sesame"  # noqa: S105 - a specimen


@pytest.fixture
def hall() -> FakeHall:
    return specimen_hall()


@pytest_asyncio.fixture(loop_scope="module")
async def web(hall: FakeHall) -> AsyncIterator[Served]:
    async with serving(hall) as served:
        yield served


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


async def ready(page: Page) -> None:
    """Wait until the view is drawn."""
    await expect(page.locator("body.is-ready")).to_be_attached()


async def act_as(page: Page, name: str = "测试主任") -> None:
    """Say who acts."""
    await page.locator("#by").fill(name)


async def test_today_shows_what_needs_somebody_and_renews_itself(
    hall: FakeHall, web: Served, browser: Browser
) -> None:
    url = f"{web.url}/manage"
    async with page_at(browser, url, outages=True, timers=True) as page:
        rows = page.locator("section").first.locator("tbody tr")
        await expect(rows).to_have_count(4)
        await expect(rows.first).to_contain_text("迟到 12 分钟，08:42 到（应 08:30）")
        await expect(page.locator("main")).to_contain_text("考勤机 西门 的记录尚未取全")
        await expect(page.locator(".tile.wait")).to_contain_text("2")
        await expect(page.locator("main")).to_contain_text("顶岗人未打卡")
        today = hall.now().date()
        hall.attendance.rows = [
            row for row in hall.attendance.rows if row.result.day != today
        ]
        await page.clock.run_for(16_000)
        await expect(page.locator("main")).to_contain_text("还没有人员")
        lost = page.locator("#lost")
        await page.route("**/api/**", lambda route: route.abort())
        await page.clock.run_for(16_000)
        await expect(lost).to_contain_text("与大厅的连接中断")
        await page.unroute_all()
        await page.clock.run_for(6_000)
        await expect(lost).to_be_hidden()


async def test_every_number_of_the_sheet_leads_to_its_days_and_their_reasons(
    hall: FakeHall, web: Served, browser: Browser
) -> None:
    del hall
    async with page_at(browser, f"{web.url}/manage/attendance/month") as page:
        await expect(page.locator(".sheet h1")).to_have_text(
            "便民投资服务中心2026年3月考勤汇总表"
        )
        await expect(page.locator(".month .unit")).to_have_count(6)
        row = page.locator(".month tr", has_text="测试丙")
        await row.locator("td.figure").nth(2).locator("a").click()
        await expect(page.locator("main tbody tr")).to_have_count(1)
        await page.locator("main tbody a", has_text="3月27日").click()
        await expect(page.locator("h1")).to_contain_text("测试丙 · 3月27日")
        await expect(page.locator(".told")).to_contain_text("上午：迟到 12 分钟")
        await expect(page.locator("main")).to_contain_text("采用：上班")
        await expect(page.locator("main")).to_contain_text("未用：重复打卡")


async def test_a_month_is_closed_by_a_name_a_word_typed_and_a_reason_to_reopen(
    hall: FakeHall, web: Served, browser: Browser
) -> None:
    kept = hall.attendance
    for key, known in list(kept.known.items()):
        if known.status is Status.PENDING:
            del kept.known[key]
    url = f"{web.url}/manage/attendance/month"
    async with page_at(browser, url) as page:
        await page.locator(".standing button").click()
        confirm = page.locator("dialog button[type=submit]")
        await expect(confirm).to_be_disabled()
        await page.locator("dialog input").last.fill("2026-03")
        await confirm.click()
        await expect(page.locator("dialog [role=alert]")).to_contain_text("操作人")
        await page.locator("dialog input[autocomplete=name]").fill("测试主任")
        await confirm.click()
        await expect(page.locator(".standing")).to_contain_text("已结账（测试主任")
        await page.locator(".standing button").click()
        await page.locator("dialog textarea").fill("测试：漏了一张补签单")
        await page.locator("dialog input").fill("2026-03")
        await confirm.click()
        await expect(page.locator(".standing")).to_contain_text("未结账")
    assert kept.entries[-1].kind == "month.reopened"
    assert kept.entries[-1].reason == "测试：漏了一张补签单"


async def test_paper_has_no_controls_and_looks_like_the_form(
    hall: FakeHall, web: Served, browser: Browser
) -> None:
    del hall
    async with page_at(browser, f"{web.url}/manage/attendance/month") as page:
        await ready(page)
        await page.emulate_media(media="print")
        for control in (".bar", ".filters", ".standing", ".heading"):
            await expect(page.locator(control).first).to_be_hidden()
        await expect(page.locator(".signs")).to_contain_text("分管领导")
        shown = await page.evaluate(
            "getComputedStyle(document.querySelector('.month thead')).display"
        )
        assert shown == "table-header-group"
        pdf = await page.pdf(prefer_css_page_size=True)
        assert b"/Count 2" in pdf


async def test_a_correction_is_previewed_told_and_approved(
    hall: FakeHall, web: Served, browser: Browser
) -> None:
    url = f"{web.url}/manage/attendance/correction?person=0003&day=2026-03-27"
    async with page_at(browser, url) as page:
        await act_as(page)
        await page.locator("[name=time]").fill("08:28")
        await page.locator("[name=reason]").fill("测试：<b>忘记打卡</b>")
        await page.get_by_text("预览影响").click()
        await expect(page.locator(".below")).to_contain_text("会改变 1 人日")
        assert not _corrections(hall, "0003")
        await page.locator("form button[type=submit]").click()
        await expect(page.locator("#note")).to_contain_text("待审批")
        await page.goto(f"{web.url}/manage/attendance/inbox")
        row = page.locator("main tbody tr", has_text="测试丙")
        await expect(row).to_contain_text("<b>忘记打卡</b>")
        await act_as(page, "测试领导")
        await row.get_by_text("同意", exact=True).click()
        await page.locator("dialog button[type=submit]").click()
        await expect(page.locator("#note")).to_contain_text("已同意")
        await expect(row).to_have_count(0)
    [told] = _corrections(hall, "0003")
    assert told.time is not None
    assert told.time.isoformat() == "2026-03-27T08:28:00+08:00"
    assert hall.attendance.known[FactKind.CORRECTION, told.id].status == "approved"


async def test_a_paper_list_becomes_the_corrections_of_many(
    hall: FakeHall, web: Served, browser: Browser
) -> None:
    async with page_at(browser, f"{web.url}/manage/attendance/clocks") as page:
        await act_as(page)
        await page.get_by_text("按纸质签到表补录").nth(1).click()
        await expect(page.locator("[name=day]")).to_have_value("2026-03-09")
        await page.locator("[name=department]").select_option("公安局")
        await expect(page.locator(".entry tbody tr:visible")).to_have_count(5)
        await page.locator(".fill input").first.fill("825")
        await page.locator(".fill input").first.press("Tab")
        last = page.locator(".entry tbody tr:visible input").last
        await last.fill("25:99")
        await page.locator("form.form button[type=submit]").click()
        await expect(page.locator("form [role=alert]")).to_contain_text(
            "有 1 格不是时间"
        )
        await last.fill("17:40")
        await page.locator("form.form button[type=submit]").click()
        await expect(page.locator("#note")).to_contain_text("已提交")
    for person in ("0006", "0010"):
        times = [told.time for told in _corrections(hall, person)]
        assert next(f"{time:%m-%d %H:%M}" for time in times if time) == "03-09 08:25"
    assert len(_corrections(hall, "0010")) == 2
    assert not _corrections(hall, "0001")


async def test_an_unknown_number_is_given_to_a_person(
    hall: FakeHall, web: Served, browser: Browser
) -> None:
    async with page_at(browser, f"{web.url}/manage/attendance/unknown") as page:
        await act_as(page)
        await page.get_by_text("指定给人").last.click()
        await page.locator("dialog [name=person]").fill("0004 测试丁")
        await page.locator("dialog button[type=submit]").click()
        await expect(page.locator("#note")).to_contain_text("已保存")
    person = hall.attendance.known[FactKind.PERSON, "0004"].fact
    assert isinstance(person, Person)
    assert [each.user_id for each in person.enrolments] == ["104", "777"]
    assert person.joined is not None


async def test_the_hall_asks_for_its_token_once(browser: Browser) -> None:
    public = {"host": "0.0.0.0", "token": TOKEN}  # noqa: S104 - the case tried
    async with serving(specimen_hall(web=public)) as web:
        url = f"{web.url}/manage/attendance/checks"
        async with page_at(browser, url, outages=True) as page:
            await page.locator("#token-text").fill("wrong-token")
            await page.keyboard.press("Enter")
            await act_as(page)
            await page.locator("[name=words]").fill("二楼走廊")
            send = page.locator("form.form button[type=submit]")
            await send.click()
            await page.locator("#token-text").fill(TOKEN)
            await page.keyboard.press("Enter")
            await send.click()
            await expect(page.locator("#note")).to_contain_text("已保存")
            await expect(page.locator("main")).to_contain_text("二楼走廊")


@pytest.mark.parametrize("view", managing.VIEWS)
async def test_every_view_is_drawn_without_a_missing_word(
    web: Served, browser: Browser, view: str
) -> None:
    queries = {"day": "?person=0003&day=2026-03-27"}
    url = web.url + managing.address(view) + queries.get(view, "")
    async with page_at(browser, url, width=1280, height=720) as page:
        await ready(page)
        assert "manage." not in await page.locator("body").inner_text()
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert width <= 1280


async def test_a_lost_first_answer_is_asked_for_again(
    web: Served, browser: Browser
) -> None:
    failed: list[str] = []

    async def fail_once(route: Route) -> None:
        if failed:
            await route.continue_()
        else:
            failed.append(route.request.url)
            await route.abort()

    async with page_at(browser, web.url, outages=True, timers=True) as page:
        await page.route("**/api/v1/attendance/**", fail_once)
        await page.goto(f"{web.url}/manage/attendance/ledger")
        await expect(page.locator("#lost")).to_be_visible()
        await page.clock.run_for(6_000)
        await ready(page)
        await expect(page.locator("#lost")).to_be_hidden()
        await expect(page.locator("main tbody tr")).not_to_have_count(0)


def _corrections(hall: FakeHall, person: str) -> list[Correction]:
    return [
        known.fact
        for known in hall.attendance.known.values()
        if isinstance(known.fact, Correction) and known.fact.person == person
    ]
