"""The managers' pages as they are served."""

from __future__ import annotations

import html
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from support.fake_hall import FakeHall, make_site

from bridge.domain.attendance import wording
from bridge.domain.attendance.facts import (
    CorrectionKind,
    DayKind,
    Finding,
    LeaveKind,
    LeaveUnit,
    Status,
)
from bridge.domain.attendance.names import NAMES, SYMBOLS
from bridge.domain.attendance.results import DayState, PunchUse
from bridge.domain.attendance.rulings import STATES_BY_CORRECTION
from bridge.service.attendance.told import FactKind
from bridge.web import managing, rendering
from bridge.web.app import create_app
from devices.events import Direction
from devices.kinds import DeviceState
from devices.operations import OperationKind

CHINESE = rendering.catalogue()["zh-CN"]
CLOCK = {"id": "c1", "driver": "zk", "url": "tcp://127.0.0.1:9", "name": "<东门>"}


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    devices = [*make_site().model_dump(mode="json")["devices"], CLOCK]
    app = create_app(FakeHall(make_site(devices=devices)))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://localhost"
    ) as client:
        yield client


def context_of(text: str) -> Any:
    found = re.search(r'id="context">(.*?)</script>', text)
    assert found is not None
    return json.loads(found[1])


@pytest.mark.parametrize("view", managing.VIEWS)
async def test_every_view_is_served_with_its_scripts(
    client: httpx.AsyncClient, view: str
) -> None:
    for query in ("", "?lang=en"):
        answer = await client.get(managing.address(view) + query)
        assert answer.status_code == 200
        assert "{{" not in answer.text
        assert context_of(answer.text)["view"] == view
        for name in re.findall(r'(?:src|href)="(/assets/[^"]+)"', answer.text):
            assert (await client.get(name)).status_code == 200
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script>", answer.text)
    scripts = "".join(
        (rendering.PAGES / f"manage-{name}.js").read_text(encoding="utf-8")
        for name in managing.VIEWS[view]
    )
    mark = f"Halld.views.{view} = " if view.isalpha() else f'Halld.views["{view}"] = '
    assert mark in scripts


async def test_managers_begin_at_today_and_keep_their_language(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/manage?lang=en")
    assert answer.status_code == 307
    assert answer.headers["location"] == "/manage/attendance?lang=en"
    page = (await client.get("/manage/attendance/days?month=2026-03&lang=en")).text
    assert 'href="/manage/attendance/month?lang=en"' in page
    assert re.search(r'href="[^"]*/days[^"]*" aria-current="page"', page)
    other = re.search(r'class="language" href="([^"]+)"', page)
    assert other is not None
    expected = "/manage/attendance/days?month=2026-03&lang=zh-CN"
    assert html.unescape(other[1]) == expected


async def test_a_view_that_is_none_is_told_in_words(client: httpx.AsyncClient) -> None:
    answer = await client.get("/manage/attendance/nothing")
    assert answer.status_code == 404
    assert "没有这个页面" in answer.text


async def test_the_page_knows_windows_clocks_and_the_hours_of_the_hall(
    client: httpx.AsyncClient,
) -> None:
    text = (await client.get("/manage/attendance")).text
    known = context_of(text)
    assert known["counters"]["w1"] == "1号窗口"
    assert known["clocks"] == {"c1": "<东门>"}
    assert "<东门>" not in text
    assert known["now"] == "2026-03-02T09:00:00+08:00"
    assert known["today"] == "2026-03-02"
    assert set(known["correction_states"]) == STATES_BY_CORRECTION


async def test_only_managers_pages_carry_their_words(client: httpx.AsyncClient) -> None:
    assert "manage.state.late" in (await client.get("/manage/attendance")).text
    for path in ("/", "/kiosk", "/screen/hall", "/counter/w1"):
        assert '"manage.' not in (await client.get(path)).text


async def test_the_index_leads_to_the_managers(client: httpx.AsyncClient) -> None:
    assert 'href="/manage"' in (await client.get("/")).text


@pytest.mark.parametrize(
    ("prefix", "values"),
    [
        ("state", DayState),
        ("symbol", DayState),
        ("use", PunchUse),
        ("direction", Direction),
        ("leave", LeaveKind),
        ("unit", LeaveUnit),
        ("correction", CorrectionKind),
        ("finding", Finding),
        ("status", Status),
        ("day", DayKind),
        ("kind", FactKind),
        ("tamper", OperationKind),
        ("device", DeviceState),
    ],
)
def test_every_value_of_a_kind_has_its_word(prefix: str, values: Any) -> None:
    for value in values:
        assert f"manage.{prefix}.{value.value}" in CHINESE


def test_page_and_sheet_use_the_same_symbols_and_words() -> None:
    for state in DayState:
        assert CHINESE[f"manage.symbol.{state.value}"] == SYMBOLS[state]
        assert (
            CHINESE[f"manage.state.{state.value}"] == NAMES[f"state.{state.value}"][0]
        )
    for code in wording.WAITING:
        assert f"manage.waiting.{code}" in CHINESE


def test_no_word_is_kept_that_no_page_says() -> None:
    scripts = "".join(
        path.read_text(encoding="utf-8")
        for path in [*rendering.PAGES.glob("*.js"), *rendering.PAGES.glob("*.html")]
    )
    composed = tuple(re.findall(r'"(manage\.[a-z_.]*[._])"', scripts))
    idle = [
        key
        for key in CHINESE
        if key.startswith("manage.")
        and key not in scripts
        and not key.startswith((*composed, "manage.view."))
    ]
    assert idle == []
