"""Modbus RTU, as far as digit tubes use it, for both roles.

Source: "MODBUS over serial line" V1.02 and the application protocol V1.1b3; the
golden frames in tests/vectors were made by pymodbus. RTU marks frames by silence,
which no serial server keeps; lengths follow from the function here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from devices.checksums import crc16_arc
from devices.errors import FrameError, MisuseError
from devices.framing import NEED_MORE, Found, Framer, NeedMore, Skip

FAILED: Final = 0x80
"""Bit of the function in a refusal."""
CRC_SIZE: Final = 2
_SHORT: Final = 8
_REFUSAL: Final = 5
_CRC_INIT: Final = 0xFFFF


class Function(IntEnum):
    """Functions in use."""

    WRITE_ONE = 6
    WRITE_MANY = 16


_REFUSALS: Final = {
    1: "does not know the function",
    2: "has no such register",
    3: "does not accept the value",
    4: "failed",
    6: "is busy",
}


def explain(code: int) -> str:
    """What a unit means by a refusal, as the end of "unit 1 ..."."""
    return f"{_REFUSALS.get(code, 'refuses without a known reason')} ({code})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame of either role."""

    unit: int
    function: int
    data: bytes

    @property
    def refusal(self) -> int | None:
        """The code of a refusal; None for what is none."""
        return self.data[0] if self.function & FAILED else None

    def encode(self) -> bytes:
        """With its CRC."""
        body = bytes((self.unit, self.function)) + self.data
        return body + crc16_arc(body, _CRC_INIT).to_bytes(CRC_SIZE, "little")

    @classmethod
    def decode(cls, data: bytes) -> Frame:
        """Read a whole frame; raises `FrameError`."""
        body, crc = data[:-CRC_SIZE], data[-CRC_SIZE:]
        if crc16_arc(body, _CRC_INIT).to_bytes(CRC_SIZE, "little") != crc:
            raise FrameError(f"wrong CRC {crc.hex()}")
        return cls(unit=body[0], function=body[1], data=body[2:])


class RequestFramer(Framer[Frame]):
    """Cuts what a host asks out of a byte stream."""

    max_frame = 300

    def scan(self, buffer: bytearray) -> Found[Frame] | Skip | NeedMore:
        """See `Framer.scan`."""
        if len(buffer) < 2:
            return NEED_MORE
        if buffer[1] == Function.WRITE_ONE:
            return _cut(buffer, _SHORT)
        if buffer[1] != Function.WRITE_MANY:
            return Skip(1, f"function {buffer[1]} is not used")
        if len(buffer) < 7:
            return NEED_MORE
        return _cut(buffer, 7 + buffer[6] + CRC_SIZE)


class ReplyFramer(Framer[Frame]):
    """Cuts what units answer out of a byte stream."""

    max_frame = 64

    def scan(self, buffer: bytearray) -> Found[Frame] | Skip | NeedMore:
        """See `Framer.scan`."""
        if len(buffer) < 2:
            return NEED_MORE
        if buffer[1] & ~FAILED not in set(Function):
            return Skip(1, f"function {buffer[1]} is not used")
        return _cut(buffer, _REFUSAL if buffer[1] & FAILED else _SHORT)


def write_register(unit: int, register: int, value: int) -> Frame:
    """Write one register (function 6); negative values as two's complement."""
    if not -0x8000 <= value <= 0xFFFF:
        raise MisuseError(f"{value} does not fit a register")
    data = register.to_bytes(2, "big") + (value & 0xFFFF).to_bytes(2, "big")
    return Frame(unit=unit, function=Function.WRITE_ONE, data=data)


def write_registers(unit: int, register: int, values: bytes) -> Frame:
    """Write registers, two bytes each (function 16)."""
    if len(values) % 2 or not 2 <= len(values) <= 246:
        raise MisuseError(f"{len(values)} bytes are not 1 to 123 registers")
    head = register.to_bytes(2, "big") + (len(values) // 2).to_bytes(2, "big")
    data = head + bytes((len(values),)) + values
    return Frame(unit=unit, function=Function.WRITE_MANY, data=data)


def confirmation(request: Frame) -> Frame:
    """What a unit answers to a request that it did."""
    return Frame(unit=request.unit, function=request.function, data=request.data[:4])


def refusal(request: Frame, code: int) -> Frame:
    """What a unit answers to a request that it will not do."""
    function = request.function | FAILED
    return Frame(unit=request.unit, function=function, data=bytes((code,)))


def _cut(buffer: bytearray, size: int) -> Found[Frame] | Skip | NeedMore:
    if len(buffer) < size:
        return NEED_MORE
    try:
        return Found(Frame.decode(bytes(buffer[:size])), size)
    except FrameError as error:
        return Skip(1, str(error))
