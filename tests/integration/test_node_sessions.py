"""Delivery, parts Sessions and Embedded broker, as the node keeps them."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.fake_bridge import HALL, ROOT, FakeBridge, fake_bridge
from support.killable import KillableBroker, running_broker
from support.probing import PROBES, Probe, probe_site, running_node

from devices.errors import ConfigurationError, TransportError
from devices.kinds import DeviceState
from devices.site import Site


@pytest.fixture
async def bridge(broker: KillableBroker) -> AsyncIterator[FakeBridge]:
    async with fake_bridge(broker.address) as connected:
        yield connected


def heard(bridge: FakeBridge, topic: str) -> list[Any]:
    return [
        json.loads(message.payload)
        for message in bridge.heard
        if message.topic == f"{ROOT}/{topic}" and message.payload
    ]


def break_line(probe: Probe) -> None:
    """Cut the node's connection, as a network does."""
    client = probe.context.presence.pulpit.bus  # type: ignore[attr-defined]
    client._connection._socket._socket.shutdown(socket.SHUT_RDWR)


async def test_the_node_tells_itself_and_its_devices(
    broker: KillableBroker, bridge: FakeBridge, tmp_path: Path
) -> None:
    async with running_node(tmp_path, broker.address):
        state = await bridge.told("node/main/state")
        assert state["state"] == "ready"
        status = await bridge.told("dev/p-1/status", lambda s: s["state"] == "ready")
        assert status["session"] == state["session"]
        assert status["reason"] == ""
        assert status["since"].endswith("+08:00")
        info = await bridge.told("dev/p-1/info", lambda i: bool(i["commands"]))
        assert (info["driver"], info["node"], info["name"]) == ("probe", "main", "p-1")
        assert info["capabilities"] == ["caller.key"]
        assert info["commands"] == ["echo", "fail", "gate", "hang"]
        PROBES["p-1"].context.describe(model="P9", serial="S1")
        info = await bridge.told("dev/p-1/info", lambda i: i["model"] == "P9")
        assert info["serial"] == "S1"
        PROBES["p-1"].context.show({"text": "A001"})
        assert await bridge.told("dev/p-1/value") == {"text": "A001"}
        health = await bridge.told("node/main/health", lambda h: h["devices"]["up"])
        assert health["devices"] == {"up": 1, "down": 0}
        assert health["rss"] > 1_000_000
        assert set(health["journal"]) >= {"count", "bytes", "oldest_s", "unacked"}
        assert health["clock"] in {"trusted", "doubtful"}


async def test_a_stopped_node_says_so_and_is_not_lost(
    broker: KillableBroker, bridge: FakeBridge, tmp_path: Path
) -> None:
    async with running_node(tmp_path, broker.address):
        ready = await bridge.told("node/main/state")
        await bridge.told("dev/p-1/status", lambda s: s["state"] == "ready")
    stopped = await bridge.told("node/main/state", lambda s: s["state"] == "stopped")
    assert stopped["session"] == ready["session"]
    status = await bridge.told("dev/p-1/status", lambda s: s["state"] == "offline")
    assert status["reason"] == "node main stopped"
    assert "lost" not in [state["state"] for state in heard(bridge, "node/main/state")]


async def test_the_will_belongs_to_its_session_and_the_next_one_is_higher(
    broker: KillableBroker, bridge: FakeBridge, tmp_path: Path
) -> None:
    async with running_node(tmp_path, broker.address):
        first = (await bridge.told("node/main/state"))["session"]
        break_line(PROBES["p-1"])
        await bridge.told("node/main/state", lambda s: s["state"] == "lost")
        again = await bridge.told("node/main/state", lambda s: s["state"] == "ready")
        assert again["session"] == first + 1
        await bridge.told("dev/p-1/status", lambda s: s["session"] == first + 1)
    lost = [s for s in heard(bridge, "node/main/state") if s["state"] == "lost"]
    assert [state["session"] for state in lost] == [first]


async def test_sessions_go_on_after_a_restart(
    broker: KillableBroker, bridge: FakeBridge, tmp_path: Path
) -> None:
    async with running_node(tmp_path, broker.address):
        first = (await bridge.told("node/main/state"))["session"]
    async with running_node(tmp_path, broker.address):
        await bridge.told("node/main/state", lambda s: s["session"] == first + 1)


async def test_an_older_session_on_its_own_topic_makes_it_publish_again(
    broker: KillableBroker, bridge: FakeBridge, tmp_path: Path
) -> None:
    async with running_node(tmp_path, broker.address):
        mine = await bridge.told("node/main/state")
        bridge.tell("node/main/state", {"state": "lost", "session": 1}, retain=True)
        await bridge.told("node/main/state", lambda s: s["session"] == 1)
        await bridge.told("node/main/state", lambda s: s["session"] == mine["session"])


