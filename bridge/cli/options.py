"""Options that several commands share, and how a hall file's mistakes are told."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bridge.cli.logs import LEVELS

if TYPE_CHECKING:
    from bridge.cli.hallfile import HallFile
    from devices.site import Site

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

INVALID_CONFIG = 2
RUN_FILE = "run.json"
"""Below --data: where the hall that runs (or ran last) answers."""

config_option = click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The hall file (YAML or JSON).",
)
data_option = click.option(
    "--data",
    "data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("data"),
    show_default="./data",
    help="Where everything that is kept is kept.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")


def log_options(command: Decorated) -> Decorated:
    """`--log-level` and `--log-json`."""
    level = click.option(
        "--log-level",
        type=click.Choice(LEVELS),
        default="info",
        show_default=True,
        help="How much to tell on stderr.",
    )
    as_json = click.option("--log-json", is_flag=True, help="Logs as JSON lines.")
    return level(as_json(command))


def load_site(config: Path) -> Site:
    """The hall file's site; ends the program with code 2 when it has mistakes."""
    # `run` starts its children before this takes its time.
    from bridge.cli.hallfile import read_hall_file  # noqa: PLC0415

    hall = read_hall_file(config)
    tell(hall)
    if hall.site is None:
        raise click.exceptions.Exit(INVALID_CONFIG)
    return hall.site


def tell(hall: HallFile) -> None:
    """Every warning and mistake of a hall file, on stderr."""
    for warning in hall.warnings:
        click.echo(f"warning: {warning}", err=True)
    for mistake in hall.mistakes:
        click.echo(str(mistake), err=True)
    if hall.mistakes:
        count = len(hall.mistakes)
        click.echo(
            f"{hall.path}: {count} mistake{'s' if count > 1 else ''}; nothing started",
            err=True,
        )


@dataclass(frozen=True, slots=True)
class Running:
    """Where a hall answers."""

    http: str
    mqtt: str


def find_running(config: Path | None, data: Path) -> Running:
    """Where the hall of a hall file answers.

    Without one: where the hall that ran last on `data` did, else the contract's places.
    """
    if config is None:
        if (data / RUN_FILE).exists():
            return Running(_noted(data, "http"), _noted(data, "mqtt"))
        return Running("http://127.0.0.1:8080", "mqtt://127.0.0.1:1883")
    site = load_site(config)
    http = f"http://{site.web.host}:{site.web.port}"
    mqtt = site.mqtt.url
    if mqtt == "embedded":
        port = site.mqtt.port
        mqtt = f"mqtt://127.0.0.1:{port}" if port else _noted(data, "mqtt")
    return Running(http if site.web.port else _noted(data, "http"), mqtt)


def _noted(data: Path, name: str) -> str:
    """What the hall that ran last left word of."""
    try:
        return str(json.loads((data / RUN_FILE).read_text())[name])
    except (OSError, ValueError, KeyError) as error:
        message = f"no hall has run in {data} (no {RUN_FILE}); name it with --data"
        raise click.ClickException(message) from error
