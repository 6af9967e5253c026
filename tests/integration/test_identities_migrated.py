"""A store of the version before identities stood in the order of a log."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, select, text
from support.bridges import Clock, running_hall
from support.intakes import Giver

from bridge.store.database import MIGRATIONS
from bridge.store.tables import inbox, microseconds
from bridge.store.tables.delivery import ending
from devices.events import EventType

SOURCE = "urn:halld:test:zk:OGT1"
KEPT = ("7:20260302T080000", "7:20260302T080000:2", "short")
OLD = """
INSERT INTO inbox (position, sequence, source, event, digest, received, status)
VALUES (99, :sequence, :source, :event, 'x', :received, 'done')
"""


async def test_what_was_taken_before_is_known_after(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    clock = Clock()
    now = microseconds(clock.time)
    engine = create_engine(f"sqlite:///{tmp_path}/store/hall.db")
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        for sequence, event in enumerate(KEPT, start=1):
            row = {"sequence": sequence, "source": SOURCE, "event": event}
            connection.execute(text(OLD), {**row, "received": now})
        connection.execute(
            text("INSERT INTO meta (key, value) VALUES ('store', 'specimen')")
        )
    engine.dispose()
    async with running_hall(tmp_path, clock) as hall:
        rows = await hall.read(lambda db: db.execute(select(inbox)).all())
        assert {row.event: row.ending for row in rows} == {
            event: ending(event) for event in KEPT
        }
        again = Giver(hall).event(
            EventType.ATTENDANCE_PUNCH,
            {"user_id": "7"},
            time=clock.time - timedelta(hours=1),
            device="clock-1",
            identity=(SOURCE, KEPT[0]),
        )
        await Giver(hall).give(again)
        rows = await hall.read(
            lambda db: db.execute(select(inbox).where(inbox.c.event == KEPT[0])).all()
        )
        assert sorted(row.status for row in rows) == ["done", "duplicate"]
