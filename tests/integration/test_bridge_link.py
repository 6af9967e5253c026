"""Sessions, wills, retained values, commands: the bridge among its peers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import topic_matches_sub
from support.bridges import IDLE
from support.brokers import shared_embedded
from support.worlds import World

from bridge.domain.views import Channel
from bridge.mqtt.link import BridgeLink
from bridge.mqtt.requests import Requests
from bus.address import BrokerAddress
from devices.commands import ReplyStatus


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerAddress]:
    with shared_embedded(tmp_path_factory.mktemp("broker")) as address:
        yield address


@pytest.fixture
def world(broker: BrokerAddress, tmp_path: Path) -> World:
    return World(broker, tmp_path)


def states(bodies: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(body["state"], body["session"]) for body in bodies]


async def test_each_connect_is_a_session_kept_over_restarts(world: World) -> None:
    async with world.node() as node:
        for _ in range(2):
            async with world.bridge() as hall:
                ready = ("ready", len(states(node.bridge)) // 2 + 1)
                await node.until(lambda ready=ready: ready in states(node.bridge))  # type: ignore[misc]
                assert node.bridge[-1]["store"] == hall.store_id
            await node.until(lambda: states(node.bridge)[-1][0] == "stopped")
        assert dict.fromkeys(states(node.bridge)) == dict.fromkeys(
            [("ready", 1), ("stopped", 1), ("ready", 2), ("stopped", 2)]
        )


async def take_over(world: World, role: str) -> None:
    """Connect once under somebody's client id: the broker drops the first."""
    name = f"halld-{world.id}-{role}".encode()
    head = b"\x00\x04MQTT\x04\x02\x00\x3c\x00" + bytes([len(name)])
    _, writer = await asyncio.open_connection(world.broker.host, world.broker.port)
    writer.write(b"\x10" + bytes([len(head) + len(name)]) + head + name)
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def test_a_connection_that_breaks_is_a_new_session(world: World) -> None:
    async with world.both() as (hall, node):
        node.publish(node.punch("1"))
        await node.acked("clock", 1)
        await node.shown("led-main", {"text": IDLE})
        node.acks.clear()
        node.desired.clear()
        await take_over(world, "bridge")
        # Everything of ours again after the CONNACK.
        await node.acked("clock", 1)
        await node.shown("led-main", {"text": IDLE})
        await node.until(lambda: ("ready", 2) in states(node.bridge))
        assert hall.metrics()["halld_bus_connected"] == 1.0


async def test_an_older_session_in_its_own_topic_is_published_over(
    world: World,
) -> None:
    async with world.both() as (_, node):
        lost = {"state": "lost", "session": 0}
        node.send("bridge/state", json.dumps(lost), retain=True)
        await node.until(lambda: ("lost", 0) in states(node.bridge))
        await node.until(lambda: states(node.bridge)[-1] == ("ready", 1))


async def test_all_is_published_again_on_request(world: World) -> None:
    async with world.both() as (_, node):
        node.publish(node.punch("1"))
        await node.acked("clock", 1)
        await node.shown("led-main", {"text": IDLE})
        node.acks.clear()
        node.desired.clear()
        node.bridge.clear()
        node.send("bridge/cmd/republish", json.dumps({"id": "r1", "args": {}}))
        await node.acked("clock", 1)
        await node.shown("led-w1", {"text": IDLE})
        await node.until(lambda: node.bridge)


async def test_a_new_session_of_a_node_gets_everything_again(world: World) -> None:
    async with world.both() as (_, node):
        node.publish(node.punch("1"))
        await node.acked("clock", 1)
        await node.shown("bus-1", node.desired["bus-1"]["content"])
        node.acks.clear()
        node.desired.clear()
        node.state(session=node.session + 1)
        await node.acked("clock", 1)
        await node.shown("led-main", {"text": IDLE})


async def test_the_bridge_asks_nodes_to_publish_theirs_again(world: World) -> None:
    async with world.node() as node, world.bridge():
        await node.asked("republish")


