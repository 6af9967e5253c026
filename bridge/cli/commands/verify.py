"""`halld verify`: whether the ledger of attendance is whole."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path

import click

from bridge.cli.options import config_option, data_option, json_option, load_site

_HEAD = re.compile(r"(\d{1,18}):([0-9a-fA-F]{8,64})")


def _anchor(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> tuple[int, str] | None:
    if value is None:
        return None
    match = _HEAD.fullmatch(value)
    if match is None:
        raise click.BadParameter(
            "want row and hash as a sheet has them, such as 123:5f2a… (8 to 64 digits)"
        )
    return int(match[1]), match[2].lower()


@click.command("verify")
@config_option
@data_option
@click.option(
    "--head",
    metavar="ROW:HASH",
    callback=_anchor,
    help="Row and hash (or its beginning) from a signed sheet.",
)
@json_option
def command(
    config: Path, data: Path, head: tuple[int, str] | None, *, as_json: bool
) -> None:
    """Check that the ledger was not changed and that all agrees with it.

    Reads the store alone; the hall may run or not.
    """
    from bridge.service.attendance.facts.verify import verify  # noqa: PLC0415 - heavy
    from bridge.service.attendance.offline import STORE  # noqa: PLC0415 - heavy
    from bridge.store.errors import StoreError  # noqa: PLC0415 - heavy

    site = load_site(config)
    try:
        verdict = verify(data / STORE, site.hall.zone, anchor=head)
    except StoreError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        found = {"ok": verdict.is_whole, **asdict(verdict)}
        click.echo(json.dumps(found, ensure_ascii=False))
    elif verdict.is_whole:
        click.echo(
            f"whole: {verdict.rows} ledger rows, {verdict.facts} facts, "
            f"{verdict.sealed_punches} of {verdict.punches} punches sealed, "
            f"{verdict.closed_months} months closed"
        )
        click.echo(f"head {verdict.rows}:{verdict.head}")
    else:
        for fault in verdict.faults:
            click.echo(f"{data / STORE}: {fault}", err=True)
    if not verdict.is_whole:
        raise click.exceptions.Exit(1)
