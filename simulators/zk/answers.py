"""How a simulated clock answers each command."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from devices.errors import ProtocolError
from devices.zk.packets import (
    TCP_MAGIC,
    UDP_DATA,
    Code,
    DatagramFramer,
    Packet,
    PacketFramer,
    proves_key,
)
from devices.zk.values import (
    decode_buffer_request,
    decode_chunk_request,
    decode_option,
    decode_text,
    encode_option,
    encode_prepared,
    encode_time,
    read_time,
)
from simulators.zk.memory import ClockMemory

_DONE: Final = frozenset(
    {
        Code.AUTH,
        Code.POWER_OFF,
        Code.REFRESH_DATA,
        Code.REFRESH_OPTIONS,
        Code.TEST_VOICE,
        Code.UNLOCK,
        Code.VERIFY,
        Code.ENROLL,
        Code.CANCEL_CAPTURE,
        Code.STATE,
        Code.TEMPLATE_DELETE,
        Code.FREE,
        # pyzk sends them as commands after an unknown option, one reply each.
        Code.ERROR,
        Code.UNKNOWN,
    }
)
"""Commands that a clock without door and speaker just acknowledges."""

_QUERIES: Final = frozenset(
    {Code.VERSION, Code.PIN_WIDTH, Code.SIZES, Code.GET_TIME, Code.OPTION_READ}
)
_BULK: Final = frozenset(
    {
        Code.BUFFER_PREPARE,
        Code.BUFFER_READ,
        Code.LOG_READ,
        Code.USERS_READ,
        Code.TEMPLATE_READ,
    }
)


@dataclass(slots=True)
class Client:
    """One connection (TCP) or peer (UDP) as the clock knows it."""

    strict: bool
    expects_datagrams: bool = False
    session: int = 0
    authorized: bool = False
    mask: int = 0
    """The real-time events it registered for."""
    buffer: bytes = b""
    """The table laid ready for it."""
    busy_until: datetime | None = None
    _framer: PacketFramer | DatagramFramer | None = None

    @property
    def datagrams(self) -> bool:
        """Whether it speaks UDP."""
        return isinstance(self._framer, DatagramFramer)

    def feed(self, data: bytes) -> list[Packet]:
        """Take bytes; the first ones tell a stream from datagrams."""
        if self._framer is None:
            stream = data.startswith(TCP_MAGIC[: len(data)])
            udp = not stream and (
                self.expects_datagrams or bool(DatagramFramer().feed(data))
            )
            self._framer = (
                DatagramFramer(strict=self.strict)
                if udp
                else PacketFramer(strict=self.strict)
            )
        return self._framer.feed(data)

    def encode(self, packet: Packet) -> bytes:
        """A packet as this client wants it."""
        return packet.encode() if self.datagrams else packet.encode_frame()

    def forget(self) -> None:
        """Lose the session, as at EXIT and in a power cut."""
        self.session, self.authorized, self.mask, self.buffer = 0, False, 0, b""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; `session` None is the client's own."""

    number: int
    code: int
    data: bytes = b""
    session: int | None = None
    spaced: bool = False
    """Whether a gap stands before it (bulk reads)."""

    def packet(self, client: Client) -> Packet:
        """The packet of this answer."""
        session = client.session if self.session is None else self.session
        return Packet(
            code=self.code, session=session, number=self.number, data=self.data
        )


@dataclass(slots=True)
class Answers:
    """Answers commands out of a clock's memory."""

    memory: ClockMemory
    key: int = 0
    small_bytes: int = 1000

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
        if packet.code in _BULK:
            return self._bulk(client, packet)
        if packet.code in _QUERIES:
            answer = self._look_up(packet, now)
            code = Code.ERROR if answer is None else Code.OK
            return [Reply(packet.number, code, answer or b"")]
        done = Reply(packet.number, Code.OK, session=client.session)
        if packet.code == Code.EXIT:
            client.forget()
        elif packet.code == Code.REGISTER:
            client.mask = int.from_bytes(packet.data[:4], "little")
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
                worked = time is not None and memory.set_time(time, now)
            case Code.OPTION_WRITE:
                memory.options.update([decode_option(packet.data)])
            case Code.ENABLE | Code.DISABLE:
                memory.enabled = packet.code == Code.ENABLE
            case Code.CLEAR_LOG | Code.CLEAR_DATA:
                memory.clear(users=packet.code == Code.CLEAR_DATA)
            case Code.USER_WRITE:
                worked = memory.write_user(packet.data)
            case Code.USER_DELETE:
                uid = int.from_bytes(packet.data[:2], "little")
                worked = memory.users.pop(uid, None) is not None
            case Code.TEMPLATE_ONE:
                worked = False
            case _:
                return Code.UNKNOWN
        return Code.OK if worked else Code.ERROR

    def _bulk(self, client: Client, packet: Packet) -> list[Reply]:
        number = packet.number
        match packet.code:
            case Code.BUFFER_PREPARE:
                command, _ = decode_buffer_request(packet.data)
                table = self.memory.table(command)
                if table is None:
                    return [Reply(number, Code.ERROR)]
                if len(table) <= self.small_bytes:
                    return [Reply(number, Code.DATA, table)]
                client.buffer = table
                return [Reply(number, Code.OK, encode_prepared(len(table)))]
            case Code.BUFFER_READ:
                start, size = decode_chunk_request(packet.data)
                chunk = client.buffer[start : start + size]
                if len(chunk) != size:
                    return [Reply(number, Code.ERROR)]
                return self._pieces(client, number, chunk)
            case _:
                table = self.memory.table(packet.code)
                return self._pieces(client, number, table or b"")

    def _pieces(self, client: Client, number: int, data: bytes) -> list[Reply]:
        """PREPARE, DATA and OK, all with the request's number."""
        step = UDP_DATA if client.datagrams else max(len(data), 1)
        parts = [data[at : at + step] for at in range(0, len(data), step)]
        size = len(data).to_bytes(4, "little")
        return [
            Reply(number, Code.PREPARE, size + bytes(4)),
            *(Reply(number, Code.DATA, part, spaced=True) for part in parts),
            Reply(number, Code.OK, spaced=True),
        ]
