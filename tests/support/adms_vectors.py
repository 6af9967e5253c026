"""The golden requests and lines of push clocks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from devices.adms.commands import CommandResult
from devices.adms.operlog import Operation
from devices.events import Direction, PunchMethod
from devices.zk.punch import PunchRecord

PATH = Path(__file__).parents[1] / "vectors" / "adms.yaml"


@dataclass(frozen=True, slots=True)
class RequestVector:
    """A request on the wire and what it means."""

    name: str
    wire: bytes
    method: str
    body: bytes
    keeps_alive: bool
    kind: str
    serial: str
    path: str
    query: dict[str, str]


@dataclass(frozen=True, slots=True)
class ResultVector:
    """A reply to commands; `counts` where it tells any."""

    wire: bytes
    results: list[CommandResult]
    counts: list[int | None]


def _load() -> dict[str, Any]:
    body = YAML(typ="safe", pure=True).load(PATH)
    assert isinstance(body, dict)
    return body


_BODY = _load()

REQUESTS = [
    RequestVector(
        name=item["name"],
        wire=item["wire"].encode("latin-1"),
        method=item["method"],
        body=item["body"].encode(),
        keeps_alive=item["keeps_alive"],
        kind=item["kind"],
        serial=item["serial"],
        path=item.get("path", ""),
        query=item["query"],
    )
    for item in _BODY["requests"]
]
BAD_REQUESTS: dict[str, tuple[bytes, int]] = {
    item["name"]: (item["wire"].encode("latin-1"), item["status"])
    for item in _BODY["bad_requests"]
}
PUNCHES: list[tuple[str, int, PunchRecord]] = [
    (
        item["line"],
        item["fields"],
        PunchRecord(
            user_id=item["user_id"],
            time=datetime.fromisoformat(item["time"]),
            direction=Direction(item["direction"]),
            method=PunchMethod(item["method"]),
            raw=item["line"].encode(),
        ),
    )
    for item in _BODY["punches"]
]
BAD_PUNCHES: list[tuple[bytes, str]] = [
    (item["line"].encode("latin-1"), item["reason"]) for item in _BODY["bad_punches"]
]
OPERATIONS = [
    Operation(
        number=item["number"],
        operator=item["operator"],
        time=datetime.fromisoformat(item["time"]),
        values=tuple(item["values"]),
        raw=item["line"].encode(),
    )
    for item in _BODY["operations"]
]
RESULTS = [
    ResultVector(
        item["wire"].encode(),
        [
            CommandResult(
                id=result["id"],
                code=result["code"],
                command=result["command"],
                fields=result["fields"],
            )
            for result in item["results"]
        ],
        [result.get("count") for result in item["results"]],
    )
    for item in _BODY["results"]
]
