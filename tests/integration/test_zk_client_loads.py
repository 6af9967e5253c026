"""Big logs and lost datagrams: a simulated clock keeps serving."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from support.clocks import TCP, UDP, clock_entry, fill, simulated_clock, wall_clock
from support.pyzk_client import in_client

from devices.errors import FrameError
from devices.zk.packets import UDP_CHUNK, Code, Packet, decode_packet
from devices.zk.values import LOG_REQUEST, encode_buffer_request
from simulators.hosting.host import host

BOTH = pytest.mark.parametrize("url", [TCP, UDP])
ROWS = 100_000
RETRIES = 50
PATIENCE_S = 0.1


class LossyClient:
    """A client over UDP that asks again for what came spoiled or not at all."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._number = 0
        self.session = 0
        self.retries = 0

    def ask(self, code: int, data: bytes = b"") -> list[Packet]:
        for _ in range(RETRIES):
            self._number += 1
            packet = Packet(
                code=code, session=self.session, number=self._number, data=data
            )
            self._sock.send(packet.encode())
            found = self._answers()
            if found is not None:
                return found
            self.retries += 1
        raise AssertionError(f"no whole answer to {code}")

    def _answers(self) -> list[Packet] | None:
        found: list[Packet] = []
        while not found or found[-1].code in {Code.PREPARE, Code.DATA}:
            try:
                packet = decode_packet(self._sock.recv(2048))
            except (FrameError, TimeoutError):
                return None
            if packet.number == self._number:
                found.append(packet)
        whole = b"".join(one.data for one in found if one.code == Code.DATA)
        told = int.from_bytes(found[0].data[:4], "little")
        return found if found[0].code != Code.PREPARE or len(whole) == told else None


@contextmanager
def lossy(url: str) -> Iterator[LossyClient]:
    host_name, _, port = url.partition("://")[2].rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(PATIENCE_S)
        sock.connect((host_name, int(port)))
        yield LossyClient(sock)


def read_log(url: str) -> tuple[bytes, int]:
    with lossy(url) as client:
        client.session = client.ask(Code.CONNECT)[0].session
        request = encode_buffer_request(*LOG_REQUEST)
        ready = client.ask(Code.BUFFER_PREPARE, request)[0]
        size = int.from_bytes(ready.data[1:5], "little")
        log = b""
        while len(log) < size:
            step = min(UDP_CHUNK, size - len(log))
            where = len(log).to_bytes(4, "little") + step.to_bytes(4, "little")
            chunk = client.ask(Code.BUFFER_READ, where)
            log += b"".join(one.data for one in chunk if one.code == Code.DATA)
        client.ask(Code.EXIT)
        return log, client.retries


@BOTH
async def test_a_hundred_thousand_rows_are_served(url: str) -> None:
    clock = simulated_clock(clock_entry(url, users=50, rows=ROWS))
    async with host(clock, url, clock=wall_clock) as hosted:
        blob = await in_client(hosted.url, lambda zk: zk.read_with_buffer(13)[0])
        assert hosted.view()["records"] == ROWS
    assert blob == clock.memory.table(Code.LOG_READ)


async def test_spoiled_datagrams_cost_retries_and_no_row() -> None:
    clock = simulated_clock(clock_entry(UDP))
    fill(clock, 2000)
    async with host(clock, UDP, clock=wall_clock) as hosted:
        await hosted.act("garble", {"n": 9})
        log, retries = await asyncio.to_thread(read_log, hosted.url)
        assert hosted.view()["sessions"] == 0
    assert retries > 1
    assert log == clock.memory.table(Code.LOG_READ)
