"""Random days of three windows, by the rules alone."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bridge.domain.queue import AT_WINDOW, QUEUED, TicketAction, next_state
from bridge.domain.turns import Position, Queued, next_ticket, turn_at
from bridge.domain.views import TicketState

A, S = TicketAction, TicketState
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
WINDOWS = {"w1": {"a": 1.0}, "w2": {"a": 1.0, "b": 1.0}, "w3": {"b": 1.0}}
ACTIONS = [A.START, A.RECALL, A.FINISH, A.NO_SHOW, A.HOLD, A.TRANSFER, A.RETURN]


class Day:
    """Tickets and windows in memory, moved by chance and by the rules."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.states: dict[int, TicketState] = {}
        self.line: dict[int, Queued] = {}
        self.at_window: dict[str, int] = {}
        self.finished: list[int] = []
        self.now = NOW

    def step(self) -> None:
        self.now += timedelta(minutes=1)
        window = self.chance.choice([*WINDOWS])
        if self.chance.random() < 0.4:
            self.draw()
        elif window not in self.at_window:
            self.call(window)
        else:
            state = self.states[self.at_window[window]]
            can = [a for a in ACTIONS if a is not A.RETURN or state is S.CALLED]
            self.leave(window, self.chance.choice(can))

    def draw(self) -> None:
        key = len(self.states) + 1
        ahead = timedelta(minutes=self.chance.choice([0, 0, 15]))
        service = self.chance.choice("ab")
        self.states[key] = S.WAITING
        self.line[key] = Queued(key=key, service=service, turn=self.now - ahead)

    def call(self, window: str) -> bool:
        weights = WINDOWS[window]
        waiting = [t for key, t in self.line.items() if self.states[key] in QUEUED]
        mine = [
            ticket
            for ticket in waiting
            if ticket.only_counter == window
            or (ticket.only_counter is None and ticket.service in weights)
        ]
        found = next_ticket(waiting, counter=window, weights=weights, now=self.now)
        assert found == min(mine, key=lambda t: (t.turn, t.key), default=None)
        if found is None:
            return False
        self.states[found.key] = next_state(self.states[found.key], A.CALL)
        assert found.key not in self.at_window.values()
        self.at_window[window] = found.key
        return True

    def leave(self, window: str, action: TicketAction) -> None:
        key = self.at_window[window]
        self.states[key] = next_state(self.states[key], action)
        if self.states[key] in AT_WINDOW:
            return
        del self.at_window[window]
        turn, only = self.line[key].turn, None
        if action is A.TRANSFER:
            only = self.chance.choice([None, "w3"])
            place = self.chance.choice([*Position])
            turn = turn_at(place, turn=turn, now=self.now, first=None, last=None)
        self.line[key] = replace(self.line[key], turn=turn, only_counter=only)
        if self.states[key] is S.FINISHED:
            self.finished.append(key)

    def end(self) -> None:
        back = {S.HELD: A.RETURN, S.NO_SHOW: A.REJOIN}
        for key, state in self.states.items():
            if state in back:
                self.states[key] = next_state(state, back[state])
        for window in [*WINDOWS, *WINDOWS]:
            while window in self.at_window or self.call(window):
                self.leave(window, A.FINISH)


def test_a_thousand_interleavings_call_nobody_twice_and_skip_nobody() -> None:
    for seed in range(1000):
        day = Day(random.Random(seed))
        for _ in range(40):
            day.step()
        day.end()
        assert sorted(day.finished) == sorted(day.states), seed
