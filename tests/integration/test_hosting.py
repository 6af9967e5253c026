from __future__ import annotations

import asyncio
import errno
import os
import socket
import termios
import tty
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import ValidationError
from support.echoing import echo, loop_clock

from devices.errors import ConfigurationError, MisuseError
from simulators.hosting.host import host

TCP = "tcp://127.0.0.1:0"
GONE = (ConnectionError, EOFError)


@asynccontextmanager
async def dialled(
    url: str,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    host_name, _, port = url.removeprefix("tcp://").rpartition(":")
    reader, writer = await asyncio.open_connection(host_name, int(port))
    try:
        yield reader, writer
    finally:
        writer.close()


class Terminal:
    """A serial port, opened as a driver opens it."""

    def __init__(self, path: Path) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.fd, termios.TCSANOW)

    async def read(self, count: int) -> bytes:
        loop = asyncio.get_running_loop()
        data = b""
        while len(data) < count:
            ready = asyncio.Event()
            loop.add_reader(self.fd, ready.set)
            await ready.wait()
            loop.remove_reader(self.fd)
            data += os.read(self.fd, count - len(data))
        return data

    def hung_up(self) -> bool:
        try:
            return os.read(self.fd, 1) == b""
        except OSError as error:
            return error.errno == errno.EIO

    def close(self) -> None:
        os.close(self.fd)


async def test_tcp_serves_several_sessions_and_tells_its_real_port() -> None:
    async with host(echo(), TCP, clock=loop_clock) as hosted:
        assert not hosted.url.endswith(":0")
        async with (
            dialled(hosted.url) as (one, say_one),
            dialled(hosted.url) as (
                two,
                say_two,
            ),
        ):
            assert await one.readexactly(6) == b"hello;"
            assert await two.readexactly(6) == b"hello;"
            say_one.write(b"a")
            assert await one.readexactly(3) == b"<a>"
            say_two.write(b"b")
            assert await two.readexactly(3) == b"<b>"
            assert hosted.sessions == 2


async def test_udp_has_a_session_a_peer() -> None:
    loop = asyncio.get_running_loop()
    async with host(echo(), "udp://127.0.0.1:0", clock=loop_clock) as hosted:
        port = int(hosted.url.rpartition(":")[2])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.settimeout(0)
            await loop.sock_connect(peer, ("127.0.0.1", port))
            await loop.sock_sendall(peer, b"a")
            answers = [await loop.sock_recv(peer, 100) for _ in range(4)]
            assert answers == [b"hello;", b"<", b"a", b">"]
            await loop.sock_sendall(peer, b"b")
            assert await loop.sock_recv(peer, 100) == b"<"
            assert hosted.sessions == 1


async def test_state_survives_reconnects_and_unplugging() -> None:
    async with host(echo(), TCP, clock=loop_clock) as hosted:
        async with dialled(hosted.url) as (reader, writer):
            writer.write(b"a")
            await reader.readexactly(9)
            await hosted.act("unplug")
            with pytest.raises(GONE):
                await reader.readexactly(1)
        with pytest.raises(OSError, match=r"refused|failed"):
            async with dialled(hosted.url):
                pass
        await hosted.act("replug")
        async with dialled(hosted.url) as (reader, writer):
            assert await reader.readexactly(6) == b"hello;"
        assert hosted.view() == {"taken": "a"}


async def test_power_cycle_drops_the_connection_and_volatile_state() -> None:
    device = echo()
    async with host(device, TCP, clock=loop_clock) as hosted:
        async with dialled(hosted.url) as (reader, writer):
            writer.write(b"a")
            await reader.readexactly(9)
            await hosted.act("powercycle", {"off_ms": 1})
            with pytest.raises(GONE):
                await reader.readexactly(1)
        assert (device.power_cycles, hosted.view()) == (1, {"taken": ""})
        async with dialled(hosted.url) as (reader, _):
            assert await reader.readexactly(6) == b"hello;"


async def test_every_fault_can_be_switched_on_and_off() -> None:
    async with host(echo(), TCP, clock=loop_clock) as hosted:
        for action in ["split", "glue", "hang"]:
            await hosted.act(action)
        await hosted.act("garble", {"n": 3})
        await hosted.act("delay", {"ms": 20})
        assert hosted.faults.in_force() == {
            "garble": 3,
            "delay_ms": 20,
            "split": True,
            "glue": True,
            "hang": True,
        }
        for action in ["split", "glue", "hang"]:
            await hosted.act(action, {"on": False})
        await hosted.act("garble", {"n": 0})
        await hosted.act("delay", {"ms": 0})
        assert hosted.faults.in_force() == {}
        await hosted.act("unplug")
        await hosted.act("heal")
        assert hosted.plugged


