from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from support.attending import (
    DAY,
    FOUR,
    LI,
    MORNING,
    NIGHT,
    ONE,
    TWO,
    ZONE,
    changed,
    plan_of,
    posted,
    schedule,
    stretch,
    window,
)

from bridge.domain.attendance.facts import (
    CalendarDay,
    DayKind,
    Posting,
    Session,
    Shift,
)
from bridge.domain.attendance.inputs import Calendar
from bridge.domain.attendance.plan import DayPlan, plan_day

FRIDAY = date(2025, 6, 13)
SATURDAY = date(2025, 6, 14)
MADE_UP_SUNDAY = date(2025, 4, 27)


def hours(planned: DayPlan) -> list[str]:
    return [window((due.start, due.end)) for due in planned.due]


def windows(planned: DayPlan) -> list[str]:
    return [
        f"{window(due.windows.coming)} {window(due.windows.going)}"
        for due in planned.due
    ]


@pytest.mark.parametrize(
    ("sessions", "expected"),
    [
        ((MORNING,), ["04:30-10:15 10:15-16:00"]),
        (TWO.sessions, ["04:30-10:15 10:15-13:00", "13:00-15:45 15:45-21:30"]),
        (FOUR.sessions, ["08:20-09:00 12:00-12:15", "12:20-13:00 17:00-18:00"]),
        (NIGHT.sessions, ["18:00-02:00+1 02:00+1-10:00+1"]),
        # one side told: the other keeps clear of it
        (
            (
                stretch("08:00", "12:00", out_until="12:50"),
                stretch("13:00", "17:00"),
            ),
            ["04:00-10:00 10:00-12:50", "12:50-15:00 15:00-21:00"],
        ),
        (
            (
                stretch("08:00", "12:00"),
                stretch("13:00", "17:00", in_from="12:10"),
            ),
            ["04:00-10:00 10:00-12:10", "12:10-15:00 15:00-21:00"],
        ),
        # told, and overlapping: cut in the middle between the sessions
        (
            (
                stretch("08:00", "12:00", out_until="13:30"),
                stretch("13:00", "17:00", in_from="11:30"),
            ),
            ["04:00-10:00 10:00-12:30", "12:30-15:00 15:00-21:00"],
        ),
        # a window told beyond the neighbour's start
        (
            (
                stretch("08:00", "12:00", out_until="14:00"),
                stretch("13:00", "17:00"),
            ),
            ["04:00-10:00 10:00-13:00", "13:00-15:00 15:00-21:00"],
        ),
        # windows over midnight
        (
            (stretch("22:00", "06:00", in_until="00:30", out_from="05:30"),),
            ["18:00-00:30+1 05:30+1-10:00+1"],
        ),
        # overlapping sessions of one shift
        (
            (stretch("08:00", "12:00"), stretch("11:00", "15:00")),
            ["04:00-10:00 10:00-11:30", "11:30-13:00 13:00-19:00"],
        ),
    ],
)
def test_windows(sessions: Sequence[Session], expected: list[str]) -> None:
    shift = Shift(id="s", name="s", sessions=sessions)
    assert windows(plan_of(schedule(shift))) == expected


def test_windows_keep_clear_of_the_days_around() -> None:
    day = Shift(
        id="s", name="s", sessions=(stretch("06:00", "23:00"),), weekdays=range(7)
    )
    assert windows(plan_of(schedule(day))) == ["02:30-14:30 14:30-02:30+1"]


def test_windows_keep_clear_of_long_work_two_days_ago() -> None:
    watch = Shift(id="w", name="w", sessions=(stretch("23:00", "22:00"),))
    early = Shift(id="e", name="e", sessions=(stretch("01:00", "05:00"),))
    rotation = posted(None, rotation=("w", None, "e"), valid_from=DAY)
    held = schedule(watch, early, postings=[rotation])
    first, last = plan_of(held), plan_of(held, DAY + timedelta(days=2))
    assert windows(first) == ["19:00-10:30+1 10:30+1-23:30+1"]
    assert windows(last) == ["23:30+1-03:00+2 03:00+2-09:00+2"]


