"""Media of screens: what is served, and what never is."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from support.fake_hall import FakeHall, make_site
from support.pictures import png

from bridge.service import media
from bridge.service.media import Albums, read_album
from bridge.web.app import create_app
from devices.site import Site

VIDEO = bytes(range(256)) * 8


def site_with(folder: Path) -> Site:
    screens = [
        {"id": "tv", "areas": ["hall"], "media": str(folder)},
        {"id": "bare", "areas": ["hall"]},
    ]
    return make_site(screens=screens)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "media"
    found.mkdir()
    (found / "2 海报.png").write_bytes(png(4, 4))
    (found / "1.mp4").write_bytes(VIDEO)
    (tmp_path / "secrets.png").write_bytes(png(2, 2))
    return found


@pytest.fixture
async def client(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(FakeHall(site_with(folder)))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://localhost"
    ) as client:
        yield client


async def test_what_a_screen_shows_is_listed_by_name(
    client: httpx.AsyncClient,
) -> None:
    body = (await client.get("/media/tv")).json()
    assert [item["kind"] for item in body["items"]] == ["video", "picture"]
    assert body["faults"] == []
    for item, media_type in zip(body["items"], ("video/mp4", "image/png"), strict=True):
        answer = await client.get(item["url"])
        assert answer.status_code == 200
        assert answer.headers["content-type"] == media_type
        assert "max-age" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert (await client.head(item["url"])).status_code == 200
    assert (await client.get("/media/hall")).json() == {"items": [], "faults": []}
    assert (await client.get("/media/none")).status_code == 404
    assert "media-src 'self'" in answer.headers["content-security-policy"]


async def test_an_address_changes_with_its_file(
    client: httpx.AsyncClient, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media, "LOOK_EVERY", timedelta())
    before = (await client.get("/media/tv")).json()["items"]
    (folder / "1.mp4").write_bytes(VIDEO * 2)
    after = (await client.get("/media/tv")).json()["items"]
    assert before[0]["url"] != after[0]["url"]
    assert before[1] == after[1]


async def test_a_part_of_a_video_is_served(client: httpx.AsyncClient) -> None:
    answer = await client.get("/media/tv/1.mp4", headers={"Range": "bytes=10-19"})
    assert answer.status_code == 206
    assert answer.content == VIDEO[10:20]
    assert answer.headers["content-range"] == f"bytes 10-19/{len(VIDEO)}"
    answer = await client.get("/media/tv/1.mp4", headers={"Range": "bytes=9999-"})
    assert answer.status_code == 416


@pytest.mark.parametrize(
    "path",
    [
        *("tv/../secrets.png", "tv/..%2fsecrets.png", "tv/%2e%2e/secrets.png"),
        *("tv/..%5csecrets.png", "tv/%00", "tv/none.png"),
        *("bare/1.mp4", "none/1.mp4", "tv/2%20海报.png/x", "tv//etc/hostname"),
    ],
)
async def test_nothing_else_is_served(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"/media/{path}")
    assert answer.status_code == 404


async def test_a_file_that_was_just_taken_away_is_not_there(
    client: httpx.AsyncClient, folder: Path
) -> None:
    await client.get("/media/tv")
    (folder / "1.mp4").unlink()
    assert (await client.get("/media/tv/1.mp4")).status_code == 404


def test_what_cannot_be_shown_is_left_out_and_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "notes.txt").write_text("x")
    (folder / "page.svg").write_text("<svg/>")
    (folder / ".hidden.png").write_bytes(b"x")
    (folder / "empty.png").touch()
    (folder / "far.png").symlink_to(folder.parent / "secrets.png")
    (folder / "gone.png").symlink_to(folder / "nothing")
    (folder / "near.png").symlink_to(folder / "2 海报.png")
    (folder / "room.png").mkdir()
    album = read_album(folder)
    assert list(album.files) == ["1.mp4", "2 海报.png", "near.png"]
    told = "\n".join(album.faults)
    for name, why in (
        ("notes.txt", "is none of .jpg, "),
        ("page.svg", "is none of .jpg, "),
        ("empty.png", "is empty"),
        ("far.png", "leads out of the folder"),
        ("gone.png", "cannot be read: No such file"),
        ("room.png", "cannot be read: Is a directory"),
    ):
        assert f"{folder / name}: {why}" in told
    assert len(album.faults) == 6
    monkeypatch.setattr(media, "MAX_PICTURE_BYTES", 10)
    assert list(read_album(folder).files) == ["1.mp4"]
    monkeypatch.setattr(media, "MAX_FILES", 0)
    assert "only the first 0 files" in "\n".join(read_album(folder).faults)


def test_a_folder_that_is_away_or_empty_is_told(tmp_path: Path) -> None:
    away = read_album(tmp_path / "none")
    assert away.faults == (f"{tmp_path / 'none'}: cannot be read: {os.strerror(2)}",)
    assert read_album(tmp_path).faults == (
        f"{tmp_path}: holds no picture and no video",
    )


async def test_a_fault_is_logged_once_and_so_is_its_end(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    albums = Albums(site_with(folder))
    now = datetime(2026, 3, 2, tzinfo=UTC)
    (folder / "bad.txt").write_text("x")
    for minute in range(3):
        await albums.album("tv", now + timedelta(minutes=minute))
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith(f"media of screen tv: {folder / 'bad.txt'}: ")
    (folder / "bad.txt").unlink()
    assert (await albums.album("tv", now + timedelta(minutes=2, seconds=1))).faults
    for minute in (4, 5):
        await albums.album("tv", now + timedelta(minutes=minute))
    assert caplog.messages[1:] == ["all media of screen tv can be read again"]
