"""The MQTT client: paho on the event loop, reconnecting for ever.

paho is driven through its socket callbacks (facts: MQTT, clients and rates).
Each connection gets a paho client of its own: nothing queued on a dead
connection is sent on the next one. What must arrive is sent again by the
journal, what is retained is published again on every CONNACK.
"""

from __future__ import annotations

import asyncio
import logging
import random
import socket
import ssl
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from bus.address import BrokerAddress
from bus.backoff import Backoff
from devices.errors import MisuseError
from devices.events import MAX_PAYLOAD

log = logging.getLogger(__name__)

KEEPALIVE_S: Final = 10
CONNECT_TIMEOUT_S: Final = 3.0
MAX_INFLIGHT: Final = 4000
"""QoS 1 messages without PUBACK; beyond it `drained` makes the sender wait."""
TAKEOVER_LIMIT: Final = 3
TAKEOVER_WINDOW_S: Final = 10.0
ANOTHER_PROGRAM: Final = "another program uses my id"


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it came."""

    topic: str
    payload: bytes
    retain: bool


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker publishes, retained, when this client is lost."""

    topic: str
    payload: bytes


Handler = Callable[[Message], None]


class BusClient:
    """One client id on one broker.

    `hello` is awaited before every CONNECT and gives that connection's will
    (it counts the session). `on_connect` is called after every CONNACK, when
    publishing works again. Handlers run on the loop and must only enqueue.
    """

    def __init__(
        self,
        address: BrokerAddress,
        client_id: str,
        *,
        hello: Callable[[], Awaitable[Will]] | None = None,
        on_connect: Callable[[], None] | None = None,
        on_disconnect: Callable[[], None] | None = None,
    ) -> None:
        self.address = address
        self.client_id = client_id
        self.reason = "not connected yet"
        """Why there is no connection; empty while connected."""
        self._hello = hello
        self._on_connect = on_connect
        self._on_disconnect = on_disconnect
        self._handlers: dict[str, Handler] = {}
        self._connection: _Connection | None = None
        self._up = asyncio.Event()
        self._lost_at: deque[float] = deque(maxlen=TAKEOVER_LIMIT)

    @property
    def connected(self) -> bool:
        """Whether publishing works now."""
        return self._up.is_set()

    @property
    def idle(self) -> bool:
        """Whether no QoS 1 message waits for its PUBACK."""
        return self._connection is None or self._connection.idle

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

    async def drained(self) -> None:
        """Wait until fewer than MAX_INFLIGHT messages wait for their PUBACK."""
        if self._connection is not None:
            await self._connection.drained()

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
            was_up = await self._one_connection(backoff)
            if self._taken_over():
                self._down(ANOTHER_PROGRAM)
                await asyncio.sleep(TAKEOVER_WINDOW_S * (1 + random.random()))
            elif not was_up or self._lost_at:
                await asyncio.sleep(backoff.next_s())

    async def _one_connection(self, backoff: Backoff) -> bool:
        """Connect and serve until it breaks; whether it was up at all."""
        loop = asyncio.get_running_loop()
        will = await self._hello() if self._hello else None
        connection = _Connection(self, will)
        self._connection = connection
        up = False
        try:
            await connection.open()
            up = True
            backoff.reset()
            self._came_up()
            reason = await connection.served()
            self._lost_at.append(loop.time())
        except OSError as error:
            reason = f"no broker at {self.address}: {error.strerror or error}"
        finally:
            self._up.clear()
            connection.close()
            self._connection = None
        if self._on_disconnect is not None and up:
            self._on_disconnect()
        self._down(reason)
        return up

    def _came_up(self) -> None:
        assert self._connection is not None  # noqa: S101 - narrows the type
        log.info("connected to %s as %s", self.address, self.client_id)
        self.reason = ""
        self._up.set()
        self._connection.subscribe(list(self._handlers))
        if self._on_connect is not None:
            self._on_connect()

    def _down(self, reason: str) -> None:
        if self.reason != reason:
            log.warning("%s: %s; trying again for ever", self.client_id, reason)
        self.reason = reason

    def _taken_over(self) -> bool:
        lost = self._lost_at
        if len(lost) == TAKEOVER_LIMIT and lost[-1] - lost[0] < TAKEOVER_WINDOW_S:
            lost.clear()
            return True
        return False

    def dispatch(self, topic_filter: str, message: Message) -> None:
        """Call a filter's handler; its mistake must not end the connection."""
        try:
            self._handlers[topic_filter](message)
        except Exception:  # a handler's bug costs one message, visibly
            log.exception("%s: cannot handle %s", self.client_id, message.topic)


