"""The bare pipeline: what this machine can do at best with the same durability.

`give`: a paho publisher, QoS 1. `take`: a paho subscriber that commits into
SQLite (WAL, FULL) what arrived while the last commit ran.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from bus.address import BrokerAddress
from bus.client import BusClient, Message

BURST = 200


def _event(sequence: int) -> bytes:
    event = {
        "specversion": "1.0",
        "id": f"main:0000:desk:{sequence}",
        "source": "urn:halld:bench:dev:bus-1",
        "type": "rating.press",
        "time": "2026-01-01T08:00:00.000000+08:00",
        "lane": "desk",
        "sequence": str(sequence),
        "data": {"counter": "w1", "value": 5, "key": 3, "address": 1, "raw": "ff68"},
    }
    return json.dumps(event).encode()


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the other process reads it


async def give(port: int, count: int) -> None:
    """Publish `count` events."""
    client = BusClient(BrokerAddress(host="127.0.0.1", port=port), "bare-giver")
    task = asyncio.create_task(client.run())
    await client.wait_connected()
    _say(str(time.monotonic()))
    for sequence in range(1, count + 1):
        client.publish("bare/event", _event(sequence))
        if sequence % BURST == 0:
            await client.drained()
            await asyncio.sleep(0)
    await client.drained(messages=0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def take(port: int, count: int, path: str) -> None:
    """Commit `count` events."""
    loop = asyncio.get_running_loop()
    waiting: list[bytes] = []
    arrived = asyncio.Event()

    def keep(message: Message) -> None:
        waiting.append(message.payload)
        arrived.set()

    def commit(batch: list[bytes]) -> None:
        rows = [(e["source"], e["id"], b) for b in batch for e in (json.loads(b),)]
        with database:
            database.executemany("INSERT OR IGNORE INTO event VALUES (?, ?, ?)", rows)

    with ThreadPoolExecutor(1) as thread:
        database = await loop.run_in_executor(thread, _open, path)
        client = BusClient(BrokerAddress(host="127.0.0.1", port=port), "bare-taker")
        client.subscribe("bare/event", keep)
        task = asyncio.create_task(client.run())
        await client.wait_connected()
        await asyncio.sleep(0.3)
        _say("ready")
        done = 0
        while done < count:
            await arrived.wait()
            arrived.clear()
            batch, waiting[:] = list(waiting), []
            await loop.run_in_executor(thread, commit, batch)
            done += len(batch)
        _say(str(time.monotonic()))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
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
