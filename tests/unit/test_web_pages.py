"""The pages as they are served: words, languages, assets."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.fake_hall import FakeHall, make_site

from bridge.web import rendering
from bridge.web.app import create_app

SCRIPTS = sorted(rendering.PAGES.glob("*.js"))
TEMPLATES = sorted(rendering.PAGES.glob("*.html"))
PAGES = [
    "/",
    "/screen/hall",
    "/board",
    "/board/hall",
    "/kiosk",
    "/counter/w1",
    "/manage/attendance",
]
OF_THE_RENDERER = {
    *("lang", "hall", "suffix", "context", "links", "other", "message"),
    *("title", "view", "scripts", "look"),
}


def context_of(text: str) -> dict[str, Any]:
    found = re.search(r'id="context">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    context: dict[str, Any] = json.loads(found[1])
    return context


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    site = make_site(hall={"id": "h", "name": "</script><b>&\"'"})
    transport = httpx.ASGITransport(app=create_app(FakeHall(site)))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://localhost"
    ) as client:
        yield client


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_served_in_both_languages(
    client: httpx.AsyncClient, path: str
) -> None:
    for language, query in (("zh-CN", ""), ("en", "?lang=en"), ("zh-CN", "?lang=xx")):
        answer = await client.get(path + query)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert f'<html lang="{language}">' in answer.text
        assert "{{" not in answer.text


@pytest.mark.parametrize("path", PAGES)
async def test_names_of_the_hall_cannot_break_out(
    client: httpx.AsyncClient, path: str
) -> None:
    text = (await client.get(path)).text
    assert "</script><b>" not in text
    for data in re.findall(r'type="application/json"[^>]*>(.*?)</script>', text):
        assert json.loads(data)["hall"]["name"] == "</script><b>&\"'"


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_loads_only_what_is_here_and_nothing_inline(
    client: httpx.AsyncClient, path: str
) -> None:
    text = (await client.get(path)).text
    assert "://" not in re.sub(r'type="application/json".*?</script>', "", text)
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script>", text)
    for name in re.findall(r'(?:src|href)="(/assets/[^"]+)"', text):
        assert (await client.get(name)).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/screen/none",
        "/board/none",
        "/counter/none",
        "/kiosk/none",
        "/ticket/none",
        "/assets/none.js",
    ],
)
async def test_what_is_not_there_is_told_in_words(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert "没有" in answer.text
    assert "no" in (await client.get(path + "?lang=en")).text


async def test_a_wrong_address_is_a_page_for_people_only(
    client: httpx.AsyncClient,
) -> None:
    people = {"Accept": "text/html,application/xhtml+xml"}
    page = await client.get("/nowhere", headers=people)
    assert page.status_code == 404
    assert "没有这个页面" in page.text
    for path, headers in (("/nowhere", {}), ("/api/v1/nowhere", people)):
        answer = await client.get(path, headers=headers)
        assert answer.headers["content-type"] == "application/problem+json"


async def test_the_index_lists_every_page(client: httpx.AsyncClient) -> None:
    text = (await client.get("/")).text
    for path in ("/kiosk", "/screen/hall", "/screen/upper", "/counter/w3"):
        assert f'href="{path}"' in text
    assert 'href="/counter/w3?lang=en"' in (await client.get("/?lang=en")).text


async def test_each_kiosk_has_a_page_with_what_it_offers() -> None:
    kiosks = [{"id": "k1", "services": ["reg"]}, {"id": "k2", "area": "upper"}]
    app = create_app(FakeHall(make_site(kiosks=kiosks)))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://localhost"
    ) as client:
        index = (await client.get("/")).text
        assert 'href="/kiosk/k1"' in index
        assert 'href="/kiosk/k2"' in index
        for path, offered in (("/kiosk", "reg"), ("/kiosk/k2", "idcard")):
            context = context_of((await client.get(path)).text)
            assert [service["id"] for service in context["services"]] == [offered]


async def test_a_ticket_has_a_page_for_phones(client: httpx.AsyncClient) -> None:
    drawn = await client.post("/api/v1/tickets", json={"service": "reg"})
    page = await client.get(f"/ticket/{drawn.json()['id']}")
    assert page.status_code == 200
    assert context_of(page.text)["ticket"] == drawn.json()["id"]


async def test_an_asset_is_asked_for_once(client: httpx.AsyncClient) -> None:
    first = await client.get("/assets/screen.js")
    assert first.headers["content-type"].startswith("text/javascript")
    tag = first.headers["etag"]
    again = await client.get("/assets/screen.js", headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert again.content == b""
    changed = await client.get("/assets/screen.js", headers={"If-None-Match": '"x"'})
    assert changed.status_code == 200


async def test_the_token_is_asked_for_but_never_told() -> None:
    web = {"host": "0.0.0.0", "token": "open-sesame"}  # noqa: S104 - the case tried
    app = create_app(FakeHall(make_site(web=web)))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        for path in PAGES:
            assert "open-sesame" not in (await client.get(path)).text
        assert '"needs_token": true' in (await client.get("/counter/w1")).text


def test_both_languages_say_the_same() -> None:
    chinese, english = rendering.catalogue().values()
    assert chinese.keys() == english.keys()
    for key, text in chinese.items():
        fields = set(re.findall(r"\{\w+\}", text))
        assert set(re.findall(r"\{\w+\}", english[key])) <= fields | {"{n}"}


def test_every_word_on_a_page_is_in_the_catalogue() -> None:
    known = rendering.catalogue()["zh-CN"].keys()
    for path in TEMPLATES:
        text = path.read_text(encoding="utf-8")
        used = set(re.findall(r"\{\{([a-z_.]+)\}\}", text)) - OF_THE_RENDERER
        used |= set(re.findall(r'data-text="([^"]+)"', text))
        assert used <= known, path.name
    for path in SCRIPTS:
        text = path.read_text(encoding="utf-8")
        used = set(re.findall(r'\btext\("([a-z_.-]+[a-z])"', text))
        assert used <= known, path.name


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_run_in_a_browser_of_2017(path: Path) -> None:
    text = re.sub(
        r"/\*.*?\*/|//[^\n]*", "", path.read_text(encoding="utf-8"), flags=re.DOTALL
    )
    late = [
        *(r"\?\.[a-zA-Z\[(]", r"\?\?", r"\basync\b", r"\bawait\b", r"\bimport\b"),
        *(
            r"\bexport\b",
            r"\.\.\.[a-zA-Z\[]",
            r"\.replaceAll\(",
            r"\.flat\(",
            r"\.at\(",
        ),
        *(r"\bcatch\s*\{", r"\*\*", r"Object\.fromEntries", r"\d_\d", r"[a-z]=>"),
    ]
    for pattern in late:
        assert not re.search(pattern, text.replace("Halld.at", "Halld_at")), pattern


STYLES = [
    path
    for path in sorted(rendering.PAGES.glob("*.css"))
    # Offices have newer browsers than the boxes that hang in halls.
    if not path.name.startswith("manage")
]


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_styles_are_those_of_a_browser_of_2017(path: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    late = [
        *(r"\binset\s*:", r"[{;]\s*aspect-ratio\s*:", r"\b(clamp|min|max)\(", r":is\("),
        *(r":where\(", r":has\(", r":focus-visible", r"@layer", r"@container"),
        *(r"\bdv[hw]\b", r"\d[ls]v[hw]\b", r"\bscale\s*:", r"\btranslate\s*:"),
        *(r"margin-inline", r"padding-inline", r"@import", r"url\("),
    ]
    for pattern in late:
        assert not re.search(pattern, text), pattern
    # A gap between flex items came in 2020; between those of a grid it is older.
    for rule in re.findall(r"\{([^{}]*)\}", text):
        assert "display: grid" in rule or not re.search(r"\bgap\s*:", rule), rule
