"""What was answered is there after kill -9 at any moment."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
from support.bridges import running_hall

from bridge.domain.views import Channel

TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize("answers", [1, 37])
async def test_no_answered_ticket_is_lost_or_doubled(
    tmp_path: Path, answers: int
) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "support.store_child",
        str(tmp_path),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{TESTS}:{TESTS.parent}"},
    )
    assert child.stdout is not None
    lines = [await child.stdout.readline() for _ in range(answers)]
    child.kill()
    lines += (await child.stdout.read()).splitlines()
    await child.wait()

    told = dict(line.decode().split() for line in lines if b" A" in line)
    async with running_hall(tmp_path) as hall:
        for ref, number in told.items():
            assert (await hall.ticket(ref)).number == number
        drawn = await hall.issue_ticket(service="reg", channel=Channel.KIOSK)
        assert int(drawn.number[1:]) in {len(told) + 1, len(told) + 2}
        assert drawn.waiting_before == int(drawn.number[1:]) - 1
