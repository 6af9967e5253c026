"""How bad a line is: bytes that are no frames, over the last seconds."""

from __future__ import annotations

from collections import deque
from typing import Final

BYTES_A_BURST: Final = 20
"""A burst without an end counts by its bytes: about two frames make a burst."""


class NoiseMeter:
    """Counts noise in a sliding window. Times are monotonic seconds."""

    def __init__(self, *, window_s: float, limit: int) -> None:
        self._window_s = window_s
        self._limit = limit
        self._seen: deque[tuple[float, int, int]] = deque()
        self.bursts = 0
        """Runs of noise since the driver was started."""
        self.bytes = 0
        """Bytes of noise since the driver was started."""
        self.last = ""
        """What was wrong last."""

    def note(self, bursts: int, size: int, reason: str, at_s: float) -> None:
        """Count noise that came."""
        self.bursts += bursts
        self.bytes += size
        self.last = reason
        self._seen.append((at_s, bursts, size))

    def level(self, now_s: float) -> float:
        """0 is clean, from 1 on the line is bad."""
        while self._seen and now_s - self._seen[0][0] > self._window_s:
            self._seen.popleft()
        bursts = sum(bursts for _, bursts, _ in self._seen)
        size = sum(size for _, _, size in self._seen)
        return max(bursts, size / BYTES_A_BURST) / self._limit
