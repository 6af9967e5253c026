"""Tickets onto paper: jobs queued with the ticket, printed after the commit."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from sqlalchemy import Connection, insert, select, update

from bridge.domain.printing import (
    UNREACHED,
    UP,
    Obstacle,
    PrinterTrouble,
    after_refusal,
    after_success,
    is_fresh,
    may_reprint,
    offline,
    trouble_of,
)
from bridge.domain.views import PrintState, TicketView
from bridge.service.directory import NOT_REPORTED, Directory
from bridge.service.tickets import Ticket, by_key, tell_ticket, ticket_view
from bridge.service.work import Store, Work
from bridge.store.errors import StoreError
from bridge.store.tables import print_job, ticket
from bridge.store.tables import printer as printer_status
from devices.commands import Reply, ReplyStatus
from devices.kiosks import Kiosk, kiosks_of
from devices.site import Site

log = logging.getLogger(__name__)

STATUS_LIMIT_S: Final = 0.8
"""How long a kiosk waits to know how its printer is; then what is known counts.

Below the second that requests under way get when the hall ends.
"""
PRINT_LIMIT_S: Final = 20.0
RETRY_S: Final = 1.0
"""Between tries to reach a printer that is away."""
LOOK_S: Final = 0.5
"""How often somebody who waits for a paper looks whether the node began anew."""


class Host(Store, Protocol):
    """The hall, as printing sees it."""

    directory: Directory

    async def command(
        self, device: str, name: str, args: Mapping[str, Any], timeout_s: float
    ) -> Reply:
        """Send a command to a device and wait for its reply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A row of `print_job`. `ref` is the name under which it is printed once."""

    key: int
    ref: str
    ticket: int
    printer: str
    reprint: bool
    queued: datetime


class Printing:
    """The jobs of every printer; those of one printer one after the other."""

    def __init__(self, site: Site, host: Host) -> None:
        self._site = site
        self._host = host
        kiosks = kiosks_of(site)
        self._faults: dict[str, str] = {}
        self._waiting = {k.printer: asyncio.Event() for k in kiosks if k.printer}

    @property
    def reason(self) -> str:
        """Why tickets are not printed by a mistake of ours; empty when they are."""
        return "; ".join(self._faults.values())

    async def trouble(self, kiosk: Kiosk | None) -> PrinterTrouble | None:
        """Why a kiosk's printer cannot print now, asked of the printer itself."""
        printer = kiosk.printer if kiosk is not None else None
        if printer is None:
            return None
        standing = self._host.directory.standing(printer)
        is_known = standing.reason != NOT_REPORTED
        if is_known and standing.state not in UP:
            return offline(printer, standing.reason)
        value = await self._told(printer)
        reply = await self._status(printer)
        if reply.status is ReplyStatus.OK:
            value = {**value, **reply.data}
        elif reply.code in UNREACHED or not is_known:
            return offline(printer, reply.message)
        return trouble_of(printer, value)

    async def _told(self, printer: str) -> Mapping[str, Any]:
        """What the printer last told: its value, or else its last event."""
        value = self._host.directory.value(printer)
        if "paper" in value:
            return value
        return await self._host.read(lambda db: _last_status(db, printer))

    async def _status(self, printer: str) -> Reply:
        try:
            async with asyncio.timeout(STATUS_LIMIT_S):
                return await self._host.command(printer, "status", {}, STATUS_LIMIT_S)
        except TimeoutError:
            return _unanswered(f"no answer within {STATUS_LIMIT_S:g} s")

    async def run(self) -> None:
        """Print what is queued, also what an earlier run left, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for printer, waiting in self._waiting.items():
                waiting.set()
                tasks.create_task(self._serve(printer, waiting))

    def queue(
        self,
        work: Work,
        chosen: Ticket,
        kiosk: Kiosk,
        *,
        reprint: bool = False,
        trouble: PrinterTrouble | None = None,
    ) -> None:
        """Queue a job in the ticket's transaction; one with a trouble is over."""
        printer = kiosk.printer
        if printer is None:
            return
        failed = trouble is not None
        work.db.execute(
            insert(print_job).values(
                ref=uuid.uuid4().hex,
                ticket=chosen.key,
                kiosk=kiosk.id,
                printer=printer,
                reprint=reprint,
                state=PrintState.FAILED if failed else PrintState.PENDING,
                reason=trouble.message if trouble else None,
                queued=work.now,
                ended=work.now if failed else None,
            )
        )
        waiting = self._waiting.get(printer)
        if waiting is not None and not failed:
            work.after(waiting.set)

    async def _serve(self, printer: str, waiting: asyncio.Event) -> None:
        while True:
            await waiting.wait()
            waiting.clear()
            try:
                while job := await self._host.read(lambda db: _next(db, printer)):
                    if not await self._attempt(job):
                        await asyncio.sleep(RETRY_S)
                self._faults.pop(printer, None)
            except StoreError:  # the writer shows it; the job is still there
                await asyncio.sleep(RETRY_S)
                waiting.set()
            except Exception as error:  # a bug here must not stop the hall's timers
                if printer not in self._faults:
                    log.exception("printing on %s failed", printer)
                self._faults[printer] = f"printing on {printer} failed: {error}"
                await asyncio.sleep(RETRY_S)
                waiting.set()

    async def _attempt(self, job: Job) -> bool:
        """Try once; whether the job is over."""
        fresh = is_fresh(job.queued, self._host.now())
        view = await self._host.read(lambda db: self._view(db, job))
        if not may_reprint(view.state):
            return await self._end(job, PrintState.FAILED, "the ticket is over")
        standing = self._host.directory.standing(job.printer)
        if not fresh:
            reason = "too late: nobody stands there any more; print it again"
            return await self._end(job, PrintState.FAILED, reason)
        if standing.state not in UP:
            return False
        reply = await self._asked(job.printer, self._arguments(job, view))
        if reply.status is ReplyStatus.OK:
            confirmed = reply.data.get("confirmed") is not False
            return await self._end(job, after_success(confirmed=confirmed), None)
        fresh = is_fresh(job.queued, self._host.now())
        state = after_refusal(reply.code, fresh=fresh)
        if state is PrintState.PENDING:
            return False
        return await self._end(job, state, reply.message or reply.code)

    async def _asked(self, printer: str, args: Mapping[str, Any]) -> Reply:
        """The answer to `print`; `no_reply` once the node began a new session.

        A node that was killed never answers, and asked again it prints a job once.
        """
        directory = self._host.directory
        session = directory.session(printer)
        asking = asyncio.ensure_future(
            self._host.command(printer, "print", args, PRINT_LIMIT_S)
        )
        try:
            while not asking.done():
                await asyncio.wait({asking}, timeout=LOOK_S)
                if not asking.done() and directory.session(printer) != session:
                    return _unanswered("the node of the printer began anew")
            return asking.result()
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    def _view(self, db: Connection, job: Job) -> TicketView:
        return ticket_view(db, self._site, by_key(db, job.ticket))

    def _arguments(self, job: Job, view: TicketView) -> Mapping[str, Any]:
        service = self._site.service(view.service)
        base = self._site.web.public_url
        ahead = view.waiting_before
        return {
            "ticket": {
                "id": view.id,
                "number": view.number,
                "service": (service.name or service.id) if service else view.service,
                "waiting_before": ahead,
                "estimated_wait_s": view.estimated_wait_s if ahead else None,
                "time": view.issued_at.isoformat(timespec="seconds"),
                "hall": self._site.hall.name or self._site.hall.id,
                "qr": f"{base.rstrip('/')}/ticket/{view.id}" if base else None,
            },
            "reprint": job.reprint,
            "job": job.ref,
        }

    async def _end(self, job: Job, state: PrintState, reason: str | None) -> bool:
        def end(work: Work) -> None:
            work.db.execute(
                update(print_job)
                .where(print_job.c.id == job.key)
                .values(state=state, reason=reason, ended=work.now)
            )
            tell_print(work, job.ticket, state)

        await self._host.transact(end)
        return True


