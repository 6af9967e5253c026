"""Commands from the bus: each is run once and always answered."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from bus.client import BusClient, Message
from devices.commands import DEFAULT_TIMEOUT_S, Command, Reply, ReplyStatus
from devices.errors import (
    CommandRejectedError,
    CommandTimeoutError,
    DeviceError,
    MisuseError,
    ProtocolError,
    TransportError,
)
from devices.topics import Topics, checked_id

log = logging.getLogger(__name__)

REMEMBERED_S: Final = 600.0
"""An id is remembered for ten minutes and its reply repeated."""
REMEMBERED_LIMIT: Final = 10_000
WAITING_LIMIT: Final = 1000

Work = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]


class DeviceDesk(Protocol):
    """Who runs the commands of one device (`drivers.node.supervisor.Supervisor`)."""

    async def execute(self, name: str, args: Mapping[str, Any]) -> Mapping[str, Any]:
        """Run a command; raises `DeviceError`."""


@dataclass(slots=True)
class Memory:
    """Replies by key for ten minutes; a second asker gets the first one's reply."""

    seconds: float = REMEMBERED_S
    _kept: OrderedDict[tuple[str, str], tuple[float, asyncio.Task[Reply]]] = field(
        default_factory=OrderedDict
    )

    async def once(
        self, key: tuple[str, str], work: Callable[[], Awaitable[Reply]]
    ) -> Reply:
        """Run `work` for a new key, else give what it gave before."""
        now = asyncio.get_running_loop().time()
        self._forget(now)
        if key not in self._kept:
            task = asyncio.ensure_future(_awaited(work()))
            self._kept[key] = (now + self.seconds, task)
        return await asyncio.shield(self._kept[key][1])

    async def close(self) -> None:
        """End what is under way."""
        tasks = [task for _, task in self._kept.values() if not task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget(self, now: float) -> None:
        while self._kept:
            until, task = next(iter(self._kept.values()))
            if until > now and len(self._kept) < REMEMBERED_LIMIT:
                return
            if not task.done():
                return
            self._kept.popitem(last=False)


async def _awaited(work: Awaitable[Reply]) -> Reply:
    return await work


@dataclass(slots=True, kw_only=True)
class Commander:
    """Takes commands to this node and its devices, runs and answers them.

    Devices of other nodes are theirs; a device that no node has is refused.
    """

    bus: BusClient
    topics: Topics
    node: str
    devices: Mapping[str, DeviceDesk]
    elsewhere: frozenset[str]
    """Devices that other nodes run."""
    requests: Mapping[str, Work]
    """What the node itself can be asked, by name."""
    memory: Memory = field(default_factory=Memory)
    _waiting: asyncio.Queue[tuple[Message, float]] = field(
        default_factory=lambda: asyncio.Queue(WAITING_LIMIT)
    )

    def listen(self) -> None:
        """Subscribe."""
        self.bus.subscribe(self.topics.node_command(self.node, "+"), self.take)
        self.bus.subscribe(self.topics.command("+", "+"), self.take)

    def take(self, message: Message) -> None:
        """Note a command and when it came."""
        if not message.payload:
            return
        try:
            self._waiting.put_nowait((message, asyncio.get_running_loop().time()))
        except asyncio.QueueFull:
            log.warning("%s: too many commands wait; dropped", message.topic)

    async def run(self) -> None:
        """Run what comes, side by side, until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    message, came = await self._waiting.get()
                    group.create_task(self._serve(message, came))
        finally:
            await self.memory.close()

    async def _serve(self, message: Message, came: float) -> None:
        at_device = self.topics.parse_device(message.topic)
        if at_device is None:
            await self._serve_node(message, came)
            return
        device = at_device.device
        if device in self.elsewhere:
            return
        command, wrong = _read(message)
        if command is None:
            log.warning("%s: %s", message.topic, wrong)
            return

        async def execute(args: Mapping[str, Any]) -> Mapping[str, Any]:
            desk = self.devices.get(device)
            if desk is None:
                raise CommandRejectedError("unknown_device", f"no device {device!r}")
            return await desk.execute(at_device.rest, args)

        reply = await self.memory.once(
            (device, command.id), lambda: _answer(command, wrong, execute, came)
        )
        self._reply(self.topics.reply(device, command.id), reply)

    async def _serve_node(self, message: Message, came: float) -> None:
        name = message.topic.rpartition("/")[2]
        command, wrong = _read(message, bare_id=name)
        if command is None:
            log.warning("%s: %s", message.topic, wrong)
            return

        async def request(args: Mapping[str, Any]) -> Mapping[str, Any]:
            work = self.requests.get(name)
            if work is None:
                known = ", ".join(sorted(self.requests))
                raise CommandRejectedError(
                    "unknown_command", f"a node has no request {name!r}; it has {known}"
                )
            return await work(args)

        def answered() -> Awaitable[Reply]:
            return _answer(command, wrong, request, came)

        is_bare = command.id == name
        key = ("", command.id)
        reply = await (answered() if is_bare else self.memory.once(key, answered))
        self._reply(self.topics.node_reply(self.node, command.id), reply)

    def _reply(self, topic: str, reply: Reply) -> None:
        try:
            self.bus.publish(topic, reply.encode())
        except (TypeError, ValueError, MisuseError) as error:
            log.error("%s: cannot be sent: %s", topic, error)  # noqa: TRY400
            bad = _failed(reply.id, "bad_result", f"the answer cannot be sent: {error}")
            self.bus.publish(topic, bad.encode())


def _read(message: Message, *, bare_id: str = "") -> tuple[Command | None, str]:
    """The command, and why it must be refused; None when it has no usable id."""
    wrong = "a command must not be retained" if message.retain else ""
    try:
        return Command.decode(message.payload), wrong
    except (ProtocolError, MisuseError) as error:
        wrong = str(error)
    try:
        body = json.loads(message.payload)
    except (ValueError, RecursionError):
        return None, wrong
    if not isinstance(body, dict):
        return None, wrong
    if bare_id and "id" not in body:
        return Command(id=bare_id, args=body, timeout_s=DEFAULT_TIMEOUT_S), ""
    try:
        return Command(id=checked_id(str(body.get("id", "")))), wrong
    except MisuseError:
        return None, wrong


async def _answer(command: Command, wrong: str, work: Work, came: float) -> Reply:
    """Run a command within its time, counted from when it came."""
    if wrong:
        return _rejected(command.id, "bad_request", wrong)
    limit = asyncio.timeout_at(came + command.timeout_s)
    try:
        async with limit:
            data = await work(command.args)
    except TimeoutError:
        late = f"no answer within {command.timeout_s:g} s"
        silent = "the device did not answer"
        return _timeout(command.id, late if limit.expired() else silent)
    except DeviceError as error:
        return _refusal(command.id, error)
    except Exception as error:  # always a reply
        log.exception("command %s failed by a mistake of ours", command.id)
        return _failed(command.id, "internal", f"{type(error).__name__}: {error}")
    return Reply(id=command.id, status=ReplyStatus.OK, data=data)


def _refusal(request: str, error: DeviceError) -> Reply:
    match error:
        case CommandRejectedError():
            return _rejected(request, error.code, str(error))
        case CommandTimeoutError():
            return _timeout(request, str(error))
        case TransportError():
            return _failed(request, "unreachable", str(error))
        case _:
            return _failed(request, "device_error", str(error))


def _rejected(request: str, code: str, message: str) -> Reply:
    return Reply(id=request, status=ReplyStatus.REJECTED, code=code, message=message)


def _timeout(request: str, message: str) -> Reply:
    return Reply(
        id=request, status=ReplyStatus.TIMEOUT, code="timeout", message=message
    )


def _failed(request: str, code: str, message: str) -> Reply:
    return Reply(id=request, status=ReplyStatus.ERROR, code=code, message=message)
