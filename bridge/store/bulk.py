"""Many rows with few statements: what a backfill of 100,000 rows needs.

SQLAlchemy's executemany costs more than SQLite does, and each row gives up the
interpreter's lock; one statement of 25 rows does neither.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Connection, Table, insert

from bridge.store.tables import Instant, microseconds

TOGETHER: Final = 25


def insert_many(
    db: Connection, table: Table, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert rows that all have the same columns; the rest stays NULL."""
    if not rows:
        return
    if db.dialect.name != "sqlite":
        db.execute(insert(table), [dict(row) for row in rows])
        return
    form = _form(table, tuple(rows[0]))
    values = [form.pick(row) for row in rows]
    if form.instants:
        values = [form.plain(value) for value in values]
    whole = len(values) - len(values) % TOGETHER
    for start in range(0, whole, TOGETHER):
        part = values[start : start + TOGETHER]
        db.exec_driver_sql(form.many, tuple(chain.from_iterable(part)))
    if whole < len(values):
        db.exec_driver_sql(form.one, values[whole:])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """The statements for some columns of a table."""

    one: str
    many: str
    pick: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    instants: tuple[int, ...]

    def plain(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """Times as the database keeps them."""
        changed = list(values)
        for index in self.instants:
            changed[index] = microseconds(changed[index])
        return tuple(changed)


@cache
def _form(table: Table, columns: tuple[str, ...]) -> _Form:
    names = ", ".join(f'"{name}"' for name in columns)
    marks = f"({', '.join('?' * len(columns))})"
    head = f'INSERT INTO "{table.name}" ({names}) VALUES '  # noqa: S608 - our own names
    instants = (
        index
        for index, name in enumerate(columns)
        if isinstance(table.c[name].type, Instant)
    )
    return _Form(
        one=head + marks,
        many=head + ", ".join([marks] * TOGETHER),
        pick=itemgetter(*columns),
        instants=tuple(instants),
    )
