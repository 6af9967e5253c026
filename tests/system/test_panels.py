"""Button panels, a keypad and window strips, with real processes."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.halls import Hall, all_ready, example, until

from bridge.cli.playing import host_all
from devices.site import Site

pytestmark = pytest.mark.timeout(120)

IDLE = "热情为您服务"


def devices(directory: Path) -> list[dict[str, Any]]:
    lines = f"serial:{directory}/lines"
    return [
        {
            "id": "bus-1",
            "driver": "ff68",
            "url": f"{lines}/bus-1?baudrate=9600",
            "units": [{"address": 1, "counter": "w1"}],
        },
        {
            "id": "strip-1",
            "driver": "strip",
            "bus": "bus-1",
            "address": 1,
            "counter": "w1",
        },
        {
            "id": "panels",
            "driver": "ub485",
            "url": f"{lines}/panels?baudrate=57600",
            "poll_ms": 20,
            "units": [{"address": 0x21, "counter": "w1", "transfer_to": "w2"}],
        },
        {
            "id": "pad-1",
            "driver": "keypad",
            "path": f"{directory}/lines/pad-1",
            "counter": "w2",
        },
    ]


@asynccontextmanager
async def panel_hall(directory: Path) -> AsyncIterator[Hall]:
    """Two windows: a panel and a strip at the first, a keypad at the second."""
    body = example(directory) | {"devices": devices(directory)}
    body["counters"] = [
        {"id": f"w{n}", "number": n, "services": ["reg"], "area": "hall"}
        for n in (1, 2)
    ]
    config = directory / "hall.json"
    config.write_text(json.dumps(body))
    async with host_all(Site.model_validate(body)) as cast:
        assert cast.unbound == {}
        yield Hall(config, directory / "data", cast.hosted)


async def at_window(api: httpx.AsyncClient, name: str) -> tuple[str, str] | None:
    """Number and state of a window's ticket."""
    queue = (await api.get("/api/v1/queue")).json()
    ticket = next(c["ticket"] for c in queue["counters"] if c["id"] == name)
    return (ticket["number"], ticket["state"]) if ticket else None


async def test_a_visit_by_panel_strip_and_keypad(tmp_path: Path) -> None:
    async with panel_hall(tmp_path) as hall, hall.run() as (running, api):

        async def is_at(name: str, state: tuple[str, str] | None) -> None:
            async def holds() -> bool:
                return await at_window(api, name) == state

            await until(holds)

        async def press(device: str, *keys: str | int) -> None:
            arguments: dict[str, Any] = {"keys": list(keys)}
            if device == "panels":
                arguments["address"] = 0x21
            await hall.devices[device].act("press", arguments)

        def panel(key: str) -> Any:
            return hall.devices["panels"].view()["units"]["33"][key]

        def strip() -> list[str]:
            found: list[str] = hall.devices["strip-1"].view()["texts"]
            return found

        await until(lambda: all_ready(api))
        await until(lambda: strip() == [IDLE])
        for _ in range(2):
            body = {"service": "reg", "channel": "kiosk"}
            assert (await api.post("/api/v1/tickets", json=body)).status_code == 201
        await until(lambda: panel("light") == "green_fast" and panel("text") == "CAL")
        await press("panels", "call_or_recall")
        await is_at("w1", ("A001", "called"))
        await until(lambda: strip() == ["请A001号到1号窗口"])
        await until(lambda: panel("light") == "green_slow" and panel("text") == "001")
        await press("panels", "start")
        await is_at("w1", ("A001", "serving"))
        await press("panels", "transfer")
        await is_at("w1", None)
        await until(lambda: strip() == [IDLE])
        await press("pad-1", 1, "call")
        await is_at("w2", ("A001", "called"))
        await press("pad-1", "finish")
        await is_at("w2", None)
        await press("panels", "call_or_recall")
        await is_at("w1", ("A002", "called"))

        await hall.devices["bus-1"].act("unplug")
        await hall.devices["strip-1"].act("powercycle")
        assert strip() == []
        await hall.devices["bus-1"].act("replug")
        await until(lambda: strip() == ["请A002号到1号窗口"])

        os.kill(running.pid, signal.SIGTERM)
        assert await running.ended() == 0
        said = running.log.read_text()
        assert "Traceback" not in said
        assert "does not end" not in said
