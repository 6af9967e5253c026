"""Delivery, part Commands: always a reply, and each id runs once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.fake_bridge import FakeBridge, fake_bridge
from support.killable import running_broker
from support.probing import PROBES, probe_site, running_node

from drivers.node.commands import Memory


@pytest.fixture
async def bridge(tmp_path: Path) -> AsyncIterator[FakeBridge]:
    """A bridge beside a running node with probe p-1; p-2 is another node's."""
    async with (
        running_broker("embedded", tmp_path / "broker") as broker,
        fake_bridge(broker.address) as connected,
        running_node(tmp_path, broker.address, site=probe_site(("p-1", "p-2@other"))),
    ):
        await connected.told("dev/p-1/status", lambda s: s["state"] == "ready")
        await connected.told("bridge/cmd/republish")
        yield connected


async def done(bridge: FakeBridge, name: str, **body: Any) -> dict[str, Any]:
    request = {"id": "c1", "args": {}, **body}
    bridge.command("p-1", name, request)
    return await bridge.reply(request["id"])


async def test_a_command_is_answered(bridge: FakeBridge) -> None:
    reply = await done(bridge, "echo", args={"text": "你好"})
    assert reply == {"id": "c1", "status": "ok", "data": {"text": "你好"}}


async def test_an_id_runs_once_and_its_reply_is_repeated(bridge: FakeBridge) -> None:
    await done(bridge, "echo", args={"text": "one"})
    bridge.command("p-1", "echo", {"id": "c1", "args": {"text": "two"}})
    reply = await bridge.reply("c1", count=2)
    assert reply["data"] == {"text": "one"}
    assert PROBES["p-1"].executed == ["echo"]


async def test_a_concurrent_duplicate_gets_the_same_reply(bridge: FakeBridge) -> None:
    for _ in range(2):
        bridge.command("p-1", "gate", {"id": "c1", "args": {}})
    # Commands run side by side: this one is answered while those wait.
    await done(bridge, "echo", id="c2", args={"text": "x"})
    PROBES["p-1"].gate.set()
    reply = await bridge.reply("c1", count=2)
    assert reply["data"] == {"times": 1}


async def test_the_time_limit_is_kept_and_told(bridge: FakeBridge) -> None:
    reply = await done(bridge, "hang", timeout_s=0.05)
    assert reply["status"] == "timeout"
    assert "0.05 s" in reply["error"]["message"]


async def test_the_time_limit_counts_from_receipt(bridge: FakeBridge) -> None:
    assert (await done(bridge, "hang", timeout_s=0))["status"] == "timeout"


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ("rejected", "rejected", "no_paper"),
        ("timeout", "timeout", "timeout"),
        ("transport", "error", "unreachable"),
        ("protocol", "error", "device_error"),
        ("bug", "error", "internal"),
        ("json", "error", "bad_result"),
    ],
)
async def test_every_failure_is_answered(
    bridge: FakeBridge, how: str, status: str, code: str
) -> None:
    reply = await done(bridge, "fail", args={"how": how})
    assert (reply["status"], reply["error"]["code"]) == (status, code)
    assert reply["error"]["message"]


async def test_wrong_arguments_are_rejected_by_name(bridge: FakeBridge) -> None:
    reply = await done(bridge, "echo", args={"txt": "x"})
    assert (reply["status"], reply["error"]["code"]) == ("rejected", "bad_arguments")
    assert "text" in reply["error"]["message"]
    assert PROBES["p-1"].executed == []


async def test_an_unknown_command_names_those_there_are(bridge: FakeBridge) -> None:
    reply = await done(bridge, "dance")
    assert (reply["status"], reply["error"]["code"]) == ("rejected", "unknown_command")
    assert "echo, fail, gate, hang" in reply["error"]["message"]


async def test_an_unknown_device_is_rejected(bridge: FakeBridge) -> None:
    bridge.command("nobody", "echo", {"id": "c1", "args": {}})
    reply = await bridge.reply("c1")
    assert (reply["status"], reply["error"]["code"]) == ("rejected", "unknown_device")


async def test_a_device_of_another_node_is_left_to_it(bridge: FakeBridge) -> None:
    bridge.command("p-2", "echo", {"id": "c1", "args": {"text": "x"}})
    await done(bridge, "echo", id="c2", args={"text": "x"})
    assert [reply["id"] for reply in bridge.replies] == ["c2"]


async def test_a_malformed_command_with_an_id_is_rejected(bridge: FakeBridge) -> None:
    reply = await done(bridge, "echo", args=[1])
    assert (reply["status"], reply["error"]["code"]) == ("rejected", "bad_request")


async def test_a_retained_command_is_refused(bridge: FakeBridge) -> None:
    body = {"id": "c1", "args": {"text": "x"}}
    bridge.tell("dev/p-1/cmd/echo", body, retain=True)
    await bridge.reply("c1")
    # Sent again to a node that subscribes anew, it comes marked as retained.
    bridge.tell("dev/p-1/cmd/echo", {**body, "id": "c2"}, retain=True)
    await bridge.reply("c2")
    node = PROBES["p-1"].context.presence.pulpit.bus  # type: ignore[attr-defined]
    PROBES["p-1"].executed.clear()
    bridge.tell("dev/p-1/cmd/fail", {"id": "c3", "args": {"how": "x"}}, retain=True)
    await bridge.reply("c3")
    PROBES["p-1"].executed.clear()
    node._connection.end("the test says so")
    await bridge.reply("c3", count=2)
    assert PROBES["p-1"].executed == []


async def test_nonsense_is_passed_over(bridge: FakeBridge) -> None:
    for payload in (b"\xff", b"[]", b'{"args":{}}', b'{"id":"a b"}', b""):
        bridge.tell("dev/p-1/cmd/echo", payload)
    assert (await done(bridge, "echo", args={"text": "x"}))["status"] == "ok"
    assert len(bridge.replies) == 1


async def test_an_id_is_forgotten_after_its_time() -> None:
    memory = Memory(seconds=0)
    runs = 0

    async def work() -> Any:
        nonlocal runs
        runs += 1
        await asyncio.sleep(0)

    for _ in range(2):
        await memory.once(("d", "c1"), work)
    assert runs == 2
    await memory.close()
