"""Drawing a ticket at a kiosk or elsewhere, and printing it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridge.domain.errors import NotFoundError, NoTicketError, PrinterError
from bridge.domain.printing import PrinterTrouble, may_reprint
from bridge.domain.queue import OPEN
from bridge.domain.views import Channel, Drawn, PrintState, TicketView
from bridge.domain.visit import Held, drawn_again
from bridge.service import desk
from bridge.service.admission import admit_services
from bridge.service.once import do_once, remembered
from bridge.service.ports import Errand, Once
from bridge.service.printing import (
    Host,
    Printing,
    has_pending,
    last_kiosk,
    no_printer,
    tell_print,
)
from bridge.service.shapes import as_json, ticket_from_json
from bridge.service.tickets import (
    Ticket,
    add_services,
    by_ref,
    ticket_of,
    ticket_view,
    tickets,
)
from bridge.service.work import Work
from bridge.store import tables
from devices.kiosks import Kiosk, PrintPolicy
from devices.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is drawn, where, and what the printer there said just before."""

    service: str
    channel: Channel
    subject_ref: str | None
    kiosk: Kiosk | None
    trouble: PrinterTrouble | None
    errand: Errand | None


class Drawing:
    """Asks the kiosk's printer, then draws or prints again in one transaction."""

    def __init__(self, site: Site, host: Host, printing: Printing) -> None:
        self._site = site
        self._host = host
        self._printing = printing

    async def draw(
        self,
        service: str,
        channel: Channel,
        subject_ref: str | None,
        kiosk: Kiosk | None,
        once: Once | None,
        *,
        errand: Errand | None = None,
    ) -> Drawn:
        """Draw a ticket with its print job, or give the one that the subject has.

        Raises `PrinterError` before any number is drawn, or what `desk.issue` does.
        """
        wish = Wish(
            service=service,
            channel=channel,
            subject_ref=subject_ref,
            kiosk=kiosk,
            trouble=await self._printing.trouble(kiosk),
            errand=errand,
        )

        def run(work: Work) -> Mapping[str, Any]:
            return remembered(
                work, once, lambda: _as_body(_draw(work, self._printing, wish))
            )

        body = await self._host.transact(run)
        if "ticket" not in body:  # kept before kiosks printed
            return Drawn(ticket=ticket_from_json(body), is_new=True)
        ticket = ticket_from_json(body["ticket"])
        return Drawn(ticket=ticket, is_new=body["is_new"])

    async def reprint(
        self, ticket_id: str, kiosk: str | None, once: Once | None
    ) -> TicketView:
        """Queue another print; while one is under way it is that one.

        Raises `NotFoundError`, `NoTicketError` when it is over, `PrinterError`.
        """
        key = (await self._host.read(lambda db: by_ref(db, ticket_id))).key
        named = kiosk or await self._host.read(lambda db: last_kiosk(db, key))
        place = self._site.kiosk(named) or self._site.kiosk()
        if place is None:
            raise NotFoundError(f"no kiosk {kiosk!r}")
        trouble = no_printer()
        if place.printer is not None:
            trouble = await self._printing.trouble(place)

        def run(work: Work) -> TicketView:
            answer = do_once(
                work,
                once,
                lambda: _reprint(work, self._printing, ticket_id, place, trouble),
            )
            assert isinstance(answer, TicketView)  # noqa: S101 - narrows the type
            return answer

        return await self._host.transact(run)


def _reprint(
    work: Work,
    printing: Printing,
    ticket_id: str,
    kiosk: Kiosk,
    trouble: PrinterTrouble | None,
) -> TicketView:
    ticket = by_ref(work.db, ticket_id)
    if not may_reprint(ticket.state) or ticket.day != work.today:
        raise NoTicketError(f"ticket {ticket.number} is over; draw a new one")
    if has_pending(work.db, ticket.key):
        return ticket_view(work.db, work.site, ticket)
    if trouble is not None:
        raise PrinterError(trouble.obstacle, trouble.message)
    printing.queue(work, ticket, kiosk, reprint=True)
    return tell_print(work, ticket.key, PrintState.PENDING)


def _draw(work: Work, printing: Printing, wish: Wish) -> Drawn:
    kiosk, trouble = wish.kiosk, wish.trouble
    prints = kiosk is not None and kiosk.printer is not None
    state = None
    if prints:
        state = PrintState.FAILED if trouble else PrintState.PENDING
    same = _same_visit(work, wish)
    if same is not None:
        if state is None or kiosk is None or has_pending(work.db, same.key):
            view = ticket_view(work.db, work.site, same)
        else:
            printing.queue(work, same, kiosk, reprint=True, trouble=trouble)
            view = tell_print(work, same.key, state)
        return Drawn(ticket=view, is_new=False)
    if kiosk is not None and kiosk.print is PrintPolicy.REQUIRED and trouble:
        raise PrinterError(trouble.obstacle, trouble.message)
    view = desk.issue(
        work,
        wish.service,
        wish.channel,
        wish.subject_ref,
        printing=state,
        errand=wish.errand,
    )
    if kiosk is not None:
        printing.queue(work, by_ref(work.db, view.id), kiosk, trouble=trouble)
    return Drawn(ticket=view, is_new=True)


def _same_visit(work: Work, wish: Wish) -> Ticket | None:
    """The ticket that the subject holds for this, for all of what is wanted."""
    if wish.subject_ref is None:
        return None
    table = tables.ticket
    query = (
        tickets()
        .where(table.c.subject_ref == wish.subject_ref, table.c.day == work.today)
        .where(table.c.state.in_(sorted(OPEN)))
    )
    held = {row.id: ticket_of(row) for row in work.db.execute(query)}
    errand = wish.errand or Errand()
    again = drawn_again(
        [
            Held(
                key=each.key,
                state=each.state,
                service=each.service,
                next_services=each.next_services,
                turn=each.turn,
            )
            for each in held.values()
        ],
        (wish.service, *errand.next_services),
    )
    if again is None:
        return None
    admit_services(work, again.added, errand)
    return add_services(work, held[again.key], again.added)


def _as_body(drawn: Drawn) -> Mapping[str, Any]:
    return {"ticket": as_json(drawn.ticket), "is_new": drawn.is_new}
