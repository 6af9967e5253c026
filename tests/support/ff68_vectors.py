"""The golden frames of the caller + evaluator bus."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from devices.ff68.frames import Frame, ShortAck

PATH = Path(__file__).parents[1] / "vectors" / "ff68.yaml"


@dataclass(frozen=True, slots=True)
class Vector:
    """A frame, its bytes, and what else the file says about it."""

    name: str
    raw: bytes
    frame: Frame
    facts: dict[str, Any]


def _load() -> dict[str, Any]:
    body = YAML(typ="safe", pure=True).load(PATH)
    assert isinstance(body, dict)
    return body


_BODY = _load()

FRAMES = [
    Vector(
        item["name"],
        bytes.fromhex(item["hex"]),
        Frame(item["address"], item["function"], bytes.fromhex(item["data"])),
        item,
    )
    for item in _BODY["frames"]
]
SHORT_ACKS = [
    (bytes.fromhex(item["hex"]), ShortAck(item["address"]))
    for item in _BODY["short_acks"]
]
BAD = {item["name"]: bytes.fromhex(item["hex"]) for item in _BODY["bad"]}
MESSAGES: list[tuple[bytes, Frame | ShortAck]] = [
    *((vector.raw, vector.frame) for vector in FRAMES),
    *SHORT_ACKS,
]
CALL = FRAMES[0]
