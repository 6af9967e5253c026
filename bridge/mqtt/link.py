"""The bridge on the bus: sessions, subscriptions, and what it publishes."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any, Final

from bridge.mqtt.arrivals import Arrival
from bridge.mqtt.inbox import Inbox
from bridge.mqtt.requests import Requests
from bridge.service.days import meta_value, set_meta
from bridge.service.hall import Hall
from bridge.service.work import Work
from bridge.store.errors import StoreError
from bus.address import BrokerAddress
from bus.client import BusClient, Message, Will
from devices.commands import DEFAULT_TIMEOUT_S, Ack, Desired, Reply, ReplyStatus
from devices.errors import MisuseError
from devices.events import Lane
from devices.kinds import NodeState
from devices.topics import Topics, checked_id

log = logging.getLogger(__name__)

SESSION: Final = "session"
MAX_WAYS: Final = 4096
"""Event topics that are remembered with their lane and device."""


class BridgeLink:
    """Fills `Bus` for the hall and `Nodes` for the inbox. `run` until cancelled."""

    def __init__(self, hall: Hall, broker: BrokerAddress) -> None:
        self._hall = hall
        self._topics = Topics(hall.site.hall.id)
        self._session = 0
        self._ways: dict[str, tuple[Lane, str]] = {}
        self._client = BusClient(
            broker,
            f"halld-{hall.site.hall.id}-bridge",
            hello=self._hello,
            on_connect=self._connected,
            on_disconnect=self._disconnected,
        )
        self._requests = Requests(self._client.publish)
        self._inbox = Inbox(hall, self)
        self._subscribe()
        hall.attach(self)

    @property
    def reason(self) -> str:
        """Why there is no connection; empty while connected."""
        return self._client.reason

    @property
    def fault(self) -> str:
        """What came and could not be handled; empty: nothing."""
        return self._client.fault

    async def run(self) -> None:
        """Serve until cancelled; then say that the bridge ended in good order."""
        await self._inbox.load()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._client.run())
            try:
                await self._inbox.run()
            finally:
                self._publish_state(NodeState.STOPPED)

    # -- for the hall ----------------------------------------------------------

    def show(self, device: str, desired: Desired) -> None:
        """Publish what a display shall show."""
        topic = self._topics.device(device, "desired")
        self._client.publish(topic, desired.encode(), retain=True)

    def send(self, device: str, name: str, args: Mapping[str, Any]) -> None:
        """Send a command whose reply nobody waits for."""
        topic = self._topics.command(device, name)
        self._requests.send(topic, args, DEFAULT_TIMEOUT_S)

    async def request(
        self, device: str, name: str, args: Mapping[str, Any], timeout_s: float
    ) -> Reply:
        """Send a command and wait for its reply."""
        try:
            topic = self._topics.command(device, name)
        except MisuseError as error:
            return Reply(
                id="none",
                status=ReplyStatus.REJECTED,
                code="unknown_command",
                message=str(error),
            )
        return await self._requests.ask(topic, args, timeout_s)

    # -- for the inbox ---------------------------------------------------------

    def acknowledge(self, node: str, lane: str, ack: Ack) -> None:
        """Publish an ack, retained."""
        self._client.publish(self._topics.ack(node, lane), ack.encode(), retain=True)

    async def ask_node(
        self, node: str, name: str, args: Mapping[str, Any], timeout_s: float
    ) -> Reply:
        """Send a node a request and wait for its reply."""
        topic = self._topics.node_command(node, name)
        return await self._requests.ask(topic, args, timeout_s, bare=True)

    def pause_reading(self) -> None:
        """Leave messages with the broker."""
        self._client.pause_reading()

    def resume_reading(self) -> None:
        """Take messages again."""
        self._client.resume_reading()

    # -- the connection --------------------------------------------------------

    async def _hello(self) -> Will:
        """Count the session; one number per CONNECT, kept over restarts."""

        def count(work: Work) -> int:
            session = int(meta_value(work, SESSION) or 0) + 1
            set_meta(work, SESSION, str(session))
            return session

        try:
            self._session = await self._hall.transact(count)
        except StoreError:
            self._session += 1  # the writer says why; better a bridge than none
        will = {"state": NodeState.LOST.value, "session": self._session}
        return Will(self._topics.bridge_state, json.dumps(will).encode())

    def _connected(self) -> None:
        """After every CONNACK: everything of ours again, and ask for theirs."""
        self._republish()
        for node in self._hall.directory.nodes:
            topic = self._topics.node_command(node, "republish")
            self._requests.send(topic, {}, DEFAULT_TIMEOUT_S)
        self._inbox.ask_again()

    def _disconnected(self) -> None:
        self._inbox.connection_lost()

    def _republish(self) -> None:
        self._publish_state(NodeState.READY)
        self._inbox.acknowledge_all()
        self._hall.displays.publish_all()

    def _publish_state(self, state: NodeState) -> None:
        body = {
            "state": state.value,
            "session": self._session,
            "store": self._hall.store_id,
            "ts": self._hall.now().isoformat(),
        }
        payload = json.dumps(body).encode()
        self._client.publish(self._topics.bridge_state, payload, retain=True)

    # -- what comes ------------------------------------------------------------

    def _subscribe(self) -> None:
        """One filter per need; none overlaps another."""
        topics, client = self._topics, self._client
        client.subscribe(topics.event("+", "+"), self._events)
        client.subscribe(topics.batch("+", "+"), self._events)
        client.subscribe(topics.device("+", "status"), self._device_told)
        client.subscribe(topics.device("+", "info"), self._device_told)
        client.subscribe(topics.device("+", "value"), self._device_told)
        client.subscribe(topics.reply("+", "+"), self._device_replied)
        client.subscribe(topics.node("+", "state"), self._node_told)
        client.subscribe(topics.node("+", "health"), self._node_told)
        client.subscribe(topics.node_reply("+", "+"), self._node_replied)
        client.subscribe(topics.bridge_state, self._own_state)
        client.subscribe(topics.bridge_command("+"), self._asked)

    def _events(self, message: Message) -> None:
        if message.retain:
            return  # events are never retained: a leftover of another program
        way = self._ways.get(message.topic)
        if way is None:
            place = self._topics.parse_device(message.topic)
            if place is None:
                return
            clock = place.rest.startswith("attendance.")
            way = (Lane.CLOCK if clock else Lane.DESK), place.device
            if len(self._ways) < MAX_WAYS:
                self._ways[message.topic] = way
        self._inbox.put(way[0], Arrival(way[1], message.payload))

    def _device_told(self, message: Message) -> None:
        place = self._topics.parse_device(message.topic)
        body = _object(message)
        if place is None or body is None:
            return
        now, directory = self._hall.now(), self._hall.directory
        if place.kind == "status":
            self._hall.note_devices(
                directory.take_status(place.device, body, now, retained=message.retain)
            )
        elif place.kind == "value":
            directory.take_value(place.device, body, now, retained=message.retain)
        else:
            directory.take_info(place.device, body)
            self._hall.displays.touch([place.device])

    def _device_replied(self, message: Message) -> None:
        place = self._topics.parse_device(message.topic)
        if place is not None:
            self._requests.answered(place.rest, message.payload)

    def _node_replied(self, message: Message) -> None:
        place = self._topics.parse_node(message.topic)
        if place is not None:
            self._requests.answered(place[1].partition("/")[2], message.payload)

    def _node_told(self, message: Message) -> None:
        place, body = self._topics.parse_node(message.topic), _object(message)
        if place is None or body is None:
            return
        node, leaf = place
        checked_id(node)
        if leaf == "health":
            at = None if message.retain else self._hall.now()
            self._hall.directory.take_health(node, body, at)
            return
        fresh, changes = self._hall.directory.take_node_state(
            node, body, self._hall.now()
        )
        self._hall.note_devices(changes)
        if fresh:
            self._publish_state(NodeState.READY)
            self._inbox.acknowledge_all(node)
            mine = {entry.id for entry in self._hall.site.on_node(node)}
            self._hall.displays.publish_all(mine)

    def _own_state(self, message: Message) -> None:
        """Our will of an older session came late: publish again."""
        body = _object(message)
        if body is None or body.get("session") != self._session:
            self._publish_state(NodeState.READY)

    def _asked(self, message: Message) -> None:
        if message.topic == self._topics.bridge_command("republish"):
            self._republish()


def _object(message: Message) -> Mapping[str, Any] | None:
    """A JSON object, or None for anything else (an empty payload clears)."""
    try:
        body = json.loads(message.payload)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None
