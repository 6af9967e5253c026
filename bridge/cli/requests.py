"""Asks the running hall over the bus and waits for the answer."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Final

from bus.address import BrokerAddress
from bus.client import BusClient, Message
from devices.commands import Command, Reply
from devices.errors import CommandTimeoutError

CONNECT_S: Final = 5.0


@contextlib.asynccontextmanager
async def connected(broker: BrokerAddress) -> AsyncIterator[BusClient]:
    """A client of its own name; raises OSError when there is no broker."""
    client = BusClient(broker, f"halld-cli-{uuid.uuid4().hex[:12]}")
    task = asyncio.create_task(client.run())
    try:
        try:
            async with asyncio.timeout(CONNECT_S):
                await client.wait_connected()
        except TimeoutError as error:
            raise ConnectionError(client.reason or f"no broker at {broker}") from error
        yield client
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def first_message(
    client: BusClient, topic: str, *, within_s: float, what: str
) -> bytes:
    """The first payload on a topic, a retained one at once."""
    arrived: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def take(message: Message) -> None:
        if not arrived.done() and message.payload:
            arrived.set_result(message.payload)

    client.subscribe(topic, take)
    try:
        async with asyncio.timeout(within_s):
            return await arrived
    except TimeoutError as error:
        raise CommandTimeoutError(f"{what} does not answer") from error


async def ask(
    client: BusClient,
    topic: str,
    reply_topic: Callable[[str], str],
    command: Command,
    *,
    what: str,
) -> Reply:
    """Send a command and wait for its reply."""
    waiting = asyncio.create_task(
        first_message(
            client, reply_topic(command.id), within_s=command.timeout_s, what=what
        )
    )
    await asyncio.sleep(0.1)  # the subscription must stand before the question
    client.publish(topic, command.encode())
    return Reply.decode(await waiting)


def new_command(timeout_s: float = 10.0, **args: object) -> Command:
    """A command with an id of its own."""
    return Command(id=uuid.uuid4().hex, args=args, timeout_s=timeout_s)
