"""Real-time status of ESC/POS printers: `10 04 n` asked, one byte answered.

Both roles. Source: Epson ESC/POS command reference, DLE EOT; the masks are those
of python-escpos too. An answer does not say to which question it is: ask one at a
time. No answer means that nothing is known, never that all is well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

PREFIX: Final = b"\x10\x04"
"""DLE EOT."""
FIXED: Final = 0x12
"""Bits 1 and 4 are set in every answer ..."""
FIXED_MASK: Final = 0x93
"""... bits 0 and 7 are not."""
OFFLINE: Final = 0x08
COVER_OPEN: Final = 0x04
PAPER_STOP: Final = 0x20
ERROR: Final = 0x40
CUTTER_ERROR: Final = 0x08
FATAL_ERROR: Final = 0x20
PASSING_ERROR: Final = 0x40
NEAR_END: Final = 0x0C
NO_PAPER: Final = 0x60


class Query(IntEnum):
    """What is asked for."""

    PRINTER = 1
    CAUSE = 2
    """Why the printer is offline."""
    ERROR = 3
    PAPER = 4


class Paper(StrEnum):
    """The roll."""

    OK = "ok"
    NEAR_END = "near_end"
    OUT = "out"
    UNKNOWN = "unknown"


class Cover(StrEnum):
    """The lid over the roll."""

    CLOSED = "closed"
    OPEN = "open"
    UNKNOWN = "unknown"


class Fault(StrEnum):
    """What else keeps it from printing."""

    NONE = "none"
    CUTTER = "cutter"
    FATAL = "fatal"
    """Heals only by switching off and on, if at all."""
    PASSING = "passing"
    """A hot print head and the like: goes by itself."""
    OFFLINE = "offline"
    """Offline without a cause that it tells."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How a printer is."""

    paper: Paper = Paper.UNKNOWN
    cover: Cover = Cover.UNKNOWN
    error: Fault = Fault.UNKNOWN

    def as_data(self) -> dict[str, str]:
        """As `printer.status` tells it."""
        return {
            "paper": self.paper.value,
            "cover": self.cover.value,
            "error": self.error.value,
        }


UNKNOWN: Final = Condition()


def query(number: Query) -> bytes:
    """The question."""
    return PREFIX + bytes((number,))


def is_answer(byte: int) -> bool:
    """Whether a byte can be an answer; automatic status and noise mostly cannot."""
    return byte & FIXED_MASK == FIXED


def read_condition(answers: Mapping[Query, int]) -> Condition:
    """What answers mean together; what was not answered is unknown."""
    return Condition(
        paper=_paper(answers.get(Query.PAPER), answers.get(Query.CAUSE)),
        cover=_cover(answers.get(Query.CAUSE)),
        error=_fault(answers),
    )


def answer(number: Query, condition: Condition) -> int:
    """The printer's answer."""
    is_out = condition.paper is Paper.OUT
    is_open = condition.cover is Cover.OPEN
    is_faulty = condition.error not in {Fault.NONE, Fault.UNKNOWN}
    byte = FIXED
    match number:
        case Query.PRINTER:
            byte |= OFFLINE if is_out or is_open or is_faulty else 0
        case Query.CAUSE:
            byte |= COVER_OPEN if is_open else 0
            byte |= PAPER_STOP if is_out else 0
            byte |= ERROR if condition.error in _FAULT_BITS else 0
        case Query.ERROR:
            byte |= _FAULT_BITS.get(condition.error, 0)
        case Query.PAPER:
            byte |= NEAR_END if condition.paper is Paper.NEAR_END else 0
            byte |= NO_PAPER if is_out else 0
    return byte


_FAULT_BITS: Final = {
    Fault.CUTTER: CUTTER_ERROR,
    Fault.FATAL: FATAL_ERROR,
    Fault.PASSING: PASSING_ERROR,
}


def _paper(roll: int | None, cause: int | None) -> Paper:
    if (roll is not None and roll & NO_PAPER) or (
        cause is not None and cause & PAPER_STOP
    ):
        return Paper.OUT
    if roll is None:
        return Paper.UNKNOWN
    return Paper.NEAR_END if roll & NEAR_END else Paper.OK


def _cover(cause: int | None) -> Cover:
    if cause is None:
        return Cover.UNKNOWN
    return Cover.OPEN if cause & COVER_OPEN else Cover.CLOSED


def _fault(answers: Mapping[Query, int]) -> Fault:
    printer, cause = answers.get(Query.PRINTER), answers.get(Query.CAUSE)
    if cause is not None and cause & ERROR:
        told = answers.get(Query.ERROR, 0)
        return next(
            (fault for fault, bit in _FAULT_BITS.items() if told & bit), Fault.FATAL
        )
    if printer is None:
        return Fault.UNKNOWN
    if not printer & OFFLINE:
        return Fault.NONE
    if cause is None:
        return Fault.OFFLINE
    explained = cause & (COVER_OPEN | PAPER_STOP)
    out = answers.get(Query.PAPER, 0) & NO_PAPER
    return Fault.NONE if explained or out else Fault.OFFLINE
