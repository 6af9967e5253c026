"""One session with a simulated clock, without any network."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from support.clocks import DAY, HALL

from devices.zk.packets import (
    Code,
    DatagramFramer,
    EventMask,
    Packet,
    PacketFramer,
)
from devices.zk.values import Sizes
from simulators.simulator import Output
from simulators.zk.simulator import ZkClock

NOW = DAY.replace(tzinfo=HALL.zone)
LIVE = EventMask.ATTENDANCE.to_bytes(4, "little")


class Wire:
    def __init__(
        self, clock: ZkClock, session: int = 1, *, datagrams: bool = False
    ) -> None:
        self.clock, self.session, self.number = clock, session, 0
        self.id = 0
        self.datagrams = datagrams
        clock.connected(session, NOW)

    def send(self, data: bytes, now: datetime = NOW) -> Sequence[Output]:
        return self.clock.received(self.session, data, now)

    def packet(self, code: int, data: bytes = b"") -> Packet:
        self.number += 1
        return Packet(code=code, session=self.id, number=self.number, data=data)

    def pass_on(self, packet: Packet) -> list[Packet]:
        raw = packet.encode() if self.datagrams else packet.encode_frame()
        return packets(self.send(raw), datagrams=self.datagrams)

    def ask(self, code: int, data: bytes = b"") -> list[Packet]:
        return self.pass_on(self.packet(code, data))

    def says(self, code: int, data: bytes = b"") -> list[int]:
        return codes(self.ask(code, data))

    def connect(self) -> list[Packet]:
        answers = self.ask(Code.CONNECT)
        self.id = answers[0].session
        return answers

    def sizes(self) -> Sizes:
        return Sizes.decode(self.ask(Code.SIZES)[0].data)

    def upload(self, data: bytes, step: int = 1024) -> None:
        """Lay data into the clock's buffer as pyzk does."""
        size = len(data).to_bytes(4, "little")
        assert self.says(Code.FREE) == [Code.OK]
        assert self.says(Code.PREPARE, size) == [Code.OK]
        for at in range(0, len(data), step):
            assert self.says(Code.DATA, data[at : at + step]) == [Code.OK]


def connected(clock: ZkClock, session: int = 1, *, datagrams: bool = False) -> Wire:
    wire = Wire(clock, session, datagrams=datagrams)
    assert codes(wire.connect()) == [Code.OK]
    return wire


def packets(outputs: Sequence[Output], *, datagrams: bool = False) -> list[Packet]:
    framer = DatagramFramer() if datagrams else PacketFramer()
    return [packet for output in outputs for packet in framer.feed(output.data)]


def codes(answers: Sequence[Packet]) -> list[int]:
    return [packet.code for packet in answers]


def act(clock: ZkClock, action: str, **arguments: Any) -> Sequence[Output]:
    model = clock.actions[action]
    return clock.act(action, model.model_validate(arguments), NOW)
