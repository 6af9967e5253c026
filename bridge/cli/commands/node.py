"""`halld node rebind`: bind a node to the bridge that runs now."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import click

from bridge.cli.options import (
    config_option,
    data_option,
    find_running,
    json_option,
    load_site,
)
from bus.address import BrokerAddress
from devices.commands import Reply, ReplyStatus
from devices.site import Site
from devices.topics import DEFAULT_NODE, Topics


@click.group("node")
def command() -> None:
    """Ask a node, the process that runs devices."""


@command.command("rebind")
@click.argument("node", default=DEFAULT_NODE)
@config_option
@data_option
@json_option
def rebind(node: str, config: Path, data: Path, *, as_json: bool) -> None:
    """Bind NODE's journal to the store of the bridge that runs now.

    Needed once after the bridge got a new database: until then the node trims
    nothing and raises the alarm two-bridges.
    """
    site = load_site(config)
    broker = broker_of(site, config, data)
    reply = asyncio.run(_rebind(broker, Topics(site.hall.id), node))
    show_reply(reply, as_json=as_json, done=f"node {node} is bound to this bridge")


def broker_of(site: Site, config: Path, data: Path) -> BrokerAddress:
    """The running hall's broker, with the password of the hall file."""
    return BrokerAddress.parse(find_running(config, data).mqtt, site.mqtt.password)


def show_reply(reply: Reply, *, as_json: bool, done: str) -> None:
    """Tell how a request ended; a refused one ends the program with code 1."""
    if as_json:
        click.echo(json.dumps(json.loads(reply.encode()), ensure_ascii=False))
    if reply.status is not ReplyStatus.OK:
        raise click.ClickException(reply.message or reply.status.value)
    if not as_json:
        click.echo(done)


async def _rebind(broker: BrokerAddress, topics: Topics, node: str) -> Reply:
    from bridge.cli.requests import (  # noqa: PLC0415 - paho is needed here only
        ask,
        connected,
        first_message,
        new_command,
    )

    async with connected(broker) as client:
        state = await first_message(
            client, topics.bridge_state, within_s=5, what="the bridge"
        )
        return await ask(
            client,
            topics.node_command(node, "rebind"),
            lambda request: topics.node_reply(node, request),
            new_command(store=str(json.loads(state).get("store", ""))),
            what=f"node {node}",
        )
