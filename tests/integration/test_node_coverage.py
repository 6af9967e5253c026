"""How far a clock was read, told by the node within its retained value."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from support.fake_bridge import FakeBridge, fake_bridge
from support.killable import running_broker
from support.probing import PROBES, running_node

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
VALUE = "dev/p-1/value"


async def coverage(bridge: FakeBridge, **wanted: Any) -> dict[str, Any]:
    def fits(value: Any) -> bool:
        told = value.get("coverage", {})
        return bool(told) and all(told[key] == wanted[key] for key in wanted)

    told: dict[str, Any] = (await bridge.told(VALUE, fits))["coverage"]
    return told


async def test_coverage_travels_with_the_value_and_names_its_place(
    tmp_path: Path,
) -> None:
    async with (
        running_broker("embedded", tmp_path / "broker") as broker,
        fake_bridge(broker.address) as bridge,
        running_node(tmp_path, broker.address),
    ):
        probe = PROBES["p-1"]
        probe.context.covered(NINE, serial="S1")
        told = await coverage(bridge, serial="S1")
        assert told["until"] == "2026-03-02T17:00:00+08:00"
        assert (told["suspect"], told["how"], told["sequence"]) == (None, "log", 0)
        await probe.punch("1", "2", "3")
        await probe.press("next")
        probe.context.covered(NINE + timedelta(minutes=1), serial="S1", how="sum")
        told = await coverage(bridge, how="sum", sequence=3)
        events = await bridge.events(3, "clock")
        assert {event["epoch"] for event in events} == {told["epoch"]}
        probe.context.show({"text": "A001"})
        value = await bridge.told(VALUE, lambda v: "text" in v)
        assert value == {"text": "A001", "coverage": told}
        probe.context.covered(NINE, serial="S1", suspect="the log shrank")
        told = await coverage(bridge, suspect="the log shrank")
        value = await bridge.told(VALUE)
        assert value == {"text": "A001", "coverage": told}


async def test_coverage_is_told_again_after_a_broker_restart(tmp_path: Path) -> None:
    async with (
        running_broker("embedded", tmp_path / "broker") as broker,
        fake_bridge(broker.address) as bridge,
        running_node(tmp_path, broker.address),
    ):
        PROBES["p-1"].context.covered(None, serial="S1", suspect="layout unknown")
        first = await coverage(bridge, serial="S1")
        assert first["until"] is None
        await broker.kill()
        bridge.retained.clear()
        await broker.start()
        assert await coverage(bridge, serial="S1") == first
