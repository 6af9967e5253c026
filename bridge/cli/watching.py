"""Keeps a board up to date from the REST API, the stream and the broker."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import httpx

from bridge.cli.board import Board
from bridge.cli.requests import connected
from bus.address import BrokerAddress
from bus.client import Message
from devices.errors import ProtocolError
from devices.events import decode_events

EVERY_S: Final = 1.0


async def watch_hall(
    api: httpx.AsyncClient, broker: BrokerAddress, board: Board
) -> None:
    """Follow a hall until cancelled, over every outage."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_poll(api, board))
        tasks.create_task(_stream(api, board))
        tasks.create_task(_events(broker, board))


async def _poll(api: httpx.AsyncClient, board: Board) -> None:
    while True:
        with contextlib.suppress(httpx.HTTPError, KeyError, ValueError):
            devices = await api.get("/api/v1/devices?limit=1000")
            board.take_devices(devices.json()["items"])
            board.take_queue((await api.get("/api/v1/queue")).json())
        await asyncio.sleep(EVERY_S)


async def _stream(api: httpx.AsyncClient, board: Board) -> None:
    while True:
        with contextlib.suppress(httpx.HTTPError, KeyError, ValueError):
            async with api.stream("GET", "/api/v1/stream", timeout=None) as answer:
                async for kind, data in _sse(answer):
                    if kind == "call":
                        board.take_call(data)
        await asyncio.sleep(EVERY_S)


async def _sse(answer: httpx.Response) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
    kind, data = "", ""
    async for line in answer.aiter_lines():
        name, _, value = line.partition(":")
        if name == "event":
            kind = value.strip()
        elif name == "data":
            data += value.removeprefix(" ")
        elif not line and data:
            yield kind, json.loads(data)
            kind, data = "", ""


async def _events(broker: BrokerAddress, board: Board) -> None:
    def take(message: Message) -> None:
        with contextlib.suppress(ProtocolError):
            for event in decode_events(message.payload):
                board.take_event(event)

    while True:
        with contextlib.suppress(OSError):
            async with connected(broker) as client:
                for kind in ("event", "batch"):
                    client.subscribe(f"hall/v1/+/dev/+/{kind}/+", take)
                await asyncio.Event().wait()
        await asyncio.sleep(EVERY_S)
