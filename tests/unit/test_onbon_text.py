from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.onbon.text import (
    Charset,
    Colour,
    decode_text,
    encode_text,
    fonts_used,
    style,
)
from devices.textfit import CardText, Fit, fit, text_width

CALL = "请A001号到1号窗口"
PLAIN = st.text(
    st.sampled_from([*"请号到窗口热情为您服务暂停，。！·—A0 1z?~", "\n"]), max_size=40
)


def test_a_call_is_gb2312() -> None:
    assert encode_text(CALL) == CardText(CALL.encode("gb2312"), CALL)
    assert decode_text(CALL.encode("gb2312")) == CALL


@given(PLAIN)
def test_texts_of_the_hall_come_back(text: str) -> None:
    encoded = encode_text(text)
    assert encoded.lost == ""
    assert encoded.shown == text
    assert decode_text(encoded.data) == text


@given(st.text(max_size=60))
def test_any_text_can_be_encoded_and_shows_what_is_told(text: str) -> None:
    encoded = encode_text(text)
    look_alikes = str.maketrans({"\u30fb": "·", "\u2015": "—"})
    assert decode_text(encoded.data) == encoded.shown.translate(look_alikes)
    assert fonts_used(encoded.data) == set()


def test_a_character_outside_gb2312_becomes_a_question_mark_and_is_told() -> None:
    encoded = encode_text("请囍囍先生😀")
    assert encoded.shown == "请??先生?"
    assert encoded.lost == "囍😀"
    assert decode_text(encoded.data) == "请??先生?"


def test_a_card_with_gbk_fonts_shows_more() -> None:
    assert encode_text("囍", charset=Charset.GBK) == CardText(b"\x87\xd6", "囍")
    assert encode_text("😀", charset=Charset.GBK).lost == "😀"


def test_common_punctuation_is_not_lost_to_look_alikes() -> None:
    assert encode_text("·—").data == b"\xa1\xa4\xa1\xaa"


def test_a_text_gives_no_orders_to_the_card() -> None:
    encoded = encode_text("\\C1\\FO009A\tB")
    assert b"\\" not in encoded.data
    assert encoded.shown == "＼C1＼FO009A B"
    assert encoded.lost == "\\\t"


def test_line_breaks_are_the_cards() -> None:
    assert encode_text("甲\r\n乙\r丙").data == "甲\\n乙\\n丙".encode("gb2312")
    assert decode_text(rb"1\n2") == "1\n2"


def test_what_does_not_fit_is_cut_off_in_whole_characters() -> None:
    assert encode_text("一二三", room=5) == CardText(
        "一二".encode("gb2312"), "一二", "三"
    )
    assert encode_text("1\n2", room=2) == CardText(b"1", "1", "\n2")


def test_style_names_fonts_and_colour() -> None:
    assert style() == b""
    assert style(font_size=24, colour=Colour.RED) == rb"\FO001\FE001\C1"
    assert fonts_used(style(font_size=32)) == {"O002", "E002"}


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (r"\FO000\C1上海\FE000onbon\n\FO001\C2欢迎", "上海onbon\n欢迎"),
        (r"\FO001\C1甲\T000star|ABCD", "甲ABCD"),
        (r"\FE000\DY年\DL月", "年月"),
        (r"\WC01度", "度"),
        (r"\T000star", ""),
        (r"a\xb", r"a\xb"),
        ("a\\", "a\\"),
    ],
)
def test_inline_escapes_are_no_text(data: str, text: str) -> None:
    assert decode_text(data.encode("gb2312")) == text


def test_a_second_byte_that_looks_like_a_backslash_is_none() -> None:
    data = "乗".encode("gbk")
    assert data[1:] == b"\\"
    assert decode_text(data + b"C1") == "乗C1"


def test_half_a_character_at_the_end_is_told_as_such() -> None:
    assert decode_text(b"1\xbb") == "1\ufffd"


@pytest.mark.parametrize(
    ("text", "width", "height", "font_size", "expected"),
    [
        (CALL, 192, 32, 16, Fit.STATIC),
        (CALL, 136, 16, 16, Fit.STATIC),
        (CALL, 135, 16, 16, Fit.SCROLL),
        (CALL, 128, 32, 16, Fit.WRAPPED),
        (CALL, 192, 32, 32, Fit.SCROLL),
        ("热情为您服务", 192, 32, 32, Fit.STATIC),
        ("甲\n乙", 192, 32, 16, Fit.STATIC),
        ("甲\n乙", 192, 31, 16, Fit.SCROLL),
        ("甲\n" + "乙" * 13, 192, 48, 16, Fit.WRAPPED),
        ("甲\n" + "乙" * 13, 192, 32, 16, Fit.SCROLL),
        ("", 192, 32, 16, Fit.STATIC),
        ("1" * 24, 192, 16, 16, Fit.STATIC),
        ("A甲乙", 24, 32, 16, Fit.WRAPPED),
        ("甲甲甲A", 40, 32, 16, Fit.WRAPPED),
        ("A甲乙丙", 32, 32, 16, Fit.WRAPPED),
        ("甲A乙A丙", 32, 32, 16, Fit.SCROLL),
        ("甲", 8, 8, 16, Fit.SCROLL),
    ],
)
def test_how_a_text_goes_on_a_screen(
    text: str, width: int, height: int, font_size: int, expected: Fit
) -> None:
    assert fit(text, width=width, height=height, font_size=font_size) is expected


def test_a_full_character_is_as_wide_as_the_font_is_high() -> None:
    assert text_width(CALL, 16) == 17 * 8
    assert text_width("A甲", 24) == 36
