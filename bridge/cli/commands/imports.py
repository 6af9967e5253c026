"""`halld import`: people, postings, shifts, leave and calendar days from a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

from bridge.cli.options import data_option, find_running, json_option, load_site

BAD_ROWS: Final = 2
"""Exit code when the file has bad rows."""

_KINDS: Final = ("people", "postings", "shifts", "leave", "calendar")
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TIMEOUT_S: Final = 120.0


@click.command("import")
@click.argument("kind", type=click.Choice(_KINDS))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--by", required=True, help="Who imports it; goes into the ledger.")
@click.option("--reason", default="", help="Why; goes into the ledger.")
@click.option("--dry-run", is_flag=True, help="Only tell what would come of it.")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The hall file of the running hall.",
)
@data_option
@click.option("--url", help="Where the hall answers, such as http://127.0.0.1:8080.")
@click.option("--lang", default="en", show_default=True, help="en or zh-CN.")
@json_option
def command(
    *,
    kind: str,
    file: Path,
    by: str,
    reason: str,
    dry_run: bool,
    config: Path | None,
    data: Path,
    url: str | None,
    lang: str,
    as_json: bool,
) -> None:
    """Import a CSV or XLSX file into the running hall: all of it or nothing.

    Every bad row is told as file:row:column; there the exit code is 2.
    """
    base = url or find_running(config, data).http
    token = load_site(config).web.token if config is not None else None
    query = {
        "kind": kind,
        "by": by,
        "reason": reason,
        "lang": lang,
        "dry_run": "true" if dry_run else "false",
    }
    is_good, found = _send(base.rstrip("/"), query, file, token)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    elif is_good:
        _tell(file, found)
    else:
        for mistake in found["errors"]:
            click.echo(f"{file}: {mistake['field']}: {mistake['message']}", err=True)
    if not is_good or found["bad"]:
        raise click.exceptions.Exit(BAD_ROWS)


def _send(
    base: str, query: Mapping[str, str], file: Path, token: str | None
) -> tuple[bool, dict[str, Any]]:
    """What the hall says: (True, its answer) or (False, what its rules refuse)."""
    import httpx  # noqa: PLC0415 - slow to import, and only this needs it

    media = _XLSX if file.suffix.lower() in {".xlsx", ".xlsm"} else "text/csv"
    headers = {"Content-Type": media}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    try:
        answer = httpx.post(
            f"{base}/api/v1/attendance/imports",
            params=dict(query),
            content=file.read_bytes(),
            headers=headers,
            timeout=_TIMEOUT_S,
        )
        body: dict[str, Any] = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise click.ClickException(f"no hall answers at {base}: {error}") from error
    if answer.is_success:
        return True, body
    if body.get("type") == "invalid-facts" and body.get("errors"):
        return False, body
    words = body.get("detail") or body.get("title")
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        words = f"{words}; name the hall file with --config"
    raise click.ClickException(f"{file}: {words}")


def _tell(file: Path, found: Mapping[str, Any]) -> None:
    for bad in found["bad"]:
        place = f"{file}:{bad['row']}:{bad['column']}"
        value = f" ({bad['value']})" if bad["value"] else ""
        click.echo(f"{place}: {bad['message']}{value}", err=True)
    if found["ignored"]:
        click.echo(f"{file}: columns ignored: {', '.join(found['ignored'])}", err=True)
    counts = (
        f"{found['rows']} rows, {found['good']} good, {found['same']} known already"
    )
    if found["bad"]:
        click.echo(f"{file}: {counts}; nothing is written", err=True)
        return
    days = f"{found['changes']} days change"
    done = "written" if found["written"] else "nothing is written (dry run)"
    click.echo(f"{file}: {counts}; {days}; {done}")
