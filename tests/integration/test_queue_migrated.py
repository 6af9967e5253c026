"""A store of the version before turns."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text
from support.bridges import Clock, running_hall

from bridge.domain.views import Channel, CounterAction, TicketView
from bridge.service.ports import ListQuery
from bridge.store.database import MIGRATIONS
from bridge.store.tables import microseconds

OLD = """
INSERT INTO ticket (id, ref, number, service, origin_service, day, state, counter,
                    channel, calls, issued, called, ended)
VALUES (:id, :ref, :number, 'reg', 'reg', '2026-03-02', :state, :counter,
        'kiosk', 0, :issued, :called, :ended)
"""


async def test_old_tickets_keep_their_order_and_their_times(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    clock = Clock()
    now = microseconds(clock.time)
    assert now is not None
    second = 1_000_000
    engine = create_engine(f"sqlite:///{tmp_path}/store/hall.db")
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        rows = [("finished", "w1"), ("waiting", None), ("waiting", None)]
        for key, (state, counter) in enumerate(rows, start=1):
            done = counter is not None
            row = {
                "id": key,
                "ref": f"t{key}",
                "number": f"A00{key}",
                "state": state,
                "counter": counter,
                "issued": now - (900 - key) * second,
                "called": now - 600 * second if done else None,
                "ended": now - 300 * second if done else None,
            }
            connection.execute(text(OLD), row)
        meta = {"key": "store", "value": "old"}
        connection.execute(text("INSERT INTO meta VALUES (:key, :value)"), meta)
        day = {"key": "day", "value": "2026-03-02"}
        connection.execute(text("INSERT INTO meta VALUES (:key, :value)"), day)
    engine.dispose()
    async with running_hall(tmp_path, clock) as hall:
        listed = (await hall.tickets(ListQuery())).items
        assert [each.turn for each in listed] == [each.issued_at for each in listed]
        last = await hall.issue_ticket(service="reg", channel=Channel.WEB)
        assert last.waiting_before == 2
        assert last.estimated_wait_s == 300  # two of 300 s each, at two windows
        called = await hall.counter_action("w1", CounterAction.CALL)
        assert isinstance(called, TicketView)
        assert called.id == "t2"
