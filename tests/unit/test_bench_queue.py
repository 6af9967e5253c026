"""What the bench of the queue counts, on what it may be told."""

from __future__ import annotations

from typing import Any

import pytest
from benchmarks.crowd import Seen
from benchmarks.day import Marks as DayMarks
from benchmarks.ledger import Ledger
from benchmarks.queue import Marks
from benchmarks.windows import CORNER, Wires, hall_file

from devices.site import Site
from devices.site_mistakes import mistakes_of
from devices.strip.frames import SHOW, StripFrame


def ticket(name: str, state: str, minute: int, counter: str | None = None) -> Any:
    turn = f"2026-03-02T09:{minute:02d}:00+08:00"
    return {"id": name, "service": "a", "state": state, "turn": turn} | {
        "counter": counter
    }


def told(*changes: tuple[str, Any]) -> Ledger:
    ledger = Ledger({"w1": ["a"], "w2": ["a"]})
    for number, (kind, data) in enumerate(changes, start=1):
        ledger.take(number, kind, data)
    return ledger


FIRST, SECOND = ticket("1", "waiting", 1), ticket("2", "waiting", 2)


def test_the_ledger_counts_who_was_skipped() -> None:
    fair = told(("ticket", FIRST), ("ticket", SECOND))
    assert fair.somebody_waits("w1")
    fair.take(3, "ticket", ticket("1", "called", 1, "w1"))
    assert fair.skipped == 0
    fair = told(("ticket", FIRST), ("ticket", SECOND))
    fair.take(3, "ticket", ticket("2", "called", 2, "w1"))
    assert fair.skipped == 1


def test_the_ledger_counts_who_was_called_at_two_windows() -> None:
    call = {"ticket": {"id": "1"}, "repeat": 1}
    ledger = told(
        ("ticket", FIRST),
        ("ticket", SECOND),
        ("ticket", ticket("1", "called", 1, "w1")),
        ("call", call),
        ("ticket", ticket("1", "called", 1, "w2")),
        ("call", call),
    )
    assert (ledger.doubled, ledger.lost) == (1, 1)
    assert ledger.announced == {"1": 2}


def test_the_ledger_wants_every_change() -> None:
    ledger = told(("ticket", FIRST))
    with pytest.raises(RuntimeError, match="lost changes before 3"):
        ledger.take(3, "ticket", SECOND)


def test_the_hall_of_the_bench_is_sound() -> None:
    shown: list[tuple[int, float]] = []
    wires = Wires(lambda window, at: shown.append((window, at)))
    site = Site.model_validate(hall_file(wires))
    assert mistakes_of(site) == []
    assert [each.id for each in site.counters if each.area == CORNER] == ["w200"]
    assert len(site.devices) == 4 + 200
    assert wires.place(51) == (1, 1)


async def test_a_strip_on_a_caller_line_is_seen() -> None:
    shown: list[int] = []
    wires = Wires(lambda window, _at: shown.append(window))
    wires.lines[1].received(StripFrame(3, SHOW, b"A\x00").encode())
    assert shown == [53]


def test_effects_are_counted_from_the_presses() -> None:
    marks = Marks(pressed=[10.0, 11.0])
    marks.calls[2] += [10.0]
    marks.calls[3] += [11.0]
    marks.shown[2] += [9.5, 10.25]
    marks.acked(2, 11.5)
    seen = [Seen(call=7, counter=2, first=10.5, last=11.0, screens=200)]
    assert marks.committed == [1.5, 0.5]
    assert marks.displays(cards=True) == []  # written half a second before
    marks.shown[2][0] = 8.5
    assert marks.displays(cards=True) == [0.25]
    assert marks.displays(cards=False) == []
    assert marks.screens(seen, last=False) == [0.5]
    assert marks.screens(seen, last=True) == [1.0]


def test_growth_is_told_for_a_thousand_tickets() -> None:
    marks = DayMarks()
    marks.memory = [(n * 500, {"bridge": 80 + n}) for n in range(9)]
    assert marks.growth("bridge") == pytest.approx(2)
    assert marks.growth("broker") == 0
