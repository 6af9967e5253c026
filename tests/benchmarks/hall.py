"""A hall under measurement: the real `halld run`, seen only from outside."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

HALLD: Final = Path(sys.executable).with_name("halld")
READY_TIMEOUT_S: Final = 30.0
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class RunningHall:
    """Where a hall answers and which processes it is."""

    http: str
    mqtt: str
    pid: int

    @property
    def processes(self) -> dict[int, str]:
        """Process id -> command line, of the parent and all below it."""
        found: dict[int, str] = {}
        waiting = [self.pid]
        while waiting:
            pid = waiting.pop()
            try:
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                below = Path(f"/proc/{pid}/task/{pid}/children").read_text()
            except OSError:
                continue
            found[pid] = b" ".join(words).decode(errors="replace").strip()
            waiting += [int(child) for child in below.split()]
        return found

    def cpu_s(self, pid: int) -> float:
        """Processor seconds that a process has used."""
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_S

    def memory_mb(self, pid: int) -> float:
        """Proportional share of memory of a process, in MB."""
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def cpu_by_part(self) -> dict[str, float]:
        """Processor seconds that each part has used."""
        used: dict[str, float] = defaultdict(float)
        for pid, words in self.processes.items():
            used[_part(words)] += self.cpu_s(pid)
        return dict(used)

    def memory_by_part(self) -> dict[str, float]:
        """Proportional share of memory of each part, in MB."""
        used: dict[str, float] = defaultdict(float)
        for pid, words in self.processes.items():
            used[_part(words)] += self.memory_mb(pid)
        return dict(used)

    async def devices(self) -> list[dict[str, Any]]:
        """All devices with their states."""
        async with httpx.AsyncClient(base_url=self.http) as client:
            answer = await client.get("/api/v1/devices", params={"limit": 1000})
            answer.raise_for_status()
            items: list[dict[str, Any]] = answer.json()["items"]
            return items

    async def all_ready(self, timeout_s: float = 30.0, prefix: str = "") -> None:
        """Wait until every device whose id begins so is ready."""
        async with asyncio.timeout(timeout_s):
            while not all(  # noqa: ASYNC110 - seen from outside, by asking
                device["state"] == "ready"
                for device in await self.devices()
                if device["id"].startswith(prefix)
            ):
                await asyncio.sleep(0.02)


@asynccontextmanager
async def running_hall(
    hall_file: Mapping[str, Any], folder: Path
) -> AsyncIterator[RunningHall]:
    """Run `halld run` on a hall file until the block ends."""
    config = folder / "hall.yaml"
    config.write_text(json.dumps(hall_file, ensure_ascii=False))
    with (folder / "halld.log").open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            str(HALLD),
            *("run", "--config", str(config), "--data", str(folder / "data")),
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
        )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(READY_TIMEOUT_S):
            line = (await process.stdout.readline()).decode()
        words = dict(word.split("=", 1) for word in line.split() if "=" in word)
        if "http" not in words:
            raise RuntimeError((folder / "halld.log").read_text()[-2000:])
        yield RunningHall(words["http"], words["mqtt"], process.pid)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()


def _part(command_line: str) -> str:
    words = command_line.split()
    if "nats-server" in words[0]:
        return "broker"
    if any(word.startswith("multiprocessing.") for word in words):
        return "worker"
    return next((name for name in ("drivers", "bridge") if name in words), "parent")
