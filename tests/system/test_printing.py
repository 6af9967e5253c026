"""Tickets on paper, with real processes and the simulated printer."""

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

PRINTER = {
    "id": "printer-1",
    "driver": "escpos",
    "url": "tcp://127.0.0.1:0",
    "poll_s": 0.2,
    "timeout_s": 0.5,
    "settle_s": 0,
}


@asynccontextmanager
async def printing_hall(directory: Path) -> AsyncIterator[Hall]:
    """A hall with nothing but a printer."""
    body = example(directory) | {"devices": [PRINTER]}
    body["web"]["public_url"] = "http://hall.example"
    config = directory / "hall.json"
    async with host_all(Site.model_validate(body)) as cast:
        url = cast.hosted["printer-1"].url
        body["devices"] = [{**PRINTER, "url": url}]
        config.write_text(json.dumps(body))
        yield Hall(config, directory / "data", cast.hosted)


async def draw(api: httpx.AsyncClient) -> httpx.Response:
    return await api.post(
        "/api/v1/tickets", json={"service": "reg", "channel": "kiosk"}
    )


async def ticket(api: httpx.AsyncClient, ticket_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await api.get(f"/api/v1/tickets/{ticket_id}")).json()
    return found


async def test_paper_decides_whether_a_number_is_drawn(tmp_path: Path) -> None:
    async with printing_hall(tmp_path) as hall, hall.run() as (running, api):
        printer = hall.devices["printer-1"]
        await until(lambda: all_ready(api))
        drawn = (await draw(api)).json()
        await until(lambda: len(printer.view()["tickets"]) == 1)
        text = printer.view()["tickets"][0]
        for part in ("测试大厅", "A001", "企业登记", "前面还有 0 人"):
            assert part in text
        assert f"[QR http://hall.example/ticket/{drawn['id']}]" in text

        async def is_printed() -> bool:
            return bool((await ticket(api, drawn["id"]))["print"] == "printed")

        await until(is_printed)
        assert (await api.get(f"/ticket/{drawn['id']}")).status_code == 200

        await printer.act("paper", {"state": "out"})
        refusal = await draw(api)
        assert refusal.status_code == 409
        assert (refusal.json()["type"], refusal.json()["obstacle"]) == (
            "printer",
            "paper",
        )
        await printer.act("paper", {"state": "ok"})
        await printer.act("unplug")

        async def is_offline() -> bool:
            return bool((await draw(api)).json().get("obstacle") == "offline")

        await until(is_offline)
        await printer.act("replug")
        await until(lambda: all_ready(api))
        assert (await draw(api)).json()["number"] == "A002"
        await until(lambda: len(printer.view()["tickets"]) == 2)
        await api.post(f"/api/v1/tickets/{drawn['id']}/reprint")
        await until(lambda: len(printer.view()["tickets"]) == 3)
        assert "A001" in printer.view()["tickets"][-1]
        running.process.terminate()
        assert await running.ended() == 0
        assert "Traceback" not in running.log.read_text()


async def test_a_kill_between_drawing_and_printing_leaves_one_printed_ticket(
    tmp_path: Path,
) -> None:
    async with printing_hall(tmp_path) as hall:
        printer = hall.devices["printer-1"]
        async with hall.run() as (running, api):
            await until(lambda: all_ready(api))
            os.kill(running.children()["drivers"], signal.SIGSTOP)
            drawn = (await draw(api)).json()
            assert (drawn["number"], drawn["print"]) == ("A001", "pending")
            os.killpg(running.pid, signal.SIGKILL)
            await running.ended()
        assert printer.view()["tickets"] == []
        async with hall.run() as (running, api):
            await until(lambda: len(printer.view()["tickets"]) == 1)

            async def is_printed() -> bool:
                return bool((await ticket(api, drawn["id"]))["print"] == "printed")

            await until(is_printed)
            assert (await ticket(api, drawn["id"]))["state"] == "waiting"
            assert (await draw(api)).json()["number"] == "A002"
            await until(lambda: len(printer.view()["tickets"]) == 2)
            assert "A001" in printer.view()["tickets"][0]
