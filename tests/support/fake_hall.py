"""A small hall in memory that the web can be tried on."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from support.answered import Answered
from support.fake_attendance import FakeAttendance
from support.fake_lists import FakeLists
from support.fake_paper import FakePaper
from support.fake_site import HALL, make_site

from bridge.domain.errors import (
    CounterPausedError,
    NotFoundError,
    NoTicketError,
    QueueEmptyError,
    TicketOpenError,
)
from bridge.domain.speech import announcement
from bridge.domain.views import (
    CallView,
    Change,
    Channel,
    CounterAction,
    CounterState,
    CounterView,
    DeviceView,
    Drawn,
    Page,
    PrintState,
    QueueView,
    ServiceView,
    TicketBrief,
    TicketState,
    TicketView,
)
from bridge.service.ports import Errand, ListQuery, Once, Subscription
from bridge.service.shapes import as_json
from bridge.service.stream import Areas, Hub, Reader, concerns
from devices.commands import Reply, ReplyStatus
from devices.site import Site

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)

__all__ = ["HALL", "START", "FakeHall", "make_site"]


class FakeHall(FakeLists):
    """`HallPort` without store and bus; `advance` moves its clock."""

    def __init__(self, site: Site | None = None) -> None:
        super().__init__()
        self.site = site or make_site()
        self.reasons: list[str] = []
        self.commands: list[tuple[str, str, Mapping[str, Any], float]] = []
        self.reply = Reply(id="r1", status=ReplyStatus.OK, data={"done": True})
        self.changes: list[Change] = []
        self.oldest = 0
        self.attendance = FakeAttendance(self.now)
        self.paper = FakePaper()
        self.hub = Hub()
        self._now = START
        self._tickets: dict[str, TicketView] = {}
        self._open: dict[str, str | None] = {c.id: None for c in self.site.counters}
        self._paused: set[str] = set()
        self._calls: list[CallView] = []
        self._repeats: dict[str, int] = {}
        self._answered = Answered()

    def now(self) -> datetime:
        return self._now.astimezone(self.site.hall.zone)

    def advance(self, **duration: float) -> None:
        self._now += timedelta(**duration)

    async def issue_ticket(self, **wish: Any) -> TicketView:
        return (await self.draw_ticket(**wish)).ticket

    async def draw_ticket(
        self,
        *,
        service: str,
        channel: Channel,
        subject_ref: str | None = None,
        kiosk: str | None = None,
        errand: Errand | None = None,
        once: Once | None = None,
    ) -> Drawn:
        del errand
        known = self.paper.take(channel, subject_ref, kiosk)
        if known is not None:
            return Drawn(ticket=self._tickets[known], is_new=False)
        ticket = self._issue(service, channel, once)
        self.paper.keep(subject_ref, ticket.id)
        return Drawn(ticket=ticket, is_new=True)

    async def reprint_ticket(
        self, ticket_id: str, *, kiosk: str | None = None, once: Once | None = None
    ) -> TicketView:
        del once
        self.paper.take(Channel.KIOSK, None, kiosk)
        await self.ticket(ticket_id)
        self.printed(ticket_id, PrintState.PENDING)
        return await self.ticket(ticket_id)

    def printed(self, ticket_id: str, state: PrintState) -> None:
        """Tell what became of a ticket's paper."""
        self._put(replace(self._tickets[ticket_id], print=state))

    def _issue(self, service: str, channel: Channel, once: Once | None) -> TicketView:
        known: TicketView | None = self._answered.known(once)
        if known is not None:
            return known
        entry = self.site.service(service)
        assert entry is not None
        count = sum(t.service == service for t in self._tickets.values()) + 1
        ticket = TicketView(
            id=f"t{len(self._tickets) + 1}",
            number=f"{entry.prefix}{count:03d}",
            service=service,
            state=TicketState.WAITING,
            waiting_before=self._waiting(service),
            estimated_wait_s=None,
            counter=None,
            channel=channel,
            issued_at=self.now(),
            called_at=None,
            finished_at=None,
            print=self.paper.state if channel is Channel.KIOSK else None,
        )
        self._put(ticket)
        self._answered.remember(once, ticket)
        return ticket

    async def counter_action(
        self,
        counter: str,
        action: CounterAction,
        *,
        arguments: Mapping[str, Any] | None = None,
        once: Once | None = None,
    ) -> TicketView | CounterView:
        known: TicketView | CounterView | None = self._answered.known(once)
        if known is not None:
            return known
        done = self._act(counter, action, arguments or {})
        self._answered.remember(once, done)
        return done

    async def ticket(self, ticket_id: str) -> TicketView:
        try:
            return self._tickets[ticket_id]
        except KeyError:
            raise NotFoundError(f"no ticket {ticket_id!r}") from None

    async def rejoin_ticket(
        self, ticket_id: str, *, once: Once | None = None
    ) -> TicketView:
        del once
        back = replace(await self.ticket(ticket_id), state=TicketState.WAITING)
        self._put(back)
        return back

    async def tickets(self, query: ListQuery) -> Page[TicketView]:
        self.queries.append(query)
        return Page(items=list(self._tickets.values()), total=len(self._tickets))

    async def queue(self) -> QueueView:
        services = [
            ServiceView(
                id=service.id,
                prefix=service.prefix,
                name=service.name,
                audience=service.audience,
                waiting=self._waiting(service.id),
                estimated_wait_s=180 * self._waiting(service.id) or None,
            )
            for service in self.site.services
        ]
        counters = [self._counter(counter.id) for counter in self.site.counters]
        return QueueView(services=services, counters=counters)

    def devices(self) -> Sequence[DeviceView]:
        return [
            DeviceView(
                id=device.id,
                driver=device.driver,
                name=device.label,
                state="offline" if device.id == "led-main" else "ready",
                reason="no answer" if device.id == "led-main" else "",
                since=self.now(),
                last_seen=None,
                node=device.node,
                info={"drift": float("nan")},
                value=None,
            )
            for device in self.site.devices
        ]

    async def command(
        self, device: str, name: str, args: Mapping[str, Any], timeout_s: float
    ) -> Reply:
        self.commands.append((device, name, args, timeout_s))
        return self.reply

    async def snapshot(self, areas: Areas) -> tuple[int, Mapping[str, Any]]:
        queue = await self.queue()
        counters = [c for c in queue.counters if concern(c.area, areas)]
        waiting = [t for t in self._tickets.values() if t.state == "waiting"]
        body: dict[str, Any] = {
            "time": self.now().isoformat(),
            "hall": {"id": self.site.hall.id, "name": self.site.hall.name},
            "services": [as_json(service) for service in queue.services],
            "counters": [as_json(counter) for counter in counters],
            "calls": [as_json(c) for c in self._calls if concern(c.area, areas)][:20],
            "tickets": [as_json(ticket) for ticket in waiting],
        }
        if areas is None:
            body["devices"] = [as_json(device) for device in self.devices()]
        else:
            body["areas"] = [{"id": area} for area in sorted(areas)]
        return len(self.changes), body

    async def changes_since(
        self, last_id: int, areas: Areas
    ) -> Sequence[Change] | None:
        if not self.oldest <= last_id <= len(self.changes):
            return None
        return [c for c in self.changes[last_id:] if concerns(c, areas)]

    @asynccontextmanager
    async def subscribe(self, areas: Areas) -> AsyncIterator[Subscription]:
        with self.hub.reading(areas) as reader:
            yield reader

    def troubles(self) -> Sequence[str]:
        return self.reasons

    def alarms(self) -> Sequence[Mapping[str, Any]]:
        since = self.now().isoformat()
        return [{"id": "1", "kind": "lost-range", "since": since, "message": "x"}]

    async def close_alarm(self, alarm_id: str) -> None:
        raise NotFoundError(f"no open alarm {alarm_id!r}")

    def metrics(self) -> Mapping[str, float]:
        return {"halld_tickets_total": len(self._tickets), "bad name": 1}

    def change(self, kind: str, area: str | None, data: Mapping[str, Any]) -> None:
        """Add to the stream."""
        body = json.loads(json.dumps(data))
        entry = Change(id=len(self.changes) + 1, kind=kind, area=area, data=body)
        self.changes.append(entry)
        self.hub.publish(entry)

    @property
    def readers(self) -> set[Reader]:
        """Who follows the stream."""
        return self.hub._readers

    def _act(
        self, counter: str, action: CounterAction, arguments: Mapping[str, Any]
    ) -> TicketView | CounterView:
        if action in {CounterAction.PAUSE, CounterAction.OPEN}:
            if action is CounterAction.PAUSE:
                self._paused.add(counter)
            else:
                self._paused.discard(counter)
            return self._tell(counter)
        if counter in self._paused:
            raise CounterPausedError(f"{counter} is paused")
        at_window = self._open[counter]
        if action in {CounterAction.CALL, CounterAction.RESUME_TICKET}:
            if at_window is not None:
                raise TicketOpenError(f"{counter} has a ticket open")
            chosen = arguments.get("ticket") or self._next(counter)
            return self._call(counter, self._tickets[chosen])
        if at_window is None:
            raise NoTicketError(f"{counter} has no ticket open")
        ticket = self._tickets[at_window]
        if action is CounterAction.RECALL:
            return self._call(counter, ticket)
        return self._end(counter, ticket, action, arguments)

    def _end(
        self,
        counter: str,
        ticket: TicketView,
        action: CounterAction,
        arguments: Mapping[str, Any],
    ) -> TicketView:
        state = {
            CounterAction.START: TicketState.SERVING,
            CounterAction.FINISH: TicketState.FINISHED,
            CounterAction.NO_SHOW: TicketState.NO_SHOW,
            CounterAction.HOLD: TicketState.HELD,
            CounterAction.TRANSFER: TicketState.WAITING,
        }[action]
        if action is not CounterAction.START:
            self._open[counter] = None
        service = arguments.get("service") or ticket.service
        done = replace(ticket, state=state, service=service)
        self._put(done)
        self._tell(counter)
        return done

    def _call(self, counter: str, ticket: TicketView) -> TicketView:
        called = replace(
            ticket, state=TicketState.CALLED, counter=counter, called_at=self.now()
        )
        self._open[counter] = ticket.id
        self._put(called)
        self._tell(counter)
        entry = self.site.counter(counter)
        assert entry is not None
        self._repeats[ticket.id] = self._repeats.get(ticket.id, 0) + 1
        call = CallView(
            id=str(len(self._calls) + 1),
            ticket=self._brief(ticket.id),
            counter=counter,
            counter_number=entry.number,
            counter_name=entry.name,
            area=entry.area,
            service=ticket.service,
            at=self.now(),
            repeat=self._repeats[ticket.id],
            text=f"请{ticket.number}号到{entry.number}号窗口",
            speech=announcement(
                self.site,
                number=ticket.number,
                counter=entry,
                service=ticket.service,
            ),
        )
        self._calls.insert(0, call)
        self.change("call", entry.area, as_json(call))
        return called

    def _next(self, counter: str) -> str:
        entry = self.site.counter(counter)
        assert entry is not None
        for ticket in self._tickets.values():
            if ticket.service in entry.service_ids and ticket.state == "waiting":
                return ticket.id
        raise QueueEmptyError(f"nobody waits for {counter}")

    def _put(self, ticket: TicketView) -> None:
        self._tickets[ticket.id] = ticket
        waiting = {ticket.service: self._waiting(ticket.service)}
        self.change("ticket", None, {**as_json(ticket), "waiting": waiting})

    def _tell(self, counter: str) -> CounterView:
        view = self._counter(counter)
        self.change("counter", view.area, as_json(view))
        return view

    def _counter(self, counter: str) -> CounterView:
        entry = self.site.counter(counter)
        assert entry is not None
        opened = self._open[counter]
        brief = None if opened is None else self._brief(opened)
        state = CounterState.IDLE
        if counter in self._paused:
            state = CounterState.PAUSED
        elif brief is not None:
            is_called = brief.state is TicketState.CALLED
            state = CounterState.CALLING if is_called else CounterState.SERVING
        return CounterView(
            id=entry.id,
            number=entry.number,
            name=entry.name,
            area=entry.area,
            services=entry.service_ids,
            state=state,
            ticket=brief,
        )

    def _brief(self, ticket_id: str) -> TicketBrief:
        ticket = self._tickets[ticket_id]
        return TicketBrief(id=ticket.id, number=ticket.number, state=ticket.state)

    def _waiting(self, service: str) -> int:
        return sum(
            t.service == service and t.state == "waiting"
            for t in self._tickets.values()
        )


def concern(area: str | None, areas: Areas) -> bool:
    """Whether what stands in an area is told to a reader of areas."""
    return areas is None or area in areas
