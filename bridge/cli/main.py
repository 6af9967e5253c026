"""`halld`: the command line."""

from __future__ import annotations

import importlib
import os
import signal
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
}
"""Command and the module that holds it."""

LASTING: Final = {"run", "simulate", "demo", "tail"}
"""Commands that run until a signal, which is their good end."""


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


def main() -> None:
    """Entry point; failures are one plain line and exit code 1."""
    if sys.argv[1:2] and sys.argv[1] in LASTING:
        # Until the command has a loop that takes them over.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _end_now)
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


def _end_now(_number: int, _frame: object) -> None:
    sys.exit(0)
