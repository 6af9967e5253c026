"""The clocks' operator log: who did what at the menu, rows of 16 bytes.

Read with command 34 like the punches; newer firmware also gives it as table 4 of
command 7. A row: u16 operator, u8 operation, 1 unused, u32 time as in the
records, four u16 values.

How sure: a public protocol description from captures, a public header of the
clocks' own firmware and a public program that was run against a clock agree
on 16 bytes, on the time and on the operation. The operator is the 16-bit slot of the
clock's list (0: nobody was asked). What the values mean differs by operation.
Never read from a clock by us.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from devices.errors import ProtocolError
from devices.zk.packets import Code
from devices.zk.records import encode_table, table_body
from devices.zk.values import decode_time, encode_time

OPERATION_SIZE: Final = 16
VALUES: Final = 4

OPERATIONS_REQUEST: Final = (Code.OPERATIONS_READ, 0)
"""Command and selector of BUFFER_PREPARE."""
OPERATIONS_TABLE: Final = 4
"""`fct` of TEMPLATE_READ that gives the same log on newer firmware."""

_ROW: Final = struct.Struct("<HBBI4H")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockOperation:
    """One row. `time` is naive, in the clock's zone; None when impossible.

    `operator` is a slot (uid) of the clock's list, not a user id.
    """

    number: int
    operator: int = 0
    time: datetime | None = None
    values: tuple[int, ...] = (0, 0, 0, 0)
    raw: bytes = b""


def encode_operation(operation: ClockOperation) -> bytes:
    """One row as a clock keeps it; without a time all bits of it are set."""
    when = 0xFFFFFFFF if operation.time is None else encode_time(operation.time)
    values = (*operation.values, 0, 0, 0, 0)[:VALUES]
    return _ROW.pack(operation.operator, operation.number, 0, when, *values)


def decode_operation(raw: bytes) -> ClockOperation:
    """One row of 16 bytes; raises `ProtocolError` for another size."""
    if len(raw) != OPERATION_SIZE:
        raise ProtocolError(f"an operation has {OPERATION_SIZE} bytes, not {len(raw)}")
    operator, number, _, when, *values = _ROW.unpack(raw)
    return ClockOperation(
        number=number,
        operator=operator,
        time=decode_time(when),
        values=tuple(values),
        raw=raw,
    )


def encode_operations(operations: Sequence[ClockOperation]) -> bytes:
    """A whole operator log."""
    return encode_table([encode_operation(each) for each in operations])


def decode_operations(blob: bytes) -> Sequence[ClockOperation]:
    """Read a whole operator log, in the clock's order.

    Raises `ProtocolError` when the byte count is wrong or no rows of 16 bytes
    fit: then nothing of it is believed.
    """
    body, complaint = table_body(blob)
    if complaint:
        raise ProtocolError(f"operator log: {complaint}")
    if len(body) % OPERATION_SIZE:
        raise ProtocolError(
            f"an operator log of {len(body)} bytes has no rows of {OPERATION_SIZE}"
        )
    starts = range(0, len(body), OPERATION_SIZE)
    return [decode_operation(body[at : at + OPERATION_SIZE]) for at in starts]
