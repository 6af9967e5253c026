"""A socket that moves many small packets with few system calls.

paho reads a packet in three calls and writes each in one; a node that journals
beside it pays for every one of them (measured: twice the events a second).
"""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from typing import Final

CHUNK: Final = 64 * 1024


class BufferedSocket:
    """What paho needs of a socket; `flush` sends what it wrote."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._in = b""
        self._at = 0
        self._out = bytearray()

    def fileno(self) -> int:
        """The socket's descriptor; -1 once closed."""
        return self._socket.fileno()

    def setblocking(self, blocking: bool) -> None:  # noqa: FBT001 - as sockets do
        """Stay non-blocking, whatever is asked."""
        del blocking

    @property
    def unread(self) -> int:
        """Bytes that were received and not read yet; TLS may hold more."""
        held = len(self._in) - self._at
        if not held and isinstance(self._socket, ssl.SSLSocket):
            return self._socket.pending() if self.fileno() >= 0 else 0
        return held

    @property
    def unsent(self) -> int:
        """Bytes that were written and not sent yet."""
        return len(self._out)

    def recv(self, size: int) -> bytes:
        """Up to `size` bytes; raises BlockingIOError when there are none."""
        if self._at >= len(self._in):
            try:
                self._in, self._at = self._socket.recv(CHUNK), 0
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
                raise BlockingIOError from error
        data = self._in[self._at : self._at + size]
        self._at += len(data)
        return data

    def send(self, data: bytes | bytearray) -> int:
        """Take bytes; `flush` sends them."""
        self._out += data
        return len(data)

    def flush(self) -> None:
        """Send as much as the network takes now; raises OSError."""
        while self._out:
            try:
                sent = self._socket.send(self._out)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return
            del self._out[:sent]

    def close(self) -> None:
        """Send the last words if possible, and close."""
        with suppress(OSError):
            self.flush()
        with suppress(OSError):
            self._socket.close()