async def test_a_device_is_lost_with_its_node(world: World) -> None:
    async with world.both() as (hall, node):
        body = {"state": "ready", "reason": "", "since": None, "session": node.session}
        async with hall.subscribe(None) as reader:
            changes = reader.__aiter__()
            node.send("dev/clock-1/status", json.dumps(body), retain=True)
            ready = await anext(changes)
            node.state("lost")
            lost = await anext(changes)
        assert ready is not None
        assert lost is not None
        assert (ready.data["id"], ready.data["state"]) == ("clock-1", "ready")
        assert (lost.data["id"], lost.data["state"]) == ("clock-1", "lost")
        assert "node main is lost" in hall.troubles()


async def test_what_devices_say_of_themselves_is_told(world: World) -> None:
    async with world.both() as (hall, node):
        node.send("dev/led-main/info", json.dumps({"model": "6k"}), retain=True)
        node.send("dev/led-main/value", json.dumps({"text": IDLE}), retain=True)
        node.send("dev/led-main/value", "not json")
        node.publish(node.punch("1"))
        await node.acked("clock", 1)
        led = next(view for view in hall.devices() if view.id == "led-main")
        assert led.info == {"model": "6k"}
        assert led.value == {"text": IDLE}
        clock = next(view for view in hall.devices() if view.id == "clock-1")
        assert clock.last_seen is not None


async def test_a_command_waits_for_its_reply(world: World) -> None:
    async with world.both() as (hall, node):
        reply = await hall.command("bus-1", "beep", {"address": 1}, 5.0)
        assert reply.status is ReplyStatus.OK
        assert reply.data == {"done": "beep"}
        ((device, name, body),) = node.commands
        assert (device, name) == ("bus-1", "beep")
        assert (body["args"], body["timeout_s"]) == ({"address": 1}, 5.0)
        wrong = await hall.command("bus-1", "no such", {}, 1.0)
        assert wrong.status is ReplyStatus.REJECTED


async def test_a_caller_with_nobody_waiting_beeps(world: World) -> None:
    async with world.both() as (_, node):
        node.publish(node.key("call"))
        await node.until(lambda: node.commands)
        device, name, body = node.commands[0]
        assert (device, name, body["args"]) == ("bus-1", "beep", {"address": 1})
        units = node.desired["bus-1"]["content"]["units"]
        assert units["1"] == {"ticket": None, "waiting": 0}


async def test_units_follow_who_waits(world: World) -> None:
    async with world.both() as (hall, node):
        await hall.issue_ticket(service="reg", channel=Channel.WEB)
        both = {"ticket": None, "waiting": 1}
        await node.shown("bus-1", {"units": {"1": both, "2": both}})


async def test_a_request_without_a_reply_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.mqtt.requests.GRACE_S", 0.0)
    silent = Requests(lambda _topic, _payload: True)
    assert (await silent.ask("t", {}, 0.01)).status is ReplyStatus.TIMEOUT
    absent = Requests(lambda _topic, _payload: False)
    assert (await absent.ask("t", {}, 0.01)).code == "bus_down"


async def test_a_bare_answer_of_a_node_is_read() -> None:
    asked: list[bytes] = []

    def publish(_topic: str, payload: bytes) -> bool:
        asked.append(payload)
        return True

    requests = Requests(publish)
    waiting = asyncio.ensure_future(requests.ask("t", {"from": 3}, 20, bare=True))
    await asyncio.sleep(0)
    body = json.loads(asked[0])
    assert (body["args"], body["from"]) == ({"from": 3}, 3)
    requests.answered("somebody else", b"{}")
    requests.answered(body["id"], b'{"epoch": "e", "first": 1}')
    assert (await waiting).data == {"epoch": "e", "first": 1}


async def test_no_filter_overlaps_another(world: World) -> None:
    async with world.both() as (hall, _):
        link = hall._bus
        assert isinstance(link, BridgeLink)
        filters = list(link._client._handlers)
    samples = [name.replace("+", "x") for name in filters]
    for (one, sample), (other, its) in combinations(
        zip(filters, samples, strict=True), 2
    ):
        assert not topic_matches_sub(one, its)
        assert not topic_matches_sub(other, sample)
