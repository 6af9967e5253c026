"""When a clock's log is to be believed, and what is said of punches made meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from support.clocks import DAY, HALL, clock_entry, punch_record
from support.driving import RecordingContext

from devices.errors import CommandRejectedError
from devices.site import Site
from devices.zk.records import Layout, LogReading, encode_row
from drivers.zk.ledger import PunchNotes, is_beginning, mark_of
from drivers.zk.trust import LogTrust, shrinkage

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=HALL.zone)
NAIVE_NOON = NOON.replace(tzinfo=None)


def log_of(minutes: Sequence[int], layout: Layout = Layout.LONG) -> LogReading:
    rows = [
        encode_row(punch_record(time=DAY + timedelta(minutes=each)), layout)
        for each in minutes
    ]
    return LogReading(layout=layout, body=b"".join(rows))


def after(
    before: Sequence[int],
    now: Sequence[int],
    capacity: int = 1000,
    *,
    heard: int = 0,
    layout: Layout = Layout.LONG,
) -> str:
    old = log_of(before, layout)
    had = len(before) + heard
    return shrinkage(mark_of(old, len(old)), log_of(now, layout), capacity, had=had)


@pytest.mark.parametrize("layout", list(Layout))
def test_a_log_that_only_grew_is_believed(layout: Layout) -> None:
    assert after(range(9), range(12), layout=layout) == ""
    assert after(range(9), range(9), layout=layout) == ""
    assert after((), range(3), layout=layout) == ""
    assert after((), (), layout=layout) == ""


@pytest.mark.parametrize("layout", list(Layout))
def test_a_log_with_fewer_rows_is_suspect(layout: Layout) -> None:
    assert "had 9 rows and has 8" in after(range(9), range(8), layout=layout)
    assert "had 9 rows and has 5" in after(range(9), range(4, 9), layout=layout)
    assert "had 9 rows and has none" in after(range(9), (), layout=layout)


def test_punches_heard_since_are_counted() -> None:
    assert "had 12 rows and has 3" in after(range(9), range(3), heard=3)
    # A live event that its log does not have is no row that was lost.
    assert after(range(9), range(9), heard=1) == ""


def test_a_log_of_other_rows_is_suspect_although_it_is_longer() -> None:
    assert "replaced" in after(range(9), range(100, 120))


def test_a_full_clock_drops_its_oldest_rows() -> None:
    full = range(100)
    assert after(full, range(3, 103), 100) == ""
    assert after(full, range(60, 103), 100) == ""
    assert after(range(95), range(10, 96), 100) == ""


def test_a_full_clock_that_dropped_what_was_never_read_is_suspect() -> None:
    assert "never read" in after(range(100), range(200, 300), 100)
    assert "never read" in after(range(100), range(200, 250), 100)


def test_a_full_clock_that_is_empty_was_emptied() -> None:
    assert "emptied" in after(range(100), (), 100)


def test_a_mark_is_known_again_in_its_own_row_size_only() -> None:
    old = log_of(range(4))
    assert is_beginning(log_of(range(9)), mark_of(old, 4))
    assert not is_beginning(log_of(range(1, 9)), mark_of(old, 4))
    assert not is_beginning(log_of(range(9), Layout.FACE), mark_of(old, 4))
    assert not is_beginning(log_of(range(3)), mark_of(old, 4))
    assert not is_beginning(log_of(range(3)), {})


def recording(remembered: dict[str, object] | None = None) -> RecordingContext:
    entry = clock_entry()
    site = Site(hall=HALL, devices=[entry])
    return RecordingContext(
        entry, site, clock=lambda: NOON, remembered=remembered or {}
    )


async def test_coverage_stands_while_the_log_is_suspect_also_after_a_restart() -> None:
    context = recording()
    trust = LogTrust(context, "S1")
    await trust.covered(NOON)
    assert context.coverage is not None
    assert (context.coverage.until, context.coverage.suspect) == (NOON, "")
    mark = {"rows": 9, "digest": "d"}
    await trust.find_shrunk("its log shrank", mark)
    await trust.covered(NOON + timedelta(hours=1))
    again = LogTrust(context, "S1")
    await again.find_shrunk("its log shrank", mark)
    await again.covered(NOON + timedelta(hours=2))
    assert (context.coverage.until, context.coverage.serial) == (NOON, "S1")
    assert context.coverage.suspect.startswith("its log shrank; ")
    (event,) = context.events
    assert event.data == {"kind": "log_shrunk", "raw": "", "text": "its log shrank"}
    told = await again.accept("battery changed")
    assert told["accepted"].startswith("its log shrank")
    await again.covered(NOON + timedelta(hours=3))
    assert context.coverage.until == NOON + timedelta(hours=3)
    assert context.coverage.suspect == ""
    assert context.events[1].data["text"] == "log accepted: battery changed"
    assert LogTrust(context, "S1").suspect == ""


async def test_there_is_nothing_to_accept_while_all_is_well() -> None:
    with pytest.raises(CommandRejectedError, match="not suspect"):
        await LogTrust(recording(), "S1").accept("no reason")


async def test_an_acceptance_that_was_not_journalled_is_none() -> None:
    context = recording()
    trust = LogTrust(context, "S1")
    await trust.find_shrunk("its log shrank", {"rows": 9, "digest": "d"})
    context.emit_error = OSError("disk full")
    with pytest.raises(OSError, match="full"):
        await trust.accept("battery changed")
    assert trust.suspect
    assert LogTrust(context, "S1").suspect


async def test_a_clock_that_sends_fewer_rows_than_it_counts_is_suspect_once() -> None:
    context = recording()
    trust = LogTrust(context, "S1")
    await trust.find_short(10, 8)
    assert "counts 10 rows in its log and sends 8" in trust.suspect
    await trust.accept("the maker says so")
    await LogTrust(context, "S1").find_short(12, 10)
    assert LogTrust(context, "S1").suspect == ""
    again = LogTrust(context, "S1")
    await again.find_short(12, 9)
    assert "sends 9" in again.suspect


async def test_a_doubt_is_told_and_heals_by_itself() -> None:
    context = recording()
    trust = LogTrust(context, "S1")
    trust.doubt("layout unknown")
    assert context.coverage is not None
    assert (context.coverage.until, context.coverage.suspect) == (
        None,
        "layout unknown",
    )
    await trust.covered(NOON)
    assert (context.coverage.until, context.coverage.suspect) == (NOON, "")


async def test_the_moment_is_written_down_now_and_then_only() -> None:
    context = recording()
    trust = LogTrust(context, "S1")
    kept = []
    for minute in range(25):
        await trust.covered(NOON + timedelta(minutes=minute))
        kept.append(context.remembered["zk:S1:trust"]["until"])
    assert len(set(kept)) == 3


HOUR_AHEAD = PunchNotes(drift_s=3600.0, right_at=NAIVE_NOON, now=NAIVE_NOON)


@pytest.mark.parametrize(
    ("notes", "time", "drift_s"),
    [
        (PunchNotes(), NAIVE_NOON, None),
        (PunchNotes(drift_s=3600.0), DAY, 3600.0),
        (HOUR_AHEAD, NAIVE_NOON + timedelta(minutes=1), 3600.0),
        (HOUR_AHEAD, NAIVE_NOON, None),
        (HOUR_AHEAD, NAIVE_NOON - timedelta(days=300), None),
    ],
)
def test_rows_since_the_time_was_right_are_marked(
    notes: PunchNotes, time: datetime, drift_s: float | None
) -> None:
    assert notes.drift_of(time) == drift_s


def test_a_clock_that_fell_back_to_the_year_2000_is_marked() -> None:
    fell = datetime(2000, 1, 1)  # noqa: DTZ001 - as a clock says it
    now = NAIVE_NOON + timedelta(hours=20)
    drift_s = (fell + timedelta(hours=19) - now).total_seconds()
    notes = PunchNotes(drift_s=drift_s, right_at=NAIVE_NOON, now=now)
    assert notes.drift_of(fell + timedelta(hours=2)) == drift_s
    assert notes.drift_of(NAIVE_NOON - timedelta(days=1)) is None
    assert notes.drift_of(datetime.min) is None  # noqa: DTZ901 - as above
