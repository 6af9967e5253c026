"""A node as an outsider would write it: a journal in memory, delivery.md's words.

It knows nothing of the bridge's or the drivers' code but the bus client.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from bus.address import BrokerAddress
from bus.client import BusClient, Message, Will

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class FakeNode:
    """Publishes CloudEvents and keeps what the bridge says."""

    def __init__(self, broker: BrokerAddress, hall: str, name: str) -> None:
        self.hall = hall
        self.root = f"hall/v1/{hall}"
        self.name = name
        self.epoch = str(uuid.uuid4())
        self.session = 0
        self.journal: dict[str, list[dict[str, Any]]] = {"desk": [], "clock": []}
        self.trimmed: dict[str, int] = {"desk": 0, "clock": 0}
        self.acks: dict[str, dict[str, Any]] = {}
        self.desired: dict[str, dict[str, Any]] = {}
        self.commands: list[tuple[str, str, dict[str, Any]]] = []
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.bridge: list[dict[str, Any]] = []
        self.refuses: set[str] = set()
        self.silent: set[str] = set()
        self.changed = asyncio.Condition()
        self._changes: set[asyncio.Task[None]] = set()
        self.client = BusClient(broker, f"halld-{hall}-node-{name}", hello=self._hello)
        for topic in (
            "bridge/ack/+/+",
            "bridge/state",
            "dev/+/desired",
            "dev/+/cmd/+",
            f"node/{name}/cmd/+",
        ):
            self.client.subscribe(f"{self.root}/{topic}", self._heard)

    # -- telling ---------------------------------------------------------------

    def event(
        self,
        kind: str,
        data: dict[str, Any],
        *,
        device: str = "bus-1",
        time: datetime | None = None,
        identity: tuple[str, str] | None = None,
    ) -> dict[str, Any]:
        """Journal an event; it is not published yet."""
        lane = "clock" if kind.startswith("attendance.") else "desk"
        sequence = self.trimmed[lane] + len(self.journal[lane]) + 1
        when = time or START + timedelta(seconds=sequence)
        source, name = identity or (
            f"urn:halld:{self.hall}:dev:{device}",
            f"{self.name}:{self.epoch}:{lane}:{sequence}",
        )
        body = {
            "specversion": "1.0",
            "id": name,
            "source": source,
            "type": kind,
            "subject": device,
            "time": when.isoformat(),
            "datacontenttype": "application/json",
            "node": self.name,
            "epoch": self.epoch,
            "lane": lane,
            "sequence": str(sequence),
            "sequencetype": "Integer",
            "receivedtime": when.isoformat(),
            "data": data,
        }
        self.journal[lane].append(body)
        return body

    def open_epoch(self) -> None:
        """Begin a new journal."""
        self.epoch = str(uuid.uuid4())
        self.journal = {"desk": [], "clock": []}
        self.trimmed = {"desk": 0, "clock": 0}

    def trim(self, lane: str, count: int) -> None:
        """Forget the first events of a lane."""
        del self.journal[lane][:count]
        self.trimmed[lane] += count

    def key(self, key: str, *, digits: str = "", **more: Any) -> dict[str, Any]:
        """Journal a caller's key at window w1."""
        data = {"counter": "w1", "key": key, "digits": digits, "address": 1, "raw": ""}
        return self.event("caller.key", {**data, **more})

    def punch(self, user: str = "1001", **more: Any) -> dict[str, Any]:
        """Journal a punch known by its place."""
        data = {"user_id": user, "direction": "in", "method": "face", "raw": "00"}
        return self.event("attendance.punch", data, device="clock-1", **more)

    def publish(self, *events: dict[str, Any]) -> None:
        """Publish events, one message each."""
        for body in events:
            self.send(f"dev/{body['subject']}/event/{body['type']}", json.dumps(body))

    def publish_batch(self, events: list[dict[str, Any]]) -> None:
        """Publish events of one device and type as one message."""
        first = events[0]
        self.send(f"dev/{first['subject']}/batch/{first['type']}", json.dumps(events))

    def send(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        """Publish below the hall's root."""
        body = payload.encode() if isinstance(payload, str) else payload
        assert self.client.publish(f"{self.root}/{topic}", body, retain=retain)

    def state(self, state: str = "ready", session: int | None = None) -> None:
        """Publish the node's state."""
        body = {"state": state, "session": session or self.session}
        self.send(f"node/{self.name}/state", json.dumps(body), retain=True)

    # -- hearing ---------------------------------------------------------------

    async def until(self, condition: Callable[[], Any]) -> Any:
        """Wait until what was heard fulfils a condition."""
        async with self.changed:
            await self.changed.wait_for(condition)
        return condition()

    async def acked(self, lane: str, sequence: int) -> dict[str, Any]:
        """Wait for the ack of a sequence under the present epoch."""

        def there() -> bool:
            ack = self.acks.get(lane, {})
            return ack.get("epoch") == self.epoch and ack["sequence"] >= sequence

        await self.until(there)
        return self.acks[lane]

    async def shown(self, device: str, content: dict[str, Any]) -> dict[str, Any]:
        """Wait until a display shall show something, whatever else it is told."""

        def holds() -> bool:
            told = self.desired.get(device, {}).get("content")
            return told is not None and {**told, **content} == told

        await self.until(holds)
        return self.desired[device]

    async def asked(self, name: str) -> dict[str, Any]:
        """Wait for a request by name; its arguments."""

        def found() -> list[dict[str, Any]]:
            return [args for kind, args in self.requests if kind == name]

        requests: list[dict[str, Any]] = await self.until(found)
        return requests[0]

    async def _hello(self) -> Will:
        self.session += 1
        will = {"state": "lost", "session": self.session}
        return Will(f"{self.root}/node/{self.name}/state", json.dumps(will).encode())

    def _heard(self, message: Message) -> None:
        if not message.payload:
            return
        body = json.loads(message.payload)
        words = message.topic.removeprefix(f"{self.root}/").split("/")
        match words:
            case ["bridge", "ack", node, lane] if node == self.name:
                self.acks[lane] = body
            case ["bridge", "state"]:
                self.bridge.append(body)
            case ["dev", device, "desired"]:
                self.desired[device] = body
            case ["dev", device, "cmd", name]:
                self.commands.append((device, name, body))
                self._reply(f"dev/{device}/reply/{body['id']}", body, {"done": name})
            case ["node", _, "cmd", name]:
                self.requests.append((name, body.get("args", body)))
                self._obey(name, body)
        task = asyncio.get_running_loop().create_task(self._notify())
        self._changes.add(task)
        task.add_done_callback(self._changes.discard)

    def _obey(self, name: str, body: dict[str, Any]) -> None:
        topic, args = f"node/{self.name}/reply/{body['id']}", body["args"]
        if name in self.silent:
            return
        if name in self.refuses:
            error = {"code": "unknown_command", "message": "no such request"}
            reply = {"id": body["id"], "status": "rejected", "error": error}
            self.send(topic, json.dumps(reply))
            return
        if name != "replay":
            self._reply(topic, body, {})
            return
        same = args["epoch"] == self.epoch
        rows = [
            row
            for row in self.journal[args["lane"]]
            if same and int(row["sequence"]) >= args["from"]
        ]
        numbers = [int(row["sequence"]) for row in rows]
        has = {
            "epoch": args["epoch"],
            "lane": args["lane"],
            "first": min(numbers, default=None),
            "last": max(numbers, default=None),
        }
        self._reply(topic, body, has)
        self.publish(*rows)

    def _reply(self, topic: str, body: dict[str, Any], data: dict[str, Any]) -> None:
        reply = {"id": body["id"], "status": "ok", "data": data}
        self.send(topic, json.dumps(reply))

    async def _notify(self) -> None:
        async with self.changed:
            self.changed.notify_all()


@asynccontextmanager
async def fake_node(
    broker: BrokerAddress, hall: str = "test", name: str = "main"
) -> AsyncIterator[FakeNode]:
    """A node that is connected, and says so."""
    node = FakeNode(broker, hall, name)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(node.client.run())
        try:
            await node.client.wait_connected()
            node.state()
            yield node
        finally:
            running.cancel()
