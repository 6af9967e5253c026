from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text
from support.bridges import Clock, running_hall

from bridge.service.work import Work
from bridge.store.database import Database
from bridge.store.errors import StoreError
from bridge.store.tables import meta
from bridge.store.writer import Unit, Writer


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path).open()
    yield database
    database.close()


def put(key: str) -> Callable[[Unit], str]:
    def job(unit: Unit) -> str:
        unit.connection.execute(insert(meta).values(key=key, value="x"))
        return key

    return job


@asynccontextmanager
async def held_up(writer: Writer) -> AsyncIterator[None]:
    """Keep the writer in one transaction while jobs queue up."""
    entered, go_on = threading.Event(), threading.Event()

    def slow(_unit: Unit) -> None:
        entered.set()
        go_on.wait(20)

    job = asyncio.ensure_future(writer.run(slow))
    await asyncio.to_thread(entered.wait, 20)
    yield
    go_on.set()
    await job


async def keys(database: Database) -> set[str]:
    found = await database.read(
        lambda db: db.execute(select(meta.c.key)).scalars().all()
    )
    return set(found) - {"store"}


async def test_what_arrived_during_a_commit_goes_into_the_next(
    database: Database,
) -> None:
    async with Writer(database) as writer:
        async with held_up(writer):
            rest = [asyncio.ensure_future(writer.run(put(f"k{n}"))) for n in range(50)]
            await asyncio.sleep(0)
        await asyncio.gather(*rest)
        assert writer.commits == 2
    assert len(await keys(database)) == 50


async def test_a_job_that_raises_leaves_no_trace_and_harms_no_other(
    database: Database,
) -> None:
    heard: list[str] = []

    def wrong(unit: Unit) -> None:
        put("wrong")(unit)
        unit.after.append(lambda: heard.append("wrong"))
        raise ValueError("as it happens")

    async with Writer(database) as writer:
        results = await asyncio.gather(
            writer.run(put("a")),
            writer.run(wrong),
            writer.run(put("b")),
            return_exceptions=True,
        )
    assert results[0] == "a"
    assert results[2] == "b"
    assert isinstance(results[1], ValueError)
    assert await keys(database) == {"a", "b"}
    assert heard == []


async def test_effects_come_after_the_commit_in_order(database: Database) -> None:
    seen: list[tuple[int, set[str]]] = []

    def job(number: int) -> Callable[[Unit], None]:
        def run(unit: Unit) -> None:
            put(f"k{number}")(unit)
            unit.after.append(lambda: seen.append((number, committed())))

        return run

    def committed() -> set[str]:
        query = select(meta.c.key)
        return set(database.read_now(lambda db: db.execute(query).scalars().all()))

    async with Writer(database) as writer:
        await asyncio.gather(*(writer.run(job(n)) for n in range(10)))
    assert [number for number, _ in seen] == list(range(10))
    assert all(f"k{number}" in stored for number, stored in seen)


async def test_an_attempt_that_fails_takes_its_effects_back(
    database: Database,
) -> None:
    heard: list[str] = []

    def fail(unit: Unit) -> None:
        with unit.attempt():
            put("inner")(unit)
            unit.after.append(lambda: heard.append("inner"))
            raise ValueError("taken back")

    def job(unit: Unit) -> None:
        unit.after.append(lambda: heard.append("outer"))
        put("outer")(unit)
        with pytest.raises(ValueError, match="taken back"):
            fail(unit)

    async with Writer(database) as writer:
        await writer.run(job)
    assert heard == ["outer"]
    assert await keys(database) == {"outer"}


async def test_a_commit_that_fails_is_told_and_heals(database: Database) -> None:
    def broken(unit: Unit) -> None:
        unit.connection.execute(text("ROLLBACK"))  # as a full disk does it

    async with Writer(database) as writer:
        async with held_up(writer):
            jobs = [writer.run(job) for job in (put("before"), broken, put("after"))]
            waiting = [asyncio.ensure_future(job) for job in jobs]
            await asyncio.sleep(0)
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(result) for result in results] == [StoreError] * 3
        assert "cannot write" in writer.reason
        await writer.run(put("later"))
        assert writer.reason == ""
    assert await keys(database) == {"later"}


async def test_a_full_disk_is_told_once_in_plain_words(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    def limit(pages: int) -> Callable[[Unit], None]:
        def job(unit: Unit) -> None:
            unit.connection.execute(text(f"PRAGMA max_page_count = {pages}"))

        return job

    def large(unit: Unit) -> None:
        put("x" * 200_000)(unit)

    async with Writer(database) as writer:
        await writer.run(limit(1))  # SQLite allows no less than there are
        for _ in range(2):
            with pytest.raises(StoreError, match="full"):
                await writer.run(large)
            assert writer.reason.endswith("database or disk is full")
    assert caplog.text.count("database or disk is full") == 1
    assert "Traceback" not in caplog.text


async def test_a_disk_with_room_again_is_noticed_though_nothing_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(work: Work) -> None:
        work.unit.connection.execute(text("ROLLBACK"))  # as a full disk does it

    monkeypatch.setattr("bridge.service.hall.TICK_S", 0.01)
    async with asyncio.timeout(30), running_hall(tmp_path, Clock()) as hall:
        with pytest.raises(StoreError):
            await hall.transact(broken)
        while any("cannot write" in reason for reason in hall.troubles()):  # noqa: ASYNC110 - a view
            await asyncio.sleep(0.01)


async def test_an_effect_that_fails_is_told_and_stops_no_other(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[str] = []

    def job(unit: Unit) -> None:
        unit.after += [lambda: heard.append("before"), lambda: 1 / 0]  # type: ignore[list-item]
        unit.after.append(lambda: heard.append("after"))

    async with Writer(database) as writer:
        for _ in range(2):
            await writer.run(job)
        assert heard == ["before", "after"] * 2
        assert "division by zero" in writer.fault
        assert not writer.reason
    assert caplog.text.count("Traceback") == 1


async def test_a_timer_that_fails_is_told_while_it_does(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    steps: list[Exception | None] = [ValueError("bug"), ValueError("bug"), None]
    told: list[bool] = []
    over = asyncio.Event()

    async def step() -> None:
        told.append(any("timer" in reason for reason in hall.troubles()))
        if not steps:
            over.set()
        elif (error := steps.pop(0)) is not None:
            raise error

    async with running_hall(tmp_path, Clock()) as hall, asyncio.timeout(30):
        repeating = asyncio.create_task(hall._repeat(0, step))
        await over.wait()
        repeating.cancel()
    assert told[:4] == [False, True, True, False]
    assert caplog.text.count("Traceback") == 1


async def test_what_is_queued_is_finished_before_the_end(database: Database) -> None:
    async with Writer(database) as writer:
        jobs = [asyncio.ensure_future(writer.run(put(f"k{n}"))) for n in range(20)]
        await asyncio.sleep(0)
    await asyncio.gather(*jobs)
    assert len(await keys(database)) == 20
    with pytest.raises(StoreError, match="closing"):
        await writer.run(put("late"))


async def test_a_cancelled_wait_does_not_stop_the_writer(database: Database) -> None:
    async with Writer(database) as writer:
        waiting = asyncio.ensure_future(writer.run(put("a")))
        await asyncio.sleep(0)
        waiting.cancel()
        await writer.run(put("b"))
    assert await keys(database) == {"a", "b"}
