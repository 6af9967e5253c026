"""When a display that must not be written often is written, and with what.

Pure: times are monotonic seconds that the caller gives.
"""

from __future__ import annotations

import math
from typing import Final, Generic, TypeVar

from bus.backoff import Backoff

_NEVER: Final = -math.inf

Shown = TypeVar("Shown")


class ScreenPlan(Generic[Shown]):
    """Brings a screen to the newest look, coalescing what comes too fast.

    The least time between two writes counts from the device's answer, for only
    that proves that it had the write before. Where an answer never came, it
    counts from the next thing that the device answered.
    """

    def __init__(
        self,
        *,
        refresh_min_s: float,
        rewrite_every_s: float,
        backoff: Backoff,
        repeat_after_s: float = 0,
    ) -> None:
        self._refresh_min_s = refresh_min_s
        self._rewrite_every_s = rewrite_every_s
        """0 never writes the same again."""
        self._repeat_after_s = repeat_after_s
        """Writes a new look once more soon after, for a mute line; 0 does not."""
        self._is_fresh = False
        self._backoff = backoff
        self.wanted: Shown | None = None
        """The newest look; None while nobody wants anything."""
        self.shown: Shown | None = None
        """What the screen shows for certain; None when that is not known."""
        self._last_s = _NEVER
        self._shown_s = _NEVER
        self._retry_s = _NEVER
        self._unanswered = False

    @property
    def is_settled(self) -> bool:
        """Whether the screen shows what is wanted."""
        return self.wanted is not None and self.wanted == self.shown

    @property
    def is_in_doubt(self) -> bool:
        """Whether a write was sent that the device has not answered."""
        return self._unanswered

    def want(self, look: Shown | None) -> None:
        """Take the newest look; a new one is not delayed by an older refusal."""
        if look != self.wanted:
            self.wanted = look
            self._retry_s = _NEVER
            self._backoff.reset()

    def connected(self, now_s: float) -> None:
        """The device answers (again); what it shows is not known."""
        self.shown = None
        self._retry_s = _NEVER
        if self._unanswered:
            self._unanswered = False
            self._last_s = now_s

    def due_s(self, now_s: float) -> float | None:
        """Seconds until the next write, 0 for now; None when none is due."""
        if self.wanted is None:
            return None
        at_s = self._retry_s
        if self.is_settled:
            again_s = self._repeat_after_s if self._is_fresh else 0.0
            again_s = again_s or self._rewrite_every_s
            if not again_s:
                return None
            at_s = self._shown_s + again_s
        return max(at_s - now_s, self._last_s + self._refresh_min_s - now_s, 0.0)

    def sent(self) -> None:
        """A write goes out now."""
        self._unanswered = True

    def written(self, look: Shown, now_s: float) -> None:
        """The device took `look`."""
        self._answered(now_s)
        self._backoff.reset()
        self._is_fresh = look != self.shown
        self.shown = look
        self._shown_s = now_s

    def refused(self, now_s: float, *, soon: bool) -> None:
        """The device refused; tried again as `soon` as allowed or with back-off."""
        self._answered(now_s)
        if self.is_settled:
            self.shown = None
        self._retry_s = now_s if soon else now_s + self._backoff.next_s()

    def _answered(self, now_s: float) -> None:
        self._unanswered = False
        self._last_s = now_s
