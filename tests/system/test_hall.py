from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.halls import Hall, all_ready, items, program, simulated_hall, until

pytestmark = pytest.mark.timeout(120)


async def draw(api: httpx.AsyncClient) -> dict[str, Any]:
    answer = await api.post(
        "/api/v1/tickets", json={"service": "reg", "channel": "kiosk"}
    )
    assert answer.status_code == 201
    ticket: dict[str, Any] = answer.json()
    return ticket


async def press(hall: Hall, *keys: str) -> None:
    await hall.devices["bus-1"].act("press", {"address": 1, "keys": list(keys)})


async def test_from_the_wire_to_the_screen(tmp_path: Path) -> None:
    async with simulated_hall(tmp_path) as hall, hall.run() as (running, api):
        await until(lambda: all_ready(api))
        ticket = await draw(api)
        assert ticket["number"] == "A001"
        async with api.stream("GET", "/api/v1/stream?area=hall") as stream:
            lines = stream.aiter_lines()
            await press(hall, "call")
            async with asyncio.timeout(20):
                while await anext(lines) != "event: call":
                    pass
                data = await anext(lines)
            call = json.loads(data.removeprefix("data:"))
            assert (call["ticket"]["number"], call["counter"]) == ("A001", "w1")
        led, bus = hall.devices["led-main"], hall.devices["bus-1"]
        await until(lambda: led.view()["texts"] == ["请A001号到1号窗口"])
        await until(lambda: bus.view()["units"]["1"]["ticket"] == "001")
        queue = (await api.get("/api/v1/queue")).json()
        assert queue["counters"][0]["ticket"]["number"] == "A001"

        await bus.act("rate", {"address": 1, "value": 3})
        await hall.devices["clock-east"].act("punch", {"user_id": "1001"})

        async def stored() -> bool:
            ratings = await items(api, "/api/v1/ratings")
            punches = await items(api, "/api/v1/attendance/punches")
            return len(ratings) == len(punches) == 1

        await until(stored)
        (rating,) = await items(api, "/api/v1/ratings")
        assert (rating["value"], rating["linked"]) == (5, True)
        assert rating["ticket"] == ticket["id"]
        (punch,) = await items(api, "/api/v1/attendance/punches")
        assert (punch["user_id"], punch["direction"]) == ("1001", "in")

        running.process.terminate()
        assert await running.ended() == 0
        assert "Traceback" not in running.log.read_text()


async def test_tail_and_devices_follow_a_running_hall(tmp_path: Path) -> None:
    async with simulated_hall(tmp_path) as hall, hall.run() as (_, api):
        await until(lambda: all_ready(api))
        where = ("--config", str(hall.config), "--data", str(hall.data))
        listing = program(tmp_path / "devices.log", "devices", "--json", *where)
        async with listing as devices:
            assert devices.process.stdout is not None
            body = json.loads(await devices.process.stdout.read())
            assert [item["state"] for item in body["items"]] == ["ready"] * 4
            assert await devices.ended() == 0
        log = tmp_path / "tail.log"
        async with program(log, "tail", "--json", "card.*", *where) as tail:
            await until(lambda: "following" in log.read_text())
            reading = asyncio.create_task(tail.line())
            # The subscription may stand a moment after the connection.
            while not reading.done():
                await hall.devices["id-1"].act("insert")
                await asyncio.wait({reading}, timeout=2)
                await hall.devices["id-1"].act("remove")
                await asyncio.wait({reading}, timeout=6)
            event = json.loads(reading.result())
            assert event["type"] in {"card.in", "card.out"}
            assert event["simulated"] is True
            assert "11010519491231002X" not in json.dumps(event)
            tail.process.send_signal(signal.SIGINT)
            assert await tail.ended() == 0


async def test_inbox_retry_and_rebind_ask_a_running_hall(tmp_path: Path) -> None:
    async with simulated_hall(tmp_path) as hall:
        where = ("--config", str(hall.config), "--data", str(hall.data), "--json")
        async with hall.run() as (running, api):
            await until(lambda: all_ready(api))
            retry = program(tmp_path / "retry.log", "inbox", "retry", *where)
            async with retry as asking:
                assert json.loads(await asking.line()) == {"done": 0, "quarantined": 0}
                assert await asking.ended() == 0
            rebind = program(tmp_path / "rebind.log", "node", "rebind", *where)
            async with rebind as asking:
                assert json.loads(await asking.line())["status"] == "ok"
                assert await asking.ended() == 0
            running.process.terminate()
            assert await running.ended() == 0
        retry = program(tmp_path / "retry.log", "inbox", "retry", *where)
        async with retry as asking:
            assert json.loads(await asking.line()) == {"done": 0, "quarantined": 0}
            assert await asking.ended() == 0


