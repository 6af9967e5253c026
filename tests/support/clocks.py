"""A simulated clock, ready to be hosted, and a log that is already in it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from devices.events import Direction, PunchMethod
from devices.site import DeviceEntry, HallInfo, Site
from devices.zk.punch import PunchRecord
from simulators.zk.parameters import ClockParameters
from simulators.zk.simulator import ZkClock

HALL = HallInfo(id="test", timezone="Asia/Shanghai")
DAY = datetime(2026, 3, 2, 8, 30)  # noqa: DTZ001 - as a clock says it
TCP = "tcp://127.0.0.1:0"
UDP = "udp://127.0.0.1:0"


def wall_clock() -> datetime:
    return datetime.fromtimestamp(time.time(), HALL.zone)


def clock_entry(url: str = TCP, *, comm_key: int = 0, **simulation: Any) -> DeviceEntry:
    return DeviceEntry.model_validate(
        {
            "id": "clock-1",
            "driver": "zk",
            "url": url,
            "comm_key": comm_key,
            "simulation": {"gap_ms": 0, "serial": "SPECIMEN1", **simulation},
        }
    )


def simulated_clock(entry: DeviceEntry | None = None, **simulation: Any) -> ZkClock:
    entry = entry or clock_entry(**simulation)
    parameters = ClockParameters.model_validate(dict(entry.parameters))
    return ZkClock(entry, parameters, Site(hall=HALL, devices=[entry]))


def punch_record(
    user_id: str = "1001",
    time: datetime = DAY,
    direction: Direction = Direction.IN,
    method: PunchMethod = PunchMethod.FINGERPRINT,
) -> PunchRecord:
    return PunchRecord(
        user_id=user_id, time=time, direction=direction, method=method, raw=b""
    )


def fill(clock: ZkClock, count: int, *, users: int = 5, step_s: int = 60) -> None:
    """Put `count` punches into the clock's log, as if made before."""
    clock.memory.rows.extend(log_rows(clock, count, users=users, step_s=step_s))


def log_rows(
    clock: ZkClock, count: int, *, users: int = 5, step_s: int = 60
) -> Iterable[bytes]:
    memory = clock.memory
    for index in range(count):
        record = punch_record(
            str(1001 + index % users), DAY + timedelta(seconds=step_s * index)
        )
        memory.add(record)
        yield memory.rows.pop()