@pytest.mark.parametrize(
    ("sessions", "expected"),
    [
        (("22:00-06:00",), ["22:00-06:00+1"]),
        (("22:00-02:00", "02:30-06:00"), ["22:00-02:00+1", "02:30+1-06:00+1"]),
        (("20:00-00:00", "00:30-04:00"), ["20:00-00:00+1", "00:30+1-04:00+1"]),
        (("08:00-12:00", "20:00-02:00"), ["08:00-12:00", "20:00-02:00+1"]),
        (("14:00-18:00", "08:00-12:00"), ["08:00-12:00", "14:00-18:00"]),
        (("08:30-08:30",), ["08:30-08:30+1"]),
    ],
)
def test_hours_over_midnight(sessions: Sequence[str], expected: list[str]) -> None:
    shift = Shift(
        id="s", name="s", sessions=[stretch(*text.split("-")) for text in sessions]
    )
    assert hours(plan_of(schedule(shift))) == expected


@pytest.mark.parametrize(
    ("day", "follows", "weekdays", "due"),
    [
        (DAY, True, (), True),
        (SATURDAY, True, range(7), False),
        (MADE_UP_SUNDAY, True, range(5), True),
        (date(2025, 10, 1), True, range(7), False),
        (date(2025, 10, 1), False, range(5), True),
        (SATURDAY, False, range(5), False),
        (SATURDAY, False, range(7), True),
        (MADE_UP_SUNDAY, False, range(5), False),
        (date(2099, 6, 10), False, range(5), True),
    ],
)
def test_shifts_follow_the_calendar_or_not(
    day: date, *, follows: bool, weekdays: Sequence[int], due: bool
) -> None:
    shift = changed(TWO, follows_calendar=follows, weekdays=tuple(weekdays))
    assert bool(plan_of(schedule(shift), day).due) is due


@pytest.mark.parametrize(
    ("postings", "day", "expected"),
    [
        ([posted(valid_to=DAY)], DAY, ["08:30-12:00", "14:00-17:30"]),
        ([posted(valid_to=DAY - timedelta(days=1))], DAY, []),
        ([posted(valid_from=DAY)], DAY, ["08:30-12:00", "14:00-17:30"]),
        ([posted(valid_from=DAY + timedelta(days=1))], DAY, []),
        ([posted(weekdays=(2,))], DAY, ["08:30-12:00", "14:00-17:30"]),
        ([posted(weekdays=(0, 1))], DAY, []),
        ([posted(weekdays=(0, 1, 2, 3, 4))], MADE_UP_SUNDAY, []),
        # rotation: the calendar has no say, the days of the week have
        ([posted(None, rotation=("one", None), valid_from=DAY)], DAY, ["09:00-17:00"]),
        (
            [posted(None, rotation=("one", None), valid_from=DAY)],
            FRIDAY,
            ["09:00-17:00"],
        ),
        ([posted(None, rotation=(None, "one"), valid_from=DAY)], DAY, []),
        (
            [posted(None, rotation=("one",), valid_from=DAY, weekdays=(5,))],
            SATURDAY,
            ["09:00-17:00"],
        ),
        ([posted(None, rotation=("one",), weekdays=(5,))], DAY, []),
        # several at once
        (
            [posted("day"), posted("late", id="P2", valid_from=date(2025, 1, 1))],
            DAY,
            ["08:30-12:00", "14:00-17:30", "19:00-21:00"],
        ),
        (
            [posted("day"), posted("one", id="P2", valid_from=date(2025, 1, 1))],
            DAY,
            ["09:00-17:00"],
        ),
        (
            [posted("one"), posted("day", id="P2", valid_from=date(2025, 1, 1))],
            DAY,
            ["08:30-12:00", "14:00-17:30"],
        ),
        (
            [posted("day"), posted("half", id="P2", valid_from=date(2025, 1, 1))],
            DAY,
            ["08:30-12:00", "15:00-18:00"],
        ),
        # a day off of the later one frees from the older
        (
            [
                posted("day"),
                posted(None, id="P2", valid_from=DAY, rotation=(None, "night")),
            ],
            DAY,
            [],
        ),
        # and nothing else of it does
        (
            [posted("day"), posted("late", id="P2", valid_from=DAY, weekdays=(0,))],
            DAY,
            ["08:30-12:00", "14:00-17:30"],
        ),
    ],
)
def test_postings(postings: list[Posting], day: date, expected: list[str]) -> None:
    late = Shift(id="late", name="延时", sessions=(stretch("19:00", "21:00"),))
    half = Shift(id="half", name="半天", sessions=(stretch("15:00", "18:00"),))
    held = schedule(TWO, ONE, NIGHT, late, half, postings=postings)
    found = [
        f"{due.start:%H:%M}-{due.end:%H:%M}"
        for due in plan_day(held, LI, day, ZONE).due
    ]
    assert found == expected


