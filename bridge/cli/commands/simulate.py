"""`halld simulate`: play the devices of a hall file on their real wires."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from pathlib import Path

import click

from bridge.cli.logs import set_up_logs
from bridge.cli.options import config_option, load_site, log_options
from devices.site import Site


@click.command("simulate")
@config_option
@click.option(
    "--control",
    type=click.IntRange(0, 65535),
    help="Port of the HTTP control API on loopback; 0 takes a free one.",
)
@log_options
def command(
    *, config: Path, control: int | None, log_level: str, log_json: bool
) -> None:
    """Listen where each device's url points, until SIGTERM or Ctrl-C."""
    site = load_site(config)
    set_up_logs(level=log_level, as_json=log_json, role="simulate")
    if not asyncio.run(_simulate(site, control)):
        raise click.ClickException("no device could be simulated")


async def _simulate(site: Site, control: int | None) -> bool:
    from bridge.cli.playing import host_all  # noqa: PLC0415 - imports all simulators

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with host_all(site) as cast, contextlib.AsyncExitStack() as stack:
        for device, reason in cast.unbound.items():
            click.echo(f"{device}: not simulated: {reason}", err=True)
        if not cast.hosted and site.devices:
            return False
        for device, hosted in cast.hosted.items():
            driver = hosted.simulator.device.driver
            click.echo(f"{device} {driver} {hosted.url}")
        where = "-"
        if control is not None:
            # FastAPI is needed for the control API only.
            from simulators.hosting.control import (  # noqa: PLC0415
                bind_control,
                create_control,
                serve_control,
            )

            sock = bind_control(control)
            where = f"http://127.0.0.1:{sock.getsockname()[1]}"
            app = create_control(cast.hosted, cast.unbound)
            serving = asyncio.create_task(serve_control(app, sock))
            stack.push_async_callback(_end, serving)
        click.echo(f"ready control={where}")
        await stop.wait()
    return True


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
