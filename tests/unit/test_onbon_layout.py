from __future__ import annotations

from typing import Any

import pytest

from devices.onbon.areas import Align, AreaUpdate, DynamicArea, Effect, Lines, Wrap
from devices.site import DeviceEntry
from drivers.displays.look import Look
from drivers.onbon.layout import OnbonParameters, lay_out
from drivers.registry import check_device

CALL = "请A001号到1号窗口"


def area_of(text: str, **parameters: Any) -> DynamicArea:
    (area,) = lay_out(Look(text=text), OnbonParameters(**parameters)).update.areas
    return area


def test_a_call_stands_still_in_the_middle_and_is_nothing_but_the_text() -> None:
    area = area_of(CALL)
    assert area.text == CALL.encode("gb2312")
    assert (area.x, area.y, area.width, area.height) == (0, 0, 192, 32)
    assert area.in_pixels
    assert (area.effect, area.align) == (Effect.STATIC, Align.CENTRE_MIDDLE)
    assert (area.lines, area.wrap) == (Lines.MULTI, Wrap.MANUAL)
    assert area.stay == 10


def test_a_text_too_wide_for_a_line_is_wrapped_by_the_card_when_lines_allow() -> None:
    area = area_of(CALL, width=128)
    assert (area.effect, area.wrap) == (Effect.STATIC, Wrap.AUTO)
    assert area.text == CALL.encode("gb2312")


def test_a_text_too_long_for_the_screen_moves_in_one_line() -> None:
    area = area_of(f"{CALL}\n{CALL}", width=64, speed=7)
    assert (area.effect, area.lines, area.speed) == (Effect.LEFT, Lines.SINGLE, 7)
    assert area.align == Align.LEFT_MIDDLE
    assert area.text == f"{CALL} {CALL}".encode("gb2312")


def test_font_and_colour_are_named_only_when_asked_for() -> None:
    area = area_of("甲", font_size=32, colour="green")
    assert area.text == rb"\FO002\FE002\C2" + "甲".encode("gb2312")


@pytest.mark.parametrize(("align", "value"), [("left", 8), ("right", 9)])
def test_alignment_can_be_chosen(align: str, value: int) -> None:
    assert area_of("甲", align=align).align == value


def test_the_effect_can_be_chosen() -> None:
    assert area_of("甲", effect="up").effect == Effect.UP


def test_a_5k_card_gets_whole_bytes_where_it_can() -> None:
    assert not area_of("甲", model="5k", width=64).in_pixels
    assert area_of("甲", model="5k", width=60).in_pixels
    assert area_of("甲", model="5k", x=4).in_pixels


@pytest.mark.parametrize(("model", "room"), [("5k", 512), ("6k", 1024)])
def test_a_text_beyond_the_cards_room_is_cut_and_told(model: str, room: int) -> None:
    layout = lay_out(
        Look(text="一" * 600 + "末"),
        OnbonParameters(model=model, colour="red", font_size=16),
    )
    size = len(layout.update.request().encode())
    assert room - 1 <= size <= room
    assert layout.lost == "一末"


def test_no_text_takes_the_area_away() -> None:
    layout = lay_out(Look(), OnbonParameters(dynamic_area=2))
    assert layout.update == AreaUpdate(delete=(2,))
    assert layout.shown == ""


@pytest.mark.parametrize(
    ("entry", "path", "message"),
    [
        ({}, "url", "tcp://host:5005"),
        ({"url": "udp://10.0.0.9:5007"}, "url", "tcp://host:5005"),
        ({"url": "tcp://a:1", "dynamic_area": 5}, "dynamic_area", "areas 0 to 4"),
        ({"url": "tcp://a:1", "font_size": 24, "height": 16}, "font_size", "24 dots"),
        ({"url": "tcp://a:1", "font_size": 12}, "font_size", "16, 24 or 32"),
        ({"url": "tcp://a:1", "model": "7k"}, "model", "5k"),
        ({"url": "tcp://a:1", "colour": "pink"}, "colour", "red"),
        ({"url": "tcp://a:1", "address": 0}, "address", "greater than"),
        ({"url": "tcp://a:1", "widht": 5}, "widht", "no such key"),
    ],
)
def test_mistakes_in_the_hall_file_are_named(
    entry: dict[str, Any], path: str, message: str
) -> None:
    (error,) = check_device(DeviceEntry(id="led", driver="onbon", **entry))
    assert error.path[0] == path
    assert message in str(error)


@pytest.mark.parametrize(
    "entry",
    [
        {"url": "tcp://10.0.0.9:5005", "area": "hall", "width": 192, "height": 32},
        {"url": "tcp://10.0.0.9:5005", "model": "5k", "dynamic_area": 7},
        {"url": "serial:/dev/ttyS0?baudrate=57600"},
        {"url": "serial:/dev/ttyS0"},
    ],
)
def test_good_entries_pass(entry: dict[str, Any]) -> None:
    assert check_device(DeviceEntry(id="led", driver="onbon", **entry)) == []
