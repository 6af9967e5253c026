"""Requests with replies over the bus, to devices and to nodes."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from devices.commands import Reply, ReplyStatus
from devices.errors import ProtocolError

GRACE_S: Final = 1.0
"""The far end counts the time limit from receipt and always replies."""

Publish = Callable[[str, bytes], bool]


class Requests:
    """Matches replies to requests by id; every request ends with a `Reply`."""

    def __init__(self, publish: Publish) -> None:
        self._publish = publish
        self._waiting: dict[str, asyncio.Future[Reply]] = {}

    async def ask(
        self,
        topic: str,
        args: Mapping[str, Any],
        timeout_s: float,
        *,
        bare: bool = False,
    ) -> Reply:
        """Send a request and wait for its reply.

        `bare` also puts the arguments beside `args`, as delivery.md writes them.
        """
        request = uuid.uuid4().hex
        body = {"id": request, "args": dict(args), "timeout_s": timeout_s}
        if bare:
            body |= args
        future = asyncio.get_running_loop().create_future()
        self._waiting[request] = future
        try:
            payload = json.dumps(body, ensure_ascii=False).encode()
            if not self._publish(topic, payload):
                return _failed(request, ReplyStatus.ERROR, "bus_down", "no broker")
            async with asyncio.timeout(timeout_s + GRACE_S):
                reply: Reply = await future
                return reply
        except TimeoutError:
            message = f"no reply within {timeout_s:g} s"
            return _failed(request, ReplyStatus.TIMEOUT, "no_reply", message)
        finally:
            del self._waiting[request]

    def send(self, topic: str, args: Mapping[str, Any], timeout_s: float) -> None:
        """Send a request whose reply nobody waits for."""
        body = {"id": uuid.uuid4().hex, "args": dict(args), "timeout_s": timeout_s}
        self._publish(topic, json.dumps(body, ensure_ascii=False).encode())

    def answered(self, request: str, payload: bytes) -> None:
        """A reply came; one that nobody waits for is dropped."""
        future = self._waiting.get(request)
        if future is None or future.done():
            return
        with suppress(ProtocolError):
            future.set_result(_read(request, payload))


def _read(request: str, payload: bytes) -> Reply:
    try:
        return Reply.decode(payload)
    except ProtocolError:
        body = json.loads(payload)
        if isinstance(body, dict) and "status" not in body:
            return Reply(id=request, status=ReplyStatus.OK, data=body)  # a bare answer
        raise


def _failed(request: str, status: ReplyStatus, code: str, message: str) -> Reply:
    return Reply(id=request, status=status, code=code, message=message)
