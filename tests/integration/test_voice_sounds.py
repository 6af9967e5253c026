"""Texts become sounds: the program, its absence, what is kept on disk."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from support.browsing import call, draw
from support.fake_hall import FakeHall, make_site

from bridge.domain.sound import Sound, read_wav, write_wav
from bridge.domain.speech import Spoken
from bridge.service.voice import Speaker, SpeechError
from bridge.web.app import create_app

HELLO = [Spoken(lang="zh-CN", text="请A零零一号到三号窗口")]
BOTH = [*HELLO, Spoken(lang="en", text="Number A, 1, please go to window 3.")]


def texts(count: int) -> list[list[Spoken]]:
    return [[Spoken(lang="zh-CN", text=f"第{n}")] for n in range(count)]


def make_program(folder: Path, *lines: str) -> str:
    """A program that stands for the real one; counts how often it ran."""
    wav = folder / "said.wav"
    wav.write_bytes(write_wav(Sound(rate_hz=22_050, samples=b"\x01\x00" * 2205)))
    path = folder / "speaks"
    count = f"echo run >> {folder}/runs"
    body = lines or ("cat > /dev/null", f"cat {wav}")
    path.write_text("\n".join(["#!/bin/sh", count, *body]) + "\n")
    path.chmod(0o755)
    return str(path)


def runs(folder: Path) -> int:
    path = folder / "runs"
    return len(path.read_text().splitlines()) if path.exists() else 0


@asynccontextmanager
async def web(hall: FakeHall, speaker: Speaker) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=create_app(hall, speaker=speaker))
    url = "http://localhost"
    async with httpx.AsyncClient(transport=transport, base_url=url) as client:
        yield client


@pytest.mark.espeak
async def test_the_real_program_speaks_both_languages(tmp_path: Path) -> None:
    speaker = Speaker(tmp_path)
    assert speaker.is_able
    chinese = read_wav(await speaker.wav(HELLO))
    both = read_wav(await speaker.wav(BOTH))
    assert 1.0 < len(chinese.samples) / 2 / chinese.rate_hz < 8.0
    assert len(both.samples) > 1.5 * len(chinese.samples)
    assert max(chinese.samples) > 0


async def test_a_text_is_made_once_however_many_ask(tmp_path: Path) -> None:
    program = make_program(tmp_path)
    speaker = Speaker(tmp_path / "voice", program=program)
    made = await asyncio.gather(*(speaker.wav(HELLO) for _ in range(20)))
    assert len(set(made)) == 1
    assert runs(tmp_path) == 1
    again = Speaker(tmp_path / "voice", program="/nowhere")
    assert await again.wav(HELLO) == made[0]


async def test_what_was_used_longest_ago_is_forgotten(tmp_path: Path) -> None:
    folder = tmp_path / "voice"
    program = make_program(tmp_path)
    speaker = Speaker(folder, program=program, most_files=5)
    first, *others = texts(6)
    await speaker.wav(first)
    for place, text in enumerate(others[:4]):
        await speaker.wav(text)
        for path in folder.iterdir():
            os.utime(path, ns=(place, path.stat().st_mtime_ns - 10**9))
    await speaker.wav(first)
    await speaker.wav(others[4])
    assert len(list(folder.iterdir())) == 5
    await speaker.wav(first)
    assert runs(tmp_path) == 6


async def test_a_full_or_forbidden_disk_keeps_nobody_silent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    speaker = Speaker(tmp_path / "file" / "voice", program=make_program(tmp_path))
    for _ in range(2):
        assert read_wav(await speaker.wav(HELLO)).samples
    assert runs(tmp_path) == 2
    assert len([r for r in caplog.records if "not kept" in r.message]) == 1


async def test_without_the_program_it_is_told_what_to_do(tmp_path: Path) -> None:
    speaker = Speaker(tmp_path, program="no-such-program-here")
    assert not speaker.is_able
    with pytest.raises(SpeechError, match="install the package espeak-ng"):
        await speaker.wav(HELLO)


async def test_a_program_that_hangs_or_babbles_is_ended(tmp_path: Path) -> None:
    hanging = make_program(tmp_path, "exec sleep 60")
    with pytest.raises(SpeechError, match="longer than"):
        await Speaker(None, program=hanging, limit_s=0.3).wav(HELLO)
    babbling = make_program(tmp_path, "cat > /dev/null", "echo no sound")
    with pytest.raises(SpeechError, match="no WAV"):
        await Speaker(None, program=babbling).wav(HELLO)
    failing = make_program(tmp_path, "cat > /dev/null", "echo no voice >&2", "exit 1")
    with pytest.raises(SpeechError, match="no voice"):
        await Speaker(None, program=failing).wav(HELLO)


async def test_the_web_gives_gong_and_call(tmp_path: Path) -> None:
    hall = FakeHall()
    speaker = Speaker(tmp_path / "voice", program=make_program(tmp_path))
    await draw(hall)
    await call(hall)
    async with web(hall, speaker) as client:
        for path in ("/voice/gong.wav", "/voice/hall/1.wav"):
            answer = await client.get(path)
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "audio/wav"
            assert read_wav(answer.content).samples
            assert (await client.head(path)).status_code == 200
        # Of another area, of nobody, of no area.
        for path in ("upper/1", "hall/2", "hall/x", "cellar/1", "hall/..%2f1"):
            answer = await client.get(f"/voice/{path}.wav")
            assert answer.status_code == 404, path
            assert answer.headers["content-type"] == "application/problem+json"
    state = (await hall.snapshot(frozenset({"hall"})))[1]
    said = [{"lang": "zh-CN", "text": "请A零零一号到一号窗口"}]
    assert state["calls"][0]["speech"] == said


async def test_without_the_program_the_web_says_so() -> None:
    hall = FakeHall()
    speaker = Speaker(None, program="no-such-program-here")
    await draw(hall)
    await call(hall)
    async with web(hall, speaker) as client:
        answer = await client.get("/voice/hall/1.wav")
        assert answer.status_code == 503
        assert answer.json()["type"] == "no-voice"
        page = (await client.get("/screen/hall")).text
        assert '"server": false' in page


async def test_a_silent_area_has_no_sounds(tmp_path: Path) -> None:
    hall = FakeHall(make_site(voice={"enabled": False}))
    speaker = Speaker(tmp_path, program=make_program(tmp_path))
    await draw(hall)
    await call(hall)
    async with web(hall, speaker) as client:
        assert (await client.get("/voice/hall/1.wav")).status_code == 404
        assert '"enabled": false' in (await client.get("/screen/hall")).text
