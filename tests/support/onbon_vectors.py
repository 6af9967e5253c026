"""The golden frames of Onbon font cards."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devices.onbon.areas import AreaUpdate, DynamicArea
from devices.onbon.frames import (
    BROADCAST_ANSWERED,
    DEFAULT_ADDRESS,
    HOST_ADDRESS,
    Frame,
)
from devices.onbon.messages import ACK, PING, ErrorCode, Request, nack

_FILE = Path(__file__).parents[1] / "vectors" / "onbon.json"

WELCOME = DynamicArea(
    id=0,
    width=128,
    height=32,
    text="欢迎光临".encode("gb2312"),
    timeout_s=10,
    speed=2,
    stay=10,
)


@dataclass(frozen=True, slots=True)
class Vector:
    name: str
    wire: bytes
    starts: int


def load_vectors() -> dict[str, Vector]:
    """Every golden frame, by name."""
    return {
        item["name"]: Vector(item["name"], bytes.fromhex(item["hex"]), item["starts"])
        for item in _items("frames")
    }


def load_wrong_frame() -> bytes:
    """A frame that is widely copied and has a wrong checksum."""
    (item,) = _items("wrong")
    return bytes.fromhex(item["hex"])


MEANINGS: dict[str, Frame] = {
    "ping": Frame(data=PING.encode()),
    "area": Frame(
        data=AreaUpdate(areas=(WELCOME,)).request().encode(),
        destination=BROADCAST_ANSWERED,
    ),
    "ack": Frame(
        data=ACK.encode(), destination=HOST_ADDRESS, source=BROADCAST_ANSWERED
    ),
    "nack_checksum": Frame(
        data=nack(ErrorCode.CHECKSUM).encode(),
        destination=HOST_ADDRESS,
        source=BROADCAST_ANSWERED,
    ),
    "set_time": Frame(
        data=Request(
            code=0xA203,
            reserved=b"\x08\0",
            payload=bytes.fromhex("1320012511172605"),
        ).encode(),
        destination=DEFAULT_ADDRESS,
    ),
}
"""What each golden frame says, made of our own words."""


def _items(kind: str) -> list[dict[str, Any]]:
    content: dict[str, list[dict[str, Any]]] = json.loads(
        _FILE.read_text(encoding="utf-8")
    )
    return content[kind]
