"""A running node: its place on the bus, its devices, its good end."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from bus.client import BusClient, Message, Will
from devices.commands import Command
from devices.kinds import DeviceState, NodeState
from devices.topics import Topics
from drivers.adms.server import PushServer
from drivers.node.alarms import AlarmKind, Alarms
from drivers.node.commands import Commander
from drivers.node.context import NodeContext
from drivers.node.health import Health
from drivers.node.journal import Journal, JournalCorruptError
from drivers.node.journal_rows import JournalError
from drivers.node.journal_store import JournalStore
from drivers.node.presence import NodePresence, Pulpit
from drivers.node.publisher import Publisher
from drivers.node.pushing import keep_push_open
from drivers.node.supervisor import Supervisor

log = logging.getLogger(__name__)

DEVICES_END_S: Final = 1.5
"""How long drivers may take to free their devices when the node stops."""
CANCELLATIONS: Final = 2
FLUSH_S: Final = 0.5
SAY_AGAIN_S: Final = 0.5
"""A wrong state on our own topic is set right at most so often."""
SESSION: Final = "session"


@dataclass(slots=True, kw_only=True)
class Node:
    """The parts of a running node."""

    journal: Journal
    bus: BusClient
    topics: Topics
    alarms: Alarms
    presence: NodePresence
    pulpit: Pulpit
    publisher: Publisher
    commander: Commander
    health: Health
    contexts: Mapping[str, NodeContext]
    supervisors: Mapping[str, Supervisor]
    removed: frozenset[str]
    """Devices that left the hall file; their retained topics must go."""
    push: PushServer | None = None
    """Kept open though no clock of the node may need it."""
    _bridge_session: object = None
    _again: asyncio.TimerHandle | None = None

    async def run(self, ready: Callable[[], None] | None) -> None:
        """Run until cancelled; raises `JournalCorruptError`."""
        await self._tell_quarantine()
        await self.health.start()
        self._listen()
        try:
            async with asyncio.TaskGroup() as services:
                tasks = [
                    services.create_task(work)
                    for work in (
                        self.bus.run(),
                        self.publisher.run(),
                        self.commander.run(),
                        self.health.run(),
                        self._clear_removed(),
                        *([keep_push_open(self.push)] if self.push else []),
                    )
                ]
                try:
                    await self._serve_devices(ready)
                finally:
                    await self._say_goodbye()
                    for task in tasks:
                        task.cancel()
        except BaseExceptionGroup as group:
            damaged = group.subgroup(JournalCorruptError)
            if damaged is None:
                raise
            raise _first(damaged) from group

    # The bus

    async def hello(self) -> Will:
        """Count a session; its will says that it is lost."""

        def count(store: JournalStore) -> int:
            # A new journal goes on beyond the sessions of a lost one.
            known = store.meta(SESSION)
            first = int(self.journal.clock().timestamp())
            session = int(known) + 1 if known else first
            store.set_meta(SESSION, str(session))
            return session

        self.pulpit.session = await self.journal.call(count)
        return Will(self.presence.topic, self.presence.will())

    def connected(self) -> None:
        """Tell everything again: a broker keeps nothing that we rely on."""
        self.publish_all()
        self.publisher.connected()

    def subscribed(self) -> None:
        """Ask the bridge to tell everything again: retained values may lack.

        And tell ours again: a bridge that subscribed between our CONNACK and
        now asked for it in vain.
        """
        self.publish_all()
        self.publisher.subscribed()
        command = Command(id=uuid4().hex)
        self.bus.publish(self.topics.bridge_command("republish"), command.encode())

    def publish_all(self) -> None:
        """Every retained value of the node and its devices."""
        self.presence.publish()
        self.health.publish()
        for context in self.contexts.values():
            context.presence.publish()

    async def republish_asked(self) -> Mapping[str, Any]:
        """Tell everything again, as somebody asks who has just come."""
        self.publish_all()
        self.publisher.restart()
        return {"session": self.pulpit.session}

    def _listen(self) -> None:
        self.commander.listen()
        self.bus.subscribe(self.presence.topic, self._take_own_state)
        self.bus.subscribe(self.topics.bridge_state, self._take_bridge_state)
        self.bus.subscribe(self.topics.device("+", "desired"), self._take_desired)

    def _take_own_state(self, message: Message) -> None:
        """Set right what an older session, or its will, left on our topic."""
        body = _object(message.payload)
        if body is None or self.presence.is_mine(body):
            return
        if self._again is None:
            self._again = asyncio.get_running_loop().call_later(
                SAY_AGAIN_S, self._say_again
            )

    def _say_again(self) -> None:
        self._again = None
        self.presence.publish()

    def _take_bridge_state(self, message: Message) -> None:
        body = _object(message.payload)
        if body is None or body.get("state") != NodeState.READY:
            return
        session, known = body.get("session"), self._bridge_session
        self._bridge_session = session
        is_first = known is None and message.retain
        if session != known and not is_first:
            self.publish_all()
            self.publisher.restart()

    def _take_desired(self, message: Message) -> None:
        parsed = self.topics.parse_device(message.topic)
        context = self.contexts.get(parsed.device) if parsed else None
        if context is not None:
            context.take_desired(message.payload)

    # The devices

    async def _serve_devices(self, ready: Callable[[], None] | None) -> None:
        tasks = {
            asyncio.create_task(supervisor.run(), name=device)
            for device, supervisor in self.supervisors.items()
        }
        broken = asyncio.create_task(self.journal.broken.wait())
        try:
            if ready is not None:
                ready()
            await broken
        finally:
            broken.cancel()
            await _end(tasks)
        raise JournalCorruptError(f"{self.journal.store.path} is damaged")

    async def _say_goodbye(self) -> None:
        if self._again is not None:
            self._again.cancel()
        self.presence.state = NodeState.STOPPED
        for context in self.contexts.values():
            if context.presence.state is not DeviceState.LOCKED:
                context.report(DeviceState.OFFLINE, f"node {self.pulpit.node} stopped")
        self.presence.publish()
        try:
            async with asyncio.timeout(FLUSH_S):
                await self.bus.drained(messages=0)
        except TimeoutError:
            log.info("the broker did not take the last words in time")
        try:
            await self.publisher.save()
        except JournalError as error:
            log.warning("the acks were not kept: %s", error)

    async def _clear_removed(self) -> None:
        """Clear the retained topics of devices that left the hall file."""
        while self.removed:
            await self.bus.wait_connected()
            for device in self.removed:
                self.pulpit.clear(device)
            await self.bus.drained(messages=0)
            if self.bus.connected:
                break
        await self.journal.call(
            lambda store: store.set_published_devices(self.contexts)
        )

    async def _tell_quarantine(self) -> None:
        aside = self.journal.quarantined
        if aside is None:
            return
        since = self.journal.clock().isoformat()
        message = (
            f"the journal was damaged; it is kept as {aside}, and a new one was begun: "
            "events in it that the bridge did not have are missing"
        )
        log.error("%s", message)
        self.alarms.raise_alarm(AlarmKind.JOURNAL_DAMAGED, message)
        await self.journal.call(
            lambda store: store.set_alarm(AlarmKind.JOURNAL_DAMAGED, since, message)
        )


async def _end(tasks: set[asyncio.Task[None]]) -> None:
    """End supervisors; one that does not let go is left behind, by name.

    Asked twice: a `TaskGroup` whose child fails in the moment of the cancellation
    tells the failure alone (Python 3.11).
    """
    pending = tasks
    for _ in range(CANCELLATIONS):
        if not pending:
            return
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=DEVICES_END_S / CANCELLATIONS)
    for task in pending:
        log.error("%s does not end; left behind", task.get_name())


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _object(payload: bytes) -> Mapping[str, Any] | None:
    try:
        body = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None
