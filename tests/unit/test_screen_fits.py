"""Warnings about texts that do not fit a screen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bridge.cli.hallfile import read_hall_file
from devices.site import Site
from drivers.registry import advise_device, check_device


def site_of(**device: Any) -> Site:
    return Site.model_validate(
        {
            "hall": {"id": "t"},
            "services": [{"id": "reg", "prefix": "A"}, {"id": "vip", "prefix": "VIP"}],
            "counters": [
                {"id": "w1", "number": 1, "services": ["reg"], "area": "hall"},
                {"id": "w12", "number": 12, "services": ["vip"], "area": "vip"},
            ],
            "areas": [{"id": "hall"}, {"id": "vip"}],
            "devices": [
                {"id": "led", "driver": "onbon", "url": "tcp://h:5005", **device}
            ],
        }
    )


def advice(**device: Any) -> dict[str, str]:
    site = site_of(**device)
    assert check_device(site.devices[0]) == []
    return {str(a.path[0]): str(a) for a in advise_device(site.devices[0], site)}


def test_texts_that_stand_still_are_not_mentioned() -> None:
    assert advice() == {}


def test_the_longest_call_of_the_displays_own_windows_counts() -> None:
    assert advice(width=144, height=16, counter="w1") == {}
    told = advice(width=144, height=16, counter="w12")
    assert set(told) == {"call_text"}
    assert "请VIP001号到12号窗口" in told["call_text"]
    assert "20 half characters wide" in told["call_text"]
    assert "18 fit 144x16 pixels at 16 dots" in told["call_text"]
    assert advice(width=144, height=16, area="hall") == {}


def test_each_line_of_several_has_less_room() -> None:
    assert advice(width=144, height=32, area="vip") == {}
    assert set(advice(width=144, height=32, lines=2, area="vip")) == {"call_text"}
    told = advice(height=32, lines=3)
    assert "do not fit lines of 10 pixels" in told["call_text"]


def test_characters_beyond_gbk_are_named() -> None:
    told = advice(idle_text="欢迎𠮷光临")
    assert "𠮷" in told["idle_text"]
    assert "GBK" in told["idle_text"]


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ({"call_text": "{ticket}"}, ()),
        ({"color": "pink"}, ("color",)),
        ({"brightness": {"from": "18:00", "to": "08:00", "level": 16}}, "brightness"),
        ({"off": {"from": "25:00", "to": "08:00"}}, "off"),
        ({"lines": 6}, ("lines",)),
    ],
)
def test_what_cannot_be_is_a_mistake(keys: dict[str, Any], path: Any) -> None:
    site = site_of(**keys)
    (mistake,) = check_device(site.devices[0])
    assert mistake.path[:1] == ((path,) if isinstance(path, str) else path)


def test_a_hall_file_is_sound_with_a_warning_at_its_line(tmp_path: Path) -> None:
    file = tmp_path / "hall.yaml"
    file.write_text(
        "hall: {id: t}\n"
        "devices:\n"
        "  - id: led\n"
        "    driver: onbon\n"
        "    url: tcp://10.0.0.9:5005\n"
        "    width: 64\n"
        "    height: 16\n"
        "    call_text: 请{number}到{counter}号窗口\n"
        "    brightness: {from: 18:00, to: 08:00, level: 4}\n",
        encoding="utf-8",
    )
    hall = read_hall_file(file)
    assert hall.mistakes == []
    assert hall.site is not None
    lines = {warning.key: warning.line for warning in hall.warnings}
    assert lines["devices[0].call_text"] == 8
