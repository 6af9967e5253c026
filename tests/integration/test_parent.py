from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest

from bridge.cli.children import Child

STUBS = Path(__file__).parent.parent / "support"
HALL = "hall: {id: stub}\nweb: {port: 0}\nmqtt: {port: 0}\n"


class Run:
    """`halld run` over stub children, in a process group of its own."""

    def __init__(self, process: asyncio.subprocess.Process, data: Path) -> None:
        self.process = process
        self.data = data
        self.http = ""

    async def ready(self) -> str:
        assert self.process.stdout is not None
        line = (await self.process.stdout.readline()).decode().strip()
        self.http = line.split()[1].removeprefix("http=")
        return line

    def pids(self, role: str) -> list[int]:
        with suppress(FileNotFoundError):
            return [int(x) for x in (self.data / f"{role}.pids").read_text().split()]
        return []

    async def answers(self) -> int:
        async with httpx.AsyncClient() as client:
            return int((await client.get(self.http, timeout=20)).text)

    async def ended(self) -> tuple[int, str]:
        assert self.process.stderr is not None
        said = (await self.process.stderr.read()).decode()
        return await self.process.wait(), said


@asynccontextmanager
async def running(tmp_path: Path, hall: str = HALL) -> AsyncIterator[Run]:
    (tmp_path / "hall.yaml").write_text(hall)
    data = tmp_path / "data"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(STUBS / "stub_parent.py"),
        str(tmp_path / "hall.yaml"),
        str(data),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    run = Run(process, data)
    try:
        yield run
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await run.ended()


def lives(pid: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        stat = Path(f"/proc/{pid}/stat").read_text()
        return stat.rpartition(") ")[2][0] not in "ZX"
    return False


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - other processes set no events
        await asyncio.sleep(0.02)


async def gone(pid: int) -> None:
    await until(lambda: not lives(pid))


async def test_one_ready_line_with_the_real_ports(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        line = await run.ready()
        assert line.startswith("ready http=http://127.0.0.1:")
        assert " mqtt=mqtt://127.0.0.1:" in line
        assert ":0" not in line.replace(":0.", "")
        assert await run.answers() == run.pids("bridge")[-1]
        assert run.data.stat().st_mode & 0o777 == 0o750


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("whole_group", [False, True])
async def test_a_signal_ends_all_in_order_and_quietly(
    tmp_path: Path, number: signal.Signals, *, whole_group: bool
) -> None:
    async with running(tmp_path) as run:
        await run.ready()
        for _ in range(3 if whole_group else 1):
            with suppress(ProcessLookupError):
                if whole_group:
                    os.killpg(run.process.pid, number)
                else:
                    os.kill(run.process.pid, number)
        code, said = await run.ended()
        assert code == 0
        assert "Traceback" not in said
        assert "KeyboardInterrupt" not in said
        assert "starting it again" not in said
        assert (run.data / "bridge.stopped").exists()
        assert (run.data / "drivers.stopped").exists()


async def test_a_killed_child_is_started_again_on_the_same_port(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        await run.ready()
        first = await run.answers()
        os.kill(first, signal.SIGKILL)
        await gone(first)
        assert await run.answers() != first
        assert len(run.pids("drivers")) == 1


async def test_children_die_with_a_killed_parent(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        await run.ready()
        broker = int((run.data / "broker" / "pid").read_text())
        pids = [run.pids("bridge")[0], broker]
        run.process.kill()
        for pid in pids:
            await gone(pid)


def group(pid: int) -> list[int]:
    """What lives of a process group."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            fields = (folder / "stat").read_text().rpartition(") ")[2].split()
            if int(fields[2]) == pid and fields[0] not in "ZX":
                found.append(int(folder.name))
    return found


async def test_an_invalid_hall_file_is_told_and_leaves_nothing_behind(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, "hall: {id: stub}\nwbe: {}\nmqt: {}\n") as run:
        code, said = await run.ended()
        assert code == 2
        assert group(run.process.pid) == []
        assert [line.rpartition("hall.yaml:")[2] for line in said.splitlines()] == [
            "2: wbe: no such key; did you mean web?",
            "3: mqt: no such key; did you mean mqtt?",
            " 2 mistakes; nothing started",
        ]
        assert not run.data.exists()


async def test_a_signal_ends_children_that_wait_for_orders(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        await until(lambda: len(group(run.process.pid)) > 1)
        run.process.terminate()
        code, said = await run.ended()
        assert (code, group(run.process.pid)) == (0, [])
        assert "Traceback" not in said


async def test_a_second_halld_on_the_same_data_is_told(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        await run.ready()
        async with running(tmp_path) as second:
            code, said = await second.ended()
            assert code == 1
            assert "another halld runs the bridge in" in said


async def test_a_web_port_in_use_is_told(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        await run.ready()
        port = run.http.rpartition(":")[2]
        hall = HALL.replace("web: {port: 0}", f"web: {{port: {port}}}")
        (tmp_path / "other").mkdir()
        async with running(tmp_path / "other", hall) as second:
            code, said = await second.ended()
            assert code == 1
            assert f"port {port}: Address already in use" in said


async def test_a_broker_port_in_use_is_told_once_and_tried_again(
    tmp_path: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        hall = HALL.replace("mqtt: {port: 0}", f"mqtt: {{port: {port}}}")
        async with running(tmp_path, hall) as run:
            assert (await run.ready()).endswith(f"mqtt://127.0.0.1:{port}")
            taken.close()
            await until((run.data / "broker" / "pid").exists)
            run.process.terminate()
            code, said = await run.ended()
            assert code == 0
            assert said.count(f"port {port} is taken by another program") == 1


async def test_a_child_that_hangs_is_ended_and_started_again(tmp_path: Path) -> None:
    script = (
        "import os,sys,time;os.write(0,b'r');"
        "print(os.getpid(),file=open(sys.argv[1],'a'),flush=True);time.sleep(600)"
    )
    notes = tmp_path / "pids"

    async def orders() -> tuple[bytes, list[int]]:
        return b"{}", []

    child = Child(
        "drivers",
        orders,
        command=(sys.executable, "-c", script, str(notes)),
        hung_s=0.2,
        stop_within_s=0.1,
    )
    task = asyncio.create_task(child.run())
    await until(lambda: notes.exists() and len(notes.read_text().split()) > 1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert child.ready.is_set()
