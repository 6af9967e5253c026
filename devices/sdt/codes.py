"""What a resident ID reader answers: status codes, and whose fault each is.

Source: the facts on cards, section 3.1 (GA/T 467 and vendors' protocol pages).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

from devices.errors import DeviceError


class Sw3(IntEnum):
    """The third status byte; SW1 and SW2 are the card's own and may be anything."""

    MODULE_TIMEOUT = 0x05
    """Only as `05 05 05`: the module gave up waiting."""
    CHECKSUM = 0x10
    LENGTH = 0x11
    BAD_COMMAND = 0x21
    UNAUTHORISED_OPERATION = 0x23
    UNKNOWN_ERROR = 0x24
    CARD_REJECTS_SAM = 0x31
    SAM_REJECTS_CARD = 0x32
    VERIFICATION_FAILED = 0x33
    UNKNOWN_CARD = 0x40
    READ_FAILED = 0x41
    RANDOM_FAILED = 0x47
    SELF_TEST_FAILED = 0x60
    NOT_AUTHORISED = 0x66
    FIND_FAILED = 0x80
    SELECT_FAILED = 0x81
    OK = 0x90
    NO_CONTENT = 0x91
    FOUND = 0x9F


SUCCESS: Final = frozenset({Sw3.OK, Sw3.FOUND})

MODULE_TIMEOUT: Final = b"\x05\x05\x05"


class Blame(StrEnum):
    """What has to change before it works."""

    LINE = "line"
    """Bytes were damaged on the way; sending again heals it."""
    CARD = "card"
    """This card, or how it lies; it must be lifted and put back."""
    READER = "reader"
    """The reader itself, or its security module."""
    REQUEST = "request"
    """This reader does not do what was asked."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """A code in words: `word` for programs, `message` for technicians."""

    word: str
    blame: Blame
    message: str


_PUT_BACK = "lift the card and put it back"

MEANINGS: Final = {
    Sw3.MODULE_TIMEOUT: Meaning(
        "module_timeout",
        Blame.CARD,
        f"the reader's module gave up waiting for the card; {_PUT_BACK}",
    ),
    Sw3.CHECKSUM: Meaning(
        "checksum",
        Blame.LINE,
        "the reader got a request with a bad checksum; check cable and baud rate",
    ),
    Sw3.LENGTH: Meaning(
        "length",
        Blame.LINE,
        "the reader got a request of a bad length; check cable and baud rate",
    ),
    Sw3.BAD_COMMAND: Meaning(
        "bad_command",
        Blame.REQUEST,
        "the reader does not know this command; check its model",
    ),
    Sw3.UNAUTHORISED_OPERATION: Meaning(
        "unauthorised_operation",
        Blame.REQUEST,
        "the reader is not allowed to do this; check its licence with the vendor",
    ),
    Sw3.UNKNOWN_ERROR: Meaning(
        "unknown_error",
        Blame.READER,
        "the reader reports an unknown error; switch it off and on",
    ),
    Sw3.CARD_REJECTS_SAM: Meaning(
        "card_rejects_sam",
        Blame.CARD,
        f"the card does not accept the reader's security module; {_PUT_BACK}",
    ),
    Sw3.SAM_REJECTS_CARD: Meaning(
        "sam_rejects_card",
        Blame.CARD,
        f"the reader's security module does not accept the card; {_PUT_BACK}",
    ),
    Sw3.VERIFICATION_FAILED: Meaning(
        "verification_failed",
        Blame.CARD,
        f"the card's content did not pass verification; {_PUT_BACK}",
    ),
    Sw3.UNKNOWN_CARD: Meaning(
        "unknown_card",
        Blame.CARD,
        "not a resident ID card or residence permit; take it off the reader",
    ),
    Sw3.READ_FAILED: Meaning(
        "read_failed", Blame.CARD, f"the card could not be read; {_PUT_BACK}"
    ),
    Sw3.RANDOM_FAILED: Meaning(
        "random_failed",
        Blame.CARD,
        f"the card did not give a random number; {_PUT_BACK}",
    ),
    Sw3.SELF_TEST_FAILED: Meaning(
        "self_test_failed",
        Blame.READER,
        "the reader's security module failed its self-test; switch the reader off "
        "and on, and have it serviced if that does not help",
    ),
    Sw3.NOT_AUTHORISED: Meaning(
        "not_authorised",
        Blame.READER,
        "the reader's security module is not authorised; "
        "have the vendor authorise or replace it",
    ),
    Sw3.FIND_FAILED: Meaning(
        "find_failed", Blame.CARD, "no card is found; put a card on the reader"
    ),
    Sw3.SELECT_FAILED: Meaning(
        "select_failed", Blame.CARD, f"the card could not be selected; {_PUT_BACK}"
    ),
    Sw3.NO_CONTENT: Meaning("no_content", Blame.CARD, "the card holds no such content"),
}


class SdtError(DeviceError):
    """The reader answered with a code that is no success.

    `word` is stable, for programs. The message never holds card content: only
    the three status bytes.
    """

    def __init__(self, sw: bytes) -> None:
        self.sw = bytes(sw[:3])
        self.sw3 = self.sw[2]
        meaning = meaning_of(self.sw)
        self.word = meaning.word
        self.blame = meaning.blame
        super().__init__(f"{meaning.message} (code {self.sw.hex(' ').upper()})")


def meaning_of(sw: bytes) -> Meaning:
    """What the three status bytes of a failure mean; unknown ones have a word too."""
    if sw == MODULE_TIMEOUT:
        return MEANINGS[Sw3.MODULE_TIMEOUT]
    code = sw[2]
    known = {int(key): meaning for key, meaning in MEANINGS.items()}
    known.pop(int(Sw3.MODULE_TIMEOUT))
    return known.get(code) or Meaning(
        f"code_{code:02x}",
        Blame.READER,
        "the reader answered with a code that is not in its manual; "
        "note the code and ask the vendor",
    )
