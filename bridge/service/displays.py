"""Keeps every display told what it shall show."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from bridge.domain.displays import Board, Followers, desired_content, idle_text
from bridge.domain.views import CallView, CounterView
from bridge.service.directory import Directory
from devices.commands import Desired
from devices.site import DeviceEntry, Site

VALID_FOR: Final = timedelta(minutes=10)
"""A display whose bridge is dead falls back to its idle text after this."""
RENEW_EVERY_S: Final = 240.0

Show = Callable[[str, Desired], None]


class Displays:
    """What each display shall show now. Lives on the event loop.

    A revision is the unix time in ms, or one more than the last.
    """

    def __init__(
        self,
        site: Site,
        directory: Directory,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self.board = Board()
        self.last_revision = 0
        self._site = site
        self._directory = directory
        self._now = now
        self._desired: dict[str, Desired] = {}
        self._entries = {entry.id: entry for entry in site.devices}
        self._followers = Followers(site)
        self._touched: dict[str, None] = {}
        self._forced: set[str] = set()
        self._show: Show | None = None
        self._due = False

    def attach(self, show: Show) -> None:
        """From now on, publish with `show`."""
        self._show = show

    def counter_changed(self, view: CounterView) -> None:
        """Take what a window does now."""
        self.board.counters[view.id] = view
        self.touch(self._followers.of_window(view.id, view.area))

    def waiting_changed(self, waiting: Mapping[str, int]) -> None:
        """Take how many wait for some services now."""
        self.board.waiting.update(waiting)
        self.touch(self._followers.of_waiting())

    def called(self, call: CallView) -> None:
        """Take a call."""
        self.board.calls[call.counter] = call
        self.touch(self._followers.of_window(call.counter, call.area))

    def touch(self, devices: Iterable[str]) -> None:
        """Look again at what these shall show, once the commit was told of whole."""
        self._touched.update(dict.fromkeys(devices))
        if not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self._look_at_touched)

    def force(self, device: str) -> None:
        """Tell a device what it shall show, even if nothing changed for it."""
        self._forced.add(device)
        self.touch([device])

    def renew(self) -> None:
        """Tell every display again, valid for longer."""
        self._desired.clear()
        self._look(self._entries)

    def publish_all(self, devices: Collection[str] | None = None) -> None:
        """Publish again what stands."""
        self._look(self._entries)
        for device, desired in self._desired.items():
            if self._show is not None and (devices is None or device in devices):
                self._show(device, desired)

    def _look_at_touched(self) -> None:
        self._due = False
        touched, self._touched = self._touched, {}
        self._look(touched)

    def _look(self, devices: Iterable[str]) -> None:
        forced, self._forced = self._forced, set()
        for device in devices:
            entry = self._entries.get(device)
            if entry is None:
                continue
            kind = self._directory.kind(entry.id)
            content = desired_content(self._site, self.board, entry, kind)
            if content is None:
                continue
            before = self._desired.get(entry.id)
            if before and before.content == content and entry.id not in forced:
                continue
            desired = self._revise(entry, content)
            self._desired[entry.id] = desired
            if self._show is not None:
                self._show(entry.id, desired)

    def _revise(self, entry: DeviceEntry, content: object) -> Desired:
        now = self._now()
        milliseconds = int(now.timestamp() * 1000)
        self.last_revision = max(self.last_revision + 1, milliseconds)
        shown = dict(content) if isinstance(content, dict) else {}
        return Desired(
            rev=self.last_revision,
            at=now,
            valid_until=now + VALID_FOR,
            idle=idle_text(self._site, entry) if "text" in shown else "",
            content=shown,
        )
