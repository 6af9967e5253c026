"""`halld clocks` against a running node and two simulated clocks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from support.clocks import TCP, simulated_clock, wall_clock
from support.fake_bridge import fake_bridge
from support.killable import running_broker
from support.probing import running_node

from bridge.cli.program import halld
from devices.site import Site
from simulators.hosting.host import host
from simulators.zk.simulator import ZkClock


@dataclass
class Clocks:
    """A node with the clocks `east` and `west`, and their hall file."""

    config: Path
    data: Path
    east: ZkClock
    west: ZkClock

    async def run(self, *words: str) -> Result:
        where = ("--config", str(self.config), "--data", str(self.data))
        return await asyncio.to_thread(
            CliRunner().invoke, halld, ["clocks", *words, *where]
        )

    async def json(self, *words: str) -> Any:
        result = await self.run(*words, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)


@asynccontextmanager
async def two_clocks(tmp_path: Path) -> AsyncIterator[Clocks]:
    east = simulated_clock(serial="EAST", users=3, fingers=2)
    west = simulated_clock(serial="WEST", users=0, record_size=8)
    devices = []
    async with AsyncExitStack() as stack:
        for name, clock in (("east", east), ("west", west)):
            hosted = await stack.enter_async_context(host(clock, TCP, clock=wall_clock))
            devices.append({"id": name, "driver": "zk", "url": hosted.url})
        broker = await stack.enter_async_context(
            running_broker("embedded", tmp_path / "broker")
        )
        url = f"mqtt://{broker.address.host}:{broker.address.port}"
        body = {"hall": {"id": "t"}, "mqtt": {"url": url}, "devices": devices}
        config = tmp_path / "hall.json"
        config.write_text(json.dumps(body))
        bridge = await stack.enter_async_context(fake_bridge(broker.address))
        site = Site.model_validate(body)
        await stack.enter_async_context(
            running_node(tmp_path / "node", broker.address, site=site)
        )
        for name in ("east", "west"):
            await bridge.told(f"dev/{name}/status", lambda s: s["state"] == "ready")
        yield Clocks(config, tmp_path / "data", east, west)


async def test_people_are_listed_and_copied(tmp_path: Path) -> None:
    async with two_clocks(tmp_path) as clocks:
        listed = await clocks.run("users", "east")
        assert listed.exit_code == 0
        assert "测试02" in listed.output
        assert "3 people" in listed.output
        second = clocks.east.memory.users[2]
        clocks.east.memory.users[2] = replace(second, name="证件样本", raw_name=b"")
        told = await clocks.json("copy", "east", "west", "--user", "1002")
        assert (told["added"], told["changed"], told["templates"]) == (1, 0, 0)
        assert "cut to '证件'" in told["warnings"][0]
        told = await clocks.json("copy", "east", "west", "--templates")
        assert (told["added"], told["changed"], told["templates"]) == (2, 1, 6)
        found = await clocks.json("users", "west")
        assert [user["user_id"] for user in found["users"]] == ["1002", "1001", "1003"]
        assert len(clocks.west.memory.people.templates) == 6


async def test_the_time_is_set_and_what_fails_is_one_plain_line(tmp_path: Path) -> None:
    async with two_clocks(tmp_path) as clocks:
        result = await clocks.run("set-time", "east")
        # A test's machine may have no trusted time.
        assert result.exit_code == 0 or "doubtful" in result.output
        result = await clocks.run("accept-log", "east", "--reason", "battery")
        assert result.exit_code == 1
        assert "the log of this clock is not suspect" in result.output
        result = await clocks.run("users", "nowhere")
        assert result.exit_code == 1
        assert "no device 'nowhere'" in result.output
        result = await clocks.run("copy", "east", "east")
        assert result.exit_code == 2
