"""The push clocks' driver against simulated clocks of every firmware."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from support.clocks import wall_clock
from support.driving import Driving, RecordingContext, driving

from devices.events import DeviceEvent, EventType
from devices.kinds import DeviceState
from devices.site import Site
from drivers.adms.driver import AdmsDriver
from drivers.adms.server import PushServer
from simulators.adms.dialects import DialectName
from simulators.hosting.host import Hosted, host
from simulators.registry import build_simulator

QUICK = {"poll_s": 0.05, "retry_s": 0.05, "answer_timeout_s": 1.0, "users": 3}


@dataclass(frozen=True, slots=True)
class Pair:
    """A driver at work and the clock that pushes to it."""

    hosted: Hosted
    context: RecordingContext
    driver: Driving

    async def punches(self, count: int) -> list[DeviceEvent]:
        await self.context.wait(
            lambda: len(self.of(EventType.ATTENDANCE_PUNCH)) >= count
        )
        return self.of(EventType.ATTENDANCE_PUNCH)

    async def tampers(self, kind: str) -> list[DeviceEvent]:
        def found() -> list[DeviceEvent]:
            tampers = self.of(EventType.ATTENDANCE_TAMPER)
            return [one for one in tampers if one.data["kind"] == kind]

        await self.context.wait(lambda: bool(found()))
        return found()

    def of(self, kind: EventType) -> list[DeviceEvent]:
        return [event for event in self.context.events if event.type is kind]


@asynccontextmanager
async def paired(
    simulation: dict[str, Any] | None = None, **parameters: Any
) -> AsyncIterator[Pair]:
    device = {
        "id": "push-1",
        "driver": "adms",
        "serial": "SPECIMEN1",
        "simulation": {**QUICK, **(simulation or {})},
        **parameters,
    }
    site = Site.model_validate(
        {
            "hall": {"id": "t"},
            "adms": {"host": "127.0.0.1", "port": 0},
            "devices": [device],
        }
    )
    entry = site.devices[0]
    context = RecordingContext(entry, site)
    clock = build_simulator(entry, site)
    async with driving(AdmsDriver, entry, context) as under_way:
        await context.wait(lambda: "server" in context.info)
        url = f"http://127.0.0.1:{context.shared[PushServer].port}"
        async with host(clock, url, clock=wall_clock) as hosted:
            yield Pair(hosted, context, under_way)
            assert hosted.failure == ""


@pytest.mark.parametrize("dialect", DialectName)
async def test_punches_of_every_dialect_arrive(dialect: DialectName) -> None:
    async with paired({"dialect": dialect}) as pair:
        await pair.context.wait_state(DeviceState.READY)
        punch = {"user_id": "1002", "direction": "out", "method": "face"}
        await pair.hosted.act("punch", punch)
        (event,) = await pair.punches(1)
        told = {name: event.data[name] for name in punch}
        assert told == punch
        assert event.identity is not None
        assert event.identity.source == "zk:SPECIMEN1"
        assert abs(event.time - event.received) < timedelta(seconds=30)


@pytest.mark.parametrize("language", [83, 69])
async def test_people_arrive_with_their_names(language: int) -> None:
    async with paired({"language": language}) as pair:
        await pair.tampers("boot")
        result = await pair.driver.execute("users")
        names = {user["name"] for user in result["users"]}
        assert names == {"测试01", "测试02", "测试03"}


@pytest.mark.parametrize(
    ("dialect", "role_field"), [("seven", "Pri"), ("speedface", "Privilege")]
)
async def test_people_can_be_changed_from_here(dialect: str, role_field: str) -> None:
    async with paired({"dialect": dialect}, role_field=role_field) as pair:
        await pair.context.wait_state(DeviceState.READY)
        await pair.driver.execute(
            "user_set", user_id="77", name="证件样本", privilege=14
        )
        await pair.tampers("user_added")
        await pair.driver.execute("user_delete", user_id="1001")
        await pair.tampers("user_deleted")
        users = pair.hosted.simulator.memory.users  # type: ignore[attr-defined]
        assert (users["77"].name, users["77"].privilege) == ("证件样本", 14)
        assert "1001" not in users


async def test_batches_over_and_over_are_one_punch_each() -> None:
    async with paired({"resend": 3, "dialect": "old"}) as pair:
        await pair.context.wait_state(DeviceState.READY)
        for user in ("1001", "1002"):
            await pair.hosted.act("punch", {"user_id": user})
        await pair.punches(2)
        await pair.hosted.act("punch", {"user_id": "1003"})
        people = [event.data["user_id"] for event in await pair.punches(3)]
        assert people == ["1001", "1002", "1003"]


async def test_a_backlog_comes_after_the_journals_trouble() -> None:
    async with paired() as pair:
        await pair.tampers("boot")
        pair.context.emit_error = OSError("disk full")
        await pair.hosted.act("punch", {"user_id": "1001"})
        await pair.context.wait_state(DeviceState.DEGRADED)
        assert pair.hosted.view()["pending"]["attlog"] == 1
        pair.context.emit_error = None
        await pair.punches(1)
        await pair.context.wait_state(DeviceState.READY)


async def test_a_bad_line_does_not_hold_up_the_others() -> None:
    async with paired() as pair:
        await pair.hosted.act("unplug")
        await pair.hosted.act("punch", {"user_id": "1001"})
        await pair.hosted.act("bad_line", {"text": "nonsense"})
        await pair.hosted.act("punch", {"user_id": "1002"})
        await pair.hosted.act("replug")
        people = [event.data["user_id"] for event in await pair.punches(2)]
        assert people == ["1001", "1002"]


async def test_who_tampers_is_told() -> None:
    async with paired() as pair:
        await pair.hosted.act("tamper")
        await pair.tampers("tamper")
        await pair.hosted.act("operation", {"number": 4, "operator": "1001"})
        (menu,) = await pair.tampers("menu")
        assert menu.data["operator"] == "1001"


@pytest.mark.parametrize("dialect", ["seven", "old"])
async def test_the_clocks_own_count_covers_what_came(dialect: str) -> None:
    async with paired({"dialect": dialect}, audit_s=0.2) as pair:
        await pair.hosted.act("punch", {"user_id": "1001"})
        await pair.punches(1)
        await pair.context.wait(
            lambda: any(one.how == "sum" for one in pair.context.coverages)
        )
        assert pair.context.coverages[-1].suspect == ""


async def test_a_wrong_time_travels_and_its_setting_is_told() -> None:
    async with paired() as pair:
        await pair.context.wait_state(DeviceState.READY)
        await pair.hosted.act("set_time", {"drift_s": -3600})
        await pair.hosted.act("punch", {"user_id": "1001"})
        (event,) = await pair.punches(1)
        behind = event.received - event.time
        assert abs(behind - timedelta(hours=1)) < timedelta(seconds=30)
        await pair.tampers("time_set")


async def test_a_clock_that_nobody_expects_is_not_let_in() -> None:
    async with paired({"serial": "OTHER1"}, silent_s=0.3) as pair:
        await pair.hosted.act("punch", {"user_id": "1001"})
        await pair.context.wait_state(DeviceState.OFFLINE)
        assert pair.context.events == []
        assert pair.hosted.view()["pending"]["attlog"] == 1
        assert "403" in pair.hosted.view()["last_answer"]
