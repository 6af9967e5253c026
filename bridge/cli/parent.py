"""`halld run`: a small parent of up to three children.

The broker is a child of this process, the drivers and the bridge are children
of their own. The parent binds the web port, so that it never changes when the
bridge is started again, and ends everything in order. It starts drivers and bridge
first and reads the hall file while they load: nothing heavy is imported before.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bridge.cli.brokering import BrokerKeeper
from bridge.cli.children import CHILD, Child
from bridge.cli.holding import bound, http_url, locked, note_running
from bridge.cli.lifeline import SIGNALS
from bridge.cli.logs import set_up_logs
from bridge.cli.notify import Notifier
from bus.address import BrokerAddress

if TYPE_CHECKING:
    from devices.site import Site

PATIENCE_S: Final = 3.0
"""For a lock or port that a killed halld's children still hold a moment."""
CHILDREN_STOP_S: Final = 3.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to run."""

    read_site: Callable[[], Site]
    """Called in a thread; what it raises ends `run_hall` before anything begins."""
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


def run_hall(plan: Plan) -> int:
    """Run until a signal; gives the exit code. Raises OSError in plain words."""
    set_up_logs(level=plan.log_level, as_json=plan.log_json, role="parent")
    return asyncio.run(_Parent(plan).run())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """What is known once the hall file is read, and held for the children."""

    site: Site
    locks: list[int]
    web: socket.socket | None
    push: socket.socket | None
    """Where push clocks are forwarded to that come by the web's port."""
    broker: BrokerAddress


class _Parent:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._push_secret = secrets.token_hex(16)
        self._notifier = Notifier()
        self._stop = asyncio.Event()
        self._broker: BrokerKeeper | None = None
        self._known = asyncio.Event()
        self._held: _Held | None = None

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
        children = [self._child(role) for role in self._plan.roles]
        async with contextlib.AsyncExitStack() as stack:
            tasks = [asyncio.create_task(child.run()) for child in children]
            try:
                self._held = await self._hold(stack)
                self._known.set()
                watching = self._notifier.watch(
                    lambda: any(child.responsive for child in children)
                )
                tasks.append(asyncio.create_task(watching))
                announcing = self._announce(children, self._held)
                tasks.append(asyncio.create_task(announcing))
                await asyncio.gather(*tasks)
            finally:
                # Ended before the broker, so that what they say last is heard.
                await _end(*tasks)

    async def _hold(self, stack: contextlib.AsyncExitStack) -> _Held:
        """Read the hall file, then take locks and ports and start the broker."""
        plan = self._plan
        site = await asyncio.to_thread(plan.read_site)
        plan.data.mkdir(mode=0o750, parents=True, exist_ok=True)
        locks = [
            await stack.enter_async_context(
                locked(plan.data / self._lock_name(role), role, plan.patience_s)
            )
            for role in plan.roles
        ]
        web = push = None
        if "bridge" in plan.roles:
            web = await stack.enter_async_context(
                bound(site.web.host, site.web.port, plan.patience_s)
            )
        if plan.only is None and site.adms is None:
            push = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        broker = await self._start_broker(site, stack)
        return _Held(site=site, locks=locks, web=web, push=push, broker=broker)

    def _lock_name(self, role: str) -> str:
        return (
            f"drivers-{self._plan.node}.lock" if role == "drivers" else f"{role}.lock"
        )

    async def _start_broker(
        self, site: Site, stack: contextlib.AsyncExitStack
    ) -> BrokerAddress:
        mqtt = site.mqtt
        if mqtt.url != "embedded":
            return BrokerAddress.parse(mqtt.url, mqtt.password)
        self._broker = keeper = BrokerKeeper(
            self._plan.data, hall=site.hall.id, port=mqtt.port
        )
        task = asyncio.create_task(keeper.run())
        stack.push_async_callback(_end, task)
        return await keeper.address()

    def _child(self, role: str) -> Child:
        return Child(
            role,
            lambda: self._orders(role),
            command=self._plan.child_command,
            stop_within_s=CHILDREN_STOP_S,
        )

    async def _orders(self, role: str) -> tuple[bytes, Sequence[int]]:
        await self._known.wait()
        held = self._held
        assert held is not None  # noqa: S101 - known
        # Imported by now: reading the hall file needs what this does.
        from bridge.cli.handover import Handover  # noqa: PLC0415

        own = {"bridge": held.web, "drivers": held.push}[role]
        handover = Handover(
            role=role,
            site=held.site,
            data=self._plan.data,
            node=self._plan.node,
            broker=held.broker,
            log_level=self._plan.log_level,
            log_json=self._plan.log_json,
            parent_pid=os.getpid(),
            socket_fd=held.web.fileno() if held.web else None,
            push_fd=held.push.fileno() if held.push else None,
            push_port=held.push.getsockname()[1] if held.push else None,
            push_secret=self._push_secret,
            fds=(*held.locks, *([own.fileno()] if own else [])),
        )
        return handover.encode(), handover.fds

    async def _announce(self, children: list[Child], held: _Held) -> None:
        """Print the one line once HTTP answers, the broker there or not."""
        await children[0].ready.wait()
        if self._broker is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE_S):
                    await self._broker.ready()
        http = http_url(held.site.web.host, held.web) if held.web else "-"
        note_running(self._plan.data, http, str(held.broker))
        with contextlib.suppress(OSError):
            sys.stdout.write(f"ready http={http} mqtt={held.broker}\n")
            sys.stdout.flush()
        self._notifier.tell("READY=1")


async def _end(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
