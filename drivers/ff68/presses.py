"""Which frames are one press: resends, bouncing keys, and restarts.

A caller sends its frame until it is acknowledged, and a frame carries no number.
So equal frames of one device are one press

- within `debounce_ms` of each other (each one heard starts the time anew);
- while the first is not acknowledged: a device that got no answer repeats itself;
- when they crossed the acknowledgement on the wire;
- after the line was opened again, by a restart or an outage, when the frame is the
  first that is heard of the device, equals its last one, and that one was heard
  less than `RESEND_WINDOW_S` ago and never settled; less than `OUTAGE_S` ago when
  the device is heard as soon as it can be, within `REOPENED_S`. A press settles
  when it was acknowledged and stayed silent for `SETTLE_S`: then the device
  has its answer, and the same frame again is somebody pressing again.

The last frame of each device is kept in the transaction of its event, so this
holds over kill -9 too. A caller and its evaluator are two devices, also where
they share an address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from devices.ff68.frames import Frame, is_rating

RESEND_WINDOW_S: Final = 10.0
"""A device that was cut off still asks for its answer; covers a slow restart."""
REOPENED_S: Final = 5.0
"""Who has been asking all the time is heard so soon, on a crowded line too."""
OUTAGE_S: Final = 120.0
"""A device may ask for so long: covers a reboot, and restarts that are held back."""
SETTLE_S: Final = 1.5
"""Five resends of a caller (300 ms apart) would have been heard in it."""
SETTLE_EVERY_S: Final = 0.5
"""Settled presses are noted together."""
CROSSING_S: Final = 0.05
"""A frame on its way when the acknowledgement was sent."""

Device = tuple[int, bool]
"""An address on the wire, and whether it is the evaluator there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A frame of a device: when it came, on the monotonic and the hall's clock."""

    frame: Frame
    at_s: float
    time: datetime

    @property
    def device(self) -> Device:
        """Which device sent it."""
        return self.frame.address, is_rating(self.frame)


@dataclass(slots=True, kw_only=True)
class _Press:
    frame: Frame
    time: datetime
    heard_s: float
    acknowledged_s: float | None = None
    settled: bool = False
    revived: bool = False
    """Known from before the line was opened, and nothing heard since."""


class PressBook:
    """The last press of every device of a line.

    `recall` gives what was remembered over restarts; what `memory` and `settle`
    give is to be remembered.
    """

    def __init__(self, debounce_s: float, recall: Callable[[str], Any]) -> None:
        self._debounce_s = debounce_s
        self._recall = recall
        self._presses: dict[Device, _Press | None] = {}
        self._settling: dict[Device, float] = {}
        self._settled_s = float("-inf")
        self._opened_s = float("-inf")

    def line_opened(self, at_s: float) -> None:
        """Expect resends of what may not have got its answer."""
        self._opened_s = at_s
        self._settling.clear()  # the silence of a broken line settles nothing
        for press in self._presses.values():
            if press is not None:
                press.revived = press.revived or not press.settled

    def is_new(self, heard: Heard) -> bool:
        """Whether a frame is a press of its own; it is the last one from now on."""
        press = self._press(heard.device)
        if press is not None and self._is_same(press, heard):
            press.heard_s = heard.at_s
            press.revived = False
            self._expect_to_settle(heard.device, press, heard.at_s)
            return False
        press = _Press(frame=heard.frame, time=heard.time, heard_s=heard.at_s)
        self._presses[heard.device] = press
        self._expect_to_settle(heard.device, press, heard.at_s)
        return True

    def acknowledged(self, heard: Heard, at_s: float) -> None:
        """Note that the answer to a frame was written."""
        press = self._presses.get(heard.device)
        if press is not None and press.frame == heard.frame:
            press.acknowledged_s = at_s
            self._expect_to_settle(heard.device, press, at_s)

    def memory(self, devices: Iterable[Device]) -> dict[str, Any]:
        """What to remember of these devices' last presses."""
        found = ((device, self._presses.get(device)) for device in devices)
        return {_name(device): _kept(press) for device, press in found if press}

    def failed(self, devices: Iterable[Device]) -> None:
        """Their presses were not journalled: the next frame is a new one."""
        for device in devices:
            self._presses[device] = None
            self._settling.pop(device, None)

    def forget(self, devices: Iterable[Device]) -> None:
        """Nobody knows whether they were journalled: go by what is remembered."""
        for device in devices:
            self._presses.pop(device, None)
            self._settling.pop(device, None)

    @property
    def settles_at_s(self) -> float | None:
        """When `settle` has something to give."""
        if not self._settling:
            return None
        first_s = min(self._settling.values())
        return max(first_s, self._settled_s + SETTLE_EVERY_S)

    def settle(self, now_s: float) -> Mapping[str, Any]:
        """What to remember of presses whose device has its answer for sure.

        One that was not answered in time (a slow disk) waits once more.
        """
        due = [device for device, at_s in self._settling.items() if at_s <= now_s]
        for device in due:
            del self._settling[device]
            press = self._presses.get(device)
            if press is None:
                continue
            press.settled = press.acknowledged_s is not None
            self._expect_to_settle(device, press, now_s)
        if due:
            self._settled_s = now_s
        return {
            name: kept for name, kept in self.memory(due).items() if kept["settled"]
        }

    def _expect_to_settle(self, device: Device, press: _Press, at_s: float) -> None:
        if not press.settled:
            self._settling[device] = at_s + SETTLE_S

    def _is_same(self, press: _Press, heard: Heard) -> bool:
        if press.frame != heard.frame:
            return False
        if press.revived:
            asks_on = 0 <= heard.at_s - self._opened_s <= REOPENED_S
            window_s = OUTAGE_S if asks_on else RESEND_WINDOW_S
            if press.settled:
                window_s = self._debounce_s
            window = timedelta(seconds=max(window_s, self._debounce_s))
            return abs(heard.time - press.time) <= window
        silent_s = heard.at_s - press.heard_s
        if press.acknowledged_s is None:
            return silent_s <= max(RESEND_WINDOW_S, self._debounce_s)
        return (
            silent_s <= self._debounce_s
            or heard.at_s <= press.acknowledged_s + CROSSING_S
        )

    def _press(self, device: Device) -> _Press | None:
        if device not in self._presses:
            self._presses[device] = _revive(device, self._recall(_name(device)))
        return self._presses[device]


def _name(device: Device) -> str:
    address, is_evaluator = device
    return f"{'rating' if is_evaluator else 'key'}-{address}"


def _kept(press: _Press) -> dict[str, Any]:
    return {
        "frame": [press.frame.function, press.frame.data.hex()],
        "time": press.time.isoformat(),
        "settled": press.settled,
    }


def _revive(device: Device, kept: Any) -> _Press | None:
    """A press as it was remembered; None when there is none to be read."""
    try:
        function, data = kept["frame"]
        time = datetime.fromisoformat(kept["time"])
        frame = Frame(device[0], int(function), bytes.fromhex(data))
        settled = bool(kept["settled"])
    except (TypeError, KeyError, ValueError):
        return None
    if time.tzinfo is None:
        return None
    return _Press(
        frame=frame, time=time, heard_s=float("-inf"), settled=settled, revived=True
    )
