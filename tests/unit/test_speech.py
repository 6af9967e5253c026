from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from support.fake_site import make_site

from bridge.domain.speech import (
    Spoken,
    announcement,
    number_in_chinese,
    ticket_in_chinese,
    ticket_in_english,
)
from devices.site import Site
from devices.voice import Digits

NUMBERS = {
    0: "零",
    3: "三",
    10: "十",
    13: "十三",
    20: "二十",
    100: "一百",
    101: "一百零一",
    110: "一百一十",
    123: "一百二十三",
    1000: "一千",
    1001: "一千零一",
    1010: "一千零一十",
    1100: "一千一百",
    9999: "九千九百九十九",
    10_000: "一万",
    10_010: "一万零一十",
    100_000: "十万",
    120_345: "十二万零三百四十五",
}
VALUES = {word: value for value, word in enumerate("零一二三四五六七八九")}
UNITS = {"十": 10, "百": 100, "千": 1000}


@pytest.mark.parametrize(("number", "words"), NUMBERS.items())
def test_a_number_is_read_as_people_say_it(number: int, words: str) -> None:
    assert number_in_chinese(number) == words


def heard(words: str) -> int:
    """The number that somebody understands."""
    total = part = 0
    digit: int | None = None
    for word in words:
        if word == "万":
            total, part, digit = (part + (digit or 0)) * 10_000, 0, None
        elif word in UNITS:
            part, digit = part + (1 if digit is None else digit) * UNITS[word], None
        elif word != "零":
            digit = VALUES[word]
    return total + part + (digit or 0)


@given(st.integers(min_value=0, max_value=99_999_999))
def test_every_number_is_understood_as_it_is(number: int) -> None:
    words = number_in_chinese(number)
    assert heard(words) == number
    assert "零零" not in words


@pytest.mark.parametrize(
    ("number", "digits", "chinese", "english"),
    [
        ("A001", Digits.SINGLE, "A零零一", "A, zero zero one"),
        ("A123", Digits.NUMBER, "A一百二十三", "A, 123"),
        ("A001", Digits.NUMBER, "A一", "A, 1"),
        ("WMQ012", Digits.SINGLE, "W M Q零一二", "W, M, Q, zero one two"),
        ("A1000", Digits.SINGLE, "A一零零零", "A, one zero zero zero"),
        ("017", Digits.SINGLE, "零一七", "zero one seven"),
        ("甲-7", Digits.SINGLE, "甲-7", "甲-7"),
    ],
)
def test_a_ticket_is_read_with_its_letters(
    number: str, digits: Digits, chinese: str, english: str
) -> None:
    assert ticket_in_chinese(number, digits) == chinese
    assert ticket_in_english(number, digits) == english


def say(site: Site, counter: str = "w1", number: str = "A012") -> list[Spoken]:
    window = site.counter(counter)
    return list(announcement(site, number=number, counter=window, service="reg"))


def test_a_call_is_said_by_the_template() -> None:
    assert say(make_site()) == [Spoken(lang="zh-CN", text="请A零一二号到一号窗口")]
    template = "请{number}号到{window}办理{service}"
    site = make_site(voice={"template": template, "digits": "number", "english": True})
    assert say(site) == [
        Spoken(lang="zh-CN", text="请A十二号到一号窗口办理企业登记"),
        Spoken(lang="en", text="Number A, 12, please go to window 1."),
    ]
    assert say(site, "w2")[0].text == "请A十二号到二号窗口办理企业登记"


def test_an_area_speaks_otherwise_where_it_says_so() -> None:
    areas = [{"id": "hall", "voice": {"english": True, "volume": 0}}, {"id": "upper"}]
    site = make_site(voice={"digits": "number", "repeat": 3}, areas=areas)
    below, above = site.voice_at("hall"), site.voice_at("upper")
    assert (below.english, below.volume, below.digits, below.repeat) == (
        *(True, 0),
        *(Digits.NUMBER, 3),
    )
    assert (above.english, above.volume, above.repeat) == (False, 80, 3)
    assert len(say(site, "w1")) == 2
    assert len(say(site, "w3")) == 1


def test_the_voice_reaches_the_children_whole() -> None:
    voice = {"hours": {"from": "08:30", "to": "17:00"}, "english": True}
    site = make_site(voice=voice, areas=[{"id": "hall", "voice": voice}])
    assert Site.model_validate_json(site.model_dump_json()) == site


def test_who_is_switched_off_says_nothing() -> None:
    assert say(make_site(voice={"enabled": False})) == []
    areas = [{"id": "hall", "voice": {"enabled": False}}, {"id": "upper"}]
    assert say(make_site(areas=areas), "w1") == []
    assert len(say(make_site(areas=areas), "w3")) == 1
    assert say(make_site(), "nobody") == []


@pytest.mark.parametrize(
    "voice",
    [
        {"template": "请{ticket}号"},
        {"template": "请{number"},
        {"template": ""},
        {"volume": 101},
        {"repeat": 0},
        {"digits": "both"},
        {"hours": {"from": "08:00"}},
        {"loud": True},
    ],
)
def test_a_wrong_key_is_refused(voice: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        make_site(voice=voice)
