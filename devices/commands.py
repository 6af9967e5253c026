"""Commands, replies and desired states, as they travel on the bus."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from devices.errors import ProtocolError
from devices.topics import checked_id

DEFAULT_TIMEOUT_S = 5.0
MAX_TIMEOUT_S = 300.0


class ReplyStatus(StrEnum):
    """How a command ended."""

    OK = "ok"
    ERROR = "error"
    TIMEOUT = "timeout"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """`{"id","args","timeout_s"}`; the time limit counts from receipt."""

    id: str
    args: Mapping[str, Any] = field(default_factory=dict)
    timeout_s: float = DEFAULT_TIMEOUT_S

    def encode(self) -> bytes:
        """As UTF-8 JSON."""
        return _dump({"id": self.id, "args": self.args, "timeout_s": self.timeout_s})

    @classmethod
    def decode(cls, payload: bytes) -> Command:
        """Read a command; raises `ProtocolError` (then no reply is possible)."""
        body = _load(payload)
        request, args = body.get("id"), body.get("args", {})
        timeout_s = body.get("timeout_s", DEFAULT_TIMEOUT_S)
        if not isinstance(request, str) or not isinstance(args, dict):
            raise ProtocolError("a command is {id: text, args: object, timeout_s}")
        if isinstance(timeout_s, bool) or not isinstance(timeout_s, int | float):
            raise ProtocolError("`timeout_s` must be a number of seconds")
        checked_id(request)
        return cls(
            id=request, args=args, timeout_s=min(max(timeout_s, 0.0), MAX_TIMEOUT_S)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """`{"id","status","data","error":{"code","message"}}`."""

    id: str
    status: ReplyStatus
    data: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""
    message: str = ""

    def encode(self) -> bytes:
        """As UTF-8 JSON."""
        body: dict[str, Any] = {
            "id": self.id,
            "status": self.status.value,
            "data": self.data,
        }
        if self.status is not ReplyStatus.OK:
            body["error"] = {"code": self.code, "message": self.message}
        return _dump(body)

    @classmethod
    def decode(cls, payload: bytes) -> Reply:
        """Read a reply; raises `ProtocolError`."""
        body = _load(payload)
        error = body.get("error") or {}
        try:
            return cls(
                id=str(body["id"]),
                status=ReplyStatus(body["status"]),
                data=body.get("data") or {},
                code=str(error.get("code", "")),
                message=str(error.get("message", "")),
            )
        except (KeyError, ValueError, AttributeError) as wrong:
            raise ProtocolError(f"not a reply: {wrong}") from wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """What a display shall show; it converges to this after any outage.

    `content` is the kind's own: `{"text"}` of an LED display,
    `{"units": {"<address>": {"ticket": "A001"|null, "waiting": 3|null}}}` of a
    caller bus. After `valid_until` the display shows `idle`.
    """

    rev: int
    at: datetime
    content: Mapping[str, Any]
    idle: str = ""
    valid_until: datetime | None = None

    def encode(self) -> bytes:
        """As UTF-8 JSON."""
        until = self.valid_until
        return _dump(
            {
                "rev": self.rev,
                "at": self.at.isoformat(),
                "valid_until": until.isoformat() if until else None,
                "idle": self.idle,
                "content": self.content,
            }
        )

    @classmethod
    def decode(cls, payload: bytes) -> Desired:
        """Read a desired state; raises `ProtocolError`."""
        body = _load(payload)
        try:
            until = body.get("valid_until")
            desired = cls(
                rev=int(body["rev"]),
                at=datetime.fromisoformat(body["at"]),
                valid_until=datetime.fromisoformat(until) if until else None,
                idle=str(body.get("idle") or ""),
                content=body["content"],
            )
        except (KeyError, ValueError, TypeError) as wrong:
            raise ProtocolError(f"not a desired state: {wrong}") from wrong
        aware = [t for t in (desired.at, desired.valid_until) if t is not None]
        if not isinstance(desired.content, dict):
            raise ProtocolError("`content` must be a JSON object")
        if any(moment.tzinfo is None for moment in aware):
            raise ProtocolError("`at` and `valid_until` must carry an offset")
        return desired


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """`{"store","epoch","sequence"}`: what the bridge has committed of a lane."""

    store: str
    epoch: str
    sequence: int

    def encode(self) -> bytes:
        """As UTF-8 JSON."""
        return _dump(
            {"store": self.store, "epoch": self.epoch, "sequence": self.sequence}
        )

    @classmethod
    def decode(cls, payload: bytes) -> Ack:
        """Read an ack; raises `ProtocolError`."""
        body = _load(payload)
        try:
            return cls(
                store=str(body["store"]),
                epoch=str(body["epoch"]),
                sequence=int(body["sequence"]),
            )
        except (KeyError, ValueError, TypeError) as wrong:
            raise ProtocolError(f"not an ack: {wrong}") from wrong


def _dump(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _load(payload: bytes) -> dict[str, Any]:
    try:
        body = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"not JSON: {error}") from error
    if not isinstance(body, dict):
        raise ProtocolError("want a JSON object")
    return body
