"""How a simulated clock answers each command."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from devices.errors import ProtocolError
from devices.zk.packets import Code, Packet, proves_key
from devices.zk.punch import user_id_of_field
from devices.zk.templates import ALL_FINGERS, decode_place
from devices.zk.values import (
    decode_option,
    decode_text,
    encode_option,
    encode_time,
    read_time,
)
from simulators.zk.bulk import BULK, BulkReads
from simulators.zk.client import Client, Reply
from simulators.zk.enrolling import Enrolling
from simulators.zk.memory import ClockMemory
from simulators.zk.uploads import UPLOADS, USER_ADDED, USER_CHANGED, Uploads

POWER_ON, POWER_OFF, SETTINGS_CHANGED = 0, 1, 5
USER_DELETED, TEMPLATE_DELETED, DATA_CLEARED = 9, 10, 13
TIME_SET, LOG_CLEARED, ADMINS_CLEARED = 21, 23, 24
"""Operations."""

_DONE: Final = frozenset(
    {
        Code.AUTH,
        Code.REFRESH_DATA,
        Code.REFRESH_OPTIONS,
        Code.TEST_VOICE,
        Code.UNLOCK,
        Code.VERIFY,
        Code.STATE,
        # pyzk sends them as commands after an unknown option, one reply each.
        Code.ERROR,
        Code.UNKNOWN,
    }
)
"""Commands that a clock without door and speaker just acknowledges."""

_QUERIES: Final = frozenset(
    {Code.VERSION, Code.PIN_WIDTH, Code.SIZES, Code.GET_TIME, Code.OPTION_READ}
)


@dataclass(slots=True)
class Answers:
    """Answers commands out of a clock's memory."""

    memory: ClockMemory
    key: int = 0
    small_bytes: int = 1000
    enrolling: Enrolling = field(init=False)
    _bulk: BulkReads = field(init=False)
    _uploads: Uploads = field(init=False)

    def __post_init__(self) -> None:
        self.enrolling = Enrolling(self.memory)
        self._bulk = BulkReads(self.memory, self.small_bytes)
        self._uploads = Uploads(self.memory)

    def answer(self, client: Client, packet: Packet, now: datetime) -> list[Reply]:
        """The replies to one packet; an acknowledgement is not answered."""
        if packet.code == Code.OK:
            return []
        number = packet.number
        if packet.code == Code.AUTH and client.session:
            client.authorized = client.authorized or proves_key(
                packet.data, self.key, client.session
            )
        if not client.authorized:
            return [Reply(number, Code.UNAUTHORIZED)]
        try:
            return self._answer(client, packet, now)
        except ProtocolError:
            return [Reply(number, Code.ERROR)]

    def _answer(self, client: Client, packet: Packet, now: datetime) -> list[Reply]:
        if packet.code in BULK:
            return self._bulk.answer(client, packet)
        if packet.code in UPLOADS:
            worked, data = self._uploads.take(client, packet, now)
            return [Reply(packet.number, Code.OK if worked else Code.ERROR, data)]
        if packet.code in _QUERIES:
            answer = self._look_up(packet, now)
            code = Code.ERROR if answer is None else Code.OK
            return [Reply(packet.number, code, answer or b"")]
        done = Reply(packet.number, Code.OK, session=client.session)
        if packet.code == Code.EXIT:
            client.forget()
        elif packet.code == Code.REGISTER:
            client.mask = int.from_bytes(packet.data[:4], "little")
        elif packet.code == Code.ENROLL:
            if not self.enrolling.start(client, packet.data):
                return [Reply(packet.number, Code.ERROR)]
        elif packet.code == Code.CANCEL_CAPTURE:
            self.enrolling.cancel()
        elif packet.code not in _DONE:
            return [Reply(packet.number, self._change(packet, now))]
        return [done]

    def _look_up(self, packet: Packet, now: datetime) -> bytes | None:
        """What the clock is asked for; None when it does not know."""
        memory = self.memory
        match packet.code:
            case Code.VERSION:
                return memory.firmware.encode() + b"\0"
            case Code.PIN_WIDTH:
                return b"\x09"
            case Code.SIZES:
                return memory.sizes.encode()
            case Code.GET_TIME:
                return encode_time(memory.time(now)).to_bytes(4, "little")
            case _:
                name = decode_text(packet.data)
                value = memory.options.get(name)
                return None if value is None else encode_option(name, value)

    def _change(self, packet: Packet, now: datetime) -> Code:
        """Commands that change what the clock keeps."""
        memory, worked = self.memory, True
        match packet.code:
            case Code.SET_TIME:
                time = read_time(packet.data)
                worked = time is not None
                if time is not None:
                    memory.set_time(time, now)
                    memory.operate(TIME_SET, now)
            case Code.OPTION_WRITE:
                memory.options.update([decode_option(packet.data)])
                memory.operate(SETTINGS_CHANGED, now)
            case Code.ENABLE | Code.DISABLE:
                memory.enabled = packet.code == Code.ENABLE
            case Code.POWER_OFF:
                memory.operate(POWER_OFF, now)
            case Code.CLEAR_LOG | Code.CLEAR_DATA | Code.OPERATIONS_CLEAR:
                self._clear(packet, now)
            case _:
                return self._change_people(packet, now)
        return Code.OK if worked else Code.ERROR

    def _clear(self, packet: Packet, now: datetime) -> None:
        """Clear a log; CLEAR_DATA clears all, or the table it names."""
        memory = self.memory
        match packet.code, packet.data[:1]:
            case (Code.CLEAR_LOG, _) | (Code.CLEAR_DATA, b"\x01"):
                memory.clear_log()
                memory.operate(LOG_CLEARED, now)
                return
            case (Code.OPERATIONS_CLEAR, _) | (Code.CLEAR_DATA, b"\x04"):
                memory.operations.clear()
                return
            case _, b"\x02":
                memory.people.templates.clear()
            case _, b"\x05":
                memory.people.clear()
            case _:
                memory.clear(users=True)
        memory.operate(DATA_CLEARED, now)

    def _change_people(self, packet: Packet, now: datetime) -> Code:
        memory, people, data = self.memory, self.memory.people, packet.data
        worked = False
        match packet.code:
            case Code.USER_WRITE:
                known = set(people.users)
                user = people.write_row(data)
                if user is not None:
                    number = USER_CHANGED if user.uid in known else USER_ADDED
                    memory.operate(number, now, user.uid)
                    worked = True
            case Code.USER_DELETE:
                uid, _ = decode_place(data)
                worked = people.delete(uid)
                if worked:
                    memory.operate(USER_DELETED, now, uid)
            case Code.TEMPLATE_DELETE:
                worked = self._delete_finger(*decode_place(data), now)
            case Code.TEMPLATE_DELETE_BY_ID:
                uid = people.uid_of(user_id_of_field(data[:24]) or "")
                finger = data[24] if len(data) > 24 else ALL_FINGERS
                which = None if finger == ALL_FINGERS else finger
                worked = self._delete_finger(uid, which, now)
            case Code.ADMINS_CLEAR:
                people.clear_admins()
                memory.operate(ADMINS_CLEARED, now)
                worked = True
            case _:
                return Code.UNKNOWN
        return Code.OK if worked else Code.ERROR

    def _delete_finger(self, uid: int, finger: int | None, now: datetime) -> bool:
        worked = self.memory.people.delete_fingers(uid, finger)
        if worked:
            self.memory.operate(TEMPLATE_DELETED, now, uid, 0, finger or 0)
        return worked
