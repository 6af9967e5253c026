"""`halld run`: run a hall."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from bridge.cli.options import config_option, data_option, load_site, log_options
from devices.errors import MisuseError
from devices.topics import DEFAULT_NODE, checked_id


def _node(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    try:
        return checked_id(value)
    except MisuseError as error:
        raise click.BadParameter(str(error)) from error


@click.command("run")
@config_option
@data_option
@click.option(
    "--only",
    type=click.Choice(["drivers", "bridge"]),
    help="Run one part; the other runs elsewhere on the same broker.",
)
@click.option(
    "--node",
    default=DEFAULT_NODE,
    show_default=True,
    callback=_node,
    help="Which devices: those whose `node` is this.",
)
@log_options
def command(
    *,
    config: Path,
    data: Path,
    only: str | None,
    node: str,
    log_level: str,
    log_json: bool,
) -> None:
    """Run a hall until SIGTERM or Ctrl-C."""
    from bridge.cli.parent import Plan, run_hall  # noqa: PLC0415 - see main

    plan = Plan(
        read_site=partial(load_site, config),
        data=data.absolute(),
        only=only,
        node=node,
        log_level=log_level,
        log_json=log_json,
    )
    raise click.exceptions.Exit(run_hall(plan))
