"""How a node is: its retained `health`, every minute and when an alarm changes."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from bus.client import ANOTHER_PROGRAM
from devices.kinds import DeviceState
from drivers.node.alarms import AlarmKind, Alarms
from drivers.node.context import NodeServices
from drivers.node.host_clock import (
    ClockEvidence,
    ClockTrust,
    ClockVerdict,
    confirmed_at,
    judge,
    kernel_synchronised,
)
from drivers.node.journal_rows import JournalError, JournalSize
from drivers.node.journal_store import JournalStore
from drivers.node.presence import DevicePresence, Pulpit

EVERY_S: Final = 60.0
JOURNAL_LIMIT_BYTES: Final = 2 * 1024**3
"""More than a year of a busy hall. Nothing is dropped at it: it only warns."""
WARN_AT: Final = (0.8, 0.5)
ALARM_AGE: Final = timedelta(days=7)
LAST_EVENT: Final = "last_event"

_UP: Final = {DeviceState.READY, DeviceState.DEGRADED}


@dataclass(slots=True, kw_only=True)
class Health:
    """Watches the node and tells how it is."""

    pulpit: Pulpit
    services: NodeServices
    alarms: Alarms
    devices: Sequence[DevicePresence]
    data: Path
    settle: Callable[[], Awaitable[None]]
    """Has the acks noted in the journal before it is measured."""
    limit_bytes: int = JOURNAL_LIMIT_BYTES
    every_s: float = EVERY_S
    synchronised: Callable[[], bool] = kernel_synchronised
    _due: asyncio.Event = field(default_factory=asyncio.Event)
    _told: Mapping[str, Any] | None = None
    _cpu: tuple[float, float] = (0.0, 0.0)
    _last_event: float | None = None
    _takeovers: int = 0

    async def start(self) -> None:
        """Look at the clock before any device is reached, restore alarms."""
        now = self.services.now()

        def load(store: JournalStore) -> list[tuple[str, str, str]]:
            kept = store.meta(LAST_EVENT)
            times = [store.last_at(), float(kept) if kept else None]
            self._last_event = max((t for t in times if t is not None), default=None)
            return store.alarms()

        for kind, since, message in await self.services.journal.call(load):
            if now - datetime.fromisoformat(since) < ALARM_AGE:
                self.alarms.restore(kind, since, message)
        self._judge_clock()
        self._cpu = (time.monotonic(), time.process_time())
        self.alarms.changed = self._due.set

    async def run(self) -> None:
        """Look and tell, for ever."""
        while True:
            self._due.clear()
            await self._look()
            self.publish()
            try:
                async with asyncio.timeout(self.every_s):
                    await self._due.wait()
            except TimeoutError:
                continue

    def publish(self) -> None:
        """Tell what was seen last (again)."""
        if self._told is not None:
            topics = self.pulpit.topics
            self.pulpit.tell(topics.node(self.pulpit.node, "health"), self._told)

    async def _look(self) -> None:
        self._judge_clock()
        self._judge_bus()
        try:
            await self.settle()
            size = await self.services.journal.call(self._measure)
        except JournalError:  # told by the devices that cannot journal
            return
        self._judge_journal(size)
        self._told = self._body(size)

    def _measure(self, store: JournalStore) -> JournalSize:
        last = store.last_at()
        if last is not None and last > (self._last_event or 0.0):
            self._last_event = last
            store.set_meta(LAST_EVENT, repr(last))
        return store.size()

    def _judge_clock(self) -> None:
        verdict = self._clock_verdict()
        self.services.clock_trusted = verdict.trust is ClockTrust.TRUSTED
        if verdict.reason:
            self.alarms.raise_alarm(
                AlarmKind.CLOCK_DOUBTFUL, f"host clock doubtful: {verdict.reason}"
            )
        else:
            self.alarms.clear(AlarmKind.CLOCK_DOUBTFUL)

    def _clock_verdict(self) -> ClockVerdict:
        last = self._last_event
        return judge(
            ClockEvidence(
                now=self.services.now(),
                last_event=None if last is None else datetime.fromtimestamp(last, UTC),
                synchronised=self.synchronised(),
                confirmed=confirmed_at(self.data),
            )
        )

    def _judge_bus(self) -> None:
        bus = self.pulpit.bus
        if bus.takeovers > self._takeovers:
            self.alarms.raise_alarm(
                AlarmKind.ANOTHER_PROGRAM,
                f"{ANOTHER_PROGRAM}: end the other one that runs as {bus.client_id}",
            )
        else:
            self.alarms.clear(AlarmKind.ANOTHER_PROGRAM)
        self._takeovers = bus.takeovers
        if bus.fault:
            self.alarms.raise_alarm(AlarmKind.MESSAGE_FAILED, bus.fault)
        else:
            self.alarms.clear(AlarmKind.MESSAGE_FAILED)

    def _judge_journal(self, size: JournalSize) -> None:
        share = size.size_bytes / self.limit_bytes
        for limit in WARN_AT:
            if share >= limit:
                self.alarms.raise_alarm(
                    AlarmKind.JOURNAL_FILLING,
                    f"the journal is over {limit:.0%} of {self.limit_bytes} bytes; "
                    f"{size.unacked} events wait for the bridge",
                )
                return
        self.alarms.clear(AlarmKind.JOURNAL_FILLING)

    def _body(self, size: JournalSize) -> Mapping[str, Any]:
        now = self.services.now()
        up = sum(device.state in _UP for device in self.devices)
        waiting_s = 0.0 if size.oldest_at is None else now.timestamp() - size.oldest_at
        return {
            "ts": now.isoformat(),
            "session": self.pulpit.session,
            "rss": _rss_bytes(),
            "cpu": self._cpu_percent(),
            "journal": {
                "count": size.count,
                "bytes": size.size_bytes,
                "oldest_s": round(max(waiting_s, 0.0), 1),
                "unacked": size.unacked,
                "limit_bytes": self.limit_bytes,
            },
            "devices": {"up": up, "down": len(self.devices) - up},
            "alarms": self.alarms.as_json(),
            "clock": (
                ClockTrust.TRUSTED
                if self.services.clock_trusted
                else ClockTrust.DOUBTFUL
            ),
        }

    def _cpu_percent(self) -> float:
        """Percent of one core since the last look."""
        (wall, cpu), now = self._cpu, (time.monotonic(), time.process_time())
        self._cpu = now
        return round(100 * (now[1] - cpu) / max(now[0] - wall, 1e-3), 1)


def _rss_bytes() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
