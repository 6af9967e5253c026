"""Which tickets were printed, over restarts: one id is printed once."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field

from drivers.driver import DriverContext, DriverParameters

KEPT: Final = 100
"""Jobs remembered; a kiosk prints fewer within the time that a job is repeated."""
KEY: Final = "jobs"


class PrintTicket(BaseModel):
    """What stands on a ticket."""

    model_config = DriverParameters.model_config

    id: Annotated[str, Field(min_length=1, max_length=64)]
    number: Annotated[str, Field(min_length=1, max_length=16)]
    service: Annotated[str, Field(max_length=128)] = ""
    waiting_before: Annotated[int, Field(ge=0)] | None = None
    estimated_wait_s: Annotated[float, Field(ge=0)] | None = None
    time: Annotated[str, Field(max_length=64)] | None = None
    """RFC 3339; without it the time of printing."""
    hall: Annotated[str, Field(max_length=128)] | None = None
    """Without it the hall file's name."""
    qr: Annotated[str, Field(max_length=512)] | None = None
    """What the QR code holds."""


class JobState(StrEnum):
    """What became of a job."""

    STARTED = "started"
    """Sending began; after a restart nobody knows whether it came out."""
    PRINTED = "printed"
    BROKEN = "broken"


class Jobs:
    """The last jobs, kept by the node."""

    def __init__(self, context: DriverContext) -> None:
        self._context = context
        kept = context.recall(KEY)
        self._kept: dict[str, dict[str, Any]] = dict(kept) if kept else {}

    def state(self, key: str) -> JobState | None:
        """What became of a job; None for one that is new."""
        job = self._kept.get(key)
        return JobState(job["state"]) if job else None

    def ticket(self, ticket_id: str | None) -> PrintTicket | None:
        """A ticket that was printed, by its id; the last one without."""
        for job in reversed(self._kept.values()):
            if ticket_id is None or job["ticket"]["id"] == ticket_id:
                return PrintTicket.model_validate(job["ticket"])
        return None

    async def note(self, key: str, state: JobState, ticket: PrintTicket) -> None:
        """Keep what became of a job; on disk when this returns."""
        job: Mapping[str, Any] = {
            "state": state.value,
            "ticket": ticket.model_dump(exclude_none=True),
        }
        self._kept.pop(key, None)
        self._kept[key] = dict(job)
        while len(self._kept) > KEPT:
            del self._kept[next(iter(self._kept))]
        await self._context.remember({KEY: dict(self._kept)})
