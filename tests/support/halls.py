"""Whole halls as real processes, with simulated devices in the test itself."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bridge.cli.playing import host_all
from devices.site import Site
from simulators.hosting.host import Hosted

HALLD = (sys.executable, "-m", "bridge.cli")
LIMIT_S = 50.0
"""Ends a test that waits for what never comes; never a measure of speed."""


def example(directory: Path) -> dict[str, Any]:
    """A small hall with a device of every class; port 0 everywhere."""
    return {
        "hall": {"id": "system", "name": "测试大厅", "simulated": True},
        "mqtt": {"url": "embedded", "port": 0},
        "web": {"host": "127.0.0.1", "port": 0},
        "services": [{"id": "reg", "prefix": "A", "name": "企业登记"}],
        "areas": [{"id": "hall", "name": "一楼大厅"}],
        "counters": [{"id": "w1", "number": 1, "services": ["reg"], "area": "hall"}],
        "devices": [
            {"id": "clock-east", "driver": "zk", "url": "tcp://127.0.0.1:0"},
            {
                "id": "bus-1",
                "driver": "ff68",
                "url": f"serial:{directory}/lines/bus-1?baudrate=9600",
                "keymap": "classic",
                "units": [{"address": 1, "counter": "w1", "evaluator": True}],
            },
            {
                "id": "led-main",
                "driver": "onbon",
                "url": "tcp://127.0.0.1:0",
                "area": "hall",
            },
            {
                "id": "id-1",
                "driver": "sdt",
                "url": f"serial:{directory}/lines/id-1?baudrate=115200",
                "counter": "w1",
            },
        ],
    }


async def until(condition: Callable[[], Awaitable[bool] | bool]) -> None:
    """Wait for something outside this process."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            met = condition()
            if met if isinstance(met, bool) else await met:
                return
            await asyncio.sleep(0.05)


class Program:
    """One halld process, in a process group of its own."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.process = process
        self.log = log

    @property
    def pid(self) -> int:
        return self.process.pid

    async def line(self) -> str:
        """The next line of stdout; fails with the log when it has ended."""
        assert self.process.stdout is not None
        async with asyncio.timeout(LIMIT_S):
            line = (await self.process.stdout.readline()).decode().strip()
        assert line, self.log.read_text()
        return line

    async def ended(self) -> int:
        async with asyncio.timeout(LIMIT_S):
            return await self.process.wait()

    def tell(self) -> None:
        """Show pytest what it logged."""
        print(f"--- {self.pid}\n{self.log.read_text()}")  # noqa: T201 - why it failed

    def children(self) -> dict[str, int]:
        """Child processes by what they are: broker, drivers, bridge."""
        found = {}
        for line in self.log.read_text().splitlines():
            name, runs, pid = line.rpartition(" runs as process ")
            if runs:
                found[name.rpartition(" ")[2]] = int(pid)
            elif "embedded broker on" in line:
                found["broker"] = int(line.rpartition(" ")[2])
        return found


@asynccontextmanager
async def program(log: Path, *words: str) -> AsyncIterator[Program]:
    """Run `halld WORDS`; killed with all its children at the end."""
    with log.open("ab") as stderr:
        process = await asyncio.create_subprocess_exec(
            *HALLD,
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            start_new_session=True,
        )
    running = Program(process, log)
    try:
        yield running
    except BaseException:
        running.tell()
        raise
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()


@dataclass(slots=True)
class Hall:
    """A hall file, its data, and its simulated devices."""

    config: Path
    data: Path
    devices: dict[str, Hosted]
    runs: int = 0

    @asynccontextmanager
    async def run(
        self, *words: str
    ) -> AsyncIterator[tuple[Program, httpx.AsyncClient]]:
        """`halld run`, ready, with a client of its API."""
        self.runs += 1
        log = self.data.parent / f"run-{self.runs}.log"
        words = ("run", "--config", str(self.config), "--data", str(self.data), *words)
        async with program(log, *words) as running:
            ready = await running.line()
            http = ready.split()[1].removeprefix("http=")
            if http == "-":
                http = "http://127.0.0.1:1"
            async with httpx.AsyncClient(base_url=http, timeout=20) as api:
                yield running, api


@asynccontextmanager
async def simulated_hall(
    directory: Path, devices: Sequence[dict[str, Any]] | None = None
) -> AsyncIterator[Hall]:
    """The small hall with its devices simulated here, at real places."""
    body = example(directory)
    if devices is not None:
        body["devices"] = [dict(device) for device in devices]
    config = directory / "hall.json"
    async with host_all(Site.model_validate(body)) as cast:
        assert not cast.unbound
        for entry in body["devices"]:
            entry["url"] = cast.hosted[entry["id"]].url
        config.write_text(json.dumps(body, indent=2))
        yield Hall(config, directory / "data", cast.hosted)


async def all_ready(api: httpx.AsyncClient) -> bool:
    """Whether every device is ready."""
    with suppress(httpx.HTTPError, ValueError):
        items = (await api.get("/api/v1/devices")).json()["items"]
        return all(item["state"] == "ready" for item in items)
    return False


async def items(api: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    """All items of a list; empty while the bridge is away."""
    with suppress(httpx.HTTPError, ValueError, KeyError):
        found: list[dict[str, Any]] = (await api.get(path)).json()["items"]
        return found
    return []
