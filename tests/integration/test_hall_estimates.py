"""Waits that change by minutes are told to the live stream."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.bridges import Clock, running_hall

from bridge.domain.views import Channel, CounterAction
from bridge.service.estimates import Estimates
from bridge.service.hall import Hall

UPSTAIRS = frozenset({"upstairs"})


async def serve_one(hall: Hall, clock: Clock, *, minutes: float) -> None:
    """Somebody is served for so long: from then on the service's time is known."""
    await hall.issue_ticket(service="reg", channel=Channel.WEB)
    for action in (CounterAction.CALL, CounterAction.START):
        await hall.counter_action("w1", action)
    clock.pass_s(minutes * 60)
    await hall.counter_action("w1", CounterAction.FINISH)


async def told_since(
    hall: Hall, last: int, areas: frozenset[str] | None = None
) -> list[dict[str, Any]]:
    changes = await hall.changes_since(last, areas)
    assert changes is not None
    return [
        dict(service)
        for change in changes
        if change.kind == "services"
        for service in change.data["services"]
    ]


async def test_a_wait_is_told_when_it_changes_by_minutes(tmp_path: Path) -> None:
    clock = Clock()
    async with running_hall(tmp_path, clock) as hall:
        estimates = Estimates(hall.site, hall)
        await estimates.look()
        last, _ = await hall.snapshot(None)
        await estimates.look()
        assert await told_since(hall, last) == []
        await serve_one(hall, clock, minutes=10)
        await serve_one(hall, clock, minutes=10)
        for _ in range(6):
            await hall.issue_ticket(service="reg", channel=Channel.WEB)
        last, state = await hall.snapshot(None)
        await estimates.look()
        told = {service["id"]: service for service in await told_since(hall, last)}
        known = {service["id"]: service for service in state["services"]}
        assert told["reg"]["waiting"] == 6
        assert told["reg"]["estimated_wait_s"] == known["reg"]["estimated_wait_s"]
        assert told["reg"]["estimated_wait_s"] > 60
        # Upstairs nobody does that, so nobody there is told.
        assert "reg" not in {
            service["id"] for service in await told_since(hall, 0, UPSTAIRS)
        }
        await estimates.look()
        assert len(await told_since(hall, last)) == len(told)


@pytest.mark.parametrize("areas", [None, UPSTAIRS])
async def test_the_first_look_tells_every_service(
    tmp_path: Path, areas: frozenset[str] | None
) -> None:
    async with running_hall(tmp_path) as hall:
        await Estimates(hall.site, hall).look()
        told = {service["id"] for service in await told_since(hall, 0, areas)}
        # `idcard` is for windows of both areas.
        assert told == ({"reg", "idcard"} if areas is None else {"idcard"})
