"""`halld guides`: service guides from a table that the hall has."""

from __future__ import annotations

import json
from pathlib import Path

import click

from bridge.cli.options import config_option, json_option, load_site
from bridge.service.attendance.importing.tables import TableError, read_table
from bridge.service.guide_import import (
    MAX_CELL,
    Fate,
    Plan,
    plan_import,
    template,
    write_pages,
)

BAD_ROWS = 2
"""Exit code when the file has bad rows."""


@click.group("guides")
def command() -> None:
    """The service guides of the kiosk."""


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@config_option
@click.option("--dry-run", is_flag=True, help="Only tell what would come of it.")
@click.option("--force", is_flag=True, help="Overwrite files that somebody changed.")
@json_option
def import_(
    *, file: Path, config: Path, dry_run: bool, force: bool, as_json: bool
) -> None:
    """Make guides of a CSV or XLSX file, one item a row: all of them or none.

    Every bad row is told as file:row:column; there the exit code is 2 and nothing is
    written. A running hall shows the guides within seconds.
    """
    site = load_site(config)
    if site.guides is None:
        raise click.ClickException(
            f"{config}: it names no folder for guides; add the line `guides: ./guides`"
        )
    folder = Path(site.guides)
    services = {service.id: service.name for service in site.services}
    try:
        table = read_table(file.read_bytes(), "en", max_cell=MAX_CELL)
        plan = plan_import(table, services, folder, force=force)
    except TableError as error:
        raise click.ClickException(f"{file}: {error}") from error
    is_written = not plan.bad and not dry_run
    if is_written:
        write_pages(plan, folder)
    if as_json:
        click.echo(_json(plan, folder, is_written=is_written))
    else:
        _tell(plan, file, folder, is_written=is_written)
    if plan.bad:
        raise click.exceptions.Exit(BAD_ROWS)


@command.command("template")
def print_template() -> None:
    """Print a CSV with every heading and an example, to fill in with Excel or WPS."""
    click.echo(template(), nl=False)


def _tell(plan: Plan, file: Path, folder: Path, *, is_written: bool) -> None:
    for bad in plan.bad:
        value = f" ({bad.value})" if bad.value else ""
        place = f"{file}:{bad.row}:{bad.column}"
        click.echo(f"{place}: {bad.message}{value}", err=True)
    if plan.ignored:
        click.echo(f"{file}: columns ignored: {', '.join(plan.ignored)}", err=True)
    for page in plan.pages:
        click.echo(f"{page.fate:8} {page.name}")
    kept = [page for page in plan.pages if page.fate is Fate.KEPT]
    if kept:
        click.echo(
            f"{folder}: {len(kept)} kept as somebody changed them; "
            "--force overwrites them",
            err=True,
        )
    done = f"written to {folder}" if is_written else "nothing is written"
    if not is_written and not plan.bad:
        done = f"{done} (dry run)"
    count = sum(page.is_written for page in plan.pages)
    click.echo(
        f"{file}: {plan.rows} rows, {len(plan.bad)} mistakes, {count} files; {done}",
        err=True,
    )


def _json(plan: Plan, folder: Path, *, is_written: bool) -> str:
    body = {
        "folder": str(folder),
        "rows": plan.rows,
        "written": is_written,
        "guides": [
            {"row": page.row, "file": page.name, "fate": page.fate.value}
            for page in plan.pages
        ],
        "bad": [
            {
                "row": bad.row,
                "column": bad.column,
                "value": bad.value,
                "message": bad.message,
            }
            for bad in plan.bad
        ],
        "ignored": list(plan.ignored),
    }
    return json.dumps(body, ensure_ascii=False)
