"""Nothing that a device was thanked for is lost: kill -9, black holes, outages."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from support.black_hole import Relay
from support.fake_bridge import FakeBridge, fake_bridge
from support.killable import running_broker
from support.probing import PROBES, running_node

ROOM = Path(__file__).parents[2]
NODE = """
import asyncio, sys
from pathlib import Path
from bus.address import BrokerAddress
from support.probing import PROBES, running_node

async def press(number):
    for count in range(10**9):
        name = f"{number}-{count}"
        await PROBES["p-1"].press(name)
        print(name, flush=True)

async def main():
    broker = BrokerAddress.parse(sys.argv[2])
    async with running_node(Path(sys.argv[1]), broker):
        await asyncio.gather(*(press(number) for number in range(4)))

asyncio.run(main())
"""


def keys(events: list[dict[str, Any]]) -> list[str]:
    return [event["data"]["key"] for event in events]


def all_kept(bridge: FakeBridge) -> list[str]:
    return [key for kept in bridge.kept.values() for key in keys(kept)]


async def pressing(data: Path, broker: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        NODE,
        str(data),
        broker,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOM,
        env={**os.environ, "PYTHONPATH": str(ROOM / "tests")},
    )


async def kill_after(process: asyncio.subprocess.Process, lines: int) -> list[str]:
    """What the node's device was thanked for, until it was killed."""
    assert process.stdout is not None
    told = [await process.stdout.readline() for _ in range(lines)]
    process.send_signal(signal.SIGKILL)
    told += (await process.stdout.read()).splitlines(keepends=True)
    await process.wait()
    return [line.decode().strip() for line in told if line.endswith(b"\n")]


async def test_kill_9_of_the_node_loses_and_doubles_nothing(tmp_path: Path) -> None:
    thanked: list[str] = []
    async with (
        running_broker("embedded", tmp_path / "broker") as broker,
        fake_bridge(broker.address) as bridge,
    ):
        for lines in (1, 40, 200):
            process = await pressing(tmp_path, str(broker.address))
            told = await kill_after(process, lines)
            thanked += [f"{name}@{lines}" for name in told]
        async with running_node(tmp_path, broker.address):
            await PROBES["p-1"].press("last")
            await bridge.wait(lambda: "last" in all_kept(bridge))
        assert len(bridge.kept) == 1
        kept = Counter(all_kept(bridge))
        assert not Counter(name.partition("@")[0] for name in thanked) - kept
        (events,) = bridge.kept.values()
        assert len({event["id"] for event in events}) == len(events)


async def test_kill_9_of_the_broker_under_load_loses_nothing(tmp_path: Path) -> None:
    names = [str(number) for number in range(600)]
    async with (
        running_broker("embedded", tmp_path / "broker") as broker,
        fake_bridge(broker.address) as bridge,
        running_node(tmp_path, broker.address),
    ):
        await bridge.told("dev/p-1/status", lambda s: s["state"] == "ready")
        for start in range(0, 600, 100):
            for name in names[start : start + 100]:
                await PROBES["p-1"].press(name)
            if start in {100, 300}:
                await broker.kill()
        assert keys(await bridge.events(600)) == names


async def test_a_black_holed_broker_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bus.connection.KEEPALIVE_S", 1)
    async with (
        running_broker("embedded", tmp_path / "broker") as broker,
        fake_bridge(broker.address) as bridge,
        Relay(broker.address).serving() as relay,
        running_node(tmp_path, relay.address),
    ):
        await PROBES["p-1"].press("before")
        await bridge.events(1)
        relay.swallow()
        await PROBES["p-1"].press("into", "the", "dark")
        bus = PROBES["p-1"].context.presence.pulpit.bus  # type: ignore[attr-defined]
        while bus.connected:  # noqa: ASYNC110 - the client tells nobody else
            await asyncio.sleep(0.05)
        relay.heal()
        await PROBES["p-1"].press("after")
        assert keys(await bridge.events(5)) == [
            "before",
            "into",
            "the",
            "dark",
            "after",
        ]


async def test_a_node_ends_while_its_broker_is_a_black_hole(tmp_path: Path) -> None:
    async with (
        running_broker("embedded", tmp_path / "broker") as broker,
        fake_bridge(broker.address) as bridge,
        Relay(broker.address).serving() as relay,
    ):
        async with running_node(tmp_path, relay.address):
            await bridge.told("node/main/state")
            relay.swallow()
            await PROBES["p-1"].press("a")
        async with running_node(tmp_path, broker.address):
            assert keys(await bridge.events(1)) == ["a"]


async def test_a_bridge_that_was_away_gets_everything(tmp_path: Path) -> None:
    names = [str(number) for number in range(300)]
    async with (
        running_broker("embedded", tmp_path / "broker") as broker,
        running_node(tmp_path, broker.address),
    ):
        await PROBES["p-1"].press(*names)
        async with fake_bridge(broker.address) as bridge:
            assert keys(await bridge.events(300)) == names


async def test_a_press_overtakes_a_backfill(tmp_path: Path) -> None:
    async with (
        running_broker("embedded", tmp_path / "broker") as broker,
        fake_bridge(broker.address, acks=False) as bridge,
        running_node(tmp_path, broker.address),
    ):
        users = [str(number) for number in range(4000)]
        await PROBES["p-1"].punch(*users)
        await bridge.events(1000, "clock")
        await PROBES["p-1"].press("now")
        await bridge.events(1)
        epoch = bridge.arrived[0]["epoch"]
        assert len(bridge.kept[epoch, "clock"]) < 4000
        bridge.acks = True
        bridge.ack("clock", epoch, len(bridge.kept[epoch, "clock"]))
        events = await bridge.events(4000, "clock")
        assert [event["data"]["user_id"] for event in events] == users
