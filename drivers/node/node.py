"""A drivers process: every device of a node, its journal, its place on the bus."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bus.address import BrokerAddress
from bus.client import BusClient
from devices.site import DeviceEntry, Site
from devices.topics import Topics
from drivers.adms.server import Listening
from drivers.node.alarms import Alarms
from drivers.node.commands import Commander
from drivers.node.context import NodeContext, NodeServices
from drivers.node.health import Health
from drivers.node.journal import Journal, JournalCorruptError
from drivers.node.journal_store import JournalStore
from drivers.node.presence import DevicePresence, NodePresence, Pulpit
from drivers.node.publisher import Publisher, Timing
from drivers.node.pushing import is_push_wanted, make_push_server
from drivers.node.running import Node
from drivers.node.subjects import load_subject_key
from drivers.node.supervisor import FIRST_RETRY_S, Supervisor

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeTiming:
    """How patient a node is; tests are less so."""

    publisher: Timing = field(default_factory=Timing)
    first_retry_s: float = FIRST_RETRY_S
    health_every_s: float = 60.0


async def run_node(
    *,
    site: Site,
    node: str,
    data: Path,
    broker: BrokerAddress,
    clock: Callable[[], datetime],
    ready: Callable[[], None] | None = None,
    timing: NodeTiming | None = None,
    push: Listening | None = None,
) -> None:
    """Run a node's devices until cancelled; ends in good order.

    `push` is where push clocks are served when the hall file does not say;
    `ready` is called once its drivers run, broker or not. Raises
    `JournalInUseError` when another process runs this node on `data`.
    """
    while True:
        journal = await Journal.open(data / f"node-{node}", node, clock=clock)
        try:
            running = await make_node(
                site=site,
                node=node,
                data=data,
                broker=broker,
                journal=journal,
                timing=timing or NodeTiming(),
                push=push,
            )
            await running.run(ready)
        except JournalCorruptError as error:
            log.error("%s; it is put aside and a new one begun", error)  # noqa: TRY400
            ready = None
        finally:
            await journal.close()


async def make_node(
    *,
    site: Site,
    node: str,
    data: Path,
    broker: BrokerAddress,
    journal: Journal,
    timing: NodeTiming,
    push: Listening | None = None,
) -> Node:
    """Wire everything; nothing runs yet."""
    topics = Topics(site.hall.id)
    services = NodeServices(
        site=site,
        journal=journal,
        clock=journal.clock,
        subject_key=load_subject_key(data, site.privacy.subject_key),
    )
    hooks = _Hooks()
    bus = BusClient(
        broker,
        f"halld-{site.hall.id}-node-{node}",
        hello=lambda: hooks.node().hello(),
        on_connect=lambda: hooks.node().connected(),
        on_subscribed=lambda: hooks.node().subscribed(),
    )
    pulpit = Pulpit(bus=bus, topics=topics, node=node, clock=services.now)
    alarms = Alarms(services.now)
    push_server = make_push_server(services, alarms, push)
    publisher = await Publisher.make(
        journal=journal,
        bus=bus,
        topics=topics,
        node=node,
        alarms=alarms,
        timing=timing.publisher,
    )
    services.room = publisher.room
    entries = site.on_node(node)
    remembered = await journal.call(JournalStore.remembered)
    contexts = {
        entry.id: NodeContext(
            device=entry,
            services=services,
            presence=_device_presence(entry, pulpit),
            remembered=remembered.get(entry.id, {}),
        )
        for entry in entries
    }
    supervisors = {
        device: Supervisor(context, first_retry_s=timing.first_retry_s)
        for device, context in contexts.items()
    }
    health = Health(
        pulpit=pulpit,
        services=services,
        alarms=alarms,
        devices=[context.presence for context in contexts.values()],
        data=data,
        settle=publisher.save,
        every_s=timing.health_every_s,
    )
    requests = {
        "replay": publisher.replay,
        "new-epoch": publisher.new_epoch,
        "rebind": publisher.rebind,
        "republish": lambda _args: hooks.node().republish_asked(),
    }
    commander = Commander(
        bus=bus,
        topics=topics,
        node=node,
        devices=supervisors,
        elsewhere=frozenset(
            device.id for device in site.devices if device.node != node
        ),
        requests=requests,
    )
    hooks.made = Node(
        journal=journal,
        bus=bus,
        topics=topics,
        alarms=alarms,
        presence=NodePresence(pulpit=pulpit),
        pulpit=pulpit,
        publisher=publisher,
        commander=commander,
        health=health,
        contexts=contexts,
        supervisors=supervisors,
        removed=await _removed(journal, site, frozenset(contexts)),
        push=push_server if is_push_wanted(services, node, push_server) else None,
    )
    return hooks.made


@dataclass(slots=True)
class _Hooks:
    """Lets the bus client call a node that is made after it."""

    made: Node | None = None

    def node(self) -> Node:
        assert self.made is not None  # noqa: S101 - the client runs after `make`
        return self.made


def _device_presence(entry: DeviceEntry, pulpit: Pulpit) -> DevicePresence:
    return DevicePresence(
        pulpit=pulpit,
        device=entry.id,
        since=pulpit.clock(),
        info={
            "driver": entry.driver,
            "name": entry.label,
            "counter": entry.counter,
            "area": entry.area,
            "node": pulpit.node,
            "model": None,
            "firmware": None,
            "serial": None,
            "capabilities": [],
            "commands": [],
        },
    )


async def _removed(
    journal: Journal, site: Site, present: frozenset[str]
) -> frozenset[str]:
    """Devices that this node told of and that no node has any more.

    Those stay on the list until their topics are cleared, over restarts.
    """

    def note(store: JournalStore) -> frozenset[str]:
        told = store.published_devices()
        gone = frozenset(told - {device.id for device in site.devices})
        store.set_published_devices(present | gone)
        return gone

    return await journal.call(note)
