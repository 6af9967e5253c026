"""A journal that was put back while no bridge was there, and the broker empty."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from support.fake_bridge import ROOT, FakeBridge, fake_bridge
from support.killable import running_broker
from support.probing import PROBES, running_node


@asynccontextmanager
async def restored_node(tmp_path: Path) -> AsyncIterator[tuple[FakeBridge, str]]:
    """Events a, b, c went to the bridge; the journal has a, and new ones: d to g."""
    async with (
        running_broker("embedded", tmp_path / "broker") as broker,
        fake_bridge(broker.address) as bridge,
    ):
        async with running_node(tmp_path, broker.address):
            await PROBES["p-1"].press("a")
            epoch = (await bridge.events(1))[0]["epoch"]
        shutil.copytree(tmp_path / "node-main", tmp_path / "backup")
        async with running_node(tmp_path, broker.address):
            await PROBES["p-1"].press("b", "c")
            await bridge.events(3)
        shutil.rmtree(tmp_path / "node-main")
        shutil.copytree(tmp_path / "backup", tmp_path / "node-main")
        bridge.acks = False
        bridge.tell("bridge/ack/main/desk", b"", retain=True)
        bridge.arrived.clear()
        async with running_node(tmp_path, broker.address):
            await PROBES["p-1"].press("d", "e", "f", "g")
            await bridge.wait(lambda: len(keys(bridge)) >= 4)
            bridge.arrived.clear()
            yield bridge, epoch


def keys(bridge: FakeBridge) -> list[str]:
    return [event["data"]["key"] for event in bridge.arrived]


async def test_a_late_bridge_compares_what_was_sent_before_it_was_heard(
    tmp_path: Path,
) -> None:
    async with restored_node(tmp_path) as (bridge, epoch):
        bridge.ack("desk", epoch, 3)  # b and c, but the node has d and e there
        await bridge.wait(lambda: len(keys(bridge)) >= 4)
        assert keys(bridge)[:4] == ["d", "e", "f", "g"]


async def test_a_replay_request_does_not_keep_a_bridge_from_comparing(
    tmp_path: Path,
) -> None:
    async with restored_node(tmp_path) as (bridge, epoch):
        bridge.ack("desk", epoch, 3)
        await bridge.ask("replay", {"epoch": epoch, "lane": "desk", "from": 4})
        await bridge.wait(lambda: "g" in keys(bridge))
        assert keys(bridge)[:4] == ["d", "e", "f", "g"]


async def test_what_the_bridge_found_equal_is_acked(tmp_path: Path) -> None:
    async with restored_node(tmp_path) as (bridge, epoch):
        bridge.ack("desk", epoch, 3)
        await bridge.wait(lambda: "g" in keys(bridge))
        bridge.ack("desk", epoch, 3)
        health = f"{ROOT}/node/main/health"
        await bridge.wait(
            lambda: bridge.retained[health]["journal"]["unacked"] == 2  # f and g
        )
