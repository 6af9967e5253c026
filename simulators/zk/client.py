"""One client as a simulated clock knows it, and the answers it gets."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from devices.zk.packets import TCP_MAGIC, DatagramFramer, Packet, PacketFramer


@dataclass(slots=True)
class Client:
    """One connection (TCP) or peer (UDP)."""

    strict: bool
    expects_datagrams: bool = False
    session: int = 0
    authorized: bool = False
    mask: int = 0
    """The real-time events it registered for."""
    buffer: bytes = b""
    """The table laid ready for it."""
    upload: bytearray = field(default_factory=bytearray)
    """What it has sent for writing."""
    upload_size: int = 0
    upload_number: int | None = None
    """Number of the last piece: a datagram that is sent again counts once."""
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

    def free(self) -> None:
        """Give up both buffers."""
        self.buffer, self.upload = b"", bytearray()
        self.upload_size, self.upload_number = 0, None

    def forget(self) -> None:
        """Lose the session, as at EXIT and in a power cut."""
        self.session, self.authorized, self.mask = 0, False, 0
        self.free()


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; `session` None is the client's own."""

    number: int
    code: int
    data: bytes = b""
    session: int | None = None
    spaced: bool = False
    """Whether a gap stands before it (bulk reads)."""
    breath: bool = False
    """Whether even a datagram waits: a flood of them would be lost."""

    def packet(self, client: Client) -> Packet:
        """The packet of this answer."""
        session = client.session if self.session is None else self.session
        return Packet(
            code=self.code, session=session, number=self.number, data=self.data
        )
