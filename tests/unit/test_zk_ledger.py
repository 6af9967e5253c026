from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.clocks import DAY, HALL, clock_entry, punch_record
from support.driving import RecordingContext

from devices.site import Site
from devices.zk.punch import PunchRecord
from devices.zk.records import Layout, LogReading, decode_log, encode_row, encode_table
from drivers.zk.ledger import PunchLedger, PunchNotes

NOTES = PunchNotes()


def recording(remembered: dict[str, Any] | None = None) -> RecordingContext:
    entry = clock_entry()
    return RecordingContext(
        entry, Site(hall=HALL, devices=[entry]), remembered=remembered
    )


def log_of(punches: Sequence[PunchRecord]) -> LogReading:
    rows = [encode_row(punch, Layout.LONG) for punch in punches]
    return decode_log(
        encode_table(rows),
        expected=len(rows),
        latest=DAY + timedelta(days=30),
        uids={},
    )


def ids(context: RecordingContext) -> list[str]:
    return [event.identity.id for event in context.events if event.identity]


def punch_at(number: int) -> PunchRecord:
    """Few people and seconds, so that punches collide."""
    return punch_record(str(1001 + number % 2), DAY + timedelta(seconds=number // 2))


async def test_an_unchanged_log_is_not_gone_through_again() -> None:
    context = recording()
    ledger = PunchLedger(context, "S1")
    reading = log_of([punch_at(number) for number in range(1200)])
    assert (await ledger.reconcile(reading, NOTES)).entered == 1200
    context.remembered = {"zk:S1:log": context.remembered["zk:S1:log"]}
    assert (await ledger.reconcile(reading, NOTES)).entered == 0
    assert len(context.emitted) == 3


async def test_a_moment_that_comes_again_after_the_clock_was_set_back_is_marked() -> (
    None
):
    first, later = punch_record(), punch_record(time=DAY + timedelta(minutes=5))
    context = recording()
    ledger = PunchLedger(context, "S1")
    await ledger.reconcile(log_of([first, first, later]), NOTES)
    await ledger.reconcile(log_of([first, first, later, first]), NOTES)
    assert ids(context)[2:] == ["1001:20260302T083500", "1001:20260302T083000:3"]
    marked = ["set_back" in event.data for event in context.events]
    assert marked == [False, False, False, True]


async def test_what_was_not_journalled_is_not_remembered() -> None:
    context = recording()
    ledger = PunchLedger(context, "S1")
    context.emit_error = OSError("disk full")
    with pytest.raises(OSError, match="full"):
        await ledger.enter(punch_at(1), NOTES)
    with pytest.raises(OSError, match="full"):
        await ledger.reconcile(log_of([punch_at(1)]), NOTES)
    assert not context.remembered
    context.emit_error = None
    assert await ledger.enter(punch_at(1), NOTES)


async def test_another_clock_has_another_ledger() -> None:
    context = recording()
    assert await PunchLedger(context, "S1").enter(punch_at(1), NOTES)
    assert await PunchLedger(context, "S2").enter(punch_at(1), NOTES)
    assert not await PunchLedger(context, "S1").enter(punch_at(1), NOTES)


async def test_a_live_punch_waits_for_no_long_log() -> None:
    context = recording()
    ledger = PunchLedger(context, "S1")
    reading = log_of([punch_at(number) for number in range(0, 20_000, 2)])
    reconciling = asyncio.ensure_future(ledger.reconcile(reading, NOTES))
    await context.wait_event()
    await ledger.enter(punch_record("1009"), NOTES)
    assert not reconciling.done()
    await reconciling
    assert len(ids(context)) == len(set(ids(context))) == 10_001


steps = st.lists(
    st.tuples(
        st.sampled_from(["punch", "live punch", "read", "drop oldest", "restart"]),
        st.integers(0, 9),
    ),
    max_size=40,
)


@given(steps)
@settings(max_examples=60, deadline=None)
def test_each_punch_is_one_event_whatever_happens(
    history: list[tuple[str, int]],
) -> None:
    asyncio.run(_live_through(history))


async def _live_through(history: list[tuple[str, int]]) -> None:
    """Punches come live or not; the log is read, cut, and the node restarted.

    Oldest rows are dropped only after a read, as a careful technician does.
    """
    context = recording()
    ledger = PunchLedger(context, "S1")
    log: list[PunchRecord] = []
    made: dict[str, int] = {}
    for what, number in history:
        match what:
            case "punch" | "live punch":
                record = punch_at(number)
                log.append(record)
                key = f"{record.user_id}:{record.time:%Y%m%dT%H%M%S}"
                made[key] = max(made.get(key, 0), log.count(record))
                if what == "live punch":
                    await ledger.enter(record, NOTES)
            case "read":
                await ledger.reconcile(log_of(log), NOTES)
            case "drop oldest":
                await ledger.reconcile(log_of(log), NOTES)
                del log[:number]
            case _:
                context.emitted.clear()
                ledger = PunchLedger(context, "S1")
    await ledger.reconcile(log_of(log), NOTES)
    wanted = [
        f"{key}:{n}" if n > 1 else key
        for key, count in made.items()
        for n in range(1, count + 1)
    ]
    assert sorted(ids(context)) == sorted(wanted)
