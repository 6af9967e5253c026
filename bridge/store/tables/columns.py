"""What every table is made of; times are whole microseconds since 1970, UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Dialect, Integer, MetaData, Table
from sqlalchemy.types import TypeDecorator

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(microseconds=1)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept as microseconds; read back in UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(
        self, value: datetime | None, _dialect: Dialect
    ) -> int | None:
        """To microseconds."""
        return microseconds(value)

    def process_result_value(
        self, value: int | None, _dialect: Dialect
    ) -> datetime | None:
        """From microseconds."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


def microseconds(value: datetime | None) -> int | None:
    """An aware time as it is kept."""
    return None if value is None else (value - _EPOCH) // _TICK


def numbered_key() -> Column[int]:
    """A key that is never given twice, not even after its row was deleted."""
    kind = BigInteger().with_variant(Integer, "sqlite")
    return Column("id", kind, primary_key=True, autoincrement=True)


def numbered_table(name: str, *columns: Any) -> Table:
    """A table whose keys are never given twice."""
    return Table(name, metadata, *columns, sqlite_autoincrement=True)
