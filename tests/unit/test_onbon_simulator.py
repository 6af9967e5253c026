from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from support.onbon_vectors import MEANINGS, WELCOME, load_vectors, load_wrong_frame

from devices.errors import MisuseError
from devices.onbon.areas import AreaUpdate, DynamicArea, RunMode
from devices.onbon.frames import BROADCAST, FontCardFramer, Frame
from devices.onbon.messages import (
    ACK,
    CLEAR,
    ErrorCode,
    Reply,
    Request,
    nack,
    set_brightness,
    set_power,
    set_time,
)
from devices.site import DeviceEntry, HallInfo, Site
from simulators.onbon.simulator import Busy, OnbonCard, OnbonCardParameters
from simulators.simulator import SimulatorParameters

VECTORS = load_vectors()
SITE = Site(hall=HallInfo(id="test"))
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=SITE.hall.zone)


class Bench:
    """A card on a desk, and a host that speaks to it."""

    def __init__(self, **parameters: Any) -> None:
        entry = DeviceEntry(id="led", driver="onbon", url="tcp://127.0.0.1:5005")
        self.card = OnbonCard(entry, OnbonCardParameters(**parameters), SITE)
        self.card.connected(1, NOW)
        self.now = NOW
        self.answers = FontCardFramer()

    def send(self, wire: bytes) -> list[Frame]:
        outputs = self.card.received(1, wire, self.now)
        return [frame for output in outputs for frame in self.answers.feed(output.data)]

    def ask(self, request: Request, destination: int = 1) -> Reply | None:
        frames = self.send(
            Frame(data=request.encode(), destination=destination).encode()
        )
        assert len(frames) <= 1
        return Reply.decode(frames[0].data) if frames else None

    def write(self, *areas: DynamicArea, **update: Any) -> Reply | None:
        self.now += timedelta(seconds=1)
        return self.ask(AreaUpdate(areas=areas, **update).request())

    @property
    def texts(self) -> list[str]:
        return list(self.card.view()["texts"])


def area(number: int = 0, text: str = "请", **fields: Any) -> DynamicArea:
    return DynamicArea(
        id=number, width=192, height=32, text=text.encode("gb2312"), **fields
    )


def test_the_golden_requests_are_acknowledged_as_the_golden_answer() -> None:
    bench = Bench()
    assert bench.send(VECTORS["area"].wire) == [MEANINGS["ack"]]
    assert bench.texts == ["欢迎光临"]
    (answer,) = bench.send(VECTORS["ping"].wire)
    assert (answer.destination, answer.source, answer.data) == (0x8000, 1, ACK.encode())
    assert bench.card.view()["pings"] == 1


def test_requests_split_at_every_byte_and_glued_are_answered_in_order() -> None:
    bench = Bench()
    wire = VECTORS["ping"].wire + VECTORS["area"].wire
    answers = [frame for byte in wire for frame in bench.send(bytes((byte,)))]
    assert [answer.source for answer in answers] == [1, 0xFFFE]
    assert len(bench.send(wire * 2)) == 4


def test_a_wrong_checksum_is_refused_and_shows_nothing() -> None:
    bench = Bench()
    (answer,) = bench.send(load_wrong_frame())
    assert Reply.decode(answer.data) == nack(ErrorCode.CHECKSUM)
    assert bench.texts == []
    assert bench.card.view()["spoiled"] == 1


def test_who_is_not_meant_keeps_silent_and_a_broadcast_is_done_silently() -> None:
    bench = Bench(address=7)
    request = AreaUpdate(areas=(area(),)).request()
    assert bench.ask(request, destination=1) is None
    assert bench.texts == []
    assert bench.ask(request, destination=BROADCAST) is None
    assert bench.texts == ["请"]
    assert bench.ask(request, destination=7) == ACK
    silent = AreaUpdate(areas=(area(text="号"),)).request(wants_reply=False)
    assert bench.ask(silent, destination=7) is None
    assert bench.texts == ["号"]


@pytest.mark.parametrize(("model", "areas", "room"), [("6k", 5, 1024), ("5k", 8, 512)])
def test_the_model_limits_areas_and_bytes(model: str, areas: int, room: int) -> None:
    bench = Bench(model=model)
    head = len(area(text="").encode())
    assert bench.write(area(text="1" * (room - head))) == ACK
    assert bench.write(area(text="1" * (room - head + 1))) == nack(ErrorCode.MEMORY)
    for number in range(areas):
        assert bench.write(area(number)) == ACK
    assert bench.write(area(areas)) == nack(ErrorCode.MEMORY)
    assert len(bench.texts) == areas
    assert bench.card.view()["refused"] == 2


