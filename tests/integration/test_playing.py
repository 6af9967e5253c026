"""Which devices of a hall file can be simulated, and where they are."""

from __future__ import annotations

from typing import Any

from bridge.cli.playing import dials, host_all
from devices.site import Site

PUSH = {"id": "push-1", "driver": "adms", "serial": "SPECIMEN1"}


def site(*devices: dict[str, Any], **more: Any) -> Site:
    body = {"hall": {"id": "t"}, "devices": devices, **more}
    return Site.model_validate(body)


async def test_a_clock_that_pushes_dials_the_hall_of_the_file() -> None:
    clock = {"id": "clock", "driver": "zk", "url": "tcp://127.0.0.1:0"}
    async with host_all(site(PUSH, clock, adms={"port": 1})) as cast:
        assert cast.unbound == {}
        assert cast.hosted["push-1"].url == "http://127.0.0.1:1"
        assert cast.hosted["clock"].url.startswith("tcp://127.0.0.1:")


async def test_what_cannot_be_simulated_is_told_and_the_others_run() -> None:
    later = {"id": "led-2", "driver": "abacus", "url": "tcp://127.0.0.1:0"}
    lost = {"id": "clock", "driver": "zk"}
    async with host_all(site(PUSH, later, lost, web={"port": 0})) as cast:
        assert set(cast.unbound) == {"push-1", "led-2", "clock"}
        assert "set `simulation: {server:" in cast.unbound["push-1"]
        assert "no simulator for driver 'abacus'" in cast.unbound["led-2"]
        assert cast.unbound["clock"] == "it has no url to listen at"


async def test_devices_can_be_chosen_and_placed() -> None:
    hall = site(PUSH, {"id": "clock", "driver": "zk", "url": "tcp://127.0.0.1:0"})
    callers = [device for device in hall.devices if dials(device)]
    async with host_all(
        hall, devices=callers, place=lambda _device: "http://127.0.0.1:2"
    ) as cast:
        assert {name: one.url for name, one in cast.hosted.items()} == {
            "push-1": "http://127.0.0.1:2"
        }
