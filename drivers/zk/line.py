"""What pyzk takes for its socket: it hands over one whole, checked reply a call.

pyzk reads with one `recv(n)`, never looks at checksums or reply numbers, loses
what exceeds n in a datagram, and takes a real-time event for a reply (facts:
ZKTeco clocks, pyzk 0.9 behaviour). Below it, this line cuts frames with our own
codec, so none of that can happen.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Final

from devices.zk.packets import (
    HEADER,
    MAX_BLOB_PACKET,
    TCP_HEADER_SIZE,
    Code,
    DatagramFramer,
    Packet,
    PacketFramer,
    ReplyFilter,
)

_RECEIVE: Final = 256 * 1024


class CheckedLine:
    """One connected socket, used by one thread; `abort` may come from another."""

    def __init__(self, sock: socket.socket, *, datagrams: bool, strict: bool) -> None:
        self.datagrams = datagrams
        self.timeout_s = 5.0
        self._socket = sock
        self._framer: PacketFramer | DatagramFramer = (
            DatagramFramer(strict=strict)
            if datagrams
            else PacketFramer(strict=strict, max_packet=MAX_BLOB_PACKET)
        )
        self._filter = ReplyFilter()
        self._packets: deque[Packet] = deque()
        self._rest = b""
        self._lock = threading.Lock()
        self._users = 0
        self._over = False

    @property
    def is_over(self) -> bool:
        """Whether it was aborted or closed."""
        return self._over

    @property
    def tells_replies_apart(self) -> bool:
        """Whether the clock echoes a request's number in its reply."""
        return self._filter.echoes

    @property
    def trouble(self) -> str:
        """What came that was no packet; empty when all was."""
        return self._framer.last_error

    def send(self, data: bytes) -> int:
        """A request in its TCP frame."""
        self._note(data[TCP_HEADER_SIZE:])
        self._socket.settimeout(self.timeout_s)
        self._socket.sendall(data)
        return len(data)

    def sendto(self, data: bytes, address: object) -> int:
        """A request as a datagram."""
        del address  # the socket is connected
        self._note(data)
        return self._socket.send(data)

    def recv(self, size: int) -> bytes:
        """One reply, framed as it came; what exceeds `size` comes next.

        A datagram is never cut. Raises `TimeoutError` and `ConnectionError`.
        """
        if not self._rest:
            packet = self.next_packet()
            if self.datagrams:
                return packet.encode()
            self._rest = packet.encode_frame()
        head, self._rest = self._rest[:size], self._rest[size:]
        return head

    def settimeout(self, timeout_s: float | None) -> None:
        """How long a reply may take; pyzk sets it."""
        if timeout_s is not None:
            self.timeout_s = timeout_s

    def __enter__(self) -> None:
        """Begin a call in the worker thread."""
        with self._lock:
            if self._over:
                raise ConnectionAbortedError("the session is over")
            self._users += 1

    def __exit__(self, *_: object) -> None:
        """End a call; an aborted line is closed by whoever leaves last."""
        with self._lock:
            self._users -= 1
            if self._over and not self._users:
                self._socket.close()

    def abort(self) -> None:
        """End the line at once; a thread that waits in it wakes up."""
        with self._lock:
            self._over = True
            if not self._users:
                self._socket.close()
                return
        # Not closed while a thread is in it: the number could be another's.
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    close = abort

    def _note(self, payload: bytes) -> None:
        code, _, _, number = HEADER.unpack_from(payload)
        if code != Code.OK:
            self._filter.sent(number)

    def exchange(self, packet: Packet) -> Packet:
        """Send a request of ours; gives the first packet of its reply."""
        if self.datagrams:
            self.sendto(packet.encode(), None)
        else:
            self.send(packet.encode_frame())
        return self.next_packet()

    def next_packet(self) -> Packet:
        """The next packet of a reply; raises as `recv`."""
        deadline = time.monotonic() + self.timeout_s
        while True:
            while self._packets:
                packet = self._packets.popleft()
                if self._filter.fits(packet):
                    return packet
            data = self._receive(deadline - time.monotonic())
            if self._over or (not data and not self.datagrams):
                raise ConnectionResetError("the clock ended the connection")
            self._packets.extend(self._framer.feed(data))

    def _receive(self, left_s: float) -> bytes:
        if left_s > 0:
            self._socket.settimeout(left_s)
            with suppress(TimeoutError):
                return self._socket.recv(_RECEIVE)
        raise TimeoutError(f"no answer in {self.timeout_s:g} s")
