"""`halld report`: attendance read from the store itself, the hall running or not."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import click

from bridge.cli.options import config_option, data_option, json_option, load_site
from bridge.cli.printing import print_json, print_table
from devices.site import Site

if TYPE_CHECKING:  # the store is heavy
    from bridge.service.attendance.offline import OfflineAttendance
    from bridge.service.attendance.views import MonthStatus

_COLUMNS: Final = {
    "id": "person",
    "name": "name",
    "department": "department",
    "due": "due_days",
    "attended": "attended_days",
    "late": "late",
    "early": "early",
    "missing": "missing",
    "absent": "absent_days",
    "leave": "leave_days",
    "field": "field_days",
    "unknown": "unknown_days",
    "pending": "pending_days",
    "final": "final",
}

language_option = click.option(
    "--lang", default="zh-CN", show_default=True, help="Words of sheets: zh-CN or en."
)


@click.group("report")
def command() -> None:
    """Reports from the store; nothing is changed."""


@command.command("attendance")
@config_option
@data_option
@click.option("--month", required=True, metavar="YYYY-MM", help="Which month.")
@click.option("--department", help="One department only.")
@click.option("--person", help="One person only, by id.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv", "xlsx"]),
    default="table",
    show_default=True,
    help="xlsx is the sheet for signing, with the days.",
)
@click.option(
    "--part",
    type=click.Choice(["summary", "days"]),
    default="summary",
    show_default=True,
    help="Which table, with csv.",
)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="A file to write."
)
@language_option
@json_option
def attendance(
    *,
    config: Path,
    data: Path,
    month: str,
    department: str | None,
    person: str | None,
    form: str,
    part: Literal["summary", "days"],
    out: Path | None,
    lang: str,
    as_json: bool,
) -> None:
    """Everybody's month."""
    site = load_site(config)
    _check_month(month)
    form = "json" if as_json else form
    if form in {"table", "json"} and out is not None:
        raise click.UsageError("--out goes with --format csv or xlsx")
    if form == "xlsx" and out is None and sys.stdout.isatty():
        raise click.UsageError("a workbook is no text; name a file with --out")
    with _opened(site, data) as store:
        if form in {"csv", "xlsx"}:
            sheet = store.sheet(month, person=person, department=department)
            from bridge.service.attendance.sheets.files import (  # noqa: PLC0415 - heavy
                month_csv,
                month_workbook,
            )

            is_csv = form == "csv"
            content = (
                month_csv(sheet, part, lang) if is_csv else month_workbook(sheet, lang)
            )
            _put(content, out)
            return
        rows = store.months(month, person=person, department=department)
        status = store.month(month)
    if form == "json":
        found = {"items": rows, "total": len(rows), "status": status}
        print_json(found, site.hall.zone)
        return
    table = [[getattr(row, name) for name in _COLUMNS.values()] for row in rows]
    print_table(list(_COLUMNS), table, empty=f"nobody has a row in {month}")
    click.echo(_standing(status))


@command.command("gaps")
@config_option
@data_option
@json_option
def gaps(config: Path, data: Path, *, as_json: bool) -> None:
    """Every clock: up to when its log is here, and times for which it is not."""
    site = load_site(config)
    with _opened(site, data) as store:
        clocks = store.clocks()
    if as_json:
        print_json({"items": clocks, "total": len(clocks)}, site.hall.zone)
        return
    heads = ["clock", "read until", "gap from", "to", "state", "reason", "note"]
    rows: list[list[object]] = []
    for clock in clocks:
        until = _local(clock.until, site) or "never"
        rows.append([clock.device, until, "", "", "", clock.suspect, ""])
        for gap in clock.gaps:
            start, end = _local(gap.start, site), _local(gap.end, site) or "open"
            rows.append(["", "", start, end, gap.state, gap.reason, gap.note])
    print_table(heads, rows, empty="the hall file has no clocks")


@command.command("unknown-users")
@config_option
@data_option
@json_option
def unknown_users(config: Path, data: Path, *, as_json: bool) -> None:
    """Numbers that punched and are nobody's on those days."""
    site = load_site(config)
    with _opened(site, data) as store:
        users = store.unknown_users()
    if as_json:
        print_json({"items": users, "total": len(users)}, site.hall.zone)
        return
    heads = ["number", "punches", "first", "last", "clocks", "left"]
    rows = [
        [
            user.user_id,
            user.punches,
            _local(user.first, site),
            _local(user.last, site),
            ", ".join(user.devices),
            user.left,
        ]
        for user in users
    ]
    print_table(heads, rows, empty="every number that punched is somebody's")


@contextmanager
def _opened(site: Site, data: Path) -> Iterator[OfflineAttendance]:
    from bridge.service.attendance.offline import open_readonly  # noqa: PLC0415 - heavy
    from bridge.store.errors import StoreError  # noqa: PLC0415 - heavy

    zone = site.hall.zone
    try:
        with open_readonly(
            site, data, lambda: datetime.fromtimestamp(time.time(), zone)
        ) as store:
            yield store
    except StoreError as error:
        raise click.ClickException(str(error)) from error


def _check_month(month: str) -> None:
    try:
        datetime.strptime(month, "%Y-%m")  # noqa: DTZ007 - only whether it is one
    except ValueError as error:
        raise click.BadParameter(
            f"{month!r} is no month, such as 2026-11", param_hint="--month"
        ) from error
    if len(month) != len("yyyy-mm"):
        raise click.BadParameter(
            f"{month!r} is no month, such as 2026-11", param_hint="--month"
        )


def _put(content: bytes, out: Path | None) -> None:
    if out is None:
        click.echo(content, nl=False)
        return
    out.write_bytes(content)
    click.echo(f"{out}: {len(content)} bytes", err=True)


def _standing(status: MonthStatus) -> str:
    """How the month stands, in a line."""
    if status.closed_by is not None:
        changed = status.pending_changes
        more = f"; {changed} days changed since" if changed else ""
        return f"{status.month}: closed by {status.closed_by}{more}"
    if status.final:
        return f"{status.month}: {status.state}, final"
    waits = {
        "unknown days": status.unknown_days,
        "pending days": status.pending_days,
        "undecided": status.undecided,
    }
    words = ", ".join(f"{count} {name}" for name, count in waits.items() if count)
    return f"{status.month}: {status.state}, not final" + (
        f": {words}" if words else ""
    )


def _local(moment: datetime | None, site: Site) -> datetime | None:
    return None if moment is None else moment.astimezone(site.hall.zone)
