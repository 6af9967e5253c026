"""Who may draw a ticket now, and with which turn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select

from bridge.domain.errors import InvalidRequestError, NotFoundError
from bridge.domain.quotas import check_quota
from bridge.domain.turns import first_turn
from bridge.service.ports import Errand
from bridge.service.work import Work
from bridge.store import tables
from devices.site import Service

APPOINTMENT: Final = "appointment"
"""The class of people with an appointment, unless another is told."""

_T = tables.ticket


def admit(work: Work, service: Service, errand: Errand) -> dict[str, Any]:
    """The columns of a ticket's turn; raises `RuleError` when none is given now."""
    rules = work.site.queue
    class_id = errand.priority
    if class_id is None and errand.appointment and rules.priority(APPOINTMENT):
        class_id = APPOINTMENT
    chosen = rules.priority(class_id) if class_id is not None else None
    if class_id is not None and chosen is None:
        raise InvalidRequestError(f"no priority {class_id!r} in the hall file")
    turn = first_turn(
        work.now,
        ahead_min=chosen.ahead_min if chosen is not None else 0,
        appointment=errand.appointment,
        limits=rules.appointments,
    )
    admit_services(work, (service.id, *errand.next_services), errand)
    return {
        "turn": turn,
        "priority": class_id,
        "appointment": errand.appointment,
        "next_services": ",".join(errand.next_services),
    }


def admit_services(work: Work, wanted: Sequence[str], errand: Errand) -> None:
    """Raise a `RuleError` when one of these services is not to be had now."""
    services = [_service(work, each) for each in wanted]
    if errand.appointment is None:  # an appointed time was promised to them
        for each in services:
            _check(work, each)


def _check(work: Work, service: Service) -> None:
    def drawn(begin: datetime, end: datetime) -> int:
        count = select(func.count()).where(
            _T.c.origin_service == service.id,
            _T.c.issued >= begin,
            _T.c.issued < end,
            _T.c.appointment.is_(None),
        )
        return work.db.execute(count).scalar_one()

    check_quota(service.quotas, work.now, drawn)


def _service(work: Work, service_id: str) -> Service:
    service = work.site.service(service_id)
    if service is None:
        raise NotFoundError(f"no service {service_id!r}")
    return service
