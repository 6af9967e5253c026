"""The clocks' protocol on port 4370: packets, framing, checksum, comm key.

Sans-I/O, both roles. A packet is four u16 LE (code, checksum, session, number)
and data; TCP puts `50 50 82 7D` and a u32 LE length before it, a datagram is one
packet (facts: ZKTeco clocks, framing).
"""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from devices.errors import FrameError
from devices.framing import NEED_MORE, Found, Framer, NeedMore, Skip

TCP_MAGIC: Final = b"\x50\x50\x82\x7d"
HEADER: Final = struct.Struct("<4H")
TCP_HEADER_SIZE: Final = 8
DEFAULT_PORT: Final = 4370
MAX_NUMBER: Final = 0xFFFF

MAX_PACKET: Final = 128 * 1024
"""Live events, commands and chunks (at most 65,472 bytes) are far below it."""
MAX_BLOB_PACKET: Final = 16 * 1024 * 1024
"""A clock may send a whole log of 400,000 rows in one packet."""

TCP_CHUNK: Final = 65_472
UDP_CHUNK: Final = 16_384
UDP_DATA: Final = 1024
"""Most data bytes of one DATA datagram."""


class Code(IntEnum):
    """Commands and replies; replies are 1500, 1501 and from 2000."""

    TEMPLATE_READ = 7
    USER_WRITE = 8
    USERS_READ = 9
    OPTION_READ = 11
    OPTION_WRITE = 12
    LOG_READ = 13
    CLEAR_DATA = 14
    CLEAR_LOG = 15
    USER_DELETE = 18
    TEMPLATE_DELETE = 19
    ADMINS_CLEAR = 20
    UNLOCK = 31
    OPERATIONS_CLEAR = 33
    OPERATIONS_READ = 34
    SIZES = 50
    VERIFY = 60
    ENROLL = 61
    CANCEL_CAPTURE = 62
    STATE = 64
    PIN_WIDTH = 69
    TEMPLATE_WRITE = 87
    TEMPLATE_ONE = 88
    TEMPLATES_WRITE = 110
    """Store people and fingers that were uploaded with PREPARE and DATA."""
    UPLOAD_CHECKSUM = 119
    TEMPLATE_DELETE_BY_ID = 134
    GET_TIME = 201
    SET_TIME = 202
    REGISTER = 500
    """Register for events; from the clock: a real-time event."""
    CONNECT = 1000
    EXIT = 1001
    ENABLE = 1002
    DISABLE = 1003
    RESTART = 1004
    POWER_OFF = 1005
    REFRESH_DATA = 1013
    REFRESH_OPTIONS = 1014
    TEST_VOICE = 1017
    VERSION = 1100
    AUTH = 1102
    PREPARE = 1500
    DATA = 1501
    FREE = 1502
    BUFFER_PREPARE = 1503
    BUFFER_READ = 1504
    OK = 2000
    ERROR = 2001
    DATA_REPLY = 2002
    RETRY = 2003
    REPEAT = 2004
    UNAUTHORIZED = 2005
    UNKNOWN = 0xFFFF


class EventMask(IntEnum):
    """Real-time events; the session field of an event carries one of them."""

    ATTENDANCE = 1
    FINGER = 2
    ENROLL_USER = 4
    ENROLL_FINGER = 8
    BUTTON = 16
    UNLOCK = 32
    VERIFY = 128
    SCORE = 256
    ALARM = 512


ALARM_TAMPER: Final = 55
"""First byte of an alarm event: the clock was taken off its wall plate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One packet. `session` of a real-time event is its event code."""

    code: int
    session: int = 0
    number: int = 0
    data: bytes = b""

    def encode(self) -> bytes:
        """The packet with its checksum: a datagram, or a TCP frame's payload."""
        body = HEADER.pack(self.code, 0, self.session, self.number) + self.data
        return body[:2] + checksum(body).to_bytes(2, "little") + body[4:]

    def encode_frame(self) -> bytes:
        """The packet as a TCP frame."""
        payload = self.encode()
        return TCP_MAGIC + len(payload).to_bytes(4, "little") + payload

    @property
    def is_event(self) -> bool:
        """Whether a clock that sent it tells a real-time event."""
        return self.code == Code.REGISTER


def decode_packet(payload: bytes, *, strict: bool = True) -> Packet:
    """Read a datagram or a frame's payload; `FrameError` says what is wrong.

    Without `strict` the checksum is not looked at.
    """
    if len(payload) < HEADER.size:
        raise FrameError(f"{len(payload)} bytes are no packet, it has 8 or more")
    code, seen, session, number = HEADER.unpack_from(payload)
    if strict:
        want = checksum(payload[:2] + b"\0\0" + payload[4:])
        # Ones' complement has two zeros.
        if (seen - want) % 0xFFFF:
            raise FrameError(f"checksum {seen:04x}, want {want:04x}")
    return Packet(code=code, session=session, number=number, data=payload[8:])


