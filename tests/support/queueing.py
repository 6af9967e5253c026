"""What people do in the queue of a hall, for tests."""

from __future__ import annotations

from typing import Any

from bridge.domain.views import Channel, CounterAction, CounterView, TicketView
from bridge.service.hall import Hall
from bridge.service.ports import Errand


async def draw(hall: Hall, service: str = "reg", **errand: Any) -> TicketView:
    """Somebody draws a ticket at the kiosk."""
    return await hall.issue_ticket(
        service=service, channel=Channel.KIOSK, errand=Errand(**errand)
    )


async def act(
    hall: Hall, action: CounterAction, counter: str = "w1", **arguments: Any
) -> TicketView:
    """A window does something; the ticket that it concerns."""
    done = await hall.counter_action(counter, action, arguments=arguments)
    assert isinstance(done, TicketView)
    return done


async def window(hall: Hall, name: str = "w1") -> CounterView:
    """A window as it stands."""
    queue = await hall.queue()
    return next(each for each in queue.counters if each.id == name)
