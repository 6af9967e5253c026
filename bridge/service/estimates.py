"""Tells the live stream when a wait became longer or shorter by minutes.

Every press changes every estimate a little, so they are looked at now and then, and
not with each ticket.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bridge.domain.views import ServiceView
from bridge.service.tickets import only_area, service_views
from bridge.service.work import Store, Work
from devices.site import Site

LOOK_EVERY_S: Final = 10.0
MINUTE_S: Final = 60


class Estimates:
    """The waits that were told last, by service."""

    def __init__(self, site: Site, store: Store) -> None:
        self._site = site
        self._store = store
        self._told: Mapping[str, int | None] = {}

    async def look(self) -> None:
        """Tell those that changed by minutes."""
        day = self._store.now().date()
        views = await self._store.read(lambda db: service_views(db, self._site, day))
        minutes = {view.id: _minutes(view) for view in views}
        changed = [
            view
            for view in views
            if view.id not in self._told or self._told[view.id] != minutes[view.id]
        ]
        if changed:
            await self._store.transact(lambda work: tell_waits(work, changed))
            self._told = minutes


def tell_waits(work: Work, views: Sequence[ServiceView]) -> None:
    """Tell of services, those of one area apart."""
    by_area: dict[str | None, list[dict[str, Any]]] = {}
    for view in views:
        told = {
            "id": view.id,
            "waiting": view.waiting,
            "estimated_wait_s": view.estimated_wait_s,
        }
        by_area.setdefault(only_area(work.site, {view.id}, None), []).append(told)
    for area, services in by_area.items():
        work.change("services", area, {"services": services})


def _minutes(view: ServiceView) -> int | None:
    wait_s = view.estimated_wait_s
    return None if wait_s is None else -(-wait_s // MINUTE_S)
