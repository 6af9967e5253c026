"""The C-Power driver: what its protocol alone has."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
from support.screens import CALL, HALL, card, driven, entry_of, shows, until, url_of

from devices.errors import CommandRejectedError
from devices.kinds import DeviceState
from devices.site import Site
from drivers.registry import check_device
from simulators.cpower.simulator import CPowerCard, CPowerCardParameters
from simulators.hosting.host import host
from simulators.simulator import Output


@pytest.fixture(params=["tcp", "pty"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return url_of(str(request.param), tmp_path)


@pytest.fixture
def tcp(tmp_path: Path) -> str:
    return url_of("tcp", tmp_path)


async def test_the_card_says_what_it_is_and_gets_the_time(url: str) -> None:
    async with (
        card("cpower", url) as hosted,
        driven("cpower", hosted, set_clock=True) as (context, run),
    ):
        await context.wait(lambda: context.info.get("clock") == "set")
        assert context.info["firmware"] == "3.3"
        assert hosted.view()["time"] is not None
        answer = await run.execute("ping")
        assert answer["answer"] == "version"
        answer = await run.execute("set_time")
        assert hosted.view()["time"] == answer["time"]


async def test_a_call_flashes_and_then_stands_still(
    tcp: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drivers.displays.wish.FLASH_S", 0.05)
    async with card("cpower", tcp) as hosted, driven("cpower", hosted) as (context, _):
        context.set_desired({"text": CALL, "blink": True, "call": "1"})

        def effects() -> list[str]:
            return [window["effect"] for window in hosted.view()["windows"]]

        await until(lambda: effects() == ["draw"])
        assert hosted.view()["refreshes"] == 2
        assert hosted.view()["splits"] == 1


async def test_a_text_too_long_scrolls_and_colours_are_rgb(tcp: str) -> None:
    async with (
        card("cpower", tcp) as hosted,
        driven("cpower", hosted, width=64, height=16, color="yellow") as (context, _),
    ):
        context.set_desired({"text": CALL, "blink": True})
        await shows(hosted, CALL)
        (window,) = hosted.view()["windows"]
        assert window["effect"] == "scroll_left"
        assert window["color"] == [255, 255, 0]


async def test_a_passing_refusal_is_tried_again_and_another_is_told(tcp: str) -> None:
    async with (
        card("cpower", tcp) as hosted,
        driven("cpower", hosted) as (context, run),
    ):
        await context.wait_state(DeviceState.READY)
        await hosted.act("refuse", {"count": 2, "error": 1})
        context.set_desired({"text": CALL})
        await shows(hosted, CALL)
        assert DeviceState.DEGRADED not in {state for state, _ in context.states}
        await hosted.act("refuse", {"count": 1, "error": 9})
        with pytest.raises(CommandRejectedError, match="9"):
            await run.execute("test", text="试")
        await hosted.act("refuse", {"count": 1, "error": 9})
        context.set_desired({"text": "乙"})
        reason = await context.wait_state(DeviceState.DEGRADED)
        assert "(9)" in reason
        await shows(hosted, "乙")
        await context.wait_state(DeviceState.READY)


async def test_a_card_with_another_id_is_silence_with_a_reason(tcp: str) -> None:
    async with (
        card("cpower", tcp, card=2) as hosted,
        driven("cpower", hosted, card=1, reply_timeout_s=0.1) as (context, _),
    ):
        reason = await context.wait_state(DeviceState.OFFLINE)
        assert "card id" in reason


class Untold(CPowerCard):
    """A card that leaves questions about its version unanswered."""

    def received(self, session: int, data: bytes, now: datetime) -> Sequence[Output]:
        return (
            () if b"\x01\x2e\x01\x00" in data else super().received(session, data, now)
        )


async def test_a_card_that_does_not_tell_its_version_works_all_the_same(
    tcp: str,
) -> None:
    entry = entry_of("cpower", tcp)
    simulator = Untold(entry, CPowerCardParameters(), Site(hall=HALL, devices=[entry]))

    def clock() -> datetime:
        return datetime.fromtimestamp(time.time(), HALL.zone)

    async with (
        host(simulator, tcp, clock=clock) as hosted,
        driven("cpower", hosted, reply_timeout_s=0.5, width=128) as (context, run),
    ):
        context.set_desired({"text": CALL})
        await shows(hosted, CALL)
        assert (await run.execute("ping"))["answer"] == "power"


async def test_a_serial_card_behind_a_serial_server(tcp: str) -> None:
    async with (
        card("cpower", tcp, framing="serial") as hosted,
        driven("cpower", hosted, framing="serial") as (context, _),
    ):
        context.set_desired({"text": CALL})
        await shows(hosted, CALL)


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ({"url": "udp://h:5200"}, "url"),
        ({"url": None}, "url"),
        ({"font_size": 32, "lines": 2}, "font_size"),
        ({"font_size": 20}, "font_size"),
        ({"card": 0}, "card"),
    ],
)
def test_what_cannot_be_is_a_mistake(keys: dict[str, object], path: str) -> None:
    entry = entry_of("cpower", "tcp://h:5200").model_copy(update=keys)
    body = {**entry.model_dump(), **keys}
    (mistake,) = check_device(type(entry).model_validate(body))
    assert mistake.path[0] == path
