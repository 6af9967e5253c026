"""Simulated devices that call their hall instead of being reached."""

from __future__ import annotations

import asyncio

import pytest
from support.dialling import caller, open_hall
from support.echoing import echo, loop_clock

from devices.errors import ConfigurationError
from simulators.hosting.host import host

GONE = (ConnectionError, EOFError)


async def test_it_dials_when_it_wants_to_and_hangs_up_when_it_is_done() -> None:
    device = caller()
    async with open_hall() as hall, host(device, hall.url, clock=loop_clock) as hosted:
        assert hosted.url == hall.url
        for _ in range(2):
            assert hosted.sessions == 0
            await hosted.act("ring")
            reader, writer = await hall.calls.get()
            assert await reader.readexactly(5) == b"ring;"
            writer.write(b"yes")
            assert await reader.read() == b""
        assert device.heard == [b"yes", b"yes"]
        assert device.ended == [1, 2]
        assert hall.calls.empty()


async def test_it_asks_for_ever_while_nobody_answers() -> None:
    device = caller()
    async with open_hall() as hall:
        await hall.close()
        async with host(device, hall.url, clock=loop_clock) as hosted:
            await hosted.act("ring")
            await device.until(lambda: len(device.failures) >= 3)
            await hall.open()
            reader, _ = await hall.calls.get()
            assert await reader.readexactly(5) == b"ring;"
            assert hosted.failure == ""


async def test_a_line_that_the_hall_drops_is_made_again() -> None:
    device = caller()
    async with open_hall() as hall, host(device, hall.url, clock=loop_clock) as hosted:
        await hosted.act("ring")
        for _ in range(3):
            reader, writer = await hall.calls.get()
            assert await reader.readexactly(5) == b"ring;"
            writer.transport.abort()
        await device.until(lambda: device.ended == [1, 2, 3])


async def test_unplugged_it_calls_nobody_and_keeps_what_it_wants_to_say() -> None:
    device = caller()
    async with open_hall() as hall, host(device, hall.url, clock=loop_clock) as hosted:
        await hosted.act("ring")
        reader, _ = await hall.calls.get()
        await reader.readexactly(5)
        await hosted.act("unplug")
        assert not hosted.plugged
        with pytest.raises(GONE):
            await reader.readexactly(1)
        await asyncio.sleep(0.1)
        assert hall.calls.empty()
        await hosted.act("replug")
        reader, _ = await hall.calls.get()
        assert await reader.readexactly(5) == b"ring;"
        await hosted.act("powercycle")
        reader, _ = await hall.calls.get()
        assert await reader.readexactly(5) == b"ring;"


async def test_it_can_be_unplugged_while_it_dials() -> None:
    device = caller()
    async with open_hall() as hall, host(device, hall.url, clock=loop_clock) as hosted:
        await hosted.act("ring")
        await hosted.act("unplug")
        assert hosted.sessions == 0
        assert device.failures == []
        await hosted.act("replug")
        reader, _ = await hall.calls.get()
        while not await reader.read(5):
            reader, _ = await hall.calls.get()


async def test_hanging_it_neither_calls_nor_hears() -> None:
    device = caller()
    async with open_hall() as hall, host(device, hall.url, clock=loop_clock) as hosted:
        await hosted.act("ring")
        reader, writer = await hall.calls.get()
        await reader.readexactly(5)
        await hosted.act("hang")
        writer.write(b"yes")
        await hosted.act("ring")
        await writer.drain()
        writer.transport.abort()
        await device.until(lambda: bool(device.ended))
        assert device.heard == []
        assert hall.calls.empty()
        await hosted.act("hang", {"on": False})
        reader, _ = await hall.calls.get()
        assert await reader.readexactly(5) == b"ring;"


async def test_what_it_says_can_be_spoiled() -> None:
    async with (
        open_hall() as hall,
        host(caller(), hall.url, clock=loop_clock) as hosted,
    ):
        await hosted.act("garble", {"n": 1})
        await hosted.act("split")
        await hosted.act("delay", {"ms": 20})
        await hosted.act("ring")
        reader, _ = await hall.calls.get()
        said = await reader.readexactly(5)
        assert [a ^ b for a, b in zip(said, b"ring;", strict=True)] == [0, 0, 85, 0, 0]


async def test_a_crash_costs_the_line_only() -> None:
    device = caller()
    device.crashes = 1
    async with open_hall() as hall, host(device, hall.url, clock=loop_clock) as hosted:
        await hosted.act("ring")
        reader, _ = await hall.calls.get()
        with pytest.raises(GONE):
            await reader.readexactly(1)
        reader, _ = await hall.calls.get()
        assert await reader.readexactly(5) == b"ring;"
        assert "a bug" in hosted.failure


async def test_who_listens_has_no_server_to_dial() -> None:
    with pytest.raises(ConfigurationError, match="want tcp://host:port"):
        async with host(echo(), "http://127.0.0.1:1", clock=loop_clock):
            pass
