from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from support.killable import KillableBroker

from bus import client as bus_client
from bus.address import BrokerAddress
from bus.client import ANOTHER_PROGRAM, BusClient, Message, Will
from devices.errors import DeviceError, MisuseError
from devices.events import MAX_PAYLOAD


class Ear:
    """Keeps what came; `wait` for what fits."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._came = asyncio.Event()

    def __call__(self, message: Message) -> None:
        self.messages.append(message)
        self._came.set()

    async def wait(self, holds: Callable[[], bool]) -> None:
        while not holds():
            self._came.clear()
            await self._came.wait()

    @property
    def payloads(self) -> list[bytes]:
        return [message.payload for message in self.messages]


@asynccontextmanager
async def running(client: BusClient) -> AsyncIterator[BusClient]:
    task = asyncio.create_task(client.run())
    try:
        yield client
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def listening(
    broker: KillableBroker, topic_filter: str, name: str = "ear"
) -> AsyncIterator[tuple[BusClient, Ear]]:
    subscribed = asyncio.Event()
    client = BusClient(broker.address, name, on_subscribed=subscribed.set)
    ear = Ear()
    client.subscribe(topic_filter, ear)
    async with running(client):
        await subscribed.wait()
        yield client, ear


async def test_messages_arrive_in_order(broker: KillableBroker) -> None:
    async with listening(broker, "t/+") as (client, ear):
        for number in range(500):
            assert client.publish("t/a", str(number).encode())
        await ear.wait(lambda: len(ear.messages) == 500)
    assert ear.payloads == [str(number).encode() for number in range(500)]


async def test_retained_values_come_marked(broker: KillableBroker) -> None:
    async with running(BusClient(broker.address, "mouth")) as mouth:
        await mouth.wait_connected()
        mouth.publish("t/a", b"kept", retain=True)
        await mouth.drained(messages=0)
        async with listening(broker, "t/a") as (_, ear):
            await ear.wait(lambda: bool(ear.messages))
    assert ear.messages == [Message("t/a", b"kept", retain=True)]


async def test_nothing_is_taken_without_a_connection() -> None:
    client = BusClient(BrokerAddress(host="127.0.0.1", port=1), "x")
    assert not client.publish("t/a", b"x")
    assert client.reason
    await client.drained(messages=0)


async def test_a_payload_over_the_limit_is_refused(broker: KillableBroker) -> None:
    async with listening(broker, "t/+") as (client, ear):
        with pytest.raises(MisuseError):
            client.publish("t/a", bytes(MAX_PAYLOAD + 1))
        client.publish("t/a", bytes(MAX_PAYLOAD))
        await ear.wait(lambda: bool(ear.messages))
    assert len(ear.messages[0].payload) == MAX_PAYLOAD


async def test_it_comes_back_and_subscribes_again(broker: KillableBroker) -> None:
    connects = asyncio.Semaphore(0)
    ear = Ear()
    client = BusClient(broker.address, "x", on_connect=connects.release)
    client.subscribe("t/+", ear)
    async with running(client):
        await connects.acquire()
        await broker.kill()
        await broker.start()
        await connects.acquire()
        assert client.connected
        assert client.reason == ""
        client.publish("t/a", b"again")
        await ear.wait(lambda: b"again" in ear.payloads)


async def test_a_filter_added_later_is_subscribed(broker: KillableBroker) -> None:
    async with listening(broker, "t/+") as (client, _):
        late = Ear()
        client.subscribe("u/+", late)
        client.publish("u/a", b"x")
        await late.wait(lambda: bool(late.messages))


async def test_a_handlers_mistake_costs_one_message(
    broker: KillableBroker, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(broker, "t/+") as (client, ear):
        taken = asyncio.Semaphore(0)

        def fail(message: Message) -> None:
            taken.release()
            if message.payload != b"good":
                raise ZeroDivisionError

        client.subscribe("u/+", fail)
        for payload in (b"x", b"y"):
            client.publish("u/a", payload)
            await taken.acquire()
        client.publish("t/a", b"y")
        await ear.wait(lambda: bool(ear.messages))
        assert client.connected
        assert client.fault == "cannot handle what came on u/a: ZeroDivisionError()"
        client.publish("u/a", b"good")
        await taken.acquire()
        assert client.fault == ""
    assert caplog.text.count("cannot handle u/a") == 1


async def test_each_connect_has_a_will_of_its_own(broker: KillableBroker) -> None:
    sessions: list[int] = []

    async def hello() -> Will:
        sessions.append(len(sessions) + 1)
        return Will("t/will", str(sessions[-1]).encode())

    connects = asyncio.Semaphore(0)
    client = BusClient(broker.address, "x", hello=hello, on_connect=connects.release)
    async with listening(broker, "t/will") as (_, ear), running(client):
        await connects.acquire()
        client._connection._socket._socket.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]
        await ear.wait(lambda: bool(ear.messages))
        await connects.acquire()
    assert ear.payloads == [b"1"]
    assert sessions == [1, 2]


async def test_a_good_end_says_no_will(broker: KillableBroker) -> None:
    async def hello() -> Will:
        return Will("t/will", b"lost")

    async with listening(broker, "t/+") as (watcher, ear):
        async with running(BusClient(broker.address, "x", hello=hello)) as client:
            await client.wait_connected()
        watcher.publish("t/end", b"end")
        await ear.wait(lambda: bool(ear.messages))
    assert ear.payloads == [b"end"]


async def test_no_session_is_counted_while_the_broker_is_away() -> None:
    hellos = 0

    async def hello() -> Will:
        nonlocal hellos
        hellos += 1
        return Will("t/will", b"")

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    client = BusClient(BrokerAddress(host="127.0.0.1", port=port), "x", hello=hello)
    async with running(client):
        while "Connection refused" not in client.reason:  # noqa: ASYNC110 - a look
            await asyncio.sleep(0.01)
    assert hellos == 0


async def test_a_hello_that_fails_is_tried_again(broker: KillableBroker) -> None:
    results = iter([DeviceError("disk full"), None])

    async def hello() -> Will:
        error = next(results)
        if error is not None:
            raise error
        return Will("t/will", b"")

    async with running(BusClient(broker.address, "x", hello=hello)) as client:
        await client.wait_connected()


async def test_three_takeovers_are_another_program(
    broker: KillableBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus_client, "TAKEOVER_WINDOW_S", 60.0)
    async with running(BusClient(broker.address, "same")) as first:
        for _ in range(3):
            await first.wait_connected()
            async with running(BusClient(broker.address, "same")) as second:
                await second.wait_connected()
                while first.connected:  # noqa: ASYNC110 - the client tells nobody
                    await asyncio.sleep(0.005)
        while first.reason != ANOTHER_PROGRAM:  # noqa: ASYNC110 - same
            await asyncio.sleep(0.005)
        assert first.takeovers == 1


async def test_drained_waits_for_the_pubacks(broker: KillableBroker) -> None:
    async with listening(broker, "t/+") as (client, _):
        for _ in range(200):
            client.publish("t/a", b"x" * 1000)
        assert client.inflight == 200
        await client.drained(messages=0)
        assert client.inflight == 0


async def test_drained_ends_with_the_connection(broker: KillableBroker) -> None:
    async with listening(broker, "t/+") as (client, _):
        client.pause_reading()
        client.publish("t/a", b"x")
        waiting = asyncio.create_task(client.drained(messages=0))
        await asyncio.sleep(0)
        client._connection.end("the test says so")  # type: ignore[union-attr]
        await waiting


async def test_paused_reading_holds_messages_and_loses_none(
    broker: KillableBroker,
) -> None:
    async with (
        listening(broker, "t/+") as (client, ear),
        running(BusClient(broker.address, "mouth")) as mouth,
    ):
        await mouth.wait_connected()
        client.pause_reading()
        for number in range(100):
            mouth.publish("t/a", str(number).encode())
        await mouth.drained(messages=0)
        assert ear.messages == []
        client.resume_reading()
        await ear.wait(lambda: len(ear.messages) == 100)


async def test_a_silent_listener_is_no_broker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bus.connection.CONNECT_TIMEOUT_S", 0.1)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = BrokerAddress(host="127.0.0.1", port=silent.getsockname()[1])
        async with running(BusClient(address, "x")) as client:
            while "MQTT broker?" not in client.reason:  # noqa: ASYNC110 - a look
                await asyncio.sleep(0.01)
