from __future__ import annotations

import asyncio
import os
import pty
import socket
import tty
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from devices.errors import ConfigurationError, TransportError
from drivers.transports import check_url, open_transport
from drivers.transports.inbox import CAPACITY
from drivers.transports.memory import memory_listener, memory_pair


@dataclass
class Line:
    """The far end of a PTY whose near end is `path`."""

    fd: int
    path: str

    @property
    def url(self) -> str:
        return f"serial:{self.path}?baudrate=9600"

    def unplug(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    master, slave = pty.openpty()
    tty.setraw(slave)
    link = tmp_path / "tty:of-0:1.0"
    link.symlink_to(os.ttyname(slave))
    os.close(slave)
    far = Line(master, str(link))
    yield far
    far.unplug()


@dataclass
class Server:
    url: str
    reader: asyncio.Future[asyncio.StreamReader]
    writer: asyncio.Future[asyncio.StreamWriter]


@asynccontextmanager
async def tcp_server() -> AsyncIterator[Server]:
    loop = asyncio.get_running_loop()
    readers: asyncio.Future[asyncio.StreamReader] = loop.create_future()
    writers: asyncio.Future[asyncio.StreamWriter] = loop.create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        readers.set_result(reader)
        writers.set_result(writer)
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield Server(f"tcp://127.0.0.1:{port}", readers, writers)
        if writers.done():
            writers.result().close()


def free_url(scheme: str) -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"{scheme}://127.0.0.1:{probe.getsockname()[1]}"


async def test_serial_carries_every_byte_both_ways(line: Line) -> None:
    every = bytes(range(256))
    async with await open_transport(line.url) as near:
        os.write(line.fd, every)
        got = b""
        while len(got) < 256:
            got += await near.read()
        assert got == every
        await near.write(every)
        assert os.read(line.fd, 1000) == every


async def test_serial_read_times_out_while_idle_and_goes_on(line: Line) -> None:
    async with await open_transport(line.url) as near:
        with pytest.raises(TimeoutError):
            await near.read(timeout_s=0.01)
        os.write(line.fd, b"x")
        assert await near.read() == b"x"


async def test_serial_unplug_ends_reading_and_writing(line: Line) -> None:
    async with await open_transport(line.url) as near:
        waiting = asyncio.ensure_future(near.read())
        await asyncio.sleep(0)
        line.unplug()
        with pytest.raises(TransportError, match="unplugged"):
            await waiting
        with pytest.raises(TransportError, match="unplugged"):
            await near.write(b"x")


async def test_serial_bytes_before_the_unplug_are_still_read(line: Line) -> None:
    async with await open_transport(line.url) as near:
        os.write(line.fd, b"last")
        assert await near.read() == b"last"


async def test_serial_unplug_does_not_spin(line: Line) -> None:
    loop = asyncio.get_running_loop()
    async with await open_transport(line.url) as near:
        line.unplug()
        with pytest.raises(TransportError):
            await near.read()
        fd = near._fd  # type: ignore[attr-defined]
        assert not loop.remove_reader(fd)


async def test_serial_discards_what_was_not_read(line: Line) -> None:
    async with await open_transport(line.url) as near:
        os.write(line.fd, b"stale")
        near.discard_input()
        os.write(line.fd, b"new")
        assert await near.read() == b"new"


async def test_serial_writes_more_than_the_line_holds(line: Line) -> None:
    data = bytes(range(256)) * 256
    async with await open_transport(line.url) as near:
        writing = asyncio.ensure_future(near.write(data))
        got = b""
        while len(got) < len(data):
            got += await asyncio.to_thread(os.read, line.fd, 4096)
        await writing
    assert got == data


async def test_serial_line_is_opened_once(line: Line) -> None:
    async with await open_transport(line.url):
        with pytest.raises(TransportError, match="busy: another program"):
            await open_transport(line.url)
    async with await open_transport(line.url) as again:
        os.write(line.fd, b"x")
        assert await again.read() == b"x"


async def test_serial_missing_device_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(TransportError, match="no such device: is it plugged in"):
        await open_transport(f"serial:{tmp_path}/gone")


async def test_serial_file_is_no_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TransportError, match=f"serial:{tmp_path}/file: "):
        await open_transport(f"serial:{tmp_path}/file")


