from __future__ import annotations

import struct

import pytest

from bridge.domain.sound import Sound, SoundError, gong, joined, read_wav, write_wav


def test_a_sound_comes_back_as_it_was_written() -> None:
    sound = Sound(rate_hz=8000, samples=b"\x01\x02" * 50)
    assert read_wav(write_wav(sound)) == sound


def test_a_wav_from_a_pipe_ends_where_it_ends() -> None:
    whole = write_wav(Sound(rate_hz=8000, samples=b"\x01\x02" * 50))
    place = whole.index(b"data") + 4
    piped = whole[:place] + struct.pack("<I", 0x7FFFF000) + whole[place + 4 :]
    assert read_wav(piped).samples == b"\x01\x02" * 50


@pytest.mark.parametrize("content", [b"", b"RIFF", b"<html>", b"RIFF\0\0\0\0WAVE"])
def test_what_is_no_wav_is_told(content: bytes) -> None:
    with pytest.raises(SoundError):
        read_wav(content)


def test_sounds_are_joined_with_a_pause() -> None:
    one = Sound(rate_hz=100, samples=b"\x01\x01")
    assert joined([one, one], pause_s=0.02).samples == b"\x01\x01\0\0\0\0\x01\x01"
    with pytest.raises(SoundError):
        joined([one, Sound(rate_hz=200, samples=b"")], pause_s=0)


def test_the_gong_is_short_loud_enough_and_ends_in_silence() -> None:
    sound = read_wav(gong())
    levels = struct.unpack(f"<{len(sound.samples) // 2}h", sound.samples)
    assert len(levels) / sound.rate_hz == pytest.approx(1.3)
    assert 8000 < max(map(abs, levels)) < 32_000
    assert abs(levels[0]) < 500
    assert abs(levels[-1]) < 500
    assert len(gong()) < 50_000