async def test_simulate_plays_a_hall_file_over_its_control_api(tmp_path: Path) -> None:
    hall = tmp_path / "hall.yaml"
    hall.write_text(
        "hall: {id: demo}\n"
        "counters: [{id: w1, number: 1}]\n"
        "devices:\n"
        f"  - id: bus-1\n    driver: ff68\n    url: serial:{tmp_path}/lines/bus\n"
        "    units: [{address: 1, counter: w1}]\n"
        f"  - id: id-1\n    driver: sdt\n    url: serial:{tmp_path}/hall.yaml\n"
    )
    words = ("simulate", "--config", str(hall), "--control", "0")
    async with program(tmp_path / "log", *words) as simulate:
        line = await simulate.line()
        assert line == f"bus-1 ff68 serial:{tmp_path}/lines/bus"
        base = (await simulate.line()).removeprefix("ready control=")
        assert "id-1: not simulated" in simulate.log.read_text()
        async with httpx.AsyncClient(base_url=base) as control:
            answer = await control.post(
                "/devices/bus-1/press", json={"address": 1, "keys": ["call"]}
            )
            assert answer.status_code == 200
            view = (await control.get("/devices/bus-1")).json()
            assert {"waiting", "ticket", "beeps"} <= set(view["units"]["1"])
        assert (tmp_path / "lines" / "bus").is_symlink()
        simulate.process.terminate()
        assert await simulate.ended() == 0
        assert not (tmp_path / "lines" / "bus").is_symlink()


async def test_killing_children_loses_and_doubles_nothing(tmp_path: Path) -> None:
    victims = {2: "bridge", 5: "broker", 8: "drivers"}
    async with simulated_hall(tmp_path) as hall, hall.run() as (running, api):
        await until(lambda: all_ready(api))
        clock, bus = hall.devices["clock-east"], hall.devices["bus-1"]
        for number in range(12):
            time = f"2026-03-02T09:00:{number:02}"
            await clock.act("punch", {"user_id": "1001", "time": time})
            if number % 3 == 0:
                # Equal frames in quick succession are one press; these differ.
                await bus.act("rate", {"address": 1, "value": number // 3})
            if number in victims:
                os.kill(running.children()[victims[number]], signal.SIGKILL)
            await asyncio.sleep(0.1)
        await until(lambda: settled(bus.view(), 4))
        await until(lambda: all_ready(api))
        await check_nothing_lost_or_doubled(api, 12, bus.view())
        running.process.terminate()
        assert await running.ended() == 0


async def test_killing_the_parent_loses_and_doubles_nothing(tmp_path: Path) -> None:
    async with simulated_hall(tmp_path) as hall:
        clock, bus = hall.devices["clock-east"], hall.devices["bus-1"]
        for life in range(3):
            async with hall.run() as (running, api):
                await until(lambda: all_ready(api))
                for second in range(4):
                    time = f"2026-03-02T09:0{life}:{second:02}"
                    await clock.act("punch", {"user_id": "1001", "time": time})
                    await asyncio.sleep(0.02)
                await bus.act("rate", {"address": 1, "value": life})
                if life < 2:
                    running.process.kill()
                    continue
                await until(lambda: settled(bus.view(), 3))
                await check_nothing_lost_or_doubled(api, 12, bus.view())


def settled(bus: Mapping[str, Any], pressed: int) -> bool:
    """Whether every press was acknowledged or given up by its device."""
    told: int = sum(bus["acks"].values()) + sum(bus["gave_up"].values())
    return told >= pressed


async def check_nothing_lost_or_doubled(
    api: httpx.AsyncClient, punches: int, bus: Mapping[str, Any]
) -> None:
    async def complete() -> bool:
        return len(await items(api, "/api/v1/attendance/punches")) >= punches

    await until(complete)
    found = await items(api, "/api/v1/attendance/punches?limit=1000")
    assert len({(p["user_id"], p["time"]) for p in found}) == len(found) == punches
    acknowledged: int = sum(bus["acks"].values())
    given_up: int = sum(bus["gave_up"].values())

    async def rated() -> bool:
        return len(await items(api, "/api/v1/ratings")) >= acknowledged

    await until(rated)
    ratings = await items(api, "/api/v1/ratings")
    assert acknowledged <= len(ratings) <= acknowledged + given_up