def _unanswered(message: str) -> Reply:
    return Reply(
        id="none", status=ReplyStatus.TIMEOUT, code="no_reply", message=message
    )


def tell_print(work: Work, key: int, state: PrintState) -> TicketView:
    """Note what became of a ticket's paper, and tell the stream."""
    work.db.execute(update(ticket).where(ticket.c.id == key).values(print=state))
    return tell_ticket(work, by_key(work.db, key))


def has_pending(db: Connection, key: int) -> bool:
    """Whether a job of the ticket waits or is being printed."""
    found = db.execute(
        select(print_job.c.id)
        .where(print_job.c.ticket == key, print_job.c.state == PrintState.PENDING)
        .limit(1)
    )
    return found.first() is not None


def last_kiosk(db: Connection, key: int) -> str | None:
    """The kiosk at which a ticket was printed last."""
    return db.execute(
        select(print_job.c.kiosk)
        .where(print_job.c.ticket == key)
        .order_by(print_job.c.id.desc())
        .limit(1)
    ).scalar_one_or_none()


def no_printer() -> PrinterTrouble | None:
    """There is nothing to print on."""
    return PrinterTrouble(
        obstacle=Obstacle.NONE, message="this kiosk has no printer; note the number"
    )


def _last_status(db: Connection, printer: str) -> Mapping[str, Any]:
    row = db.execute(
        select(printer_status)
        .where(printer_status.c.device == printer)
        .order_by(printer_status.c.id.desc())
        .limit(1)
    ).first()
    if row is None:
        return {}
    return {"paper": row.paper, "cover": row.cover, "error": row.error}


def _next(db: Connection, printer: str) -> Job | None:
    row = db.execute(
        select(print_job)
        .where(print_job.c.state == PrintState.PENDING)
        .where(print_job.c.printer == printer)
        .order_by(print_job.c.id)
        .limit(1)
    ).first()
    if row is None:
        return None
    return Job(
        key=row.id,
        ref=row.ref,
        ticket=row.ticket,
        printer=row.printer,
        reprint=row.reprint,
        queued=row.queued,
    )