def test_only_postings_that_hold_are_named() -> None:
    postings = [posted("day"), posted("one", id="P2", valid_from=DAY, counter="7")]
    planned = plan_of(schedule(TWO, ONE, postings=postings))
    assert (planned.postings, planned.counter) == (("P2",), "7")


DEFAULT = changed(TWO, is_default=True)


def test_the_default_shift_is_for_people_without_any_posting() -> None:
    assert plan_of(schedule(DEFAULT, postings=[])).due
    over = [posted(valid_to=date(2021, 1, 1))]
    planned = plan_of(schedule(DEFAULT, postings=over))
    assert (planned.due, planned.note) == ((), "no_posting")


def test_the_default_shift_is_for_postings_that_name_none() -> None:
    planned = plan_of(schedule(DEFAULT, postings=[posted(None)]))
    assert planned.postings == ("P1",)
    assert len(planned.due) == 2


@pytest.mark.parametrize("postings", [[], [posted(None)]])
def test_no_shift_at_all_is_nothing_due(postings: list[Posting]) -> None:
    planned = plan_of(schedule(TWO, postings=postings))
    assert (planned.due, planned.note) == ((), "no_shift")


@pytest.mark.parametrize(
    ("joined", "left", "due"),
    [
        (DAY, DAY, True),
        (DAY + timedelta(days=1), None, False),
        (None, DAY - timedelta(days=1), False),
    ],
)
def test_people_are_due_while_they_are_here(
    joined: date | None, left: date | None, *, due: bool
) -> None:
    person = replace(LI, joined=joined, left=left)
    planned = plan_day(schedule(), person, DAY, ZONE)
    assert bool(planned.due) is due
    assert planned.note == ("" if due else "not_employed")


def test_an_unknown_calendar_is_waited_for() -> None:
    planned = plan_of(schedule(), date(2099, 6, 10))
    assert planned.uncertain
    assert planned.waiting == ("calendar:2099",)
    masked = plan_of(schedule(postings=[posted(weekdays=(0,))]), date(2099, 6, 10))
    assert (masked.uncertain, masked.waiting) == (False, ("calendar:2099",))


def test_weights_of_a_day_are_one_at_most() -> None:
    plain = [stretch("08:00", "10:00"), stretch("11:00", "13:00")]
    held = schedule(Shift(id="s", name="s", sessions=plain))
    assert [due.weight for due in plan_of(held).due] == [0.5, 0.5]
    half = schedule(Shift(id="s", name="s", sessions=(MORNING,)))
    assert [due.weight for due in plan_of(half).due] == [0.5]


@pytest.mark.parametrize(
    ("own", "clocks"),
    [
        (((),), ("gate", "hall")),
        ((("side",),), ("side",)),
        ((("side",), ("gate", "side")), ("gate", "side")),
        ((("side",), ()), ("gate", "hall")),
    ],
)
def test_clocks_that_matter(
    own: Sequence[Sequence[str]], clocks: Sequence[str]
) -> None:
    late = Shift(id="late", name="延时", sessions=(stretch("19:00", "21:00"),))
    postings = [
        posted(shift, id=f"P{number}", clocks=names)
        for number, (shift, names) in enumerate(zip(("day", "late"), own, strict=False))
    ]
    planned = plan_of(schedule(TWO, late, postings=postings))
    assert tuple(planned.clocks) == clocks


def test_the_memo_changes_nothing_and_stays_behind() -> None:
    held = schedule()
    first = plan_of(held)
    assert plan_of(held) == first
    assert held.memo
    copied = pickle.loads(pickle.dumps(held))  # noqa: S301 - our own
    assert copied.memo == {}
    assert copied == held
    assert plan_of(copied) == first


def test_two_people_of_one_id_are_not_mixed() -> None:
    held = schedule()
    assert (
        plan_day(held, replace(LI, left=DAY - timedelta(days=1)), DAY, ZONE).due == ()
    )
    assert plan_day(held, LI, DAY, ZONE).due


def test_own_calendar_days_move_what_is_due() -> None:
    closed = CalendarDay(day=DAY, kind=DayKind.HOLIDAY, name="停电")
    held = schedule(calendar=Calendar(days={DAY: closed}))
    planned = plan_of(held)
    assert (planned.due, planned.calendar) == ((), closed)
