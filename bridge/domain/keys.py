"""What the keys of a caller mean (facts: callers, how halld names them)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Meaning(StrEnum):
    """What a key asks of the hall."""

    CALL = "call"
    """The next ticket, or the one whose number was typed."""
    RECALL = "recall"
    CALL_OR_RECALL = "call_or_recall"
    """One key for both: recalls a ticket that was called and has not begun."""
    START = "start"
    FINISH = "finish"
    FINISH_OR_NO_SHOW = "finish_or_no_show"
    """One key for both: ends what began, gives up who did not come."""
    NO_SHOW = "no_show"
    HOLD = "hold"
    RESUME_TICKET = "resume_ticket"
    """The ticket held last, or the one whose number was typed."""
    PAUSE = "pause"
    OPEN = "open"
    RATE = "rate"
    """Finish, and ask for a rating."""
    TRANSFER = "transfer"
    """To the window whose number was typed."""
    SIGN_IN = "sign_in"
    """Whose number was typed sits at the window from now on."""
    SIGN_OUT = "sign_out"
    NOTHING = "nothing"
    """Kept on record only."""


_BRINGING: Final = frozenset(
    {Meaning.CALL, Meaning.RECALL, Meaning.CALL_OR_RECALL, Meaning.RESUME_TICKET}
)

KEYS: Final[Mapping[str, Meaning]] = {
    "call": Meaning.CALL,
    "recall": Meaning.RECALL,
    "call_or_recall": Meaning.CALL_OR_RECALL,
    "start": Meaning.START,
    "finish": Meaning.FINISH,
    "finish_or_no_show": Meaning.FINISH_OR_NO_SHOW,
    "no_show": Meaning.NO_SHOW,
    "hold": Meaning.HOLD,
    "callback": Meaning.RESUME_TICKET,
    "pause": Meaning.PAUSE,
    "resume": Meaning.OPEN,
    "rate": Meaning.RATE,
    "transfer": Meaning.TRANSFER,
    "cancel": Meaning.NOTHING,
    "prepare": Meaning.NOTHING,
    "login": Meaning.SIGN_IN,
    "logout": Meaning.SIGN_OUT,
    "guard": Meaning.NOTHING,
    "manager": Meaning.NOTHING,
    "show_address": Meaning.NOTHING,
    "advisor": Meaning.NOTHING,
    "unknown": Meaning.NOTHING,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A key of a caller, read: what it asks, and the number typed before it."""

    meaning: Meaning
    number: int | None
    digits: str = ""

    @property
    def brings_somebody(self) -> bool:
        """Whether somebody may be called: too late for that, it does nothing."""
        return self.meaning in _BRINGING

    @property
    def opens_paused(self) -> bool:
        """Whether a paused window opens: any key but pause does that."""
        return self.meaning is not Meaning.PAUSE


def read_press(key: str, digits: str) -> Press:
    """Read a key with its digits; a key that is not known asks nothing."""
    number = int(digits) if digits.isascii() and digits.isdecimal() else None
    meaning = KEYS.get(key, Meaning.NOTHING)
    return Press(meaning=meaning, number=number, digits=digits)
