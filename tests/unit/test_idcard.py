"""The four text layouts, ID numbers, nations and masking. Specimens only."""

from __future__ import annotations

import dataclasses
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.errors import MisuseError, ProtocolError
from devices.sdt.idcard import (
    FLAGS,
    LAYOUTS,
    CardKind,
    IdCard,
    Sex,
    card_kind,
    decode_card,
    encode_card,
)
from devices.sdt.idnumber import (
    Doubt,
    MaskStyle,
    check_digit,
    doubts,
    is_valid_number,
    mask_name,
    mask_number,
    masked_fields,
    normalise_number,
)
from devices.sdt.nations import NATIONS, nation_name
from simulators.sdt.specimens import SPECIMENS

KINDS = list(CardKind)
RESIDENT = SPECIMENS[CardKind.RESIDENT]
FOREIGNER = SPECIMENS[CardKind.FOREIGNER_2023]


def field(text: str, size: int) -> bytes:
    return text.ljust(size // 2).encode("utf-16-le")


def by_hand() -> bytes:
    """A resident's card put together from the table, not by the encoder."""
    return b"".join(
        (
            field("证件 样本·测试", 30),
            field("2", 2),
            field("01", 4),
            field("19491231", 16),
            field("样本路 1 号", 70),
            field("11010519491231002X", 36),
            field("样本公安局", 30),
            field("20200101", 16),
            field("长期", 16),
            field("", 36),
        )
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_layout_fills_256_bytes_without_gaps(kind: CardKind) -> None:
    at = 0
    for name, offset, size in LAYOUTS[kind]:
        assert offset == at, name
        at += size
    assert at == 256
    assert ("flag", 248, 2) in LAYOUTS[kind]


def test_a_card_made_by_hand_is_read() -> None:
    card = decode_card(by_hand())
    assert card == IdCard(
        kind=CardKind.RESIDENT,
        name="证件 样本·测试",
        sex=Sex.FEMALE,
        nation="01",
        birth=date(1949, 12, 31),
        address="样本路 1 号",
        number="11010519491231002X",
        issuer="样本公安局",
        valid_from=date(2020, 1, 1),
        is_long_term=True,
    )
    assert encode_card(card) == by_hand()


@pytest.mark.parametrize("kind", KINDS)
def test_specimens_round_trip(kind: CardKind) -> None:
    text = encode_card(SPECIMENS[kind])
    assert len(text) == 256
    assert text[248:250].decode("utf-16-le") == FLAGS[kind]
    assert card_kind(text) is kind
    assert decode_card(text) == SPECIMENS[kind]


@pytest.mark.parametrize(
    ("kind", "places"),
    [
        (CardKind.PERMIT, {122: "999999199001010016", 220: "H00000000", 238: "01"}),
        (
            CardKind.FOREIGNER_2023,
            {
                122: "932682198501010017",
                52: "SPECIMEN,",
                220: "R THAN ONE ",
                242: "XXX",
            },
        ),
        (
            CardKind.FOREIGNER_2017,
            {
                0: "SPECIMEN,",
                120: "2",
                122: "XXX999999999999",
                158: "测试",
                240: "1500",
            },
        ),
    ],
)
def test_fields_stand_where_the_table_says(
    kind: CardKind, places: dict[int, str]
) -> None:
    text = encode_card(SPECIMENS[kind])
    for at, wanted in places.items():
        assert text[at:].decode("utf-16-le").startswith(wanted), at


def test_a_zero_flag_is_a_resident() -> None:
    text = bytearray(by_hand())
    text[248:250] = bytes(2)
    assert card_kind(text) is CardKind.RESIDENT


def test_zeros_in_the_place_of_blanks_are_no_content() -> None:
    text = by_hand().replace(" ".encode("utf-16-le"), bytes(2))
    assert decode_card(text).issuer == "样本公安局"


def test_an_unknown_flag_is_an_error_without_content() -> None:
    text = bytearray(by_hand())
    text[248:250] = "Q".encode("utf-16-le")
    with pytest.raises(ProtocolError) as caught:
        decode_card(text)
    assert str(caught.value) == "a card of an unknown type (flag 5100)"


@pytest.mark.parametrize("size", [0, 255, 257])
def test_a_block_of_another_size_is_an_error(size: int) -> None:
    with pytest.raises(ProtocolError, match="256 bytes"):
        decode_card(bytes(size))


def test_bytes_that_are_no_text_do_not_refuse_a_card() -> None:
    text = bytearray(by_hand())
    text[0:2] = b"\x00\xd8"
    assert decode_card(text).name.startswith("�")


@pytest.mark.parametrize(
    "day", ["00000000", "19490231", "1949", "长期", "１９４９１２３１"]
)
def test_a_day_that_is_none_is_none(day: str) -> None:
    text = bytearray(by_hand())
    text[36:52] = field(day, 16)
    text[204:220] = field(day, 16)
    card = decode_card(text)
    assert card.birth is None
    assert card.valid_until is None
    assert card.is_long_term is (day == "长期")


@pytest.mark.parametrize("sex", ["0", "1", "2", "9"])
def test_every_sex_code_is_kept(sex: str) -> None:
    card = dataclasses.replace(RESIDENT, sex=sex)
    assert decode_card(encode_card(card)).sex == Sex(sex)


def test_a_long_english_name_runs_over_into_the_second_part() -> None:
    name = "A" * 34 + " " + "B" * 11
    card = dataclasses.replace(FOREIGNER, english_name=name)
    assert decode_card(encode_card(card)).english_name == name
    with pytest.raises(MisuseError, match="english_name"):
        encode_card(dataclasses.replace(card, english_name=name + "C"))


def test_a_text_that_does_not_fit_is_refused_without_telling_it() -> None:
    with pytest.raises(MisuseError) as caught:
        encode_card(dataclasses.replace(RESIDENT, name="样" * 16))
    assert "样" not in str(caught.value)


def test_a_card_shows_nothing_of_itself() -> None:
    assert repr(RESIDENT) == str(RESIDENT) == "<IdCard resident>"


def test_the_nations_of_the_standard() -> None:
    assert [code for code in NATIONS if int(code) <= 56] == [
        f"{n:02d}" for n in range(1, 57)
    ]
    assert nation_name("01") == "汉"
    assert nation_name("11") == "满"
    assert nation_name("29") == "柯尔克孜"
    assert nation_name("46") == "德昂"
    assert nation_name("56") == "基诺"
    assert nation_name("97") == "其他"


def test_an_unknown_nation_keeps_its_code() -> None:
    card = dataclasses.replace(RESIDENT, nation="77")
    assert nation_name(decode_card(encode_card(card)).nation) == "77"


@pytest.mark.parametrize(
    "number",
    ["11010519491231002X", "932682198501010017", "911124198108030024"],
)
def test_official_specimen_numbers_pass(number: str) -> None:
    assert is_valid_number(number)
    assert is_valid_number(f" {number.lower()} ")
    assert check_digit(number[:17]) == number[17]


@pytest.mark.parametrize("place", range(18))
def test_one_wrong_digit_is_noticed(place: int) -> None:
    number = "932682198501010017"
    wrong = str((int(number[place]) + 1) % 10)
    assert not is_valid_number(number[:place] + wrong + number[place + 1 :])


@pytest.mark.parametrize("number", ["", "1234", "11010519491231002", "X" * 18])
def test_what_is_no_number_is_not_valid(number: str) -> None:
    assert not is_valid_number(number)


def test_references_are_made_of_one_form_of_a_number() -> None:
    assert normalise_number(" 11010519491231002x ") == "11010519491231002X"


@pytest.mark.parametrize("kind", KINDS)
def test_specimens_raise_no_doubts(kind: CardKind) -> None:
    assert doubts(SPECIMENS[kind]) == []


def test_doubts_are_told_not_refused() -> None:
    male = dataclasses.replace(RESIDENT, sex=Sex.MALE)
    assert doubts(male) == [Doubt.SEX]
    assert doubts(dataclasses.replace(male, sex=Sex.UNSPECIFIED)) == []
    young = dataclasses.replace(male, birth=date(1999, 12, 31))
    assert doubts(young) == [Doubt.BIRTH, Doubt.SEX]
    assert doubts(dataclasses.replace(male, number="110105194912310021")) == [
        Doubt.CHECK_DIGIT
    ]


@pytest.mark.parametrize(
    ("number", "style", "wanted"),
    [
        ("11010519491231002X", MaskStyle.STANDARD, "110105********002X"),
        ("11010519491231002X", MaskStyle.STRICT, "1****************X"),
        ("XXX999999999999", MaskStyle.STANDARD, "XXX999*****9999"),
        ("12345678901", MaskStyle.STANDARD, "***********"),
        ("12345678901", MaskStyle.STRICT, "***********"),
        ("", MaskStyle.STANDARD, ""),
    ],
)
def test_masked_numbers(number: str, style: MaskStyle, wanted: str) -> None:
    assert mask_number(number, style) == wanted


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("测试", "测*"),
        ("证件样本", "证*"),
        ("测", "*"),
        ("", ""),
        ("SPECIMEN A.", "S*"),
    ],
)
def test_masked_names(name: str, wanted: str) -> None:
    assert mask_name(name) == wanted


