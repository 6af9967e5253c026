"""Requests with an Idempotency-Key: done once, answered alike for a day."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import insert, select

from bridge.domain.errors import IdempotencyMismatchError
from bridge.domain.views import CounterView, TicketView
from bridge.service.ports import Once
from bridge.service.shapes import as_json, counter_from_json, ticket_from_json
from bridge.service.work import Work
from bridge.store.tables import idempotency

Answer = TicketView | CounterView
Json = TypeVar("Json")


def do_once(work: Work, once: Once | None, action: Callable[[], Answer]) -> Answer:
    """Do it and keep the answer, or give the kept one; refusals are not kept.

    Raises `IdempotencyMismatchError` when the key was used for another request.
    """
    if once is None:
        return action()

    def act() -> dict[str, Any]:
        return as_json(action())

    body = remembered(work, once, act)
    return ticket_from_json(body) if "channel" in body else counter_from_json(body)


def remembered(work: Work, once: Once | None, action: Callable[[], Json]) -> Json:
    """Do what gives JSON-ready values, or give the kept ones; see `do_once`."""
    if once is None:
        return action()
    kept = work.db.execute(
        select(idempotency).where(idempotency.c.key == once.key)
    ).first()
    if kept is not None:
        if kept.fingerprint != once.fingerprint:
            raise IdempotencyMismatchError(
                f"the Idempotency-Key {once.key!r} was used for another request"
            )
        answer: Json = json.loads(kept.result)
        return answer
    answer = action()
    work.db.execute(
        insert(idempotency).values(
            key=once.key,
            fingerprint=once.fingerprint,
            result=json.dumps(answer),
            at=work.now,
        )
    )
    return answer
