"""Callers, evaluators and clocks: what their events do to the hall."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from support.bridges import IDLE, PAUSED, Clock, make_site, running_hall
from support.intakes import Giver, RecordingBus
from support.queueing import draw, window

from bridge.domain.errors import InvalidRequestError
from bridge.domain.views import (
    CounterAction,
    CounterState,
    RatingView,
    TicketState,
    TicketView,
)
from bridge.service.hall import Hall
from bridge.service.ports import ListQuery
from bridge.store.tables import card, inbox, printer, tamper
from bridge.store.tables.attendance import dirty_day
from devices.events import EventType

S = TicketState


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def hall(tmp_path: Path, clock: Clock) -> AsyncIterator[Hall]:
    async with running_hall(tmp_path, clock) as hall:
        yield hall


@pytest.fixture
def giver(hall: Hall) -> Giver:
    return Giver(hall)


async def number_at(hall: Hall, name: str = "w1") -> str | None:
    ticket = (await window(hall, name)).ticket
    return ticket.number if ticket else None


async def with_policy(
    tmp_path: Path, clock: Clock, policy: str
) -> tuple[str | None, int]:
    site = make_site(queue={"on_call_while_open": policy})
    async with running_hall(tmp_path, clock, site) as hall:
        bus, giver = RecordingBus(), Giver(hall)
        hall.attach(bus)
        await draw(hall)
        await draw(hall)
        await giver.key("call")
        await giver.key("call")
        _, state = await hall.snapshot(None)
        repeats: int = state["calls"][0]["repeat"]
        return await number_at(hall), repeats + 10 * len(bus.sent)


@pytest.mark.parametrize(
    ("policy", "number", "repeats_and_beeps"),
    [("finish_and_next", "A002", 1), ("recall", "A001", 2), ("ignore", "A001", 11)],
)
async def test_a_call_while_a_ticket_is_open_follows_the_policy(
    tmp_path: Path, clock: Clock, policy: str, number: str, repeats_and_beeps: int
) -> None:
    assert await with_policy(tmp_path, clock, policy) == (number, repeats_and_beeps)


async def test_a_call_finishes_what_was_open(hall: Hall, giver: Giver) -> None:
    first = await draw(hall)
    await draw(hall)
    await giver.key("call")
    await giver.key("call")
    assert (await hall.ticket(first.id)).state is S.FINISHED


async def test_a_call_to_an_empty_queue_blanks_the_unit_and_beeps(
    hall: Hall, giver: Giver
) -> None:
    bus = RecordingBus()
    hall.attach(bus)
    done = await draw(hall)
    await giver.key("call")
    told = len((await hall.snapshot(None))[1]["calls"])
    rev = bus.last("bus-1").rev
    await giver.key("call")
    assert (await hall.ticket(done.id)).state is S.FINISHED
    assert bus.sent == [("bus-1", "beep", {"address": 1})]
    shown = bus.last("bus-1")
    assert shown.content["units"]["1"] == {"ticket": None, "waiting": 0}
    assert shown.rev > rev
    assert len((await hall.snapshot(None))[1]["calls"]) == told
    await giver.key("call")  # nothing changes, and the unit is told all the same
    await hall.queue()
    assert bus.last("bus-1").rev > shown.rev


async def test_digits_call_that_number(hall: Hall, giver: Giver) -> None:
    for _ in range(3):
        await draw(hall)
    await giver.key("call", "3")
    assert await number_at(hall) == "A003"
    await giver.key("call", "003")  # it is there: announced again
    _, state = await hall.snapshot(None)
    assert state["calls"][0]["repeat"] == 2
    await giver.key("call", "9")  # there is none: the one at the window stays
    assert await number_at(hall) == "A003"
    await giver.key("no_show")
    await giver.key("call", "3")  # came back after all
    assert await number_at(hall) == "A003"


async def test_hold_callback_and_no_show(hall: Hall, giver: Giver) -> None:
    first, second = await draw(hall), await draw(hall)
    await giver.key("call")
    await giver.key("hold")
    assert (await hall.ticket(first.id)).state is S.HELD
    await giver.key("call")
    await giver.key("no_show")
    assert (await hall.ticket(second.id)).state is S.NO_SHOW
    await giver.key("callback")
    assert await number_at(hall) == "A001"


async def test_a_panel_with_four_keys_serves_a_whole_visit(
    hall: Hall, giver: Giver
) -> None:
    first, second = await draw(hall), await draw(hall)
    await giver.key("call_or_recall")
    await giver.key("call_or_recall")  # nobody came yet: announced again
    _, state = await hall.snapshot(None)
    assert (await number_at(hall), state["calls"][0]["repeat"]) == ("A001", 2)
    await giver.key("start")
    assert (await hall.ticket(first.id)).state is S.SERVING
    await giver.key("finish_or_no_show")
    assert (await hall.ticket(first.id)).state is S.FINISHED
    await giver.key("call_or_recall")
    await giver.key("finish_or_no_show")  # never came
    assert (await hall.ticket(second.id)).state is S.NO_SHOW
    bus = RecordingBus()
    hall.attach(bus)
    for key in ("call_or_recall", "start", "finish", "finish_or_no_show"):
        await giver.key(key)  # nobody is there and nobody waits
    assert bus.sent == [("bus-1", "beep", {"address": 1})] * 4


async def test_finish_ends_what_was_called(hall: Hall, giver: Giver) -> None:
    ticket = await draw(hall)
    await giver.key("call")
    await giver.key("finish")
    assert (await hall.ticket(ticket.id)).state is S.FINISHED


async def test_transfer_by_the_windows_number(hall: Hall, giver: Giver) -> None:
    moved = await draw(hall)
    await giver.key("call")
    await giver.key("transfer", "77")  # no such window
    assert await number_at(hall) == "A001"
    await giver.key("transfer", "3")
    assert (await hall.ticket(moved.id)).state is S.TRANSFERRED
    called = await hall.counter_action("w3", CounterAction.CALL)
    assert called.id == moved.id


async def test_any_other_key_opens_a_paused_window(hall: Hall, giver: Giver) -> None:
    bus = RecordingBus()
    hall.attach(bus)
    await draw(hall)
    await giver.key("pause")
    assert (await window(hall)).state is CounterState.PAUSED
    assert bus.last("led-w1").content["text"] == PAUSED
    await giver.key("pause")
    assert (await window(hall)).state is CounterState.PAUSED
    await giver.key("call")
    assert (await window(hall)).state is CounterState.CALLING
    await giver.key("pause")
    await giver.key("resume")
    assert (await window(hall)).state is CounterState.CALLING
    assert bus.last("led-w1").content["text"] == "请A001号到1号窗口"


@pytest.mark.parametrize("key", ["cancel", "login", "unknown", "never-heard-of"])
async def test_other_keys_are_kept_on_record_alone(
    hall: Hall, giver: Giver, key: str
) -> None:
    await draw(hall)
    before = await hall.queue()
    outcome = await giver.key(key)
    assert (outcome.taken, outcome.quarantined) == (1, 0)
    assert await hall.queue() == before


async def test_an_unknown_address_concerns_no_window(hall: Hall, giver: Giver) -> None:
    await draw(hall)
    outcome = await giver.key("call", counter=None, address=99)
    assert (outcome.taken, outcome.quarantined) == (1, 0)
    assert await number_at(hall) is None


async def test_displays_say_who_calls_until_the_ticket_ends(
    hall: Hall, giver: Giver
) -> None:
    bus = RecordingBus()
    hall.attach(bus)
    await draw(hall)
    await giver.key("call")
    for led in ("led-main", "led-w1"):
        assert bus.last(led).content["text"] == "请A001号到1号窗口"
        assert bus.last(led).idle == IDLE
        until = bus.last(led).valid_until
        assert until is not None
        assert until > hall.now()
    await hall.counter_action("w1", CounterAction.FINISH)
    for led in ("led-main", "led-w1"):
        assert bus.last(led).content["text"] == IDLE
    revs = [told.rev for name, told in bus.shown if name == "led-main"]
    assert revs == sorted(set(revs))


async def ratings(hall: Hall, **equals: Any) -> list[RatingView]:
    return list((await hall.ratings(ListQuery(equals=equals))).items)


async def test_the_first_press_counts(hall: Hall, giver: Giver, clock: Clock) -> None:
    await giver.rate(5)
    drawn = await draw(hall)
    await giver.key("call")
    for value in (4, 1):
        clock.pass_s(1)
        await giver.rate(value)
    clock.pass_s(0.1)
    await giver.rate(2)
    clock.pass_s(1)
    await giver.rate(None)
    rows = [(r.value, r.linked, r.ticket, r.reason) for r in await ratings(hall)]
    assert rows == [
        (5, False, None, "no_ticket"),
        (4, True, drawn.id, None),
        (1, False, None, "second"),
        (2, False, None, "bounce"),
        (None, False, None, "unknown_value"),
    ]
    assert len(await ratings(hall, linked=True)) == 1
    assert len(await ratings(hall, reason="bounce", counter="w1")) == 1


@pytest.mark.parametrize(("after_s", "reason"), [(14.9, None), (15, "late")])
async def test_a_press_after_the_end_is_late_from_15_s_on(
    hall: Hall, giver: Giver, clock: Clock, after_s: float, reason: str | None
) -> None:
    await draw(hall)
    await giver.key("call")
    await hall.counter_action("w1", CounterAction.FINISH)
    clock.pass_s(after_s)
    await giver.rate(5)
    (rating,) = await ratings(hall)
    assert rating.reason == reason


async def test_rate_waits_for_a_rating(hall: Hall, giver: Giver, clock: Clock) -> None:
    drawn = await draw(hall)
    await giver.key("call")
    await giver.key("rate")
    assert (await hall.ticket(drawn.id)).state is S.WAITING_RATING
    clock.pass_s(3)
    await giver.rate(5)
    assert (await hall.ticket(drawn.id)).state is S.FINISHED
    assert (await window(hall)).ticket is None
    (rating,) = await ratings(hall)
    assert rating.ticket == drawn.id


async def test_the_next_call_ends_the_wait_for_a_rating(
    hall: Hall, giver: Giver
) -> None:
    drawn = await draw(hall)
    await draw(hall)
    await giver.key("call")
    await giver.key("rate")
    called = await hall.counter_action("w1", CounterAction.CALL)
    assert (await hall.ticket(drawn.id)).state is S.FINISHED
    assert isinstance(called, TicketView)
    assert called.number == "A002"
    assert await ratings(hall) == []


async def test_nobody_waits_for_a_rating_for_ever(tmp_path: Path, clock: Clock) -> None:
    async with running_hall(tmp_path, clock) as hall:
        drawn = await draw(hall)
        giver = Giver(hall)
        await giver.key("call")
        await giver.key("rate")
    clock.pass_s(15)
    async with running_hall(tmp_path, clock) as hall:
        assert (await hall.ticket(drawn.id)).state is S.FINISHED


def punch(user: str = "1001", **more: Any) -> dict[str, Any]:
    base = {"user_id": user, "direction": "in", "method": "face", "raw": "00ff"}
    return {**base, **more}


async def test_punches_are_listed_by_time_with_their_flags(
    hall: Hall, giver: Giver, clock: Clock
) -> None:
    kind, now = EventType.ATTENDANCE_PUNCH, clock()
    await giver.give(
        giver.event(
            kind, punch("2"), time=now + timedelta(minutes=6), device="clock-1"
        ),
        giver.event(kind, punch("1", known_user=False), time=now, device="clock-1"),
        giver.event(kind, punch("1", drift_s=90), time=now, device="clock-1"),
        giver.event(kind, punch("1", set_back=True), time=now, device="clock-1"),
    )
    page = await hall.punches(ListQuery())
    assert page.total == 4
    assert [(p.user_id, list(p.flags)) for p in page.items] == [
        ("1", ["unknown_user"]),
        ("1", ["clock_wrong"]),
        ("1", ["clock_wrong"]),
        ("2", ["future"]),
    ]
    first = page.items[0]
    assert (first.device, first.direction, first.method) == ("clock-1", "in", "face")
    assert first.raw == "00ff"
    assert first.time == now
    assert first.time.utcoffset() == timedelta(hours=8)


async def test_lists_page_and_filter(hall: Hall, giver: Giver, clock: Clock) -> None:
    start = clock()
    events = [
        giver.event(
            EventType.ATTENDANCE_PUNCH,
            punch(str(number % 2)),
            time=start + timedelta(seconds=number // 3),
            device="clock-1",
        )
        for number in range(30)
    ]
    await giver.give(*events)
    seen: list[int] = []
    for offset in range(0, 30, 7):
        page = await hall.punches(ListQuery(limit=7, offset=offset))
        assert page.total == 30
        seen += [each.id for each in page.items]
    assert len(set(seen)) == 30
    odd = await hall.punches(ListQuery(equals={"user_id": "1"}))
    assert odd.total == 15
    span = ListQuery(
        from_time=start + timedelta(seconds=1), to_time=start + timedelta(seconds=3)
    )
    assert (await hall.punches(span)).total == 6
    with pytest.raises(InvalidRequestError, match="colour"):
        await hall.punches(ListQuery(equals={"colour": "red"}))


async def test_a_punch_marks_its_day_in_the_halls_zone(
    hall: Hall, giver: Giver, clock: Clock
) -> None:
    late = clock().replace(hour=17)  # already tomorrow in Shanghai
    async with hall.attendance.engine.resting():  # it would drop what it has done
        await giver.give(
            giver.event(EventType.ATTENDANCE_PUNCH, punch("7"), time=late),
            giver.event(EventType.ATTENDANCE_PUNCH, punch("7"), time=late),
        )
        query = select(dirty_day).where(dirty_day.c.user_id.is_not(None))
        rows = await hall.read(lambda db: db.execute(query).all())
    assert [(row.user_id, row.first_day) for row in rows] == [("7", "2026-03-03")]


async def test_the_rest_is_kept_as_it_came(hall: Hall, giver: Giver) -> None:
    reader = {"reader": "id-1", "subject_ref": "k1.00", "kind": "id_card"}
    await giver.give(
        giver.event(EventType.CARD_IN, reader),
        giver.event(EventType.CARD_OUT, {"reader": "id-1"}),
        giver.event(EventType.PRINTER_STATUS, {"paper": "near_end", "cover": "open"}),
    )
    await giver.give(
        giver.event(EventType.ATTENDANCE_TAMPER, {"kind": "opened", "raw": "01"})
    )
    cards = await hall.read(lambda db: db.execute(select(card).order_by("id")).all())
    assert [(row.presence, row.subject_ref) for row in cards] == [
        ("in", "k1.00"),
        ("out", None),
    ]
    for table in (printer, tamper):
        count = select(func.count()).select_from(table)
        assert await hall.read(lambda db, q=count: db.execute(q).scalar_one()) == 1  # type: ignore[misc]


async def test_operations_at_a_clock_say_why_and_who(hall: Hall, giver: Giver) -> None:
    for data in (
        {"kind": "bad_line", "raw": "30", "text": "an impossible date or time"},
        {"kind": "user_deleted", "raw": "", "operator": "9", "values": [1001, 0]},
        {"kind": "boot", "raw": ""},
    ):
        await giver.give(giver.event(EventType.ATTENDANCE_TAMPER, data))
    found = await hall.attendance.tampers(limit=9, offset=0, device=None, kind=None)
    assert {item.kind: item.text for item in found.items} == {
        "bad_line": "an impossible date or time",
        "user_deleted": "by 9; values 1001, 0",
        "boot": "",
    }


@pytest.mark.parametrize(
    ("kind", "data", "reason"),
    [
        (EventType.CALLER_KEY, {"counter": "w1"}, "key"),
        (EventType.CALLER_KEY, {"counter": "w9", "key": "call"}, "w9"),
        (EventType.CALLER_KEY, {"counter": "w1", "key": "call", "digits": 3}, "digits"),
        (EventType.RATING_PRESS, {"counter": "w1", "value": 6}, "value"),
        (EventType.RATING_PRESS, {"counter": "w1", "value": True}, "value"),
        (EventType.RATING_PRESS, {"counter": ["w1"], "value": 5}, "counter"),
        (EventType.ATTENDANCE_PUNCH, {"direction": "in"}, "user_id"),
        (EventType.ATTENDANCE_PUNCH, punch(direction="up"), "up"),
        (EventType.ATTENDANCE_PUNCH, punch("\ud800"), "Unicode"),
        (EventType.CARD_IN, {}, "reader"),
        (EventType.PRINTER_STATUS, {"paper": 1}, "paper"),
        (EventType.ATTENDANCE_TAMPER, {}, "kind"),
    ],
)
async def test_a_poison_event_is_put_aside_alone(
    hall: Hall, giver: Giver, kind: EventType, data: dict[str, Any], reason: str
) -> None:
    good: dict[str, Any] = punch() if kind.lane == "clock" else {"reader": "id-1"}
    sane = EventType.ATTENDANCE_PUNCH if kind.lane == "clock" else EventType.CARD_IN
    outcome = await giver.give(
        giver.event(sane, good), giver.event(kind, data), giver.event(sane, good)
    )
    assert (outcome.last, outcome.taken, outcome.quarantined) == (3, 3, 1)
    rows = await hall.read(
        lambda db: db.execute(select(inbox).order_by("sequence")).all()
    )
    assert [row.status for row in rows] == ["done", "quarantined", "done"]
    assert reason in (rows[1].reason or "")
    assert rows[1].envelope is not None
    assert [alarm["kind"] for alarm in hall.alarms()] == ["quarantined"]
