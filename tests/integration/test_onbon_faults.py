"""The Onbon driver and cards that refuse, hang, lose power or answer oddly."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
from support.onbon_cards import (
    CALL,
    HALL,
    VECTORS,
    card,
    context_of,
    driven,
    entry_of,
    hand_played,
    shows,
    until,
    wall_clock,
)

from devices.errors import CommandRejectedError, CommandTimeoutError
from devices.kinds import DeviceState
from devices.onbon.areas import AreaUpdate
from devices.onbon.frames import CheckMode, FontCardFramer
from devices.onbon.messages import CommandCode, Request
from devices.site import Site
from simulators.hosting.host import host
from simulators.onbon.simulator import OnbonCard, OnbonCardParameters
from simulators.simulator import Output


@pytest.fixture(params=["tcp", "pty"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "tcp":
        return "tcp://127.0.0.1:0"
    return f"serial:{tmp_path / 'led'}?baudrate=57600"


async def test_a_text_is_written_again_after_a_power_cycle(url: str) -> None:
    async with card(url) as hosted, driven(hosted, ping_every_s=0.05) as (context, _):
        context.set_desired({"text": CALL})
        await shows(hosted, CALL)
        await hosted.act("powercycle")
        await shows(hosted, CALL)
        await context.wait_state(DeviceState.READY)
        assert (DeviceState.OFFLINE) in {state for state, _ in context.states}


async def test_a_text_comes_back_after_a_power_cycle_that_nobody_saw(url: str) -> None:
    async with (
        card(url) as hosted,
        driven(hosted, rewrite_every_s=0.05) as (context, _),
    ):
        context.set_desired({"text": CALL})
        await shows(hosted, CALL)
        hosted.simulator.powercycle(wall_clock())
        assert hosted.view()["texts"] == []
        await shows(hosted, CALL)
        assert context.states == [(DeviceState.INIT, ""), (DeviceState.READY, "")]
        assert context.values == [{"text": CALL}]


async def test_a_busy_card_is_asked_again_without_an_alarm() -> None:
    async with card() as hosted, driven(hosted) as (context, _):
        await hosted.act("busy", {"count": 3})
        context.set_desired({"text": CALL})
        await shows(hosted, CALL)
        await context.wait_value(lambda value: value == {"text": CALL})
        assert hosted.view()["refused"] == 3
        assert DeviceState.DEGRADED not in {state for state, _ in context.states}


async def test_a_card_that_stays_busy_is_degraded_with_the_reason() -> None:
    async with card() as hosted, driven(hosted) as (context, _):
        await hosted.act("busy", {"count": 5})
        context.set_desired({"text": "一"})
        reason = await context.wait_state(DeviceState.DEGRADED)
        assert reason == "the card is busy (3)"
        context.set_desired({"text": "二"})
        await context.wait_state(DeviceState.READY)
        await shows(hosted, "二")


async def test_a_refused_text_is_told_in_plain_words_and_the_next_is_tried() -> None:
    async with card(width=128) as hosted, driven(hosted) as (context, under_way):
        context.set_desired({"text": CALL})
        reason = await context.wait_state(DeviceState.DEGRADED)
        assert reason == (
            "the card has no room for it; shorten the text or delete areas (4)"
        )
        with pytest.raises(CommandRejectedError, match="no room") as caught:
            await under_way.execute("test", text="试")
        assert caught.value.code == "refused"
        assert context.values == []
        refused = hosted.view()["refused"]
        context.set_desired({"text": "二"})
        await until(lambda: hosted.view()["refused"] > refused)
        assert under_way.lives == 1


async def test_going_back_to_the_text_shown_ends_the_alarm() -> None:
    async with card() as hosted, driven(hosted) as (context, _):
        context.set_desired({"text": "一"})
        await shows(hosted, "一")
        await hosted.act("busy", {"count": 1000})
        context.set_desired({"text": "二"})
        await context.wait_state(DeviceState.DEGRADED)
        context.set_desired({"text": "一"})
        await context.wait_state(DeviceState.READY)


async def test_a_card_that_hangs_is_offline_and_comes_back_with_the_text(
    url: str,
) -> None:
    async with card(url) as hosted, driven(hosted, reply_timeout_s=0.1) as (context, _):
        context.set_desired({"text": "一"})
        await shows(hosted, "一")
        await hosted.act("hang")
        context.set_desired({"text": "二"})
        reason = await context.wait_state(DeviceState.OFFLINE)
        assert "no answer in 0.1 s" in reason
        assert "check the card's power" in reason
        await hosted.act("hang", {"on": False})
        await shows(hosted, "二")
        await context.wait_state(DeviceState.READY)


async def test_answers_that_come_too_late_are_not_taken_for_others(url: str) -> None:
    async with card(url) as hosted, driven(hosted, reply_timeout_s=0.1) as (context, _):
        await context.wait_state(DeviceState.READY)
        await hosted.act("delay", {"ms": 150})
        context.set_desired({"text": CALL})
        await context.wait_state(DeviceState.OFFLINE)
        assert context.values == []
        await hosted.act("delay", {"ms": 0})
        await context.wait_value(lambda value: value == {"text": CALL})
        assert hosted.view()["texts"] == [CALL]


@pytest.mark.parametrize("fault", ["split", "glue"])
async def test_answers_in_odd_portions_are_understood(url: str, fault: str) -> None:
    async with card(url) as hosted:
        await hosted.act(fault)
        async with driven(hosted) as (context, under_way):
            context.set_desired({"text": CALL})
            await context.wait_value(lambda value: value == {"text": CALL})
            assert under_way.errors == []


async def test_a_spoiled_answer_is_not_believed_and_told() -> None:
    async with card() as hosted:
        await hosted.act("garble", {"n": 1})
        async with driven(hosted, reply_timeout_s=0.1) as (context, _):
            reason = await context.wait_state(DeviceState.OFFLINE)
            assert "only spoiled bytes" in reason
            context.set_desired({"text": CALL})
            await context.wait_value(lambda value: value == {"text": CALL})


async def test_an_unplugged_card_comes_back(url: str) -> None:
    async with card(url) as hosted, driven(hosted) as (context, _):
        context.set_desired({"text": "一"})
        await shows(hosted, "一")
        await hosted.act("unplug")
        assert await context.wait_state(DeviceState.OFFLINE)
        context.set_desired({"text": "二"})
        await hosted.act("replug")
        await shows(hosted, "二")


async def test_commands_while_offline_are_rejected() -> None:
    async with card() as hosted:
        await hosted.act("unplug")
        async with driven(hosted) as (context, under_way):
            await context.wait_state(DeviceState.OFFLINE)
            for name, arguments in (
                ("ping", {}),
                ("set_time", {}),
                ("test", {"text": "试"}),
            ):
                with pytest.raises(CommandRejectedError) as caught:
                    await under_way.execute(name, **arguments)
                assert caught.value.code == "offline"


async def test_commands_under_way_when_the_card_goes_are_answered() -> None:
    async with (
        card() as hosted,
        driven(hosted, reply_timeout_s=0.3) as (context, under_way),
    ):
        await context.wait(lambda: context.info.get("clock") == "set")
        await hosted.act("hang")
        ping = asyncio.ensure_future(under_way.execute("ping"))
        second = asyncio.ensure_future(under_way.execute("ping"))
        with pytest.raises(CommandTimeoutError):
            await ping
        with pytest.raises(CommandRejectedError, match="lost"):
            await second


async def test_a_command_cut_off_by_a_lost_connection_is_answered() -> None:
    async with (
        card() as hosted,
        driven(hosted, reply_timeout_s=30) as (
            context,
            under_way,
        ),
    ):
        await context.wait(lambda: context.info.get("clock") == "set")
        await hosted.act("hang")
        ping = asyncio.ensure_future(under_way.execute("ping"))
        await asyncio.sleep(0)
        await hosted.act("unplug")
        with pytest.raises(CommandRejectedError, match="lost"):
            await ping


async def test_a_baud_rate_is_found_and_remembered(tmp_path: Path) -> None:
    async with card(f"serial:{tmp_path / 'led'}") as hosted:
        async with driven(hosted) as (context, _):
            await context.wait(lambda: "baudrate" in context.remembered)
            assert context.remembered == {"baudrate": 9600}
        context = context_of(entry_of(hosted.url), remembered={"baudrate": 57600})
        async with driven(hosted, context):
            await context.wait(lambda: context.info.get("baudrate") == 57600)


async def test_a_card_silent_at_every_baud_rate_is_told_so(tmp_path: Path) -> None:
    async with card(f"serial:{tmp_path / 'led'}") as hosted:
        await hosted.act("hang")
        async with driven(hosted, reply_timeout_s=0.05) as (context, _):
            reason = await context.wait_state(DeviceState.OFFLINE)
            assert "no answer at 9600 nor 57600 baud" in reason


async def test_a_card_of_another_address_does_not_answer() -> None:
    async with card(address=2) as hosted:
        async with driven(hosted, reply_timeout_s=0.05) as (context, _):
            assert "address" in await context.wait_state(DeviceState.OFFLINE)
        async with driven(hosted, address=2) as (context, _):
            await context.wait_state(DeviceState.READY)


class SilentAboutTime(OnbonCard):
    """A card that leaves a request to set its clock unanswered."""

    asked = 0

    def received(self, session: int, data: bytes, now: datetime) -> Sequence[Output]:
        if b"\xa2\x03" not in data:
            return super().received(session, data, now)
        self.asked += 1
        return ()


async def test_a_card_that_ignores_its_clock_is_asked_only_once() -> None:
    entry = entry_of("tcp://127.0.0.1:0")
    site = Site(hall=HALL, devices=[entry])
    simulator = SilentAboutTime(entry, OnbonCardParameters(), site)
    async with (
        host(simulator, "tcp://127.0.0.1:0", clock=wall_clock) as hosted,
        driven(hosted, reply_timeout_s=0.1, ping_every_s=0.01) as (context, _),
    ):
        await context.wait_state(DeviceState.OFFLINE)
        context.set_desired({"text": CALL})
        await shows(hosted, CALL)
        pings = hosted.view()["pings"]
        await until(lambda: hosted.view()["pings"] > pings + 3)
        assert simulator.asked == 1


async def test_the_bytes_on_the_wire_and_the_printed_answer() -> None:
    async with hand_played("led-bytes") as (context, listener):
        far = await listener.accept()
        assert await far.read() == VECTORS["ping"].wire
        await far.write(VECTORS["ack"].wire)
        await context.wait_state(DeviceState.READY)
        context.set_desired({"text": CALL})
        (frame,) = FontCardFramer().feed(await far.read())
        (area,) = AreaUpdate.read(Request.decode(frame.data)).areas
        assert area.text.decode("gb2312") == CALL
        assert frame.check is CheckMode.CRC
        await far.write(VECTORS["ack"].wire)
        await context.wait_value(lambda value: value == {"text": CALL})


async def test_an_answer_that_was_not_asked_for_answers_nothing() -> None:
    async with hand_played("led-unasked", reply_timeout_s=0.1) as (context, listener):
        far = await listener.accept()
        await far.read()
        await far.write(VECTORS["ack"].wire * 2)
        await context.wait_state(DeviceState.READY)
        await far.write(VECTORS["ack"].wire)
        context.set_desired({"text": CALL})
        assert len(await far.read()) > len(VECTORS["ping"].wire)
        await context.wait_state(DeviceState.OFFLINE)
        assert context.values == []


async def test_the_lines_echo_of_a_request_is_no_answer() -> None:
    async with hand_played("led-echo") as (context, listener):
        far = await listener.accept()
        await far.write(await far.read() + VECTORS["nack_checksum"].wire)
        await context.wait_state(DeviceState.READY)
        context.set_desired({"text": CALL})
        await far.write(await far.read() + VECTORS["ack"].wire)
        await context.wait_value(lambda value: value == {"text": CALL})


async def test_late_answers_of_a_lost_life_are_waited_out() -> None:
    async with hand_played("led-late", reply_timeout_s=0.1) as (context, listener):
        context.set_desired({"text": CALL})
        far = await listener.accept()
        await far.read()
        await far.write(VECTORS["ack"].wire)
        await far.read()
        far = await listener.accept()
        await far.read()
        await far.write(VECTORS["ack"].wire)
        await far.write(VECTORS["ack"].wire)
        frames = FontCardFramer().feed(await far.read())
        assert Request.decode(frames[0].data).code == CommandCode.DYNAMIC_AREAS
        assert context.values == []
        await far.write(VECTORS["ack"].wire)
        await context.wait_value(lambda value: value == {"text": CALL})
