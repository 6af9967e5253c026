"""A bridge as an outsider would write it: it knows topics, nothing of ours."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from bus.address import BrokerAddress
from bus.client import BusClient, Message

HALL = "t"
ROOT = f"hall/v1/{HALL}"


class FakeBridge:
    """Takes each lane in sequence, acks what it has, keeps all that it heard."""

    def __init__(
        self, broker: BrokerAddress, *, store: str = "store-1", acks: bool = True
    ) -> None:
        self.store = store
        self.acks = acks
        self.heard: list[Message] = []
        self.arrived: list[dict[str, Any]] = []
        """Every event that came, in order, copies too."""
        self.kept: dict[tuple[str, str], list[dict[str, Any]]] = {}
        """(epoch, lane) -> its events from 1 on, without a hole."""
        self.retained: dict[str, Any] = {}
        """The last of every state, status, info, value and health."""
        self.replies: list[dict[str, Any]] = []
        self._asked = 0
        self._watches: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        self.client = BusClient(broker, f"halld-{HALL}-bridge-{store}")
        for leaf in ("dev/+/event/+", "dev/+/batch/+"):
            self.client.subscribe(f"{ROOT}/{leaf}", self._take_events)
        for leaf in ("dev/+/reply/+", "node/+/reply/+"):
            self.client.subscribe(f"{ROOT}/{leaf}", self._take_reply)
        for leaf in (
            "node/+/state",
            "node/+/health",
            "dev/+/info",
            "dev/+/status",
            "dev/+/value",
            "dev/+/desired",
            "bridge/cmd/+",
        ):
            self.client.subscribe(f"{ROOT}/{leaf}", self._take_retained)

    # Telling

    def tell(self, topic: str, body: Any, *, retain: bool = False) -> None:
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        assert self.client.publish(f"{ROOT}/{topic}", payload, retain=retain)

    def ack(self, lane: str, epoch: str, sequence: int, node: str = "main") -> None:
        self.tell(
            f"bridge/ack/{node}/{lane}",
            {"store": self.store, "epoch": epoch, "sequence": sequence},
            retain=True,
        )

    def command(self, device: str, name: str, body: Mapping[str, Any]) -> None:
        self.tell(f"dev/{device}/cmd/{name}", body)

    async def ask(
        self, name: str, args: Mapping[str, Any], node: str = "main"
    ) -> dict[str, Any]:
        """A request to the node; gives its reply."""
        self._asked += 1
        request = f"ask-{self.store}-{self._asked}"
        body = {"id": request, "args": args, "timeout_s": 5}
        self.tell(f"node/{node}/cmd/{name}", body)
        return await self.reply(request)

    # Waiting

    async def wait(self, holds: Callable[[], bool]) -> None:
        """Wait until `holds()`, judged after everything heard."""
        if holds():
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._watches.append((holds, future))
        await future

    async def reply(self, request: str, count: int = 1) -> dict[str, Any]:
        """The reply to a request, once it came `count` times."""

        def found() -> list[dict[str, Any]]:
            return [reply for reply in self.replies if reply["id"] == request]

        await self.wait(lambda: len(found()) >= count)
        return found()[-1]

    async def told(
        self, topic: str, holds: Callable[[Any], bool] = lambda _body: True
    ) -> Any:
        """The retained value of a topic, once it fits."""
        name = f"{ROOT}/{topic}"
        await self.wait(lambda: name in self.retained and holds(self.retained[name]))
        return self.retained[name]

    async def events(self, count: int, lane: str = "desk") -> list[dict[str, Any]]:
        """The events of the newest epoch of a lane, once there are `count`."""

        def newest() -> list[dict[str, Any]]:
            found = [kept for (_, name), kept in self.kept.items() if name == lane]
            return found[-1] if found else []

        await self.wait(lambda: len(newest()) >= count)
        return newest()

    # Hearing

    def _take_events(self, message: Message) -> None:
        self.heard.append(message)
        body = json.loads(message.payload)
        lanes = set()
        for event in body if isinstance(body, list) else [body]:
            self.arrived.append(event)
            place = (event["epoch"], event["lane"])
            kept = self.kept.setdefault(place, [])
            if int(event["sequence"]) == len(kept) + 1:
                kept.append(event)
            lanes.add((event["node"], place))
        for node, (epoch, lane) in lanes if self.acks else ():
            with suppress(AssertionError):
                self.ack(lane, epoch, len(self.kept[epoch, lane]), node)
        self._judge()

    def _take_reply(self, message: Message) -> None:
        self.heard.append(message)
        self.replies.append(json.loads(message.payload))
        self._judge()

    def _take_retained(self, message: Message) -> None:
        self.heard.append(message)
        body = json.loads(message.payload) if message.payload else None
        self.retained[message.topic] = body
        self._judge()

    def _judge(self) -> None:
        for holds, future in list(self._watches):
            if future.done():
                self._watches.remove((holds, future))
            elif holds():
                future.set_result(None)
                self._watches.remove((holds, future))


@asynccontextmanager
async def fake_bridge(
    broker: BrokerAddress, *, store: str = "store-1", acks: bool = True
) -> AsyncIterator[FakeBridge]:
    """A bridge that is connected and has subscribed."""
    bridge = FakeBridge(broker, store=store, acks=acks)
    subscribed = asyncio.Event()

    def ask_all() -> None:
        subscribed.set()
        bridge.tell("node/main/cmd/republish", {})

    bridge.client._on_subscribed = ask_all
    task = asyncio.create_task(bridge.client.run())
    try:
        await subscribed.wait()
        yield bridge
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
