"""Keeps a child process running: restarts it with back-off, for ever.

A child is started before it is known what it shall do, so that it loads meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from bridge.cli.lifeline import ALIVE, READY, SIGNALS, give_orders
from bus.backoff import Backoff
from bus.broker import die_with_parent

log = logging.getLogger(__name__)

CHILD: Final = (sys.executable, "-m", "bridge.cli.child")
STEADY_S: Final = 10.0
"""A life of this length starts the back-off anew."""
HUNG_S: Final = 30.0
"""A child that shows no sign of life for so long is ended and started again."""
STARTING_S: Final = 60.0

Orders = Callable[[], Awaitable[tuple[bytes, Sequence[int]]]]
"""What a child shall do, and the descriptors it needs; waits until that is known."""


class Child:
    """One child role; `run` keeps it alive until cancelled, then ends it."""

    def __init__(
        self,
        role: str,
        orders: Orders,
        *,
        command: Sequence[str] = CHILD,
        stop_within_s: float = 4.0,
        hung_s: float = HUNG_S,
    ) -> None:
        self.role = role
        self.ready = asyncio.Event()
        """Set once it was ready for the first time."""
        self.process: asyncio.subprocess.Process | None = None
        self.reason = "starting"
        """Why it does not run; empty while it does."""
        self._orders = orders
        self._command = command
        self._stop_within_s = stop_within_s
        self._hung_s = hung_s
        self._seen = 0.0

    @property
    def responsive(self) -> bool:
        """Whether it runs and its loop turns."""
        age_s = asyncio.get_running_loop().time() - self._seen
        return not self.reason and age_s < self._hung_s

    async def run(self) -> None:
        """Keep it running."""
        loop = asyncio.get_running_loop()
        backoff = Backoff(random.random, first_s=0.1, cap_s=10.0)
        while True:
            started = loop.time()
            try:
                code = await self._one_life()
                self.reason = f"ended with {_code(code)}"
            except OSError as error:
                self.reason = f"does not start: {error}"
            if loop.time() - started > STEADY_S:
                backoff.reset()
            wait_s = backoff.next_s()
            # A signal may hit the whole group: being cancelled meanwhile is quiet.
            await asyncio.sleep(wait_s)
            log.error("%s %s; starting it again", self.role, self.reason)

    async def _one_life(self) -> int:
        line, its = socket.socketpair()
        with line:
            with its:
                process = await self._spawn(its)
            self.process = process
            loop = asyncio.get_running_loop()
            self._seen = loop.time() + STARTING_S - self._hung_s
            line.settimeout(0)
            loop.add_reader(line, self._read_status, line)
            ordered = False
            try:
                orders, fds = await self._orders()
                ordered = True
                log.info("%s runs as process %d", self.role, process.pid)
                with contextlib.suppress(ConnectionError):
                    await give_orders(line, orders, fds)
                return await self._watch(process)
            finally:
                # Without orders it has begun nothing that it could finish.
                await self._stop(process, gently=ordered)
                loop.remove_reader(line)

    async def _spawn(self, line: socket.socket) -> asyncio.subprocess.Process:
        # Its own stdout: only the parent speaks there.
        return await asyncio.create_subprocess_exec(
            *self._command,
            self.role,
            stdin=line.fileno(),
            stdout=asyncio.subprocess.DEVNULL,
            preexec_fn=_prepare,
        )

    async def _watch(self, process: asyncio.subprocess.Process) -> int:
        loop = asyncio.get_running_loop()
        ended = asyncio.ensure_future(process.wait())
        look_s = self._hung_s / 4
        try:
            while True:
                before = loop.time()
                done, _ = await asyncio.wait({ended}, timeout=look_s)
                if done:
                    return ended.result()
                if loop.time() - before > 2 * look_s:
                    # This process slept too (a machine that was suspended).
                    self._seen = loop.time()
                if loop.time() - self._seen > self._hung_s:
                    log.error("%s hangs; ending it", self.role)
                    process.kill()
                    return await ended
        finally:
            ended.cancel()

    def _read_status(self, line: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        words = b""
        try:
            words = line.recv(4096)
        except BlockingIOError:
            return
        except ConnectionError:
            pass  # it ended with orders unread
        if not words:
            loop.remove_reader(line)
        if ALIVE in words or READY in words:
            self._seen = loop.time()
            self.reason = ""
        if READY in words:
            self.ready.set()

    async def _stop(self, process: asyncio.subprocess.Process, *, gently: bool) -> None:
        self.process = None
        if process.returncode is not None or (gently and await self._ends(process)):
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()

    async def _ends(self, process: asyncio.subprocess.Process) -> bool:
        """Ask it to end; whether it does in time."""
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(self._stop_within_s):
                await process.wait()
        except TimeoutError:
            log.warning("%s does not end; killing it", self.role)
            return False
        return True


def _prepare() -> None:
    """In the child before exec: die with the parent, no signal unprepared."""
    die_with_parent()
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)


def _code(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"code {code}"
