"""What goes wrong with cards and readers, sorted by what helps, and counted."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any, Final

from devices.errors import CommandTimeoutError, DeviceError, FrameError
from devices.sdt.codes import Blame, SdtError, Sw3

RETRY_REFUSED_S: Final = 5.0
MAX_RETRY_REFUSED_S: Final = 60.0

_DEAD: Final = {Sw3.SELF_TEST_FAILED, Sw3.NOT_AUTHORISED}
_PASSING: Final = {"select_failed", "module_timeout"}


def word_of(error: DeviceError) -> str:
    """A short stable word for programs."""
    match error:
        case SdtError(word=word):
            return word
        case CommandTimeoutError():
            return "no_answer"
        case FrameError():
            return "damaged_answer"
        case _:
            return "bad_content"


def is_dead(error: DeviceError) -> bool:
    """Whether the reader can do nothing at all: its security module is not well."""
    return isinstance(error, SdtError) and error.sw3 in _DEAD


def is_absence(error: DeviceError) -> bool:
    """Whether it only says that there is no card."""
    return isinstance(error, SdtError) and error.sw3 == Sw3.FIND_FAILED


def is_readers(error: DeviceError) -> bool:
    """Whether the reader is to blame for a card that it did not read."""
    blames = {Blame.READER, Blame.REQUEST}
    return isinstance(error, SdtError) and error.blame in blames


def is_lock_up(error: DeviceError) -> bool:
    """Whether a card may have locked up in the reader's field."""
    return isinstance(error, CommandTimeoutError) or word_of(error) == "module_timeout"


def may_try_again(error: DeviceError) -> bool:
    """Whether the card may do better without being lifted."""
    if isinstance(error, SdtError):
        return error.blame is Blame.LINE or error.word in _PASSING
    return isinstance(error, CommandTimeoutError | FrameError)


class Retry:
    """When a card that stays though it was refused is tried again: ever rarer."""

    def __init__(self) -> None:
        self._wait_s = RETRY_REFUSED_S
        self._at_s = 0.0

    def failed(self, now_s: float) -> None:
        """It was tried and failed."""
        self._at_s = now_s + self._wait_s
        self._wait_s = min(2 * self._wait_s, MAX_RETRY_REFUSED_S)

    def is_due(self, now_s: float) -> bool:
        """Whether it may be tried."""
        return now_s >= self._at_s


class FaultLog:
    """Failures by word, and the last one until a card is read well.

    Words and messages hold nothing of what is on a card.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._last: dict[str, str] | None = None

    def note(self, error: DeviceError, at: datetime) -> None:
        """Count a failure."""
        word = word_of(error)
        self._counts[word] += 1
        self._last = {"code": word, "message": str(error), "at": at.isoformat()}

    def forgive(self) -> None:
        """A card was read well."""
        self._last = None

    def value(self) -> dict[str, Any]:
        """For the device's `value`."""
        return {"faults": dict(self._counts), "fault": self._last}
