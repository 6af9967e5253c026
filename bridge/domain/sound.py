"""Sounds as WAV: mono, 16 bits."""

from __future__ import annotations

import io
import math
import struct
import wave
from dataclasses import dataclass
from functools import cache
from typing import Final

GONG_RATE_HZ: Final = 16_000
_NOTES: Final = ((0.0, 659.26), (0.45, 523.25))
"""Begin in s and pitch in Hz: E5, then C5."""
_GONG_S: Final = 1.3
_PARTIALS: Final = ((1.0, 0.30), (2.0, 0.09), (3.0, 0.04))
"""Pitch and loudness of overtones, as shares; both notes together stay below 1."""
_FADE_PER_S: Final = 4.5
_ATTACK_S: Final = 0.008
_RELEASE_S: Final = 0.1


class SoundError(ValueError):
    """Theirs: what should be a WAV is none, or another kind than wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """Samples, 16 bits little-endian, of one channel."""

    rate_hz: int
    samples: bytes


def read_wav(content: bytes) -> Sound:
    """A WAV; one that was written to a pipe tells no length and ends where it ends."""
    try:
        with wave.open(io.BytesIO(content)) as reader:
            if (reader.getnchannels(), reader.getsampwidth()) != (1, 2):
                raise SoundError("want a WAV of one channel with 16 bits")
            samples = reader.readframes(reader.getnframes())
            return Sound(rate_hz=reader.getframerate(), samples=samples)
    except (wave.Error, EOFError) as error:
        raise SoundError(f"no WAV: {error}") from error


def write_wav(sound: Sound) -> bytes:
    """As a WAV file."""
    into = io.BytesIO()
    with wave.open(into, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(sound.rate_hz)
        writer.writeframes(sound.samples)
    return into.getvalue()


def joined(sounds: list[Sound], *, pause_s: float) -> Sound:
    """One after another, with pauses between; raises `SoundError` when rates differ."""
    rates = {sound.rate_hz for sound in sounds}
    if len(rates) != 1:
        raise SoundError(f"want sounds of one rate, got {sorted(rates)} Hz")
    rate = rates.pop()
    pause = bytes(2 * round(pause_s * rate))
    return Sound(rate_hz=rate, samples=pause.join(sound.samples for sound in sounds))


@cache
def gong() -> bytes:
    """A calm two-note gong as WAV."""
    count = round(_GONG_S * GONG_RATE_HZ)
    levels = [_level(index / GONG_RATE_HZ) for index in range(count)]
    samples = struct.pack(f"<{count}h", *(round(32_000 * level) for level in levels))
    return write_wav(Sound(rate_hz=GONG_RATE_HZ, samples=samples))


def _level(moment_s: float) -> float:
    level = 0.0
    for begin_s, pitch_hz in _NOTES:
        age_s = moment_s - begin_s
        if age_s < 0:
            continue
        loud = min(1.0, age_s / _ATTACK_S) * math.exp(-_FADE_PER_S * age_s)
        for times, share in _PARTIALS:
            level += loud * share * math.sin(math.tau * pitch_hz * times * age_s)
    return level * min(1.0, (_GONG_S - moment_s) / _RELEASE_S)
