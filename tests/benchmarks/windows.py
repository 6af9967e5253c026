"""A hall of 200 windows on caller lines, with a display over each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from benchmarks.wires import CALL, KEY_FUNC, RATING_FUNC, Led, Line, ff68

from devices.strip.frames import SHOW, StripFrame, StripFramer

WINDOWS: Final = 200
A_LINE: Final = 50
"""Callers of a line; every other window's strip is on it too."""
SERVICES: Final = 10
HALL: Final = "hall"
CORNER: Final = "corner"
"""The last window's area: nobody speaks there but it."""
CORNER_SERVICE: Final = "corner"
RECALL: Final = 0x0D
END: Final = 0x0B
"""`rate`: the service is over, and the evaluator may be pressed."""

Told = Callable[[int, float], None]


class StripLine(Line):
    """A caller line that tells when a strip on it is told something."""

    def __init__(self, on_strip: Callable[[int, float], None]) -> None:
        super().__init__()
        self._on_strip = on_strip
        self._framer = StripFramer()

    def received(self, data: bytes) -> None:
        """Look for what is for strips among what is for callers."""
        super().received(data)
        now = asyncio.get_running_loop().time()
        for message in self._framer.feed(data):
            if isinstance(message, StripFrame) and message.command == SHOW:
                self._on_strip(message.address, now)


@dataclass(slots=True)
class Wires:
    """All lines and cards of the hall, and the presses at its windows.

    `on_display` gets the window and the moment of a display's first byte.
    """

    on_display: Told
    windows: int = WINDOWS
    a_line: int = A_LINE
    lines: list[StripLine] = field(init=False)
    leds: dict[int, Led] = field(init=False)

    def __post_init__(self) -> None:
        """Make them."""
        count = -(-self.windows // self.a_line)
        self.lines = [StripLine(self._strip_of(line)) for line in range(count)]
        self.leds = {
            window: Led(self._card_of(window))
            for window in range(1, self.windows + 1)
            if self.has_card(window)
        }

    @property
    def all(self) -> list[Line | Led]:
        """Everything that listens."""
        return [*self.lines, *self.leds.values()]

    def has_card(self, window: int) -> bool:
        """Whether a window has an LED card on TCP; otherwise a strip on its line."""
        return window % 2 == 0

    def place(self, window: int) -> tuple[int, int]:
        """A window's line and its address there."""
        line, address = divmod(window - 1, self.a_line)
        return line, address + 1

    def key(self, window: int, key: int = CALL) -> None:
        """Press a key of a window's caller."""
        line, address = self.place(window)
        self.lines[line].press(ff68(address, KEY_FUNC, key))

    def rate(self, window: int, value: int) -> None:
        """Press a window's evaluator."""
        line, address = self.place(window)
        self.lines[line].press(ff68(address, RATING_FUNC, value))

    def devices(self) -> list[Mapping[str, Any]]:
        """Their entries in the hall file, with the ports they listen on."""
        entries: list[Mapping[str, Any]] = [
            {
                "id": f"bus-{n}",
                "driver": "ff68",
                "url": f"tcp://127.0.0.1:{line.port}",
                "units": [
                    {"address": a, "counter": f"w{n * self.a_line + a}"}
                    | {"evaluator": True}
                    for a in range(1, self.a_line + 1)
                    if n * self.a_line + a <= self.windows
                ],
            }
            for n, line in enumerate(self.lines)
        ]
        for window in range(1, self.windows + 1):
            display = {"id": f"led-{window}", "counter": f"w{window}"}
            if window in self.leds:
                url = f"tcp://127.0.0.1:{self.leds[window].port}"
                entries.append(display | {"driver": "onbon", "url": url})
                continue
            line, address = self.place(window)
            strip = {"driver": "strip", "bus": f"bus-{line}", "address": address}
            entries.append(display | strip)
        return entries

    def _strip_of(self, line: int) -> Callable[[int, float], None]:
        return lambda address, at: self.on_display(line * self.a_line + address, at)

    def _card_of(self, window: int) -> Callable[[float], None]:
        return lambda at: self.on_display(window, at)


def services_of(window: int) -> list[str]:
    """What a window serves: two of the ten services; 40 windows share each."""
    return [f"s{window % SERVICES}", f"s{(window + 1) % SERVICES}"]


def hall_file(wires: Wires, **more: Any) -> dict[str, Any]:
    """The hall file; every window but the last is in one area."""
    windows = range(1, wires.windows)
    last = wires.windows
    return {
        "hall": {"id": "bench", "timezone": "Asia/Shanghai", "simulated": True},
        "mqtt": {"url": "embedded", "port": 0},
        "web": {"port": 0},
        "services": [
            *(
                {"id": f"s{n}", "prefix": chr(ord("A") + n), "name": f"测试业务{n}"}
                for n in range(SERVICES)
            ),
            {"id": CORNER_SERVICE, "prefix": "Z", "name": "测试咨询"},
        ],
        "areas": [{"id": HALL, "name": "大厅"}, {"id": CORNER, "name": "一角"}],
        "counters": [
            *(
                {"id": f"w{n}", "number": n, "services": services_of(n), "area": HALL}
                for n in windows
            ),
            {
                "id": f"w{last}",
                "number": last,
                "services": [CORNER_SERVICE],
                "area": CORNER,
            },
        ],
        "devices": wires.devices(),
        **more,
    }
