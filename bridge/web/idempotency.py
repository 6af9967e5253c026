"""Idempotency-Key: a request sent again has its effect once."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, Generic, TypeVar

from fastapi import Header, Request
from pydantic import Field

from bridge.domain.errors import IdempotencyMismatchError
from bridge.service.ports import Once

Result = TypeVar("Result")

IdempotencyKey = Annotated[
    Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[!-~]+$")] | None,
    Header(
        description="Any text of 1-255 visible ASCII characters, new for each intent; "
        "the same request with the same key has its effect once"
    ),
]

_REMEMBERED: Final = 1000
"""Commands remembered; a node remembers ids for 10 minutes, far fewer."""


def once(request: Request, key: str | None, body: Any) -> Once | None:
    """The key with what tells this request from another."""
    if key is None:
        return None
    said = json.dumps([request.method, request.url.path, body], sort_keys=True)
    return Once(key=key, fingerprint=hashlib.sha256(said.encode()).hexdigest())


class OnceOnly(Generic[Result]):
    """Remembers what was done under a key, for things no store remembers."""

    def __init__(self) -> None:
        self._done: OrderedDict[str, tuple[str, asyncio.Future[Result]]] = OrderedDict()

    async def run(
        self, ticket: Once | None, work: Callable[[], Awaitable[Result]]
    ) -> Result:
        """Do the work, or give what it gave under this key.

        Raises `IdempotencyMismatchError` when the key came with another request.
        """
        if ticket is None:
            return await work()
        known = self._done.get(ticket.key)
        if known is not None:
            fingerprint, result = known
            if fingerprint != ticket.fingerprint:
                raise IdempotencyMismatchError(
                    "this Idempotency-Key was used for another request; take a new one"
                )
            return await asyncio.shield(result)
        task = asyncio.ensure_future(work())
        self._done[ticket.key] = (ticket.fingerprint, task)
        while len(self._done) > _REMEMBERED:
            self._done.popitem(last=False)
        try:
            return await asyncio.shield(task)
        except Exception:
            # What failed had no effect that is known: the next try is a new one.
            self._done.pop(ticket.key, None)
            raise
