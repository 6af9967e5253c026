"""`halld inbox retry`: run events again that a rule could not take."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import time
from datetime import datetime
from pathlib import Path

import click

from bridge.cli.options import config_option, data_option, json_option, load_site
from bridge.cli.retrying import ask_running
from devices.site import Site


@click.group("inbox")
def command() -> None:
    """The events that the bridge took in."""


@command.command("retry")
@config_option
@data_option
@json_option
def retry(config: Path, data: Path, *, as_json: bool) -> None:
    """Run every quarantined event again; the hall may run or not."""
    site = load_site(config)
    lock = data / "bridge.lock"
    if not data.is_dir():
        message = f"no hall has run in {data}; name its --data"
        raise click.ClickException(message)
    with contextlib.ExitStack() as stack:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o640)
        stack.callback(os.close, handle)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            done, left = ask_running(data)
        else:
            done, left = asyncio.run(_retry(site, data.absolute()))
    if as_json:
        click.echo(json.dumps({"done": done, "quarantined": left}))
    else:
        click.echo(f"{done} events done, {left} still quarantined")


async def _retry(site: Site, data: Path) -> tuple[int, int]:
    from bridge.service.hall import open_hall  # noqa: PLC0415 - the store is heavy

    zone = site.hall.zone
    async with open_hall(
        site=site, data=data, clock=lambda: datetime.fromtimestamp(time.time(), zone)
    ) as hall:
        return await hall.retry_inbox()
