from __future__ import annotations

import asyncio
import os
import socket
import sys
from contextlib import closing

from bridge.cli.lifeline import give_orders

TAKES = """
import os
from bridge.cli.lifeline import READY, take_orders, tell
orders, fds = take_orders()
os.write(fds[0], b"%d" % len(orders))
tell(READY)
"""


async def test_long_orders_come_with_their_descriptors() -> None:
    line, its = socket.socketpair()
    reading, writing = os.pipe()
    with line, its:
        line.settimeout(0)
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", TAKES, stdin=its.fileno()
        )
        await give_orders(line, b"x" * 3_000_000, [writing])
        os.close(writing)
        assert await child.wait() == 0
        assert os.read(reading, 99) == b"3000000"
        assert line.recv(9) == b"r"
    os.close(reading)


async def test_a_child_ends_quietly_when_nobody_gives_orders() -> None:
    line, its = socket.socketpair()
    with closing(its):
        line.close()
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bridge.cli.child", "drivers"),
            stdin=its.fileno(),
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await child.communicate()
    assert (child.returncode, said) == (0, b"")


async def test_nothing_heavy_is_loaded_before_the_children_are_started() -> None:
    code = (
        "import sys, bridge.cli.program, bridge.cli.commands.run, bridge.cli.parent;"
        "print({'pydantic', 'ruamel.yaml', 'sqlalchemy', 'fastapi'} & {*sys.modules})"
    )
    python = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await python.communicate()
    assert said == b"set()\n"
