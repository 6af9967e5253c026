"""C-Power (CP5200) cards: packets on serial lines and in TCP, for both roles.

Source: the vendor's "C-Power External Calls Communication Protocol" V1.9
(2012-08-04), 2.1 and 2.2, and its "Basic Protocol", 1.1. What stands in a packet:
`devices.cpower.messages`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from devices.errors import FrameError, MisuseError
from devices.framing import NEED_MORE, Found, Framer, NeedMore, Skip

START: Final = 0xA5
END: Final = 0xAE
ESCAPE: Final = 0xAA
_ESCAPES: Final = {START: b"\xaa\x05", ESCAPE: b"\xaa\x0a", END: b"\xaa\x0e"}
_UNESCAPES: Final = {pair: byte for byte, pair in _ESCAPES.items()}

SEND: Final = 0x68
REPLY: Final = 0xE8
"""Cards with firmware below 3.3 answer with 68 as well."""
CARD_TYPE: Final = 0x32
ANY_CARD: Final = 0xFF
HEAD_SIZE: Final = 5
"""Packet type, card type, card id, code, and the mark."""
CHECK_SIZE: Final = 2
MAX_DATA: Final = 1024

NETWORK_HEAD: Final = 8
"""Id code, length and two reserved bytes before each packet in TCP."""
DEFAULT_ID_CODE: Final = 0xFFFFFFFF


class ChecksumError(FrameError):
    """A packet that was spoiled on its way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One packet, of either role, without its wrapping."""

    code: int
    data: bytes = b""
    card: int = 1
    mark: int = 1
    """Sent: 1 wants an answer. Answered: 0 or an error, of code 7B."""
    is_reply: bool = False

    def encode(self) -> bytes:
        """From the packet type to the sum."""
        if len(self.data) > MAX_DATA:
            raise MisuseError(f"{len(self.data)} bytes do not fit one packet")
        kind = REPLY if self.is_reply else SEND
        body = bytes((kind, CARD_TYPE, self.card, self.code, self.mark)) + self.data
        return body + (sum(body) & 0xFFFF).to_bytes(CHECK_SIZE, "little")

    def on_serial(self) -> bytes:
        """As it goes over RS-232 and RS-485, escaped."""
        return bytes((START,)) + escape(self.encode()) + bytes((END,))

    def on_network(self, id_code: int = DEFAULT_ID_CODE) -> bytes:
        """As it goes through TCP, unescaped behind its head."""
        packet = self.encode()
        head = id_code.to_bytes(4, "big") + len(packet).to_bytes(2, "little")
        return head + b"\0\0" + packet

    @classmethod
    def decode(cls, packet: bytes) -> Packet:
        """Read a packet from its type to its sum; raises `FrameError`."""
        if len(packet) < HEAD_SIZE + CHECK_SIZE:
            raise FrameError(f"{len(packet)} bytes are too few for a packet")
        body, check = packet[:-CHECK_SIZE], packet[-CHECK_SIZE:]
        if body[0] not in {SEND, REPLY} or body[1] != CARD_TYPE:
            raise FrameError(f"no packet of a C-Power card: {body[:2].hex()}")
        if (sum(body) & 0xFFFF).to_bytes(CHECK_SIZE, "little") != check:
            raise ChecksumError(f"wrong sum {check.hex()}")
        return cls(
            code=body[3],
            data=body[HEAD_SIZE:],
            card=body[2],
            mark=body[4],
            is_reply=body[0] == REPLY,
        )


class SerialFramer(Framer[Packet]):
    """Cuts escaped packets out of a serial line."""

    max_frame = 2 * MAX_DATA + 64

    def __init__(self) -> None:
        super().__init__()
        self.checksum_errors = 0
        """Spoiled packets since the framer was made."""

    def scan(self, buffer: bytearray) -> Found[Packet] | Skip | NeedMore:
        """See `Framer.scan`. Start and end stand nowhere within a packet."""
        if buffer[0] != START:
            start = buffer.find(START)
            return Skip(start if start > 0 else len(buffer), "no start byte")
        end = buffer.find(END)
        again = buffer.find(START, 1, end if end >= 0 else len(buffer))
        if again >= 0:
            return Skip(again, "a packet begins inside another")
        if end < 0:
            return NEED_MORE
        try:
            packet = Packet.decode(unescape(bytes(buffer[1:end])))
        except FrameError as error:
            self.checksum_errors += isinstance(error, ChecksumError)
            return Skip(end + 1, str(error))
        return Found(packet, end + 1)


class NetworkFramer(Framer[Packet]):
    """Cuts packets with a network head out of a TCP stream."""

    max_frame = MAX_DATA + 64

    def __init__(self) -> None:
        super().__init__()
        self.checksum_errors = 0
        """Spoiled packets since the framer was made."""

    def scan(self, buffer: bytearray) -> Found[Packet] | Skip | NeedMore:
        """See `Framer.scan`."""
        if not _may_begin(buffer):
            return Skip(1, "no network head")
        if len(buffer) < NETWORK_HEAD:
            return NEED_MORE
        size = NETWORK_HEAD + int.from_bytes(buffer[4:6], "little")
        if len(buffer) < size:
            return NEED_MORE
        try:
            packet = Packet.decode(bytes(buffer[NETWORK_HEAD:size]))
        except FrameError as error:
            self.checksum_errors += isinstance(error, ChecksumError)
            return Skip(1, str(error))
        return Found(packet, size)


def _may_begin(buffer: bytearray) -> bool:
    """Whether the bytes that came so far can be a head and a packet's begin."""
    if len(buffer) >= 6:
        size = int.from_bytes(buffer[4:6], "little")
        if not HEAD_SIZE + CHECK_SIZE <= size <= MAX_DATA + HEAD_SIZE + CHECK_SIZE:
            return False
    if any(buffer[6:NETWORK_HEAD]):
        return False
    head = buffer[NETWORK_HEAD : NETWORK_HEAD + 2]
    return not head or (
        head[0] in {SEND, REPLY} and (len(head) < 2 or head[1] == CARD_TYPE)
    )


def escape(packet: bytes) -> bytes:
    """Make a packet free of start and end bytes (2.1.3)."""
    return b"".join(_ESCAPES.get(byte, bytes((byte,))) for byte in packet)


def unescape(packet: bytes) -> bytes:
    """Undo `escape`; raises `FrameError` on an escape that does not exist."""
    result = bytearray()
    at = 0
    while at < len(packet):
        if packet[at] == ESCAPE:
            pair = packet[at : at + 2]
            if pair not in _UNESCAPES:
                raise FrameError(f"unknown escape {pair.hex()}")
            result.append(_UNESCAPES[pair])
            at += 2
        else:
            result.append(packet[at])
            at += 1
    return bytes(result)
