"""How much one source may ask for: a bucket of requests each."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

REQUESTS_PER_S: Final = 20.0
BURST: Final = 60.0
"""A clock that comes back sends what it kept in a row."""
MAX_SOURCES: Final = 1024


@dataclass(slots=True)
class RateLimit:
    """Token buckets by source; the sources heard longest ago are forgotten."""

    per_s: float = REQUESTS_PER_S
    burst: float = BURST
    _buckets: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def allows(self, source: str, now_s: float) -> bool:
        """Take one request of a source at a monotonic time."""
        tokens, then_s = self._buckets.pop(source, (self.burst, now_s))
        tokens = min(self.burst, tokens + (now_s - then_s) * self.per_s)
        allowed = tokens >= 1
        self._buckets[source] = (tokens - 1 if allowed else tokens, now_s)
        if len(self._buckets) > MAX_SOURCES:
            self._buckets.popitem(last=False)
        return allowed
