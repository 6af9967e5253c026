"""`halld tail`: follow the events of a hall on its broker."""

from __future__ import annotations

import asyncio
import fnmatch
import json
import logging
import signal
from collections.abc import Iterable
from pathlib import Path

import click

from bridge.cli.options import data_option, find_running, json_option
from bus.address import BrokerAddress
from devices.errors import ProtocolError
from devices.events import CloudEvent, decode_events

_HIDDEN = frozenset({"raw"})


@click.command("tail")
@click.argument("pattern", metavar="[FILTER]", required=False)
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The hall file of the running hall.",
)
@data_option
@click.option("--broker", help="A broker, such as mqtt://127.0.0.1:1883.")
@json_option
def command(
    pattern: str | None,
    config: Path | None,
    data: Path,
    broker: str | None,
    *,
    as_json: bool,
) -> None:
    """Print events as they come, until Ctrl-C.

    FILTER is a device id or an event type, such as bus-1, rating.press or
    'card.*'.
    """
    address = BrokerAddress.parse(broker or find_running(config, data).mqtt)
    logging.basicConfig(level="WARNING", format="%(message)s")
    asyncio.run(_follow(address, pattern, as_json=as_json))


def wanted(event: CloudEvent, pattern: str | None) -> bool:
    """Whether an event's device or type fits a pattern."""
    words = (event.subject, event.type)
    return pattern is None or any(fnmatch.fnmatchcase(w, pattern) for w in words)


def line(event: CloudEvent) -> str:
    """An event for people: the time, who, what."""
    details = " ".join(
        f"{key}={json.dumps(value, ensure_ascii=False)}"
        for key, value in event.data.items()
        if key not in _HIDDEN
    )
    return f"{event.time:%H:%M:%S} {event.subject:<12} {event.type:<18} {details}"


async def _follow(
    address: BrokerAddress, pattern: str | None, *, as_json: bool
) -> None:
    # paho is needed here only.
    from bridge.cli.requests import connected  # noqa: PLC0415
    from bus.client import Message  # noqa: PLC0415

    def show(message: Message) -> None:
        try:
            events: Iterable[CloudEvent] = decode_events(message.payload)
        except ProtocolError as error:
            click.echo(f"{message.topic}: {error}", err=True)
            return
        for event in events:
            if wanted(event, pattern):
                click.echo(event.encode().decode() if as_json else line(event))

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with connected(address) as client:
        for kind in ("event", "batch"):
            client.subscribe(f"hall/v1/+/dev/+/{kind}/+", show)
        click.echo(f"following {address}", err=True)
        await stop.wait()
