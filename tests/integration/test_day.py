from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from devices.errors import MisuseError
from devices.site import DeviceEntry, Site
from simulators.day.plan import DayPlan, Shift, StaffPunch, Visitor
from simulators.day.play import Day

UNIT = {"address": 7, "counter": "w1"}
SITE = Site.model_validate(
    {
        "hall": {"id": "day"},
        "services": [{"id": "reg"}],
        "counters": [{"id": "w1", "number": 1, "services": ["reg"]}],
        "devices": [
            {"id": "clock", "driver": "zk"},
            {"id": "clock-push", "driver": "adms"},
            {"id": "reader", "driver": "sdt", "counter": "w1"},
            {"id": "tubes", "driver": "modbus", "units": [UNIT]},
            {
                "id": "bus",
                "driver": "ff68",
                "units": [UNIT],
            },
        ],
    }
)

ENDS = {"rate", "no_show", "finish", "finish_or_no_show"}


def visitor(**changes: Any) -> Visitor:
    usual: dict[str, Any] = {
        "at": 30_000.0,
        "service": "reg",
        "service_s": 60.0,
        "shows_up": True,
        "rating": 3,
        "card": True,
    }
    return Visitor(**usual | changes)


class Hall:
    """One window and its queue: what a press at the caller does to them."""

    def __init__(self) -> None:
        self.waiting: list[str] = []
        self.ticket: dict[str, str] | None = None
        self.done: list[str] = []
        self.failures = 1

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/v1/tickets":
            if self.failures:
                self.failures -= 1
                return httpx.Response(503, json={})
            number = f"A{len(self.waiting) + len(self.done) + 1:03}"
            self.waiting.append(number)
            return httpx.Response(201, json={"id": number, "number": number})
        assert request.url.path == "/api/v1/queue"
        services = [{"id": "reg", "waiting": len(self.waiting)}]
        counters = [{"id": "w1", "ticket": self.ticket}]
        return httpx.Response(200, json={"services": services, "counters": counters})

    def press(self, key: str) -> None:
        if key == "call" or (key == "call_or_recall" and self.ticket is None):
            number = self.waiting.pop(0)
            self.ticket = {"id": number, "number": number}
        elif self.ticket is not None and key in ENDS:
            self.done.append(f"{self.ticket['number']} {key}")
            self.ticket = None


class Device:
    """Notes what people do at it."""

    def __init__(self, name: str, diary: list[str], hall: Hall) -> None:
        self.name = name
        self.diary = diary
        self.hall = hall

    async def act(
        self, action: str, arguments: Mapping[str, Any] | None = None
    ) -> None:
        words = dict(arguments or {})
        keys = words.get("keys", [])
        self.diary.append(f"{self.name} {action} {words or ''}".strip())
        for key in keys:
            self.hall.press(key)
        if action == "punch" and words["user_id"] == "broken":
            raise MisuseError("the clock is full")


def plan(*visitors: Visitor, punches: tuple[StaffPunch, ...] = ()) -> DayPlan:
    shift = Shift(
        counter="w1", opens=0, lunch_from=80_000, lunch_until=80_001, closes=86_400
    )
    home = StaffPunch(at=30_010, user_id="1001", direction="out", method="face")
    return DayPlan(visitors=visitors, punches=(*punches, home), shifts=[shift])


async def play(day_plan: DayPlan, site: Site = SITE) -> tuple[list[str], Hall]:
    diary: list[str] = []
    hall = Hall()
    devices = {entry.id: Device(entry.id, diary, hall) for entry in site.devices}
    transport = httpx.MockTransport(hall.answer)
    async with httpx.AsyncClient(transport=transport, base_url="http://hall") as api:
        day = Day(site, devices, day_plan, api=api, speed=400.0, note=diary.append)
        await day.run()
    return diary, hall


async def test_a_visitor_is_called_served_and_rates_over_the_wires() -> None:
    diary, hall = await play(plan(visitor()))
    assert hall.done == ["A001 rate"]
    at_devices = [line for line in diary if line.startswith(("bus", "reader"))]
    assert at_devices == [
        "bus press {'address': 7, 'keys': ['call']}",
        "reader insert",
        "reader remove",
        "bus press {'address': 7, 'keys': ['rate']}",
        "bus rate {'address': 7, 'value': 3}",
    ]
    clock = [line for line in diary if line.startswith("clock")]
    assert clock == [
        "clock punch {'user_id': '1001', 'direction': 'out', 'method': 'face'}"
    ]


async def test_who_does_not_come_is_recalled_and_given_up() -> None:
    diary, hall = await play(plan(visitor(shows_up=False, card=False)))
    assert hall.done == ["A001 no_show"]
    assert "bus press {'address': 7, 'keys': ['recall']}" in diary


@pytest.mark.parametrize(
    ("entry", "presses"),
    [
        (
            {"driver": "ub485", "units": [UNIT]},
            [
                "{'address': 7, 'keys': ['call_or_recall']}",
                "{'address': 7, 'keys': ['start']}",
                "{'address': 7, 'keys': ['finish_or_no_show']}",
            ],
        ),
        (
            {"driver": "keypad", "counter": "w1"},
            ["{'keys': ['call']}", "{'keys': ['start']}", "{'keys': ['finish']}"],
        ),
    ],
)
async def test_other_callers_have_keys_of_their_own(
    entry: dict[str, Any], presses: list[str]
) -> None:
    site = SITE.model_copy(
        update={"devices": [DeviceEntry.model_validate({"id": "pad", **entry})]}
    )
    diary, hall = await play(plan(visitor()), site)
    assert [line for line in diary if line.startswith("pad")] == [
        f"pad press {press}" for press in presses
    ]
    assert len(hall.done) == 1


@pytest.mark.parametrize("rating", [None, 0])
async def test_only_who_rates_presses(rating: int | None) -> None:
    diary, _ = await play(plan(visitor(rating=rating, card=False)))
    assert any(line.startswith("bus rate") for line in diary) is (rating == 0)
    assert not any(line.startswith("reader") for line in diary)


async def test_a_device_that_refuses_does_not_end_the_day() -> None:
    broken = StaffPunch(at=30_000, user_id="broken", direction="in", method="face")
    diary, hall = await play(plan(visitor(card=False), punches=(broken,)))
    assert "punch: the clock is full" in diary
    assert hall.done == ["A001 rate"]


async def test_staff_punches_at_every_clock() -> None:
    came = StaffPunch(at=30_000, user_id="1002", direction="in", method="card")
    diary, _ = await play(plan(visitor(card=False), punches=(came,)))
    at_clocks = [line.partition(" {")[0] for line in diary if "punch" in line]
    assert at_clocks == ["clock punch", "clock-push punch"]
