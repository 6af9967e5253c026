"""When tickets of a service may be drawn, and how many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from bridge.domain.errors import QuotaError
from devices.queueing import Quota


def check_quota(
    quotas: Sequence[Quota],
    now: datetime,
    drawn: Callable[[datetime, datetime], int],
) -> None:
    """Raise `QuotaError` unless a ticket may be drawn now, in the hall's zone.

    `drawn` counts what was drawn from one moment to before another.
    """
    if not quotas:
        return
    later = [each.from_time for each in quotas if each.from_time > now.time()]
    opens_at = datetime.combine(now.date(), min(later), now.tzinfo) if later else None
    for quota in quotas:
        if quota.from_time <= now.time() < quota.to_time:
            begin = datetime.combine(now.date(), quota.from_time, now.tzinfo)
            end = datetime.combine(now.date(), quota.to_time, now.tzinfo)
            if drawn(begin, end) >= quota.limit:
                raise QuotaError(
                    "no more tickets until the next period", "full", opens_at
                )
            return
    raise QuotaError("no tickets are given at this time of day", "closed", opens_at)
