"""`halld check`: tell every mistake of a hall file."""

from __future__ import annotations

import json
from pathlib import Path

import click

from bridge.cli.guiding import check_guides
from bridge.cli.hallfile import read_hall_file
from bridge.cli.media import check_media
from bridge.cli.options import INVALID_CONFIG, config_option, json_option, tell


@click.command("check")
@config_option
@json_option
def command(config: Path, *, as_json: bool) -> None:
    """Check a hall file: every mistake with file, line and key."""
    hall = read_hall_file(config)
    check_guides(hall)
    check_media(hall)
    if as_json:
        body = {
            "ok": hall.site is not None,
            "file": str(config),
            "errors": [mistake.as_json() for mistake in hall.mistakes],
            "warnings": [warning.as_json() for warning in hall.warnings],
        }
        click.echo(json.dumps(body, ensure_ascii=False, indent=2))
    else:
        tell(hall)
    if hall.site is None:
        raise click.exceptions.Exit(INVALID_CONFIG)
    if not as_json:
        site = hall.site
        click.echo(
            f"{config}: ok: hall {site.hall.id}, {len(site.services)} services, "
            f"{len(site.counters)} counters, {len(site.devices)} devices"
        )
