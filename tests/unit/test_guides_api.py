from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from httpx import ASGITransport, AsyncClient
from support.fake_hall import FakeHall, make_site

from bridge.cli.commands.check import command
from bridge.web.app import create_app
from devices.shipped import config_folder

HOURS = [{"from": "08:30", "to": "12:00"}]


def client(guides: Path | None) -> AsyncClient:
    site = make_site(
        guides=str(guides) if guides else None,
        hall={"id": "x", "hours": HOURS},
    )
    transport = ASGITransport(create_app(FakeHall(site)))
    return AsyncClient(transport=transport, base_url="http://127.0.0.1/api/v1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, service in (("first", "reg"), ("second", "idcard")):
        text = (
            f"---\ntitle: 企业{name}\nservice: {service}\n---\n\n## 材料\n\n<b>x</b>\n"
        )
        (tmp_path / f"{name}.md").write_text(text)
    (tmp_path / "bad.md").write_text("nothing")
    return tmp_path


async def test_guides_are_listed_found_and_read(folder: Path) -> None:
    async with client(folder) as web:
        body = (await web.get("/guides")).json()
        assert [item["id"] for item in body["items"]] == ["first", "second"]
        assert body["total"] == 2
        assert body["faults"] == [
            "bad.md:1: starts with a line `---`, then `title: ...`"
        ]
        only = (await web.get("/guides", params={"service": "idcard"})).json()
        assert [item["id"] for item in only["items"]] == ["second"]
        found = (await web.get("/guides", params={"q": "qyf"})).json()
        assert [item["id"] for item in found["items"]] == ["first"]
        part = (await web.get("/guides", params={"limit": 1, "offset": 1})).json()
        assert ([item["id"] for item in part["items"]], part["total"]) == (
            ["second"],
            2,
        )
        whole = (await web.get("/guides/first")).json()
        assert whole["service"] == "reg"
        assert "&lt;b&gt;x" in whole["html"]
        assert [part["title"] for part in whole["sections"]] == ["材料"]
        assert (await web.get("/guides/none")).status_code == 404
        assert (await web.get("/guides", params={"q": "x" * 65})).status_code == 400


async def test_guides_are_told_in_english_where_somebody_wrote_it(
    folder: Path,
) -> None:
    (folder / "first.en.md").write_text("---\ntitle: First\n---\n\n## Fees\n\nNone\n")
    (folder / "lost.en.md").write_text("---\ntitle: Lost\n---\n\nx\n")
    async with client(folder) as web:
        for lang, titles in (
            ("en", [("First", "en"), ("企业second", "zh-CN")]),
            ("zh-CN", [("企业first", "zh-CN"), ("企业second", "zh-CN")]),
        ):
            body = (await web.get("/guides", params={"lang": lang})).json()
            told = [(item["title"], item["lang"]) for item in body["items"]]
            assert told == titles
        assert "lost.en.md:1: there is no lost.md that it translates" in body["faults"]
        whole = (await web.get("/guides/first", params={"lang": "en"})).json()
        assert (whole["title"], whole["lang"], whole["service"]) == (
            "First",
            "en",
            "reg",
        )
        assert "<h2>Fees</h2>" in whole["html"]
        assert (await web.get("/guides/first")).json()["lang"] == "zh-CN"
        assert (await web.get("/guides/lost")).status_code == 404
        bad = await web.get("/guides/first", params={"lang": "fr"})
        assert bad.status_code == 400


async def test_a_hall_without_guides_has_an_empty_list() -> None:
    async with client(None) as web:
        body = (await web.get("/guides")).json()
        assert body == {"items": [], "total": 0, "faults": []}


async def test_the_hours_are_told() -> None:
    async with client(None) as web:
        body = (await web.get("/hours")).json()
    assert body["hours"] == [
        {"weekdays": [1, 2, 3, 4, 5], "from": "08:30:00", "to": "12:00:00"}
    ]
    assert body["today"]["open"] is True
    assert body["today"]["day"] == "2026-03-02"


def test_check_names_every_bad_guide(folder: Path) -> None:
    hall = folder / "hall.yaml"
    hall.write_text(
        "hall: {id: x}\nguides: .\nservices: [{id: reg, prefix: A}]\n",
    )
    done = CliRunner().invoke(command, ["--config", str(hall), "--json"])
    assert done.exit_code == 2
    told = json.loads(done.output)["errors"]
    assert [(Path(one["file"]).name, one["line"]) for one in told] == [
        ("bad.md", 1),
        ("second.md", 3),
    ]


def test_check_names_a_folder_that_is_not_there(tmp_path: Path) -> None:
    hall = tmp_path / "hall.yaml"
    hall.write_text("hall: {id: x}\n\nguides: ./nowhere\n")
    done = CliRunner().invoke(command, ["--config", str(hall)])
    assert done.exit_code == 2
    assert f"{hall}:3: guides: {tmp_path / 'nowhere'}: cannot be read" in done.output


def test_the_example_hall_is_good_with_its_guides() -> None:
    path = config_folder() / "hall.example.yaml"
    assert CliRunner().invoke(command, ["--config", str(path)]).exit_code == 0
