"""Which answers are one press: a panel tells its key to several polls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from devices.ub485.frames import IDLE, Signal

RESEND_S: Final = 2.0
"""A key that was held down over a restart is the press from before it."""
LONGEST_ROUND_S: Final = 1.0
"""Answers to polls that are further apart than this are presses of their own."""


@dataclass(slots=True, kw_only=True)
class _Press:
    code: int
    heard_s: float
    released: bool = False


class PanelPresses:
    """The last press of every panel. Times are monotonic seconds, or aware.

    Equal answers within `debounce_s` of each other are one press, as are those
    to polls that follow each other. `recall` gives what `memory` gave, over
    restarts.
    """

    def __init__(self, debounce_s: float, recall: Callable[[str], Any]) -> None:
        self._debounce_s = debounce_s
        self._recall = recall
        self._presses: dict[int, _Press] = {}

    def line_opened(self) -> None:
        """Expect keys that are still held down."""
        self._presses.clear()

    def is_new(
        self, answer: Signal, now_s: float, time: datetime, *, round_s: float
    ) -> bool:
        """Whether an answer is a press of its own; `round_s` is between polls."""
        last = self._presses.get(answer.address)
        if answer.code == IDLE:
            if last is not None:
                last.released = True
            return False
        self._presses[answer.address] = _Press(code=answer.code, heard_s=now_s)
        if last is None:
            return not self._is_remembered(answer, time)
        window_s = self._debounce_s
        if not last.released:
            window_s = max(window_s, min(2 * round_s, LONGEST_ROUND_S))
        return last.code != answer.code or now_s - last.heard_s > window_s

    def failed(self, answer: Signal) -> None:
        """Its press was not journalled: the next answer is a new one."""
        self._presses.pop(answer.address, None)

    @staticmethod
    def memory(answer: Signal, time: datetime) -> dict[str, Any]:
        """What to remember of a press."""
        kept = {"code": answer.code, "time": time.isoformat()}
        return {_name(answer.address): kept}

    def _is_remembered(self, answer: Signal, time: datetime) -> bool:
        kept = self._recall(_name(answer.address))
        try:
            before = datetime.fromisoformat(kept["time"])
            same = kept["code"] == answer.code
        except (TypeError, KeyError, ValueError):
            return False
        window = timedelta(seconds=max(RESEND_S, self._debounce_s))
        return same and before.tzinfo is not None and abs(time - before) <= window


def _name(address: int) -> str:
    return f"key-{address}"
