"""Tables out of a clock and uploads into it, over a checked line.

pyzk's own bulk read waits as long for each datagram as for the whole log,
gives a chunk with a lost datagram as if it were whole, and knows no upload of
ours (pyzk 0.9, read_with_buffer). Blocking; for worker threads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from devices.errors import ProtocolError
from devices.zk.packets import TCP_CHUNK, UDP_CHUNK, Code, Packet
from devices.zk.templates import SAVE_REQUEST, UPLOAD_PIECE
from devices.zk.values import encode_buffer_request, encode_chunk_request
from drivers.zk.line import CheckedLine

ROWS_PER_S: Final = 500
"""A slow clock's pace of laying a table ready; stretches the time limit."""
BYTES_PER_S: Final = 16_000
"""A slow line's pace; stretches the time limit of a chunk."""
CHUNK_ATTEMPTS: Final = 3
"""A datagram may be lost; its chunk is asked for again."""
MAX_TABLE: Final = 64 * 1024 * 1024

Request = Callable[[int, bytes], Packet]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """Bulk transfers of one session."""

    line: CheckedLine
    request: Request
    timeout_s: float

    def read(self, command: int, selector: int, *, rows: int) -> bytes | None:
        """A whole table; None when the clock refuses it, in either way.

        `rows` stretches the time limit. Raises `ProtocolError`, `TimeoutError`.
        """
        self.line.settimeout(self.timeout_s + rows / ROWS_PER_S)
        try:
            wanted = encode_buffer_request(command, selector)
            packet = self.request(Code.BUFFER_PREPARE, wanted)
            if packet.code == Code.OK:
                return self._buffered(packet.data)
            if packet.code in {Code.DATA, Code.PREPARE}:
                return self._whole(packet)
            return self._direct(command, selector)
        finally:
            self.line.settimeout(self.timeout_s)

    def upload(self, data: bytes) -> None:
        """Hand over people and fingers; raises `ProtocolError` when refused."""
        self.request(Code.FREE, b"")
        self._agreed(Code.PREPARE, len(data).to_bytes(4, "little"))
        for at in range(0, len(data), UPLOAD_PIECE):
            self._agreed(Code.DATA, data[at : at + UPLOAD_PIECE])
        self._agreed(Code.TEMPLATES_WRITE, SAVE_REQUEST)

    def _buffered(self, prepared: bytes) -> bytes:
        """Read what was laid ready, chunk by chunk."""
        if len(prepared) < 5:
            raise ProtocolError("the clock does not say how much it laid ready")
        size = int.from_bytes(prepared[1:5], "little")
        if size > MAX_TABLE:
            raise ProtocolError(f"the clock wants to send {size} bytes")
        step = UDP_CHUNK if self.line.datagrams else TCP_CHUNK
        self.line.settimeout(self.timeout_s + step / BYTES_PER_S)
        parts = [self._chunk(at, min(step, size - at)) for at in range(0, size, step)]
        self.request(Code.FREE, b"")
        return b"".join(parts)

    def _chunk(self, start: int, size: int) -> bytes:
        again = self.line.datagrams and self.line.tells_replies_apart
        attempts, seen = CHUNK_ATTEMPTS if again else 1, 0
        for left in reversed(range(attempts)):
            wanted = encode_chunk_request(start, size)
            try:
                data = self._whole(self.request(Code.BUFFER_READ, wanted))
            except TimeoutError:
                if not left:
                    raise
                continue
            if len(data) == size:
                return data
            seen = len(data)
        raise ProtocolError(f"of {size} bytes from {start} on the clock sent {seen}")

    def _direct(self, command: int, selector: int) -> bytes | None:
        """Read a table as old firmware wants it: the command itself gives it."""
        packet = self.request(command, bytes([selector]) if selector else b"")
        if packet.code in {Code.DATA, Code.PREPARE}:
            return self._whole(packet)
        return None

    def _whole(self, packet: Packet) -> bytes:
        """The data of an answer: one DATA, or PREPARE, DATA…, OK."""
        if packet.code == Code.DATA:
            return packet.data
        if packet.code != Code.PREPARE:
            raise ProtocolError(f"the clock does not send it (answer {packet.code})")
        parts: list[bytes] = []
        while (packet := self.line.next_packet()).code == Code.DATA:
            # A network may deliver a datagram twice; nothing numbers them, and
            # one twice hides that another was lost. Rows are never so alike.
            if not (self.line.datagrams and packet.data in parts):
                parts.append(packet.data)
        return b"".join(parts)

    def _agreed(self, code: Code, data: bytes) -> None:
        answer = self.request(code, data)
        if answer.code != Code.OK:
            raise ProtocolError(
                f"the clock refuses the upload (answer {answer.code} to {code})"
            )
