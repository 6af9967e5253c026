"""The demo's staff: specimen people, their hours, and what waits for a manager."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import httpx

ATTENDANCE: Final = "/api/v1/attendance"
BY: Final = "演示管理员"
STAFF: Final = 12
"""People of the example clock, 测试01 to 测试12."""
UNITS: Final = ("公安局", "市场监督管理局", "人力资源和社会保障局", "自然资源局")
PAST: Final = timedelta(days=75)
"""The example clock remembers so much (`simulation.history_days`)."""
HOURS: Final[Mapping[str, Any]] = {
    "id": "office",
    "name": "行政班",
    "is_default": True,
    "grace_in_min": 5,
    "half_absent_after_min": 30,
    "sessions": [
        {"name": "上午", "start": "09:00", "end": "12:00", "weight": 0.5},
        {"name": "下午", "start": "13:30", "end": "17:30", "weight": 0.5},
    ],
}


async def staff_the_hall(api: httpx.AsyncClient, today: date) -> None:
    """Tell the hall who works there, unless it knows already."""
    known = await api.get(f"{ATTENDANCE}/people", params={"limit": 1})
    if known.is_success and known.json()["total"]:
        return
    await _tell(api, "shifts", HOURS)
    for number in range(1, STAFF + 1):
        await _tell(api, "people", _person(number, today))
    await _tell(
        api,
        "covers",
        {
            "id": "AB-1",
            "place": "1号窗口",
            "a": "1001",
            "b": "1002",
            "valid_from": (today - PAST).isoformat(),
        },
    )
    for path, body in _waiting(today):
        await _tell(api, path, body)


def _person(number: int, today: date) -> dict[str, Any]:
    unit = UNITS[(number - 1) % len(UNITS)]
    return {
        "id": str(1000 + number),
        "name": f"测试{number:02}",
        "department": unit,
        "group": f"{unit}窗口",
        "joined": (today - PAST).isoformat(),
    }


def _waiting(today: date) -> Sequence[tuple[str, dict[str, Any]]]:
    """Requests about the last workday and tomorrow, and a look at a window."""
    tomorrow = (today + timedelta(days=1)).isoformat()
    back = {0: 3, 6: 2}.get(today.weekday(), 1)
    yesterday = (today - timedelta(days=back)).isoformat()
    return [
        (
            "leave",
            {
                "id": "",
                "person": "1005",
                "kind": "personal",
                "unit": "day",
                "date_from": tomorrow,
                "date_to": tomorrow,
                "note": "家中有事",
            },
        ),
        (
            "corrections",
            {
                "id": "",
                "person": "1003",
                "day": yesterday,
                "kind": "state",
                "state": "field_duty",
                "reason": "外出办理业务",
            },
        ),
        (
            "spot-checks",
            {
                "id": "",
                "time": f"{yesterday}T10:20:00+08:00",
                "place": "3号窗口",
                "finding": "on_post",
                "person": "1004",
            },
        ),
    ]


async def _tell(api: httpx.AsyncClient, path: str, body: Mapping[str, Any]) -> None:
    answer = await api.post(
        f"{ATTENDANCE}/{path}", json={**body, "by": BY, "reason": "演示"}
    )
    answer.raise_for_status()
