"""How long to wait before trying again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Backoff:
    """Exponential back-off with jitter: `first_s` doubling up to `cap_s`.

    `random` gives numbers in [0, 1); each delay is spread over its upper half,
    so that a hall's devices do not knock all at once.
    """

    random: Callable[[], float]
    first_s: float = 0.5
    cap_s: float = 30.0
    _tries: int = 0

    def next_s(self) -> float:
        """Seconds to wait now; the next answer is longer."""
        full_s = min(self.first_s * 2.0 ** min(self._tries, 16), self.cap_s)
        self._tries += 1
        return full_s * (0.5 + 0.5 * self.random())

    def reset(self) -> None:
        """Start anew: it worked."""
        self._tries = 0
