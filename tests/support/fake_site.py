"""The hall file of the tests of the web."""

from __future__ import annotations

from typing import Any

from devices.site import Site

HALL = {
    "hall": {"id": "qiaojia", "name": "便民投资服务中心"},
    "services": [
        {"id": "reg", "prefix": "A", "name": "企业登记", "audience": "企业和个体户"},
        {"id": "idcard", "prefix": "B", "name": "身份证", "audience": "本县居民"},
    ],
    "counters": [
        {
            "id": "w1",
            "number": 1,
            "name": "1号窗口",
            "services": ["reg"],
            "area": "hall",
        },
        {"id": "w2", "number": 2, "services": ["reg", "idcard"], "area": "hall"},
        {"id": "w3", "number": 3, "services": ["idcard"], "area": "upper"},
    ],
    "areas": [{"id": "hall", "name": "一楼大厅"}, {"id": "upper", "name": "二楼"}],
    "devices": [
        {"id": "bus-1", "driver": "ff68", "url": "tcp://127.0.0.1:9"},
        {"id": "led-main", "driver": "onbon", "url": "tcp://127.0.0.1:9"},
    ],
}


def make_site(**changes: Any) -> Site:
    """The hall file of the tests."""
    return Site.model_validate({**HALL, **changes})