class _Connection:
    """One connection to the broker, used once."""

    def __init__(self, client: BusClient, will: Will | None) -> None:
        self._client = client
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[str] = self._loop.create_future()
        self._accepted: asyncio.Future[None] = self._loop.create_future()
        self._room = asyncio.Event()
        self._room.set()
        self._inflight = 0
        self._socket: socket.socket | None = None
        self._requested: dict[int, list[str]] = {}
        self._paho = self._make_paho(client, will)

    def _make_paho(self, client: BusClient, will: Will | None) -> paho.Client:
        mqtt = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client.client_id,
            clean_session=True,
            protocol=paho.MQTTv311,
            reconnect_on_failure=False,
        )
        mqtt.connect_timeout = CONNECT_TIMEOUT_S
        mqtt.max_inflight_messages_set(0)
        if client.address.user is not None:
            mqtt.username_pw_set(client.address.user, client.address.password)
        if client.address.tls:
            mqtt.tls_set_context(ssl.create_default_context())
        if will is not None:
            mqtt.will_set(will.topic, will.payload, qos=1, retain=True)
        mqtt.on_connect = self._on_connect
        mqtt.on_disconnect = self._on_disconnect
        mqtt.on_subscribe = self._on_subscribe
        mqtt.on_publish = self._on_publish
        return mqtt

    @property
    def idle(self) -> bool:
        """Whether no QoS 1 message waits for its PUBACK."""
        return self._inflight == 0

    async def open(self) -> None:
        """Connect and wait for CONNACK; raises OSError in plain words."""
        address = self._client.address
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S * 2):
                await asyncio.to_thread(
                    self._paho.connect, address.host, address.port, KEEPALIVE_S
                )
                self._attach()
                await self._accepted
        except TimeoutError as error:
            raise OSError("no answer") from error

    async def served(self) -> str:
        """Wait for the end; gives its reason."""
        while True:
            done, _ = await asyncio.wait({self._ended}, timeout=1.0)
            if done:
                return self._ended.result()
            self._paho.loop_misc()

    def close(self) -> None:
        """Say good-bye if possible and free the socket."""
        self._paho.on_disconnect = None
        with suppress(OSError, ValueError):
            self._paho.disconnect()
            self._paho.loop_write()
        sock = self._paho.socket()
        self._detach()
        if sock is not None:
            with suppress(OSError):
                sock.close()

    def subscribe(self, filters: list[str]) -> None:
        """Ask for filters, QoS 1."""
        for topic_filter in filters:
            self._paho.message_callback_add(topic_filter, self._reader(topic_filter))
        if filters:
            _, request = self._paho.subscribe([(name, 1) for name in filters])
            if request is not None:
                self._requested[request] = filters

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool) -> bool:
        """Hand a message to paho."""
        info = self._paho.publish(topic, payload, qos=qos, retain=retain)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            return False
        if qos:
            self._inflight += 1
            if self._inflight >= MAX_INFLIGHT:
                self._room.clear()
        return True

    async def drained(self) -> None:
        """Wait for room, or for the end of the connection."""
        await self._room.wait()

    def pause_reading(self) -> None:
        """Leave bytes in the socket."""
        if self._socket is not None:
            self._loop.remove_reader(self._socket)

    def resume_reading(self) -> None:
        """Read the socket again."""
        if self._socket is not None:
            self._loop.add_reader(self._socket, self._paho.loop_read)

    def _attach(self) -> None:
        sock = self._paho.socket()
        if sock is None:
            raise ConnectionError("the broker closed the connection")
        raw: socket.socket = sock  # type: ignore[assignment]
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = raw
        self._paho.on_socket_close = self._on_socket_close
        self._paho.on_socket_register_write = self._on_register_write
        self._paho.on_socket_unregister_write = self._on_unregister_write
        self._loop.add_reader(raw, self._paho.loop_read)
        if self._paho.want_write():
            self._loop.add_writer(raw, self._paho.loop_write)

    def _detach(self) -> None:
        if self._socket is not None and self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
        self._socket = None
        self._room.set()

    def _end(self, reason: str) -> None:
        if not self._accepted.done():
            self._accepted.set_exception(ConnectionError(reason))
        if not self._ended.done():
            self._ended.set_result(reason)

    def _reader(self, topic_filter: str) -> Callable[..., None]:
        def read(_paho: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
            payload = bytes(message.payload)
            self._client.dispatch(
                topic_filter, Message(message.topic, payload, message.retain)
            )

        return read

    def _on_connect(
        self, _paho: paho.Client, _data: Any, _flags: Any, code: ReasonCode, _: Any
    ) -> None:
        if code.is_failure:
            self._end(f"the broker at {self._client.address} refuses: {code}")
        elif not self._accepted.done():
            self._accepted.set_result(None)

    def _on_disconnect(
        self, _paho: paho.Client, _data: Any, _flags: Any, code: ReasonCode, _: Any
    ) -> None:
        self._end(f"connection to {self._client.address} lost: {code}")

    def _on_subscribe(
        self,
        _paho: paho.Client,
        _data: Any,
        request: int,
        codes: list[ReasonCode],
        _: Any,
    ) -> None:
        filters = self._requested.pop(request, [])
        for topic_filter, code in zip(filters, codes, strict=False):
            if code.is_failure:
                self._end(f"the broker forbids subscribing to {topic_filter}")

    def _on_publish(self, *_: Any) -> None:
        self._inflight = max(0, self._inflight - 1)
        if self._inflight < MAX_INFLIGHT // 2:
            self._room.set()

    def _on_socket_close(self, _paho: paho.Client, _data: Any, _sock: Any) -> None:
        self._detach()

    def _on_register_write(self, _paho: paho.Client, _data: Any, sock: Any) -> None:
        self._loop.add_writer(sock, self._paho.loop_write)

    def _on_unregister_write(self, _paho: paho.Client, _data: Any, sock: Any) -> None:
        self._loop.remove_writer(sock)
