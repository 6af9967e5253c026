"""Every status code of a reader has a word, a message and somebody to blame."""

from __future__ import annotations

import pytest

from devices.sdt.codes import (
    MEANINGS,
    MODULE_TIMEOUT,
    SUCCESS,
    Blame,
    SdtError,
    Sw3,
    meaning_of,
)
from devices.sdt.frames import Answer, answer

WORDS = {
    0x10: ("checksum", Blame.LINE),
    0x11: ("length", Blame.LINE),
    0x21: ("bad_command", Blame.REQUEST),
    0x23: ("unauthorised_operation", Blame.REQUEST),
    0x24: ("unknown_error", Blame.READER),
    0x31: ("card_rejects_sam", Blame.CARD),
    0x32: ("sam_rejects_card", Blame.CARD),
    0x33: ("verification_failed", Blame.CARD),
    0x40: ("unknown_card", Blame.CARD),
    0x41: ("read_failed", Blame.CARD),
    0x47: ("random_failed", Blame.CARD),
    0x60: ("self_test_failed", Blame.READER),
    0x66: ("not_authorised", Blame.READER),
    0x80: ("find_failed", Blame.CARD),
    0x81: ("select_failed", Blame.CARD),
    0x91: ("no_content", Blame.CARD),
}


def test_every_code_is_a_success_or_has_a_meaning() -> None:
    assert set(Sw3) == SUCCESS | set(MEANINGS)
    assert {*WORDS, Sw3.MODULE_TIMEOUT} == set(MEANINGS)


@pytest.mark.parametrize(("code", "wanted"), WORDS.items())
def test_a_code_is_a_named_error(code: int, wanted: tuple[str, Blame]) -> None:
    with pytest.raises(SdtError) as caught:
        answer(code).raise_for_code()
    assert (caught.value.word, caught.value.blame) == wanted
    assert f"00 00 {code:02X}" in str(caught.value)


@pytest.mark.parametrize("code", SUCCESS)
def test_a_success_raises_nothing(code: Sw3) -> None:
    answer(code).raise_for_code()


def test_the_cards_own_status_does_not_hide_the_code() -> None:
    assert SdtError(bytes.fromhex("6A8247")).word == "random_failed"


def test_three_fives_are_a_timeout_but_one_alone_is_not() -> None:
    with pytest.raises(SdtError, match="05 05 05") as caught:
        Answer(MODULE_TIMEOUT).raise_for_code()
    assert caught.value.word == "module_timeout"
    assert meaning_of(b"\0\0\x05").word == "code_05"


def test_a_code_of_no_manual_is_named_too() -> None:
    error = SdtError(b"\0\0\xa4")
    assert error.word == "code_a4"
    assert "not in its manual" in str(error)


def test_an_error_never_carries_more_than_three_bytes() -> None:
    error = SdtError(b"\0\0\x41" + "样本".encode("utf-16-le"))
    assert error.sw == b"\0\0\x41"
    assert str(error).endswith("(code 00 00 41)")
