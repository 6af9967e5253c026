"""The EQ2013 driver: bytes on the wire, and what a mute card needs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from support.driving import RecordingContext, driving
from support.screens import HALL, card, driven, entry_of, until

from devices.kinds import DeviceState
from devices.site import Site
from drivers.eq2013.driver import Eq2013Driver
from drivers.registry import check_device
from drivers.transports.memory import MemoryListener, memory_listener


@asynccontextmanager
async def hand_played(
    name: str, **keys: Any
) -> AsyncIterator[tuple[RecordingContext, MemoryListener]]:
    entry = entry_of("eq2013", f"memory:{name}", **keys)
    context = RecordingContext(entry, Site(hall=HALL, devices=[entry]))
    with memory_listener(name) as listener:
        async with driving(Eq2013Driver, entry, context):
            yield context, listener


async def test_the_bytes_on_the_wire_and_what_the_card_says() -> None:
    async with hand_played("eq-bytes", width=48, height=16) as (context, listener):
        far = await listener.accept()
        context.set_desired({"text": "DL48"})
        assert await far.read() == (
            b"!#001%ZD00%ZI01%ZC0000000000480016%ZA01%ZS03%ZH6000%F16%C1%AH2%AV2DL48$$"
        )
        await far.write(b"##FOK$$$")
        await context.wait(lambda: context.info.get("said") == "##FOK$$$")
        context.set_desired({"text": "A001", "color": "green"})
        assert await far.read() == (
            b"!#001%ZI01%ZC0000000000480016%ZA01%ZS03%ZH6000%F16%C2%AH2%AV2A001$$"
        )
        context.set_desired({"text": "长长长长"})
        assert b"%ZA49%" in await far.read()
        context.set_desired({"text": ""})
        assert await far.read() == b"!#001%ZD00$$"


async def test_each_text_is_told_twice_and_then_at_intervals(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Eq2013Driver, "repeat_after_s", 0.02)
    async with (
        card("eq2013", "tcp://127.0.0.1:0") as hosted,
        driven("eq2013", hosted, rewrite_every_s=3600) as (context, _),
    ):
        context.set_desired({"text": "甲"})
        await until(lambda: hosted.view()["refreshes"] == 2)
        context.set_desired({"text": "乙"})
        await until(lambda: hosted.view()["refreshes"] == 4)
        assert hosted.view()["clears"] == 1


async def test_a_card_that_answers_to_udp() -> None:
    async with (
        card("eq2013", "udp://127.0.0.1:0") as hosted,
        driven("eq2013", hosted) as (context, _),
    ):
        context.set_desired({"text": "甲"})
        await until(lambda: hosted.view()["texts"] == ["甲"])
        await context.wait_state(DeviceState.READY)


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ({"url": None}, "url"),
        ({"font_size": 24, "lines": 2}, "font_size"),
        ({"brightness": {"from": "1:00", "to": "12:00", "level": 1}}, "brightness"),
        ({"address": 1000}, "address"),
    ],
)
def test_what_cannot_be_is_a_mistake(keys: dict[str, object], path: str) -> None:
    entry = entry_of("eq2013", "tcp://h:5005")
    body = {**entry.model_dump(), **keys}
    (mistake,) = check_device(type(entry).model_validate(body))
    assert mistake.path[0] == path
