"""The simulated push clock on a real wire, against a small hall."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from support.clocks import wall_clock
from support.push_clocks import PushHall, push_clock

from devices.adms.http import RequestReader
from devices.errors import ProtocolError
from simulators.hosting.host import Hosted, host

QUICK = {"poll_s": 0.05, "retry_s": 0.05, "answer_timeout_s": 0.3}


class ServedHall:
    """A small hall on a real port, which comes and goes."""

    def __init__(self) -> None:
        self.hall = PushHall(clock=wall_clock)
        self.port = 0
        self._server: asyncio.Server | None = None
        self._news = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def open(self) -> None:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, reuse_address=True
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something that the clock says."""
        while not holds():
            self._news.clear()
            await self._news.wait()

    async def punches(self, count: int) -> list[bytes]:
        await self.until(lambda: len(self.hall.lines("ATTLOG")) >= count)
        return self.hall.lines("ATTLOG")

    async def polls(self, count: int = 1) -> None:
        """Wait for so many more requests."""
        before = len(self.hall.requests)
        await self.until(lambda: len(self.hall.requests) >= before + count)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        requests = RequestReader()
        try:
            while data := await reader.read(65536):
                for request in requests.feed(data):
                    writer.write(self.hall.answer(request).encode())
                    self._news.set()
        except (ProtocolError, OSError, asyncio.CancelledError):
            return  # garbled, or the end of a connection or of the hall
        finally:
            self._tasks.discard(task)
            writer.transport.abort()


@asynccontextmanager
async def pushing(**simulation: Any) -> AsyncIterator[tuple[ServedHall, Hosted]]:
    served = ServedHall()
    await served.open()
    clock = push_clock(**{**QUICK, **simulation})
    try:
        async with host(clock, served.url, clock=wall_clock) as hosted:
            yield served, hosted
            assert hosted.failure == ""
    finally:
        await served.close()


@pytest.mark.parametrize("dialect", ["classic", "speedface", "essl", "old"])
async def test_it_greets_punches_and_polls(dialect: str) -> None:
    async with pushing(dialect=dialect) as (served, hosted):
        await hosted.act("punch", {"user_id": "1001"})
        (line,) = await served.punches(1)
        assert line.startswith(b"1001\t")
        await served.polls(3)
        assert hosted.view()["greeted"]


async def test_a_backlog_survives_the_halls_absence() -> None:
    async with pushing() as (served, hosted):
        await served.polls()
        await served.close()
        for user in ("1001", "1002", "1003"):
            await hosted.act("punch", {"user_id": user})
        await asyncio.sleep(0.1)
        assert hosted.view()["pending"]["attlog"] == 3
        await served.open()
        lines = await served.punches(3)
        assert [line[:4] for line in lines] == [b"1001", b"1002", b"1003"]


async def test_a_backlog_survives_the_plug_and_the_power() -> None:
    async with pushing() as (served, hosted):
        await served.polls()
        await hosted.act("unplug")
        await hosted.act("punch", {"user_id": "1001"})
        assert hosted.view()["pending"]["attlog"] == 1
        await hosted.act("replug")
        assert len(await served.punches(1)) == 1
        greetings = [r for r in served.hall.requests if "options=all" in r.target]
        await hosted.act("powercycle")
        await served.until(
            lambda: (
                len([r for r in served.hall.requests if "options=all" in r.target])
                > len(greetings)
            )
        )


async def test_faults_of_the_line_end_by_themselves() -> None:
    async with pushing() as (served, hosted):
        await served.polls()
        await hosted.act("split")
        await hosted.act("glue")
        await hosted.act("delay", {"ms": 5})
        await hosted.act("punch", {"user_id": "1001"})
        await served.punches(1)
        await hosted.act("heal")
        await hosted.act("garble", {"n": 3})
        await served.polls(3)
        await hosted.act("hang")
        await hosted.act("punch", {"user_id": "1002"})
        await asyncio.sleep(0.4)
        assert len(served.hall.lines("ATTLOG")) == 1
        await hosted.act("hang", {"on": False})
        await served.punches(2)


async def test_commands_come_back_with_results() -> None:
    async with pushing() as (served, _):
        served.hall.commands += ["INFO", "DATA DELETE USERINFO PIN=1001"]
        await served.until(lambda: len(served.hall.results) >= 2)
        assert [one.code for one in served.hall.results] == [0, 0]
