"""`halld inbox retry` while the bridge runs: asked by a signal, answered in a file.

Only who may signal the process may ask; nothing of this is on the network.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import click

PID_FILE: Final = "bridge.pid"
ANSWER_FILE: Final = "inbox-retry.json"
ASKING: Final = signal.SIGUSR1
WITHIN_S: Final = 60.0
LOOK_S: Final = 0.05
_OURS: Final = b"bridge.cli.child"

Retry = Callable[[], Awaitable[tuple[int, int]]]


async def answer_retries(retry: Retry, data: Path) -> None:
    """Run `retry` whenever asked, until cancelled."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(ASKING, asked.set)
    pid_file = data / PID_FILE
    try:
        await asyncio.to_thread(pid_file.write_text, f"{os.getpid()}\n")
        while True:
            await asked.wait()
            asked.clear()
            done, left = await retry()
            await asyncio.to_thread(_answer, data, done, left)
    finally:
        loop.remove_signal_handler(ASKING)
        pid_file.unlink(missing_ok=True)


def ask_running(data: Path) -> tuple[int, int]:
    """Have the running bridge retry; (now done, still quarantined)."""
    answer = data / ANSWER_FILE
    answer.unlink(missing_ok=True)
    os.kill(_running(data), ASKING)
    end = time.monotonic() + WITHIN_S
    while time.monotonic() < end:
        with suppress(FileNotFoundError):
            body = json.loads(answer.read_text())
            answer.unlink(missing_ok=True)
            return int(body["done"]), int(body["quarantined"])
        time.sleep(LOOK_S)
    raise click.ClickException("the bridge does not answer; see its log")


def _running(data: Path) -> int:
    """The bridge's process; never another one that got its number."""
    with suppress(OSError, ValueError):
        pid = int((data / PID_FILE).read_text())
        if _OURS in Path(f"/proc/{pid}/cmdline").read_bytes():
            return pid
    raise click.ClickException("the bridge is just starting; try again")


def _answer(data: Path, done: int, left: int) -> None:
    fresh = data / f"{ANSWER_FILE}.new"
    fresh.write_text(json.dumps({"done": done, "quarantined": left}))
    fresh.replace(data / ANSWER_FILE)
