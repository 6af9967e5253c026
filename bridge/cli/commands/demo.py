"""`halld demo`: the example hall, live: simulators, drivers, bridge, a whole day."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from bridge.cli.board import Board
    from bridge.cli.playing import Cast
    from simulators.day.play import Day

WARM_UP_S: Final = 15 * 60
"""So much of the played day has passed when the demo begins: people wait."""
STAFF: Final = ("1001", "1002", "1003", "1004", "1005")
"""User ids that the simulated clock knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wishes:
    directory: Path
    port: int
    speed: float
    seed: int
    day: bool


@click.command("demo")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep everything here; without it a temporary directory is used.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True)
@click.option(
    "--speed",
    type=click.FloatRange(0.1, 3600),
    default=60.0,
    show_default=True,
    help="Played seconds in a second.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Which day.")
@click.option("--no-day", is_flag=True, help="Let nobody come: you are the people.")
def command(
    *, data: Path | None, port: int, speed: float, seed: int, no_day: bool
) -> None:
    """Run the example hall with simulated devices; Ctrl-C ends everything."""
    with contextlib.ExitStack() as stack:
        if data is None:
            temporary = tempfile.TemporaryDirectory(prefix="halld-demo-")
            data = Path(stack.enter_context(temporary))
        data.mkdir(mode=0o750, parents=True, exist_ok=True)
        asyncio.run(
            _demo(
                _Wishes(
                    directory=data.absolute(),
                    port=port,
                    speed=speed,
                    seed=seed,
                    day=not no_day,
                )
            )
        )


async def _demo(wishes: _Wishes) -> None:
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(_play(wishes))
    stopping = False

    def stop() -> None:
        nonlocal stopping
        if not stopping:
            stopping = True
            task.cancel()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop)
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _play(wishes: _Wishes) -> None:
    # Everything of halld is needed here, and here only.
    import httpx  # noqa: PLC0415

    from bridge.cli.board import Board  # noqa: PLC0415
    from bridge.cli.demo_hall import (  # noqa: PLC0415
        choose_port,
        example_site,
        own_place,
        running_hall,
        write_hall_file,
    )
    from bridge.cli.demo_staff import staff_the_hall  # noqa: PLC0415
    from bridge.cli.playing import dials, host_all  # noqa: PLC0415
    from bridge.cli.watching import watch_hall  # noqa: PLC0415
    from bus.address import BrokerAddress  # noqa: PLC0415
    from simulators.day.plan import OPENS, plan_day  # noqa: PLC0415
    from simulators.day.play import Day  # noqa: PLC0415

    click.echo("starting the example hall ...")
    site = example_site()
    directory = wishes.directory
    web_port = choose_port(wishes.port, "the web")
    mqtt_port = choose_port(site.mqtt.port, "the broker")
    async with contextlib.AsyncExitStack() as stack:
        hosting = host_all(
            site,
            devices=[device for device in site.devices if not dials(device)],
            place=lambda device: own_place(device, directory),
        )
        cast = await stack.enter_async_context(hosting)
        _tell_unbound(cast)
        urls = {device: hosted.url for device, hosted in cast.hosted.items()}
        hall_file = directory / "hall.yaml"
        write_hall_file(hall_file, urls, web_port=web_port, mqtt_port=mqtt_port)
        places = await stack.enter_async_context(running_hall(directory))
        # Clocks that push call the hall, wherever it really answers.
        calling = host_all(
            site,
            devices=[device for device in site.devices if dials(device)],
            place=lambda _device: places.http,
        )
        callers = await stack.enter_async_context(calling)
        _tell_unbound(callers)
        links = [
            ("screen", f"{places.http}/screen/{site.areas[0].id}"),
            ("kiosk", f"{places.http}/kiosk"),
            ("window", f"{places.http}/counter/{site.counters[0].id}"),
            ("managers", f"{places.http}/manage"),
            ("broker", places.mqtt),
        ]
        for name, url in links:
            click.echo(f"{name:<9}{url}")
        live = sys.stdout.isatty()
        board = Board(links, _silent if live else _plain_line)
        api = httpx.AsyncClient(base_url=places.http, timeout=10)
        await stack.enter_async_context(api)
        broker = BrokerAddress.parse(places.mqtt)
        zone = site.hall.zone
        await staff_the_hall(api, datetime.fromtimestamp(time.time(), zone).date())
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(watch_hall(api, broker, board))
            if live:
                tasks.create_task(_show(board))
            if wishes.day:
                plan = plan_day(
                    wishes.seed,
                    services=[service.id for service in site.services],
                    counters=[counter.id for counter in site.counters],
                    staff=STAFF,
                )
                day = Day(
                    site,
                    {**cast.hosted, **callers.hosted},
                    plan,
                    api=api,
                    speed=wishes.speed,
                    begins=OPENS + WARM_UP_S,
                )
                tasks.create_task(_live_day(day, board))


def _tell_unbound(cast: Cast) -> None:
    for device, reason in cast.unbound.items():
        click.echo(f"{device} is not simulated: {reason}", err=True)


async def _live_day(day: Day, board: Board) -> None:
    clock = asyncio.create_task(_tell_time(day, board))
    try:
        await day.run()
    finally:
        clock.cancel()
    board.news("the day is over; Ctrl-C ends")


async def _tell_time(day: Day, board: Board) -> None:
    while True:
        minutes = int(day.time_s // 60)
        board.day = f"played time {minutes // 60:02}:{minutes % 60:02}"
        await asyncio.sleep(0.5)


async def _show(board: Board) -> None:
    from rich.live import Live  # noqa: PLC0415 - for terminals only

    with Live(board, screen=True, auto_refresh=False) as live:
        while True:
            live.refresh()
            await asyncio.sleep(0.5)


def _plain_line(text: str) -> None:
    click.echo(text)


def _silent(_text: str) -> None:
    """A terminal shows the board instead."""
