"""What changes on a display is looked at: no display is left out."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from support.bridges import make_site

from bridge.domain.displays import Board, Followers, desired_content
from bridge.domain.views import (
    CallView,
    CounterState,
    CounterView,
    TicketBrief,
    TicketState,
)
from devices.site import Site

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
UNITS = [{"address": 1, "counter": "w1"}, {"address": 2, "counter": "w3"}]
SITE = make_site(
    devices=[
        {"id": "led-hall", "driver": "onbon", "area": "hall"},
        {"id": "led-upstairs", "driver": "onbon", "area": "upstairs"},
        {"id": "led-all", "driver": "eq2013", "lines": 4},
        {"id": "led-w1", "driver": "onbon", "counter": "w1"},
        {"id": "strip-w2", "driver": "strip", "bus": "bus-1", "counter": "w2"},
        {"id": "bus-1", "driver": "ff68", "url": "memory:a", "units": UNITS},
        {
            "id": "bus-2",
            "driver": "ub485",
            "url": "memory:b",
            "units": [{"address": 1, "service": "reg"}, {"address": 2, "area": "hall"}],
        },
        {"id": "clock-1", "driver": "zk", "url": "tcp://127.0.0.1:1"},
    ]
)


def shown(site: Site, board: Board) -> dict[str, Any]:
    return {each.id: desired_content(site, board, each) for each in site.devices}


def window(chance: random.Random, name: str, number: int) -> CounterView:
    counter = SITE.counter(name)
    assert counter is not None
    state = chance.choice([CounterState.CALLING, CounterState.IDLE, *CounterState])
    idle = state in {CounterState.IDLE, CounterState.PAUSED}
    ticket = TicketBrief(
        id=str(number), number=f"A{number:03d}", state=TicketState.CALLED
    )
    return CounterView(
        id=name,
        number=counter.number,
        name="",
        area=counter.area,
        services=counter.service_ids,
        state=state,
        ticket=None if idle else ticket,
    )


def call(view: CounterView, at: datetime, number: int) -> CallView | None:
    if view.ticket is None:
        return None
    return CallView(
        id=str(number),
        ticket=view.ticket,
        counter=view.id,
        counter_number=view.number,
        counter_name="",
        area=view.area,
        service="reg",
        at=at,
        repeat=1,
        text=f"{view.ticket.number} {view.id}",
    )


def test_what_a_change_alters_is_among_what_follows_it() -> None:
    chance = random.Random(7)
    board, followers, altered = Board(), Followers(SITE), set[str]()
    before = shown(SITE, board)
    for number in range(600):
        if chance.random() < 0.3:
            board.waiting[chance.choice(["reg", "idcard"])] = chance.randrange(9)
            looked = set(followers.of_waiting())
        else:
            view = window(chance, chance.choice(["w1", "w2", "w3"]), number % 40)
            looked = set(followers.of_window(view.id, view.area))
            board.counters[view.id] = view
            called = call(view, NOON + timedelta(seconds=number), number)
            if called is not None:
                board.calls[view.id] = called
        after = shown(SITE, board)
        changed = {name for name in after if after[name] != before[name]}
        assert changed <= looked
        altered |= changed
        before = after
    assert altered == {name for name, content in before.items() if content is not None}
