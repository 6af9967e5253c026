"""Onbon BX-5K/6K font cards: requests, replies and errors, for both roles.

Source: the vendor's "BX-5K/6K 通讯协议用户版本" v1.4 (2021-02-28), chapters 5 to 8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from devices.errors import MisuseError, ProtocolError

DATA_HEAD: Final = 5
"""Group, command, reply wanted or error, two reserved bytes."""

REPLY_TIMEOUT_S: Final = 2.0
"""How long to wait for a card's reply (5.1, 8.8)."""
BAUDRATES: Final = (9600, 57600)
"""Rates to ping at, in this order, when the card's is not known (8.8)."""


class CommandCode(IntEnum):
    """Group and command of the requests in use, and of the two answers."""

    ACK = 0xA000
    NACK = 0xA001
    PING = 0xA200
    SET_TIME = 0xA203
    POWER = 0xA300
    BRIGHTNESS = 0xA302
    DYNAMIC_AREAS = 0xA306
    CLEAR = 0xA310


class ErrorCode(IntEnum):
    """Why a card refuses (chapter 6)."""

    NONE = 0
    GROUP = 1
    COMMAND = 2
    BUSY = 3
    MEMORY = 4
    CHECKSUM = 5
    NO_FILE = 6
    FLASH = 7
    DOWNLOAD = 8
    FILE_NAME = 9
    FILE_TYPE = 10
    FILE_CRC = 11
    NO_FONT = 12
    FIRMWARE = 13
    TIME_FORMAT = 14
    FILE_EXISTS = 15
    BLOCK = 16


_EXPLANATIONS: Final[Mapping[int, str]] = MappingProxyType(
    {
        ErrorCode.GROUP: "does not know the command group; is it a BX-5K/6K card?",
        ErrorCode.COMMAND: "does not know the command; is it a BX-5K/6K card?",
        ErrorCode.BUSY: "is busy",
        ErrorCode.MEMORY: "has no room for it; shorten the text or delete areas",
        ErrorCode.CHECKSUM: "got a wrong checksum; look for noise on the line",
        ErrorCode.NO_FILE: "lacks a file",
        ErrorCode.FLASH: "cannot use its flash memory; the card may be broken",
        ErrorCode.DOWNLOAD: "could not take the file",
        ErrorCode.FILE_NAME: "does not accept the file name",
        ErrorCode.FILE_TYPE: "does not accept the file type",
        ErrorCode.FILE_CRC: "got a file with a wrong checksum",
        ErrorCode.NO_FONT: "lacks the font; set font_size to one that is loaded",
        ErrorCode.FIRMWARE: "got firmware of another model",
        ErrorCode.TIME_FORMAT: "does not accept the time",
        ErrorCode.FILE_EXISTS: "has that file already",
        ErrorCode.BLOCK: "got a block out of order",
    }
)


def explain(error: int) -> str:
    """What a card means by an error code, as the end of "the card ..."."""
    return f"{_EXPLANATIONS.get(error, 'refuses without a known reason')} ({error})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a host asks: `code` is group and command in one number.

    `reserved` is 0 but where a command uses it (dynamic areas: mode, 0).
    """

    code: int
    payload: bytes = b""
    wants_reply: bool = True
    reserved: bytes = b"\0\0"

    def encode(self) -> bytes:
        """As a data domain."""
        response = 1 if self.wants_reply else 2
        return (
            self.code.to_bytes(2, "big")
            + bytes((response,))
            + self.reserved
            + self.payload
        )

    @classmethod
    def decode(cls, data: bytes) -> Request:
        """Read a data domain; raises `ProtocolError`."""
        if len(data) < DATA_HEAD or data[2] not in {1, 2}:
            raise ProtocolError(f"not a request: {data[:DATA_HEAD].hex()}")
        return cls(
            code=int.from_bytes(data[:2], "big"),
            payload=data[DATA_HEAD:],
            wants_reply=data[2] == 1,
            reserved=data[3:DATA_HEAD],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a card answers: mostly ACK, or NACK with an error code."""

    code: int
    error: int = ErrorCode.NONE
    payload: bytes = b""
    reserved: bytes = b"\0\0"

    @property
    def is_ack(self) -> bool:
        """Whether the card did it."""
        return self.code == CommandCode.ACK and self.error == ErrorCode.NONE

    @property
    def is_answer(self) -> bool:
        """Whether it is an ACK or NACK at all."""
        return self.code in {CommandCode.ACK, CommandCode.NACK}

    def encode(self) -> bytes:
        """As a data domain."""
        return (
            self.code.to_bytes(2, "big")
            + bytes((self.error,))
            + self.reserved
            + self.payload
        )

    @classmethod
    def decode(cls, data: bytes) -> Reply:
        """Read a data domain; raises `ProtocolError`."""
        if len(data) < DATA_HEAD:
            raise ProtocolError(f"not a reply: {data.hex()}")
        return cls(
            code=int.from_bytes(data[:2], "big"),
            error=data[2],
            payload=data[DATA_HEAD:],
            reserved=data[3:DATA_HEAD],
        )


ACK: Final = Reply(code=CommandCode.ACK)


def nack(error: ErrorCode) -> Reply:
    """A card's refusal."""
    return Reply(code=CommandCode.NACK, error=error)


PING: Final = Request(code=CommandCode.PING)
CLEAR: Final = Request(code=CommandCode.CLEAR)
"""Clears the screen (8.16)."""


def set_time(now: datetime) -> Request:
    """Set the card's clock to a local time (8.10)."""
    digits = f"{now:%Y%m%d%H%M%S}0{now.isoweekday()}"
    packed = bytes.fromhex(digits)
    return Request(
        code=CommandCode.SET_TIME, payload=bytes((packed[1], packed[0])) + packed[2:]
    )


def read_time(payload: bytes, zone: tzinfo) -> datetime:
    """The local time of a set-time payload; raises `ProtocolError`."""
    digits = payload[1::-1].hex() + payload[2:].hex()
    try:
        if len(payload) != 8:
            raise ProtocolError(f"a time has 8 bytes, not {len(payload)}")
        now = datetime.strptime(digits[:14], "%Y%m%d%H%M%S").replace(tzinfo=zone)
    except ValueError as error:
        raise ProtocolError(f"not a BCD time: {payload.hex()}") from error
    if digits[14:] != f"0{now.isoweekday()}":
        raise ProtocolError(f"weekday {digits[14:]} is not that of {now:%Y-%m-%d}")
    return now


def set_power(*, on: bool) -> Request:
    """Switch the screen on or off until the next timer (8.13)."""
    return Request(code=CommandCode.POWER, payload=b"\x01" if on else b"\x02")


def set_brightness(level: int) -> Request:
    """Fix the brightness, 0 to 15 (8.17)."""
    if not 0 <= level <= 15:
        raise MisuseError(f"brightness {level} is not 0 to 15")
    return Request(code=CommandCode.BRIGHTNESS, payload=bytes((1, level)))
