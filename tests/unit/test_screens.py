"""Screens in the hall file, and their pages as they are served."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from support.fake_hall import FakeHall, make_site
from support.pictures import png

from bridge.cli.commands.check import command
from bridge.cli.hallfile import read_hall_file
from bridge.web.app import create_app
from devices.screens import Contrast, Layout, Motion, screen_of
from devices.site_mistakes import mistakes_of

AREA_TOO = "'hall' is an area, which has /screen/hall already; choose another id"
TV = {"id": "tv", "areas": ["hall", "upper"], "layout": "mixed", "name": "入口"}


def told(screens: list[dict[str, Any]]) -> list[str]:
    site = make_site(screens=screens)
    return [f"{mistake.path}: {mistake}" for mistake in mistakes_of(site)]


def test_every_area_has_a_screen_without_being_named() -> None:
    site = make_site(screens=[TV])
    own = screen_of(site, "upper")
    assert own is not None
    assert (own.areas, own.name, own.layout) == (["upper"], "二楼", Layout.CALLS)
    assert (own.contrast, own.motion) == (Contrast.NORMAL, Motion.NORMAL)
    named = screen_of(site, "tv")
    assert named is not None
    assert named.layout is Layout.MIXED
    assert screen_of(site, "cellar") is None


@pytest.mark.parametrize(
    ("screens", "mistakes"),
    [
        ([TV], []),
        (
            [{"id": "hall", "areas": ["hall"]}],
            [f"('screens', 0, 'id'): {AREA_TOO}"],
        ),
        ([TV, TV], ["('screens', 1, 'id'): id 'tv' stands twice"]),
        (
            [{"id": "tv", "areas": ["hall", "cellar"]}],
            ["('screens', 0, 'areas', 1): no area 'cellar'; there are: hall, upper"],
        ),
        (
            [{"id": "tv", "areas": ["hall", "hall"]}],
            ["('screens', 0, 'areas', 1): area 'hall' stands twice"],
        ),
    ],
)
def test_mistakes_of_screens(
    screens: list[dict[str, Any]], mistakes: list[str]
) -> None:
    assert told(screens) == mistakes


HALL = """\
hall: {{id: demo}}
areas: [{{id: hall}}]
screens:
  - id: tv
    areas: [hall]
    {key}
"""


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("layout: grid", "hall.yaml:6: screens[0].layout: input should be 'calls', "),
        ("colour: red", "hall.yaml:6: screens[0].colour: no such key"),
        ("marquee: ['']", "hall.yaml:6: screens[0].marquee[0]: "),
        ("media_after_s: 1", "hall.yaml:6: screens[0].media_after_s: "),
    ],
)
def test_a_wrong_key_of_a_screen_is_told(
    tmp_path: Path, key: str, message: str
) -> None:
    path = tmp_path / "hall.yaml"
    path.write_text(HALL.format(key=key))
    told = [str(mistake) for mistake in read_hall_file(path, {}).mistakes]
    assert len(told) == 1
    assert message in told[0]


def test_a_media_folder_stands_beside_the_hall_file(tmp_path: Path) -> None:
    path = tmp_path / "hall.yaml"
    path.write_text(HALL.format(key="media: ./media"))
    site = read_hall_file(path, {}).site
    assert site is not None
    assert site.screens[0].media == str(tmp_path / "media")


def test_what_media_lack_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "hall.yaml"
    path.write_text(HALL.format(key="media: ./media"))

    def warnings() -> list[str]:
        result = CliRunner().invoke(command, ["--config", str(path)])
        assert result.exit_code == 0, result.output
        lines = result.output.splitlines()
        return [line for line in lines if line.startswith("warning")]

    folder = tmp_path / "media"
    where = f"warning: {path}:6: screens[0].media: {folder}"
    assert warnings() == [f"{where}: cannot be read: No such file or directory"]
    folder.mkdir()
    assert warnings() == [f"{where}: holds no picture and no video"]
    (folder / "a.png").write_bytes(png(4, 4))
    assert warnings() == []


@pytest.fixture
def client() -> httpx.AsyncClient:
    wall = {"id": "wall", "areas": ["upper"], "contrast": "high", "motion": "reduced"}
    app = create_app(FakeHall(make_site(screens=[TV, wall])))
    transport = httpx.ASGITransport(app=app)
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


async def page_of(
    client: httpx.AsyncClient, path: str
) -> tuple[list[str], dict[str, Any]]:
    """The classes of a page and what its script is told."""
    text = (await client.get(path)).text
    look = re.search(r'<body class="([^"]*)"', text)
    context = re.search(r'id="context">(.*?)</script>', text, re.DOTALL)
    assert look is not None
    assert context is not None
    return look[1].split(), json.loads(context[1])


async def test_a_screen_is_served_as_the_hall_file_says(
    client: httpx.AsyncClient,
) -> None:
    look, context = await page_of(client, "/screen/tv")
    assert look == ["layout-mixed"]
    assert context["screen"]["name"] == "入口"
    assert [area["id"] for area in context["screen"]["areas"]] == ["hall", "upper"]
    assert context["screen"]["media"] is None
    look, _ = await page_of(client, "/screen/wall")
    assert look == ["layout-calls", "is-high", "is-still"]
    assert 'href="/screen/tv"' in (await client.get("/")).text
    assert 'href="/board"' in (await client.get("/")).text


async def test_the_address_may_ask_for_another_look(client: httpx.AsyncClient) -> None:
    path = "/screen/hall?layout=windows&contrast=high&motion=reduced"
    look, context = await page_of(client, path)
    assert look == ["layout-windows", "is-high", "is-still"]
    assert context["screen"]["layout"] == "windows"
    look, _ = await page_of(client, '/screen/hall?layout="><script>&contrast=x')
    assert look == ["layout-calls"]


async def test_the_board_follows_every_window() -> None:
    counters = [
        {"id": "w1", "number": 1, "services": ["reg"], "area": "hall"},
        {"id": "w2", "number": 2, "services": ["idcard"]},
    ]
    app = create_app(FakeHall(make_site(counters=counters)))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://localhost"
    ) as client:
        # A window of no area is told by the whole stream alone.
        assert (await page_of(client, "/board"))[1]["areas"] == []
        assert (await page_of(client, "/board/hall"))[1]["areas"] == ["hall"]
