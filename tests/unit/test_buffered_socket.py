from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from bus.buffered import CHUNK, BufferedSocket


@pytest.fixture
def ends() -> Iterator[tuple[BufferedSocket, socket.socket]]:
    near, far = socket.socketpair()
    near.settimeout(0)
    buffered = BufferedSocket(near)
    yield buffered, far
    buffered.close()
    far.close()


def test_small_reads_share_one_receive(
    ends: tuple[BufferedSocket, socket.socket],
) -> None:
    near, far = ends
    far.sendall(b"abcdef")
    assert [near.recv(1), near.recv(2)] == [b"a", b"bc"]
    assert near.unread == 3
    assert near.recv(100) == b"def"
    assert near.unread == 0
    with pytest.raises(BlockingIOError):
        near.recv(1)


def test_the_end_is_an_empty_read_behind_the_last_bytes(
    ends: tuple[BufferedSocket, socket.socket],
) -> None:
    near, far = ends
    far.sendall(b"ab")
    far.shutdown(socket.SHUT_WR)
    assert near.recv(1) == b"a"
    assert near.recv(9) == b"b"
    assert near.recv(1) == b""


def test_writes_leave_together(ends: tuple[BufferedSocket, socket.socket]) -> None:
    near, far = ends
    assert near.send(b"ab") == 2
    assert near.send(b"c") == 1
    assert near.unsent == 3
    near.flush()
    assert near.unsent == 0
    assert far.recv(100) == b"abc"


def test_a_full_network_leaves_the_rest_for_later(
    ends: tuple[BufferedSocket, socket.socket],
) -> None:
    near, far = ends
    data = bytes(range(256)) * (64 * CHUNK // 256)
    near.send(data)
    got = b""
    while len(got) < len(data):
        near.flush()
        got += far.recv(CHUNK)
    assert got == data
    assert near.unsent == 0


def test_closing_sends_the_last_words(
    ends: tuple[BufferedSocket, socket.socket],
) -> None:
    near, far = ends
    near.send(b"bye")
    near.close()
    assert far.recv(100) == b"bye"
    assert far.recv(100) == b""
    assert near.fileno() == -1
