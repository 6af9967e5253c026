"""Alarms that tell of what is past end when somebody has seen them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.asking import check_problem, client_of
from support.bridges import Clock, running_hall

from bridge.domain.errors import InvalidRequestError, NotFoundError
from bridge.service.hall import Hall
from bridge.service.intake import LOST_RANGE
from bridge.service.work import Work


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with running_hall(tmp_path, Clock()) as hall:
        yield hall


async def open_alarm(hall: Hall, kind: str) -> str:
    def alarm(work: Work) -> None:
        work.raise_alarm(kind, "main/desk", "seen by nobody yet")

    await hall.transact(alarm)
    return next(str(a["id"]) for a in hall.alarms() if a["kind"] == kind)


async def test_a_lost_range_is_closed_once_it_was_seen(hall: Hall) -> None:
    known = await open_alarm(hall, LOST_RANGE)
    async with client_of(hall) as client:
        closed = await client.post(f"/api/v1/alarms/{known}/close")
        assert closed.status_code == 204
        assert (await client.get("/api/v1/alarms")).json()["total"] == 0
        again = await client.post(f"/api/v1/alarms/{known}/close")
        check_problem(again, 404, "not-found")


async def test_what_still_holds_is_not_closed(hall: Hall) -> None:
    known = await open_alarm(hall, "quarantined")
    with pytest.raises(InvalidRequestError, match="ends by itself"):
        await hall.close_alarm(known)
    assert [alarm["id"] for alarm in hall.alarms()] == [known]


async def test_an_alarm_that_is_not_there_is_not_closed(hall: Hall) -> None:
    with pytest.raises(NotFoundError):
        await hall.close_alarm("77")
