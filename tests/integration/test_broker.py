from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from bus.broker import EmbeddedBroker, StoreInUseError, free_port, server_program
from bus.client import BusClient

ROOM = Path(__file__).parents[2]
PARENT = """
import asyncio, sys
from pathlib import Path
from bus.broker import EmbeddedBroker

async def main():
    broker = EmbeddedBroker(Path(sys.argv[1]), hall="t")
    broker.lock()
    task = asyncio.create_task(broker.run())
    await broker.wait_ready()
    print((Path(sys.argv[1]) / "pid").read_text().strip(), flush=True)
    await task

asyncio.run(main())
"""


@asynccontextmanager
async def running(broker: EmbeddedBroker) -> AsyncIterator[EmbeddedBroker]:
    broker.lock()
    task = asyncio.create_task(broker.run())
    try:
        await broker.wait_ready()
        yield broker
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        broker.unlock()


def pid_of(directory: Path) -> int:
    return int((directory / "pid").read_text())


def wait_gone(pid: int) -> None:
    """Wait for the end of a process that is no child of ours."""
    with suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            os.waitid(os.P_PIDFD, handle, os.WEXITED | os.WNOWAIT)
        except ChildProcessError:
            import select  # noqa: PLC0415 - only here

            poller = select.poll()
            poller.register(handle, select.POLLIN)
            assert poller.poll(10_000)
        finally:
            os.close(handle)


async def test_it_takes_connections_and_keeps_its_port(tmp_path: Path) -> None:
    async with running(EmbeddedBroker(tmp_path, hall="t")) as broker:
        first = broker.address
        client = BusClient(first, "x")
        task = asyncio.create_task(client.run())
        await client.wait_connected()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with running(EmbeddedBroker(tmp_path, hall="t")) as broker:
        assert broker.address == first


def listening_at(pid: int) -> list[str]:
    """The addresses, as /proc/net says them, on which a process listens."""
    links = [str(fd.readlink()) for fd in Path(f"/proc/{pid}/fd").iterdir()]
    inodes = {link[8:-1] for link in links if link.startswith("socket:[")}
    lines = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    ]
    return [w[1].partition(":")[0] for w in lines if w[3] == "0A" and w[9] in inodes]


async def test_it_listens_on_loopback_alone(tmp_path: Path) -> None:
    async with running(EmbeddedBroker(tmp_path, hall="t")):
        assert set(listening_at(pid_of(tmp_path))) == {"0100007F"}


async def test_it_is_started_again_when_it_dies(tmp_path: Path) -> None:
    async with running(EmbeddedBroker(tmp_path, hall="t")) as broker:
        pid = pid_of(tmp_path)
        os.kill(pid, signal.SIGKILL)
        while broker._ready.is_set():  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.005)
        await broker.wait_ready()
        assert pid_of(tmp_path) != pid


async def test_two_never_share_a_store(tmp_path: Path) -> None:
    async with running(EmbeddedBroker(tmp_path, hall="t")):
        with pytest.raises(StoreInUseError, match="another halld"):
            EmbeddedBroker(tmp_path, hall="t").lock()


async def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        broker = EmbeddedBroker(tmp_path, hall="t", port=port)
        broker.lock()
        task = asyncio.create_task(broker.run())
        while str(port) not in broker.reason:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
        assert "taken" in broker.reason
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        broker.unlock()


def test_it_dies_with_its_parent(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)],
        stdout=subprocess.PIPE,
        cwd=ROOM,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert os.getpgid(pid) == os.getpgid(parent.pid)  # one signal reaches both
        parent.kill()
    wait_gone(pid)


def orphan(directory: Path, config: Path) -> subprocess.Popen[bytes]:
    """A server that nobody owns any more, with its pid noted in a store."""
    directory.mkdir(exist_ok=True)
    port = free_port()
    config.write_text(f'{{"host": "127.0.0.1", "port": {port}}}')
    process = subprocess.Popen(
        [str(server_program()), "--config", str(config)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    (directory / "pid").write_text(f"{process.pid}\n")
    return process


def test_a_stale_server_of_the_same_store_is_ended(tmp_path: Path) -> None:
    process = orphan(tmp_path, tmp_path / "nats.conf")
    broker = EmbeddedBroker(tmp_path, hall="t")
    broker.lock()
    assert process.wait(10) == -signal.SIGKILL
    broker.unlock()


def test_a_server_of_another_store_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "other.conf"
    process = orphan(tmp_path, other)
    broker = EmbeddedBroker(tmp_path, hall="t")
    broker.lock()
    assert process.poll() is None
    broker.unlock()
    process.kill()
    process.wait()


def test_another_program_with_that_pid_is_left_alone(tmp_path: Path) -> None:
    config = tmp_path / "nats.conf"
    with subprocess.Popen(
        [sys.executable, "-c", "input()", "--config", str(config)],
        stdin=subprocess.PIPE,
    ) as process:
        (tmp_path / "pid").write_text(f"{process.pid}\n")
        broker = EmbeddedBroker(tmp_path, hall="t")
        broker.lock()
        assert process.poll() is None
        broker.unlock()
        process.kill()


SERVER = """#!{python}
import json, pathlib, socket, sys, time
config = pathlib.Path(sys.argv[2])
lives = config.with_name("lives")
life = len(lives.read_text()) + 1 if lives.exists() else 1
lives.write_text("x" * life)
mqtt = json.loads(config.read_text())["mqtt"]
server = socket.create_server((mqtt["host"], mqtt["port"]))
server.accept()
if life == 1:
    print("[ERR] JetStream stream 's' critical write error: write /b: "
          "no space left on device", file=sys.stderr, flush=True)
time.sleep(600)
"""


async def test_a_server_that_could_not_write_once_is_started_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    program = tmp_path / "server"
    program.write_text(SERVER.format(python=sys.executable))
    program.chmod(0o755)
    monkeypatch.setattr("bus.broker.server_program", lambda: program)
    store = tmp_path / "store"
    async with asyncio.timeout(30), running(EmbeddedBroker(store, hall="t")) as broker:
        while (store / "lives").read_text() != "xx":  # noqa: ASYNC110 - a file
            await asyncio.sleep(0.01)
        await broker.wait_ready()
        assert broker.reason == ""
    assert f"cannot write in {store}: no space left on device" in caplog.text


async def test_without_room_the_server_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = True

    def allocate(*_: int) -> None:
        if full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.posix_fallocate", allocate)
    broker = EmbeddedBroker(tmp_path, hall="t")
    broker.lock()
    task = asyncio.create_task(broker.run())
    try:
        async with asyncio.timeout(30):
            while "no space left" not in broker.reason:  # noqa: ASYNC110 - an attribute
                await asyncio.sleep(0.01)
            full = False
            await broker.wait_ready()
            assert broker.reason == ""
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        broker.unlock()


def test_the_port_of_a_server_that_is_dying_is_kept(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as dying:
        port = dying.getsockname()[1]
        (tmp_path / "port").write_text(f"{port}\n")
        threading.Timer(0.1, dying.close).start()
        broker = EmbeddedBroker(tmp_path, hall="t")
        broker.lock()
        broker.unlock()
    assert broker.address.port == port


def test_the_port_that_another_program_keeps_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bus.broker.PORT_PATIENCE_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        (tmp_path / "port").write_text(f"{port}\n")
        broker = EmbeddedBroker(tmp_path, hall="t")
        broker.lock()
        broker.unlock()
    assert broker.address.port not in {0, port}
