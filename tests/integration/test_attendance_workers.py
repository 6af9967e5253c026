"""The process for long work."""

from __future__ import annotations

import signal
from contextlib import closing

from bridge.service.attendance.days.workers import Workers


async def test_a_ctrl_c_is_never_met_unprepared() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    with closing(Workers()) as workers:
        blocked = await workers.run(signal.pthread_sigmask, signal.SIG_BLOCK, [])
    assert signal.SIGINT in blocked
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before
