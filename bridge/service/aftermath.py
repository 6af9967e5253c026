"""What follows a commit on the event loop: stream, displays, alarms, beeps."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, select

from bridge.domain.views import CallView, Change, CounterView
from bridge.service.bus import Bus
from bridge.service.displays import Displays
from bridge.service.stream import Hub
from bridge.service.work import Alarm
from bridge.store import tables
from devices.site import Site

log = logging.getLogger(__name__)

BEEP: Final = "beep"


class Aftermath:
    """Fills `Effects`. Each call comes after the commit, in the commit's order."""

    def __init__(self, site: Site, hub: Hub, displays: Displays) -> None:
        self._site = site
        self._hub = hub
        self._displays = displays
        self._bus: Bus | None = None
        self.alarms: dict[tuple[str, str], Alarm] = {}

    def attach(self, bus: Bus) -> None:
        """Reach devices through `bus` from now on."""
        self._bus = bus

    def recall(self, db: Connection) -> None:
        """Read the alarms that are open."""
        table = tables.alarm
        for row in db.execute(select(table).where(table.c.ended.is_(None))):
            self.alarms[row.kind, row.subject] = Alarm(
                id=str(row.id),
                kind=row.kind,
                since=row.since.astimezone(self._site.hall.zone),
                message=row.message,
            )

    def changed(self, change: Change) -> None:
        """Tell the live stream."""
        self._hub.publish(change)

    def counter_changed(self, view: CounterView) -> None:
        """Let displays follow a window."""
        self._displays.counter_changed(view)

    def waiting_changed(self, waiting: Mapping[str, int]) -> None:
        """Let displays follow the queue."""
        self._displays.waiting_changed(waiting)

    def called(self, call: CallView) -> None:
        """Let displays follow a call."""
        self._displays.called(call)

    def alarm_changed(self, key: tuple[str, str], now_open: Alarm | None) -> None:
        """An alarm opened, spoke anew, or ended."""
        if now_open is None:
            self.alarms.pop(key, None)
            return
        if key not in self.alarms:
            log.warning("alarm %s: %s", now_open.kind, now_open.message)
        self.alarms[key] = now_open

    def beep(self, device: str, address: int) -> None:
        """Tell the person at a caller that the press led to nothing."""
        self._displays.force(device)
        if self._bus is not None and self._site.device(device) is not None:
            self._bus.send(device, BEEP, {"address": address})