def test_an_area_beside_the_screen_and_a_missing_font_are_refused() -> None:
    bench = Bench(width=128)
    assert bench.write(area()) == nack(ErrorCode.MEMORY)
    assert bench.write(WELCOME) == ACK
    bench = Bench()
    assert bench.write(area(text="\\FO009请")) == nack(ErrorCode.NO_FONT)
    assert bench.write(area(text="\\FO001\\C2请")) == ACK
    assert bench.texts == ["请"]


def test_areas_are_deleted_one_by_one_or_all() -> None:
    bench = Bench()
    bench.write(area(0, "一"), area(1, "二"), area(2, "三"))
    assert bench.write(delete=(1,)) == ACK
    assert bench.texts == ["一", "三"]
    assert bench.write(area(3, "四"), delete_all=True) == ACK
    assert bench.texts == ["四"]
    assert bench.ask(CLEAR) == ACK
    assert bench.texts == []


def test_refreshes_within_a_second_are_counted() -> None:
    bench = Bench()
    bench.write(area())
    bench.now += timedelta(seconds=0.999)
    bench.ask(AreaUpdate(areas=(area(),)).request())
    assert bench.card.view()["too_fast"] == 1
    bench.write(area())
    assert (bench.card.view()["too_fast"], bench.card.view()["refreshes"]) == (1, 3)


def test_a_busy_card_refuses_so_many_times() -> None:
    bench = Bench()
    bench.card.act("busy", Busy(count=2), NOW)
    refusal = nack(ErrorCode.BUSY)
    assert [bench.write(area()) for _ in range(3)] == [refusal, refusal, ACK]


def test_an_action_of_another_device_is_misuse() -> None:
    with pytest.raises(MisuseError):
        Bench().card.act("press", SimulatorParameters(), NOW)


def test_without_power_the_areas_are_gone_and_the_clock_goes_on() -> None:
    bench = Bench()
    bench.write(area())
    bench.ask(set_time(NOW))
    bench.card.powercycle(NOW)
    assert bench.texts == []
    assert bench.card.view()["time"] == NOW.isoformat()


def test_an_expiring_area_goes_unless_written_again() -> None:
    bench = Bench()
    fading = area(1, "二", run_mode=RunMode.EXPIRE, timeout_s=10)
    bench.write(area(0, "一"), fading)
    bench.write(area(0, "一"))
    _, call_at = bench.card.advance(bench.now)
    assert call_at == NOW + timedelta(seconds=11)
    bench.write(fading)
    bench.card.advance(call_at)
    assert bench.texts == ["一", "二"]
    assert bench.card.advance(bench.now + timedelta(seconds=10)) == ((), None)
    assert bench.texts == ["一"]


def test_switching_brightness_and_clock() -> None:
    bench = Bench()
    bench.write(area())
    assert bench.ask(set_power(on=False)) == ACK
    assert bench.texts == []
    assert bench.ask(set_power(on=True)) == ACK
    assert bench.texts == ["请"]
    assert bench.ask(set_brightness(3)) == ACK
    assert bench.card.view()["brightness"] == 3
    assert bench.ask(Request(code=0xA203, payload=b"\xff" * 8)) == nack(
        ErrorCode.TIME_FORMAT
    )


@pytest.mark.parametrize(
    ("code", "payload", "error"),
    [
        (0xA2EE, b"", ErrorCode.COMMAND),
        (0xA302, b"\x01\x10", ErrorCode.COMMAND),
        (0xB000, b"", ErrorCode.GROUP),
        (0xA306, b"\x00\x01", ErrorCode.MEMORY),
    ],
)
def test_what_the_card_does_not_know_is_refused(
    code: int, payload: bytes, error: ErrorCode
) -> None:
    assert Bench().ask(Request(code=code, payload=payload)) == nack(error)


def test_a_frame_that_holds_no_request_is_refused() -> None:
    (answer,) = Bench().send(Frame(data=b"\xa2").encode())
    assert Reply.decode(answer.data) == nack(ErrorCode.GROUP)
