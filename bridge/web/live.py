"""The live stream: server-sent events with snapshot, resume and heart beat.

Wire: HTML Living Standard, section Server-sent events.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Final

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from bridge.domain.views import Change
from bridge.service.ports import HallPort
from bridge.service.stream import Areas
from bridge.web.encoding import as_plain, to_json

HEARTBEAT_S: Final = 15.0
"""A comment this often tells a quiet stream from a dead one (contract)."""

RETRY_MS: Final = 2000
"""How long an EventSource waits before it comes back."""

MAX_STREAMS: Final = 1000
"""More open streams than any hall has screens."""

NOT_PUBLIC: Final = frozenset({"staff", "priority", "appointment"})
"""What a public screen may not see of tickets, windows and calls."""

_CACHED_FRAMES: Final = 512
_CACHED_SNAPSHOTS: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class _Snapshot:
    """The frame of a snapshot; `begun` orders it among the requests."""

    begun: int
    last: int
    frame: bytes


class Live:
    """All streams of one hall; a change is written as JSON once for all that may."""

    def __init__(self, hall: HallPort, *, heartbeat_s: float = HEARTBEAT_S) -> None:
        self.heartbeat_s = heartbeat_s
        self.streams = 0
        self._hall = hall
        self._closed = asyncio.Event()
        self._frames: OrderedDict[tuple[int, bool], bytes] = OrderedDict()
        self._snapshots: OrderedDict[Areas, _Snapshot] = OrderedDict()
        self._reading = asyncio.Lock()
        self._order = itertools.count()

    @property
    def is_full(self) -> bool:
        """Whether no further stream may begin."""
        return self.streams >= MAX_STREAMS

    def close(self) -> None:
        """End every stream now, in good order."""
        self._closed.set()

    async def closed(self) -> None:
        """Wait until `close` was called."""
        await self._closed.wait()

    async def frames(
        self, areas: Areas, last_id: int | None
    ) -> AsyncGenerator[bytes, None]:
        """The stream for one reader, without gap and without double."""
        yield f"retry: {RETRY_MS}\n\n".encode()
        async with self._hall.subscribe(areas) as subscription:
            # Subscribed first, read second: what comes between is in both, and
            # the ids tell it.
            seen: int | None = None
            if last_id is not None:
                missed = await self._hall.changes_since(last_id, areas)
                if missed is not None:
                    seen = last_id
                    for change in missed:
                        yield self._frame(change, areas)
                        seen = change.id
            if seen is None:
                seen, frame = await self._snapshot(areas)
                yield frame
            async for first in subscription:
                parts = []
                for later in (first, *subscription.rest()):
                    if later is None:
                        seen, frame = await self._snapshot(areas)
                        parts.append(frame)
                    elif later.id > seen:
                        parts.append(self._frame(later, areas))
                        seen = later.id
                if parts:
                    yield b"".join(parts)

    async def _snapshot(self, areas: Areas) -> tuple[int, bytes]:
        """A snapshot read after this call; those who wait together share one."""
        asked = next(self._order)
        async with self._reading:
            kept = self._snapshots.get(areas)
            if kept is None or kept.begun < asked:
                begun = next(self._order)
                last, state = await self._hall.snapshot(areas)
                if areas is not None:
                    state = public(as_plain(state, self._zone))
                frame = event_frame("snapshot", last, state, self._zone)
                kept = _Snapshot(begun=begun, last=last, frame=frame)
                self._snapshots[areas] = kept
                self._snapshots.move_to_end(areas)
                if len(self._snapshots) > _CACHED_SNAPSHOTS:
                    self._snapshots.popitem(last=False)
        return kept.last, kept.frame

    def _frame(self, change: Change, areas: Areas) -> bytes:
        is_public = areas is not None
        frame = self._frames.get((change.id, is_public))
        if frame is None:
            data = public(change.data) if is_public else change.data
            frame = event_frame(change.kind, change.id, data, self._zone)
            self._frames[change.id, is_public] = frame
            if len(self._frames) > _CACHED_FRAMES:
                self._frames.popitem(last=False)
        return frame

    @property
    def _zone(self) -> tzinfo:
        return self._hall.site.hall.zone


def public(data: Any) -> Any:
    """JSON-ready values without what only the hall's people may see."""
    if isinstance(data, Mapping):
        return {
            key: public(item) for key, item in data.items() if key not in NOT_PUBLIC
        }
    if isinstance(data, list):
        return [public(item) for item in data]
    return data


def event_frame(kind: str, number: int, data: Mapping[str, Any], zone: tzinfo) -> bytes:
    """One event as it goes over the wire."""
    body = to_json(data, zone)
    return f"id: {number}\nevent: {kind}\ndata: ".encode() + body + b"\n\n"


def read_last_id(text: str | None) -> int | None:
    """A Last-Event-ID; None when there is none or it is none of ours."""
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 18:
        return None
    return int(text)


class EventStream(Response):
    """Sends the frames until the reader leaves or the hall closes."""

    media_type = "text/event-stream"

    def __init__(self, live: Live, areas: Areas, last_id: int | None) -> None:
        super().__init__(
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )
        del self.headers["content-length"]
        self._live = live
        self._areas = areas
        self._last_id = last_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run until the first of: reader gone, hall closed, frames ended."""
        if scope["method"] == "HEAD":
            await _start(send, self)
            await send({"type": "http.response.body", "body": b""})
            return
        await _start(send, self)
        self._live.streams += 1
        tasks = {
            asyncio.create_task(self._write(send)),
            asyncio.create_task(self._beat(send)),
            asyncio.create_task(_gone(receive)),
            asyncio.create_task(self._live.closed()),
        }
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._live.streams -= 1
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _write(self, send: Send) -> None:
        frames = self._live.frames(self._areas, self._last_id)
        async with aclosing(frames):
            async for frame in frames:
                await send(_body(frame))
                # Lets the loop notice a reader that left in the midst of a burst.
                await asyncio.sleep(0)

    async def _beat(self, send: Send) -> None:
        while True:
            await asyncio.sleep(self._live.heartbeat_s)
            await send(_body(b": still here\n\n"))


async def _start(send: Send, response: Response) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": response.status_code,
            "headers": response.raw_headers,
        }
    )


def _body(part: bytes) -> Message:
    return {"type": "http.response.body", "body": part, "more_body": True}


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
