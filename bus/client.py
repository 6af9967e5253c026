"""The MQTT client: one client id on one broker, reconnecting for ever.

Each connection is a new one (`bus.connection`): nothing queued on a dead
connection is sent on the next one. What must arrive is sent again by the
journal, what is retained is published again on every CONNACK.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from bus.address import BrokerAddress
from bus.backoff import Backoff
from bus.connection import (
    CLOSED_BY_BROKER,
    Connection,
    Events,
    Message,
    Will,
    open_socket,
)
from devices.errors import DeviceError, MisuseError
from devices.events import MAX_PAYLOAD

__all__ = ["ANOTHER_PROGRAM", "BusClient", "Handler", "Message", "Will"]

log = logging.getLogger(__name__)

MAX_INFLIGHT: Final = 4000
"""QoS 1 messages without PUBACK; beyond it `drained` makes the sender wait."""
MAX_INFLIGHT_BYTES: Final = 8 * 1024 * 1024
STEADY_S: Final = 5.0
"""A connection that held so long starts the back-off anew."""
TAKEOVER_LIMIT: Final = 3
TAKEOVER_WINDOW_S: Final = 10.0
ANOTHER_PROGRAM: Final = "another program uses my id"

Handler = Callable[[Message], None]


class BusClient:
    """One client id on one broker.

    `hello` is awaited before every CONNECT and gives that connection's will
    (it counts the session). `on_connect` is called after every CONNACK, when
    publishing works again, and `on_subscribed` when the broker has taken every
    filter. Handlers run on the loop and must only enqueue.
    """

    def __init__(
        self,
        address: BrokerAddress,
        client_id: str,
        *,
        hello: Callable[[], Awaitable[Will]] | None = None,
        on_connect: Callable[[], None] | None = None,
        on_disconnect: Callable[[], None] | None = None,
        on_subscribed: Callable[[], None] | None = None,
    ) -> None:
        self.address = address
        self.client_id = client_id
        self.reason = self._told = "not connected yet"
        """Why there is no connection; empty while connected."""
        self._hello = hello
        self._on_connect = on_connect
        self._on_disconnect = on_disconnect
        self._on_subscribed = on_subscribed
        self._handlers: dict[str, Handler] = {}
        self._connection: Connection | None = None
        self._up = asyncio.Event()
        self._lost_at: deque[float] = deque(maxlen=TAKEOVER_LIMIT)
        self._faults: dict[str, str] = {}
        """By filter, what its handler failed with last; until it works again."""
        self._logged: set[tuple[str, str]] = set()
        self.takeovers = 0
        """How often another program with this id was noticed."""

    @property
    def connected(self) -> bool:
        """Whether publishing works now."""
        return self._up.is_set()

    @property
    def fault(self) -> str:
        """A message that a handler failed on, by a mistake of ours; empty: none.

        It stands until that handler takes a message again.
        """
        return next(iter(self._faults.values()), "")

    @property
    def inflight(self) -> int:
        """QoS 1 messages that wait for their PUBACK now."""
        return self._connection.inflight if self._connection is not None else 0

    async def wait_connected(self) -> None:
        """Wait for the next CONNACK, or return at once while connected."""
        await self._up.wait()

    def subscribe(self, topic_filter: str, handler: Handler) -> None:
        """Have `handler` called for a filter, over every reconnect.

        Filters must not overlap: a broker may deliver such a message twice.
        """
        self._handlers[topic_filter] = handler
        if self._connection is not None and self.connected:
            self._connection.subscribe([topic_filter])

    def publish(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False
    ) -> bool:
        """Hand a message to the connection; False when there is none."""
        if len(payload) > MAX_PAYLOAD:
            raise MisuseError(f"{topic}: {len(payload)} bytes are over {MAX_PAYLOAD}")
        if self._connection is None or not self.connected:
            return False
        return self._connection.publish(topic, payload, qos=qos, retain=retain)

    async def drained(
        self, *, messages: int = MAX_INFLIGHT, size_bytes: int = MAX_INFLIGHT_BYTES
    ) -> None:
        """Wait until no more than so much waits for its PUBACK.

        Returns when the connection ends, too.
        """
        if self._connection is not None:
            await self._connection.settled(messages=messages, size_bytes=size_bytes)

    def pause_reading(self) -> None:
        """Stop taking messages, so that the broker holds them (back-pressure)."""
        if self._connection is not None:
            self._connection.pause_reading()

    def resume_reading(self) -> None:
        """Take messages again."""
        if self._connection is not None:
            self._connection.resume_reading()

    async def run(self) -> None:
        """Stay connected until cancelled."""
        backoff = Backoff(random.random, first_s=0.1, cap_s=5.0)
        while True:
            await self._one_connection(backoff)
            if self._taken_over():
                self.takeovers += 1
                self._down(ANOTHER_PROGRAM)
                await asyncio.sleep(TAKEOVER_WINDOW_S * (0.5 + random.random()))
            else:
                await asyncio.sleep(backoff.next_s())
            self._tell()

    async def _one_connection(self, backoff: Backoff) -> None:
        """Connect and serve until it breaks."""
        loop = asyncio.get_running_loop()
        try:
            connection = await self._open()
        except (OSError, DeviceError) as error:
            # A broker that was away explains the losses before.
            self._lost_at.clear()
            words = getattr(error, "strerror", None) or error
            self._down(f"no broker at {self.address}: {words}")
            return
        began = loop.time()
        try:
            self._came_up()
            reason = await connection.served()
        finally:
            self._up.clear()
            self._connection = None
            connection.close()
        if loop.time() - began >= STEADY_S:
            backoff.reset()
        if reason == CLOSED_BY_BROKER:
            self._lost_at.append(loop.time())
        if self._on_disconnect is not None:
            self._on_disconnect()
        self._down(f"{self.address}: {reason}")

    async def _open(self) -> Connection:
        sock = await open_socket(self.address)
        try:
            will = await self._hello() if self._hello else None
            connection = Connection(
                sock,
                self.address,
                self.client_id,
                will=will,
                events=Events(self._dispatch, self._subscribed),
            )
        except BaseException:
            sock.close()
            raise
        self._connection = connection
        try:
            await connection.open()
        except BaseException:
            self._connection = None
            connection.close()
            raise
        return connection

    def _came_up(self) -> None:
        assert self._connection is not None  # noqa: S101 - narrows the type
        log.info("connected to %s as %s", self.address, self.client_id)
        self.reason = self._told = ""
        self._up.set()
        self._connection.subscribe(list(self._handlers))
        if self._on_connect is not None:
            self._on_connect()

    def _subscribed(self) -> None:
        if self._on_subscribed is not None:
            self._on_subscribed()

    def _down(self, reason: str) -> None:
        self.reason = reason

    def _tell(self) -> None:
        """Log why it is down, once, and not when everything ends at once."""
        if self._told != self.reason:
            log.warning("%s: %s; trying again for ever", self.client_id, self.reason)
        self._told = self.reason

    def _taken_over(self) -> bool:
        lost = self._lost_at
        if len(lost) == TAKEOVER_LIMIT and lost[-1] - lost[0] < TAKEOVER_WINDOW_S:
            lost.clear()
            return True
        return False

    def _dispatch(self, topic_filter: str, message: Message) -> None:
        """Call a filter's handler; its mistake must not end the connection."""
        try:
            self._handlers[topic_filter](message)
        except Exception as error:  # noqa: BLE001 - costs one message, visibly
            self._note_fault(topic_filter, message.topic, error)
        else:
            if self._faults:
                self._faults.pop(topic_filter, None)

    def _note_fault(self, topic_filter: str, topic: str, error: Exception) -> None:
        kind = topic_filter, type(error).__name__
        if kind not in self._logged:
            self._logged.add(kind)
            log.error("%s: cannot handle %s", self.client_id, topic, exc_info=error)
        self._faults[topic_filter] = f"cannot handle what came on {topic}: {error!r}"