async def test_everything_is_published_again_after_a_broker_restart(
    broker: KillableBroker, bridge: FakeBridge, tmp_path: Path
) -> None:
    async with running_node(tmp_path, broker.address):
        PROBES["p-1"].context.show({"text": "A001"})
        first = await bridge.told("node/main/state")
        await bridge.told("dev/p-1/value")
        await bridge.told("node/main/health")
        await broker.kill()
        bridge.retained.clear()
        await broker.start()
        again = await bridge.told(
            "node/main/state", lambda s: s["session"] > first["session"]
        )
        for topic in ("dev/p-1/info", "dev/p-1/value", "node/main/health"):
            await bridge.told(topic)
        await bridge.told("dev/p-1/status", lambda s: s["session"] == again["session"])


async def test_everything_is_published_again_when_the_bridge_is_new(
    broker: KillableBroker, bridge: FakeBridge, tmp_path: Path
) -> None:
    async with running_node(tmp_path, broker.address):
        await bridge.told("dev/p-1/info", lambda i: bool(i["commands"]))
        for session in (7, 8):
            bridge.retained.clear()
            bridge.tell("bridge/state", {"state": "ready", "session": session})
            for topic in ("node/main/state", "dev/p-1/info", "dev/p-1/status"):
                await bridge.told(topic)


async def test_everything_is_published_again_on_request(
    broker: KillableBroker, bridge: FakeBridge, tmp_path: Path
) -> None:
    async with running_node(tmp_path, broker.address):
        await bridge.told("dev/p-1/info")
        bridge.retained.clear()
        assert (await bridge.ask("republish", {}))["status"] == "ok"
        for topic in ("node/main/state", "dev/p-1/info", "dev/p-1/status"):
            await bridge.told(topic)


async def test_the_node_asks_the_bridge_to_publish_again_after_subscribing(
    broker: KillableBroker, bridge: FakeBridge, tmp_path: Path
) -> None:
    async with running_node(tmp_path, broker.address):
        await bridge.told("bridge/cmd/republish")
        bridge.retained.clear()
        break_line(PROBES["p-1"])
        await bridge.told("bridge/cmd/republish")


async def test_removing_a_device_clears_its_retained_topics(
    broker: KillableBroker, bridge: FakeBridge, tmp_path: Path
) -> None:
    async with running_node(
        tmp_path, broker.address, site=probe_site(("p-1", "p-2", "p-3"))
    ):
        for device in ("p-1", "p-2", "p-3"):
            PROBES[device].context.show({"text": "x"})
            await bridge.told(f"dev/{device}/value")
        bridge.tell("dev/p-2/desired", {"rev": 1}, retain=True)
        await bridge.told("dev/p-2/desired", lambda d: d is not None)
    site = probe_site(("p-1", "p-3@other"))
    async with running_node(tmp_path, broker.address, site=site):
        for leaf in ("info", "status", "value", "desired"):
            await bridge.told(f"dev/p-2/{leaf}", lambda body: body is None)
        assert await bridge.told("dev/p-1/info") is not None
        assert await bridge.told("dev/p-3/info") is not None


async def test_a_failed_device_is_offline_with_its_reason_and_comes_back(
    broker: KillableBroker, bridge: FakeBridge, tmp_path: Path
) -> None:
    async with running_node(tmp_path, broker.address, site=probe_site(("p-1", "p-2"))):
        for device in ("p-1", "p-2"):
            await bridge.told(f"dev/{device}/status", lambda s: s["state"] == "ready")
        PROBES["p-1"].fail(TransportError("it was unplugged"))
        await bridge.wait(
            lambda: (
                "it was unplugged"
                in [s["reason"] for s in heard(bridge, "dev/p-1/status")]
            )
        )
        await bridge.told("dev/p-1/status", lambda s: s["state"] == "ready")
        assert PROBES["p-1"].lives == 2
    assert PROBES["p-2"].lives == 1


