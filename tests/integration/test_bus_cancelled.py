"""A bus client that is cancelled anywhere on its way leaves no socket open."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest

from bus.address import BrokerAddress
from bus.client import BusClient, Will

CONNACK = b"\x20\x02\x00\x00"
TURNS = 24
"""Turns of the loop; a connection is usually up after half of them."""


@pytest.fixture
async def broker() -> AsyncIterator[BrokerAddress]:
    """Takes every session and says nothing more."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            if await reader.read(4096):
                writer.write(CONNACK)
                while await reader.read(4096):
                    pass
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield BrokerAddress(host="127.0.0.1", port=server.sockets[0].getsockname()[1])


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[socket.socket]:
    """Every socket that a client opens."""
    sockets: list[socket.socket] = []
    connect = socket.create_connection

    def keep(*arguments: Any) -> socket.socket:
        sockets.append(connect(*arguments))
        return sockets[-1]

    monkeypatch.setattr("bus.connection.socket.create_connection", keep)
    return sockets


def finish_dialling() -> None:
    """Have the dialling thread end while the loop stands still."""
    for thread in threading.enumerate():
        if thread.name == "bus-connect":
            thread.join(10)


async def hello() -> Will:
    await asyncio.sleep(0)
    return Will("hall/v1/t/bridge/state", b"{}")


@pytest.mark.parametrize("at", range(TURNS))
async def test_a_client_that_is_cancelled_leaves_no_socket_open(
    at: int, broker: BrokerAddress, opened: list[socket.socket]
) -> None:
    client = BusClient(broker, "halld-t", hello=hello)
    running = asyncio.create_task(client.run())
    for _ in range(at):
        await asyncio.sleep(0)
        finish_dialling()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    finish_dialling()
    await asyncio.sleep(0)
    assert [sock for sock in opened if sock.fileno() >= 0] == []


async def test_a_connected_client_that_is_cancelled_closes_its_socket(
    broker: BrokerAddress, opened: list[socket.socket]
) -> None:
    client = BusClient(broker, "halld-t", hello=hello)
    running = asyncio.create_task(client.run())
    await client.wait_connected()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [sock.fileno() for sock in opened] == [-1]


async def test_a_will_that_cannot_be_leaves_no_socket_open(
    broker: BrokerAddress, opened: list[socket.socket]
) -> None:
    async def nowhere() -> Will:
        return Will("", b"")

    with pytest.raises(ValueError, match="topic"):
        await BusClient(broker, "halld-t", hello=nowhere).run()
    assert [sock.fileno() for sock in opened] == [-1]
