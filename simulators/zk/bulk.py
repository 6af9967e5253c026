"""Bulk reads of a simulated clock: tables at once, in chunks, or directly."""

from __future__ import annotations

from dataclasses import dataclass

from devices.zk.packets import UDP_CHUNK, UDP_DATA, Code, Packet
from devices.zk.templates import decode_place, encode_one
from devices.zk.values import (
    decode_buffer_request,
    decode_chunk_request,
    encode_prepared,
)
from simulators.zk.client import Client, Reply
from simulators.zk.memory import ClockMemory

BULK = frozenset(
    {
        Code.BUFFER_PREPARE,
        Code.BUFFER_READ,
        Code.LOG_READ,
        Code.USERS_READ,
        Code.TEMPLATE_READ,
        Code.TEMPLATE_ONE,
        Code.OPERATIONS_READ,
    }
)
_PLACE_SIZE = 3
_BREATH = UDP_CHUNK // UDP_DATA
"""Datagrams of one answer before a pause."""


@dataclass(slots=True)
class BulkReads:
    """Answers what asks for tables."""

    memory: ClockMemory
    small_bytes: int = 1000

    def answer(self, client: Client, packet: Packet) -> list[Reply]:
        """The replies; raises `ProtocolError` for a request that is none."""
        data = packet.data
        match packet.code:
            case Code.BUFFER_PREPARE:
                return self._prepare(client, packet)
            case Code.TEMPLATE_ONE:
                return self._one(client, packet)
            case Code.USERS_READ if len(data) == _PLACE_SIZE:
                return self._one(client, packet)
            case Code.BUFFER_READ:
                start, size = decode_chunk_request(data)
                found: bytes | None = client.buffer[start : start + size]
                if len(found or b"") != size:
                    found = None
            case _:
                found = self.memory.table(packet.code, data[0] if data else 0)
        if found is None:
            return [Reply(packet.number, Code.ERROR)]
        return self._pieces(client, packet.number, found)

    def _prepare(self, client: Client, packet: Packet) -> list[Reply]:
        table = self.memory.table(*decode_buffer_request(packet.data))
        if table is None:
            return [Reply(packet.number, Code.ERROR)]
        if len(table) <= self.small_bytes:
            return [Reply(packet.number, Code.DATA, table)]
        client.buffer = table
        return [Reply(packet.number, Code.OK, encode_prepared(len(table)))]

    def _one(self, client: Client, packet: Packet) -> list[Reply]:
        uid, finger = decode_place(packet.data)
        template = self.memory.people.templates.get((uid, finger or 0))
        if template is None:
            return [Reply(packet.number, Code.ERROR)]
        data = encode_one(template)
        if len(data) <= self.small_bytes:
            return [Reply(packet.number, Code.DATA, data)]
        return self._pieces(client, packet.number, data)

    def _pieces(self, client: Client, number: int, data: bytes) -> list[Reply]:
        """PREPARE, DATA and OK, all with the request's number."""
        step = UDP_DATA if client.datagrams else max(len(data), 1)
        parts = [data[at : at + step] for at in range(0, len(data), step)]
        size = len(data).to_bytes(4, "little")
        return [
            Reply(number, Code.PREPARE, size + bytes(4)),
            *(
                Reply(
                    number,
                    Code.DATA,
                    part,
                    spaced=True,
                    breath=at > 0 and at % _BREATH == 0,
                )
                for at, part in enumerate(parts)
            ),
            Reply(number, Code.OK, spaced=True),
        ]
