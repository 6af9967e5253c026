"""Enrolling a finger at a simulated clock: three presses, told to the client.

Source: a public protocol description (real-time events of the enrolment) and
pyzk 0.9, which follows them.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from devices.zk.packets import Code, EventMask
from devices.zk.punch import user_id_of_field
from simulators.zk.client import Client, Reply
from simulators.zk.memory import ClockMemory
from simulators.zk.people import specimen_template
from simulators.zk.uploads import ENROLLED

PRESSES: Final = 3
GOOD_SCORE: Final = 100
DONE: Final = 0
FAILED: Final = 4
FINGERS: Final = 10

_BY_TEXT: Final = struct.Struct("<24sB")
_BY_NUMBER: Final = struct.Struct("<IB")
_BY_SLOT: Final = struct.Struct("<HB")


@dataclass(slots=True)
class Enrolling:
    """One enrolment at a time, for the client that started it."""

    memory: ClockMemory
    client: Client | None = None
    uid: int = 0
    finger: int = 0
    pressed: int = 0

    def start(self, client: Client, data: bytes) -> bool:
        """Begin; false for nobody's finger, one that is there or while busy."""
        uid, finger = self._whose(data)
        taken = (uid, finger) in self.memory.people.templates
        if self.client is not None or not uid or finger >= FINGERS or taken:
            return False
        self.client, self.uid, self.finger, self.pressed = client, uid, finger, 0
        return True

    def cancel(self) -> None:
        """End without a finger."""
        self.client = None

    def press(self, now: datetime, *, good: bool) -> list[Reply]:
        """A finger is laid on: events for the client that waits."""
        score = GOOD_SCORE if good else 0
        events = [
            _event(EventMask.FINGER),
            _event(EventMask.SCORE, score.to_bytes(2, "little")),
        ]
        if not good:
            self.cancel()
            failed = FAILED.to_bytes(2, "little")
            return [*events, _event(EventMask.ENROLL_FINGER, failed)]
        self.pressed += 1
        if self.pressed < PRESSES:
            return events
        return [*events, self._finish(now)]

    def _finish(self, now: datetime) -> Reply:
        memory = self.memory
        template = specimen_template(memory.serial, self.uid, self.finger)
        size, user = len(template.data), memory.users.get(self.uid)
        self.cancel()
        if user is None or not memory.people.enroll(template):
            return _event(EventMask.ENROLL_FINGER, FAILED.to_bytes(2, "little"))
        memory.operate(ENROLLED, now, user.uid, 0, template.finger, size)
        field = user.user_id.encode("ascii")[:9].ljust(9, b"\0")
        data = struct.pack("<HH9sB", DONE, size, field, template.finger)
        return _event(EventMask.ENROLL_FINGER, data)

    def _whose(self, data: bytes) -> tuple[int, int]:
        """(uid, finger) of a request by text, number or slot; uid 0: nobody."""
        if len(data) >= _BY_TEXT.size:
            field, finger = _BY_TEXT.unpack_from(data)
            return self.memory.people.uid_of(user_id_of_field(field) or ""), finger
        if len(data) == _BY_NUMBER.size:
            number, finger = _BY_NUMBER.unpack(data)
            return self.memory.people.uid_of(str(number)), finger
        if len(data) == _BY_SLOT.size:
            uid, finger = _BY_SLOT.unpack(data)
            return (uid if uid in self.memory.users else 0), finger
        return 0, 0


def _event(event: EventMask, data: bytes = b"") -> Reply:
    return Reply(0, Code.REGISTER, data, session=event, spaced=True)
