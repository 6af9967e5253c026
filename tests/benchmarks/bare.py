"""The bare pipeline: what this machine can do at best with the same durability.

`give`: a paho publisher, QoS 1. `take`: a paho subscriber that commits into
SQLite (WAL, FULL) what arrived while the last commit ran. Both are stock paho
driven by the event loop; none of halld is in it.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sqlite3
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

BURST = 200
MOST_INFLIGHT = 4000
TOPIC = "bare/event"


def _event(sequence: int) -> bytes:
    event = {
        "specversion": "1.0",
        "id": f"main:00000000-0000-0000-0000-000000000000:desk:{sequence}",
        "source": "urn:halld:bench:dev:bus-1",
        "type": "rating.press",
        "subject": "bus-1",
        "time": "2026-01-01T08:00:00.000000+08:00",
        "datacontenttype": "application/json",
        "node": "main",
        "epoch": "00000000-0000-0000-0000-000000000000",
        "lane": "desk",
        "sequence": str(sequence),
        "sequencetype": "Integer",
        "receivedtime": "2026-01-01T08:00:00.000000+08:00",
        "data": {"counter": "w1", "value": 5, "key": 3, "address": 1, "raw": "ff68"},
    }
    return json.dumps(event, separators=(",", ":")).encode()


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the other process reads it


class Client:
    """Stock paho on the event loop."""

    def __init__(self, port: int, name: str) -> None:
        self._loop = asyncio.get_running_loop()
        self.connected = asyncio.Event()
        self.subscribed = asyncio.Event()
        self.acked = asyncio.Event()
        self.inflight = 0
        self.paho = paho.Client(CallbackAPIVersion.VERSION2, client_id=name)
        self.paho.max_inflight_messages_set(0)
        self.paho.on_connect = lambda *_: self.connected.set()
        self.paho.on_subscribe = lambda *_: self.subscribed.set()
        self.paho.on_publish = self._on_publish
        self.paho.on_socket_open = self._on_open
        self.paho.on_socket_close = self._on_close
        self.paho.on_socket_register_write = self._on_write
        self.paho.on_socket_unregister_write = self._on_written
        self.paho.connect("127.0.0.1", port, 60)

    def publish(self, payload: bytes) -> None:
        """Publish with QoS 1."""
        self.inflight += 1
        self.paho.publish(TOPIC, payload, qos=1)

    async def below(self, most: int) -> None:
        """Wait until no more than `most` wait for their PUBACK."""
        while self.inflight > most:
            self.acked.clear()
            await self.acked.wait()

    def _on_publish(self, *_: Any) -> None:
        self.inflight -= 1
        self.acked.set()

    def _on_open(self, _client: Any, _data: Any, sock: Any) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._loop.add_reader(sock, self.paho.loop_read)

    def _on_close(self, _client: Any, _data: Any, sock: Any) -> None:
        self._loop.remove_reader(sock)

    def _on_write(self, _client: Any, _data: Any, sock: Any) -> None:
        self._loop.add_writer(sock, self.paho.loop_write)

    def _on_written(self, _client: Any, _data: Any, sock: Any) -> None:
        self._loop.remove_writer(sock)


async def give(port: int, count: int) -> None:
    """Publish `count` events."""
    client = Client(port, "bare-giver")
    await client.connected.wait()
    _say(str(time.monotonic()))
    for sequence in range(1, count + 1):
        client.publish(_event(sequence))
        if sequence % BURST == 0:
            await client.below(MOST_INFLIGHT)
            await asyncio.sleep(0)
    await client.below(0)
    client.paho.disconnect()


async def take(port: int, count: int, path: str) -> None:
    """Commit `count` events."""
    loop = asyncio.get_running_loop()
    waiting: list[bytes] = []
    arrived = asyncio.Event()

    def keep(_client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        waiting.append(bytes(message.payload))
        arrived.set()

    def commit(batch: list[bytes]) -> None:
        rows = [(e["source"], e["id"], b) for b in batch for e in (json.loads(b),)]
        with database:
            database.executemany("INSERT OR IGNORE INTO event VALUES (?, ?, ?)", rows)

    with ThreadPoolExecutor(1) as thread:
        database = await loop.run_in_executor(thread, _open, path)
        client = Client(port, "bare-taker")
        client.paho.on_message = keep
        await client.connected.wait()
        client.paho.subscribe(TOPIC, 1)
        await client.subscribed.wait()
        _say("ready")
        done = 0
        while done < count:
            await arrived.wait()
            arrived.clear()
            batch, waiting[:] = list(waiting), []
            await loop.run_in_executor(thread, commit, batch)
            done += len(batch)
        _say(str(time.monotonic()))
        client.paho.disconnect()
        await loop.run_in_executor(thread, database.close)


def _open(path: str) -> sqlite3.Connection:
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute(
        "CREATE TABLE event (source TEXT, id TEXT, body BLOB, UNIQUE (source, id))"
    )
    return database


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["give", port, count]:
            asyncio.run(give(int(port), int(count)))
        case ["take", port, count, path]:
            asyncio.run(take(int(port), int(count), path))
