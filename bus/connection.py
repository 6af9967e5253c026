"""One connection to the broker, used once: paho on the event loop.

paho is driven through its socket callbacks (facts: MQTT, clients and rates).
The socket is made beforehand, so that a slow network never blocks the loop and
an attempt that was given up leaves no half-open session behind.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from bus.address import BrokerAddress
from bus.buffered import BufferedSocket
from bus.threads import in_daemon_thread

KEEPALIVE_S: Final = 10
CONNECT_TIMEOUT_S: Final = 3.0
UNACKED_LIMIT_MS: Final = 15_000
"""Bytes that the broker's machine does not acknowledge for so long end it."""
CLOSED_BY_BROKER: Final = "the broker ended the connection"
SILENT: Final = "the broker does not answer"


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


@dataclass(frozen=True, slots=True)
class Events:
    """Who hears of what happens on a connection; called on the loop."""

    message: Callable[[str, Message], None]
    subscribed: Callable[[], None]


async def open_socket(address: BrokerAddress) -> socket.socket:
    """Connect TCP, and TLS when asked; raises OSError in plain words."""
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            return await in_daemon_thread(
                lambda: _connected(address), name="bus-connect", discard=_close
            )
    except TimeoutError as error:
        raise OSError("no answer") from error


class Connection:
    """An MQTT session on an open socket."""

    def __init__(
        self,
        sock: socket.socket,
        address: BrokerAddress,
        client_id: str,
        *,
        will: Will | None,
        events: Events,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._address = address
        self._events = events
        self._socket: BufferedSocket | None = BufferedSocket(sock)
        self._reading = False
        self._paused = False
        self._ended: asyncio.Future[str] = self._loop.create_future()
        self._answered = asyncio.Event()
        self._requested: dict[int, list[str]] = {}
        self._sizes: dict[int, int] = {}
        self._bytes = 0
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._paho = _Paho(self._socket, client_id)
        self._prepare(will)

    def _prepare(self, will: Will | None) -> None:
        mqtt = self._paho
        mqtt.max_inflight_messages_set(0)
        if self._address.user is not None:
            mqtt.username_pw_set(self._address.user, self._address.password)
        if will is not None:
            mqtt.will_set(will.topic, will.payload, qos=1, retain=True)
        mqtt.on_connect = self._on_connect
        mqtt.on_disconnect = self._on_disconnect
        mqtt.on_subscribe = self._on_subscribe
        mqtt.on_publish = self._on_publish
        mqtt.on_socket_close = self._on_socket_close
        mqtt.on_socket_register_write = self._on_register_write
        mqtt.on_socket_unregister_write = self._on_unregister_write

    @property
    def inflight(self) -> int:
        """QoS 1 messages without PUBACK."""
        return len(self._sizes)

    async def open(self) -> None:
        """Send CONNECT and wait for CONNACK; raises OSError in plain words."""
        assert self._socket is not None  # noqa: S101 - narrows the type
        self._paho.connect_async(self._address.host, self._address.port, KEEPALIVE_S)
        self._paho.reconnect()
        self._start_reading()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._answered.wait()
        except TimeoutError as error:
            raise ConnectionError(
                "no answer to CONNECT: is it an MQTT broker?"
            ) from error
        if self._ended.done():
            raise ConnectionError(self._ended.result())

    async def served(self) -> str:
        """Wait for the end; gives its reason."""
        while True:
            done, _ = await asyncio.wait({self._ended}, timeout=1.0)
            if done:
                return self._ended.result()
            self._paho.loop_misc()

    def end(self, reason: str) -> None:
        """Have `served` return."""
        if not self._ended.done():
            self._ended.set_result(reason)
        self._answered.set()
        self._wake_all()

    def close(self) -> None:
        """Say good-bye if possible and free the socket."""
        self._paho.on_disconnect = None
        sock = self._socket
        with suppress(OSError, ValueError):
            self._paho.disconnect()
            self._paho.loop_write()
        self._detach()
        if sock is not None:
            sock.close()
        self.end("closed")

    def subscribe(self, filters: list[str]) -> None:
        """Ask for filters, QoS 1."""
        for topic_filter in filters:
            self._paho.message_callback_add(topic_filter, self._reader(topic_filter))
        if filters:
            _, request = self._paho.subscribe([(name, 1) for name in filters])
            if request is not None:
                self._requested[request] = filters
        else:
            self._events.subscribed()

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool) -> bool:
        """Hand a message to paho; False when the connection is gone."""
        info = self._paho.publish(topic, payload, qos=qos, retain=retain)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            return False
        if qos:
            self._sizes[info.mid] = len(payload)
            self._bytes += len(payload)
        return True

    async def settled(self, *, messages: int, size_bytes: int) -> None:
        """Wait until no more than so much is without PUBACK, or for the end."""
        if self._is_settled(messages, size_bytes) or self._ended.done():
            return
        future: asyncio.Future[None] = self._loop.create_future()
        waiting = (messages, size_bytes, future)
        self._waiting.append(waiting)
        try:
            await future
        finally:
            self._waiting.remove(waiting)

    def pause_reading(self) -> None:
        """Leave bytes in the socket."""
        self._paused = True
        if self._socket is not None and self._reading:
            self._reading = False
            self._loop.remove_reader(self._socket)

    def resume_reading(self) -> None:
        """Read the socket again."""
        self._paused = False
        self._start_reading()

    def _start_reading(self) -> None:
        if self._socket is not None and not self._reading:
            self._reading = True
            self._loop.add_reader(self._socket, self._read)
            self._read()

    def _read(self) -> None:
        self._paho.loop_read()
        while self._reading and self._socket is not None and self._socket.unread:
            self._paho.loop_read()

    def _write(self) -> None:
        """Let paho write its packets, and send them together."""
        self._paho.loop_write()
        sock = self._socket
        if sock is None:
            return
        try:
            sock.flush()
        except OSError:
            self.end(CLOSED_BY_BROKER)
            return
        if sock.unsent:
            self._loop.add_writer(sock, self._write)

    def _is_settled(self, messages: int, size_bytes: int) -> bool:
        return len(self._sizes) <= messages and self._bytes <= size_bytes

    def _wake_all(self) -> None:
        for _, _, future in self._waiting:
            if not future.done():
                future.set_result(None)

    def _detach(self) -> None:
        if self._socket is not None and self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
        self._socket = None
        self._reading = False

    def _reader(self, topic_filter: str) -> Callable[..., None]:
        def read(_paho: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
            payload = bytes(message.payload)
            self._events.message(
                topic_filter, Message(message.topic, payload, message.retain)
            )

        return read

    def _on_connect(
        self, _paho: paho.Client, _data: Any, _flags: Any, code: ReasonCode, _: Any
    ) -> None:
        if code.is_failure:
            self.end(f"it refuses us: {code}")
        else:
            self._answered.set()

    def _on_disconnect(
        self, _paho: paho.Client, _data: Any, _flags: Any, code: ReasonCode, _: Any
    ) -> None:
        is_silent = "Keep alive" in str(code)
        self.end(SILENT if is_silent else CLOSED_BY_BROKER)

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
                self.end(f"it forbids subscribing to {topic_filter}")
                return
        if not self._requested:
            self._events.subscribed()

    def _on_publish(self, _paho: paho.Client, _data: Any, mid: int, *_: Any) -> None:
        self._bytes -= self._sizes.pop(mid, 0)
        for messages, size_bytes, future in self._waiting:
            if not future.done() and self._is_settled(messages, size_bytes):
                future.set_result(None)

    def _on_socket_close(self, _paho: paho.Client, _data: Any, _sock: Any) -> None:
        self._detach()

    def _on_register_write(self, _paho: paho.Client, _data: Any, sock: Any) -> None:
        self._loop.add_writer(sock, self._write)

    def _on_unregister_write(self, _paho: paho.Client, _data: Any, sock: Any) -> None:
        if sock.fileno() >= 0:
            self._loop.remove_writer(sock)


class _Paho(paho.Client):
    """A paho client on a socket that it is given (paho has no public way)."""

    def __init__(self, sock: BufferedSocket, client_id: str) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=True,
            protocol=paho.MQTTv311,
            reconnect_on_failure=False,
        )
        self._given = sock

    def _create_socket(self) -> Any:
        return self._given


def _connected(address: BrokerAddress) -> socket.socket:
    sock = socket.create_connection((address.host, address.port), CONNECT_TIMEOUT_S)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(OSError, AttributeError):  # Linux
            sock.setsockopt(
                socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKED_LIMIT_MS
            )
        if address.tls:
            context = ssl.create_default_context()
            sock = context.wrap_socket(sock, server_hostname=address.host)
        sock.settimeout(0)
    except BaseException:
        sock.close()
        raise
    return sock


def _close(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.close()
