"""A bridge and a node on a shared broker, under a hall id of their own."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select
from support.bridges import Clock, make_site, running_bridge
from support.nodes import FakeNode, fake_node

from bridge.service.hall import Hall
from bridge.store.tables import punch
from bus.address import BrokerAddress
from devices.site import Site


@dataclass(slots=True)
class World:
    """Where a test's bridge and node meet."""

    broker: BrokerAddress
    data: Path
    clock: Clock = field(default_factory=Clock)
    id: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:12]}")

    def site(self, **more: Any) -> Site:
        """The hall file, under this world's id."""
        return make_site(**{"hall": {"id": self.id}, **more})

    @asynccontextmanager
    async def bridge(self, **more: Any) -> AsyncIterator[Hall]:
        """A bridge on this world's store."""
        async with running_bridge(
            self.data, self.broker, self.clock, self.site(**more)
        ) as hall:
            yield hall

    @asynccontextmanager
    async def node(self, name: str = "main") -> AsyncIterator[FakeNode]:
        """A node that is connected."""
        async with fake_node(self.broker, self.id, name) as node:
            yield node

    @asynccontextmanager
    async def both(self) -> AsyncIterator[tuple[Hall, FakeNode]]:
        """Bridge and node, both connected."""
        async with self.bridge() as hall, self.node() as node:
            await node.until(lambda: node.bridge)
            yield hall, node


async def rows(hall: Hall, table: Table) -> list[Any]:
    """Everything in a table, oldest first."""
    query = select(table).order_by(*table.primary_key)
    return list(await hall.read(lambda db: db.execute(query).all()))


def alarms(hall: Hall, kind: str) -> int:
    """How many alarms of a kind are open."""
    return sum(alarm["kind"] == kind for alarm in hall.alarms())


async def users(hall: Hall) -> list[str]:
    """Whose punches were stored, in the order stored."""
    return [row.user_id for row in await rows(hall, punch)]
