"""The bench's parts at a small scale: what they build is worked out whole."""

from __future__ import annotations

from pathlib import Path

from benchmarks.attendance import changed_by_a_late_punch
from benchmarks.beside import timed, watching
from benchmarks.office import Office, fill, office_site, tell_read
from benchmarks.stand import FIRST_USER, clock_site, punches

from bridge.cli.playing import host_all
from bridge.domain.attendance.results import DayState
from bridge.service.attendance.port import DayQuery
from bridge.service.hall import open_hall

SMALL = Office(people=3, departments=2, months=2)


async def test_every_day_of_a_small_office_is_final(tmp_path: Path) -> None:
    opening = open_hall(site=office_site(SMALL), data=tmp_path, clock=lambda: SMALL.end)
    async with opening as hall:
        count = await fill(hall, SMALL)
        tell_read(hall, SMALL.end)
        await hall.attendance.tell(SMALL.facts(), by="测试", reason="bench")
        async with watching(hall) as seen:
            assert await timed(hall.attendance.engine.settle()) > 0
        page = await hall.attendance.days(DayQuery(limit=1000))
        states = {state for row in page.items for state in row.result.states}
        assert count == len(list(SMALL.punches()))
        assert page.total == 3 * len(SMALL.days)
        assert all(row.result.final for row in page.items)
        assert {DayState.PRESENT, DayState.HOLIDAY, DayState.REST} <= states
        assert seen.held
        await changed_by_a_late_punch(hall, SMALL.ids[0], SMALL.days[1])


async def test_people_punch_at_all_simulated_clocks_in_turn() -> None:
    async with host_all(clock_site(2, 0, "tcp")) as cast:
        done = await punches(cast, rate=1000, seconds=0)
        assert done == []
        done = await punches(cast, rate=4, seconds=1)
        shown = [one.view()["punches"] for one in cast.hosted.values()]
    users = [str(FIRST_USER), str(FIRST_USER + 1)]
    assert [(device, user) for device, user, _ in done] == [
        (device, user) for user in users for device in ("clock-0", "clock-1")
    ]
    assert [[punch["user_id"] for punch in each] for each in shown] == [users, users]
