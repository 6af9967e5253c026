"""What a text display shall show now: a test, the desired text, or the idle text."""

from __future__ import annotations

import asyncio
import math
from datetime import datetime

from devices.commands import Desired
from devices.errors import CommandRejectedError, DeviceError
from drivers.driver import DriverContext


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
    """The text that a screen shall show; `now_s` is monotonic.

    Before a first desired text nothing is wished for `idle_after_s`, so that
    what the device still shows is not replaced by the idle text in between.
    """

    def __init__(
        self, context: DriverContext, *, idle: str, idle_after_s: float
    ) -> None:
        self._context = context
        self._idle = idle
        self._idle_after_s = idle_after_s
        self._since_s = 0.0
        self._test: ScreenTest | None = None

    def begin(self, now_s: float) -> None:
        """A connection begins."""
        self._since_s = now_s

    def text(self, now_s: float) -> str | None:
        """The text; None when there is no wish yet."""
        if self._test is not None:
            if self._test.left_s(now_s) > 0:
                return self._test.text
            self._test = None
        desired = self._context.desired
        if desired is None:
            return None if self._patience_s(now_s) > 0 else self._idle
        return text_at(desired, self._context.now(), self._idle)

    def changes_in_s(self, now_s: float) -> float:
        """Seconds until the text changes by itself; infinite when it does not."""
        test_s = self._test.left_s(now_s) if self._test else math.inf
        desired = self._context.desired
        if desired is None:
            return min(test_s, self._patience_s(now_s) or math.inf)
        return min(test_s, expires_in_s(desired, self._context.now()) or math.inf)

    def test(self, test: ScreenTest) -> None:
        """Show a test before everything else; an older one is over."""
        self.end_test(CommandRejectedError("replaced", "another test came"))
        self._test = test

    def shown(self, text: str, now_s: float) -> None:
        """The screen shows `text`."""
        if self._test is not None and self._test.text == text:
            self._test.begin(now_s)

    def is_test(self, text: str) -> bool:
        """Whether `text` is the test's."""
        return self._test is not None and self._test.text == text

    def end_test(self, error: DeviceError) -> None:
        """No test any more; whoever waits for one gets `error`."""
        if self._test is not None:
            self._test.reject(error)
            self._test = None

    def _patience_s(self, now_s: float) -> float:
        return max(self._since_s + self._idle_after_s - now_s, 0.0)


def text_at(desired: Desired, now: datetime, idle: str) -> str:
    """What a display shows at `now`: the text, or when it is over the idle text."""
    text = desired.content.get("text")
    if isinstance(text, str) and expires_in_s(desired, now) > 0:
        return text
    return desired.idle or idle


def expires_in_s(desired: Desired, now: datetime) -> float:
    """Seconds until the text is over, 0 from then on; infinite without an end."""
    if desired.valid_until is None:
        return math.inf
    return max((desired.valid_until - now).total_seconds(), 0.0)
