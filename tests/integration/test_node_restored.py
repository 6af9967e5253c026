"""A journal that was put back while no bridge was there, and the broker empty."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.fake_bridge import ROOT, FakeBridge, fake_bridge
from support.killable import running_broker
from support.probing import PROBES, running_node


@asynccontextmanager
async def restored_node(
    tmp_path: Path, *, runs: Sequence[str] = ("defg",), retained: int | None = None
) -> AsyncIterator[tuple[FakeBridge, str]]:
    """Events a, b, c went to the bridge; the journal has a, and new ones: d to g.

    Of each run's new ones no bridge hears; `retained` is an ack of long ago.
    """
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
        if retained is not None:
            bridge.ack("desk", epoch, retained)
        for run in runs[:-1]:
            async with running_node(tmp_path, broker.address):
                await PROBES["p-1"].press(*run)
                await bridge.wait(lambda last=run[-1]: last in keys(bridge))  # type: ignore[misc]
        bridge.arrived.clear()
        async with running_node(tmp_path, broker.address):
            await PROBES["p-1"].press(*runs[-1])
            await bridge.wait(lambda: "g" in keys(bridge))
            bridge.arrived.clear()
            yield bridge, epoch


def keys(bridge: FakeBridge) -> list[str]:
    return [event["data"]["key"] for event in bridge.arrived]


@pytest.mark.parametrize("runs", [["defg"], ["de", "fg"], ["d", "e", "f", "g"]])
@pytest.mark.parametrize("retained", [None, 1])
async def test_a_late_bridge_compares_what_was_sent_before_it_was_heard(
    tmp_path: Path, runs: list[str], retained: int | None
) -> None:
    async with restored_node(tmp_path, runs=runs, retained=retained) as (bridge, epoch):
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


async def test_more_than_a_window_is_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with restored_node(tmp_path, runs=["de", "fg"]) as (bridge, epoch):
        monkeypatch.setattr("drivers.node.lane_publisher.WINDOW", 2)
        bridge.ack("desk", epoch, 4)  # more than d and e
        await bridge.wait(lambda: keys(bridge) == ["d", "e"])
        bridge.ack("desk", epoch, 4)
        await bridge.wait(lambda: "f" in keys(bridge))
        bridge.ack("desk", epoch, 4)
        await bridge.wait(lambda: "g" in keys(bridge))


async def test_what_the_bridge_has_otherwise_moves_and_holds_nothing_up(
    tmp_path: Path,
) -> None:
    async with restored_node(tmp_path, runs=["de", "fg"]) as (bridge, epoch):
        bridge.ack("desk", epoch, 4)
        await bridge.wait(lambda: len(keys(bridge)) >= 4)
        args = {"epoch": epoch, "lane": "desk", "from": 3}  # d was its second, too
        fresh = (await bridge.ask("new-epoch", args))["data"]["epoch"]
        bridge.ack("desk", epoch, 4)
        await bridge.wait(lambda: len(bridge.kept.get((fresh, "desk"), [])) == 3)
        moved = [event["data"]["key"] for event in bridge.kept[fresh, "desk"]]
        assert moved == ["e", "f", "g"]


async def test_what_was_never_sent_is_compared_when_the_bridge_has_more(
    tmp_path: Path,
) -> None:
    async with restored_node(tmp_path, runs=["de", "fg"]) as (bridge, epoch):
        bridge.ack("desk", epoch, 9)
        await bridge.wait(lambda: "e" in keys(bridge))
        assert keys(bridge)[:2] == ["d", "e"]  # f and g are of this run: they move
        bridge.ack("desk", epoch, 9)
        await bridge.wait(lambda: "g" in keys(bridge))
        assert bridge.arrived[-1]["epoch"] != epoch


async def test_a_node_that_was_heard_sends_nothing_twice(tmp_path: Path) -> None:
    async with (
        running_broker("embedded", tmp_path / "broker") as broker,
        fake_bridge(broker.address) as bridge,
    ):
        for key in "abc":
            bridge.retained.clear()
            async with running_node(tmp_path, broker.address):
                await bridge.told("bridge/cmd/republish")
                for (epoch, lane), kept in bridge.kept.items():
                    bridge.ack(lane, epoch, len(kept))
                await bridge.ask("republish", {})  # it has heard that by now
                await PROBES["p-1"].press(key)
                await bridge.wait(lambda key=key: key in keys(bridge))  # type: ignore[misc]
                bridge.retained.pop(f"{ROOT}/node/main/health", None)
                await bridge.told(
                    "node/main/health", lambda h: h["journal"]["unacked"] == 0
                )
        assert keys(bridge) == ["a", "b", "c"]
