"""Rows of a lane as the messages that carry them."""

from __future__ import annotations

from collections.abc import Sequence

from devices.events import MAX_BATCH, MAX_PAYLOAD
from drivers.node.journal_rows import Row


def messages_of(rows: Sequence[Row], *, together: bool = False) -> list[list[Row]]:
    """Rows by message: live ones alone, bulk ones of one device and type together.

    `together` joins live ones too, for a lane that lags.
    """
    messages: list[list[Row]] = []
    size = 0
    for row in rows:
        last = messages[-1] if messages else []
        fits = (
            bool(last)
            and (row.bulk or together)
            and row.bulk == last[0].bulk
            and (last[0].device, last[0].type) == (row.device, row.type)
            and len(last) < MAX_BATCH
            and size + len(row.body) + 1 <= MAX_PAYLOAD
        )
        if fits:
            last.append(row)
            size += len(row.body) + 1
        else:
            messages.append([row])
            size = len(row.body) + 2
    return messages


def is_batch(message: Sequence[Row]) -> bool:
    """Whether a message travels as an array, on the batch topic."""
    return message[0].bulk or len(message) > 1


def payload_of(message: Sequence[Row]) -> bytes:
    """One event as it is, or an array of events."""
    if not is_batch(message):
        return message[0].body
    return b"[" + b",".join(row.body for row in message) + b"]"
