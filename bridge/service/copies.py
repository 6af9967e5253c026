"""Copies of an event that has an identity: which came first, in the store or not."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Final

from sqlalchemy import select

from bridge.domain.order import has_identity
from bridge.service.work import Work
from bridge.store import tables
from bridge.store.tables.delivery import ending
from devices.events import CloudEvent

DUPLICATE: Final = "duplicate"
CHUNK: Final = 500


def known_copies(
    work: Work, events: Sequence[CloudEvent]
) -> dict[tuple[str, str], str]:
    """(source, id) that took effect before, with the digest of the first."""
    known: dict[tuple[str, str], str] = {}
    by_source: dict[str, dict[str, str]] = {}
    for event in events:
        if has_identity(event):
            by_source.setdefault(event.source, {})[safe_text(event.id)] = event.id
    table = tables.inbox
    for source, names in by_source.items():
        ids = list(names)
        for start in range(0, len(ids), CHUNK):
            part = ids[start : start + CHUNK]
            rows = work.db.execute(
                select(table.c.event, table.c.digest)
                .where(table.c.source == safe_text(source))
                .where(table.c.ending.in_([ending(name) for name in part]))
                .where(table.c.event.in_(part))
                .where(table.c.status != DUPLICATE)
            )
            known |= {(source, names[row.event]): row.digest for row in rows}
    return known


def split_copies(
    events: Sequence[CloudEvent], known: Container[tuple[str, str]]
) -> tuple[list[CloudEvent], list[CloudEvent]]:
    """Events that come first, and copies of them or of what is known."""
    fresh: list[CloudEvent] = []
    again: list[CloudEvent] = []
    seen: set[tuple[str, str]] = set()
    for event in events:
        identity = (event.source, event.id)
        is_copy = has_identity(event) and (identity in known or identity in seen)
        (again if is_copy else fresh).append(event)
        seen.add(identity)
    return fresh, again


def safe_text(value: str) -> str:
    """A text that every database takes: lone surrogates are written out."""
    return value.encode(errors="backslashreplace").decode()