async def test_a_bug_in_a_driver_is_one_offline_device(
    broker: KillableBroker,
    bridge: FakeBridge,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with running_node(tmp_path, broker.address):
        for life in (1, 2):
            await bridge.wait(lambda life=life: PROBES["p-1"].lives == life)  # type: ignore[misc]
            await bridge.told("dev/p-1/status", lambda s: s["state"] == "ready")
            PROBES["p-1"].fail(ZeroDivisionError("by nought"))
            await bridge.told("dev/p-1/status", lambda s: s["state"] == "offline")
        reasons = [status["reason"] for status in heard(bridge, "dev/p-1/status")]
        assert "a mistake in the driver: ZeroDivisionError: by nought" in reasons
    told = [r for r in caplog.records if r.exc_info and "by nought" in r.message]
    assert len(told) == 1


async def test_a_mistake_of_the_hall_file_locks_the_device(
    broker: KillableBroker, bridge: FakeBridge, tmp_path: Path
) -> None:
    async with running_node(tmp_path, broker.address):
        await bridge.told("dev/p-1/status", lambda s: s["state"] == "ready")
        PROBES["p-1"].fail(ConfigurationError("width is wrong"))
        status = await bridge.told("dev/p-1/status", lambda s: s["state"] == "locked")
        assert status["reason"] == "width is wrong"
        bridge.command("p-1", "echo", {"id": "c1", "args": {"text": "x"}})
        reply = await bridge.reply("c1")
        assert (reply["status"], reply["error"]["code"]) == ("rejected", "locked")


async def test_a_device_without_a_driver_stays_offline(
    broker: KillableBroker, bridge: FakeBridge, tmp_path: Path
) -> None:
    entries = [{"id": "p-2", "driver": "none_yet"}]
    site = Site.model_validate({"hall": {"id": HALL}, "devices": entries})
    async with running_node(tmp_path, broker.address, site=site):
        status = await bridge.told("dev/p-2/status", lambda s: s["state"] != "init")
        assert status["state"] == "offline"
        assert status["reason"].startswith("no driver 'none_yet'; there are: ")


async def test_what_a_device_remembers_outlives_the_node(
    broker: KillableBroker, tmp_path: Path
) -> None:
    async with running_node(tmp_path, broker.address):
        context = PROBES["p-1"].context
        assert context.recall("mark") is None
        await context.remember({"mark": {"time": 1}})
        await context.emit([], remember={"other": "x"})
        assert context.recall("mark") == {"time": 1}
    async with running_node(tmp_path, broker.address):
        context = PROBES["p-1"].context
        assert (context.recall("mark"), context.recall("other")) == ({"time": 1}, "x")


async def test_an_older_desired_is_ignored_and_a_cleared_one_forgotten(
    broker: KillableBroker, bridge: FakeBridge, tmp_path: Path
) -> None:
    def desired(rev: int, text: str) -> dict[str, Any]:
        at = "2026-03-02T09:00:00+08:00"
        return {"rev": rev, "at": at, "valid_until": None, "content": {"text": text}}

    bridge.tell("dev/p-1/desired", desired(5, "five"), retain=True)
    async with running_node(tmp_path, broker.address):
        context = PROBES["p-1"].context
        assert (await context.desired_changed(None)).content == {"text": "five"}
        bridge.tell("dev/p-1/desired", desired(4, "four"), retain=True)
        bridge.tell("dev/p-1/desired", desired(6, "six"), retain=True)
        assert (await context.desired_changed(5)).content == {"text": "six"}
        bridge.tell("dev/p-1/desired", b"", retain=True)
        bridge.tell("dev/p-1/desired", desired(2, "two"), retain=True)
        assert (await context.desired_changed(6)).content == {"text": "two"}


async def test_a_card_is_published_to_those_who_listen_and_never_kept(
    broker: KillableBroker, bridge: FakeBridge, tmp_path: Path
) -> None:
    cards: asyncio.Queue[Any] = asyncio.Queue()
    bridge.client.subscribe(f"{ROOT}/dev/+/card", cards.put_nowait)
    async with running_node(tmp_path, broker.address):
        await bridge.told("dev/p-1/status", lambda s: s["state"] == "ready")
        PROBES["p-1"].context.publish_card({"name": "证*"})
        message = await cards.get()
    assert json.loads(message.payload) == {"name": "证*"}
    assert not message.retain


async def test_the_subject_key_is_made_once_and_kept_for_us_alone(
    broker: KillableBroker, tmp_path: Path
) -> None:
    async with running_node(tmp_path, broker.address):
        first = PROBES["p-1"].context.subject_ref("id_card", "11010519491231002X")
    async with running_node(tmp_path, broker.address):
        again = PROBES["p-1"].context.subject_ref("id_card", "11010519491231002X")
    assert first == again
    assert (tmp_path / "subject.key").stat().st_mode & 0o777 == 0o600


async def test_a_node_ends_while_its_broker_is_away(tmp_path: Path) -> None:
    async with running_broker("embedded", tmp_path / "broker") as broker:
        address = broker.address
    async with running_node(tmp_path, address) as task:
        await PROBES["p-1"].press("a")
    assert task.cancelled()
    assert PROBES["p-1"].context.presence.state is DeviceState.OFFLINE  # type: ignore[attr-defined]
