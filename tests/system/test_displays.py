"""Every kind of LED in a hall that runs as a process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from support.halls import all_ready, simulated_hall, until

pytestmark = pytest.mark.timeout(120)
HERE = {"area": "hall", "url": "tcp://127.0.0.1:0"}
DEVICES: list[dict[str, Any]] = [
    {"id": "onbon", "driver": "onbon", "call_text": "{number}>{counter}", **HERE},
    {"id": "cpower", "driver": "cpower", "lines": 2, "width": 192, **HERE},
    {"id": "eq2013", "driver": "eq2013", "idle_text": "欢迎", **HERE},
    {
        "id": "tubes",
        "driver": "modbus",
        "url": "tcp://127.0.0.1:0",
        "units": [
            {"address": 1, "counter": "w1"},
            {"address": 2, "service": "reg", "show": "waiting"},
        ],
    },
]


async def post(api: httpx.AsyncClient, path: str, **body: Any) -> None:
    answer = await api.post(f"/api/v1/{path}", json=body)
    assert answer.is_success, answer.text


async def test_a_call_and_a_pause_on_every_display(tmp_path: Path) -> None:
    async with simulated_hall(tmp_path, DEVICES) as hall, hall.run() as (running, api):

        def texts(device: str) -> list[str]:
            found: list[str] = hall.devices[device].view()["texts"]
            return found

        def digits() -> list[str]:
            units = hall.devices["tubes"].view()["units"]
            return [unit["text"] for unit in units.values()]

        await until(lambda: all_ready(api))
        await until(lambda: texts("onbon") == texts("cpower") == ["热情为您服务"])
        await until(lambda: texts("eq2013") == ["欢迎"])
        for _ in range(3):
            await post(api, "tickets", service="reg", channel="kiosk")
        await until(lambda: digits() == ["", "3"])
        await post(api, "counters/w1/call")
        await until(lambda: texts("onbon") == ["A001>1"])
        await until(lambda: texts("cpower") == ["请A001号到1号窗口"])
        await until(lambda: texts("eq2013") == ["请A001号到1号窗口"])
        await until(lambda: digits() == ["1", "2"])
        await post(api, "counters/w1/finish")
        await post(api, "counters/w1/pause")
        displays = ("onbon", "cpower", "eq2013")
        await until(lambda: [texts(led) for led in displays] == [["暂停服务"]] * 3)
        await until(lambda: digits() == ["", "2"])
        running.process.terminate()
        assert await running.ended() == 0
        assert "Traceback" not in running.log.read_text()
