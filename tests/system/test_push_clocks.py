"""Push clocks and the whole hall: by the web's port, and by a port of their own."""

from __future__ import annotations

import json
import os
import signal
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.halls import Hall, items, until

pytestmark = pytest.mark.timeout(120)

SERIAL = "OGT1234567"
TARGET = f"/iclock/cdata?SN={SERIAL}&table=ATTLOG&Stamp=1"
PUNCHES = "/api/v1/attendance/punches"


def hall_of(directory: Path, **more: Any) -> Hall:
    body = {
        "hall": {"id": "push", "simulated": True},
        "mqtt": {"url": "embedded", "port": 0},
        "web": {"host": "127.0.0.1", "port": 0},
        "devices": [{"id": "push-1", "driver": "adms", "serial": SERIAL}],
        **more,
    }
    config = directory / "hall.json"
    config.write_text(json.dumps(body))
    return Hall(config, directory / "data", {})


async def taken(client: httpx.AsyncClient, target: str, line: str) -> bool:
    """Whether the clock may forget a line; it keeps it while the hall is away."""
    with suppress(httpx.HTTPError):
        return (await client.post(target, content=line)).text == "OK:1"
    return False


async def test_by_the_web_port_and_through_a_death_of_the_drivers(
    tmp_path: Path,
) -> None:
    async with hall_of(tmp_path).run() as (running, api):
        first, second = (f"7\t2026-08-2{n} 08:00:00\t0\t1\t0\t0\t0" for n in (7, 8))
        await until(lambda: taken(api, TARGET, first))
        os.kill(running.children()["drivers"], signal.SIGKILL)
        await until(lambda: taken(api, TARGET, second))
        for line in (first, second):
            await until(lambda line=line: taken(api, TARGET, line))  # type: ignore[misc]

        async def stored() -> bool:
            return len(await items(api, PUNCHES)) >= 2

        await until(stored)
        punches = await items(api, PUNCHES)
        assert [(p["device"], p["user_id"], p["direction"]) for p in punches] == [
            ("push-1", "7", "in")
        ] * 2

        answer = await api.get("/iclock/cdata?SN=UNKNOWN1&options=all")
        assert answer.status_code == 403

        async def alarmed() -> bool:
            alarms = await items(api, "/api/v1/alarms")
            return any(
                alarm["kind"] == "unknown-clock" and "UNKNOWN1" in alarm["message"]
                for alarm in alarms
            )

        await until(alarmed)
        device = (await api.get("/api/v1/devices/push-1")).json()
        assert (device["state"], device["driver"]) == ("ready", "adms")
        running.process.terminate()
        assert await running.ended() == 0
        assert "Traceback" not in running.log.read_text()


async def test_by_a_port_of_their_own(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    hall = hall_of(tmp_path, adms={"host": "127.0.0.1", "port": port})
    async with (
        hall.run() as (running, api),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as clock,
    ):
        line = "7\t2026-08-27 08:00:00\t0\t1\t0\t0\t0"
        await until(lambda: taken(clock, TARGET, line))
        assert (await api.post(TARGET, content=line)).status_code == 404

        async def stored() -> bool:
            return len(await items(api, PUNCHES)) == 1

        await until(stored)
        running.process.terminate()
        assert await running.ended() == 0
