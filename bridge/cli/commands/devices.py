"""`halld devices`: every device of the running hall, with state and reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from bridge.cli.options import data_option, find_running, json_option

_COLUMNS = ("id", "driver", "state", "since", "node", "reason")


@click.command("devices")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The hall file of the running hall.",
)
@data_option
@click.option("--url", help="Where the hall answers, such as http://127.0.0.1:8080.")
@json_option
def command(config: Path | None, data: Path, url: str | None, *, as_json: bool) -> None:
    """List the devices of the running hall, what does not work first."""
    base = url or find_running(config, data).http
    body = _get(f"{base.rstrip('/')}/api/v1/devices?limit=1000")
    if as_json:
        click.echo(json.dumps(body, ensure_ascii=False, indent=2))
        return
    found = sorted(body["items"], key=lambda item: item["state"] == "ready")
    rows = [[_cell(item.get(name)) for name in _COLUMNS] for item in found]
    widths = [
        max(len(row[at]) for row in [list(_COLUMNS), *rows])
        for at in range(len(_COLUMNS))
    ]
    for row in [[name.upper() for name in _COLUMNS], *rows]:
        line = "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True))
        click.echo(line.rstrip())


def _get(url: str) -> dict[str, Any]:
    import httpx  # noqa: PLC0415 - slow to import, and only this needs it

    try:
        answer = httpx.get(url, timeout=10)
        answer.raise_for_status()
        body: dict[str, Any] = answer.json()
    except httpx.HTTPStatusError as error:
        message = f"{url} answers {error.response.status_code}: {error.response.text}"
        raise click.ClickException(message) from error
    except (httpx.HTTPError, ValueError) as error:
        message = f"no hall answers at {url}: {error}"
        raise click.ClickException(message) from error
    return body


def _cell(value: object) -> str:
    return "-" if value in {None, ""} else str(value)
