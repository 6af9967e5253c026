from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import httpx
import pytest
from support.halls import all_ready, items, program, simulated_hall, until

pytestmark = pytest.mark.timeout(120)


async def test_drivers_and_bridge_apart_share_one_broker(tmp_path: Path) -> None:
    async with simulated_hall(tmp_path) as hall:
        drivers = hall.run("--only", "drivers")
        async with drivers as (first, _), hall.run("--only", "bridge") as (other, api):
            await until(lambda: all_ready(api))
            assert "using that one" in other.log.read_text()
            # The one that ran the broker is killed: the other takes it over.
            first.process.kill()
            await until(lambda: "running the broker here" in other.log.read_text())
            await hall.devices["clock-east"].act("punch", {"user_id": "1002"})
            async with hall.run("--only", "drivers") as (again, _):
                await until(lambda: all_ready(api))

                async def stored() -> bool:
                    return len(await items(api, "/api/v1/attendance/punches")) == 1

                await until(stored)
                again.process.terminate()
                assert await again.ended() == 0
            other.process.terminate()
            assert await other.ended() == 0


async def test_ready_line_of_drivers_alone_has_no_http(tmp_path: Path) -> None:
    async with simulated_hall(tmp_path) as hall:
        log = tmp_path / "run.log"
        words = ("run", "--config", str(hall.config), "--data", str(hall.data))
        async with program(log, *words, "--only", "drivers") as running:
            line = await running.line()
            assert line.startswith("ready http=- mqtt=mqtt://127.0.0.1:")


async def test_a_hall_without_broker_and_devices_is_normal(tmp_path: Path) -> None:
    config = tmp_path / "hall.yaml"
    config.write_text(
        "hall: {id: alone}\n"
        "mqtt: {url: 'mqtt://127.0.0.1:9'}\n"
        "web: {port: 0}\n"
        "devices:\n"
        "  - {id: clock, driver: zk, url: 'tcp://127.0.0.1:9'}\n"
        "  - {id: pad, driver: keypad, path: /dev/input/x}\n"
    )
    words = ("run", "--config", str(config), "--data", str(tmp_path / "data"))
    async with program(tmp_path / "log", *words) as running:
        ready = await running.line()
        assert ready.endswith(" mqtt=mqtt://127.0.0.1:9")
        base = ready.split()[1].removeprefix("http=")
        async with httpx.AsyncClient(base_url=base) as api:
            found = await items(api, "/api/v1/devices")
            assert [item["id"] for item in found] == ["clock", "pad"]
            assert (await api.get("/healthz")).status_code == 200
        os.killpg(running.pid, signal.SIGINT)
        os.killpg(running.pid, signal.SIGINT)
        assert await running.ended() == 0
        said = running.log.read_text()
        assert "Traceback" not in said
        assert "KeyboardInterrupt" not in said


async def test_a_signal_before_it_is_ready_ends_it_too(tmp_path: Path) -> None:
    async with simulated_hall(tmp_path) as hall:
        log = tmp_path / "run.log"
        words = ("run", "--config", str(hall.config), "--data", str(hall.data))
        async with program(log, *words) as running:
            await until(lambda: "runs as process" in log.read_text())
            os.killpg(running.pid, signal.SIGTERM)
            assert await running.ended() == 0
            assert "Traceback" not in log.read_text()


async def test_the_demo_plays_a_day_and_leaves_nothing(tmp_path: Path) -> None:
    log = tmp_path / "log"
    words = ("demo", "--port", "0", "--speed", "600", "--data", str(tmp_path / "demo"))
    async with program(log, *words) as demo:
        seen = ""
        async with asyncio.timeout(60):
            while not all(
                word in seen
                for word in (
                    "clock-east: punch",
                    "clock-push: punch",
                    "call A001 to window",
                    "rating ",
                )
            ):
                seen += await demo.line() + "\n"
        assert "screen   http://127.0.0.1:" in seen
        os.killpg(demo.pid, signal.SIGINT)
        assert demo.process.stdout is not None
        await demo.process.stdout.read()
        assert await demo.ended() == 0
        assert "Traceback" not in log.read_text()
        assert "Traceback" not in (tmp_path / "demo" / "halld.log").read_text()
        assert list((tmp_path / "demo" / "lines").iterdir()) == []
