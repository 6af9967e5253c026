"""`make bench`: what the hall does, in numbers, beside its limits.

Prints a table and writes `bench.json` in the current folder. Nothing here
fails on a slow machine: the numbers say what was reached.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path

from benchmarks import (
    attendance,
    clocks,
    day,
    idle,
    latency,
    queue,
    throughput,
    waits,
)
from benchmarks.figures import Figure
from rich.console import Console
from rich.table import Table

PARTS: dict[str, Callable[[], Awaitable[list[Figure]]]] = {
    "latency": latency.measure,
    "throughput": throughput.measure,
    "idle": idle.measure,
    "attendance": attendance.measure,
    "clocks": clocks.measure,
    "waits": waits.measure,
    "queue": queue.measure,
    "day": day.measure,
}


def show(figures: list[Figure]) -> None:
    """Print one row a figure."""
    table = Table(title="halld bench", show_lines=False)
    for column in ("part", "figure", "measured", "target", "reached"):
        table.add_column(column)
    for figure in figures:
        reached = {True: "yes", False: "NO", None: ""}[figure.reached]
        target = "" if figure.limit is None else f"{figure.bound} {figure.limit:g}"
        table.add_row(
            figure.part, figure.name, f"{figure.value:g} {figure.unit}", target, reached
        )
    Console(width=120).print(table)


async def run(parts: list[str]) -> list[Figure]:
    """Measure the parts one after the other, each in a hall of its own."""
    figures: list[Figure] = []
    for name in parts:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)  # noqa: T201
        figures += await PARTS[name]()
    return figures


def main() -> None:
    """Read the arguments, measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[])
    parser.add_argument("--output", type=Path, default=Path("bench.json"))
    arguments = parser.parse_args()
    figures = asyncio.run(run(arguments.parts or list(PARTS)))
    show(figures)
    report = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "figures": [asdict(f) | {"reached": f.reached} for f in figures],
    }
    arguments.output.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
