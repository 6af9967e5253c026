"""What a handler works with: a transaction, the hall file, the time."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, insert, select, update

from bridge.domain.queue import hall_day
from bridge.domain.views import CallView, Change, CounterView
from bridge.service.shapes import as_json
from bridge.store.tables import alarm, change
from bridge.store.writer import Unit
from devices.site import Site

Result = TypeVar("Result")

_INSERT_CHANGE = insert(change)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """An open alarm; one for each kind and subject."""

    id: str
    kind: str
    since: datetime
    message: str


class Effects(Protocol):
    """What happens on the event loop after a commit."""

    def changed(self, change: Change) -> None:
        """Tell the live stream."""

    def counter_changed(self, view: CounterView) -> None:
        """Let displays follow a window."""

    def waiting_changed(self, waiting: Mapping[str, int]) -> None:
        """Let displays follow the queue."""

    def called(self, call: CallView) -> None:
        """Let displays follow a call."""

    def alarm_changed(self, key: tuple[str, str], now_open: Alarm | None) -> None:
        """An alarm opened, spoke anew, or ended."""

    def beep(self, device: str, address: int) -> None:
        """Tell the person at a caller that the press led to nothing."""


class Store(Protocol):
    """The hall's store and time, as the parts of the hall use them."""

    def now(self) -> datetime:
        """The time, aware, in the hall's zone."""

    async def read(self, query: Callable[[Connection], Result]) -> Result:
        """Run a query on a reader's connection."""

    async def transact(self, job: Callable[[Work], Result]) -> Result:
        """Run a job in the next transaction; raises `StoreError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One handler's part of a transaction. `now` is in the hall's zone."""

    unit: Unit
    site: Site
    now: datetime
    effects: Effects
    skews: Mapping[str, timedelta] = field(default_factory=dict)
    """How far nodes' clocks are behind this one."""

    @property
    def db(self) -> Connection:
        """The connection, inside the transaction."""
        return self.unit.connection

    @property
    def others_wait(self) -> bool:
        """Whether somebody waits for the writer meanwhile."""
        return self.unit.others_wait()

    @property
    def today(self) -> str:
        """The hall-day."""
        return hall_day(self.now)

    def local(self, moment: datetime) -> datetime:
        """A moment in the hall's zone."""
        return moment.astimezone(self.site.hall.zone)

    def after(self, effect: Callable[[], None]) -> None:
        """Have `effect` run after the commit."""
        self.unit.after.append(effect)

    def change(self, kind: str, area: str | None, data: Mapping[str, Any]) -> None:
        """Add to the live stream."""
        text = json.dumps(data, ensure_ascii=False)
        row = {"kind": kind, "area": area, "data": text, "at": self.now}
        key = self.db.execute(_INSERT_CHANGE, row).inserted_primary_key
        entry = Change(
            id=int(key[0]) if key else 0, kind=kind, area=area, data=json.loads(text)
        )
        self.after(lambda: self.effects.changed(entry))

    def tell_counter(self, view: CounterView) -> None:
        """A window changed."""
        self.change("counter", view.area, as_json(view))
        self.after(lambda: self.effects.counter_changed(view))

    def tell_call(self, view: CallView) -> None:
        """A ticket was called."""
        self.change("call", view.area, as_json(view))
        self.after(lambda: self.effects.called(view))

    def raise_alarm(self, kind: str, subject: str, message: str) -> None:
        """Open an alarm; one that is open gets the new message."""
        found = self.db.execute(
            select(alarm.c.id, alarm.c.since)
            .where(alarm.c.kind == kind, alarm.c.subject == subject)
            .where(alarm.c.ended.is_(None))
        ).first()
        if found is None:
            values = {"kind": kind, "subject": subject, "message": message}
            made = self.db.execute(insert(alarm).values(**values, since=self.now))
            key, since = (made.inserted_primary_key or (0,))[0], self.now
        else:
            key, since = found.id, self.local(found.since)
            self.db.execute(
                update(alarm).where(alarm.c.id == key).values(message=message)
            )
        entry = Alarm(id=str(key), kind=kind, since=since, message=message)
        self.after(lambda: self.effects.alarm_changed((kind, subject), entry))

    def open_alarms(self, kind: str) -> list[str]:
        """The subjects of the open alarms of a kind."""
        query = select(alarm.c.subject).where(
            alarm.c.kind == kind, alarm.c.ended.is_(None)
        )
        return list(self.db.execute(query).scalars())

    def end_alarm(self, kind: str, subject: str) -> None:
        """End an alarm, if it is open."""
        self.db.execute(
            update(alarm)
            .where(alarm.c.kind == kind, alarm.c.subject == subject)
            .where(alarm.c.ended.is_(None))
            .values(ended=self.now)
        )
        self.after(lambda: self.effects.alarm_changed((kind, subject), None))
