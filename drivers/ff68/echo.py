"""Our own frames that a line with local echo gives back.

An RS-485 adapter may hear what it sends. The host's answer to a caller is the
caller's own frame, so its echo looks like one more press; answering that would
go on for ever (delivery: identity of an event, `echo: auto|on|off`).
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from devices.ff68.frames import Message

PROMPT_S: Final = 0.06
"""An echo takes wire time and latency; a caller waits longer to send again."""
MISSED_S: Final = 0.25
"""What did not come back by then did not come back."""
LATE_S: Final = 2.0
"""On a line known to echo, a busy host may read its echo so late."""
OWN_S: Final = 5.0
"""Frames that no device sends are known for our own so long, on any line."""
BELIEVE_AFTER: Final = 2
"""Prompt returns of frames that a caller sends too, until echo is believed."""
BOUNCES_UNKNOWN: Final = 3
BOUNCES_DENIED: Final = 8
"""Returns in a row that prove an echo, whatever their timing: it never ends."""
DOUBT_AFTER: Final = 3
"""Frames in a row that did not come back, until echo is no longer believed."""
MOST_PENDING: Final = 256
MOST_OWN: Final = 1024


class EchoMode(StrEnum):
    """Whether the line gives back what is sent."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class _Sent:
    message: Message
    at_s: float
    own: bool


class EchoFilter:
    """Tells our own frames from those of devices. Times are monotonic seconds.

    `auto` learns: an echoing line gives back everything, at once and first. A
    show or beep frame that returns proves an echo, a frame that does not return
    proves that there is none. Only until the line has given either proof, a
    caller's frame that returns is judged by how promptly it does so; and a
    caller whose resend was taken for an echo just sends again.
    """

    def __init__(self, mode: EchoMode) -> None:
        self._mode = mode
        self._sent: deque[_Sent] = deque()
        self._pending: Counter[Message] = Counter()
        self._own: dict[Message, float] = {}
        self._returns = 0
        self._misses = 0
        self.believed: bool | None = None
        """Whether the line echoes; None while it is not known."""
        self.line_opened()

    def line_opened(self) -> None:
        """Begin anew: another line may be behind the same name."""
        self._sent.clear()
        self._pending.clear()
        self._own.clear()
        self._returns = self._misses = 0
        self.believed = {EchoMode.ON: True, EchoMode.OFF: False}.get(self._mode)

    def sent(self, message: Message, at_s: float, *, own: bool) -> None:
        """Note a frame as it is written; `own` ones are never sent by a device."""
        if self._mode is EchoMode.OFF:
            return
        self._expire(at_s)
        if len(self._sent) >= MOST_PENDING:
            self._drop_first()
        self._sent.append(_Sent(message, at_s, own))
        self._pending[message] += 1
        if own:
            if len(self._own) >= MOST_OWN:
                self._own = {m: s for m, s in self._own.items() if at_s - s <= OWN_S}
            self._own[message] = at_s

    def is_echo(self, message: Message, at_s: float) -> bool:
        """Whether a frame that came is our own; it is dropped then."""
        if self._mode is EchoMode.OFF:
            return False
        self._expire(at_s)
        if message not in self._pending:
            sent_s = self._own.get(message)
            own = sent_s is not None and at_s - sent_s <= OWN_S
            if own:
                self._believe()
            return own
        place, sent = next(
            (place, sent)
            for place, sent in enumerate(self._sent)
            if sent.message == message
        )
        if place and not self.believed and not sent.own:
            # An echo comes in the order of sending: this is a caller's.
            return False
        for _ in range(place + 1):
            self._drop_first()
        age_s = at_s - sent.at_s
        if self.believed or sent.own or self._proves(age_s):
            self._believe()
            return True
        return self.believed is None and age_s <= PROMPT_S

    def _proves(self, age_s: float) -> bool:
        """Whether one more return of a caller's frame makes it an echo."""
        self._returns += 1
        if self.believed is None:
            prompt = age_s <= PROMPT_S
            return self._returns >= (BELIEVE_AFTER if prompt else BOUNCES_UNKNOWN)
        return self._returns >= BOUNCES_DENIED

    def _believe(self) -> None:
        self.believed = True
        self._returns = self._misses = 0

    def _expire(self, now_s: float) -> None:
        patience_s = LATE_S if self.believed else MISSED_S
        while self._sent and now_s - self._sent[0].at_s > patience_s:
            self._drop_first()
            self._returns = 0
            self._misses += 1
            if self._mode is EchoMode.AUTO and (
                not self.believed or self._misses >= DOUBT_AFTER
            ):
                self.believed = False

    def _drop_first(self) -> None:
        message = self._sent.popleft().message
        self._pending[message] -= 1
        if not self._pending[message]:
            del self._pending[message]
