"""Uploads to a simulated clock: PREPARE, DATA, then what to do with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from devices.zk.packets import Code, Packet
from devices.zk.templates import FingerTemplate, decode_upload, decode_write_request
from simulators.zk.client import Client
from simulators.zk.memory import ClockMemory

UPLOADS = frozenset(
    {
        Code.PREPARE,
        Code.DATA,
        Code.FREE,
        Code.UPLOAD_CHECKSUM,
        Code.TEMPLATE_WRITE,
        Code.TEMPLATES_WRITE,
    }
)
MOST_BYTES = 1024 * 1024
"""A clock has little room."""

ENROLLED, USER_ADDED, USER_CHANGED = 6, 30, 36
"""Operations."""


@dataclass(slots=True)
class Uploads:
    """Takes uploads; what does not fit is refused and changes nothing."""

    memory: ClockMemory

    def take(self, client: Client, packet: Packet, now: datetime) -> tuple[bool, bytes]:
        """Whether it worked, and the answer's data; raises `ProtocolError`."""
        match packet.code:
            case Code.PREPARE:
                size = int.from_bytes(packet.data[:4], "little")
                client.free()
                client.upload_size = size
                return 0 < size <= MOST_BYTES, b""
            case Code.DATA:
                return _append(client, packet), b""
            case Code.UPLOAD_CHECKSUM:
                # How clocks count is not known; clients take any number.
                return True, (sum(client.upload) & 0xFFFFFFFF).to_bytes(4, "little")
            case Code.TEMPLATE_WRITE:
                one = decode_write_request(packet.data, bytes(client.upload))
                return self._enroll(one, now), b""
            case Code.TEMPLATES_WRITE:
                return self._write(client, now), b""
            case _:
                client.free()
                return True, b""

    def _write(self, client: Client, now: datetime) -> bool:
        """Store people and fingers; stops at the first that is refused."""
        if len(client.upload) != client.upload_size:
            return False
        people = self.memory.people
        uploads = decode_upload(bytes(client.upload), people.layout)
        for upload in uploads:
            known = upload.user.uid in people.users
            if not people.write(upload.user):
                return False
            number = USER_CHANGED if known else USER_ADDED
            self.memory.operate(number, now, upload.user.uid)
            if not all(self._enroll(finger, now) for finger in upload.fingers):
                return False
        return bool(uploads)

    def _enroll(self, template: FingerTemplate, now: datetime) -> bool:
        enrolled = self.memory.people.enroll(template)
        if enrolled:
            size = len(template.data)
            self.memory.operate(ENROLLED, now, template.uid, 0, template.finger, size)
        return enrolled


def _append(client: Client, packet: Packet) -> bool:
    if packet.number == client.upload_number:
        return True
    if len(client.upload) + len(packet.data) > client.upload_size:
        return False
    client.upload_number = packet.number
    client.upload += packet.data
    return True
