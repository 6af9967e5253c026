"""Tables and JSON on stdout, for people and programs."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import datetime, tzinfo

import click


def print_table(
    heads: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str = ""
) -> None:
    """Columns below upper-case headings; `empty` where there is no row."""
    if not rows and empty:
        click.echo(empty)
        return
    shown = [[name.upper() for name in heads]]
    shown += [[_cell(value) for value in row] for row in rows]
    widths = [max(_width(row[at]) for row in shown) for at in range(len(heads))]
    for row in shown:
        cells = [
            cell + " " * (width - _width(cell))
            for cell, width in zip(row, widths, strict=True)
        ]
        click.echo("  ".join(cells).rstrip())


def print_json(value: object, zone: tzinfo) -> None:
    """As REST tells it, on one line."""
    from bridge.web.encoding import to_json  # noqa: PLC0415 - loads the web

    click.echo(to_json(value, zone).decode())


def _cell(value: object) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return str(value)


def _width(text: str) -> int:
    """Columns on a terminal: Chinese takes two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
