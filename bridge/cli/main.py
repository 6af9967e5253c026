"""`halld`: takes the signals, then loads the command line.

Loading takes a while; a Ctrl-C in that time is a plain end, too.
"""

from __future__ import annotations

import signal
import sys
from typing import Final

LASTING: Final = {"run", "simulate", "demo", "tail"}
"""Commands that run until a signal, which is their good end."""


def main() -> None:
    """Entry point; failures are one plain line and exit code 1."""
    if sys.argv[1:2] and sys.argv[1] in LASTING:
        # Until the command has a loop that takes them over.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _end_now)
    try:
        from bridge.cli.program import run  # noqa: PLC0415 - see above

        run()
    except KeyboardInterrupt:
        sys.exit(130)


def _end_now(_number: int, _frame: object) -> None:
    sys.exit(0)
