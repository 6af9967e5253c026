"""What a text display shall show now: a test, what is desired, or the idle text."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from dataclasses import replace
from datetime import datetime
from typing import Final

from devices.commands import Desired
from devices.displays import Colour
from devices.errors import CommandRejectedError, DeviceError
from drivers.displays.look import Look, read_look
from drivers.driver import DriverContext

FLASHED: Final = 64
FLASH_S: Final = 3.0
"""How long a new call flashes before it stands still (window strips in the field)."""


class ScreenTest:
    """A test text: waits for the screen, stays its time, then is over."""

    def __init__(self, text: str, seconds: float) -> None:
        self.text = text
        self._seconds = seconds
        self._ends_s = math.inf
        self._shown: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def shown(self) -> None:
        """Wait until it is on the screen; raises what it was rejected with."""
        await self._shown

    def left_s(self, now_s: float) -> float:
        """Seconds until it goes; infinite before it is on the screen."""
        return max(self._ends_s - now_s, 0.0)

    def begin(self, now_s: float) -> None:
        """It is on the screen now."""
        if not math.isfinite(self._ends_s):
            self._ends_s = now_s + self._seconds
        if not self._shown.done():
            self._shown.set_result(None)

    def reject(self, error: DeviceError) -> None:
        """It will not be shown."""
        if not self._shown.done():
            self._shown.set_exception(error)


class Wish:
    """The look that a screen shall have; `now_s` is monotonic.

    Before a first desired text nothing is wished for `idle_after_s`, so that
    what the device still shows is not replaced by the idle text in between.
    With `can_flash` a call that `desired` wants blinking flashes `FLASH_S` from
    when it is seen, once.
    """

    def __init__(
        self,
        context: DriverContext,
        *,
        idle: str,
        idle_after_s: float,
        color: Colour | None = None,
        can_flash: bool = False,
    ) -> None:
        self._context = context
        self._idle = idle
        self._idle_after_s = idle_after_s
        self._color = color
        self._can_flash = can_flash
        self._since_s = 0.0
        self._test: ScreenTest | None = None
        self._flash: tuple[str, str] | None = None
        """Call and text that flash or flashed last."""
        self._flashed: deque[str] = deque(maxlen=FLASHED)
        """Calls that flashed: one that is seen again stands still."""
        self._flash_ends_s = -math.inf

    def begin(self, now_s: float) -> None:
        """A connection begins."""
        self._since_s = now_s

    def look(self, now_s: float) -> Look | None:
        """The look; None when there is no wish yet."""
        if self._test is not None:
            if self._test.left_s(now_s) > 0:
                return Look(text=self._test.text, color=self._color)
            self._test = None
        desired = self._context.desired
        if desired is None:
            if self._patience_s(now_s) > 0:
                return None
            return Look(text=self._idle, color=self._color)
        look = look_at(desired, self._context.now(), self._idle)
        if look.color is None:
            look = replace(look, color=self._color)
        return replace(look, flashes=self._flashes(desired, look, now_s))

    def text(self, now_s: float) -> str | None:
        """The text of the look."""
        look = self.look(now_s)
        return None if look is None else look.text

    def changes_in_s(self, now_s: float) -> float:
        """Seconds until the look changes by itself; infinite when it does not."""
        own_s = self._test.left_s(now_s) if self._test else math.inf
        if self._flash_ends_s > now_s:
            own_s = min(own_s, self._flash_ends_s - now_s)
        desired = self._context.desired
        if desired is None:
            return min(own_s, self._patience_s(now_s) or math.inf)
        return min(own_s, expires_in_s(desired, self._context.now()) or math.inf)

    def test(self, test: ScreenTest) -> None:
        """Show a test before everything else; an older one is over."""
        self.end_test(CommandRejectedError("replaced", "another test came"))
        self._test = test

    def shown(self, text: str, now_s: float) -> None:
        """The screen shows `text`."""
        if self._test is not None and self._test.text == text:
            self._test.begin(now_s)
        elif (
            self._flash is not None
            and self._flash[1] == text
            and self._flash_ends_s == math.inf
        ):
            self._flash_ends_s = now_s + FLASH_S

    def is_test(self, text: str) -> bool:
        """Whether `text` is the test's."""
        return self._test is not None and self._test.text == text

    def end_test(self, error: DeviceError) -> None:
        """No test any more; whoever waits for one gets `error`."""
        if self._test is not None:
            self._test.reject(error)
            self._test = None

    def _flashes(self, desired: Desired, look: Look, now_s: float) -> bool:
        if not self._can_flash or desired.content.get("blink") is not True:
            return False
        if desired.content.get("text") != look.text:
            return False  # the idle text of a content that is over
        flash = (str(desired.content.get("call", look.text)), look.text)
        if flash != self._flash:
            self._flash = flash
            self._flash_ends_s = -math.inf if flash[0] in self._flashed else math.inf
            self._flashed.append(flash[0])
        return now_s < self._flash_ends_s

    def _patience_s(self, now_s: float) -> float:
        return max(self._since_s + self._idle_after_s - now_s, 0.0)


def look_at(desired: Desired, now: datetime, idle: str) -> Look:
    """What a display shows at `now`: the content, or when it is over the idle text."""
    look = read_look(desired.content)
    if look is not None and expires_in_s(desired, now) > 0:
        return look
    return Look(text=desired.idle or idle)


def expires_in_s(desired: Desired, now: datetime) -> float:
    """Seconds until the content is over, 0 from then on; infinite without an end."""
    if desired.valid_until is None:
        return math.inf
    return max((desired.valid_until - now).total_seconds(), 0.0)
