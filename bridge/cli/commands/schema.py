"""`halld schema`: the JSON schema of the hall file."""

from __future__ import annotations

import click

from bridge.cli.options import json_option


@click.command("schema")
@json_option
def command(*, as_json: bool) -> None:
    """Print the JSON schema of the hall file (it is JSON either way)."""
    from bridge.cli.schemas import schema_text  # noqa: PLC0415 - imports all drivers

    del as_json
    click.echo(schema_text(), nl=False)
