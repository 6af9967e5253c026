"""The command line: every command, and how its failures are told."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Final

import click

from devices.errors import DeviceError

COMMANDS: Final = {
    "run": "run",
    "check": "check",
    "schema": "schema",
    "simulate": "simulate",
    "demo": "demo",
    "devices": "devices",
    "tail": "tail",
    "inbox": "inbox",
    "node": "node",
    "clocks": "clocks",
    "report": "report",
    "import": "imports",
    "guides": "guides",
    "verify": "verify",
}
"""Command and the module that holds it."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        # Imported when called: `check` needs no web server, `tail` no drivers.
        module = importlib.import_module(f"bridge.cli.commands.{COMMANDS[cmd_name]}")
        command: click.Command = module.command
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="halld", prog_name="halld")
def halld() -> None:
    """The daemon that runs the devices of a service hall."""


def run() -> None:
    """Run the command of `sys.argv`; failures are one plain line and exit code 1."""
    try:
        # Outside its standalone mode click returns the code of an Exit.
        code = halld(standalone_mode=False)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our output has gone: nothing is left to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except (DeviceError, OSError) as error:
        click.echo(f"halld: {error}", err=True)
        sys.exit(1)
    sys.exit(code or 0)
