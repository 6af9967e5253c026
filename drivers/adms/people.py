"""The user list of a push clock, as its USER lines told it.

Names stay here: in the node's own data directory and in the answer to `users`,
never in events or logs.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from devices.adms.operlog import PushUser
from drivers.driver import DriverContext

BUCKETS: Final = 64
"""A changed user rewrites one bucket, not the whole list."""
MAX_USERS: Final = 20_000


@dataclass(slots=True)
class People:
    """Users by id."""

    context: DriverContext
    serial: str
    _buckets: dict[int, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number in range(BUCKETS):
            kept = self.context.recall(self._key(number))
            if isinstance(kept, Mapping) and kept:
                self._buckets[number] = dict(kept)

    def __len__(self) -> int:
        return sum(len(bucket) for bucket in self._buckets.values())

    async def take(self, users: Iterable[PushUser]) -> None:
        """Add or change users."""
        changed: dict[int, dict[str, Any]] = {}
        room = MAX_USERS - len(self)
        for user in users:
            number = _bucket(user.user_id)
            known = self._buckets.get(number, {})
            bucket = changed.get(number) or dict(known)
            room -= user.user_id not in bucket
            if room < 0:
                break
            bucket[user.user_id] = asdict(user)
            changed[number] = bucket
        await self._keep(changed)

    async def remove(self, user_ids: Iterable[str]) -> None:
        """Forget users."""
        changed: dict[int, dict[str, Any]] = {}
        for user_id in user_ids:
            number = _bucket(user_id)
            bucket = changed.get(number) or dict(self._buckets.get(number, {}))
            if bucket.pop(user_id, None) is not None:
                changed[number] = bucket
        await self._keep(changed)

    def listed(self) -> list[Mapping[str, Any]]:
        """Everybody, by id, JSON-ready."""
        users = [user for bucket in self._buckets.values() for user in bucket.values()]
        return sorted(users, key=lambda user: str(user["user_id"]))

    def _key(self, number: int) -> str:
        return f"adms:{self.serial}:users:{number}"

    async def _keep(self, changed: Mapping[int, dict[str, Any]]) -> None:
        changed = {
            number: bucket
            for number, bucket in changed.items()
            if bucket != self._buckets.get(number, {})
        }
        if changed:
            await self.context.remember(
                {self._key(number): bucket for number, bucket in changed.items()}
            )
            self._buckets.update(changed)


def _bucket(user_id: str) -> int:
    return zlib.crc32(user_id.encode()) % BUCKETS