async def test_serial_no_permission_names_the_group_and_the_fix(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("serial.serialposix.os.open", refuse)
    with pytest.raises(TransportError, match=r"sudo usermod -aG \w+ \w+"):
        await open_transport(line.url)


async def test_serial_speed_and_frame_are_set(line: Line) -> None:
    url = f"serial:{line.path}?baudrate=115200&bytesize=7&parity=E&stopbits=2"
    async with await open_transport(url) as near:
        port = near._port  # type: ignore[attr-defined]
        told = (port.baudrate, port.bytesize, port.parity, port.stopbits)
    assert told == (115200, 7, "E", 2)


async def test_tcp_carries_bytes_both_ways() -> None:
    async with tcp_server() as server, await open_transport(server.url) as near:
        (await server.writer).write(b"hello")
        assert await near.read() == b"hello"
        await near.write(b"back")
        assert await (await server.reader).readexactly(4) == b"back"


async def test_tcp_has_nodelay_and_keepalive() -> None:
    async with tcp_server() as server, await open_transport(server.url) as near:
        sock = near._protocol._transport.get_extra_info("socket")  # type: ignore[attr-defined]
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


async def test_tcp_end_by_the_device_is_an_error_after_the_last_bytes() -> None:
    async with tcp_server() as server, await open_transport(server.url) as near:
        writer = await server.writer
        writer.write(b"bye")
        writer.close()
        assert await near.read() == b"bye"
        with pytest.raises(TransportError, match="ended the connection"):
            await near.read()
        with pytest.raises(TransportError, match="ended the connection"):
            await near.write(b"x")


async def test_tcp_refused_is_said_plainly() -> None:
    with pytest.raises(TransportError, match="refused: the machine is there"):
        await open_transport(free_url("tcp"))


async def test_tcp_silence_is_said_plainly() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        host, port = full.getsockname()
        blockers = []
        for _ in range(4):  # the accept queue is full, the next SYN is dropped
            sock = socket.socket()
            sock.settimeout(0)
            sock.connect_ex((host, port))
            blockers.append(sock)
        with pytest.raises(TransportError, match=r"no answer in 0\.2 s"):
            await open_transport(f"tcp://{host}:{port}", timeout_s=0.2)
        for sock in blockers:
            sock.close()


async def test_tcp_unknown_name_is_said_plainly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_such(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_such)
    with pytest.raises(TransportError, match=r"name 'no\.such' not found"):
        await open_transport("tcp://no.such:1")


async def test_tcp_unread_bytes_are_bounded() -> None:
    async with tcp_server() as server, await open_transport(server.url) as near:
        writer = await server.writer
        data = bytes(64 * 1024)
        writer.write(data)
        sent = len(data)
        inbox = near._protocol.inbox  # type: ignore[attr-defined]
        while not inbox.is_full:
            writer.write(data)
            sent += len(data)
            await asyncio.sleep(0)
        assert inbox._size <= CAPACITY + 256 * 1024
        got = 0
        while got < sent:
            got += len(await near.read())
        assert got == sent


async def test_udp_keeps_datagrams_apart() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        device.bind(("127.0.0.1", 0))
        host, port = device.getsockname()
        async with await open_transport(f"udp://{host}:{port}") as near:
            await near.write(b"ask")
            asked, peer = device.recvfrom(100)
            assert asked == b"ask"
            device.sendto(b"one", peer)
            device.sendto(b"two", peer)
            assert [await near.read(), await near.read()] == [b"one", b"two"]
            with pytest.raises(TimeoutError):
                await near.read(timeout_s=0.01)


async def test_udp_nobody_there_is_an_error() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with await open_transport(f"udp://127.0.0.1:{port}") as near:
        await near.write(b"ask")
        with pytest.raises(TransportError, match="refused"):
            await near.read()


async def test_memory_line_by_name() -> None:
    with memory_listener("line") as listener:
        near = await open_transport("memory:line")
        far = await listener.accept()
        await far.write(b"hello")
        assert await near.read() == b"hello"
        await far.close()
        with pytest.raises(TransportError, match="closed"):
            await near.read()
    with pytest.raises(TransportError, match="nothing listens"):
        await open_transport("memory:line")


async def test_a_closed_transport_says_so_and_closes_again() -> None:
    near, _ = memory_pair()
    await near.close()
    await near.close()
    with pytest.raises(TransportError, match="closed"):
        await near.write(b"x")


@pytest.mark.parametrize(
    "url",
    [
        "tcp://",
        "tcp://host",
        "tcp://host:99999",
        "udp://host:0",
        "http://host:1",
        "serial:",
        "serial:/dev/x?speed=1",
        "serial:/dev/x?baudrate=fast",
        "serial:/dev/x?parity=Q",
    ],
)
def test_a_url_nobody_understands_is_a_mistake_of_the_hall_file(url: str) -> None:
    with pytest.raises(ConfigurationError):
        check_url(url)