def checksum(data: bytes) -> int:
    """Ones' complement of the end-around-carry sum of LE 16-bit words.

    The sum is the number modulo 65535, which takes a log of megabytes in no
    time.
    """
    number = int.from_bytes(data, "little")
    folded = number % 0xFFFF
    if not folded and number:
        folded = 0xFFFF
    return ~folded & 0xFFFF


class PacketFramer(Framer[Packet]):
    """Cuts a TCP stream into packets."""

    def __init__(self, *, strict: bool = True, max_packet: int = MAX_PACKET) -> None:
        super().__init__()
        self.max_frame = max_packet + TCP_HEADER_SIZE
        self._strict = strict

    def scan(self, buffer: bytearray) -> Found[Packet] | Skip | NeedMore:
        """See `Framer.scan`."""
        if not buffer.startswith(TCP_MAGIC[: len(buffer)]):
            return Skip(_noise(buffer), "no frame begins here")
        if len(buffer) < TCP_HEADER_SIZE:
            return NEED_MORE
        length = int.from_bytes(buffer[4:8], "little")
        if not HEADER.size <= length <= self.max_frame - TCP_HEADER_SIZE:
            return Skip(len(TCP_MAGIC), f"a frame of {length} bytes")
        size = TCP_HEADER_SIZE + length
        if len(buffer) < size:
            return NEED_MORE
        try:
            packet = decode_packet(bytes(buffer[8:size]), strict=self._strict)
        except FrameError as error:
            # The length may be what is wrong: a good frame may begin inside.
            return Skip(len(TCP_MAGIC), str(error))
        return Found(packet, size)


class DatagramFramer(Framer[Packet]):
    """Takes datagrams; each is a packet or nothing."""

    def __init__(self, *, strict: bool = True) -> None:
        super().__init__()
        self._strict = strict

    def scan(self, buffer: bytearray) -> Found[Packet] | Skip | NeedMore:
        """See `Framer.scan`; the buffer holds exactly one datagram."""
        try:
            packet = decode_packet(bytes(buffer), strict=self._strict)
        except FrameError as error:
            return Skip(len(buffer), str(error))
        return Found(packet, len(buffer))


def _noise(buffer: bytearray) -> int:
    """How many bytes stand before the next place where a frame may begin."""
    at = buffer.find(TCP_MAGIC, 1)
    if at > 0:
        return at
    for keep in range(min(len(TCP_MAGIC), len(buffer)) - 1, 0, -1):
        if buffer.endswith(TCP_MAGIC[:keep]):
            return len(buffer) - keep
    return len(buffer)


class ReplyFilter:
    """Tells the reply to the open request from events and stale replies.

    Clocks echo a request's number. One that did not echo the first number, or
    that always says 0, is believed; a number of an earlier request is not.
    """

    def __init__(self) -> None:
        self._open: int | None = None
        self._earlier: deque[int] = deque(maxlen=32)
        self._echoes: bool | None = None

    @property
    def echoes(self) -> bool:
        """Whether the numbers of replies were seen to be those of requests."""
        return bool(self._echoes)

    def sent(self, number: int) -> None:
        """A request went out."""
        if self._open is not None and self._open != number:
            self._earlier.append(self._open)
        self._open = number

    def fits(self, packet: Packet) -> bool:
        """Whether `packet` answers the request sent last."""
        if packet.is_event or self._open is None:
            return False
        if self._echoes is None:
            self._echoes = packet.number == self._open
        if packet.number == self._open or not self._echoes or packet.number == 0:
            return True
        return packet.number not in self._earlier


def scramble_key(key: int, session: int, ticks: int = 50) -> bytes:
    """The four bytes of AUTH that prove a comm key.

    `ticks` is any number that the clock takes back out; all clients say 50.
    """
    mirrored = int(f"{key & 0xFFFFFFFF:032b}"[::-1], 2)
    mixed = ((mirrored + session) & 0xFFFFFFFF).to_bytes(4, "little")
    _, second, third, fourth = (a ^ b for a, b in zip(mixed, b"ZKSO", strict=True))
    tick = ticks & 0xFF
    return bytes((third ^ tick, fourth ^ tick, tick, second ^ tick))


def proves_key(proof: bytes, key: int, session: int) -> bool:
    """Whether AUTH data prove `key`, whatever ticks the client took."""
    return len(proof) == 4 and proof == scramble_key(key, session, proof[2])
