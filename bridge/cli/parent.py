"""`halld run`: a small parent of up to three children.

The broker is a child of this process, the drivers and the bridge are children
of their own. The parent binds the web port, so that it never changes when the
bridge is started again, and ends everything in order.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import logging
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bridge.cli.brokering import BrokerKeeper
from bridge.cli.child import SIGNALS
from bridge.cli.children import CHILD, Child
from bridge.cli.handover import Handover
from bridge.cli.logs import set_up_logs
from bridge.cli.notify import Notifier
from bridge.cli.options import RUN_FILE
from bus.address import BrokerAddress
from devices.errors import ConfigurationError
from devices.site import Site

log = logging.getLogger(__name__)

PATIENCE_S: Final = 3.0
"""For a lock or port that a killed halld's children still hold a moment."""
BACKLOG: Final = 512
CHILDREN_STOP_S: Final = 3.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to run."""

    site: Site
    data: Path
    only: str | None = None
    node: str = "main"
    log_level: str = "info"
    log_json: bool = False
    child_command: Sequence[str] = CHILD
    patience_s: float = PATIENCE_S

    @property
    def roles(self) -> list[str]:
        """The children to run."""
        return [self.only] if self.only else ["bridge", "drivers"]

    @property
    def forwards_push(self) -> bool:
        """Whether push clocks come by the web's port."""
        return self.only is None and self.site.adms is None


def run_hall(plan: Plan) -> int:
    """Run until a signal; gives the exit code. Raises OSError in plain words."""
    set_up_logs(level=plan.log_level, as_json=plan.log_json, role="parent")
    plan.data.mkdir(mode=0o750, parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        locks = [stack.enter_context(_locked(plan, role)) for role in plan.roles]
        sock = push = None
        if "bridge" in plan.roles:
            sock = stack.enter_context(_bound(plan))
        if plan.forwards_push:
            push = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        return asyncio.run(_Parent(plan, locks, sock, push).run())


class _Parent:
    def __init__(
        self,
        plan: Plan,
        locks: list[int],
        sock: socket.socket | None,
        push: socket.socket | None,
    ) -> None:
        self._plan = plan
        self._locks = locks
        self._socket = sock
        self._push = push
        self._push_secret = secrets.token_hex(16)
        self._notifier = Notifier()
        self._stop = asyncio.Event()
        self._broker: BrokerKeeper | None = None
        self._address: BrokerAddress | None = None

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, self._stop.set)
        serving = asyncio.create_task(self._serve())
        stopped = asyncio.create_task(self._stop.wait())
        await asyncio.wait({serving, stopped}, return_when="FIRST_COMPLETED")
        self._notifier.tell("STOPPING=1")
        if self._broker is not None:
            self._broker.finish()
        stopped.cancel()
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving
        return 0

    async def _serve(self) -> None:
        async with contextlib.AsyncExitStack() as stack:
            await self._start_broker(stack)
            children = [self._child(role) for role in self._plan.roles]
            # Ended before the broker, so that what they say last is heard.
            async with asyncio.TaskGroup() as tasks:
                for child in children:
                    tasks.create_task(child.run())
                tasks.create_task(self._announce(children))
                tasks.create_task(
                    self._notifier.watch(lambda: any(c.responsive for c in children))
                )

    async def _start_broker(self, stack: contextlib.AsyncExitStack) -> None:
        mqtt = self._plan.site.mqtt
        if mqtt.url != "embedded":
            self._address = BrokerAddress.parse(mqtt.url, mqtt.password)
            return
        self._broker = keeper = BrokerKeeper(self._plan.site, self._plan.data)
        task = asyncio.create_task(keeper.run())
        stack.push_async_callback(_end, task)
        self._address = await keeper.address()

    def _child(self, role: str) -> Child:
        sock = {"bridge": self._socket, "drivers": self._push}[role]
        sockets = [sock.fileno()] if sock is not None else []
        return Child(
            role,
            lambda: self._handover(role),
            pass_fds=[*self._locks, *sockets],
            command=self._plan.child_command,
            stop_within_s=CHILDREN_STOP_S,
        )

    def _handover(self, role: str) -> bytes:
        assert self._address is not None  # noqa: S101 - known before children start
        plan = self._plan
        return Handover(
            role=role,
            site=plan.site,
            data=plan.data,
            node=plan.node,
            broker=self._address,
            log_level=plan.log_level,
            log_json=plan.log_json,
            parent_pid=os.getpid(),
            socket_fd=self._socket.fileno() if self._socket else None,
            push_fd=self._push.fileno() if self._push else None,
            push_port=self._push.getsockname()[1] if self._push else None,
            push_secret=self._push_secret,
        ).encode()

    async def _announce(self, children: list[Child]) -> None:
        """Print the one line once HTTP answers, the broker there or not."""
        await children[0].ready.wait()
        if self._broker is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE_S):
                    await self._broker.ready()
        http = _http_url(self._plan.site, self._socket) if self._socket else "-"
        _note_running(self._plan.data, http, str(self._address))
        with contextlib.suppress(OSError):
            sys.stdout.write(f"ready http={http} mqtt={self._address}\n")
            sys.stdout.flush()
        self._notifier.tell("READY=1")


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@contextlib.contextmanager
def _locked(plan: Plan, role: str) -> Iterator[int]:
    """Hold a role of this data directory; the children inherit the lock."""
    name = f"{role}-{plan.node}" if role == "drivers" else role
    path = plan.data / f"{name}.lock"
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o640)
    try:
        end = time.monotonic() + plan.patience_s
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > end:
                    raise ConfigurationError(
                        f"another halld runs the {role} in {plan.data}; end it, "
                        "or give this one a --data of its own"
                    ) from error
                time.sleep(0.05)
        yield lock
    finally:
        os.close(lock)


@contextlib.contextmanager
def _bound(plan: Plan) -> Iterator[socket.socket]:
    """The web port, listening."""
    web = plan.site.web
    end = time.monotonic() + plan.patience_s
    while True:
        try:
            family, *_, address = socket.getaddrinfo(
                web.host, web.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            sock = socket.create_server(address[:2], family=family, backlog=BACKLOG)
            break
        except OSError as error:
            if time.monotonic() > end:
                raise OSError(
                    f"cannot listen on {web.host} port {web.port}: "
                    f"{error.strerror or error}; free it or change web.port "
                    "(0 takes a free one)"
                ) from error
            time.sleep(0.05)
    with sock:
        yield sock


def _http_url(site: Site, sock: socket.socket) -> str:
    port = sock.getsockname()[1]
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(site.web.host)  # noqa: S104
    if host is None:
        host = f"[{site.web.host}]" if ":" in site.web.host else site.web.host
    return f"http://{host}:{port}"


def _note_running(data: Path, http: str, mqtt: str) -> None:
    """Leave word for `devices` and `tail`; a part alone changes only its own."""
    path = data / RUN_FILE
    noted = {"mqtt": mqtt}
    with contextlib.suppress(OSError, ValueError):
        noted = {**json.loads(path.read_text()), "mqtt": mqtt}
    if http != "-":
        noted["http"] = http
    with contextlib.suppress(OSError):
        path.write_text(json.dumps(noted) + "\n")