async def test_wrong_actions_and_arguments_are_told() -> None:
    async with host(echo(), TCP, clock=loop_clock) as hosted:
        with pytest.raises(MisuseError, match=r"there are: .*garble.*say"):
            await hosted.act("explode")
        with pytest.raises(ValidationError):
            await hosted.act("say", {"txet": "x"})
        with pytest.raises(ValidationError):
            await hosted.act("unplug", {"now": True})


async def test_a_crashing_session_leaves_the_device_reachable() -> None:
    async with host(echo(), TCP, clock=loop_clock) as hosted:
        async with dialled(hosted.url) as (reader, writer):
            await reader.readexactly(6)
            writer.write(b"crash")
            with pytest.raises(GONE):
                await reader.readexactly(1)
        async with dialled(hosted.url) as (reader, _):
            assert await reader.readexactly(6) == b"hello;"
        assert "a bug" in hosted.failure


def line_url(path: Path) -> str:
    return f"serial:{path}?baudrate=9600"


async def test_pty_is_linked_raw_and_readers_come_and_go(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "line"
    async with host(echo(), line_url(path), clock=loop_clock) as hosted:
        assert hosted.url == line_url(path)
        first = Terminal(path)
        os.write(first.fd, b"\x03\r\n\xff")
        assert await first.read(12) == b"hello;<\x03\r\n\xff>"
        first.close()
        second = Terminal(path)
        os.write(second.fd, b"b")
        assert await second.read(3) == b"<b>"
        second.close()
        assert hosted.sessions == 1
    assert not path.is_symlink()


async def test_unplugging_a_pty_hangs_up_and_replugging_links_again(
    tmp_path: Path,
) -> None:
    path = tmp_path / "line"
    async with host(echo(), line_url(path), clock=loop_clock) as hosted:
        terminal = Terminal(path)
        assert await terminal.read(6) == b"hello;"
        await hosted.act("unplug")
        assert not path.is_symlink()
        assert terminal.hung_up()
        terminal.close()
        await hosted.act("replug")
        terminal = Terminal(path)
        assert await terminal.read(6) == b"hello;"
        terminal.close()


async def test_a_pty_that_nobody_reads_neither_blocks_nor_grows(tmp_path: Path) -> None:
    path = tmp_path / "line"
    async with host(echo(), line_url(path), clock=loop_clock) as hosted:
        for _ in range(200):
            await hosted.act("say", {"text": "x" * 1000})
        line = hosted._wire._line  # type: ignore[attr-defined]
        assert len(line._unread) <= 64 * 1024
        # The kernel hands bytes on in its own time.
        while line._in_kernel() or line._unread:
            line._end_stale(1)
            await asyncio.sleep(0.01)
        terminal = Terminal(path)
        os.write(terminal.fd, b"b")
        assert await terminal.read(3) == b"<b>"
        terminal.close()


async def test_a_link_of_an_earlier_run_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "line"
    path.symlink_to("/dev/pts/99999")
    async with host(echo(), line_url(path), clock=loop_clock):
        assert path.resolve().exists()


@pytest.mark.parametrize("real", ["file", "link"])
async def test_a_real_device_is_never_replaced(tmp_path: Path, real: str) -> None:
    path = tmp_path / "line"
    if real == "file":
        path.write_text("a device")
    else:
        path.symlink_to("../../ttyUSB0")
    with pytest.raises(FileExistsError, match="real"):
        async with host(echo(), line_url(path), clock=loop_clock):
            pass
    assert path.is_symlink() or path.read_text() == "a device"


@pytest.mark.parametrize("url", ["http://x", "tcp://127.0.0.1", "serial:COM1", "x"])
async def test_a_place_that_cannot_be_simulated_is_told(url: str) -> None:
    with pytest.raises(ConfigurationError, match="want tcp://host:port"):
        async with host(echo(), url, clock=loop_clock):
            pass


async def test_a_port_in_use_is_an_os_error() -> None:
    async with host(echo(), TCP, clock=loop_clock) as hosted:
        with pytest.raises(OSError, match="in use"):
            async with host(echo(), hosted.url, clock=loop_clock):
                pass
