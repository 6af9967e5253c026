from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.onbon_vectors import WELCOME

from devices.errors import MisuseError, ProtocolError
from devices.onbon.areas import (
    LIMITS,
    Align,
    AreaUpdate,
    DynamicArea,
    Model,
    Sound,
    text_room,
)
from devices.onbon.messages import Request

U8 = st.integers(0, 255)
SOUNDS = (
    st.none()
    | st.builds(Sound, mode=st.just(1), person=U8, volume=U8, speed=U8)
    | st.builds(Sound, mode=st.just(2), person=U8, data=st.binary(max_size=40))
)
PIXELS = st.integers(0, 0x7FFF)
AREAS = st.builds(
    DynamicArea,
    id=U8,
    x=PIXELS,
    y=st.integers(0, 0xFFFF),
    width=PIXELS,
    height=st.integers(0, 0xFFFF),
    text=st.binary(max_size=60),
    area_type=U8,
    line_space=U8,
    run_mode=U8,
    timeout_s=st.integers(0, 0xFFFF),
    sound=SOUNDS,
    extension=st.binary(max_size=10),
    align=U8,
    lines=U8,
    wrap=U8,
    effect=U8,
    exit=U8,
    speed=U8,
    stay=U8,
)


@given(
    areas=st.lists(AREAS, max_size=4).map(tuple),
    delete=st.lists(U8, max_size=4).map(tuple),
    mode=st.integers(0, 1),
)
def test_updates_come_back_with_every_field(
    areas: tuple[DynamicArea, ...], delete: tuple[int, ...], mode: int
) -> None:
    update = AreaUpdate(areas=areas, delete=delete, mode=mode)
    assert AreaUpdate.read(Request.decode(update.request().encode())) == update


def test_deleting_all_names_no_area() -> None:
    update = AreaUpdate(delete_all=True)
    assert update.request().encode() == bytes.fromhex("A306010000FF00")
    assert AreaUpdate.read(update.request()) == update


def test_places_in_whole_bytes_are_made_and_read() -> None:
    area = DynamicArea(id=1, x=16, width=64, height=16, text=b"1", in_pixels=False)
    assert area.encode()[1:9].hex() == "0200000008001000"
    assert DynamicArea.decode(area.encode()) == area


def test_a_published_area_in_whole_bytes_is_read() -> None:
    # From an LED maker's page, whose frame around it has a wrong checksum.
    data = bytes.fromhex(
        "A306012D00000129000000000000800020000000"
        "0002000000000202030004050E0000003031323334355152535454562742"
    )
    update = AreaUpdate.read(Request.decode(data))
    (area,) = update.areas
    assert update.mode == 0x2D
    assert (area.width, area.height, area.in_pixels) == (1024, 32, False)
    assert (area.timeout_s, area.lines, area.wrap, area.effect) == (2, 2, 2, 3)
    assert (area.speed, area.stay) == (4, 5)
    assert area.text == b"012345QRSTTV'B"
    assert update.request().encode() == data


@pytest.mark.parametrize("x", [-1, 0x8000])
def test_places_off_any_screen_are_misuse(x: int) -> None:
    with pytest.raises(MisuseError):
        DynamicArea(id=0, x=x, width=8, height=8, text=b"").encode()


def test_odd_pixels_are_no_whole_bytes() -> None:
    with pytest.raises(MisuseError, match="whole bytes"):
        DynamicArea(id=0, width=9, height=8, text=b"", in_pixels=False).encode()


def test_every_shortened_or_lengthened_update_is_an_error() -> None:
    payload = AreaUpdate(areas=(WELCOME,)).request().payload
    for size in range(len(payload)):
        with pytest.raises(ProtocolError):
            AreaUpdate.read(Request(code=0xA306, payload=payload[:size]))
    with pytest.raises(ProtocolError, match="1 bytes too many"):
        AreaUpdate.read(Request(code=0xA306, payload=payload + b"\0"))


def test_an_area_longer_than_its_content_is_an_error() -> None:
    with pytest.raises(ProtocolError, match="too many at the end of the area"):
        DynamicArea.decode(WELCOME.encode() + b"\0")


@pytest.mark.parametrize("model", list(Model))
def test_a_text_of_the_given_room_fits_with_all_that_goes_around_it(
    model: Model,
) -> None:
    area = DynamicArea(id=0, width=8, height=8, text=b"1" * text_room(model))
    data = AreaUpdate(areas=(area,)).request().encode()
    assert len(data) == LIMITS[model].area_bytes


def test_centred_means_both_ways() -> None:
    assert f"{Align.CENTRE_MIDDLE:04b}" == "1010"
