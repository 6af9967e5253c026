"""The sounds of hall screens whose browser has no Chinese voice."""

from __future__ import annotations

import asyncio
from datetime import time
from typing import Annotated, Any, Final, cast

from fastapi import Depends, Request, Response

from bridge.domain.sound import gong
from bridge.domain.speech import Spoken
from bridge.service.ports import HallPort
from bridge.service.voice import Speaker, SpeechError
from bridge.web.api.depends import Hall
from bridge.web.problems import ProblemError
from bridge.web.routes import Routes

router = Routes()

_WAV: Final = "audio/wav"
_GONG_CACHE: Final = {"Cache-Control": "max-age=86400"}
_CALL_CACHE: Final = {"Cache-Control": "max-age=60"}


def speaker_of(request: Request) -> Speaker:
    """What makes the sounds."""
    return cast("Speaker", request.app.state.speaker)


def voice_context(request: Request, area_id: str) -> dict[str, Any]:
    """How the screen of an area speaks, for its script."""
    hall: HallPort = request.app.state.hall
    voice = hall.site.voice_at(area_id)
    hours = voice.hours
    return {
        "enabled": voice.enabled,
        "repeat": voice.repeat,
        "gong": voice.gong,
        "volume": voice.volume,
        "hours": hours and [_minute(hours.from_time), _minute(hours.to_time)],
        "server": speaker_of(request).is_able,
    }


def _minute(moment: time) -> str:
    return moment.strftime("%H:%M")


@router.api_route("/voice/gong.wav", methods=["GET", "HEAD"])
async def read_gong() -> Response:
    """The gong before each call."""
    content = await asyncio.to_thread(gong)
    return Response(content, media_type=_WAV, headers=_GONG_CACHE)


@router.api_route("/voice/{area_id}/{call_id}.wav", methods=["GET", "HEAD"])
async def read_call(
    hall: Hall,
    speaker: Annotated[Speaker, Depends(speaker_of)],
    area_id: str,
    call_id: str,
) -> Response:
    """What one of an area's last calls sounds like, once."""
    if hall.site.area(area_id) is None:
        raise ProblemError("not-found", f"no area {area_id!r}")
    spoken = await _spoken(hall, area_id, call_id)
    if not spoken:
        raise ProblemError("not-found", f"no call {call_id!r} that is spoken there")
    try:
        content = await speaker.wav(spoken)
    except SpeechError as error:
        raise ProblemError("no-voice", str(error)) from error
    return Response(content, media_type=_WAV, headers=_CALL_CACHE)


async def _spoken(hall: HallPort, area: str, call_id: str) -> list[Spoken]:
    _, state = await hall.snapshot(frozenset({area}))
    calls: list[dict[str, Any]] = state["calls"]
    found = next((call for call in calls if call["id"] == call_id), None)
    speech = found["speech"] if found else ()
    return [Spoken(lang=each["lang"], text=each["text"]) for each in speech]
