"""The demo's own hall: the example hall with places of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
from ruamel.yaml import YAML

from bridge.cli.hallfile import read_hall_file
from bus.broker import die_with_parent
from devices.shipped import config_folder
from devices.site import DeviceEntry, Site

EXAMPLE = "hall.example.yaml"
LOG = "halld.log"
PATH = "path"
"""Key of devices that stand at a file, such as keypads."""
STOP_S = 6.0


@dataclass(frozen=True, slots=True)
class Answering:
    """Where the demo's hall answers."""

    http: str
    mqtt: str


def example_site() -> Site:
    """The example hall; an installation that lost it is told."""
    hall = read_hall_file(config_folder() / EXAMPLE)
    if hall.site is None:
        told = "\n".join(str(mistake) for mistake in hall.mistakes)
        raise click.ClickException(f"the example hall is broken:\n{told}")
    return hall.site


def own_place(device: DeviceEntry, directory: Path) -> str | None:
    """Where the demo hosts a device: a free port, a PTY of its own."""
    line = f"serial:{directory / 'lines' / device.id}"
    if device.url is None:
        return line if PATH in device.parameters else None
    parts = urlsplit(device.url)
    if parts.scheme == "serial":
        return f"{line}?{parts.query}" if parts.query else line
    return f"{parts.scheme}://127.0.0.1:0"


def write_hall_file(
    path: Path, urls: Mapping[str, str], *, web_port: int, mqtt_port: int
) -> None:
    """The example hall file with the real places of its devices.

    What could not be hosted is left out, with what hangs on its line.
    """
    yaml = YAML()
    data: dict[str, Any] = yaml.load(config_folder() / EXAMPLE)
    data["guides"] = str(config_folder() / data["guides"])
    data["web"] = {"host": "127.0.0.1", "port": web_port}
    data["mqtt"] = {"url": "embedded", "port": mqtt_port}
    data["devices"] = [
        _placed(entry, urls)
        for entry in data["devices"]
        if entry["id"] in urls or not ({"url", PATH, "bus"} & entry.keys())
    ]
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(data, file)


def _placed(entry: Mapping[str, Any], urls: Mapping[str, str]) -> dict[str, Any]:
    url = urls.get(entry["id"])
    if "url" in entry:
        return {**entry, "url": url}
    if PATH in entry:
        return {**entry, PATH: urlsplit(str(url)).path}
    return dict(entry)


def choose_port(wanted: int, what: str) -> int:
    """The wanted port, or 0 with a plain note when it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            click.echo(f"port {wanted} is taken; {what} uses a free one", err=True)
            return 0
    return wanted


@contextlib.asynccontextmanager
async def running_hall(directory: Path) -> AsyncIterator[Answering]:
    """`halld run` on the demo's hall file, as a process of its own."""
    log = directory / LOG
    with log.open("ab") as stderr:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bridge.cli",
            "run",
            "--config",
            str(directory / "hall.yaml"),
            "--data",
            str(directory / "data"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            preexec_fn=die_with_parent,
        )
    try:
        assert process.stdout is not None  # noqa: S101 - PIPE was asked for
        words = (await process.stdout.readline()).decode().split()
        if words[:1] != ["ready"]:
            tail = log.read_text(errors="replace").splitlines()[-15:]
            raise click.ClickException("\n".join(["the hall did not start:", *tail]))
        places = dict(word.split("=", 1) for word in words[1:])
        yield Answering(places["http"], places["mqtt"])
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