def test_only_kind_name_and_number_may_be_shown() -> None:
    assert masked_fields(RESIDENT, MaskStyle.STANDARD) == {
        "kind": "resident",
        "name": "证*",
        "number": "110105********002X",
    }
    nameless = dataclasses.replace(FOREIGNER, name="")
    assert masked_fields(nameless, MaskStyle.STANDARD)["name"] == "S*"


PRINTABLE = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xD7FF), max_size=15
).map(lambda text: text.strip(" \0"))


@given(
    kind=st.sampled_from(KINDS),
    name=PRINTABLE,
    born=st.dates(min_value=date(1, 1, 1)),
    until=st.one_of(st.none(), st.dates()),
    is_long_term=st.booleans(),
)
def test_any_card_round_trips(
    kind: CardKind, name: str, born: date, until: date | None, *, is_long_term: bool
) -> None:
    card = dataclasses.replace(
        SPECIMENS[kind],
        name=name,
        birth=born,
        valid_until=None if is_long_term else until,
        is_long_term=is_long_term,
    )
    assert decode_card(encode_card(card)) == card


@given(st.binary(min_size=256, max_size=256))
def test_any_block_is_read_or_refused_in_plain_words(text: bytes) -> None:
    try:
        decode_card(text)
    except ProtocolError as error:
        assert "unknown type" in str(error)  # noqa: PT017 - most blocks are refused
