"""The people of every simulated clock: specimens, nobody's data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Somebody whom the clocks know."""

    user_id: str
    name: str
    is_admin: bool = False


def specimen_staff(count: int) -> Sequence[StaffMember]:
    """测试01, 测试02, …: user ids from 1001, the first an administrator."""
    return [
        StaffMember(str(1000 + place), f"测试{place:02}", is_admin=place == 1)
        for place in range(1, count + 1)
    ]
